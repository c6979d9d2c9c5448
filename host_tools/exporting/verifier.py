"""What runs in a bundle, in a bare Python: everything in it checked, and judged anew. `run_alone.py` calls it.

Hashes first; then each journal, its chain and its checkpoints' signatures; the keys; what people signed; then clocks
are fitted and the incident is judged anew from the journals, and compared with what the bundle states (`checks.py`).
Exit codes: 0 all of it fits and nothing is found; 1 findings; 2 it is no bundle. Standard library only, as all that it
imports.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ..outcome import Exit, ToolError
from ..verifying.keys import read_public_key
from .checks import Checked, check

_MARKS = {"ok": "ok      ", "finding": "FINDING ", "note": "note    ", "open": "not shown "}


def main(here: str, arguments: Sequence[str]) -> int:
    """`here`: the folder of the bundle, or its file."""
    asked = argparse.ArgumentParser(
        prog="verify.py", description="Check this bundle of evidence: hashes, journals, signatures, clocks, verdicts."
    )
    asked.add_argument(
        "--public-key", metavar="FILE", type=Path, action="append", default=[],
        help="a unit's public key that you had from elsewhere: 60 bytes, or their hex; may be given more than once",
    )  # fmt: skip
    asked.add_argument("--json", action="store_true", help="for programs")
    options = asked.parse_args(list(arguments))
    out = sys.stdout
    try:
        checked = check(Path(here), [read_public_key(path) for path in options.public_key])
    except ToolError as error:
        sys.stderr.write(_printable(f"{error}.\n{error.advice}\n", sys.stderr.encoding))
        return int(error.code)
    if options.json:
        lines = [line._asdict() for line in checked.lines]
        out.write(json.dumps({"reference": checked.reference, "is_sound": checked.is_sound, "lines": lines}) + "\n")
    else:
        out.write(_printable(told(checked), out.encoding))
    return int(checked.code)


def _printable(text: str, encoding: str | None) -> str:
    """Names come from anybody: what steers a terminal, or cannot be shown, is written out."""
    shown = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii") for c in text)
    return shown.encode(encoding or "ascii", "backslashreplace").decode(encoding or "ascii")


def told(checked: Checked) -> str:
    lines = [f"The incident {checked.reference}", ""]
    part = ""
    for line in checked.lines:
        if line.part != part:
            lines += ["", line.part]
            part = line.part
        lines.append(f"  {_MARKS[line.state]} {line.text}")
    lines.append("")
    if checked.is_sound and checked.code is Exit.DONE:
        lines.append(
            "The bundle is what it says it is, and nothing is found. README.txt says what that does not prove."
        )
    elif checked.is_sound:
        lines.append("The bundle is what it says it is. It states the findings above itself: look into them.")
    else:
        lines.append("THE BUNDLE IS NOT WHAT IT SAYS IT IS: see the findings above.")
    return "\n".join(lines) + "\n"
