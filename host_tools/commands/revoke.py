"""`interlock revoke [SERIAL]`: a unit that was lost or stolen counts no more."""

from typing import Annotated

import typer

from ..context import Context
from ..flows.rotate import Revoked
from ..flows.rotate import revoke as flow
from ..naming import serial_of
from ..vault.changes import revoked
from ..vault.vault import Vault
from . import completing
from .rounds import leave, show_exposure, show_failures, show_missing, show_rotation, visiting
from .running import Json, Yes, confirm, of, print_json, run


def revoke(
    context: typer.Context,
    serial: Annotated[
        str | None,
        typer.Argument(
            metavar="SERIAL",
            help="The unit; without it: go on with those revoked before",
            autocompletion=completing.serials,
        ),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take a unit out of service for good: no other one takes it for a partner, and every key that it knows changes.

    The vault marks it at once. Then each other unit in range is visited: its partners forget it; they get unit keys of
    their own that it does not know, which those who hear them learn first; and the group's key is rotated without it.
    Nobody leaves service for that, so it takes several visits, and run as often as units come into range: interlock
    revoke, or interlock rotate. What whoever has the revoked unit can do until then is told each time.

    There is no way back, so it asks first; without a terminal it wants --yes. A unit that is found again is kept as
    evidence (interlock pull still reads it with the force's vault). To put another unit in its place: interlock
    replace, before or after.

    Examples:

    - `interlock revoke H1`: asks, and takes it out
    - `interlock revoke`: goes on with what is left to do

    Next: run it again until it says that no unit takes a key that they know.

    Exit codes: 0 revoked, and brought to those in range; 3 a unit that was to be visited was not.

    JSON: {serials, exposures: [{serial, partners, forgeable: [[unit, listener]], group}], rotation: {epoch, step,
    lagging}, visits, failures, missing}; the last three as of interlock rotate. No exposures: it is through.
    """
    vault = of(context).open_vault()
    if serial is not None:
        vault.check_own("authority to revoke units")
        serial = serial_of(vault, serial)
        ask(vault, serial, yes)
    done = run(_revoke(of(context), vault, serial, as_json))
    if as_json:
        print_json(done)
    else:
        show(done)
    leave(done.failures)


def ask(vault: Vault, serial: str, yes: bool, more: str = "") -> None:
    """Have the revocation of this unit confirmed, unless it is revoked already. ToolError, and nothing changed, when it
    is not in the vault or not confirmed. `more`: what else happens."""
    vault.check_own("authority to revoke units")
    name, book = vault.name(serial)[2], vault.book()
    if serial in revoked(book):
        return
    ends = {end for pair in book.pairs_of(serial) for end in (pair.holster, pair.camera)} - {serial}
    forgotten = f" It is forgotten by its partners: {', '.join(sorted(ends))}." if ends else ""
    confirm(
        f"{serial} ({name}) is taken out of service for good: there is no way back into this force.{forgotten} Every "
        f"key that it knows changes, the group's too.{more}",
        f"Revoke {serial}?",
        yes,
    )


def show(done: Revoked) -> None:
    """How far it is."""
    if not done.serials:
        print("No unit is revoked.")
        return
    print(f"Revoked: {', '.join(done.serials)}.")
    for exposure in done.exposures:
        show_exposure(exposure)
    if not done.exposures:
        print("No unit takes a key that they know.")
    show_rotation(done.rotation)
    show_failures(done.failures)
    show_missing(done.missing, "interlock revoke")


async def _revoke(context: Context, vault: Vault, serial: str | None, as_json: bool) -> Revoked:
    async with context.bench(vault) as bench:
        with visiting(as_json) as report:
            return await flow(bench, serial, report)
