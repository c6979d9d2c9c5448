"""Fifty officers draw within a second: what campaigns play a thousand times.

Its first twenty officers here; `make test-deep` plays all, and in VMs as well, and compares (a hundred VMs: minutes).
Twelve are the same in both fidelities to the microsecond: `tests/simulator/test_fast.py`.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from host_tools.campaign.play import play_and_judge
from simulator.scenario import load

CROWD = Path(__file__).resolve().parents[2] / "simulator" / "scenarios" / "crowd.toml"


def crowd(folder: Path, fidelity: str, seed: int, officers: int) -> dict[str, Any]:
    """The facts of the crowd, or of its first so many officers."""
    scenario = load(CROWD)
    kept = tuple(unit for unit in scenario.units if int(unit.id[1:]) <= officers)
    events = tuple(event for event in scenario.events if event.unit in {unit.id for unit in kept})
    return play_and_judge(dataclasses.replace(scenario, units=kept, events=events), seed, folder, None, fidelity).facts


@pytest.mark.parametrize("officers", [10, *(pytest.param(count, marks=pytest.mark.deep) for count in (20, 50))])
def test_in_a_crowd_every_draw_has_its_camera_and_every_journal_is_intact(tmp_path: Path, officers: int):
    facts = crowd(tmp_path, "fast", 1, officers)
    assert len(facts["uses"]) == officers
    for use in facts["uses"]:
        assert use["recording_at_ms"] is not None and use["recording_at_ms"] - use["at_ms"] < 3000
        # Of any camera it is open who recorded first: not all clocks are tied to the weapon's.
        assert use["own_verdict"] in ("late", "before")
    assert {journal["verdict"] for journal in facts["journals"]} == {"intact"}
    assert facts["air"]["collided"] > facts["air"]["received"] / 10, "it is a crowd"


@pytest.mark.deep
def test_thirty_officers_in_vms_come_to_the_same(tmp_path: Path):
    """Somewhere two things fall into one microsecond, and what collides differs from then on: bounds, not equality."""
    fast, vm = (crowd(tmp_path, fidelity, 1, 30) for fidelity in ("fast", "vm"))
    assert [use["own_verdict"] == other["own_verdict"] for use, other in _pairs(fast, vm)].count(True) >= 27
    for use, other in _pairs(fast, vm):
        assert abs(use["frame_at_ms"] - other["frame_at_ms"]) < 5
        assert abs(use["recording_at_ms"] - other["recording_at_ms"]) < 300
    for count in ("advertising_pdus", "received", "collided"):
        assert vm["air"][count] == pytest.approx(fast["air"][count], rel=0.05)


def _pairs(one: dict[str, Any], other: dict[str, Any]) -> Iterable[tuple[dict[str, Any], dict[str, Any]]]:
    return zip(one["uses"], other["uses"], strict=True)
