"""The drawings and tables as files, made from the boards that the firmware has."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..power import figures
from .draw import picture
from .tables import facts, table

DOCS = Path(__file__).parents[2] / "docs" / "boards"
WIRING = DOCS / "wiring.md"
END = "<!-- end -->"


def boards() -> list[Any]:
    """The data of all boards, by name."""
    return [importlib.import_module(f"interlock.boards.{name}").BOARD for name in figures.boards()]


def wanted() -> Iterator[tuple[Path, str]]:
    """(file, what must be in it)."""
    text = WIRING.read_text(encoding="utf-8")
    for board in boards():
        yield DOCS / f"wiring-{board.name}.svg", picture(board)
        text = _replaced(text, board.name, facts(board) + "\n" + table(board))
    yield WIRING, text


def _replaced(text: str, name: str, section: str) -> str:
    """The document with the section of this board anew. LookupError when it has none."""
    begin = f"<!-- board: {name} -->\n"
    parts = text.split(begin)
    if len(parts) != 2:
        raise LookupError(f"{WIRING.name} must have the marker '{begin.strip()}' once")
    return parts[0] + begin + section + END + parts[1].split(END, 1)[1]


def stale() -> list[str]:
    """Names of the files that are not what the boards' data say."""
    return [path.name for path, text in wanted() if not path.exists() or path.read_text(encoding="utf-8") != text]


def write() -> None:
    """Write those that are out of date."""
    for path, text in list(wanted()):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
