"""`interlock selftest [SERIAL...]`: is it fit for duty?"""

from typing import Annotated

import typer
from rich.markup import escape

from ..context import Context
from ..flows.selftest import SelfTested
from ..flows.selftest import selftest as flow
from ..outcome import Exit
from .progress import working
from .running import Json, Serials, of, print_json, run, the_unit
from .tables import console, table

COLOURS = {"passed": "green", "failed": "bold red", "skipped": "yellow"}


def selftest(
    context: typer.Context,
    serials: Serials = None,
    stands_by: Annotated[
        bool,
        typer.Option("--stands-by", help="You see that the camera stands by: try its recorder though its tally is on"),
    ] = False,
    as_json: Json = False,
) -> None:
    """Let units test themselves: sensors, cell, flash, radio, light and buzz, and a camera unit its recorder.

    The recorder is started by its shutter and stopped again, and its tally must follow both times: a dead shutter, a
    tally that sticks off or does not go off, and a start that comes too late are found. It is not touched while its
    tally is on: it may record. Where you see that it stands by all the same, --stands-by finds the tally that sticks
    on; until then such a unit is not fit, since no draw presses its shutter. A weapon in use ends the test at once, and
    has the recorder. Light and buzz cannot be sensed: look, and feel. The result is a record in the unit's journal; a
    technician's credentials are enough, for 8 tests in a row and 6 an hour.

    Exit code 1 when something failed, or a recorder could not be tried.

    Examples:

    - `interlock selftest`: the one own unit in range
    - `interlock selftest C1 --stands-by`: its camera stands by, and yet its tally is on

    Next: `interlock pull`: the result is a record in the unit's journal, too.

    JSON: a list of {serial, name, complete, parts: [{name, outcome, detail, advice}], cell_mv, start_ms, stop_ms};
    outcome: passed, failed or skipped; complete: no weapon came first; start_ms, stop_ms: from the shutter's press to
    the tally on, and off; null where not measured.
    """
    done = run(_selftest(of(context), serials, stands_by, as_json))
    if as_json:
        print_json(done)
    else:
        for unit in done:
            show(unit)
    if not all(unit.passed for unit in done):
        raise typer.Exit(Exit.FINDINGS)


def show(unit: SelfTested) -> None:
    """One unit's result for people."""
    out = console()
    rows = table("part", "outcome", "found", title=escape(f"{unit.serial} ({unit.name})"))
    for part in unit.parts:
        rows.add_row(part.name, f"[{COLOURS[part.outcome]}]{part.outcome}[/]", _found(unit, part.name, part.detail))
    out.print(rows)
    if not unit.complete:
        out.print("A weapon came first: test again when it is back in its holster.", soft_wrap=True)
    for part in unit.parts:
        if part.advice is not None:
            out.print(f"{part.name}: {part.advice.replace('SERIAL', unit.serial)}", markup=False, soft_wrap=True)


def _found(unit: SelfTested, name: str, detail: str) -> str:
    """What was found, with the figures that belong to it."""
    if name == "battery" and unit.cell_mv is not None:
        return f"{detail}, {unit.cell_mv / 1000:.2f} V"
    if name == "recorder" and unit.start_ms is not None:
        stopped = "" if unit.stop_ms is None else f", off {unit.stop_ms} ms after the next"
        return f"{detail}, tally on {unit.start_ms} ms after the press{stopped}"
    return detail


async def _selftest(context: Context, serials: list[str] | None, stands_by: bool, quiet: bool) -> list[SelfTested]:
    async with context.bench() as bench:
        done = []
        for serial in await the_unit(bench, serials, "selftest", quiet):
            with working(f"{serial}: self-test", quiet=quiet) as step:
                done.append(await flow(bench, serial, stands_by=stands_by, report=step))
        return done
