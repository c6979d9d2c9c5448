"""The holster's seat sensor: two contacts that must disagree with each other (antivalent), one closing, one opening.

A broken wire or a stuck reed then shows as two contacts that agree. The weapon counts as seated only while both say
so: a doubtful sensor errs towards a draw. A contact that goes on and on making draws of which the other knows nothing
is noisy, until it is quiet: the other may be dead, so a draw of one contact alone is one even then, but only once it
has lasted HELD_MS. What was shorter is counted: or one wet reed would fill the journal and start the group's cameras
for ever. A draw that both see is one at once.
"""

from ..core.bucket import Bucket
from ..core.ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .contact import Contact


HALF_DRAWS = 6  # in a row, and then one in
REFILL_MS = 60000
APART_MS = 1000  # what comes closer together is one contact's bounce
HELD_MS = 300


class Seat:
    """`closes`: Contact that is on while seated; `opens`: Contact that is on while out. `noisy`: see above;
    `held_back`: how many draws of one contact were none, modulo 2^16."""

    def __init__(self, closes: "Contact", opens: "Contact", fault_ms: int) -> None:
        self.contacts = (closes, opens)
        self._fault_ms = fault_ms
        self.noisy = False
        self.held_back = 0
        self.left_at: int | None = None  # tick at which what one contact says is a draw
        self._half = False  # it left, as only one contact says
        self._half_draws = Bucket(HALF_DRAWS, REFILL_MS, closes.edge_at)
        self._counted_at = ticks_add(closes.edge_at, -APART_MS)
        self.seated = closes.on and not opens.on
        self.edge_at = closes.edge_at
        self.faulty = False
        self.disagree_at: int | None = None  # tick at which a disagreement becomes a fault

    def take(self, now: int) -> int:
        """0: nothing; 1: `seated` changed; 2: it left and is back. `edge_at` is the tick of the first edge.

        Allocates nothing: between an edge and its frame the heap may be locked."""
        closes, opens = self.contacts
        first = closes.take()
        second = opens.take()
        self._half_draws.refill(now)  # at every turn: its ticks compare over some days only
        if self.noisy:
            self.noisy = not self._half_draws.is_full()
        if not first and not second:
            return self._left(True) if is_due(self.left_at, now) else 0
        if self.left_at is None:
            self.edge_at = closes.edge_at if first else opens.edge_at
        before = self.seated
        seated = closes.on and not opens.on
        agree = closes.on == opens.on
        if not agree:
            self.disagree_at = None
            self.faulty = False
        elif self.disagree_at is None and not self.faulty:
            self.disagree_at = ticks_add(now, self._fault_ms)
        if not seated:
            if not before:
                self._half = self._half and agree  # once both have seen it out, it was a draw, whatever comes then
                return 0
            if not agree or not self.noisy or is_due(self.left_at, now):
                return self._left(agree)
            if self.left_at is None:
                self.left_at = ticks_add(now, HELD_MS)
            return 0
        self.left_at = None
        half = not (first and second) if before else self._half
        self._half = False
        self.seated = True
        was_noisy = self.noisy
        if half and not 0 <= ticks_diff(now, self._counted_at) < APART_MS:
            self._counted_at = now
            self.noisy = not self._half_draws.take(now) or was_noisy
        if not before:
            return 1
        if half and was_noisy:
            self.held_back = (self.held_back + 1) & 0xFFFF
            return 0
        return 2

    def _left(self, half: bool) -> int:
        self.left_at = None
        self._half = half
        self.seated = False
        return 1

    def expire(self) -> None:
        """The fault time is over and the contacts still agree: from now on the sensor is faulty."""
        self.disagree_at = None
        self.faulty = True
