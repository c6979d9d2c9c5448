"""`machine.Timer`, host side: alarms in virtual time, each known to the board by a number."""

import asyncio
from collections.abc import Callable


class Timers:
    """`alarm(number)` is called when a timer is due. A periodic one keeps its beat, however late anybody listens."""

    def __init__(self, alarm: Callable[[int], None]) -> None:
        self._alarm = alarm
        self._handles: dict[int, asyncio.TimerHandle] = {}

    def start(self, number: int, period_us: int, repeats: bool) -> None:
        """Due in `period_us`, and each further when it repeats. Started anew when it runs."""
        self.stop(number)
        self._set(number, asyncio.get_running_loop().time() + period_us / 1e6, period_us / 1e6 if repeats else None)

    def stop(self, number: int) -> None:
        """Nothing comes of it any more."""
        handle = self._handles.pop(number, None)
        if handle:
            handle.cancel()

    def lose_power(self) -> None:
        for number in list(self._handles):
            self.stop(number)

    def _set(self, number: int, due_s: float, period_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._handles[number] = loop.call_at(due_s, self._due, number, due_s, period_s)

    def _due(self, number: int, due_s: float, period_s: float | None) -> None:
        if period_s is None:
            del self._handles[number]
        else:
            self._set(number, due_s + period_s, period_s)
        self._alarm(number)
