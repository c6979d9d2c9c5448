"""The port's real-time clock as the firmware keeps it: UTC, whatever year a port counts from."""

import calendar
import datetime

import pytest

from simulator.profiles import PROFILES

from .boards import play, to_the_end

DATES = [
    datetime.date(1970, 1, 1),
    datetime.date(1972, 2, 29),
    datetime.date(2026, 11, 26),
    datetime.date(2027, 12, 31),
    datetime.date(2028, 2, 28),
    datetime.date(2028, 2, 29),
    datetime.date(2028, 3, 1),
    datetime.date(2028, 12, 31),
    datetime.date(2099, 12, 31),
]


@pytest.mark.parametrize("port", PROFILES)
def test_dates_and_days_are_each_others_inverse_on_every_port(tmp_path, port):
    days = [(date - DATES[0]).days for date in DATES]
    script = f"""
        from interlock.drivers.calendar import date_of, days_since_1970
        for days in {days}:
            print(date_of(days), days_since_1970(*date_of(days)))
        """
    expected = [f"({d.year}, {d.month}, {d.day}) {n}" for d, n in zip(DATES, days, strict=True)]
    assert play(tmp_path, script, to_the_end, port=port).output == expected


@pytest.mark.parametrize("port", PROFILES)
def test_a_time_that_was_set_goes_on_and_one_that_was_not_is_none(tmp_path, port):
    begin_s = calendar.timegm((2028, 2, 29, 23, 59, 58))
    script = f"""
        import time
        from interlock.drivers.calendar import Calendar
        calendar = Calendar()
        print(calendar.read())
        calendar.set({begin_s} * 1000 + 300)
        time.sleep(3)
        print(calendar.read() // 1000 - {begin_s})
        """
    assert play(tmp_path, script, to_the_end, port=port).output == ["None", "3"]
