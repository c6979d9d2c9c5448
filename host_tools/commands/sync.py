"""`interlock sync [SERIAL]`: set a unit's clock."""

from typing import Annotated

import typer

from ..context import Context
from ..flows.clock import PINGS
from ..flows.sync import Synced
from ..flows.sync import sync as flow
from .progress import working
from .running import Json, Serials, of, print_json, run, the_unit


def sync(
    context: typer.Context,
    serials: Serials = None,
    pings: Annotated[int, typer.Option(min=1, max=100, help="The quickest of so many counts")] = PINGS,
    jump: Annotated[
        bool, typer.Option("--jump", help="Let the clock jump by any amount (the force's vault only)")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set a unit's clock by this host's. Every setting is a record in the unit's journal.

    The unit keeps UTC with the uncertainty of the exchange, and adds its crystal's drift until the next setting: set
    it at least daily, from a host whose own clock is right (NTP). Without SERIAL the one own unit in range is set.

    Examples:

    - `interlock sync`: the one own unit in range
    - `interlock sync H1 C1`: these two

    Next: `interlock status H1` says how far off a clock is.

    JSON: a list of {serial, name, was_off_ms, uncertainty_ms, rtt_ms}; was_off_ms is null when it was not set.
    """
    done = run(_sync(of(context), serials, pings, jump, as_json))
    if as_json:
        print_json(done)
        return
    for unit in done:
        was = "was not set" if unit.was_off_ms is None else f"was {unit.was_off_ms:+d} ms off"
        print(f"{unit.serial} ({unit.name}): its clock {was}, and is now right within {unit.uncertainty_ms} ms.")


async def _sync(context: Context, serials: list[str] | None, pings: int, jump: bool, quiet: bool) -> list[Synced]:
    async with context.bench() as bench:
        done = []
        for serial in await the_unit(bench, serials, "sync", quiet):
            with working(f"{serial}: comparing clocks", quiet=quiet):
                done.append(await flow(bench, serial, pings, jump))
        return done
