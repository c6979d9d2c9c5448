"""`interlock mode SERIAL test|mute|normal`: let a holster unit enter a mode."""

from enum import StrEnum
from typing import Annotated

import typer

from ..context import Context
from ..flows.mode import ModeSet
from ..flows.mode import set_mode as flow
from ..naming import serial_of
from . import completing
from .progress import working
from .running import Json, of, print_json, run


class Mode(StrEnum):
    """`flows/mode.py`, MODES."""

    TEST = "test"
    MUTE = "mute"
    NORMAL = "normal"


def mode(
    context: typer.Context,
    serial: Annotated[
        str, typer.Argument(metavar="SERIAL", help="The holster's unit", autocompletion=completing.serials)
    ],
    wanted: Annotated[Mode, typer.Argument(metavar="test|mute|normal")],
    seconds: Annotated[
        int,
        typer.Option(min=0, max=0xFFFF, help="For so long, at most as the policy says", show_default="as long as that"),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Let a holster unit enter a mode for a while; a technician's credentials are enough.

    test: a bare draw is journalled and not aired, to try its sensors. mute: alerts are journalled and neither seen nor
    felt. normal: neither. Both end by themselves (policy: test_ms, mute_ms), and at once when the weapon is armed or
    fired. Entering and leaving are records.

    Examples:

    - `interlock mode H1 test --seconds 30`: draw it within 30 s, and see the journal
    - `interlock mode H1 normal`: at once as always

    Next: `interlock pull H1`, and `interlock report` lists what was tried.

    JSON: {serial, mode, flags}; flags: what the unit says of itself then.
    """
    done = run(_mode(of(context), serial, wanted.value, seconds, as_json))
    if as_json:
        print_json(done)
    else:
        print(f"{done.serial}: {done.mode}. It says: {', '.join(done.flags) or 'nothing out of the ordinary'}.")


async def _mode(context: Context, name: str, wanted: str, seconds: int, quiet: bool) -> ModeSet:
    async with context.bench() as bench:
        serial = serial_of(bench.vault, name)
        with working(f"{serial}: mode {wanted}", quiet=quiet):
            return await flow(bench, serial, wanted, seconds)
