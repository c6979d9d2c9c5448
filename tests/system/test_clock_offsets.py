"""How far weapon and camera are apart, as their journals measure it, beside the truth of the world."""

import itertools
import math
import random
import statistics
from collections import defaultdict
from typing import NamedTuple

import pytest

from host_tools import journal_file, result
from host_tools.clocks.exchange import Segment
from host_tools.judging.evidence import Evidence, UnitJournal, gather
from simulator.played import Run, UnitRun
from simulator.profiles import PROFILES
from simulator.scenario import parse
from simulator.world import play

PAIRS = 3
HOURS = 0.5
AFTER_MS = 200_000
"""At an event an exchange says all; so long after it crystals have their say."""
ROUNDING_MS = 3.0
"""Of the truth: when each of the two boots began."""


def world(profile: str, seed: int) -> tuple[Run, Evidence]:
    """Pairs with crystals up to 80 ppm off, some draws each, a battery change of a camera, lossy air."""
    chance = random.Random(f"{profile} {seed}")
    units, events = [], [f"{HOURS * 1800:.0f} C1 battery_change off_s=5"]
    for number in range(1, PAIRS + 1):
        holster, camera = (round(chance.uniform(-80, 80), 1) for _ in range(2))
        to, at_m = [f"C{number}"], [2.0 * number, 0.0]
        units.append({"id": f"H{number}", "role": "holster", "at_m": at_m, "cameras": to, "clock_ppm": holster})
        units.append({"id": f"C{number}", "role": "camera", "at_m": [2.0 * number, 0.4], "clock_ppm": camera})
        for at_s in (chance.uniform(10, HOURS * 3600 - 30) for _ in range(5)):
            events += [f"{at_s:.2f} H{number} draw", f"{at_s + 8:.2f} H{number} holster"]
    table = {"name": "Offsets", "secret": "o", "profile": profile, "loss": 0.2, "duration_s": HOURS * 3600}
    in_time = sorted(events, key=lambda event: float(event.split()[0]))
    run = play(parse(table | {"unit": units, "events": in_time}, "offsets"), seed, None, fidelity="fast")
    journals = []
    for unit in run.units:
        records = journal_file.check(result.journal_of(unit)).records
        journals.append(UnitJournal(unit.unit.number, unit.unit.role, records, True))
    return run, gather(journals)


def uptime_ms(unit: UnitRun, boot: int, at_us: int) -> float:
    """Of a unit whose crystal never changed its rate."""
    ((_, ppm),) = unit.drifts
    return (at_us - unit.boot_zero_us[boot]) * (1 + ppm / 1e6) / 1000


class Witness(NamedTuple):
    """A weapon and one boot of its camera. `covered`: share of the moments asked at which the truth is within ± u;
    `certain`: within what is certain; `u`, `certain_u`: means, ms."""

    covered: float
    certain: float
    u: float
    certain_u: float


def measure(profile: str, seed: int) -> list[Witness]:
    """Each event, and a moment after it, of each weapon and camera boot that anything ties."""
    run, evidence = world(profile, seed)
    told: dict[tuple[Segment, Segment], list[tuple[bool, bool, float, float]]] = defaultdict(list)
    numbers = {unit.unit.number: unit for unit in run.units}
    for use in evidence.uses:
        weapon = numbers[use.unit]
        camera = run.unit(weapon.unit.cameras[0])
        moments = [event.at_ms + after_ms for event in use.events for after_ms in (0, AFTER_MS)]
        for here_ms, boot in itertools.product(moments, camera.boot_zero_us):
            here, there = Segment(use.unit, use.boot), Segment(camera.unit.number, boot)
            offset = evidence.measured(here, there, here_ms)
            if offset is None:
                continue
            truth_ms = uptime_ms(camera, boot, weapon.at_us(use.boot, here_ms)) - here_ms
            within = abs(offset.ms - truth_ms) <= offset.u_ms + ROUNDING_MS
            certain = offset.low_ms - ROUNDING_MS <= truth_ms <= offset.high_ms + ROUNDING_MS
            told[here, there].append((within, certain, offset.u_ms, (offset.high_ms - offset.low_ms) / 2))
    return [Witness(*(statistics.mean(each) for each in zip(*one, strict=True))) for one in told.values()]


def judge(found: list[Witness]) -> None:
    """A pair shares its two crystals, so it is one witness: chance is what so many pairs allow."""
    covered, certain, u_ms, certain_ms = (statistics.mean(each) for each in zip(*found, strict=True))
    error = statistics.stdev(witness.covered for witness in found) / math.sqrt(len(found))
    print(
        f"{len(found)} pairs: {covered:.1%} (standard error {error:.1%}) within ± u, {certain:.1%} within what is "
        f"certain; mean u {u_ms:.0f} ms, of what is certain {certain_ms:.0f} ms"
    )
    assert certain == 1 and covered + 2 * error >= 0.95 and covered >= 0.9
    assert u_ms < certain_ms


def test_what_the_journals_measure_is_how_far_the_clocks_were_apart() -> None:
    judge(measure("esp32", 1))


@pytest.mark.deep
def test_it_is_on_every_board() -> None:
    judge([one for profile in PROFILES for seed in range(6) for one in measure(profile, seed)])
