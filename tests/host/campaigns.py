"""What the tests of campaigns share: a scenario of seconds, made-up runs of it, and the command."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from host_tools import cli
from host_tools.campaign import plan
from host_tools.campaign.plan import Plan

INTERLOCK = Path(sys.executable).with_name("interlock")
TINY = """
name = "Tiny"
duration_s = 4
secret = "tiny"
loss = 0.1
[policy]
hold_ms = 1000
[[unit]]
id = "H1"
role = "holster"
at_m = [0.0, 0.0]
cameras = ["C1"]
[[unit]]
id = "C1"
role = "camera"
at_m = [3.0, 0.0]
recorder = { start_delay_ms = 300 }
[[event]]
at_s = 1.0
unit = "H1"
do = "draw"
[[event]]
at_s = 2.0
unit = "H1"
do = "arm"
[[event]]
at_s = 3.0
unit = "H1"
do = "holster"
"""


def tiny(folder: Path) -> Path:
    """The scenario as a file in `folder`."""
    path = folder / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


def planned(folder: Path, *vary: str, runs: int = 3, seed: int = 1, keeps_pcap: bool = False) -> Plan:
    path = tiny(folder)
    axes = plan.parse_axes(vary)
    return Plan(axes, plan.apply(path, axes), seed, runs, keeps_pcap=keeps_pcap)


def made_up(values: dict[str, Any], seed: int, *, never: float = 0.1) -> dict[str, Any]:
    """A run's line that nobody played; chance follows from the arguments."""
    chance = random.Random(f"{values} {seed}")
    came = chance.random() >= never
    heard_ms = round(8 + chance.expovariate(1 / 40), 3)
    draw = {
        "unit": "H1",
        "event": "draw",
        "at_ms": 1500.0,
        "journalled": True,
        "recording_unit": "C1" if came else None,
        "witnesses": ["C2"] if chance.random() < 0.5 else [],
        "verdict": "late" if came else "unwitnessed",
        "own_verdict": "late" if came else "unwitnessed",
        "frame_ms": 2.1,
        "heard_ms": heard_ms if came else None,
        "recording_ms": heard_ms + 300 if came else None,
        "acked_ms": heard_ms + 310 if came else None,
        "late_by_ms": 310 if came else None,
        "late_by_u_ms": 4 if came else None,
        "buffer_covers": True if came else None,
    }
    arm = draw | {"event": "arm", "at_ms": 3000.0, "verdict": "before" if came else "unwitnessed"}
    return {
        "values": values,
        "seed": seed,
        "code": "made up",
        "vm": "made up",
        "virtual_s": 6.0,
        "uses": [draw, arm],
        "journals": {"H1": "intact", "C1": "intact"},
        "alerts": {"H1": 0, "C1": 0},
        "visits_failed": 0,
        "air": {"advertising_pdus": 400, "received": 100, "lost": 10, "collided": 1},
    }


def made_up_crowd(seed: int, uses: int) -> dict[str, Any]:
    """A run's line of a scenario with that many draws."""
    line = made_up({}, seed)
    draws = [made_up({"draw": number}, seed)["uses"][0] | {"at_ms": 1000.0 * number} for number in range(uses)]
    return line | {"uses": draws}


def made_up_lines(plan: Plan, **how: Any) -> dict[tuple[int, int], dict[str, Any]]:
    return {job.key: made_up(dict(job.variation.values), job.seed, **how) for job in plan.jobs()}


def here(monkeypatch: Any, capsys: Any, *args: object) -> tuple[int, str, str]:
    """The command in this process: (exit code, standard output, standard error)."""
    monkeypatch.setattr(sys, "argv", ["interlock", *map(str, args)])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    out, err = capsys.readouterr()
    return code, out, err


def interlock(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(INTERLOCK), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env={**os.environ, **env},
    )
