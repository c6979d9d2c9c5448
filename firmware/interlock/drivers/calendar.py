"""The port's real-time clock: what is left of a clock that was set, after a restart without loss of power.

On a board whose RTC has a battery, after any. What it shows is no evidence of its own: it is journalled as a setting by
the board, sure to CALENDAR_U_MS, and never before what the journal knows to be past.
"""

from machine import RTC

CALENDAR_U_MS = 10000
_SET_SINCE = 2026  # an RTC that lost its time begins at a year before that: 2000, 2015 or 2021, by port
_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAY_MS = 86400000


def days_since_1970(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this date, 1970 to 2099. Ports count time from different years; dates are the same."""
    leaps = (year - 1969) // 4
    leap_day = 1 if year % 4 == 0 and month > 2 else 0
    return (year - 1970) * 365 + leaps + _DAYS[month - 1] + leap_day + day - 1


def date_of(days: int) -> tuple[int, int, int]:
    """(year, month, day) of so many days since 1970-01-01."""
    year = 1970 + days // 366
    while days_since_1970(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while days_since_1970(year, month, 1) > days:
        month -= 1
    return year, month, days - days_since_1970(year, month, 1) + 1


class Calendar:
    """The one RTC of the board, kept in UTC."""

    def __init__(self) -> None:
        self._rtc = RTC()

    def read(self) -> int | None:
        """UTC in ms, or None: it was not set since it lost its power."""
        year, month, day, _, hour, minute, second, _ = self._rtc.datetime()
        if year < _SET_SINCE:
            return None
        utc_ms: int = days_since_1970(year, month, day) * _DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000
        return utc_ms

    def set(self, utc_ms: int) -> None:
        """Show this time, to the second."""
        days, ms = utc_ms // _DAY_MS, utc_ms % _DAY_MS
        year, month, day = date_of(days)
        second = ms // 1000
        # 1970-01-01 was a Thursday. stm32 takes the day of the week as it is told (Monday is 1), the others reckon.
        self._rtc.datetime((year, month, day, (days + 3) % 7 + 1, second // 3600, second // 60 % 60, second % 60, 0))
