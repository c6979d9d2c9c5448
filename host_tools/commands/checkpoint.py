"""`interlock checkpoint [SERIAL]`: let a unit sign its journal's end now."""

import typer

from ..context import Context
from ..flows import pull as flow
from ..flows.pull import Pulled
from ..outcome import Exit
from .pull import leave, progress, show
from .running import Json, Serials, end, of, print_json, run, the_unit


def checkpoint(context: typer.Context, serials: Serials = None, as_json: Json = False) -> None:
    """Pull a unit's journal and let the unit sign its end, at any time. Needs the force's vault.

    A checkpoint proves to anybody who has the unit's public key that all records before it were there, as they are: to
    be had before a unit leaves the house, or after an incident. interlock pull asks for one a day by itself. A key has
    32 or 1024 signatures in all; what is left is told. Without SERIAL the one own unit in range is asked.

    Examples:

    - `interlock checkpoint`: the one own unit in range
    - `interlock checkpoint H1`: before it leaves the house

    Next: `interlock export H1 --checkpoints DIR` takes the signatures out, for anybody to check.

    Exit codes and JSON are those of interlock pull, and 3 where the unit signed nothing: without a key, or while it
    makes one.
    """
    done = run(_checkpoint(of(context), serials, as_json))
    if as_json:
        print_json(done)
    else:
        show(done)
    leave(done)
    if any(unit.checkpoint is None or unit.checkpoint.outcome != "signed" for unit in done):
        end(Exit.DEVICE)


async def _checkpoint(context: Context, serials: list[str] | None, quiet: bool) -> tuple[Pulled, ...]:
    async with context.bench() as bench:
        chosen = await the_unit(bench, serials, "checkpoint", quiet)
        with progress(quiet, chosen) as report:
            return await flow.pull(bench, chosen, report, as_admin=True)
