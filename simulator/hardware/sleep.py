"""Waiting for a pin: what ends light and deep sleep, and what `machine.time_pulse_us` measures."""

import asyncio
from collections.abc import Callable, Sequence

from ..profiles import Pin, Profile
from .pins import Pins

ALL_LOW = 2
"""Instead of a level: low, and with it all other wakers that say so; ESP-IDF, ESP_EXT1_WAKEUP_ALL_LOW."""
Waker = tuple[Pin, int, int]
"""A pin, the level at which it ends a sleep, and the reason that `machine.wake_reason` then gives."""
Woken = tuple[int, tuple[Pin, ...]]
"""That reason, and the pins that had their level."""


async def wait_for(pins: Pins, is_so: Callable[[], bool], timeout_us: int | None) -> bool:
    """Until `is_so`, which can change with any pin only; False when `timeout_us` passed before."""
    if is_so():
        return True
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()

    def end(result: bool) -> None:
        if not done.done():
            done.set_result(result)

    def look() -> None:
        if is_so():
            end(True)

    timer = None if timeout_us is None else loop.call_later(timeout_us / 1e6, end, False)
    pins.listeners.append(look)
    try:
        return await done
    finally:
        pins.listeners.remove(look)
        if timer:
            timer.cancel()


async def sleep(
    pins: Pins, timeout_us: int | None, wakers: Sequence[Waker], is_awake: Callable[[], bool] = lambda: False
) -> tuple[Pin, ...]:
    """Until time is over (then no pins), or some of `wakers` have their level (those pins), or `is_awake`."""

    def woken() -> tuple[Pin, ...]:
        together = [pin for pin, level, _ in wakers if level == ALL_LOW]
        are_low = all(pins.level(pin) == 0 for pin in together)
        return tuple(pin for pin, level, _ in wakers if (are_low if level == ALL_LOW else pins.level(pin) == level))

    await wait_for(pins, lambda: bool(woken()) or is_awake(), timeout_us)
    return woken()


def why_woken(port: Profile, pins: tuple[Pin, ...], wakers: Sequence[Waker]) -> Woken:
    """Why a sleep that `pins` ended is over; none of them: time."""
    reasons = [reason for pin, _, reason in wakers if pin in pins]
    return (reasons or [port.machine.get("TIMER_WAKE", 0)])[0], pins


async def pulse_us(pins: Pins, pin: Pin, level: int, timeout_us: int) -> int:
    """How long the pin has `level`, from now or from when it gets it; -2 when it never does, -1 when it keeps it.

    Source: extmod/machine_pulse.c."""
    loop = asyncio.get_running_loop()
    if not await wait_for(pins, lambda: pins.level(pin) == level, timeout_us):
        return -2
    began_s = loop.time()
    if not await wait_for(pins, lambda: pins.level(pin) != level, timeout_us):
        return -1
    return round((loop.time() - began_s) * 1e6)
