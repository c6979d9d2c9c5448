"""`interlock identify [SERIAL]`: which of them is it?"""

from typing import Annotated

import typer

from interlock.core.wire import IDENTIFY_MAX_S

from ..context import Context
from ..flows.identify import SECONDS, Identified
from ..flows.identify import identify as flow
from .progress import working
from .running import Json, Serials, of, print_json, run, the_unit


def identify(
    context: typer.Context,
    serials: Serials = None,
    seconds: Annotated[int, typer.Option(min=0, max=IDENTIFY_MAX_S, help="For so long; 0: stop it")] = SECONDS,
    buzz: Annotated[bool, typer.Option("--buzz/--quiet", help="Whether it buzzes, too")] = True,
    as_json: Json = False,
) -> None:
    """Let a unit blink and buzz, so that you find it among others.

    Two short flashes a second, as no alert looks, and a short buzz with them. It goes on when this command is over, and
    ends at once when a weapon is in use or something is to be alerted. In covert mode it shows no light, and buzzes. A
    technician's credentials are enough; nothing is changed.

    Examples:

    - `interlock identify`: the one own unit in range
    - `interlock identify H1 --seconds 30 --quiet`: this one, for half a minute, by its light alone

    Next: `interlock selftest` tries what it is made of.

    JSON: a list of {serial, name, seconds, light, buzz}.
    """
    done = run(_identify(of(context), serials, seconds, buzz, as_json))
    if as_json:
        print_json(done)
        return
    for unit in done:
        named = unit.serial if unit.name is None else f"{unit.serial} ({unit.name})"
        ways = [word for word, does in (("blinks", unit.light), ("buzzes", unit.buzz)) if does]
        if not unit.seconds:
            print(f"{named} is dark again.")
        elif ways:
            print(f"{named} {' and '.join(ways)} for {unit.seconds} s.")
        else:
            print(f"{named} shows nothing: a weapon is in use.")


async def _identify(
    context: Context, serials: list[str] | None, seconds: int, buzz: bool, quiet: bool
) -> list[Identified]:
    async with context.bench() as bench:
        done = []
        for serial in await the_unit(bench, serials, "identify", quiet):
            with working(f"{serial}: asking it to show itself", quiet=quiet):
                done.append(await flow(bench, serial, seconds, buzz))
        return done
