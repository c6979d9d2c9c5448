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
from tests.simulator.ports import IN_WORLD, ONE_PIN

from .line_played import LOOP, SECOND, TWO_PINS, played

ADC_PIN = {"esp32": "1", "rp2": "26", "stm32wb": "'C0'"}
ADC_IN_WORLD: dict[str, int | str] = {"esp32": 1, "rp2": 26, "stm32wb": "C0"}
BUZZER = {"esp32": "10", "rp2": "13", "stm32wb": "'A6'"}

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


@pytest.mark.parametrize(
    "port", ["esp32", *(pytest.param(port, marks=pytest.mark.deep) for port in ("rp2", "stm32wb"))]
)
def test_a_line_that_chatters_is_a_fault_within_four_seconds(tmp_path: Path, port: str) -> None:
    def story(put: Callable[[bool], None]) -> None:
        chatter(put, random.Random(port), 4_500_000, (200, 2_000), (200, 2_000))

    rows = picked_up(tmp_path, story, port=port, until_ms=5000)
    faulty = [int(row[1]) for row in rows if row[0] == "faulty"]
    assert len(faulty) == 1 and faulty[0] <= 4100
    assert not [row for row in rows if row[0] == "discharge" and int(row[1]) > faulty[0]]


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
