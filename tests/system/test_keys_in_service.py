"""The real firmware in a live world, and commands typed beside it: a shift is assigned, the policy and the group's key
change, a camera is lost, and the weapon's next use is proven by the camera that is left."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .live_world import BIN, LiveWorld
from .test_live import Terminal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LiveWorld]:
    """Three boxed units in their docks."""
    world = LiveWorld(tmp_path)
    try:
        yield world
    finally:
        world.end()


@pytest.mark.deep
@pytest.mark.skipif(sys.platform == "win32", reason="types into a shell")
def test_a_lost_camera_is_shut_out_and_the_next_use_is_proven_by_the_other(world: LiveWorld, tmp_path: Path) -> None:
    home, key = str(tmp_path / "home"), str(tmp_path / "key")
    terminal = Terminal(INTERLOCK_AIR=world.air, INTERLOCK_HOME=home, INTERLOCK_KEY_FILE=key)

    def type_line(line: str) -> Any:
        done = terminal.type(f"{BIN}/interlock {line} --json", 120)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    for serial, role in (("H1", "holster"), ("C1", "camera"), ("C2", "camera")):
        type_line(f"provision {world.labels[serial]} --role {role} --force LONDON --signing none")
    type_line("pair H1 C1")
    type_line("pair H1 C2 --spare")
    bound = type_line("assign H1 C2 --officer PC77")
    assert [(unit["serial"], unit["partner"]) for unit in bound["units"]] == [("C2", "H1"), ("H1", "C2")]
    assert type_line("policy set hold_ms=5000")["missing"] == []
    assert type_line("rotate")["rotation"] == {"epoch": 2, "step": "settled", "lagging": []}
    done = type_line("revoke C1 --yes")
    assert (done["exposures"], done["missing"], done["rotation"]["epoch"]) == ([], [], 3)
    (status,) = type_line("status H1")
    assert (status["assigned"], status["group_epochs"]) == ("C2", 1)
    world.happens("H1 undock", "C2 undock", "H1 draw", "H1 arm", "H1 discharge")
    world.happens("H1 holster", apart_s=2.5)
    world.happens("H1 dock", "C2 dock")
    world.wait(5)
    assert [unit["findings"] for unit in type_line("pull H1 C2")] == [[], []]
    type_line("verify")
    (use,) = type_line("report")["uses"]
    assert [event["event"] for event in use["events"]] == ["draw", "arm", "discharge"]
    assert use["events"][-1]["own_verdict"] == "before", use
    assert world.is_running, world.end()
