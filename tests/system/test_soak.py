"""Days in a row: nothing restarts, nothing grows.

`make test-deep` plays three of the thirty days; all thirty take most of an hour: `INTERLOCK_SOAK=1 make test-deep`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.scenario import load

ROOT = Path(__file__).resolve().parents[2]
SOAK = ROOT / "simulator" / "scenarios" / "thirty_days.toml"
DAY_S = 86_400
SCRIPT = """
import dataclasses, json, resource, sys, tempfile
from pathlib import Path
from host_tools.campaign.play import play_and_judge
from simulator.scenario import load
days, seed = int(sys.argv[2]), 1
scenario = load(Path(sys.argv[1]))
kept = tuple(event for event in scenario.events if event.at_s < days * 86400)
scenario = dataclasses.replace(scenario, duration_s=days * 86400.0, events=kept)
with tempfile.TemporaryDirectory() as folder:
    judged = play_and_judge(scenario, seed, Path(folder), None, "vm")
    judged.visitor.close()
peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
vm_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"facts": judged.facts, "host_kib": peak_kib, "vm_kib": vm_kib}))
"""


def soak(days: int) -> dict:
    """Play so many days in a process of its own, whose memory can then be told."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(SOAK), str(days)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def all_is_well(played: dict, days: int) -> bool:
    facts = played["facts"]
    assert [unit["boots"] for unit in facts["units"]] == [2, 2], "set up, and never restarted"
    assert {journal["verdict"] for journal in facts["journals"]} == {"intact"}
    assert all(visit["succeeded"] for visit in facts["technician"])
    verdicts = [use["verdict"] for use in facts["uses"]]
    return verdicts == ["late", "before", "before"] * days


def test_the_thirty_days_are_thirty_and_cross_the_wrap_of_the_ticks():
    scenario = load(SOAK)
    assert scenario.duration_s == 30 * DAY_S > (1 << 30) / 1000
    assert len([event for event in scenario.events if event.do == "draw"]) == 30


@pytest.mark.deep
def test_memory_does_not_grow_with_the_days():
    one, three = soak(1), soak(3)
    assert all_is_well(one, 1) and all_is_well(three, 3)
    assert three["vm_kib"] <= one["vm_kib"] * 1.05
    # Of each day the host keeps what the world is judged by: its frames, its PDUs' instants.
    assert three["host_kib"] <= one["host_kib"] * 1.05
    heaps = [[unit["heap_peak"] for unit in played["facts"]["units"]] for played in (one, three)]
    assert all(later <= first * 1.05 for first, later in zip(*heaps, strict=True))


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("INTERLOCK_SOAK"), reason="thirty days take most of an hour: INTERLOCK_SOAK=1")
def test_thirty_days_pass_without_a_restart():
    played = soak(30)
    assert all_is_well(played, 30)
