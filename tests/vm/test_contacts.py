"""Contacts and the loop's door, the real ones, in MicroPython on a virtual board: what interrupts lose, levels and the
latch bring back."""

import asyncio
import random
from pathlib import Path

import pytest

from simulator.hardware.board import VirtualBoard
from simulator.hardware.pins import bounce_times_us
from simulator.profiles import PROFILES
from tests.simulator.boards import play, to_the_end
from tests.simulator.ports import IN_WORLD, ONE_PIN, at, boot_s

POLL_MS = 5  # `drivers/door.py`
BOUNCE_MS = 20  # `drivers/contact.py`
SCRIPT = """
import time, machine
from interlock.drivers.contact import Contact
from interlock.drivers.door import Door, poll_rest

door = Door(poll_rest, time.ticks_ms)
contact = Contact({pin}, False, door.wake, time.ticks_ms)
start = time.ticks_ms()

def since():
    return time.ticks_diff(time.ticks_ms(), start)

def watch(until_ms):
    while since() < until_ms:
        door.idle((start + until_ms) & 0x3FFFFFFF, (contact,))
        changes = contact.take()
        if changes:
            print(changes, contact.on, time.ticks_diff(contact.edge_at, start), since())

def busy(ms):
    until = since() + ms
    while since() < until:
        pass
"""


def seen(
    folder: Path, body: str, *levels: tuple[float, int], port: str = "esp32", lost: int | None = None
) -> list[tuple[int, bool, int, int]]:
    """(changes, on, ms of the edge, ms when it was taken) of each take that found something. `levels`: (ms after the
    script began, level); `lost`: so many edges must have found no place in the scheduler's queue."""
    script = SCRIPT.format(pin=ONE_PIN[port]) + body

    async def story(board: VirtualBoard) -> None:
        for ms, level in levels:
            at(board, boot_s(port) + ms / 1000, IN_WORLD[port], level)
        await to_the_end(board)

    board = play(folder, script, story, port=port)
    assert lost is None or board.dropped_edges >= lost
    rows = [line.split() for line in board.output]
    return [(int(row[0]), row[1] == "True", int(row[2]), int(row[3])) for row in rows]


@pytest.mark.parametrize("port", PROFILES)
def test_an_edge_whose_interrupt_never_comes_is_found_within_a_poll(tmp_path: Path, port: str) -> None:
    deaf = "contact._pin.irq(None)\nwatch(500)"
    found = seen(tmp_path, deaf, (101.3, 1), (303.7, 0), port=port)
    assert [(changes, on) for changes, on, _, _ in found] == [(1, True), (1, False)]
    for (_, _, edge_ms, taken_ms), real_ms in zip(found, (101.3, 303.7), strict=True):
        assert edge_ms == taken_ms and 0 <= taken_ms - real_ms <= POLL_MS + 1


@pytest.mark.parametrize("port", PROFILES)
def test_a_pulse_that_is_over_before_the_loop_looks_is_one_pulse_at_its_own_time(tmp_path: Path, port: str) -> None:
    found = seen(tmp_path, "busy(200)\nwatch(300)", (100.2, 1), (102.2, 0), port=port)
    assert len(found) == 1
    changes, on, edge_ms, taken_ms = found[0]
    assert (changes, on) == (2, False) and abs(edge_ms - 100) <= 1 and taken_ms >= 199


def test_edges_that_collapse_into_one_interrupt_are_told_by_the_level(tmp_path: Path) -> None:
    off = "state = machine.disable_irq()\nbusy(200)\nmachine.enable_irq(state)\nwatch(300)"
    rising = seen(tmp_path, off, (100, 1), (101, 0), (102, 1))
    assert [(changes, on) for changes, on, _, _ in rising] == [(1, True)]
    pulse = seen(tmp_path, off, (100, 1), (103, 0))
    assert [(changes, on) for changes, on, _, _ in pulse] == [(2, False)]


def test_a_full_queue_loses_no_change(tmp_path: Path) -> None:
    other = "machine.Pin(5, machine.Pin.IN).irq(lambda _: busy(60))\n"
    edges = [(100.5 + 0.5 * nth, (nth + 1) % 2) for nth in range(31)]  # ends at 1

    async def story(board: VirtualBoard) -> None:
        at(board, boot_s("esp32") + 0.1, 5, 1)
        for ms, level in edges:
            at(board, boot_s("esp32") + ms / 1000, 4, level)
        await to_the_end(board)

    board = play(tmp_path, SCRIPT.format(pin="4") + other + "watch(400)", story)
    assert board.dropped_edges > 10
    assert [line.split()[:2] for line in board.output] == [["1", "True"]]


@pytest.mark.parametrize("port", PROFILES)
@pytest.mark.parametrize("is_deaf", [False, True])
def test_a_storm_of_fifty_edges_is_one_change_or_a_pulse_and_a_change_and_its_first_edge_counts(
    tmp_path: Path, port: str, is_deaf: bool
) -> None:
    chance, script = random.Random(f"storm {port}"), SCRIPT.format(pin=ONE_PIN[port])
    script += ("contact._pin.irq(None)\n" if is_deaf else "") + "watch(4000)"
    storms = [0.1 + 0.19 * nth for nth in range(20)]

    async def story(board: VirtualBoard) -> None:
        loop = asyncio.get_running_loop()
        for nth, at_s in enumerate(storms):
            times = bounce_times_us(chance, 50, (BOUNCE_MS - 2) * 1000)
            loop.call_at(boot_s(port) + at_s, board.pins.bounce, IN_WORLD[port], 1 - nth % 2, times)
        await to_the_end(board)

    rows = [line.split() for line in play(tmp_path, script, story, port=port).output]
    # Fifty handlers take their time; where no interrupt tells, a storm shows when a poll meets its level.
    latest = POLL_MS + BOUNCE_MS if is_deaf else 5
    pulses = 0
    for nth, at_s in enumerate(storms):
        on = nth % 2 == 0
        told = [row for row in rows if 0 <= int(row[3]) - at_s * 1000 + 1 < 190]
        first, last = told[0], told[-1]
        pulses += len(told) - 1
        assert [row[:2] for row in told] in ([["1", str(on)]], [["2", str(not on)], ["1", str(on)]])
        assert -1 <= int(first[2]) - at_s * 1000 <= latest and int(first[3]) - at_s * 1000 <= latest + 1
        assert int(last[3]) - at_s * 1000 <= BOUNCE_MS + latest + 1
    assert pulses < 20 * (not is_deaf) + 1
