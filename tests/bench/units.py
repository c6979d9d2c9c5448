"""Rows: what the built application takes of a heap, in each role, with 32-bit objects as boards have them. The 32-bit
VM's heap grows when it is full, so the smallest heap is one of 64-bit objects, about twice as large.

In place: out of a ROM file system. Bytecode stays there, as that of frozen code; but a function's description, names
and constants, which frozen code has in flash, are on the heap, so frozen code takes less. Loaded: out of its release
file, through the loader's own mount and deflate, as a unit with a release in a slot runs it; only such a unit has a
trial at each start, and updates.

What serves technicians is loaded in the dock, and let go of behind it: most is held there.
"""

import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from host_tools.building import compiler, deflating, release
from host_tools.building.compact import compact
from interlock.core import selftest, wire
from interlock_loader import container
from simulator.hardware.interpreter import command_of, find_vm
from tests.vm.test_core_in_vm import ROOT

from . import romfs, web_vm
from .rows import Row, Spec, by_id

ROLES = {"holster": 1, "camera": 2, "combined": 3}
BOARD = "pico_w"
KIB = 1024
STEP_BYTES = 4 * KIB
EXPORTS = tuple(
    f"interlock.{name}"
    for name in (
        "app:App",
        "boards:Board",
        "core.access:Label",
        "core.settings:Settings",
        "core.settings:Partner",
        "core.settings:DEFAULT_POLICY",
    )
)
SCRIPT = ROOT / "tests/bench/unit_in_vm.py"
ASKS = (wire.UPDATE_STATE, wire.TECHNICIAN, selftest.ALL, wire.LOOK)
WAYS = {"in_place": (False, "in place"), "loaded": (True, "loaded")}
SPECS = tuple(
    Spec(f"unit.{role}.{way}.{what}", f"{role} unit, code {how}: {text}", unit)
    for role in ROLES
    for way, (_, how) in WAYS.items()
    for what, text, unit in (
        ("held", "held at most, in its dock, asked for a self-test and (loaded) updates", "bytes, 32-bit VM"),
        ("dock", "held in its dock, nobody connected", "bytes, 32-bit VM"),
        ("worn", "held while worn, after a stay in its dock", "bytes, 32-bit VM"),
        ("tested", "held while worn, in the ten minutes after a self-test", "bytes, 32-bit VM"),
        ("data", "of that beside the application's code", "bytes, 32-bit VM"),
        ("data_held", "of what is held at most beside the code that a boot loads", "bytes, 32-bit VM"),
        ("smallest", "smallest heap", "bytes, 64-bit VM"),
        ("idle", "an idle turn allocates", "bytes, 32-bit VM"),
    )
)


@cache
def built() -> dict[str, bytes]:
    """The members of a release that also has what the measurement asks for. Not to be changed."""
    firmware = ROOT / "firmware"
    small = compact(firmware, BOARD, [*release.outside(firmware), SCRIPT], EXPORTS)
    return {path[:-3] + ".mpy": compiler.compile_source(code, path) for path, code in small.files.items()}


def packed(members: dict[str, bytes]) -> bytes:
    """A release file with these members."""
    listed, body = [], b""
    for name, data in members.items():
        how, stored = deflating.pack(data)
        listed.append(container.Member(name, how, len(stored), len(data), deflating.sha256(stored)))
        body += stored
    manifest = container.Manifest((0, 1, 0), (0, 0, 0), BOARD, compiler.MPY, (1, 29, 0), 1, bytes(20), tuple(listed))
    return container.head(container.pack_manifest(manifest), b"") + body


def rom(members: dict[str, bytes], role: int, loaded: bool) -> bytes:
    """The file system for a VM: script and code, in place or as a release file."""
    tree: Any = {"tests": {"__init__.py": b"", "bench": {"__init__.py": b""}}}
    begin = f"from tests.bench import unit_in_vm\nunit_in_vm.role, unit_in_vm.asks = {role}, {ASKS}\n"
    begin += f"unit_in_vm.has_loader = {loaded}\n"
    begin += "from tests.bench.unit_in_vm import found, turn\n"
    tree |= romfs.compiled((ROOT / "firmware/interlock_loader").glob("*.py"), ROOT / "firmware")
    if loaded:
        tree["app.ilu"] = packed(members)
        mount = "import sys, vfs\nfrom interlock_loader.mounted import Mounted\n"
        begin = mount + "vfs.mount(Mounted('/rom/app.ilu'), '/app')\nsys.path.insert(0, '/app')\n" + begin
    else:
        for name, data in members.items():
            within = tree
            *folders, last = name.split("/")
            for folder in folders:
                within = within.setdefault(folder, {})
            within[last] = data
    script = romfs.compiled([SCRIPT], ROOT)
    tree["tests"]["bench"] |= script["tests"]["bench"]
    tree["tests"]["bench"]["begin.py"] = begin.encode()
    return romfs.image(tree)


def measured(role: int, loaded: bool, members: dict[str, bytes] | None = None) -> Any:
    """What `found` of `unit_in_vm.py` tells."""
    return web_vm.run("begin", rom(members or built(), role, loaded))


def _in_64(image: Path, heap_bytes: int) -> Any:
    """The same in the unix VM, whose objects are of 64 bits, with a heap of so many bytes, the file system in it;
    None when memory ran out."""
    code = (
        "import os, sys, vfs\n"
        f"rom = bytearray(os.stat({str(image)!r})[6])\n"
        f"with open({str(image)!r}, 'rb') as held: held.readinto(rom)\n"
        "vfs.mount(vfs.VfsRom(rom), '/rom')\n"
        "sys.path[:] = ['/rom']\n"
        "from tests.bench.begin import found, turn\n"
        "while turn(): pass\n"
        "print(found())\n"
    )
    command = [*command_of(find_vm()), "-X", f"heapsize={heap_bytes}", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and "MemoryError" not in done.stdout + done.stderr:
        raise SystemExit(f"bench: the unit of unit_in_vm.py failed.\n{done.stdout}{done.stderr}")
    return None if done.returncode else json.loads(done.stdout)


def smallest(image: bytes) -> int:
    """The smallest heap that it passes in with 64-bit objects, to 4 KiB, without the file system and what stands for
    the world."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "rom"
        place.write_bytes(image)
        told = _in_64(place, 2048 * KIB)
        assert told is not None
        low, high = 0, 1024 * KIB
        while high - low > STEP_BYTES:
            middle = (low + high) // 2
            if _in_64(place, told["around it"] + middle) is None:
                low = middle
            else:
                high = middle
    return high


def rows() -> list[Row]:
    specs, out, members = by_id(SPECS), [], built()
    for name, role in ROLES.items():
        for way, (loaded, _) in WAYS.items():
            image = rom(members, role, loaded)
            told = web_vm.run("begin", image)
            worn, most, code = told["alive after it"], told["alive at most"], told["code and constants"]
            counted = {
                "held": most,
                "dock": told["alive in its dock"],
                "worn": worn,
                "tested": told["alive after a test"],
                "data": worn - code,
                "data_held": most - code,
                "smallest": smallest(image),
                "idle": sorted(told["idle"])[len(told["idle"]) // 2],
            }
            out += [specs[f"unit.{name}.{way}.{what}"].row(value) for what, value in counted.items()]
    return out
