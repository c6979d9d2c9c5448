"""`interlock pair HOLSTER CAMERA`: let a camera follow a holster."""

from typing import Annotated

import typer

from ..context import Context
from ..flows.pair import Paired
from ..flows.pair import pair as flow
from .running import Json, of, print_json, run


def pair(
    context: typer.Context,
    holster: Annotated[str, typer.Argument(help="Serial of the holster's unit")],
    camera: Annotated[str, typer.Argument(help="Serial of the camera's unit")],
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

    A --spare pair is made for shifts: it counts only while interlock assign has bound the two. A unit is in seven pairs
    at most.

    JSON: {holster, camera, spare, rekeyed, visits, already}; visits: units that were changed, in order.
    """
    done = run(_pair(of(context), holster, camera, rekey, spare))
    if as_json:
        print_json(done)
    elif done.already:
        print(f"{holster} and {camera} are a {_kind(done)} already, and both units hold the key.")
    else:
        print(f"{holster} and {camera} are a {_kind(done)}{' with a new key' if done.rekeyed else ''}.")


def _kind(done: Paired) -> str:
    return "spare pair" if done.spare else "pair"


async def _pair(context: Context, holster: str, camera: str, rekey: bool, spare: bool | None) -> Paired:
    async with context.bench() as bench:
        return await flow(bench, holster, camera, rekey, spare)
