"""A 32-bit MicroPython: the WebAssembly port under Node, for what 64-bit objects hide. Fetched once, into build/.

It runs our code in place, out of a ROM file system, as boards run frozen code: the heap then holds what it does there.
It collects only before a call from outside, never in one: `heap_in_vm.py` makes use of that.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.vm.test_core_in_vm import ROOT

from .rows import Missing

PACKAGE = "@micropython/micropython-webassembly-pyscript"
VERSION = "1.29.0-6"
FOLDER = ROOT / "build" / f"web-vm-{VERSION}"
MODULE = FOLDER / "node_modules" / PACKAGE / "micropython.mjs"
FETCH_S = 120


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not installed: it fetches the 32-bit MicroPython (Debian and Ubuntu: apt install npm)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--fetch-retries=1"]
    command.append(f"{PACKAGE}@{VERSION}")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S, check=False)
    except subprocess.TimeoutExpired:
        raise Missing(f"npm did not fetch {PACKAGE} within {FETCH_S} s: try again with a network") from None
    if done.returncode or not MODULE.exists():
        raise Missing(f"npm could not fetch {PACKAGE} {VERSION}: try again with a network")


def run(script: str, rom: bytes, folder: str = "tests.bench") -> Any:
    """What `found` of a module of that folder gives, as JSON, when its `turn` has nothing more to do. `rom`: the file
    system (`romfs.py`) that this module and all that it imports come from."""
    node = shutil.which("node")
    if node is None:
        raise Missing("node is not installed: it runs the 32-bit MicroPython (Debian and Ubuntu: apt install nodejs)")
    if not MODULE.exists():
        _fetch()
    with tempfile.TemporaryDirectory() as place:
        image = Path(place) / "rom"
        image.write_bytes(rom)
        command = [node, str(ROOT / "tests/bench/web_vm.mjs"), str(MODULE), str(image), f"{folder}.{script}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise SystemExit(f"bench: the 32-bit MicroPython did not run {script}.\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)
