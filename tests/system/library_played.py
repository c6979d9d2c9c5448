"""Scenarios of the library, played once a process, and what is asked of them."""

import functools
import tempfile
from pathlib import Path
from typing import Any

from host_tools.campaign.play import play_and_judge
from simulator.played import Run
from simulator.scenario import load

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "simulator" / "scenarios"
TECHNICIAN = ["clock_chaos", "first_shift", "host_killed", "locker_room", "patrol_day", "self_test", "shift_change"]

TECHNICIAN += ["two_docks", "update"]


FAST = [
    "bad_air",
    "bad_cameras",
    "bad_lines",
    "bad_sensors",
    "dead_batteries",
    "eight_witnesses",
    "flood",
    "function_test",
]

FAST += ["power_cuts", "readiness", "tired_radio", "two_officers"]


ELSEWHERE = ["crowd", "recorders", "thirty_days"]  # test_crowd.py, test_recorders.py, test_soak.py
Played = tuple[Run, dict[str, Any]]

RESTARTED = frozenset({"tired_radio"})
"""Here a Bluetooth stack is started anew while units run: in the VM by real HCI commands, which take fractions of a
millisecond; in the fast fidelity, which has no HCI, in no time."""


@functools.cache
def played(name: str, fidelity: str) -> Played:
    with tempfile.TemporaryDirectory() as folder:
        judged = play_and_judge(load(LIBRARY / f"{name}.toml"), 1, Path(folder), None, fidelity)
        if judged.visitor:
            judged.visitor.close()
    return judged.run, judged.facts


def uses(facts: dict[str, Any], event: str = "draw") -> list[dict[str, Any]]:
    return [use for use in facts["uses"] if use["event"] == event]


def verdicts(facts: dict[str, Any], event: str = "draw") -> list[str]:
    return [use["verdict"] for use in uses(facts, event)]


def alerts_s(facts: dict[str, Any], unit: str) -> list[float]:
    return next([ms / 1000 for ms in u["alerts_at_ms"]] for u in facts["units"] if u["id"] == unit)


def after_ms(use: dict[str, Any], name: str) -> float:
    return float(use[f"{name}_at_ms"] - use["at_ms"])


def all_intact(facts: dict[str, Any]) -> bool:
    return {journal["verdict"] for journal in facts["journals"]} == {"intact"}


def count(run: Run, unit: str, kind: int) -> int:
    return sum(record.kind == kind for record in run.unit(unit).reading.records)


def alike(key: str, one: object, other: object, within_ms: float) -> bool:
    """Whether two fidelities tell the same of a use under this name, times within so many ms. `late_by_u_ms` follows
    the units' clocks, which the fidelities need not read in the same turn."""
    if one == other or key == "late_by_u_ms":
        return True
    both = isinstance(one, (int, float)) and isinstance(other, (int, float)) and key.endswith("_ms")
    return both and abs(one - other) <= within_ms
