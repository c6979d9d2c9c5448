"""A watchdog timer in virtual time: fed in time it never bites, and it cannot be stopped but by the loss of power."""

import asyncio
from collections.abc import Callable


class Watchdog:
    """Calls `bite` once when `timeout_ms` pass without `feed`; fed by being made."""

    def __init__(self, timeout_ms: int, bite: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_ms / 1000
        self._bite = bite
        self._due_s = self._loop.time() + self._timeout_s
        self._timer = self._loop.call_at(self._due_s, self._look)

    def feed(self) -> None:
        self._due_s = self._loop.time() + self._timeout_s

    def lose_power(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        # One timer chases the due time, since feeding is far more frequent than biting.
        if self._loop.time() < self._due_s:
            self._timer = self._loop.call_at(self._due_s, self._look)
        else:
            self._bite()
