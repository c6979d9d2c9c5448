"""Markdown as a reader of this repository meets it: blocks of code, code within sentences, links.

Only what our documents use: fences of three back-ticks, blocks indented by four spaces, HTML comments of one line.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_OURS = {"build", "typings", "node_modules", "mutants"}
"""Folders of what others wrote, or machines."""
_COMMENT = re.compile(r"<!-- ([^>]*) -->\s*$")
_FENCE = re.compile(r"(\s*)```(.*)$")
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"#{1,6} +(.*?) *$")


@dataclass(frozen=True)
class Block:
    """A block of code. `kind`: the word behind its fence, `indented`, or nothing; `marks`: comments right above it;
    `line`: of its first line, from 1."""

    path: Path
    line: int
    kind: str
    marks: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT).as_posix()}:{self.line}"


@dataclass(frozen=True)
class Spoken:
    """Code within a sentence or a table's cell. `head`: of that cell's column, or empty; `follows`: the code before it
    in the same cell."""

    path: Path
    line: int
    text: str
    head: str = ""
    follows: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT).as_posix()}:{self.line}"


@cache
def files() -> tuple[Path, ...]:
    """Every file of the tree that is ours, hidden and ignored folders left out."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            one for one in folders if not one.startswith((".", "__")) and one not in NOT_OURS and "egg-info" not in one
        )
        found += [Path(folder) / name for name in sorted(names)]
    return tuple(found)


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


@cache
def _lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


@cache
def blocks(path: Path) -> tuple[Block, ...]:
    """All blocks of a document, in order. ValueError where a fence is not closed."""
    found: list[Block] = []
    marks: list[str] = []
    lines = _lines(path)
    at = 0
    is_after_gap = True  # an indented line that follows text goes on with it
    while at < len(lines):
        line = lines[at]
        if comment := _COMMENT.match(line):
            marks.append(comment[1])
        elif fence := _FENCE.match(line):
            try:
                end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == "```")
            except StopIteration:
                raise ValueError(f"{path.name}:{at + 1}: the fence is not closed") from None
            inner = tuple(text.removeprefix(fence[1]) for text in lines[at + 1 : end])
            found.append(Block(path, at + 2, fence[2].strip(), tuple(marks), inner))
            marks, at = [], end
        elif line.startswith("    ") and is_after_gap:
            end = at
            while end < len(lines) and lines[end].startswith("    "):
                end += 1
            found.append(Block(path, at + 1, "indented", tuple(marks), tuple(text[4:] for text in lines[at:end])))
            marks, at = [], end - 1
        elif line.strip():
            marks = []
        is_after_gap = not lines[at].strip() or line.startswith("#")
        at += 1
    return tuple(found)


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    """(number, text) of each line that is in no block."""
    within = {block.line + i for block in blocks(path) for i in range(-1, len(block.lines) + 1)}
    yield from ((i, line) for i, line in enumerate(_lines(path), 1) if i not in within)


def _sentences(path: Path) -> Iterator[tuple[int, str]]:
    """(number of the first line, text) of each run of lines that is no table, and of each row of one."""
    first = 0
    held: list[str] = []
    for number, line in _prose(path):
        is_on = bool(held) and number == first + len(held) and line.strip() and not line.startswith("|")
        if held and not is_on:
            yield first, "\n".join(held)
            held = []
        first = first if is_on else number
        held.append(line)
    if held:
        yield first, "\n".join(held)


def spoken(path: Path) -> list[Spoken]:
    """All code in sentences and tables."""
    found = []
    heads: list[str] = []
    for number, text in _sentences(path):
        if not text.startswith("|"):
            heads = []
            for one in _CODE.finditer(text):
                found.append(Spoken(path, number + text[: one.start()].count("\n"), " ".join(one[1].split())))
            continue
        cells = [cell.strip() for cell in text.strip().strip("|").replace("\\|", "/").split("|")]
        heads = heads or cells
        for head, cell in zip(heads, cells, strict=False):
            texts = _CODE.findall(cell)
            found += [Spoken(path, number, one, head, tuple(texts[:i])) for i, one in enumerate(texts)]
    return found


def links(path: Path) -> list[tuple[int, str]]:
    """(line, target) of all links and pictures."""
    return [(number, target) for number, line in _prose(path) for target in _LINK.findall(_CODE.sub("", line))]


@cache
def anchors(path: Path) -> frozenset[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for _, line in _prose(path):
        if heading := _HEADING.match(line):
            plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
            taken = 0
            while (name := f"{slug}-{taken}" if taken else slug) in found:
                taken += 1
            found.add(name)
    return frozenset(found)
