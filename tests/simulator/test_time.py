"""`time` inside the VM: the calendar, the real-time clock, and an oscillator that is wrong."""

import asyncio
import calendar
import random
import time as real_time

import pytest

from simulator.clock import now_us
from simulator.hardware.rtc import Clock
from simulator.profiles import PROFILES, profile

from .boards import BOOT_S, play, to_the_end


@pytest.mark.parametrize("port", PROFILES)
def test_the_calendar_agrees_with_the_gregorian_one(tmp_path, port):
    epoch_s = calendar.timegm((profile(port).epoch_year, 1, 1, 0, 0, 0))
    chance = random.Random("dates")
    seconds = [0, 86399, 5097600, 951782399 - epoch_s] + [chance.randrange(4_000_000_000) for _ in range(60)]
    script = f"""
        import time
        for s in {seconds}:
            date = time.gmtime(s)
            assert time.mktime(date) == s
            print(*date)
        """
    board = play(tmp_path, script, to_the_end, port=port)
    for second, line in zip(seconds, board.output, strict=True):
        year, month, day, hour, minute, sec, weekday, yearday, _ = real_time.gmtime(second + epoch_s)
        assert line == f"{year} {month} {day} {hour} {minute} {sec} {weekday} {yearday}"


def test_mktime_carries_over_what_is_too_large_or_too_small(tmp_path):
    script = """
        import time
        for date in ((2026, 14, 1, 0, 0, 0, 0, 0), (2026, 3, 0, 0, 0, 0, 0, 0), (2026, 1, 1, 25, -1, 61, 0, 0, 0)):
            print(*time.gmtime(time.mktime(date))[:6])
        try:
            time.mktime((2026, 1, 1))
        except TypeError:
            print("TypeError")
        """
    assert play(tmp_path, script, to_the_end).output == [
        "2027 2 1 0 0 0",
        "2026 2 28 0 0 0",
        "2026 1 2 1 0 1",
        "TypeError",
    ]


def test_the_date_goes_on_from_where_it_was_set(tmp_path):
    script = """
        import machine, time
        rtc = machine.RTC()
        rtc.datetime((2026, 3, 2, 0, 23, 59, 58, 500000))
        time.sleep(2)
        print(rtc.datetime(), time.localtime()[:6], time.time_ns() // 1000000000 - time.time())
        """
    assert play(tmp_path, script, to_the_end).output == ["(2026, 3, 3, 1, 0, 0, 0, 500000) (2026, 3, 3, 0, 0, 0) 0"]


def test_without_power_the_clock_begins_where_the_port_does_plus_the_boards_offset(tmp_path):
    board = play(tmp_path, "import time\nprint(time.localtime()[:5])", to_the_end, rtc_offset_s=3600)
    assert board.output == ["(2000, 1, 1, 1, 0)"]


def test_an_interval_that_ticks_cannot_tell_is_refused(tmp_path):
    script = """
        import time
        for delta in ((1 << 29) - 1, 1 - (1 << 29), 1 << 29, -(1 << 29)):
            try:
                print(time.ticks_diff(time.ticks_add(5, delta), 5) == delta)
            except OverflowError:
                print("OverflowError")
        """
    assert play(tmp_path, script, to_the_end).output == ["True", "True", "OverflowError", "OverflowError"]


@pytest.mark.parametrize("port, expected", [("esp32", 240), ("rp2", 1), ("stm32wb", 64)])
def test_ticks_cpu_counts_what_the_port_counts(tmp_path, port, expected):
    script = "import time\na = time.ticks_cpu()\ntime.sleep_us(1000)\nprint(time.ticks_diff(time.ticks_cpu(), a))"
    board = play(tmp_path, script, to_the_end, port=port)
    assert int(board.output[0]) == expected * (1000 + board.profile.tick_us)


@pytest.mark.parametrize("ppm", [-40, 0, 40, 12.5])
def test_ticks_and_date_of_a_wrong_oscillator_drift_and_its_sleeps_last_as_long_as_it_says(tmp_path, ppm):
    script = """
        import machine, time
        machine.RTC().datetime((2026, 3, 2, 0, 6, 0, 0, 0))
        a = time.ticks_us()
        time.sleep(500)
        print(time.ticks_diff(time.ticks_us(), a) // 100, time.localtime()[3:6])
        """

    async def story(board):
        await to_the_end(board)
        ended_us.append(now_us(asyncio.get_running_loop()))

    ended_us: list[int] = []
    board = play(tmp_path, script, story, clock_ppm=ppm)
    assert board.output == ["5000000 (6, 8, 20)"]
    true_s = ended_us[0] / 1e6 - BOOT_S
    assert true_s == pytest.approx(500 / (1 + ppm / 1e6), abs=0.0001)


@pytest.mark.parametrize("ppm", [-333, 250])
def test_no_sleep_is_short_by_the_boards_own_clock(tmp_path, ppm):
    script = """
        import time
        for us in list(range(1, 40)) + [999, 1000, 4999]:
            a = time.ticks_us()
            time.sleep_us(us)
            assert time.ticks_diff(time.ticks_us(), a) >= us
        print("none")
        """
    assert play(tmp_path, script, to_the_end, clock_ppm=ppm).output == ["none"]


def test_a_clock_can_begin_to_drift_at_any_time_and_ticks_never_jump(tmp_path):
    script = """
        import time
        last = time.ticks_us()
        for n in range(100):
            time.sleep_ms(10)
            now = time.ticks_us()
            assert 10000 <= time.ticks_diff(now, last) < 10100
            last = now
        print(time.ticks_us() // 10000)
        """

    async def story(board):
        async def drift():
            await asyncio.sleep(BOOT_S + 0.5)
            board.clock_ppm = 1000

        drifting = asyncio.create_task(drift())
        await to_the_end(board)
        await drifting
        ended_us.append(now_us(asyncio.get_running_loop()))

    ended_us: list[int] = []
    board = play(tmp_path, script, story)
    assert board.output == ["100"]
    assert ended_us[0] / 1e6 - BOOT_S == pytest.approx(1 - 0.0005, abs=0.0004)


@pytest.mark.parametrize("ppm", [-100, 0, 100])
def test_a_timer_beats_by_the_boards_own_clock(tmp_path, ppm):
    script = """
        import time
        from machine import Timer
        beats = []
        Timer(-1, period=1000, callback=lambda t: beats.append(time.ticks_ms()))
        time.sleep_ms(5500)
        print(beats)
        """
    assert play(tmp_path, script, to_the_end, clock_ppm=ppm).output == ["[1000, 2000, 3000, 4000, 5000]"]


def test_the_door_waits_by_the_boards_own_clock(tmp_path):
    script = """
        import simclock, time
        a = time.ticks_ms()
        simclock.rest(100000)
        print(time.ticks_diff(time.ticks_ms(), a))
        """
    assert play(tmp_path, script, to_the_end, clock_ppm=-200).output == ["100000"]


def test_a_clock_keeps_its_reading_when_it_is_tuned():
    clock = Clock(100)
    clock.set_date(0, 1_000_000)
    assert clock.date_us(10_000_000) == 11_001_000
    clock.tune(10_000_000, -100)
    assert clock.date_us(10_000_000) == 11_001_000
    assert clock.date_us(20_000_000) == 21_000_000
