"""`interlock place SERIAL`: see what a holster's sensors say while the weapon is moved."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from ..context import Context
from ..flows.place import NAMES, SEAT, Line, Placed, quietly
from ..flows.place import place as flow
from ..naming import serial_of
from ..outcome import Exit
from . import completing
from .progress import watched, working
from .running import Json, of, print_json, run
from .tables import console, table

ENDED = {
    "seen": "The seat was seen both ways.",
    "time": "Its time is over.",
    "weapon": "The unit ended it: the weapon was armed or discharged, which is aired as ever, or the link was lost.",
}


def place(
    context: typer.Context,
    serial: Annotated[
        str, typer.Argument(metavar="SERIAL", help="The holster's unit", autocompletion=completing.serials)
    ],
    seconds: Annotated[
        int,
        typer.Option(min=0, max=0xFFFF, help="For so long, at most as the policy says", show_default="as long as that"),
    ] = 0,
    stay: Annotated[bool, typer.Option("--stay", help="Go on when the seat was seen both ways, too")] = False,
    as_json: Json = False,
) -> None:
    """See what a holster's sensors say while you move the weapon, to find where the magnet must sit.

    Each line is shown live: whether it is on, how often it went on and off, how it bounced, how short and long it was
    on; of an analogue Hall sensor what its ADC reads. It ends once both contacts of the seat went on and off, or when
    its time is over (policy: test_ms), even if this computer is gone. A bare draw is not aired meanwhile; arming or
    discharging the weapon is, and ends it. What was seen becomes a record of the unit; a technician's credentials are
    enough.

    Exit code 1 when a contact of the seat did not move, or a line is stuck or noisy.

    Examples:

    - `interlock place H1`: dock it or hold its button, then draw the weapon and put it back
    - `interlock place H1 --stay --seconds 60`: for a minute, to try several places

    Next: `interlock selftest H1`.

    JSON: {serial, name, ended, passed, lines: [{name, on, seen_on, seen_off, stuck, noisy, closes, opens, edges,
    shortest_ms, longest_ms, moved_s, counts}]}; ended: seen, time or weapon; null: not measured.
    """
    done = run(_place(of(context), serial, seconds, stay, as_json))
    if as_json:
        print_json(plain(done))
    else:
        show(done)
    if not done.passed:
        raise typer.Exit(Exit.FINDINGS)


async def _place(context: Context, name: str, seconds: int, stay: bool, quiet: bool) -> Placed:
    async with context.bench() as bench:
        serial = serial_of(bench.vault, name)
        with _live(f"{serial}: move the weapon", quiet) as report:
            return await flow(bench, serial, seconds, stay, report)


@contextmanager
def _live(what: str, quiet: bool) -> "Iterator[Callable[[tuple[Line, ...], float], None]]":
    """Draws the lines over themselves on a terminal; elsewhere says now and then how many seconds are left."""
    screen = None if quiet else watched()
    if screen is not None:
        with Live(console=screen, transient=True, auto_refresh=False) as live:
            yield lambda lines, left_s: live.update(_rows(f"{what}, {left_s:.0f} s left", lines), refresh=True)
    elif quiet:
        yield quietly
    else:
        with working(what) as step:
            yield lambda lines, left_s: step(sum(line.closes + line.opens for line in lines))


def _rows(title: str, lines: tuple[Line, ...]) -> Table:
    rows = table("line", "now", "went on", "off", "bounces", "on for (ms)", "", title=title)
    for line in lines:
        rows.add_row(
            NAMES[line.name],
            "[bold green]on[/]" if line.on else "off",
            str(line.closes),
            str(line.opens),
            str(line.bounces),
            "" if line.shortest_ms is None else f"{line.shortest_ms} to {line.longest_ms}",
            _remark(line),
        )
    return rows


def _remark(line: Line) -> str:
    said = [] if line.counts is None else [f"ADC {line.counts}"]
    if line.stuck:
        said.append("[bold red]stuck[/]")
    if line.noisy:
        said.append("[bold red]noisy[/]")
    if line.both_ways:
        said.append("[green]seen both ways[/]")
    return ", ".join(said)


def show(done: Placed) -> None:
    """The end of it for people."""
    out = console()
    out.print(_rows(f"{done.serial}", done.lines))
    out.print(ENDED[done.ended], soft_wrap=True)
    still = [NAMES[line.name] for line in done.lines if line.name in SEAT and not line.both_ways]
    if still:
        out.print(
            f"Not seen both ways: {', '.join(still)}. Bring the magnet nearer, or look at the wire.", soft_wrap=True
        )


def plain(done: Placed) -> dict[str, Any]:
    """The result with stable names."""
    lines = [asdict(line) for line in done.lines]
    return {"serial": done.serial, "name": done.name, "ended": done.ended, "passed": done.passed, "lines": lines}
