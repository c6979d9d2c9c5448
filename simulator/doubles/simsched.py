"""`micropython` of a board: the VM's own, but `schedule` queues where the doubles' handlers queue.

Put into `sys.modules` by `simboot.py`. Source: py/scheduler.c; MICROPY_SCHEDULER_DEPTH is 8 on every port. The main
program sees its function run at once; a handler sees it queued behind itself, and RuntimeError when eight wait. (The
VM's own `schedule` would run it inside the handler.) Edges and alarms that the world still holds are counted apart.
"""

import sys

import micropython
import simrt
from micropython import const

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_DEPTH = const(8)


def _run(data: "tuple[Callable[[Any], None], Any]") -> None:
    function, argument = data
    try:
        function(argument)
    except Exception as e:  # noqa: BLE001  # as the ports do
        sys.print_exception(e)


class Micropython:
    """The module: what is not here is the built-in's."""

    def __init__(self) -> None:
        for name in dir(micropython):
            if not name.startswith("__") and name != "schedule":
                setattr(self, name, getattr(micropython, name))

    def schedule(self, function: "Callable[[Any], None]", argument: "Any") -> None:
        depth = simrt.open_heap()
        try:
            if not simrt.enqueue("schedule", (function, argument), _DEPTH):
                raise RuntimeError("schedule queue full")
        finally:
            simrt.close_heap(depth)
        simrt.dispatch()

    def alloc_emergency_exception_buf(self, size: int) -> None:
        """The ports have it, the VM has not; nothing here runs short of memory for an exception."""


simrt.on("schedule", _run)
module = Micropython()
