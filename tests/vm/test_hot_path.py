"""From an edge to its frame nothing is allocated: the real unit on a virtual board, its heap locked meanwhile.

What counts is everything between: the pin's handler, the door, the role, the drivers, and the double of `bluetooth`,
whose own memory is that of C code and not counted. See `hot_path_on_board.py`. The same path with 32-bit objects, as
boards have them, in `hot_path_32.py`.
"""

from pathlib import Path
from typing import Any

import pytest

from interlock.core import frames
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.hardware.vm import FirmwareError
from simulator.played import Run
from simulator.profiles import PROFILES
from simulator.scenario import parse
from simulator.world import World
from tests.bench import romfs, web_vm
from tests.bench.rows import Missing

from .test_core_in_vm import ROOT

SCRIPT = Path(__file__).with_name("hot_path_on_board.py")
IN_32 = ("__init__", "core/__init__", "core/flash", "vm/__init__", "vm/hot_path_32")
LATEST_MS = 10
Events = tuple[tuple[float, str], ...]
USE: Events = ((5, "draw"), (7, "arm"), (8, "discharge"), (11, "holster"))


def played(folder: Path, port: str, events: Events = USE, leaks: str = "") -> tuple[Run, list[str]]:
    """A use of H1's weapon, and what H1 printed."""
    script = folder / "main.py"
    script.write_text(SCRIPT.read_text().replace('LEAKS = ""', f'LEAKS = "{leaks}"'))
    printed: list[list[str]] = []

    class Board(VirtualBoard):
        def __init__(self, name: str, *args: Any) -> None:
            super().__init__(name, *args, **({"script": script} if name == "H1" else {}))
            if name == "H1":
                printed.append(self.output)

    table = {
        "name": "hot path",
        "secret": "hot path",
        "duration_s": 14,
        "profile": port,
        "policy": {"hold_ms": 1000},
        "unit": [
            {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"]},
            {"id": "C1", "role": "camera", "at_m": [0.4, 0.3]},
        ],
        "event": [{"at_s": at_s, "unit": "H1", "do": do} for at_s, do in events],
    }
    with seeded_entropy(1):
        run_ = run(World(parse(table, "hot path"), 1, None, None, Board).play("the VM of this test"))
    return run_, printed[0]


@pytest.mark.parametrize(
    "port", [pytest.param(port, marks=pytest.mark.deep if port == "stm32wb" else ()) for port in PROFILES]
)
def test_every_edge_is_on_the_air_before_anything_is_allocated(tmp_path: Path, port: str) -> None:
    run_, printed = played(tmp_path, port)
    assert printed == [
        "weapon left aired on a locked heap",
        "armed aired on a locked heap",
        "discharge pulse aired on a locked heap",
    ]
    aired_ms = {frame.event: frame.at_us / 1000 for frame in reversed(run_.frames) if frame.source == "H1"}
    for (at_s, _), event in zip(USE, (frames.DRAW, frames.ARM, frames.DISCHARGE), strict=False):
        assert 0 < aired_ms[event] - at_s * 1000 < LATEST_MS


def test_of_two_edges_within_a_millisecond_both_frames_were_made_before(tmp_path: Path) -> None:
    run_, printed = played(tmp_path, "esp32", ((5, "draw"), (5.0004, "arm"), (8, "holster")))
    assert "two edges in one turn, 0 frames made between them" in printed
    aired_us = {frame.event: frame.at_us for frame in reversed(run_.frames) if frame.source == "H1"}
    assert aired_us[frames.ARM] - 5_000_400 < 1000 * LATEST_MS


@pytest.mark.parametrize("leaks", ["handler", pytest.param("take", marks=pytest.mark.deep)])
def test_an_allocation_on_the_way_would_be_noticed(tmp_path: Path, leaks: str) -> None:
    try:
        _, printed = played(tmp_path, "esp32", leaks=leaks)
    except FirmwareError as error:
        assert "heap is locked" in str(error)
    else:
        assert any("heap is locked" in line for line in printed)


def test_the_same_with_32_bit_objects_while_ticks_wrap() -> None:
    try:
        tree = romfs.compiled((ROOT / "firmware/interlock").rglob("*.py"), ROOT / "firmware")
        tree |= romfs.compiled([ROOT / "tests" / f"{name}.py" for name in IN_32], ROOT)
        found = web_vm.run("hot_path_32", romfs.image(tree), "tests.vm")
    except Missing as missing:
        pytest.skip(str(missing))
    assert found["is_32_bit"] and found["ticks"] < 1000
    assert [aired[:1] for aired in found["aired"]] == [["locked"]] * 3
