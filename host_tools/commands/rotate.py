"""`interlock rotate [SERIAL ...]`: change the group's key while everybody stays in service."""

from typing import Annotated

import typer

from ..context import Context
from ..flows.rotate import Rotated
from ..flows.rotate import rotate as flow
from ..naming import serials_of
from .rounds import leave, show_failures, show_left_behind, show_missing, show_rotation, visiting
from .running import Json, Serials, of, print_json, run


def rotate(
    context: typer.Context,
    serials: Serials = None,
    leave_behind: Annotated[
        bool, typer.Option("--leave-behind", help="Do not wait for units that are not in range")
    ] = False,
    as_json: Json = False,
) -> None:
    """Change the group's key without taking a unit out of service; run again, it goes on where it is.

    Three steps: units learn the next key beside the present one; they send under it; they forget the one before. A step
    begins when every unit of the group confirmed the one before, so at every instant each takes what the others send.
    Each run visits the units in range (or those named), and takes as many steps as the missing ones allow. While
    something is left to do, no other rotation begins.

    A unit that was --leave-behind keeps its own partner, and is deaf and mute to the rest of the group until a later
    run reaches it. Revocation needs no rotate: interlock revoke begins one by itself, and both go on with it.

    Examples:

    - `interlock rotate`: begin, or go on, with the units in range
    - `interlock rotate H1 C1`: visit these two

    Next: run it again when those that it calls missing are in range.

    Exit codes: 0 done, or as far as the missing ones allow; 3 a unit that was to be visited was not.

    JSON: {begun, rotation: {epoch, step, lagging}, visits: [{serial, revision, what, step}], failures: [{serial,
    failure, advice}], missing}; step: accept, speak, settled; of a visit also null: its group key is as before.
    """
    done = run(_rotate(of(context), serials, leave_behind, as_json))
    if as_json:
        print_json(done)
    else:
        print(_said(done))
        show_rotation(done.rotation)
        if leave_behind:
            show_left_behind(done.rotation.lagging)
        show_failures(done.failures)
        show_missing(done.missing, "interlock rotate")
    leave(done.failures)


def _said(done: Rotated) -> str:
    if done.begun:
        return "A rotation begins, and is finished." if done.rotation.is_over else "A rotation begins."
    if done.rotation.is_over:
        return "Finished the rotation that was under way; no new one was begun."
    return "The rotation that is under way goes on; no new one begins before it is finished."


async def _rotate(context: Context, serials: list[str] | None, leave_behind: bool, as_json: bool) -> Rotated:
    async with context.bench() as bench:
        chosen = serials_of(bench.vault, serials) if serials else None
        with visiting(as_json) as report:
            return await flow(bench, chosen, leave_behind, report)
