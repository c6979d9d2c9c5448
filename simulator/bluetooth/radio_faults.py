"""A board's Bluetooth stack gone wrong, between firmware and radio: the same for either fidelity.

Faults that ports are known for: calls refused for want of buffers, a scan that goes on and hears nothing, events that
make the handler raise (their data are missing, which stands in for memory that runs out in it). Some of them end only
when something is started anew: the scan, the stack, or the unit.
"""

import errno

from .broadcast import IRQ_SCAN_RESULT

_NEED_BUFFERS = ("gap_advertise", "gap_scan", "gatts_notify", "gatts_indicate", "gattc_write")
_STOPPABLE = ("gap_advertise", "gap_scan")
SCAN, STACK, UNIT = "scan", "stack", "unit"


class RadioFaults:
    """`refusing`: how many causes there are now for the stack to be out of buffers; `refused`: calls so far."""

    def __init__(self) -> None:
        self.refusing = 0
        self.refused = 0
        self._failing = 0
        self._deaf_until: str | None = None
        self._wedged_until: str | None = None

    def stall_scan(self, cure: str) -> None:
        """The scan hears nothing from now on, until `cure` is started anew."""
        self._deaf_until = cure

    def wedge(self, cure: str) -> None:
        """The stack refuses whatever it is asked, until it (STACK) or the unit (UNIT) is started anew; in the second
        case, to be started anew as well."""
        self._wedged_until = cure

    def restarted(self) -> None:
        """The unit was reset, or lost its power."""
        self._deaf_until = self._wedged_until = None

    def fail_handler(self, count: int) -> None:
        """So many of the next scan results come without their data."""
        self._failing = count

    def before_call(self, op: str, args: tuple[object, ...]) -> None:
        """The firmware calls; OSError where that is refused."""
        stops = op in _STOPPABLE and args[0] is None
        if op == "active" or args[:1] == ("active",):
            self._switched(args[-1])
        elif (self.refusing or self._wedged_until) and op in _NEED_BUFFERS and not stops:
            self.refused += 1
            raise OSError(errno.ENOMEM, "the stack is out of buffers")
        elif op == "gap_scan" and not stops and self._deaf_until == SCAN:
            self._deaf_until = None

    def _switched(self, wanted: object) -> None:
        """`active` is called: with this, None when it only asks."""
        if wanted is None:
            return
        if self._wedged_until == UNIT:
            raise OSError(errno.ETIMEDOUT, "the stack does not answer")
        self._wedged_until = None
        if self._deaf_until == STACK:
            self._deaf_until = None

    def on_event(self, event: int, data: tuple[object, ...]) -> tuple[object, ...] | None:
        """What the firmware gets of an event's data; None: it never hears of it."""
        if event != IRQ_SCAN_RESULT:
            return data
        if self._deaf_until:
            return None
        if self._failing:
            self._failing -= 1
            return ()
        return data
