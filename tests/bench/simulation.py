"""Rows: how much faster than real time the simulator plays one officer's day, by the CPU time of all its processes
(imports and boots included). Beside it real time itself.

`vm`: the scenario `patrol_day` as it is: ten hours, two uses, set up out of the box and pulled. `fast`: the same day
without boxes, docks and technician, whom that fidelity does not know.
"""

import json
import subprocess
import sys

from tests.vm.test_core_in_vm import ROOT

from .rows import Row, Spec

SCENARIO = ROOT / "simulator" / "scenarios" / "patrol_day.toml"
SPECS = (
    Spec("simulation.day.vm", "one officer's day, the real VM", "virtual s per CPU s", "real time"),
    Spec(
        "simulation.day.fast",
        "one officer's day, firmware in CPython, no technician",
        "virtual s per CPU s",
        "real time",
    ),
)
SCRIPT = """
import dataclasses, json, resource, sys, tempfile
from pathlib import Path
from host_tools.campaign.play import play_and_judge
from simulator.scenario import load
scenario, fidelity = load(Path(sys.argv[1])), sys.argv[2]
if fidelity == "fast":
    weapon = tuple(e for e in scenario.events if e.do in ("draw", "arm", "discharge", "holster"))
    units = tuple(dataclasses.replace(unit, boxed=False) for unit in scenario.units)
    scenario = dataclasses.replace(scenario, events=weapon, units=units, technicians=())
with tempfile.TemporaryDirectory() as folder:
    judged = play_and_judge(scenario, 1, Path(folder), None, fidelity)
    if judged.visitor:
        judged.visitor.close()
verdicts = [use["verdict"] for use in judged.facts["uses"]]
spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([scenario.duration_s, sum(one.ru_utime + one.ru_stime for one in spent), verdicts]))
"""


def _day(spec: Spec) -> Row:
    command = [sys.executable, "-c", SCRIPT, str(SCENARIO), spec.id.rpartition(".")[2]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {SCENARIO.name} was not played.\n{done.stderr}")
    virtual_s, spent_s, verdicts = json.loads(done.stdout)
    assert verdicts, "a day without a use"
    return spec.row(virtual_s / spent_s, 1.0, f"{virtual_s / 3600:g} h")


def rows() -> list[Row]:
    return [_day(spec) for spec in SPECS]
