"""The drivers of a holster unit's lines, the real ones, in MicroPython on virtual boards whose wires bounce, stick and
chatter: what is believed of them, and what becomes a fault."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.hardware.board import VirtualBoard
from simulator.hardware.lines import burst, chatter, spikes
from simulator.profiles import PROFILES
from tests.simulator.boards import play, to_the_end
from tests.simulator.ports import IN_WORLD, ONE_PIN, at, boot_s

TWO_PINS = {"esp32": "5", "rp2": "5", "stm32wb": "'C3'"}
SECOND: dict[str, int | str] = {"esp32": 5, "rp2": 5, "stm32wb": "C3"}
ADC_PIN = {"esp32": "1", "rp2": "26", "stm32wb": "'C0'"}
ADC_IN_WORLD: dict[str, int | str] = {"esp32": 1, "rp2": 26, "stm32wb": "C0"}
BUZZER = {"esp32": "10", "rp2": "13", "stm32wb": "'A6'"}

LOOP = """
import time, machine
from interlock.drivers.contact import Contact
from interlock.drivers.dock import Dock
from interlock.drivers.door import Door, poll_rest
from interlock.drivers.seat import Seat
from interlock.core.pickup import Pickup

door = Door(poll_rest, time.ticks_ms)
start = time.ticks_ms()

def since():
    return time.ticks_diff(time.ticks_ms(), start)

def loop(until_ms, contacts, turn, every_ms=500):
    while since() < until_ms:
        door.idle((start + min(until_ms, since() + every_ms)) & 0x3FFFFFFF, contacts)
        turn(time.ticks_ms())
"""
PICKUP = """
line = Contact({pin}, False, door.wake, time.ticks_ms)
pickup = Pickup(line, start)
was = [False]
fired = [0, None]  # discharges, and the last pulse: what the holster machine sees to

def doubt(discharge):
    if discharge:
        print("unconfirmed", since(), discharge)

def turn(now):
    if pickup.take(now):
        fresh = fired[1] is None or time.ticks_diff(now, fired[1]) >= 200
        fired[1] = now
        if fresh:
            fired[0] += 1
            print("discharge", time.ticks_diff(pickup.edge_at, start))
            doubt(pickup.begun(now, fired[0]))
    doubt(pickup.tick(now))
    if pickup.faulty != was[0]:
        was[0] = pickup.faulty
        print("faulty" if was[0] else "sound", since(), pickup.stuck)

