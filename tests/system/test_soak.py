"""Days in a row: nothing restarts but by the faults of its day, nothing grows.

In the VM, with docks and a technician: three of the thirty days, and one with faults on each port, the ticks' wrap
after each of its boots. All thirty in the VM take most of an hour a port: `INTERLOCK_SOAK=1`; without connections they
are played in the fast fidelity (`tests/deep/test_soak.py`).
"""

import itertools
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
GROWTH_BYTES = 256
"""Of 64-bit objects, between days: eight blocks, since the collector is conservative."""
SCRIPT = """
import dataclasses, json, resource, sys, tempfile
from pathlib import Path
from host_tools.campaign.play import play_and_judge
from simulator.scenario import load
from simulator.hardware.board import VirtualBoard
from simulator.hardware.vm import Vm
days, seed, begins_ms = int(sys.argv[2]), 1, int(sys.argv[3])
made, boards, host_kib = VirtualBoard.__init__, [], {}
made.__kwdefaults__["ticks_at_boot_ms"] = begins_ms

class Noted(dict):
    # late on each day: the most memory that this process has had so far

    def setdefault(self, day, heap):
        host_kib.setdefault(day, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return super().setdefault(day, heap)

def begin(board, *given, **named):
    made(board, *given, **named)
    boards.append(board)

def start(vm, *given, **named):
    vm.heap_of_day = Noted()
    return started(vm, *given, **named)

started, Vm.start, VirtualBoard.__init__ = Vm.start, start, begin
scenario = load(Path(sys.argv[1]))
kept = tuple(event for event in scenario.events if event.at_s < days * 86400)
scenario = dataclasses.replace(scenario, duration_s=days * 86400.0, events=kept)
with tempfile.TemporaryDirectory() as folder:
    judged = play_and_judge(scenario, seed, Path(folder), None, "vm")
    judged.visitor.close()
heaps = [[bytes_ for _, bytes_ in sorted(board.heap_of_day.items())] for board in boards]
print(json.dumps({"facts": judged.facts, "host_kib": [kib for _, kib in sorted(host_kib.items())], "heaps": heaps}))
"""


def soak(days: int, scenario: Path = SOAK, ticks_at_boot_ms: int = 0) -> dict:
    """Play so many days in a process of its own, whose memory can then be told."""
    command = [sys.executable, "-c", SCRIPT, str(scenario), str(days), str(ticks_at_boot_ms)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
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
def test_memory_does_not_grow_with_the_days(record_property):
    """All that a unit holds late on each day, when nothing goes on, garbage taken away: the same on each."""
    played = soak(3)
    assert all_is_well(played, 3)
    assert len(played["heaps"]) == len(played["facts"]["units"])
    for day, second, third in played["heaps"]:
        assert max(day, second, third) - min(day, second, third) <= GROWTH_BYTES, played["heaps"]
    # Of each day the host keeps what the world is judged by: its frames, its PDUs' instants.
    day, _, third = played["host_kib"]
    assert third <= day * 1.05
    record_property("days", 3)
    record_property("days_in_a_row", 3)


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("INTERLOCK_SOAK"), reason="thirty days take most of an hour: INTERLOCK_SOAK=1")
def test_thirty_days_pass_without_a_restart(record_property):
    played = soak(30)
    assert all_is_well(played, 30)
    for heaps in played["heaps"]:
        assert max(heaps) - min(heaps) <= GROWTH_BYTES, heaps
    record_property("days", 30)
    record_property("days_in_a_row", 30)


