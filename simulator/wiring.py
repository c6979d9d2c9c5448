"""Where a virtual board's pins lead: the firmware's own data of the board that a profile plays."""

import copy
import importlib
from functools import cache

from interlock.boards import Board

from .profiles import profile


@cache
def wiring(name: str) -> Board:
    """The Board of the profile called `name`, each pin by the name that the virtual board knows it by (the firmware may
    use another one, as D1 for A2). ValueError when there is no such profile."""
    port = profile(name)
    board: Board = copy.copy(importlib.import_module(f"interlock.boards.{port.board}").BOARD)
    names = port.pin_names
    board.pins = {signal: names.get(pin, pin) if isinstance(pin, str) else pin for signal, pin in board.pins.items()}
    return board
