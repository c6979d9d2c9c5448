"""`interlock replace OLD NEW`: another unit in a unit's place."""

from typing import Annotated

import typer

from ..context import Context
from ..flows.rotate import Replaced
from ..flows.rotate import replace as flow
from ..naming import serial_of
from ..vault.changes import replacement
from ..vault.vault import Vault
from . import completing
from .revoke import ask, show
from .rounds import leave, visiting
from .running import Json, Yes, of, print_json, run


def replace(
    context: typer.Context,
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The unit that is lost or defective", autocompletion=completing.serials)
    ],
    new: Annotated[
        str,
        typer.Argument(
            metavar="NEW", help="The one in its place, set up, of its role", autocompletion=completing.serials
        ),
    ],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Revoke a unit and make all its pairs with another one, spares as spares.

    NEW is set up before (interlock provision) and keeps its own number, name and journal. Both ends of each pair are
    visited as they come into range; run again, it goes on. OLD is revoked as by interlock revoke, which also goes on
    with all of this, and has no way back: it asks first; without a terminal it wants --yes.

    Examples:

    - `interlock replace H1 H2`: H1 is lost, H2 takes its place

    Next: `interlock revoke`, again and again, until all units were reached.

    Exit codes: 0 done, or as far as the missing ones allow; 3 a unit that was to be visited was not.

    JSON: {old, new, pairs: [[holster, camera]], unfinished: [[holster, camera]], revoked: as of interlock revoke}.
    """
    vault = of(context).open_vault()
    vault.check_own("authority to replace units")
    old, new = serial_of(vault, old), serial_of(vault, new)
    pairs = ", ".join(f"{pair.holster} and {pair.camera}" for pair in replacement(vault, old, new))
    ask(vault, old, yes, f" {new} takes its place{f', in these pairs: {pairs}' if pairs else '; it had no pairs'}.")
    done = run(_replace(of(context), vault, old, new, as_json))
    if as_json:
        print_json(done)
    else:
        for holster, camera in done.pairs:
            print(f"{holster} and {camera} {'are to be' if (holster, camera) in done.unfinished else 'are'} a pair.")
        show(done.revoked)
    leave(done.revoked.failures)


async def _replace(context: Context, vault: Vault, old: str, new: str, as_json: bool) -> Replaced:
    async with context.bench(vault) as bench:
        with visiting(as_json) as report:
            return await flow(bench, old, new, report)
