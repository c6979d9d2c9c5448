"""Whether UTC ± u is what it says: worlds whose truth is known, technicians who come and go, clocks that are set over
the real session. Every record of every journal that was pulled is asked for its time.

Records of one boot share their errors, so a boot is one witness: shares are of records within a boot, the mean is over
boots, and the bound is what so many boots allow for chance.
"""

import math
import random
import statistics
from pathlib import Path
from typing import NamedTuple

import pytest

from host_tools import journal_file
from host_tools.clocks.unit_clock import UnitClock
from host_tools.visitor import Visitor
from simulator.played import Run
from simulator.profiles import PROFILES
from simulator.scenario import parse
from simulator.world import play

ROUNDING_MS = 3.0
"""Of the truth: a boot's beginning is known by its first records, made some milliseconds before they were written."""
SETTLING_S = 45
VISIT_S = 12


class Witness(NamedTuple):
    """One boot. `covered`: share of its records whose true UTC is within ± u; `certain`: within the certain bounds;
    `u`, `certain_u`: medians, ms; `syncs`: that it had; without any, `certain` speaks of what its neighbours say."""

    unit: str
    boot: int
    syncs: int
    covered: float
    certain: float
    u: float
    certain_u: float


def table(profile: str, units: int, hours: float, chance: random.Random) -> dict[str, object]:
    """A world of so many holster units, each with its crystal, its weather, its battery changes and missing visits."""
    end_s = hours * 3600
    names = [f"H{number}" for number in range(1, units + 1)]
    events: list[tuple[float, str]] = [(0.5, "* dock"), (1.0, '* provision signing="none"')]
    free_s = 1.0 + units * SETTLING_S
    events.append((free_s, "* undock"))
    visits: list[tuple[float, str]] = []
    for name in names:
        for at_s in sorted(chance.uniform(free_s + 60, end_s * 0.9) for _ in range(chance.choice((0, 1, 1, 2)))):
            events.append((at_s, f"{name} battery_change off_s={chance.choice((2, 60, 400))}"))
        for at_s in (chance.uniform(free_s, end_s) for _ in range(6)):
            events += [(at_s, f"{name} draw"), (at_s + 9, f"{name} holster")]
        if chance.random() < 0.5:
            events.append((chance.uniform(free_s, end_s), f"{name} clock_drifts ppm={chance.uniform(-80, 80):.1f}"))
        visits += [(chance.uniform(free_s + 60, end_s * 0.95), name) for _ in range(chance.choice((0, 1, 2, 4)))]
    busy_s = free_s
    for at_s, name in sorted(visits):
        busy_s = max(at_s, busy_s + 2 * VISIT_S)
        events += [(busy_s, f"{name} dock"), (busy_s + 3, f"{name} sync"), (busy_s + VISIT_S, f"{name} undock")]
    last_s = max(end_s, busy_s + 2 * VISIT_S)
    events += [(last_s, "* dock"), (last_s + 3, "* pull")]
    return {
        "name": f"Clocks of {profile}",
        "secret": "clocks",
        "profile": profile,
        "loss": 0.1,
        "duration_s": last_s + units * SETTLING_S,
        "technician": {"at_m": [1.5, -1.0]},
        "unit": [
            {"id": name, "role": "holster", "boxed": True, "at_m": [0.3 * place, 0], "clock_ppm": ppm}
            for place, (name, ppm) in enumerate((name, round(chance.uniform(-80, 80), 1)) for name in names)
        ],
        "events": [f"{at_s:.2f} {what}" for at_s, what in sorted(events)],
    }


def witnesses(profile: str, seed: int, units: int, hours: float, folder: Path) -> list[Witness]:
    scenario = parse(table(profile, units, hours, random.Random(f"{profile} {seed}")), "clocks")
    visitor = Visitor(folder, seed)
    try:
        run = play(scenario, seed, None, visitor)
        journals = {unit.unit.id: visitor.journal(unit.unit.serial) for unit in run.units}
    finally:
        visitor.close()
    found = []
    for name, data in journals.items():
        assert data is not None, [visit for visit in run.visits if visit.unit == name and not visit.succeeded]
        found += _of_unit(run, name, journal_file.check(data))
    return found


def _of_unit(run: Run, name: str, journal: journal_file.Verdict) -> list[Witness]:
    clock, unit = UnitClock(journal.records), run.unit(name)
    assert not clock.findings, clock.findings
    begins_ms = run.scenario.begins.timestamp() * 1000
    found = []
    for boot in clock.boots:
        covered, certain, u_ms, certain_u = [], [], [], []
        for record in journal.records:
            if record.boot != boot:
                continue
            true_ms = begins_ms + unit.at_us(boot, record.uptime_ms) / 1000
            utc, between = clock.at(boot, record.uptime_ms), clock.between(boot, record.uptime_ms)
            low_ms = -math.inf if between.low_ms is None else between.low_ms
            high_ms = math.inf if between.high_ms is None else between.high_ms
            certain.append(low_ms - ROUNDING_MS <= true_ms <= high_ms + ROUNDING_MS)
            certain_u.append((high_ms - low_ms) / 2)
            if utc is not None:
                covered.append(abs(true_ms - utc.utc_ms) <= utc.u_ms + ROUNDING_MS)
                u_ms.append(utc.u_ms)
        syncs = sum(fit.syncs for fit in clock.fits if fit.boot == boot)
        found.append(Witness(name, boot, syncs, _share(covered), _share(certain), _median(u_ms), _median(certain_u)))
    return found


def _share(told: list[bool]) -> float:
    return sum(told) / len(told) if told else math.nan


def _median(values: list[float] | list[int]) -> float:
    return statistics.median(values) if values else math.nan


def judge(found: list[Witness]) -> str:
    """Asserts, and says the figures."""
    known = [witness for witness in found if witness.syncs]
    shares = [witness.covered for witness in known]
    mean, error = statistics.mean(shares), statistics.stdev(shares) / math.sqrt(len(shares))
    u_ms, certain_ms = (statistics.median(values) for values in zip(*((w.u, w.certain_u) for w in known), strict=True))
    certain = statistics.mean(witness.certain for witness in found)
    text = (
        f"{len(known)} boots with a sync, {len(found) - len(known)} without: the truth is within ± u in {mean:.2%} of "
        f"records (standard error {error:.2%}), within certain bounds in {certain:.2%}; median u {u_ms:.0f} ms, of the "
        f"certain bounds {certain_ms:.0f} ms"
    )
    print(text)
    assert all(witness.certain == 1 for witness in found), [w for w in found if w.certain < 1]
    assert mean >= 0.95, (text, [w for w in known if w.covered < 1])
    assert u_ms < certain_ms, text
    return text


@pytest.mark.deep
def test_records_of_a_world_were_made_when_they_say(tmp_path: Path) -> None:
    judge(witnesses("stm32wb", 8, 2, 0.4, tmp_path))


@pytest.mark.deep
def test_records_of_many_worlds_were_made_when_they_say(tmp_path: Path) -> None:
    found = []
    for profile in PROFILES:
        for seed in range(2):
            (tmp_path / f"{profile}{seed}").mkdir()
            found += witnesses(profile, seed, 4, 1.5, tmp_path / f"{profile}{seed}")
    judge(found)
    assert any(witness.syncs >= 3 for witness in found) and any(witness.syncs == 0 for witness in found)
