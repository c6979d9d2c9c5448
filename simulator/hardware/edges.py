"""Edges of pins on their way to the processor: what it does not hear, and what collapses while it does not listen."""

from collections.abc import Callable

from ..profiles import Pin


class EdgeGate:
    """`deliver(pin, edges)` gets each edge as it comes; while anybody holds interrupts off, those of one pin collapse
    into one, which comes when the last lets go (a pending bit per pin, as the hardware has it).
    """

    def __init__(self, deliver: Callable[[Pin, int], None]) -> None:
        self._deliver = deliver
        self._holders: list[str] = []
        self._latched: dict[Pin, int] = {}
        self.is_deaf = False
        """Whether edges pass unseen."""

    def edge(self, pin: Pin, edge: int) -> None:
        if self.is_deaf:
            return
        if self._holders:
            self._latched[pin] = self._latched.get(pin, 0) | edge
        else:
            self._deliver(pin, edge)

    def hold(self, who: str) -> None:
        """`who` has interrupts off. Once is enough."""
        if who not in self._holders:
            self._holders.append(who)

    def release(self, who: str) -> None:
        """`who` has them on again."""
        if who in self._holders:
            self._holders.remove(who)
        if not self._holders:
            latched, self._latched = self._latched, {}
            for pin, edges in latched.items():
                self._deliver(pin, edges)

    def reset(self) -> None:
        """As after power-up."""
        self._holders.clear()
        self._latched.clear()
        self.is_deaf = False
