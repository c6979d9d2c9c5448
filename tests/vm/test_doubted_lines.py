"""What people move, in the VM: an armed line, a safety, a button, and how often each is believed."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.hardware.board import VirtualBoard
from simulator.hardware.lines import chatter

from .line_played import played

# What people move: armed, button.

DOUBTED = """
from interlock.drivers.doubted import Doubted
line = Doubted({pin}, True, door.wake, time.ticks_ms, {believes})
was = [False, 0]

def turn(now):
    was[1] += 1
    changes = line.take()
    if changes:
        print("pulse" if changes == 2 else "on" if line.on else "off", time.ticks_diff(line.edge_at, start), since())
    if line.noisy != was[0]:
        was[0] = line.noisy
        print("noisy" if was[0] else "quiet", since())

loop({until_ms}, (line,), turn)
print("turns", was[1], line.held_back)
"""

SHORT, LONG = ((1_000, 1_000), (1_500, 1_500)), ((60_000, 60_000), (500_000, 500_000))


def doubted(
    folder: Path, story: Callable[[Callable[[bool], None]], None], until_ms: int, believes: bool = True
) -> list[tuple[str, ...]]:
    return played(folder, DOUBTED.format(pin=4, believes=believes, until_ms=until_ms), _on_pin_4(story))


def _on_pin_4(story: Callable[[Callable[[bool], None]], None]) -> Callable[[VirtualBoard], None]:
    return lambda board: story(lambda on: board.set_pin(4, int(not on)))


@pytest.mark.parametrize(
    ("widths", "noise_us"),
    [(SHORT, 3_000_000), pytest.param(SHORT, 30_000_000, marks=pytest.mark.deep), (LONG, 30_000_000)],
)
def test_an_armed_line_that_chatters_is_armed_a_few_times_and_a_real_arming_in_the_noise_is_one(
    tmp_path: Path, widths: tuple[tuple[int, int], tuple[int, int]], noise_us: int
) -> None:
    def story(put: Callable[[bool], None]) -> None:
        later = asyncio.get_running_loop().call_later
        chatter(put, random.Random(1), noise_us, *widths)
        for nth in range(7):  # it bounces
            later(40 + nth * 0.002, put, nth % 2 == 0)
        later(45, put, False)
        later(50, chatter, put, random.Random(1), noise_us // 3, *widths)

    rows = doubted(tmp_path, story, 130_000)
    believed = [row for row in rows if row[0] in ("on", "pulse")]
    assert len(believed) <= 10 and len(rows) <= 24
    word, edge, told = believed[-1]
    assert word == "on" and abs(int(edge) - 40_000) <= 10 and int(told) - int(edge) <= 320
    assert [row[0] for row in rows if row[0] in ("noisy", "quiet")] == ["noisy", "quiet"]
    assert rows[-1][0] == "turns" and int(rows[-1][2]) >= 50, "what was none is counted"


def test_an_armed_line_that_comes_loose_again_and_again_stays_armed_once_it_is_noisy(tmp_path: Path) -> None:
    def story(put: Callable[[bool], None]) -> None:
        chatter(put, random.Random(1), 60_000_000, (500_000, 500_000), (60_000, 60_000))

    rows = doubted(tmp_path, story, 70_000)
    words = [row[0] for row in rows]
    after = words[words.index("noisy") :]
    assert after.count("on") <= 1 and after.count("off") == 1 and int(rows[-2][2]) >= 60_000


def test_a_button_that_chatters_presses_a_few_times_and_not_again_until_it_was_quiet_for_a_minute(
    tmp_path: Path,
) -> None:
    def story(put: Callable[[bool], None]) -> None:
        later = asyncio.get_running_loop().call_later
        chatter(put, random.Random(1), 30_000_000, (60_000, 60_000), (60_000, 60_000))
        later(40, put, True)  # wet, and on for good for a while
        later(60, put, False)
        later(140, put, True)
        later(140.2, put, False)

    rows = doubted(tmp_path, story, 150_000, believes=False)
    pressed = [int(row[1]) for row in rows if row[0] in ("on", "pulse")]
    assert len([ms for ms in pressed if ms < 30_000]) == 9
    assert [ms for ms in pressed if ms >= 30_000] == [pressed[-1]] and abs(pressed[-1] - 140_000) <= 10
    assert int(rows[-1][1]) <= 2000, "a button that sticks does not keep the loop busy"


def test_a_safety_that_is_moved_eight_times_is_as_good_as_any_contact(tmp_path: Path) -> None:
    def story(put: Callable[[bool], None]) -> None:
        for nth in range(16):
            asyncio.get_running_loop().call_later(1 + nth * 0.4, put, nth % 2 == 0)

    rows = doubted(tmp_path, story, 10_000)
    assert [row[0] for row in rows] == ["on", "off"] * 8 + ["turns"]
    assert all(int(row[2]) - int(row[1]) <= (10 if row[0] == "on" else 30) for row in rows[:-1])


@pytest.mark.parametrize("believes", [True, False])
@pytest.mark.parametrize("looks_ms", [(100.4, 101.6, 430), (101.6, 103, 430), (103, 110, 430), (101.6, 130, 405)])
def test_a_contact_goes_on_once_however_the_loop_meets_its_bounce_and_off_only_once_it_stays_off(
    tmp_path: Path, looks_ms: tuple[float, float, float], believes: bool
) -> None:
    """Closed at 100 ms, open from 101 to 102 ms, and from 400 to 415 ms; open for good from 600 ms, bouncing. A
    loop that looks late looks no more between 405 and 601 ms."""
    changes_ms = (100, 101, 102, 400, 415, 600, 602, 603)

    def story(put: Callable[[bool], None]) -> None:
        for nth, ms in enumerate(changes_ms):
            asyncio.get_running_loop().call_later(ms / 1000, put, nth % 2 == 0)

    busy = "for ms in ({}, {}, 401, 405, {}, 601, 602.5):\n"
    busy += "    while since_us() < ms * 1000:\n        pass\n    turn(0)\n"
    ticks = "begun = time.ticks_us()\ndef since_us():\n    return time.ticks_diff(time.ticks_us(), begun)\n"
    script = DOUBTED.replace("\nloop(", ticks + busy.format(*looks_ms) + "loop(")
    rows = played(tmp_path, script.format(pin=4, believes=believes, until_ms=900), _on_pin_4(story))
    assert [row[0] for row in rows] == ["on", "off", "turns"]
    for (_, edge, told), real_ms, late_ms in zip(rows, (100, 600), (looks_ms[0] - 100, 27), strict=False):
        assert abs(int(edge) - real_ms) <= 2 and int(told) - real_ms <= late_ms + 2


def test_a_pulse_of_an_armed_line_is_an_arming_at_once_and_its_end_a_bounce_later_at_its_own_time(
    tmp_path: Path,
) -> None:
    def story(put: Callable[[bool], None]) -> None:
        for ms, on in ((100, True), (108, False)):
            asyncio.get_running_loop().call_later(ms / 1000, put, on)

    script = DOUBTED.replace("\nloop(", "while since() < 150:\n    pass\nturn(0)\nloop(")
    rows = played(tmp_path, script.format(pin=4, believes=True, until_ms=900), _on_pin_4(story))
    assert [row[0] for row in rows] == ["on", "off", "turns"]
    for (_, edge, told), edge_ms, told_ms in zip(rows, (100, 108), (150, 170), strict=False):
        assert abs(int(edge) - edge_ms) <= 2 and 0 <= int(told) - told_ms <= 6


def test_a_line_that_is_faulty_for_a_whole_shift_costs_no_memory(tmp_path: Path) -> None:
    script = """
import gc
from interlock.core.pickup import Pickup
from interlock.lines import Lines

class Contact:
    on = noisy = False
    seen = 3
    edges = held_back = 0

class Seat(Contact):
    faulty = noisy = seated = True
    contacts = (Contact(), Contact())

class Station:
    records = 0

    def ticks(self):
        return time.ticks_ms()

    def record(self, *_):
        self.records += 1

class Signal:
    def nudge(self, now):
        pass

station = Station()
lines = Lines(station, Signal(), Seat(), Pickup(Contact(), 0), Contact(), Contact(), Contact())
lines.tick(1000)
gc.collect()
before = gc.mem_alloc()
for _ in range(100):
    lines.tick(1000)
print(lines.faulty, station.records, gc.mem_alloc() - before)
"""
    assert played(tmp_path, script, lambda _: None) == [("True", "1", "0")]
