"""A campaign's summary on a terminal: a table for each use of the scenario, a row for each variation."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from ..console import Console
from .summary import tables

_RATES = ("heard", "acked", "witnessed", "covered")


def show_campaign(facts: dict[str, Any], folder: Path) -> None:
    console = Console(highlight=False)
    for number, (title, rows) in enumerate(tables(facts)):
        console.print(_table(title, rows, "per cent, and ms after the event" if number == 0 else None))
    runs = facts["runs"]
    console.print(
        f"{runs['played']} runs; intervals hold the true figure with {facts['confidence']:.0%} confidence; "
        "latencies are unverified on boards."
    )
    if runs["broke"]:
        first = facts["broken"][0]
        console.print(
            f"[bold red]{runs['broke']} runs ended with an exception in the firmware[/] and are in no figure, such as "
            f"seed {first['seed']}: {escape(first['traceback'].strip().splitlines()[-1])}"
        )
    console.print(
        f"Results: {folder}/ (summary.md, summary.json, runs.jsonl, {len(facts['plots'])} pictures)", soft_wrap=True
    )


def _table(title: str, rows: Iterable[tuple[str, Mapping[str, Any]]], caption: str | None) -> Table:
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    table.add_column("variation", overflow="fold")
    for column in ("n", *_RATES, "records p50", "p95"):
        table.add_column(column, justify="right")
    for variation, figures in rows:
        rates = [_percent(figures["rates"][name]) for name in _RATES]
        times = [_ms(figures["times_ms"]["recording"][q]) for q in ("p50", "p95")]
        table.add_row(escape(variation), str(figures["rates"]["heard"]["of"]), *rates, *times)
    return table


def _percent(rate: dict[str, Any]) -> str:
    return f"{rate['rate'] * 100:.0f}\n{rate['low'] * 100:.0f}-{rate['high'] * 100:.0f}"


def _ms(found: dict[str, float | None]) -> str:
    value, low, high = ("never" if found[name] is None else f"{found[name]:.0f}" for name in ("value", "low", "high"))
    return f"{value}\n{low}-{high}"
