"""`python -m simulator.terminal esp32_s3 --port /tmp/board`: a virtual board whose serial port is that path."""

import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from ..hardware.interpreter import VmError, find_vm, vm_version
from ..profiles import CHIPS, profile
from .board import Seat

_USAGE, _DEVICE = 2, 3
_NAP_S = 0.5  # not for ever: a signal that comes just before a sleep begins does not end it
BOARDS = {chip.board: name for name, chip in CHIPS.items()}
"""Board of the firmware: the profile that plays it."""


def main(
    board: Annotated[str, typer.Argument(metavar="BOARD", help=", ".join(sorted(BOARDS)))] = "esp32_s3",
    port: Annotated[Path, typer.Option(metavar="PATH", help="Where the serial port is to be")] = Path("board"),
    usb: Annotated[
        bool, typer.Option("--usb", help="A port that goes away with each reset, as a chip's own USB")
    ] = False,
    keep: Annotated[Path | None, typer.Option(metavar="FILE", help="Its flash, kept from one time to the next")] = None,
    seed: Annotated[int, typer.Option(help="All chance in its world")] = 1,
) -> None:
    """A board with blank flash and MicroPython on it, at a pseudo-terminal, at the pace of real time, until Ctrl-C.

    `mpremote connect PATH`, any terminal program and `interlock flash PATH` speak with it as with a real one.

    Exit codes: 0 Ctrl-C; 2 usage; 3 no usable MicroPython VM."""
    if board not in BOARDS:
        print(f"terminal: there is no board {board!r}; there are {', '.join(sorted(BOARDS))}", file=sys.stderr)
        raise typer.Exit(_USAGE)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        vm_version(find_vm())
        image = keep.read_bytes() if keep is not None and keep.exists() else None
        with Seat(port, profile(BOARDS[board]), is_usb=usb, seed=seed, flash=image) as seat:
            try:
                print(f"a board like {board} is at {port}; Ctrl-C ends it", file=sys.stderr, flush=True)
                while True:
                    time.sleep(_NAP_S)
            except KeyboardInterrupt:
                pass
            if keep is not None:
                keep.write_bytes(seat.do(lambda there: there.flash.image()))
    except (VmError, OSError, ValueError) as error:
        print(f"terminal: {error}", file=sys.stderr)
        raise typer.Exit(_DEVICE) from error


if __name__ == "__main__":
    typer.run(main)
