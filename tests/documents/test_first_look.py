"""firmware/README.md, *See it run*: typed, and what is printed there is what a unit wrote, but for its numbers."""

import re
from pathlib import Path

from .playing import Reader
from .reading import ROOT, blocks

DOCUMENT = ROOT / "firmware" / "README.md"


def shape(line: str) -> str:
    """A line of a journal without what differs by the millisecond or by the records before it."""
    return re.sub(r"digest [0-9a-f]{8}|\d[\d.]*", "N", " ".join(line.split()))


def test_the_first_look_at_a_journal_shows_what_the_document_prints(tmp_path: Path) -> None:
    typed, printed = [block for block in blocks(DOCUMENT) if block.kind in ("sh", "text")][:2]
    assert typed.kind == "sh" and "read_journal" in typed.lines[-1] and printed.kind == "text"
    reader = Reader(tmp_path)
    said = [reader.succeed(line) for line in typed.lines][-1]
    told = [shape(line) for line in said.splitlines()]
    wanted = [shape(line) for line in printed.lines]
    assert any(told[i : i + len(wanted)] == wanted for i in range(len(told))), said
