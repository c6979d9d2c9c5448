"""The dock in a terminal: a table that keeps itself up to date; elsewhere a line for each thing that happens."""

import asyncio

from rich import box
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..console import Console
from .board import Board, Event, Snapshot
from .lights import duration

LOOK_S = 0.5
EVENTS = 6
STYLES = {"green": "green", "yellow": "yellow", "red": "bold red"}
SIGNS = {"green": "●", "yellow": "▲", "red": "■"}


def table(shown: Snapshot) -> Table:
    """All units, those that need somebody first."""
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    for column, fold in (("", False), ("unit", False), ("name", True), ("last pull", False), ("why", True)):
        made.add_column(column, no_wrap=not fold, overflow="fold" if fold else "ellipsis")
    for unit in shown.units:
        ago = "never" if unit.age_s is None else f"{duration(unit.age_s)} ago"
        why = unit.doing or "; ".join(unit.reasons)
        style = STYLES[unit.light]
        name = escape(unit.name + (f", {unit.officer}" if unit.officer else ""))
        made.add_row(f"[{style}]{SIGNS[unit.light]}[/]", unit.serial, name, ago, escape(why))
    return made


def screen(shown: Snapshot, address: str | None) -> Group:
    """The whole of it."""
    counts = ", ".join(f"[{STYLES[light]}]{count} {light}[/]" for light, count in shown.lights.items())
    where = f"  {address}" if address else ""
    parts: list[Table | Text] = [Text.from_markup(f"[bold]Dock {escape(shown.force)}[/]  {counts}{where}")]
    for notice in shown.notices:
        if notice.light != "green":
            parts.append(Text(f"{notice.text}. {notice.advice}", style=STYLES[notice.light]))
    parts.append(table(shown))
    parts += [
        Text(line(event), style="" if event.light == "green" else STYLES[event.light])
        for event in shown.events[:EVENTS]
    ]
    return Group(*parts)


def line(event: Event) -> str:
    """One event for people."""
    return f"{event.utc[11:19]}  {f'{event.serial}: ' if event.serial else ''}{event.text}"


def _print(event: Event) -> None:
    try:
        print(line(event), flush=True)
    except OSError:
        pass  # nobody reads it any more, or the disk that it goes to is full


async def keep_showing(board: Board, address: str | None, show_officers: bool) -> None:
    """Until it is cancelled. Away from a terminal, each event is a line on standard output."""
    console = Console()
    if not console.is_terminal or console.is_dumb_terminal:
        board.listeners.append(_print)
        await asyncio.Event().wait()
    with Live(console=console, auto_refresh=False, screen=True, vertical_overflow="ellipsis") as live:
        while True:
            live.update(screen(board.snapshot(show_officers), address), refresh=True)
            await asyncio.sleep(LOOK_S)
