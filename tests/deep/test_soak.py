"""Thirty days in a row on each port, faults on every day, the ticks' wrap after each boot.

Played in the fast fidelity: the firmware in CPython, on the same boards and air, to the microsecond what the VM does
(`tests/simulator/test_fast.py`). It knows no connections: so without docks and technicians, whose days, in the VM, are
`tests/system/test_soak.py`'s, fewer of them. Nobody sets a clock; verdicts rest on the protocol alone.
"""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host_tools.campaign.play import play_and_judge
from simulator.hardware.board import VirtualBoard
from simulator.scenario import TECHNICIAN_ACTIONS, Scenario, load
from tests.system.test_soak import (
    BEGINS_MS,
    BOOTS_A_DAY,
    DAY_S,
    NOT_POWER_PROOF,
    OF_A_DAY,
    SOAK,
    UNCUT,
    faulty,
)

WITH_CONNECTIONS = (*TECHNICIAN_ACTIONS, "dock", "undock")
PORTS = ("esp32", "rp2", "stm32wb")
CALM = ["late", "before", "before"]
"""Verdicts of a day without faults."""
KEPT_DAYS = {"stm32wb": 8}
"""Of thirty, where nobody pulls: this board's 160 KiB hold some 1,450 of these records, and its camera unit makes 170 a
day. What its full ring has dropped is told as lost, and its uses are *indeterminate*; the others keep all days."""
RECORDS_A_DAY = 400
"""Of either unit at most: eight uses, two boots, the faults, and what a unit notes in a day by itself."""


def without_technicians(scenario: Scenario, days: int) -> Scenario:
    """The same units, set up where they were made, and nobody with a laptop."""
    units = tuple(dataclasses.replace(unit, boxed=False) for unit in scenario.units)
    events = tuple(event for event in scenario.events if event.at_s < days * DAY_S and event.do not in WITH_CONNECTIONS)
    return dataclasses.replace(scenario, duration_s=days * DAY_S, units=units, events=events, technicians=())


def played(scenario: Scenario, folder: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        return play_and_judge(scenario, 1, Path(place), None, "fast").facts


def bear_their_days(facts: dict[str, Any], days: int, verdicts: list[str], boots: int, kept_days: int) -> None:
    """Every use of the last `kept_days` at least is journalled, with its verdict, and none before these is told wrong:
    what one unit still holds may tell it, else it is indeterminate. Journals are whole, and no longer than the days
    make them."""
    found = [use["verdict"] for use in facts["uses"]]
    wanted = verdicts * days
    older = len(verdicts) * (days - kept_days)
    assert len(found) == len(wanted)
    assert found[older:] == wanted[older:]
    assert all(use["journalled"] for use in facts["uses"][older:])
    told = enumerate(zip(found[:older], wanted, strict=False))
    wrong = {at: both for at, both in told if both[0] not in ("indeterminate", both[1])}
    assert not wrong, f"of uses older than the last {kept_days} days, found and wanted: {wrong}"
    assert all(unit["boots"] <= boots for unit in facts["units"])
    assert all(unit["records"] <= RECORDS_A_DAY * days for unit in facts["units"])
    assert {journal["verdict"] for journal in facts["journals"]} == {"intact"}


def days_of_faults(port: str, days: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many were played, by their uses."""
    monkeypatch.setitem(VirtualBoard.__init__.__kwdefaults__, "ticks_at_boot_ms", BEGINS_MS)
    facts = played(without_technicians(load(faulty(folder, port)), days), folder)
    verdicts = UNCUT if port in NOT_POWER_PROOF else OF_A_DAY
    bear_their_days(facts, days, verdicts, 1 + BOOTS_A_DAY * days, min(days, KEPT_DAYS.get(port, days)))
    return len(facts["uses"]) // len(verdicts)


@pytest.mark.deep
@pytest.mark.parametrize("port", PORTS)
def test_thirty_days_of_faults_lose_nothing(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    record_property("days", days_of_faults(port, 30, tmp_path, monkeypatch))


@pytest.mark.deep
def test_thirty_calm_days_pass_without_a_restart(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Across the wrap at 2^30 ms, on day 13."""
    facts = played(without_technicians(load(SOAK), 30), tmp_path)
    bear_their_days(facts, 30, CALM, 1, 30)
    record_property("days", len(facts["uses"]) // len(CALM))
