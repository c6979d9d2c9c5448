"""A board's Bluetooth stack gone wrong, between firmware and radio: the same for either fidelity.

Three faults that ports are known for: calls refused for want of buffers, a scan that goes on and hears nothing, events
that make the handler raise (their data are missing, which stands in for memory that runs out in it).
"""

import errno

from .broadcast import IRQ_SCAN_RESULT

_NEED_BUFFERS = ("gap_advertise", "gap_scan", "gatts_notify", "gatts_indicate", "gattc_write")
_STOPPABLE = ("gap_advertise", "gap_scan")


class RadioFaults:
    """`refusing`: how many causes there are now for the stack to be out of buffers; `refused`: calls so far."""

    def __init__(self) -> None:
        self.refusing = 0
        self.refused = 0
        self._failing = 0
        self._is_scan_dead = False

    def stall_scan(self) -> None:
        """The scan hears nothing from now on, until it is started anew."""
        self._is_scan_dead = True

    def fail_handler(self, count: int) -> None:
        """So many of the next scan results come without their data."""
        self._failing = count

    def before_call(self, op: str, args: tuple[object, ...]) -> None:
        """The firmware calls; OSError where that is refused."""
        stops = op in _STOPPABLE and args[0] is None
        if self.refusing and op in _NEED_BUFFERS and not stops:
            self.refused += 1
            raise OSError(errno.ENOMEM, "the stack is out of buffers")
        if op == "gap_scan" and not stops:
            self._is_scan_dead = False

    def on_event(self, event: int, data: tuple[object, ...]) -> tuple[object, ...] | None:
        """What the firmware gets of an event's data; None: it never hears of it."""
        if event != IRQ_SCAN_RESULT:
            return data
        if self._is_scan_dead:
            return None
        if self._failing:
            self._failing -= 1
            return ()
        return data
