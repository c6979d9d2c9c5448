"""Rows: what the built application takes of a heap, in each role, with 32-bit objects as boards have them. The 32-bit
VM's heap grows when it is full, so the smallest heap is one of 64-bit objects, about twice as large.

In place: out of a ROM file system. Bytecode stays there, as that of frozen code; but a function's description, names
and constants, which frozen code has in flash, are on the heap, so frozen code takes less. Loaded: out of its release
file, through the loader's own mount and deflate, as a unit with a release in a slot runs it.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from host_tools.building import compiler, deflating, release
from host_tools.building.compact import compact
from interlock_loader import container
from tests.vm.test_core_in_vm import ROOT, executable

from . import romfs, web_vm
from .rows import Row

ROLES = {"holster": 1, "camera": 2, "combined": 3}
BOARD = "pico_w"
GOAL_BYTES = 65536
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


def built() -> dict[str, bytes]:
    """The members of a release that also has what the measurement asks for."""
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
    begin = f"from tests.bench import unit_in_vm\nunit_in_vm.role = {role}\n"
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
    command = [executable(), "-X", f"heapsize={heap_bytes}", "-c", code]
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
    out, members = [], built()
    for name, role in ROLES.items():
        for how, loaded in (("in place", False), ("loaded", True)):
            image = rom(members, role, loaded)
            told = web_vm.run("begin", image)
            unit = f"{name} unit, code {how}"
            held = told["alive at most"]
            out.append(Row(f"{unit}: held at most", held, "bytes, 32-bit VM", GOAL_BYTES, "goal"))
            data = held - told["code and constants"]
            out.append(Row(f"{unit}: of that beside the application's code", data, "bytes, 32-bit VM"))
            out.append(Row(f"{unit}: smallest heap", smallest(image), "bytes, 64-bit VM"))
            idle = sorted(told["idle"])[len(told["idle"]) // 2]
            out.append(Row(f"{unit}: an idle turn allocates", idle, "bytes, 32-bit VM"))
    return out
