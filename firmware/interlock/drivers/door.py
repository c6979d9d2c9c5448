"""The loop's one door: wait for a deadline, an event or a changed pin.

`rest(ms)` is how the port passes time: it may return early and returns at the latest after `ms` (None: no limit of
ours). On a board that is a short sleep, so contacts are polled even if an interrupt is lost (`poll_rest`); the
simulator returns at the very instant that something happened.
"""

import time

from ..core.ticks import ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from ..core.needs import Clock

    class Watched(Protocol):
        """A Contact, or what is looked at like one. `settle_at`: a tick at which it is to be looked at again."""

        @property
        def settle_at(self) -> int | None: ...

        def differs(self) -> bool:
            """Whether there is something to take."""

        def read(self) -> bool: ...


POLL_MS = 5


def poll_rest(ms: int | None) -> None:
    """Sleep at most POLL_MS: soft pin interrupts coalesce and get lost, levels do not."""
    time.sleep_ms(POLL_MS if ms is None or ms > POLL_MS else ms)


class Door:
    """`wake` is for handlers: allocation-free, safe in an interrupt."""

    def __init__(self, rest: "Callable[[int | None], None]", ticks: "Clock") -> None:
        self._rest = rest
        self._ticks = ticks
        self._woken = False

    def wake(self) -> None:
        self._woken = True

    def idle(self, deadline: int | None, contacts: "Iterable[Watched]") -> None:
        """Return at `deadline` (a tick, or None), on `wake`, or when a contact's level is not the one last taken."""
        while not self._woken:
            for contact in contacts:
                if contact.differs():
                    return
            left = None
            if deadline is not None:
                left = ticks_diff(deadline, self._ticks())
                if left <= 0:
                    return
            self._rest(left)
        self._woken = False
