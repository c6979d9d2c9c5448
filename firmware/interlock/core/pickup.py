"""The discharge pick-up: which of its pulses are a discharge. Pure.

It senses the weapon's own pulses (by a coil, or a spark's light or sound) with a comparator and a monostable, which
makes each at least 8 ms long: the ports poll every 5 ms, and what their interrupts tell is some milliseconds late. A
conducted energy weapon gives some 19 pulses a second, each of 105 to 155 us, for five seconds or as long as the trigger
is held (D. Zipes, Circulation 125, 2012, of the X26; other models have other rates).

The first edge counts at once: no frame waits for a second pulse. The pulses of one trigger pull are one discharge,
however long it is held: the holster machine sees to that. What confirms it comes later: PULSES within QUALIFY_MS, with
no more edges than pulses have; as long as they go on there are LATEST_MS for it. The length of a pulse says nothing,
since the monostable makes it. A discharge that is not confirmed was a spike, or one that the pick-up hardly heard: it
stays a discharge, and a record says so.

A line that cannot be believed (on for long, chattering, several unconfirmed discharges, more of them than anybody
fires) is still listened to, but a discharge must then be confirmed before it counts; so must one among pulses that
follow an unconfirmed one without a pause. How many pulses were none is counted.
"""

from .bucket import Bucket
from .ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

QUALIFY_MS = 500
LATEST_MS = 2000
PULSES = 7  # at 19 a second, 10 come in that time
EDGES = 4  # of a pulse that bounces once
STUCK_MS = 1000
WINDOW_MS = 1000
EDGES_MAX = 200  # in a window: 44 pulses of two weapons' rate, each bouncing once, are 176
WINDOWS = 2  # so many noisy ones in a row
QUIET_MS = 60000
DOUBTFUL = 3  # unconfirmed ones, and then one in REFILL_MS
REFILL_MS = 600000
DISCHARGES = 10  # and then one in APART_MS
APART_MS = 10000
GAP_MS = 200  # between two pulses of one discharge
TRAIN_MS = 60000  # pulses that go on for longer are no trigger that is held


class Pickup:
    """`line`: a Contact. `faulty`: what it says must be confirmed first; `stuck`: since it stays on, else since it
    chatters; `held_back`: how many pulses were no discharge, modulo 2^16."""

    def __init__(self, line: "Any", now: int) -> None:
        self.line = line
        self.faulty = self.stuck = False
        self.held_back = 0
        self.qualify_at: int | None = None  # of the last discharge that began
        self._discharge = 0
        self._confirmed = False
        self._slow = False  # the pulses that come now follow an unconfirmed discharge
        self.edge_at = self._on_at = self._train_at = self._begun_at = now
        self._pulses = 0  # since `_counted_at`
        self._counted_at = now
        self._counted_edges = self._edges = line.edges
        self._heard_until: int | None = None  # of a faulty line: a confirmed discharge goes on
        self._window_at = self._moved_at = now
        self._noisy = 0
        self._doubts = Bucket(DOUBTFUL, REFILL_MS, now)
        self._discharges = Bucket(DISCHARGES, APART_MS, now)

    def take(self, now: int) -> bool:
        """Whether a pulse begins that is to be believed, or several did, at `edge_at`. Allocates nothing."""
        line = self.line
        changes = line.take()
        if not changes or (changes == 1 and not line.on):
            return False
        gap_ms = ticks_diff(line.edge_at, self._on_at)
        if gap_ms > QUALIFY_MS:
            self._train_at = now
            self._slow = False
        if gap_ms > GAP_MS:
            self._heard_until = None
        self._on_at = line.edge_at
        if ticks_diff(now, self._counted_at) > QUALIFY_MS:
            self._count_from(now)
        self._pulses += 1
        edges = (line.edges - self._counted_edges) & 0xFFFF
        doubted = self.faulty or self._slow
        if self._pulses >= PULSES and edges <= EDGES * self._pulses:
            self._confirmed = True
            goes_on = self._heard_until is not None
            if goes_on or (doubted and self._discharges.take(now)):
                self._heard_until = ticks_add(now, 2 * QUALIFY_MS)
                self.edge_at = line.edge_at if goes_on else self._counted_at
                return True
        if not doubted or self._heard_until is not None:
            self.edge_at = line.edge_at
            return True
        self.held_back = (self.held_back + 1) & 0xFFFF
        return False

    def _count_from(self, now: int) -> None:
        self._counted_at = now
        self._pulses = 0
        self._counted_edges = (self.line.edges - 1) & 0xFFFF  # the edge that was just taken

    def begun(self, now: int, discharge: int) -> int:
        """The pulse that was taken began this discharge of the use. The one before it, if it stays unconfirmed as its
        time was not over yet, or 0."""
        sure = self.faulty or self._slow  # it was confirmed before it counted
        doubted = 0 if self.qualify_at is None else self._doubted(now)
        self._discharge = discharge
        self._begun_at = now
        if not sure:
            self._confirmed = False
            self._count_from(now)
            self._pulses = 1
            self.qualify_at = ticks_add(now, QUALIFY_MS)
            if not self._discharges.take(now):
                self._fail(now, False)
        return doubted

    def _doubted(self, now: int) -> int:
        self.qualify_at = None
        if self._confirmed:
            return 0
        if not self._doubts.take(now) and not self.faulty:
            self._fail(now, False)
        return self._discharge

    def _fail(self, now: int, stuck: bool) -> None:
        self.faulty, self.stuck = True, stuck
        self._heard_until = None
        self._moved_at = self._train_at = now
        self._count_from(now)

    def tick(self, now: int) -> int:
        """Once a turn. The last discharge, if it is found to be unconfirmed, or 0."""
        line = self.line
        lasts = line.on and ticks_diff(now, self._on_at) >= STUCK_MS
        if ticks_diff(now, self._window_at) >= WINDOW_MS:
            edges = (line.edges - self._edges) & 0xFFFF
            self._noisy = self._noisy + 1 if edges > EDGES_MAX else 0
            self._edges, self._window_at = line.edges, now
            if edges or line.on:
                self._moved_at = now
            else:
                # Quiet for a window: what was before is over, and its ticks may not be compared for ever.
                self._on_at = self._train_at = self._counted_at = ticks_add(now, -WINDOW_MS)
                self._slow = False
            self._doubts.refill(now)
            self._discharges.refill(now)
        if is_due(self._heard_until, now):
            self._heard_until = None
        endless = ticks_diff(self._on_at, self._train_at) >= TRAIN_MS
        if self.faulty and not endless:
            if not line.on and ticks_diff(now, self._moved_at) >= QUIET_MS:
                self.faulty = False
        elif lasts or endless or self._noisy >= WINDOWS:
            self._fail(now, bool(lasts))
        if not is_due(self.qualify_at, now):
            return 0
        goes_on = ticks_diff(now, self._on_at) < QUALIFY_MS and ticks_diff(now, self._begun_at) < LATEST_MS
        if goes_on and not self._confirmed:
            self.qualify_at = ticks_add(now, QUALIFY_MS)
            return 0
        doubted = self._doubted(now)
        self._slow = doubted > 0
        return doubted