# What goes wrong on every day of `faulty`, between its uses and in them.
FAULTS = (
    "8:00:00  C1 battery_change off_s=20",
    "8:10:00  C1 handler_fails count=3",
    '8:20:00  C1 scan_stalls cure="stack"',
    "8:30:00  H1 radio_refuses for_s=5",
    "10:00:00 air jam for_s=20",
    "10:00:05 H1 draw",
    "10:00:40 H1 holster",
    "11:00:00 H1 seat_contact_sticks",
    "11:05:00 H1 seat_contact_mends",
    "12:00:00 C1 camera_dies",
    "12:00:30 H1 draw",
    "12:01:00 H1 holster",
    "12:10:00 C1 camera_revives",
    "13:00:00 H1 power_cut operation=2 off_s=5",
    "13:00:01 H1 draw",
    "13:00:40 H1 holster",
    "14:00:00 C1 power_cut operation=3 off_s=5",
    "14:00:01 H1 draw",
    "14:00:40 H1 holster",
    "14:10:00 C1 officer_stops",  # its unit woke up beside a recording of which it knows nothing
    "15:00:00 H1 battery mv=3300",
    "16:00:00 H1 battery mv=3900",
    "17:00:00 H1 draw",
    "17:00:30 H1 holster",
)
OF_A_DAY = ["late", "before", "before", "late", "unwitnessed", "late", "indeterminate", "late"]
"""Verdicts of a day: its use, the jam, the dead camera, either unit's power cut in a flash operation, a good end."""
UNCUT = [*OF_A_DAY[:6], "late", "late"]
NOT_POWER_PROOF = ("stm32wb",)
"""Its supply does not fail in flash operations here: what that costs is test_not_power_proof.py's."""
BOOTS_A_DAY = 2
"""Of either unit at most: a cut; a change of battery, or a radio that refuses."""
WRAP_AFTER_S = 3 * 3600
"""Ticks wrap so long after each boot, since a unit that boots every day would never see it: at night, in the morning,
and for the camera unit once at the very draw of 17:00."""
BEGINS_MS = (1 << 30) - WRAP_AFTER_S * 1000


def faulty(folder: Path, port: str) -> Path:
    """The thirty days, each with all faults, on another port."""
    text = SOAK.read_text().replace('profile = "esp32"', f'profile = "{port}"')
    faults = [line for line in FAULTS if port not in NOT_POWER_PROOF or "power_cut" not in line]
    lines = "".join(f"    '{line} every_s=86400 times=30',\n" for line in faults)
    place = folder / "faulty_days.toml"
    place.write_text(text.replace("\n]\n\n[technician]", f"\n{lines}]\n\n[technician]", 1))
    return place


def test_every_boot_of_a_day_of_faults_lasts_until_its_ticks_wrap():
    starts = {"H1": ["13:00:00"], "C1": ["8:00:00", "14:00:00"]}
    for unit, told in starts.items():
        found = [
            line.split()[0]
            for line in FAULTS
            if line.split()[1] == unit and line.split()[2] in ("power_cut", "battery_change")
        ]
        assert found == told
        boots_s = [0, *(int(hour) * 3600 for hour, _, _ in (at.split(":") for at in told)), DAY_S]
        assert all(later - begun > WRAP_AFTER_S for begun, later in itertools.pairwise(boots_s))


def bears_its_faults(played: dict, port: str, days: int) -> None:
    """Every use is journalled, with its verdict as the faults of its hour allow; journals are whole."""
    facts = played["facts"]
    assert [use["verdict"] for use in facts["uses"]] == (UNCUT if port in NOT_POWER_PROOF else OF_A_DAY) * days
    assert all(use["journalled"] for use in facts["uses"])
    assert all(unit["boots"] <= 2 + BOOTS_A_DAY * days for unit in facts["units"])
    assert {journal["verdict"] for journal in facts["journals"]} == {"intact"}
    assert all(visit["succeeded"] for visit in facts["technician"])


@pytest.mark.deep
@pytest.mark.parametrize("port", ("esp32", "rp2", "stm32wb"))
def test_a_day_of_faults_over_the_wrap_of_the_ticks_loses_nothing(tmp_path: Path, port: str, record_property):
    played = soak(1, faulty(tmp_path, port), BEGINS_MS)
    bears_its_faults(played, port, 1)
    record_property("days", 1)


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("INTERLOCK_SOAK"), reason="thirty days take most of an hour: INTERLOCK_SOAK=1")
@pytest.mark.parametrize("port", ("esp32", "rp2", "stm32wb"))
def test_thirty_days_of_faults_lose_nothing(tmp_path: Path, port: str):
    bears_its_faults(soak(30, faulty(tmp_path, port), BEGINS_MS), port, 30)
