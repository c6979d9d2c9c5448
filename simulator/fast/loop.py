"""An asyncio loop that has nothing but time: no file descriptors, no threads, no signals of its own.

Time is that of `clock.VirtualLoop`: whole microseconds from 0, from timer to timer, without sleeping. Timers of one
instant fire in the order in which they were set, which `VirtualLoop` does not promise. It serves a world in which
everybody lives in this process; sockets, subprocesses and executors are not there (NotImplementedError).
"""

import asyncio
import heapq
import logging
import math
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from ..clock import US_PER_S, VirtualTimeDeadlock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_LOG = logging.getLogger("asyncio")

# As in clock.py: a timer set by adding floats may lie so much past its microsecond and still belongs to it.
_ROUNDING_US = 0.01
_CANCELLED_MAX = 1000  # from so many on, cancelled timers are swept out when they are the majority


class _Call(asyncio.TimerHandle):
    """A callback at an instant. Without the base's record of where it was made, which costs more than the call."""

    __slots__ = ("_run_in", "at_us", "call", "given", "is_cancelled", "loop")

    def __init__(
        self, at_us: int, call: Callable[..., object], given: tuple[Any, ...], run_in: Context | None, loop: "FastLoop"
    ) -> None:
        self.at_us = at_us
        self.call = call
        self.given = given
        self.loop = loop
        self.is_cancelled = False
        self._run_in = run_in

    def cancel(self) -> None:
        if not self.is_cancelled:
            self.is_cancelled = True
            self.call, self.given = _nothing, ()
            self.loop.one_cancelled()

    def cancelled(self) -> bool:
        return self.is_cancelled

    def when(self) -> float:
        return self.at_us / US_PER_S

    def run(self) -> None:
        try:
            if self._run_in is None:
                self.call(*self.given)
            else:
                self._run_in.run(self.call, *self.given)
        except Exception as error:  # noqa: BLE001  # kept for the loop, which ends with it
            self.loop.failure = error


def _nothing() -> None:
    """What a cancelled timer would do."""


class FastLoop(asyncio.AbstractEventLoop):
    """For `asyncio.Runner(loop_factory=FastLoop)`. An exception in a callback is raised out of the loop at once: a
    world with a hole in it is not played to its end."""

    def __init__(self) -> None:
        self.now_us = 0
        self._timers: list[tuple[int, int, _Call]] = []
        self._ready: deque[_Call] = deque()
        self._count = 0
        self._cancelled = 0
        self._is_running = self._is_stopping = self._is_closed = False
        self.failure: Exception | None = None
        """What a callback raised."""

    # Time and what happens in it.

    def time(self) -> float:
        return self.now_us / US_PER_S

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at_us(math.ceil(when * US_PER_S - _ROUNDING_US), callback, *args, context=context)

    def call_at_us(
        self, at_us: int, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """`call_at` in microseconds. An instant that is past means now."""
        handle = _Call(at_us, callback, args, context, self)
        self._count += 1
        heapq.heappush(self._timers, (at_us, self._count, handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now_us / US_PER_S + delay, callback, *args, context=context)

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = _Call(self.now_us, callback, args, context, self)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        # Only the runner's handler of SIGINT uses it, in this thread.
        return self.call_soon(callback, *args, context=context)

    def one_cancelled(self) -> None:
        """A timer was: now and then they are swept out."""
        self._cancelled += 1
        if self._cancelled > _CANCELLED_MAX and 2 * self._cancelled > len(self._timers):
            self._timers = [entry for entry in self._timers if not entry[2].is_cancelled]
            heapq.heapify(self._timers)
            self._cancelled = 0

    def _run_once(self) -> None:
        timers, ready = self._timers, self._ready
        if not ready:
            if not timers:
                raise VirtualTimeDeadlock(
                    f"virtual time stands still at {self.now_us} us: every task waits and no timer is set. "
                    "Give the wait a timeout, or start what should wake it."
                )
            at_us = timers[0][0]
            if at_us > self.now_us:
                self.now_us = at_us
        while timers and timers[0][0] <= self.now_us:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            ready.popleft().run()
            if self.failure is not None:
                raise self.failure

    # What asyncio asks of a loop.

    def run_forever(self) -> None:
        before = events._get_running_loop()
        self._is_running, self._is_stopping = True, False
        events._set_running_loop(self)
        try:
            while not self._is_stopping:
                self._run_once()
        finally:
            self._is_running = False
            events._set_running_loop(before)

    def run_until_complete(self, future: Any) -> Any:
        task = asyncio.ensure_future(future, loop=self)
        task.add_done_callback(lambda _: self.stop())
        self.run_forever()
        return task.result()

    def stop(self) -> None:
        self._is_stopping = True

    def is_running(self) -> bool:
        return self._is_running

    def is_closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        self._is_closed = True
        self._timers.clear()
        self._ready.clear()

    async def shutdown_asyncgens(self) -> None:
        """Nothing: worlds use none that outlive their task."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Nothing: there is none."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> "asyncio.Task[T]":
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def get_debug(self) -> bool:
        return False

    def set_debug(self, enabled: bool) -> None:
        """Nothing: it has no debug mode."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What asyncio has to say of tasks whose failure nobody asked for."""
        _LOG.error("%s", context["message"], exc_info=context.get("exception"))
