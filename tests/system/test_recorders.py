"""The scenario `recorders`: four kinds of recorders, each in its own trouble while a weapon is out."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from host_tools.campaign.play import play_and_judge
from interlock.core import proof, records, selftest
from simulator.fast.fidelity import FidelityError
from simulator.played import Run, UnitRun
from simulator.scenario import Scenario, ScenarioError, load, parse
from simulator.world import play

LIBRARY = Path(__file__).resolve().parents[2] / "simulator" / "scenarios"
LAG_MS = 100  # of a word over the air or the line, or of an edge while a port writes its flash


def without_gopro(scenario: Scenario) -> Scenario:
    units = tuple(replace(u, cameras=u.cameras[:3]) for u in scenario.units if u.id != "C4")
    return replace(scenario, units=units, events=tuple(event for event in scenario.events if event.unit != "C4"))


def proven(unit: UnitRun) -> list[tuple[float, float]]:
    """(begin, end) in ms of virtual time, of each recording that the unit's journal claims."""
    found, since = [], None
    for record in unit.reading.records:
        if record.kind != records.RECORDER:
            continue
        fields = record.fields()
        edge_ms = unit.at_us(record.boot, record.uptime_ms - fields.tally_ago_ms) / 1000
        if fields.tally and since is None:
            since = edge_ms
        elif not fields.tally and since is not None:
            found.append((since, edge_ms))
            since = None
    return found + ([(since, since)] if since is not None else [])


def is_true(unit: UnitRun, claim: tuple[float, float]) -> bool:
    ends = [(i.start_us / 1000, i.end_us / 1000 if i.end_us is not None else 1e9) for i in unit.recordings]
    return any(begin - 1 <= claim[0] and claim[1] <= end + LAG_MS for begin, end in ends)


def check(run: Run, facts: dict[str, Any], cameras: int) -> None:
    for nth in range(1, cameras + 1):
        unit = run.unit(f"C{nth}")
        claims = proven(unit)
        assert len(claims) >= 3 and all(is_true(unit, claim) for claim in claims), (unit.unit.id, claims)
        # Recorded by the first use, by the second after its trouble, and by hand before the third, which ends it not.
        first, *_, last = unit.recordings
        assert 10_000 < first.start_us / 1000 < 11_500 and first.end_us is not None
        assert last.cause == "hand" and last.end_us is None
        assert any(40_000 < i.start_us / 1000 < 70_000 and (i.end_us or 0) / 1000 > 75_000 for i in unit.recordings)
    assert [i.cause for i in run.unit("C1").recordings] == ["shutter", "shutter", "shutter", "hand"]
    told = {record.fields().code for record in run.unit("C1").reading.records if record.kind == records.ALERT}
    assert told == {proof.ALERT_INTERRUPTED}
    assert {journal["verdict"] for journal in facts["journals"]} == {"intact"}
    uses = [use for use in facts["uses"] if use["event"] == "draw"]
    assert len(uses) == 3 and uses[2]["verdict"] == "before"


def test_three_kinds_on_wires_start_are_proven_and_stop_each_in_its_own_trouble(tmp_path: Path) -> None:
    judged = play_and_judge(without_gopro(load(LIBRARY / "recorders.toml")), 1, tmp_path, None, "fast")
    check(judged.run, judged.facts, 3)


@pytest.mark.deep
@pytest.mark.parametrize("port", ["esp32", "stm32wb"])
def test_four_kinds_start_are_proven_and_stop_each_in_its_own_trouble(tmp_path: Path, port: str) -> None:
    judged = play_and_judge(replace(load(LIBRARY / "recorders.toml"), profile=port), 1, tmp_path, None, "vm")
    check(judged.run, judged.facts, 4)


def test_a_gopro_is_refused_where_nobody_can_bond_or_connect() -> None:
    scenario = load(LIBRARY / "recorders.toml")
    with pytest.raises(FidelityError, match="GoPro"):
        play(scenario, 1, None, fidelity="fast")
    table = tomllib.loads((LIBRARY / "recorders.toml").read_text())
    with pytest.raises(ScenarioError, match="cannot bond"):
        parse(table | {"profile": "rp2"}, "recorders.toml")


def tried(fidelity: str, kinds: tuple[str, ...], *events: str) -> list[tuple[int, int, int]]:
    """(finding of the recorder, ms to its tally, ms to its end) of a test of each kind. None records afterwards."""
    units = [
        {"id": f"C{n}", "role": "camera", "at_m": [n * 1.0, 0.0], "recorder": {"kind": kind}}
        for n, kind in enumerate(kinds)
    ]
    table = {
        "name": "Self-tests", "about": "-", "profile": "esp32", "duration_s": 30, "secret": "self-tests",
        "events": ["10 C* press hold_s=0.3", *events], "unit": units,
    }  # fmt: skip
    run = play(parse(table, "self-tests"), 1, None, fidelity=fidelity)
    found = []
    for unit in run.units:
        assert all(recording.end_us is not None for recording in unit.recordings), unit.unit.id
        tests = [record.fields() for record in unit.reading.records if record.kind == records.SELF_TEST]
        done = next(fields for fields in tests if fields.phase == records.TEST_DONE)
        found.append((done.findings[-1], done.start_ms, done.stop_ms))
    return found


def test_a_self_test_tries_each_kind_on_lines_both_ways() -> None:
    kinds = ("momentary", "level", "uart")
    for finding, start_ms, stop_ms in tried("fast", kinds):
        assert finding == selftest.PASSED and 850 < start_ms < 1100 and 0 < stop_ms < 700
    # A wire that is dead is found, and nothing is left recording.
    for finding, _, _ in tried("fast", kinds[:2], "5 C* shutter_breaks"):
        assert finding == selftest.NO_TALLY
    # A tally that is dead hides a recording, which is ended all the same.
    for finding, _, _ in tried("fast", kinds, "5 C* tally_sticks level='off'"):
        assert finding == selftest.NO_TALLY


def test_a_self_test_tries_a_gopro_both_ways() -> None:
    ((finding, start_ms, stop_ms),) = tried("vm", ("gopro",))
    assert finding == selftest.PASSED and 850 < start_ms < 1200 and 0 < stop_ms < 500
