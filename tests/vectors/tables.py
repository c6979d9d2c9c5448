"""Generated parts of the documents: state tables in `firmware/PROTOCOL.md`, the truth table in `host_tools/FIGURES.md`,
what to measure and the power tables in `docs/boards/`.

`python -m tests.vectors.tables` writes them, with `--check` it changes nothing and exits 1 when one is out of date.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from interlock.core import camera, holster, proof, selftest, watch
from interlock.core.machine import table_text

from . import board_tables, verdict_table
from .documents import END, FIGURES, PROTOCOL, section

MACHINES = {"holster": holster, "proof": proof, "camera": camera, "selftest": selftest, "watch": watch}


class Part(NamedTuple):
    """A section of a document, and what must stand in it."""

    path: Path
    name: str
    text: Callable[[], str]

    @property
    def marker(self) -> str:
        return f"table: {self.name}"

    def is_stale(self) -> bool:
        return section(self.path, self.marker) != self.text()


def table(name: str) -> str:
    """The table of one machine as the document must show it."""
    module = MACHINES[name]
    return str(table_text(module.MACHINE, module.MODE_NAMES, module.EVENT_NAMES))


def parts() -> tuple[Part, ...]:
    """All of them."""
    return (
        *(Part(PROTOCOL, name, partial(table, name)) for name in MACHINES),
        Part(FIGURES, "verdict rows", verdict_table.rows_text),
        Part(FIGURES, "verdict facts", verdict_table.all_text),
        Part(FIGURES, "verdict order", verdict_table.best_text),
        Part(board_tables.BRING_UP, "bring-up costs", board_tables.costs),
        Part(board_tables.BRING_UP, "bring-up currents", board_tables.currents),
        Part(board_tables.POWER, "power modes", board_tables.modes),
        Part(board_tables.POWER, "power sources", board_tables.sources),
    )


def stale() -> list[str]:
    """Names of the parts that are not what the code says."""
    return [part.name for part in parts() if part.is_stale()]


def rewrite() -> None:
    for part in parts():
        if part.is_stale():
            text = part.path.read_text(encoding="utf-8")
            marker = f"<!-- {part.marker} -->\n"
            old = marker + section(part.path, part.marker) + END
            part.path.write_text(text.replace(old, marker + part.text() + END), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vectors.tables", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a table is out of date")
    if not parser.parse_args().check:
        rewrite()
        return 0
    for part in parts():
        if part.is_stale():
            print(f"{part.path.name}: table out of date: {part.name}. Run: python -m tests.vectors.tables")
    return 1 if stale() else 0


if __name__ == "__main__":
    sys.exit(main())
