"""The holster's seat sensor: two contacts that must disagree with each other (antivalent), one closing, one opening.

A broken wire or a stuck reed then shows as two contacts that agree. The weapon counts as seated only while both say
so: a doubtful sensor errs towards a draw.
"""

from ..core.ticks import ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .contact import Contact


class Seat:
    """`closes`: Contact that is on while seated; `opens`: Contact that is on while out."""

    def __init__(self, closes: "Contact", opens: "Contact", fault_ms: int) -> None:
        self.contacts = (closes, opens)
        self._fault_ms = fault_ms
        self.seated = self._read()
        self.edge_at = closes.edge_at
        self.faulty = False
        self.disagree_at: int | None = None  # tick at which a disagreement becomes a fault

    def _read(self) -> bool:
        closes, opens = self.contacts
        return closes.on and not opens.on

    def take(self, now: int) -> int:
        """0: nothing; 1: `seated` changed; 2: it left and is back. `edge_at` is the tick of the first edge.

        Allocates nothing: between an edge and its frame the heap may be locked."""
        closes, opens = self.contacts
        first = closes.take()
        second = opens.take()
        if not first and not second:
            return 0
        self.edge_at = closes.edge_at if first else opens.edge_at
        before = self.seated
        self.seated = self._read()
        agree = closes.on == opens.on
        if not agree:
            self.disagree_at = None
            self.faulty = False
        elif self.disagree_at is None and not self.faulty:
            self.disagree_at = ticks_add(now, self._fault_ms)
        if before != self.seated:
            return 1
        return 2 if self.seated else 0

    def expire(self) -> None:
        """The fault time is over and the contacts still agree: from now on the sensor is faulty."""
        self.disagree_at = None
        self.faulty = True
