"""`gc` of a board: the VM's own, but a threshold counts a board's bytes, and in a roomy heap a part of what is free.

Put into `sys.modules` by `simboot.py`. Objects of the VM are twice as large as a board's, whose words have 32 bits. Its
heap is mostly free (MicroPython's unix build: 2 MiB), so that nobody can tell whether 16 KiB or 160 of garbage wait to
be collected, while collecting as often as a board must takes more than half of all that a simulation computes. In a
heap that is made as small as a board's (`micropython -X heapsize=...`) it is collected as the firmware asks.
"""

import gc

from micropython import const

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

_BOARDS_BYTES = const(2)
_FREE_SHARE = const(8)


class Gc:
    """The module: what is not here is the built-in's."""

    def __init__(self) -> None:
        self._asked = -1
        for name in dir(gc):
            if not name.startswith("__") and name != "threshold":
                setattr(self, name, getattr(gc, name))

    def threshold(self, amount: "Any" = None) -> "Any":
        if amount is None:
            return self._asked
        self._asked = amount
        gc.threshold(amount if amount < 0 else max(_BOARDS_BYTES * amount, gc.mem_free() // _FREE_SHARE))
        return None


module = Gc()
