"""The dock's contact: a unit counts as docked once the contact has held, and as taken out at once.

A dock that makes half contact would else put the unit away and on duty several times a second, two records each time,
and its radio would change its address as often. The other way round there is no wait: a draw right out of the dock is
one.
"""

from ..core.ticks import is_due, ticks_add, ticks_diff
from .contact import Contact

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.needs import Clock

HOLD_MS = 300  # without an edge
HOLD_MAX_MS = 38400
STAY_MS = 10000  # who leaves sooner was hardly put down: next time it must hold twice as long
QUIET_MS = 60000  # after its last edge it is not noisy any more


class Dock(Contact):
    """A Contact with another `take`. `noisy`: it left again and again soon after it had held."""

    def __init__(self, number: "int | str", active_low: bool, wake: "Callable[[], None]", ticks: "Clock") -> None:
        Contact.__init__(self, number, active_low, wake, ticks)
        self.hold_ms = HOLD_MS
        self._since = self.edge_at

    def take(self) -> int:
        """As `Contact.take`."""
        now = self._ticks()
        if self.noisy and ticks_diff(now, self._moved_at) >= QUIET_MS:
            self.noisy = False
        if self.on:
            return self._leave()
        is_held = self.settle_at is not None
        if is_held and not is_due(self.settle_at, now):
            return 0
        level, moved = self.read(), self._latched
        self._latched = False
        self.settle_at = None
        if not level:
            return 0
        if not is_held or moved:
            self.settle_at = ticks_add(now, self.hold_ms)
            return 0
        self.edge_at = self._since = now
        return self._changed(now, level)

    def _leave(self) -> int:
        changes = Contact.take(self)
        if changes:
            hasty = ticks_diff(self.edge_at, self._since) < STAY_MS
            self.hold_ms = min(2 * self.hold_ms, HOLD_MAX_MS) if hasty else HOLD_MS
            self.noisy = self.hold_ms >= 8 * HOLD_MS
            self._since = self.edge_at
        return changes
