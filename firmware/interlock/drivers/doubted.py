"""A contact that people move: armed, button. One that moves more often than anybody could is noisy until it is quiet.

Its first closings count at once, like any contact's; an opening only once it was still open BOUNCE_MS later, or a loop
that looks just while a closing bounces would tell of two, and of an end in between. While it is noisy a change counts
only once it has held, or, of a button, not at all: else a loose wire would fill the journal and keep the group's
cameras running, or a wet button announce tests and cancel draws.
"""

from ..core.bucket import Bucket
from ..core.ticks import is_due, ticks_add, ticks_diff
from .contact import BOUNCE_MS, Contact

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.needs import Clock

CLOSINGS = 8  # in a row, and then one in
REFILL_MS = 7500
ON_HELD_MS = 300  # without an edge
OFF_HELD_MS = 2000
LOOK_MS = 1000


class Doubted(Contact):
    """A Contact with another `take`, which tells a pulse as on, and off later. `believes`: whether it is listened to at
    all while it is noisy. `held_back`: how many moves were none, modulo 2^16."""

    def __init__(
        self, number: "int | str", active_low: bool, wake: "Callable[[], None]", ticks: "Clock", believes: bool
    ) -> None:
        Contact.__init__(self, number, active_low, wake, ticks)
        self._believes = believes
        self._closings = Bucket(CLOSINGS, REFILL_MS, self.edge_at)
        self._is_waiting = False  # `settle_at` ends a time that it has to hold
        self._first_at = self.edge_at  # edge of what has to hold
        self._opened_at: int | None = None  # it is open, which may be a bounce until `settle_at`

    def take(self) -> int:
        """As `Contact.take`."""
        now = self._ticks()
        self._closings.refill(now)  # at every turn: its ticks compare over some days only
        if self.noisy and self._closings.is_full():
            self.noisy = self._is_waiting = False
            self.settle_at = None
        if self.noisy and (self._believes or not self.on):
            return self._take_held(now)
        moved = self._latched  # an edge was heard since the last look
        changes = Contact.take(self)
        if changes and not self.on:
            opened_at, self._opened_at = self._opened_at, None
            if opened_at is not None and not (moved and ticks_diff(self._moved_at, opened_at) > 2 * BOUNCE_MS):
                self.edge_at = opened_at
                self.settle_at = None
                changes = 1
            else:
                # Of a loop that looks late the edge may be another opening's.
                self._opened_at = self.edge_at if changes == 1 and opened_at is None else self._moved_at
                self.on = True
                changes -= 1
        elif self.settle_at is None:
            self._opened_at = None  # it is closed again
        if changes and self.on and not self._closings.take(now):
            self.noisy = True
            self.settle_at = self._opened_at = None
        return changes

    def _take_held(self, now: int) -> int:
        if self.settle_at is not None and not is_due(self.settle_at, now):
            return 0
        waited, self._is_waiting = self._is_waiting, False
        self.settle_at = None
        moved, self._latched = self._latched, False
        if waited and moved and ticks_diff(self._moved_at, self._first_at) <= BOUNCE_MS:
            moved = False  # that was the bounce of the edge that it waits for
        if moved:
            self._closings.take(now)
            self.held_back = (self.held_back + 1) & 0xFFFF
        level = self.read()
        if level == self.on:
            return 0
        if waited and not moved and self._believes:
            self.edge_at = self._first_at
            changes = self._changed(now, level)
            self.settle_at = None
            return changes
        self._is_waiting = True
        self._first_at = self._latched_at if moved else now
        self.settle_at = ticks_add(now, (OFF_HELD_MS if self.on else ON_HELD_MS) if self._believes else LOOK_MS)
        return 0
