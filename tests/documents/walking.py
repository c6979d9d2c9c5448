"""A contributor who follows CONTRIBUTING.md to the letter, in a copy of the tree.

A walk is what stands under one heading there. Its blocks, in their order:

- `diff`: its first line is `+++ FILE`; then lines as they stand there ( ), to be taken out (-), put in (+), and `@@`
  where another place of that file begins. What stands or is taken out must be there exactly once, in one piece.
- any kind below `<!-- new: FILE -->`: that file, whole.
- `sh`: typed. pytest runs without xdist; `# long` behind a line: only where there is time.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from .reading import ROOT, Block, blocks

DOCUMENT = ROOT / "CONTRIBUTING.md"
DEEP = "# long"


def walk(heading: str) -> list[Block]:
    """The blocks under this heading of CONTRIBUTING.md."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    first = lines.index(heading) + 1
    level = heading.split()[0] + " "
    last = next((i for i in range(first, len(lines)) if lines[i].startswith(level)), len(lines))
    return [block for block in blocks(DOCUMENT) if first < block.line <= last]


def new_file(block: Block) -> str:
    """The file that this block is, or nothing."""
    return next((mark.removeprefix("new:").strip() for mark in block.marks if mark.startswith("new:")), "")


def changes(block: Block) -> tuple[str, list[tuple[str, str]]]:
    """(file, its places: what stands there, what shall). ValueError where the block is no such diff."""
    head, *rest = block.lines
    if not head.startswith("+++ ") or any(line[:1] not in ("", " ", "+", "-", "@") for line in rest):
        raise ValueError(f"{block.place}: a diff begins with +++ FILE, and each line with a blank, + or -")
    found = []
    for is_gap, group in groupby(rest, lambda line: line.startswith("@@")):
        if is_gap:
            continue
        lines = list(group)
        before = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
        after = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "-")
        if not before.strip():
            raise ValueError(f"{block.place}: where? A place needs a line that stands there")
        found.append((before, after))
    return head.removeprefix("+++ ").strip(), found


def commands(steps: list[Block], with_long: bool) -> Iterator[str]:
    """What is typed; long ones only if asked for."""
    for block in steps:
        if block.kind == "sh":
            yield from (line for line in block.lines if with_long or not line.endswith(DEEP))


def follow(steps: list[Block], tree: Path, with_long: bool) -> list[str]:
    """Do all of it in this tree; what was typed. AssertionError where a step cannot be done or a command fails."""
    typed = []
    for block in steps:
        if block.kind == "diff":
            _change(block, tree)
        elif name := new_file(block):
            path = tree / name
            assert not path.exists(), f"{block.place}: {name} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in block.lines), encoding="utf-8")
        for line in commands([block], with_long):
            _type(line, tree)
            typed.append(line)
    return typed


def _change(block: Block, tree: Path) -> None:
    name, places = changes(block)
    path = tree / name
    text = path.read_text(encoding="utf-8")
    for before, after in places:
        starts = [found.end() for found in re.finditer("^", text, re.MULTILINE) if text.startswith(before, found.end())]
        assert len(starts) == 1, f"{block.place}: stands {len(starts)} times in {name}, not once:\n{before}"
        text = text[: starts[0]] + after + text[starts[0] + len(before) :]
    path.write_text(text, encoding="utf-8")


def _type(line: str, tree: Path) -> None:
    """As the shell does, with the tree's own modules instead of those that are installed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("INTERLOCK_", "PYTEST_"))}
    env |= {"PYTHONPATH": f"{tree}{os.pathsep}{tree / 'firmware'}", "PYTEST_ADDOPTS": "-n 0"}
    if not (tree / ".venv").exists():
        (tree / ".venv").symlink_to(sys.prefix)
    done = subprocess.run(
        ["sh", "-c", line], cwd=tree, env=env, capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, f"{line}\nended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
