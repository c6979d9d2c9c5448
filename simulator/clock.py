"""Virtual time for asyncio: it moves from timer to timer, at once or at the pace of real time, in whole microseconds.

Not a clock model of any board: drift and tick wrap belong to the boards. Everything in one world (the air, the boards,
the scenario) lives on one `VirtualLoop`, or, for people to look at and join in, on one `PacedLoop`.
"""

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Coroutine
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
        # With only the loop's own wake-up pipe there is nothing to serve: a signal's work is queued beside it.
        ready = super().select(0) if len(self.get_map()) > 1 or timeout is None else []
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise VirtualTimeDeadlock(
                f"virtual time stands still at {self.now_us} us: every task waits and no timer is set. "
                "Give the wait a timeout, or start what should wake it."
            )
        self.now_us = self._timer_us(timeout)
        return ready

    def _timer_us(self, timeout_s: float) -> int:
        """The instant of a timer that the loop says is so far away."""
        # At least one: a timer nearer than a float can tell from now must not hold the world for ever.
        return self.now_us + max(1, math.ceil(timeout_s * US_PER_S - _ROUNDING_US))


class _PacedSelector(_SkippingSelector):
    """Sleeps until real time has come to where virtual time goes next; a file descriptor wakes it earlier.

    Timers still fire at their exact microsecond. Where computing takes longer than the world leaves for it, virtual
    time lags behind and catches up timer by timer: it never jumps over one, and is never ahead of real time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._began_s = time.monotonic()

    def _real_us(self) -> int:
        return math.floor((time.monotonic() - self._began_s) * US_PER_S)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # The selector under the skipping one: here it may sleep.
        plain_select = super(_SkippingSelector, self).select
        if timeout == 0:
            return plain_select(0)
        timer_us = None if timeout is None else self._timer_us(timeout)
        while True:
            sleep_s = None if timer_us is None else max(0, timer_us - self._real_us()) / US_PER_S
            ready = plain_select(sleep_s)
            real_us = self._real_us()
            if timer_us is not None and real_us >= timer_us:
                self.now_us = timer_us
                return ready
            if ready:
                self.now_us = max(self.now_us, real_us)
                return ready


class _HeldSelector(_SkippingSelector):
    """Skips like the other, but sleeps for file descriptors while `is_held` says so, or nothing else is left."""

    def __init__(self, is_held: Callable[[], bool]) -> None:
        super().__init__()
        self._is_held = is_held

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or (timeout > 0 and self._is_held()):
            return super(_SkippingSelector, self).select(None)
        return super().select(timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose `time()` starts at 0 s and moves only from timer to timer, without sleeping."""

    def __init__(self) -> None:
        self._virtual = self._make_selector()
        super().__init__(self._virtual)

    def _make_selector(self) -> _SkippingSelector:
        return _SkippingSelector()

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual.now_us / US_PER_S


class PacedLoop(VirtualLoop):
    """A `VirtualLoop` at the pace of real time: for a world that others reach from outside, by sockets.

    With nothing to do and no timer set it waits for them; there is no deadlock here.
    """

    def _make_selector(self) -> _SkippingSelector:
        return _PacedSelector()


class HeldLoop(VirtualLoop):
    """A `VirtualLoop` that stands still while `is_held()`: for programs outside whose turn it is to act, by sockets.

    With nothing to do and no timer set it waits for them; there is no deadlock here, either.
    """

    def __init__(self, is_held: Callable[[], bool]) -> None:
        self._is_held = is_held
        super().__init__()

    def _make_selector(self) -> _SkippingSelector:
        return _HeldSelector(self._is_held)


def now_us(loop: asyncio.AbstractEventLoop) -> int:
    """The loop's time in whole microseconds."""
    return round(loop.time() * US_PER_S)


def run(main: Coroutine[Any, Any, T], *, paced: bool = False) -> T:
    """Run `main` to its end on a new `VirtualLoop`, or `PacedLoop`; what it left running is cancelled.

    Raises `VirtualTimeDeadlock` when nothing can happen any more (not where paced), and KeyboardInterrupt after SIGINT
    has cancelled `main`, as `asyncio.run` does.
    """
    with asyncio.Runner(loop_factory=PacedLoop if paced else VirtualLoop) as runner:
        return runner.run(main)
