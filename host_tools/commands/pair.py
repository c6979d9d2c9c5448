"""`interlock pair [HOLSTER CAMERA]`: let a camera follow a holster."""

from collections.abc import Collection
from typing import Annotated

import typer

from ..context import Context
from ..flows.pair import Paired
from ..flows.pair import pair as flow
from ..outcome import ToolError
from ..vault.vault import Vault
from . import completing
from .progress import working
from .running import Json, of, print_json, run
from .two import the_two


def pair(
    context: typer.Context,
    holster: Annotated[
        str | None, typer.Argument(help="The holster's unit, by serial or name", autocompletion=completing.serials)
    ] = None,
    camera: Annotated[
        str | None, typer.Argument(help="The camera's unit, by serial or name", autocompletion=completing.serials)
    ] = None,
    rekey: Annotated[bool, typer.Option("--rekey", help="Give a pair that exists a new key")] = False,
    spare: Annotated[
        bool | None,
        typer.Option(
            "--spare/--paired", help="A spare counts only while it is assigned [default: as it is, else paired]"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a holster and a camera an officer's pair: the camera follows that weapon and answers for it.

    Both units must be set up and invite (docked, or their buttons held). The key is written to the holster first, then
    to the camera; with --rekey the old key works until the camera has the new one. Broken off at any point, run it
    again: it finds out how far it came. Run on a finished pair, it checks both and repairs what differs.

    Without HOLSTER and CAMERA the ones in range that are in no pair yet are taken, or those of one pair; several give a
    menu. Only a unit that you name gets a second partner.

    A --spare pair is made for shifts: it counts only while interlock assign has bound the two. A unit is in seven pairs
    at most.

    Examples:

    - `interlock pair`: the one holster and the one camera on the desk
    - `interlock pair H1 C1`
    - `interlock pair H1 C2 --spare`: for shifts

    Next: `interlock status H1`; draw the weapon, and see that the camera starts.

    JSON: {holster, camera, spare, rekeyed, visits, already}; visits: units that were changed, in order.
    """
    done = run(_pair(of(context), holster, camera, rekey, spare, as_json))
    if as_json:
        print_json(done)
    elif done.already:
        print(f"{done.holster} and {done.camera} are a {_kind(done)} already, and both units hold the key.")
    else:
        print(f"{done.holster} and {done.camera} are a {_kind(done)}{' with a new key' if done.rekeyed else ''}.")


def _kind(done: Paired) -> str:
    return "spare pair" if done.spare else "pair"


async def _pair(
    context: Context, holster: str | None, camera: str | None, rekey: bool, spare: bool | None, quiet: bool
) -> Paired:
    async with context.bench() as bench:
        vault = bench.vault
        vault.check_own("authority to pair units")

        def is_alone(serial: str, _: Collection[str]) -> bool:
            return all(serial not in (pair.holster, pair.camera) for pair in vault.pairs())

        both = await the_two(bench, holster, camera, "pair HOLSTER CAMERA", is_alone, quiet)
        _check_meant(vault, both, holster, camera)
        with working(f"{' and '.join(both)}: bringing the key", quiet=quiet):
            return await flow(bench, *both, rekey, spare)


def _check_meant(vault: Vault, both: tuple[str, str], holster: str | None, camera: str | None) -> None:
    """ToolError when one that nobody named would get another partner beside those that it has."""
    if vault.pair(*both) is not None:
        return
    for serial, named in zip(both, (holster, camera), strict=True):
        pairs = [(pair.holster, pair.camera) for pair in vault.pairs()]
        partners = [unit for pair in pairs if serial in pair for unit in pair if unit != serial]
        if named is None and partners:
            raise ToolError(
                f"{serial} is in a pair with {', '.join(partners)} already, and was not named",
                f"If it is to have another one beside: interlock pair {' '.join(both)}",
            )
