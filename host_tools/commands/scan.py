"""`interlock scan`: which units invite."""

from typing import Annotated

import typer
from rich.markup import escape

from ..bench import Sighting
from ..context import Context
from ..flows.scan import SCAN_S, Heard
from ..flows.scan import scan as flow
from ..outcome import Exit
from .progress import counting, watched
from .running import Json, end, of, print_json, run
from .tables import console, table


def scan(
    context: typer.Context,
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="How long to listen")] = SCAN_S,
    as_json: Json = False,
) -> None:
    """List units in range that invite: docked, or with their button held.

    A weapon in use and a unit in normal service do not invite and are not listed. Own units are those in the vault.
    What a unit says in the open is its claim; it is proven only in a session (interlock status).

    Examples:

    - `interlock scan`
    - `interlock scan --seconds 30`: for those that are far off

    Next: `interlock provision` sets a boxed one up; `interlock pull` fetches the journals of own ones.

    JSON: a list of {serial, state, rssi, name, is_revoked}; name is null for units of others. Exit code 1: nothing
    heard.
    """
    heard = run(_scan(of(context), seconds, as_json))
    if as_json:
        print_json(heard)
    else:
        show(heard)
    if not heard:
        end(Exit.FINDINGS)


async def _scan(context: Context, seconds: float, quiet: bool) -> tuple[Heard, ...]:
    vault = context.open_vault() if (context.vault_path / "force.json").exists() else None
    async with context.radio() as radio, counting("Listening for units that invite", seconds, quiet) as step:

        def tell(sighting: Sighting) -> None:
            if sighting.serial is not None and sighting.state is not None:
                step.say(f"{sighting.serial}: {sighting.state_name}, {sighting.rssi} dBm")

        if watched() is not None:
            radio.on_heard = tell  # elsewhere the table is enough
        return await flow(radio, vault, seconds)


def show(heard: tuple[Heard, ...]) -> None:
    if not heard:
        print("No unit invites here. Dock it or hold its button, come within some metres, and scan again.")
        return
    rows = table("serial", "name", "state", "signal", right=("signal",))
    for unit in heard:
        name = "[dim]not in this vault[/]" if unit.name is None else escape(unit.name)
        name += " [bold red](revoked)[/]" if unit.is_revoked else ""
        rows.add_row(unit.serial or "?", name, escape(unit.state), f"{unit.rssi} dBm")
    console().print(rows)