loop({until_ms}, (line,), turn, 20)
"""


def played(
    folder: Path, script: str, story: Callable[[VirtualBoard], None], port: str = "esp32"
) -> list[tuple[str, ...]]:
    """What the script printed, in words, while `story` happens: it is called at the instant that the script begins."""

    async def scene(board: VirtualBoard) -> None:
        asyncio.get_running_loop().call_at(boot_s(port), story, board)
        await to_the_end(board)

    return [tuple(line.split()) for line in play(folder, LOOP + script, scene, port=port).output]


def picked_up(
    folder: Path,
    story: Callable[[Callable[[bool], None]], None],
    *,
    port: str = "esp32",
    until_ms: int = 3000,
) -> list[tuple[str, ...]]:
    """What a pick-up makes of a story, which gets the hand on its line 100 ms after the start."""

    def begin(board: VirtualBoard) -> None:
        asyncio.get_running_loop().call_later(0.1, story, lambda on: board.set_pin(IN_WORLD[port], int(on)))

    script = PICKUP.format(pin=ONE_PIN[port], until_ms=until_ms)
    return played(folder, script, begin, port)


@pytest.mark.parametrize("port", PROFILES)
def test_the_first_edge_of_a_discharge_counts_at_once_and_its_further_pulses_confirm_it(
    tmp_path: Path, port: str
) -> None:
    (row,) = picked_up(tmp_path, lambda put: burst(put, 1_000_000), port=port)
    assert row[0] == "discharge" and 99 <= int(row[1]) <= 107


@pytest.mark.parametrize("port", PROFILES)
def test_a_lone_pulse_as_the_monostable_makes_it_counts_at_once_and_is_then_said_to_be_unconfirmed(
    tmp_path: Path, port: str
) -> None:
    rows = picked_up(tmp_path, lambda put: spikes(put, random.Random(1), 1, (1, 1), width_us=8000), port=port)
    assert [row[0] for row in rows] == ["discharge", "unconfirmed"]
    assert 500 <= int(rows[1][1]) - int(rows[0][1]) <= 530


def test_after_lone_pulses_a_real_discharge_counts_within_half_a_second(tmp_path: Path) -> None:
    def story(put: Callable[[bool], None]) -> None:
        spikes(put, random.Random(1), 6, (3_000_000, 3_000_001), width_us=8000)
        for second in (20, 40):
            asyncio.get_running_loop().call_later(second, burst, put, 5_000_000)

    rows = picked_up(tmp_path, story, until_ms=50_000)
    assert [row[0] for row in rows] == ["discharge", "unconfirmed"] * 4 + ["faulty"] + ["discharge"] * 2
    for (_, ms), second in zip(rows[-2:], (20, 40), strict=True):
        assert -10 <= int(ms) - 100 - second * 1000 <= 500


def test_a_line_that_stays_on_is_one_discharge_unconfirmed_and_then_stuck(tmp_path: Path) -> None:
    rows = picked_up(tmp_path, lambda put: put(True), until_ms=4000)
    assert [row[0] for row in rows] == ["discharge", "unconfirmed", "faulty"] and rows[2][2] == "True"
    assert 1000 <= int(rows[2][1]) - 100 <= 1600


@pytest.mark.parametrize("port", PROFILES)
def test_a_line_that_chatters_is_a_fault_within_four_seconds(tmp_path: Path, port: str) -> None:
    def story(put: Callable[[bool], None]) -> None:
        chatter(put, random.Random(port), 4_500_000, (200, 2_000), (200, 2_000))

    rows = picked_up(tmp_path, story, port=port, until_ms=5000)
    faulty = [int(row[1]) for row in rows if row[0] == "faulty"]
    assert len(faulty) == 1 and faulty[0] <= 4100
    assert not [row for row in rows if row[0] == "discharge" and int(row[1]) > faulty[0]]


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
    def begin(board: VirtualBoard) -> None:
        story(lambda on: board.set_pin(4, int(not on)))

    return played(folder, DOUBTED.format(pin=4, believes=believes, until_ms=until_ms), begin)


@pytest.mark.parametrize("widths", [SHORT, LONG])
def test_an_armed_line_that_chatters_is_armed_a_few_times_and_a_real_arming_in_the_noise_is_one(
    tmp_path: Path, widths: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    def story(put: Callable[[bool], None]) -> None:
        later = asyncio.get_running_loop().call_later
        chatter(put, random.Random(1), 30_000_000, *widths)
        for nth in range(7):  # it bounces
            later(40 + nth * 0.002, put, nth % 2 == 0)
        later(45, put, False)
        later(50, chatter, put, random.Random(1), 10_000_000, *widths)

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
    assert all(int(row[2]) - int(row[1]) <= 10 for row in rows[:-1])


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


def test_a_hall_sensor_follows_its_field_with_hysteresis_and_the_noise_between_is_nothing(tmp_path: Path) -> None:
    script = """
from interlock.drivers.hall import Hall
hall = Hall(1, 40000, 30000, door.wake, time.ticks_ms)

def turn(now):
    if hall.take():
        print(hall.on, since())

loop(4000, (hall,), turn)
"""
    chance = random.Random(5)

    def story(board: VirtualBoard) -> None:
        board.adc_faults[1] = lambda mv: mv + chance.randint(-150, 150)
        for second, mv in ((0.0, 1000), (1.0, 2400), (2.0, 1770), (3.0, 1000)):
            asyncio.get_running_loop().call_later(second, board.adc_mv.__setitem__, 1, mv)

    rows = played(tmp_path, script, story)
    assert [row[0] for row in rows] == ["True", "False"]
    assert 1000 <= int(rows[0][1]) <= 1007 and 3000 <= int(rows[1][1]) <= 3007


@pytest.mark.parametrize("port", PROFILES)
def test_a_cell_is_read_by_the_median_and_low_only_once_two_looks_say_so(tmp_path: Path, port: str) -> None:
    script = """
