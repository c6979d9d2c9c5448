"""`time` of a board: ticks of the virtual clock that wrap at 2^30, and sleeps that serve interrupts.

`time()` counts from power-up: boards have no clock that survives it.
"""

import simrt
from micropython import const

_PERIOD = const(1 << 30)
_HALF = const(1 << 29)

_boot_us = simrt.now_us()


def _uptime_us() -> int:
    simrt.charge(simrt.costs["tick_us"])
    return simrt.now_us() - _boot_us


def ticks_us() -> int:
    return (_uptime_us() + simrt.ticks_offset_us) & (_PERIOD - 1)


def ticks_ms() -> int:
    return (_uptime_us() + simrt.ticks_offset_us) // 1000 & (_PERIOD - 1)


ticks_cpu = ticks_us


def ticks_add(ticks: int, delta: int) -> int:
    return (ticks + delta) & (_PERIOD - 1)


def ticks_diff(ticks1: int, ticks2: int) -> int:
    return ((ticks1 - ticks2 + _HALF) & (_PERIOD - 1)) - _HALF


def sleep_us(us: int) -> None:
    simrt.sleep_us(max(0, us))


def sleep_ms(ms: int) -> None:
    simrt.sleep_us(max(0, ms) * 1000)


def sleep(seconds: float) -> None:
    simrt.sleep_us(max(0, int(seconds * 1000000)))


def time() -> int:
    return _uptime_us() // 1000000
