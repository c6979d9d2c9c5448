"""Units that run what `make firmware` builds, beside units that run the source."""

import shutil
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest

from host_tools.building import compiler, release
from host_tools.building.compact import compact
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.hardware.files import file_system, unit_files
from simulator.profiles import profile
from simulator.scenario import parse
from simulator.world import World

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"


made_small = release.made_small  # whatever a test puts into its place


@lru_cache(maxsize=8)
def small(board):
    """What a release is compiled from; it takes most of the time of a build."""
    return made_small(board)


def of_the_tree(board, source):
    """`small`, in the place of `release.made_small`: of no other source than the tree's, which does not change."""
    assert source in (None, release.firmware()), source
    return small(board)


@lru_cache(maxsize=8)
def built(board):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "made_small", of_the_tree)
        return release.build(board)


@lru_cache(maxsize=8)
def small_beside_the_simulator(board):
    """As `small`; the simulator's `board.py` may ask it for attributes by their names, too."""
    return compact(FIRMWARE, board, [*release.outside(FIRMWARE), ROOT / "simulator" / "doubles" / "board.py"])


def modules(folder, board):
    """A folder that a VM without files of its own can import the built application from, with the loader as source."""
    for name, code in small_beside_the_simulator(board).files.items():
        path = (folder / name).with_suffix(".mpy")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compiler.compile_source(code, name))
    shutil.copytree(FIRMWARE / "interlock_loader", folder / "interlock_loader")
    for name in ("boot.py", "main.py"):
        shutil.copy(FIRMWARE / name, folder)
    return folder


def scenario(name, port):
    table = tomllib.loads((ROOT / "simulator" / "scenarios" / f"{name}.toml").read_text())
    return parse(table | {"profile": port}, name)


def short(port, duration_s=26):
    """A use, with a camera and a combined unit near by, and then another one's; both are over after 26 s."""
    table = {
        "name": "short",
        "secret": "short",
        "duration_s": duration_s,
        "profile": port,
        "policy": {"hold_ms": 1000},
        "unit": [
            {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"]},
            {"id": "C1", "role": "camera", "at_m": [0.4, 0.3]},
            {"id": "B1", "role": "combined", "at_m": [2, 0.3]},
        ],
        "event": [
            {"at_s": at_s, "unit": unit, "do": do}
            for at_s, unit, do in (
                (5, "H1", "draw"),
                (7, "H1", "arm"),
                (8, "H1", "discharge"),
                (11, "H1", "holster"),
                (14, "B1", "draw"),
                (18, "B1", "holster"),
            )
            if at_s < duration_s
        ],
    }
    return parse(table, "short")


TELLS = """
import sys
from machine import Timer


def tell(_):
    print(" ".join(sorted([name for name in sys.modules if name.startswith("interlock.")])))


timer = Timer(-1)
timer.init(mode=Timer.ONE_SHOT, period=9000, callback=tell)
"""


def loaded(folder, port):
    """{role: modules that a unit of it has loaded after some seconds with a use in it}; `folder`: of `modules`."""
    script = folder / "main.py"
    script.write_text(TELLS + (FIRMWARE / "main.py").read_text())
    names = {}

    class Board(VirtualBoard):
        def __init__(self, name, *args):
            super().__init__(name, *args, modules=folder, script=script)
            names[name] = self

    with seeded_entropy(1):
        run(World(short(port, 10), 1, None, None, Board).play("the VM of this test"))
    return {name: set(board.output[0].split()) for name, board in names.items()}


def play(of, **how):
    """(what was on the air, {unit: its flash}, what units printed) of a scenario, its boards made with `how`."""
    boards = []

    class Board(VirtualBoard):
        def __init__(self, *args):
            super().__init__(*args, **how)
            boards.append(self)

    with seeded_entropy(1):
        played = run(World(of, 1, None, None, Board).play("the VM of this test"))
    printed = [line for board in boards for line in board.output]
    kept = {board.name: _kept(board) for board in boards}
    return [str(frame) for frame in played.frames], kept, printed


def _kept(board):
    """What a board's settings and journal are."""
    begin = board.profile.journal_offset
    return board.flash.image()[begin : begin + board.profile.journal_bytes]


def with_built(port):
    """A board's file system with what `make firmware` builds in slot a."""
    shape = profile(port)
    return {"files": file_system(shape, unit_files(shape, built(shape.board).file()))}
