"""`interlock assign [HOLSTER CAMERA] --officer NAME`: who carries what in this shift."""

import datetime
import sys
from collections.abc import Collection
from typing import Annotated

import typer

from ..as_json import as_plain
from ..asking import ask
from ..context import Context, utc_ms
from ..flows.assign import Assigned, clear, longest_s
from ..flows.assign import assign as flow
from ..flows.shift import Tried, try_recorder
from ..naming import serial_of
from ..outcome import Exit, ToolError
from ..person import check_person
from . import completing
from .progress import working
from .running import Json, end, of, print_json, run
from .times import local_text
from .two import the_two

HOUR_S = 3600
SHIFT_HOURS = 12
HOURS_MAX = 32 * 24


def assign(
    context: typer.Context,
    holster: Annotated[
        str | None, typer.Argument(help="The holster's unit, by serial or name", autocompletion=completing.serials)
    ] = None,
    camera: Annotated[
        str | None, typer.Argument(help="The camera's unit, by serial or name", autocompletion=completing.serials)
    ] = None,
    officer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose they are, as units note it: 1 to 8 ASCII characters")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Until then: 06:00, or 2026-05-31T06:00 (this host's time zone)")
    ] = None,
    hours: Annotated[
        int | None, typer.Option(min=1, max=HOURS_MAX, help=f"For so long [default: {SHIFT_HOURS}]")
    ] = None,
    clears: Annotated[bool, typer.Option("--clear", help="Back to the paired ones")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Let the camera start and stop its recorder once: its tally has to follow")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bind an officer, a holster and a camera for a shift: until then these two count on each other alone.

    Both must hold each other's keys: interlock pair HOLSTER CAMERA --spare, made once with the force's vault. After
    that a technician's credentials are enough, at the dock. Their clocks are set on the way, since the end is a time.
    Afterwards, or with --clear, the paired ones count again. Each binding is a record in both journals. Broken off at
    any point, run it again: the camera is bound first, so the holster never counts on one that does not follow it.

    Without HOLSTER and CAMERA the ones in range are taken; several give a menu, into which a serial may be scanned.

    Examples:

    - `interlock assign --officer PC1234`: the one holster and the one camera in the dock, for 12 hours
    - `interlock assign H1 C2 --officer PC1234 --until 06:00 --check`
    - `interlock assign H1 --clear`

    Next: `interlock status H1`; a whole shift at once: `interlock roster apply`.

    Exit codes: 0 assigned; 1 the camera did not pass its check, or could not be tried; 3 a unit was not reached.

    JSON: {officer, units: [{serial, partner, until_s, was}], notes, recorder: {outcome, detail} or null}, units in the
    order of the visits; partner, was: null for the paired ones; notes: a clock that is off, a unit that is left behind;
    recorder: of --check, passed, failed or skipped.
    """
    at = of(context)
    tried: Tried | None = None
    if clears:
        if holster is None:
            raise ToolError("the holster is not said", "interlock assign HOLSTER --clear.")
        done = run(_clear(at, holster, camera))
    else:
        if officer is None and sys.stdin.isatty():
            officer = ask("Officer (1 to 8 characters, as units note it)").strip()
        if officer is None:
            raise ToolError("the officer is not said", "interlock assign HOLSTER CAMERA --officer NAME.")
        who = check_person(officer, "--officer ")
        done, tried = run(_assign(at, holster, camera, who, end_s(until, hours, utc_ms()), check, as_json))
    if as_json:
        told = {"officer": done.officer, "units": as_plain(done.units), "notes": list(done.notes)}
        print_json(told | {"recorder": tried and tried._asdict()})
    else:
        show(done)
        if tried is not None:
            print(f"The camera's recorder {tried.outcome}: {tried.detail}")
    if tried is not None and tried.outcome != "passed":
        end(Exit.FINDINGS)


def show(done: Assigned) -> None:
    for unit in done.units:
        if unit.partner is None:
            print(f"{unit.serial}: none is assigned, the paired ones count.")
        else:
            assert unit.until_s is not None
            print(f"{unit.serial}: {unit.partner}, until {local_text(unit.until_s)}.")
    if done.officer is not None:
        print(f"For {done.officer}.")
    for note in done.notes:
        print(f"{note}.")


def end_s(until: str | None, hours: int | None, now_ms: int) -> int:
    """When it ends, seconds since 1970, UTC. ToolError for what is no such time."""
    if until is None:
        return now_ms // 1000 + (hours or SHIFT_HOURS) * HOUR_S
    if hours is not None:
        raise ToolError("--until and --hours say the same thing", "Give one of them.")
    now = datetime.datetime.fromtimestamp(now_ms / 1000).astimezone()
    try:
        if len(until) <= len("00:00"):
            at = datetime.datetime.combine(now.date(), datetime.time.fromisoformat(until)).astimezone()
            if at <= now:
                at = datetime.datetime.combine(
                    now.date() + datetime.timedelta(days=1), datetime.time.fromisoformat(until)
                ).astimezone()
        else:
            at = datetime.datetime.fromisoformat(until).astimezone()
    except ValueError as error:
        raise ToolError(f"{until!r} is no time", "Such as 06:00, or 2026-05-31T06:00.") from error
    found = int(at.timestamp())
    if not now_ms // 1000 < found <= longest_s(now_ms):
        raise ToolError(f"{until} is past, or more than 32 days off", "Units take an end within 32 days.")
    return found


async def _assign(
    context: Context, holster: str | None, camera: str | None, officer: str, until_s: int, check: bool, quiet: bool
) -> tuple[Assigned, Tried | None]:
    async with context.bench() as bench:

        def is_known(serial: str, others: Collection[str]) -> bool:
            if bench.vault.person is not None:
                return True  # the units say
            return any({serial, *others} <= {pair.holster, pair.camera} for pair in bench.vault.pairs())

        both = await the_two(bench, holster, camera, "assign HOLSTER CAMERA --officer NAME", is_known, quiet)
        with working(f"{' and '.join(both)}: assigning", quiet=quiet):
            done = await flow(bench, *both, officer, until_s)
            return done, await try_recorder(bench, both[1]) if check else None


async def _clear(context: Context, holster: str, camera: str | None) -> Assigned:
    async with context.bench() as bench:
        vault = bench.vault
        return await clear(bench, serial_of(vault, holster), None if camera is None else serial_of(vault, camera))
