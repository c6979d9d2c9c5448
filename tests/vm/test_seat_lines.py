"""The seat and the dock in the VM: contacts, alone and in pairs, that stick, chatter or hold half."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.hardware.board import VirtualBoard
from simulator.hardware.lines import chatter
from simulator.profiles import PROFILES
from tests.simulator.boards import play, to_the_end
from tests.simulator.ports import IN_WORLD, ONE_PIN, at, boot_s

from .line_played import LOOP, SECOND, TWO_PINS, played

# The seat: contacts in pairs.

SEAT = """
closes = Contact({closes}, True, door.wake, time.ticks_ms)
opens = Contact({opens}, True, door.wake, time.ticks_ms)
seat = Seat(closes, opens, 1000)
was = [False, False]

def turn(now):
    changes = seat.take(now)
    if changes:
        print(("back", "out", "blip")[2 if changes == 2 else not seat.seated], since())
    if seat.disagree_at is not None and time.ticks_diff(seat.disagree_at, now) <= 0:
        seat.expire()
    for nth, is_so in enumerate((seat.faulty, seat.noisy)):
        if is_so != was[nth]:
            was[nth] = is_so
            print(("faulty", "noisy")[nth], is_so, since())

loop({until_ms}, (closes, opens), turn)
"""


class Hand:
    """On the two contacts of a seat, in seconds after the script began; level 0 is on."""

    def __init__(self, board: VirtualBoard, port: str) -> None:
        self.board, self.port = board, port
        self.closes, self.opens = IN_WORLD[port], SECOND[port]

    def both(self, second: float, seated: bool) -> None:
        self.one(self.closes, second, seated)
        self.one(self.opens, second + 0.003, not seated)

    def one(self, pin: int | str, second: float, on: bool) -> None:
        at(self.board, boot_s(self.port) + second, pin, int(not on))

    def put(self, pin: int | str) -> Callable[[bool], None]:
        return lambda on: self.board.set_pin(pin, int(not on))


def seat_said(
    folder: Path, story: Callable[[Hand], None], port: str = "esp32", until_ms: int = 5000
) -> list[tuple[str, ...]]:
    async def scene(board: VirtualBoard) -> None:
        hand = Hand(board, port)
        board.set_pin(hand.closes, 0)
        board.set_pin(hand.opens, 1)
        story(hand)
        await to_the_end(board)

    script = SEAT.format(closes=ONE_PIN[port], opens=TWO_PINS[port], until_ms=until_ms)
    return [tuple(line.split()) for line in play(folder, LOOP + script, scene, port=port).output]


@pytest.mark.parametrize("port", PROFILES)
def test_a_draw_and_a_return_are_one_change_each_on_every_port(tmp_path: Path, port: str) -> None:
    def story(hand: Hand) -> None:
        hand.both(1.0, False)
        hand.both(2.0, True)

    assert [row[0] for row in seat_said(tmp_path, story, port)] == ["out", "back"]


def test_a_contact_that_sticks_off_is_a_draw_and_then_a_fault(tmp_path: Path) -> None:
    rows = seat_said(tmp_path, lambda hand: hand.one(hand.closes, 1.0, False))
    assert [row[:2] for row in rows] == [("out", rows[0][1]), ("faulty", "True")]
    assert 2000 <= int(rows[1][2]) <= 2510


def test_a_contact_that_sticks_on_does_not_hide_a_draw(tmp_path: Path) -> None:
    rows = seat_said(tmp_path, lambda hand: hand.one(hand.opens, 1.0, True))
    assert [row[0] for row in rows] == ["out", "faulty"]


@pytest.mark.parametrize("which", ["closes", "opens"])
def test_one_contact_that_chatters_for_a_minute_makes_draws_for_some_seconds_and_then_needs_the_other(
    tmp_path: Path, which: str
) -> None:
    def story(hand: Hand) -> None:
        pin = getattr(hand, which)
        put = hand.put(pin)
        rests = which == "closes"  # how it is while the weapon is in

        def begin() -> None:
            chatter(lambda on: put(on != rests), random.Random(1), 60_000_000, (30_000, 90_000), (300_000, 900_000))

        asyncio.get_running_loop().call_at(boot_s("esp32") + 1, begin)
        hand.both(70.0, False)
        hand.both(72.0, True)

    rows = seat_said(tmp_path, story, until_ms=75_000)
    noisy = next(int(row[2]) for row in rows if row[0] == "noisy")
    draws = [int(row[1]) for row in rows if row[0] in ("out", "blip")]
    assert noisy <= 15_000
    assert [ms for ms in draws if ms > noisy] == [draws[-1]] and 70_000 <= draws[-1] <= 70_020, "a real draw is one"
    assert len(draws) <= 25


# The dock, an analogue sensor, the cell, what is felt and heard.

DOCK = """
dock = Dock({pin}, True, door.wake, time.ticks_ms)
was = [False]

def turn(now):
    if dock.take():
        print("docked" if dock.on else "taken", since())
    if dock.noisy != was[0]:
        was[0] = dock.noisy
        print("noisy", was[0], since())

loop({until_ms}, (dock,), turn)
"""


@pytest.mark.parametrize("port", PROFILES)
def test_a_unit_is_docked_once_the_contact_held_and_taken_out_at_once(tmp_path: Path, port: str) -> None:
    def story(board: VirtualBoard) -> None:
        bounce = (board.pins.bounce, IN_WORLD[port], 0, [2_000, 9_000, 30_000, 31_000])
        asyncio.get_running_loop().call_later(0.2, *bounce)
        at(board, boot_s(port) + 11, IN_WORLD[port], 1)

    rows = played(tmp_path, DOCK.format(pin=ONE_PIN[port], until_ms=12_000), story, port)
    assert [row[0] for row in rows] == ["docked", "taken"]
    assert 500 <= int(rows[0][1]) <= 900 and 11_000 <= int(rows[1][1]) <= 11_010


def test_a_dock_that_makes_half_contact_puts_the_unit_away_a_few_times_and_no_more(tmp_path: Path) -> None:
    def story(board: VirtualBoard) -> None:
        put: Callable[[bool], None] = lambda on: board.set_pin(4, int(not on))  # noqa: E731
        chatter(put, random.Random(3), 60_000_000, (400_000, 1_500_000), (50_000, 400_000))

    rows = played(tmp_path, DOCK.format(pin="4", until_ms=61_000), story)
    docked = [row for row in rows if row[0] == "docked"]
    assert len(docked) <= 4 and ("noisy", "True") in [row[:2] for row in rows]


def test_a_unit_that_was_put_down_badly_a_few_times_is_faulty_for_a_minute_and_not_for_the_shift(
    tmp_path: Path,
) -> None:
    def story(board: VirtualBoard) -> None:
        for nth in range(3):
            for second, level in ((7 * nth, 0), (7 * nth + 5, 1)):
                asyncio.get_running_loop().call_later(second, board.set_pin, IN_WORLD["esp32"], level)

    rows = played(tmp_path, DOCK.format(pin=ONE_PIN["esp32"], until_ms=120_000), story)
    noisy = [(row[1], int(row[2])) for row in rows if row[0] == "noisy"]
    assert [is_so for is_so, _ in noisy] == ["True", "False"] and noisy[1][1] - noisy[0][1] <= 61_000
