"""Inside the VM: the board's oscillator, its uptime, and the calendar. Firmware has `time` and `machine.RTC` instead.

The oscillator may be some parts per billion too fast, and that may change; the world's time is never. The world keeps
both counts (`simulator/hardware/rtc.py`) and tells how to read them as it tells levels of pins.
"""

import simrt
from micropython import const

_BILLION = const(1000000000)


def _counted(us: int) -> int:
    """What the oscillator counts in `us` of the world's time."""
    ppb: int = simrt._levels["clock ppb"]
    return us + us * ppb // _BILLION if ppb else us


def uptime_us() -> int:
    """Since boot, as this board counts."""
    levels = simrt._levels
    us: int = simrt.now_us() - levels["ticks zero us"]
    if levels["clock ppb"]:
        us = _counted(us)
    return levels["ticks base us"] + us - simrt.stood_still_us


def stood_still(us: int) -> None:
    """For so much of the world's time ticks did not count."""
    simrt.stood_still_us += _counted(us)


def world_us(us: int) -> int:
    """How much of the world's time passes until the oscillator has counted `us`: rounded up, so no sleep is short."""
    ppb: int = simrt._levels["clock ppb"]
    return us if not ppb else -(-us * _BILLION // (_BILLION + ppb))


def rest(ms: int | None = None) -> None:
    """`simrt.rest` by this board's clock."""
    simrt.rest_us(None if ms is None else world_us(ms * 1000))


def rtc_us() -> int:
    """What the real-time clock shows: microseconds since the port's epoch."""
    levels = simrt._levels
    return levels["date base us"] + _counted(simrt.now_us() - levels["date zero us"])


def set_rtc(us: int) -> None:
    """Set it."""
    simrt.call("rtc.set", us)


def _days(year: int, month: int, day: int) -> int:
    """Since 1970-01-01 (proleptic Gregorian calendar, years that begin in March)."""
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469


_epoch_days = _days(simrt.costs["epoch_year"], 1, 1)


def to_seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Since the port's epoch; what is too large or too small carries over."""
    years, month = (month - 1) // 12, (month - 1) % 12 + 1
    return (_days(year + years, month, day) - _epoch_days) * 86400 + hour * 3600 + minute * 60 + second


def to_date(seconds: int) -> tuple[int, int, int, int, int, int, int, int]:
    """(year, month, day, hour, minute, second, weekday from Monday 0, day of the year from 1)."""
    days, second = seconds // 86400 + _epoch_days, seconds % 86400
    era_day = (days + 719468) % 146097  # in 400 years that begin in March
    era_year = (era_day - era_day // 1460 + era_day // 36524 - era_day // 146096) // 365
    year_day = era_day - (365 * era_year + era_year // 4 - era_year // 100)
    month = (5 * year_day + 2) // 153
    day = year_day - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year = (days + 719468) // 146097 * 400 + era_year + (1 if month <= 2 else 0)
    return (
        year,
        month,
        day,
        second // 3600,
        second // 60 % 60,
        second % 60,
        (days + 3) % 7,
        days - _days(year, 1, 1) + 1,
    )
