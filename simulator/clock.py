"""Virtual time for asyncio: timers fire at once, nothing sleeps, and every instant is a whole microsecond.

Not a clock model of any board: drift and tick wrap belong to the boards. Everything in one world (the air, the boards,
the scenario) lives on one `VirtualLoop`.
"""

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

US_PER_S = 1_000_000
# A timer set by adding floats may lie this much past its microsecond; it still belongs to it (unit: microseconds).
_ROUNDING_US = 0.01


class VirtualTimeDeadlock(RuntimeError):
    """Everybody waits and nobody will ever act: no timer is set, so virtual time cannot go on."""


class _SkippingSelector(selectors.DefaultSelector):
    """Where the loop would sleep, virtual time moves on instead. File descriptors that are ready are still served."""

    now_us = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise VirtualTimeDeadlock(
                f"virtual time stands still at {self.now_us} us: every task waits and no timer is set. "
                "Give the wait a timeout, or start what should wake it."
            )
        # At least one: a timer nearer than a float can tell from now must not hold the world for ever.
        self.now_us += max(1, math.ceil(timeout * US_PER_S - _ROUNDING_US))
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose `time()` starts at 0 s and moves only from timer to timer."""

    def __init__(self) -> None:
        self._virtual = _SkippingSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual.now_us / US_PER_S


def now_us(loop: asyncio.AbstractEventLoop) -> int:
    """The loop's time in whole microseconds."""
    return round(loop.time() * US_PER_S)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a new `VirtualLoop`; what it left running is cancelled.

    Raises `VirtualTimeDeadlock` when nothing can happen any more.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
