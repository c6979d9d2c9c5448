"""The example of bleak_bumble/README.md is the file that it names, and prints what is printed there."""

import subprocess
import sys

from tests.documents.reading import ROOT, blocks

DOCUMENT = ROOT / "bleak_bumble" / "README.md"
EXAMPLE = ROOT / "examples" / "bleak_without_radio.py"


def test_the_example_prints_what_it_is_said_to_print() -> None:
    typed, printed, shown = (
        next(block for block in blocks(DOCUMENT) if block.kind == kind) for kind in ("sh", "text", "python")
    )
    assert typed.lines == (f".venv/bin/python {EXAMPLE.relative_to(ROOT).as_posix()}",)
    assert EXAMPLE.read_text(encoding="utf-8").split('"""\n\n', 1)[1].splitlines() == list(shown.lines)
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == list(printed.lines)
