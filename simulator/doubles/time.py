"""`time` of a board: ticks of the virtual clock that wrap at 2^30, sleeps that serve interrupts, the date of the RTC.

Source: extmod/modtime.c, ports/*/modtime.c. The epoch is the port's. `sleep` is in whole milliseconds, as there.
"""

import simclock
import simrt
from micropython import const

_PERIOD = const(1 << 30)
_HALF = const(1 << 29)


def _uptime_us() -> int:
    simrt.charge(simrt.costs["tick_us"])
    return simclock.uptime_us()


def ticks_us() -> int:
    return (_uptime_us() + simrt.ticks_offset_us) & (_PERIOD - 1)


ticks_ms = simrt.ticks_ms


def ticks_cpu() -> int:
    ticks: int = (_uptime_us() + simrt.ticks_offset_us) * simrt.costs["cpu_ticks_per_us"] & (_PERIOD - 1)
    return ticks


def ticks_add(ticks: int, delta: int) -> int:
    if not -_HALF < delta < _HALF:
        raise OverflowError("ticks interval overflow")
    return (ticks + delta) & (_PERIOD - 1)


def ticks_diff(ticks1: int, ticks2: int) -> int:
    return ((ticks1 - ticks2 + _HALF) & (_PERIOD - 1)) - _HALF


def sleep_us(us: int) -> None:
    simrt.sleep_us(simclock.world_us(max(0, us)))


def sleep_ms(ms: int) -> None:
    sleep_us(ms * 1000)


def sleep(seconds: float) -> None:
    sleep_ms(int(seconds * 1000))


def time() -> int:
    simrt.charge(simrt.costs["tick_us"])
    return simclock.rtc_us() // 1000000


def time_ns() -> int:
    simrt.charge(simrt.costs["tick_us"])
    return simclock.rtc_us() * 1000


def gmtime(secs: int | None = None) -> tuple[int, int, int, int, int, int, int, int]:
    return simclock.to_date(time() if secs is None else int(secs))


localtime = gmtime


def mktime(date: tuple[int, ...]) -> int:
    if not 8 <= len(date) <= 9:
        raise TypeError("mktime needs a tuple of length 8 or 9")
    year, month, day, hour, minute, second = date[:6]
    return simclock.to_seconds(year, month, day, hour, minute, second)
