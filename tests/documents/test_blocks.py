"""Every block of every document: its kind is named, its commands are taken by their programs, and done.

Behind the fence stands a word: `sh` is typed by a reader, and by a test; `text` is output, a layout, a form; `toml`,
`json`, `python`, `csv`, `diff` are parsed. A comment above a block says who types it, if this file cannot:

    <!-- played by: tests/... -->   that test; it names the document, and the block where it has a name
    <!-- needs: board -->           a board on a cable: parsed only, so that no test ever writes to one
    <!-- needs: your values -->     a synopsis, with [brackets] or CAPITALS: parsed only
    <!-- needs: itself -->          make check, make test: .ci/run types them; make demo: test_first_hour.py does
    <!-- needs: server -->          a PostgreSQL: parsed only
    <!-- needs: units -->           tried where nobody is in range: the last line must end with that, and not before
    <!-- needs: version 0.2.0 -->   another checkout than this: the first line must be refused for it
    <!-- needs: vault -->, <!-- needs: release key -->      these are made before
    <!-- needs: minutes -->         done by `make test-deep`; joined to others by a comma
"""

import csv
import json
import re
import tomllib
from pathlib import Path

import pytest

from . import shell
from .playing import NEEDS, Reader
from .reading import ROOT, Block, blocks, documents

ALL = [block for path in documents() for block in blocks(path)]
TYPED = [block for block in ALL if block.kind == "sh"]
PARSED_ONLY = {"board", "your values", "itself", "server"}
KNOWN = PARSED_ONLY | set(NEEDS) | {"minutes"}


def diff(text: str) -> None:
    """Which file, and lines that stand there, come, go. ValueError."""
    head, *rest = text.splitlines()
    if not head.startswith("+++ ") or any(line[:1] not in ("", " ", "+", "-", "@") for line in rest):
        raise ValueError("a diff begins with +++ FILE, and each line with a blank, +, - or @@")


def table(text: str) -> None:
    """Rows of one length. ValueError."""
    if len({len(row) for row in csv.reader(text.splitlines())}) != 1:
        raise ValueError("its rows are of different lengths")


DATA = {
    "csv": table,
    "diff": diff,
    "toml": tomllib.loads,
    "json": json.loads,
    "python": lambda text: compile(text, "block", "exec"),
}
LONG = {"minutes", "units", "release key"}
COMMAND = re.compile(r"(\$ |\.venv/bin/)?(interlock|make|pipx|python3?) [\w-]+")
USAGE, DEVICE = 2, 3


def needs(block: Block) -> set[str]:
    """What is said to be needed."""
    said = [mark.removeprefix("needs:") for mark in block.marks if mark.startswith("needs:")]
    return {one.strip() for text in said for one in text.split(",")}


def player(block: Block) -> str:
    """The test that types it, as said; or nothing."""
    return next((mark.split(":", 1)[1].strip() for mark in block.marks if mark.startswith("played by:")), "")


def is_long(block: Block) -> bool:
    return any(one in LONG or one.startswith("version") for one in needs(block))


PLAYED_HERE = [block for block in TYPED if not player(block) and not needs(block) & PARSED_ONLY]
PARAMS = [pytest.param(one, id=one.place, marks=[pytest.mark.deep] * is_long(one)) for one in PLAYED_HERE]


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.place)
def test_the_kind_of_a_block_is_named_and_its_content_is_of_that_kind(block: Block) -> None:
    text = "\n".join(block.lines)
    if block.kind in DATA:
        DATA[block.kind](text)
    elif block.kind == "sh":
        for line in block.lines:
            shell.check(line)
    else:
        assert block.kind in ("text", "indented"), f"name its kind behind the fence: sh, text, {', '.join(DATA)}"
        typed = [line for line in block.lines if COMMAND.match(line)]
        assert not typed, f"it has commands: make it a fence of kind sh: {typed[0]}"


@pytest.mark.parametrize("block", TYPED, ids=lambda block: block.place)
def test_what_a_block_says_that_it_needs_is_so(block: Block) -> None:
    wanted = {one for one in needs(block) if not one.startswith("version ")}
    assert wanted <= KNOWN, f"known are: {', '.join(sorted(KNOWN))}, version X"
    text = "\n".join(block.lines)
    commands = [shell.words_of(line) for line in block.lines]
    if "board" in wanted:
        assert all("flash" in words for words in commands)
    if "your values" in wanted:
        assert re.search(r"\[|\b[A-Z]{3,}\b", text)
    if "itself" in wanted:
        by_ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").split()
        assert all(words[0] == "make" and set(words[1:]) <= {"demo", *by_ci} for words in commands)
    if "server" in wanted:
        assert "postgresql://" in text or "bluez" in text
    if by := player(block):
        source = (ROOT / by).read_text(encoding="utf-8")
        assert block.path.name in source, f"{by} does not name {block.path.name}"
        for mark in block.marks:
            if mark.startswith("live:"):
                assert mark.removeprefix("live:").strip() in source, f"{by} does not name the block {mark}"


@pytest.mark.parametrize("block", PARAMS)
def test_a_block_that_is_typed_line_by_line_does_what_it_says(block: Block, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    wanted = needs(block)
    for one in sorted(wanted & set(NEEDS)):
        for line in NEEDS[one]:
            reader.succeed(line)
    if version := next((one for one in wanted if one.startswith("version ")), ""):
        done = reader.type(block.lines[0])
        assert done.returncode == USAGE and version.split()[1] in done.stderr, done.stderr
        return
    if "units" not in wanted:
        for line in block.lines:
            reader.succeed(line, timeout_s=1800)
        return
    for line in block.lines:
        done = reader.type(line)
        assert done.returncode in (0, USAGE, DEVICE), f"{line}: {done.stdout}\n{done.stderr}"
    assert done.returncode == DEVICE, f"{line}: ends with {done.returncode} where nobody is\n{done.stderr}"
