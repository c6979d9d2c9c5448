"""README.md from an empty folder: what a stranger types, in a copy of the tree without anything that was made.

All but what asks for a second terminal (test_live.py types that), and `make test` and `make check`, within which this
may run. Packages are fetched; without an index in reach this is skipped.
"""

from pathlib import Path

import pytest

from . import fresh, shell
from .reading import ROOT, blocks, spoken

DOCUMENT = ROOT / "README.md"
NOT_TYPED = {"test", "check", "test-deep", "bench"}


@pytest.mark.deep
def test_a_stranger_types_what_readme_says(tmp_path: Path) -> None:
    checkout = fresh.copy(tmp_path / "checkout")
    env = fresh.environment() | {"INTERLOCK_HOME": str(tmp_path / "home")}

    def type_one(line: str) -> str:
        return fresh.run("sh", "-c", line, cwd=checkout, env=env)

    (block,) = [one for one in blocks(DOCUMENT) if one.kind == "sh"]
    assert block.lines[0] == "make demo"
    told = type_one(block.lines[0])
    steps = [line for line in told.splitlines() if line.endswith(" ...")]
    assert [line.split(":")[0] for line in steps] == [
        "Set-up, once, 1 of 2", "  pip says nothing meanwhile", "Playing the first shift"
    ], steps  # fmt: skip
    (shown,) = [one for one in blocks(DOCUMENT) if one.kind == "text" and "verdict" in one.lines[0]]
    printed = {line.rstrip() for line in told.splitlines()}
    stale = [line for line in shown.lines if line.rstrip() not in printed | {" ..."}]
    assert not stale, f"the demo prints other lines now; paste them into README.md instead of {stale}"
    assert (checkout / "build" / "demo" / "report.html").exists()
    typed = [one.text for one in spoken(DOCUMENT) if one.head == "type" and shell.program(shell.words_of(one.text))]
    assert len(typed) >= 5
    for line in typed:
        if "--live" not in line and not set(shell.words_of(line)) & NOT_TYPED:
            type_one(line)
