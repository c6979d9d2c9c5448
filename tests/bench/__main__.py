"""`python -m tests.bench`: counts and same-run ratios, in one table. It judges nothing; tests do.

`python -m tests.bench wear verify`: the rows of these modules only.
"""

import sys
from importlib import import_module

from rich.console import Console
from rich.table import Table

from .rows import Missing, Row

MODULES = (
    "receiver",
    "wear",
    "opening",
    "vm",
    "heap",
    "units",
    "lms",
    "verify",
    "scale",
    "clock_coverage",
    "pull",
    "dock",
    "trigger",
    "observer",
)


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def table(rows: list[Row]) -> Table:
    out = Table("what", "value", "unit", "baseline", "ratio")
    for column in (1, 3, 4):
        out.columns[column].justify = "right"
    for row in rows:
        ratio = row.ratio()
        beside = "" if row.baseline is None else f"{figure(row.baseline)} ({row.beside})"
        out.add_row(row.name, figure(row.value), row.unit, beside, "" if ratio is None else f"{ratio:.3g}")
    return out


def main() -> None:
    rows: list[Row] = []
    missing: list[str] = []
    for name in sys.argv[1:] or MODULES:
        try:
            rows += import_module(f"tests.bench.{name}").rows()
        except Missing as what:
            missing.append(f"left out ({name}): {what}")
    console = Console(width=160)
    console.print(table(rows))
    for line in missing:
        console.print(line)


main()
