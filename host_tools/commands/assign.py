"""`interlock assign HOLSTER CAMERA --officer NAME`: who carries what in this shift."""

import datetime
from typing import Annotated

import typer

from ..context import Context, check_person, utc_ms
from ..flows.assign import Assigned, clear, longest_s
from ..flows.assign import assign as flow
from ..outcome import ToolError
from .running import Json, of, print_json, run

HOUR_S = 3600
SHIFT_HOURS = 12
HOURS_MAX = 32 * 24


def assign(
    context: typer.Context,
    holster: Annotated[str, typer.Argument(help="Serial of the holster's unit")],
    camera: Annotated[str | None, typer.Argument(help="Serial of the camera's unit")] = None,
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
    as_json: Json = False,
) -> None:
    """Bind an officer, a holster and a camera for a shift: until then these two count on each other alone.

    Both must hold each other's keys: interlock pair HOLSTER CAMERA --spare, made once with the force's vault. After
    that a technician's credentials are enough, at the dock. Their clocks are set on the way, since the end is a time.
    Afterwards, or with --clear, the paired ones count again. Each binding is a record in both journals. Broken off at
    any point, run it again: the camera is bound first, so the holster never counts on one that does not follow it.

    JSON: {officer, units: [{serial, partner, until_s, was}]}, in the order of the visits; partner, was: null for the
    paired ones.
    """
    at = of(context)
    if clears:
        done = run(_clear(at, holster, camera))
    else:
        if camera is None or officer is None:
            raise ToolError(
                f"{'the camera' if camera is None else 'the officer'} is not said",
                "interlock assign HOLSTER CAMERA --officer NAME, or interlock assign HOLSTER --clear.",
            )
        done = run(_assign(at, holster, camera, check_person(officer, "--officer "), end_s(until, hours, utc_ms())))
    if as_json:
        print_json(done)
    else:
        show(done)


def show(done: Assigned) -> None:
    for unit in done.units:
        if unit.partner is None:
            print(f"{unit.serial}: none is assigned, the paired ones count.")
        else:
            assert unit.until_s is not None
            print(f"{unit.serial}: {unit.partner}, until {_text(unit.until_s)}.")
    if done.officer is not None:
        print(f"For {done.officer}.")


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


def _text(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M %Z")


async def _assign(context: Context, holster: str, camera: str, officer: str, until_s: int) -> Assigned:
    async with context.bench() as bench:
        return await flow(bench, holster, camera, officer, until_s)


async def _clear(context: Context, holster: str, camera: str | None) -> Assigned:
    async with context.bench() as bench:
        return await clear(bench, holster, camera)