from interlock.drivers.battery import Battery
battery = Battery({pin}, 2, 3500, 3600)
print(battery.read_mv(), battery.check())
for ms in (1000, 2000, 3000, 4000):
    loop(ms, (), lambda _: None)
    print(battery.read_mv(), battery.check())
"""
    chance = random.Random(port)

    def story(board: VirtualBoard) -> None:
        pin = ADC_IN_WORLD[port]
        reads = iter(range(10_000))
        # Every third reading is far off; the cell gives way for a moment at 1 s, and is low from 2.5 s on.
        board.adc_faults[pin] = lambda mv: mv + (chance.choice((-900, 900)) if next(reads) % 3 == 0 else 0)
        for second, mv in ((0.0, 1850), (0.9, 1700), (1.1, 1850), (2.5, 1700)):
            asyncio.get_running_loop().call_later(second, board.adc_mv.__setitem__, pin, mv)

    rows = played(tmp_path, script.format(pin=ADC_PIN[port]), story, port)
    assert [row[1] for row in rows] == ["False", "False", "False", "False", "True"]
    for (read_mv, _), true_mv in zip(rows, (3700, 3400, 3700, 3400, 3400), strict=True):
        assert abs(int(read_mv) - true_mv) <= 4


@pytest.mark.parametrize("port", PROFILES)
@pytest.mark.parametrize("covert", [False, True])
def test_an_alert_is_seen_felt_and_heard_and_a_covert_one_is_felt_only(tmp_path: Path, port: str, covert: bool) -> None:
    script = f"""
from interlock.drivers.signal import Signal
signal = Signal({TWO_PINS[port]}, {ONE_PIN[port]}, {BUZZER[port]})
signal.covert = {covert}
signal.alert(time.ticks_ms())

def turn(now):
    signal.tick(now)

loop(700, (), turn, 10)
signal.nudge(time.ticks_ms())
loop(1000, (), turn, 10)
"""
    felt, seen = [0], [0]

    async def scene(board: VirtualBoard) -> None:
        def look() -> None:
            for row, pin in ((felt, IN_WORLD[port]), (seen, SECOND[port])):
                if board.pins.level(pin) != row[-1]:
                    row.append(board.pins.level(pin))

        board.pins.listeners.append(look)
        await to_the_end(board)

    board = play(tmp_path, LOOP + script, scene, port=port)
    assert felt == [0, 1, 0, 1, 0], "the alert, and a nudge behind it"
    assert seen == ([0] if covert else [0, 1]), "lit until it is calm"
    tones = [(hz, us) for us, _, hz in board.tones]
    assert [hz for hz, _ in tones] == ([] if covert else [2700, 0]), "a nudge is not heard"
    assert covert or 395_000 <= tones[1][1] - tones[0][1] <= 430_000


def test_a_pin_without_a_timer_gives_no_tone_on_stm32_and_says_so(tmp_path: Path) -> None:
    script = """
try:
    machine.PWM(machine.Pin("C6"), freq=2700, duty_u16=0)
except ValueError as error:
    print(error)
"""
    rows = played(tmp_path, script, lambda _: None, "stm32wb")
    assert " ".join(rows[0]) == "Pin(C6) doesn't have PWM capabilities"


@pytest.mark.parametrize(("port", "hz"), [("rp2", 5), ("rp2", 100_000_000), ("esp32", 50_000_000)])
def test_a_frequency_that_a_port_cannot_make_is_refused(tmp_path: Path, port: str, hz: int) -> None:
    script = f"""
try:
    machine.PWM(machine.Pin(4), freq={hz}, duty_u16=100)
except ValueError as error:
    print(error)
"""
    assert played(tmp_path, script, lambda _: None, port)[0][0] == "freq"
