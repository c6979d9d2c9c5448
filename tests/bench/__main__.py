"""`python -m tests.bench`: counts and same-run ratios, in one table. It judges nothing; tests do."""

from rich.console import Console
from rich.table import Table

from . import host, pull, vm
from .rows import Row


def table(rows: list[Row]) -> Table:
    out = Table("what", "value", "unit", "baseline", "ratio")
    for column in (1, 3, 4):
        out.columns[column].justify = "right"
    for row in rows:
        ratio = row.ratio()
        beside = "" if row.baseline is None else f"{row.baseline:g} ({row.beside})"
        out.add_row(row.name, f"{row.value:.4g}", row.unit, beside, "" if ratio is None else f"{ratio:.2f}")
    return out


def main() -> None:
    Console(width=140).print(table(host.rows() + vm.rows() + pull.rows()))


main()
