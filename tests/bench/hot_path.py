"""Rows: what lies between an edge and the first PDU of its frame. Nothing may be allocated, hashed, read or written
there; how many steps there are is counted.

Allocations: the whole unit in the 32-bit VM, its heap locked from the edge until the frame is the stack's
(`tests/vm/hot_path_32.py`). Steps: the same unit in CPython, traced; its bytecodes are not MicroPython's, but lines and
calls are the same source's. See `steps_in_cpython.py`.
"""

import json
import subprocess
import sys

from tests.vm.test_core_in_vm import ROOT

from . import romfs, web_vm
from .rows import Row, Spec, by_id

EDGES = ("draw", "arm", "discharge")
MODULES = ("__init__", "core/__init__", "core/flash", "vm/__init__", "vm/hot_path_32")
COUNTS = {
    "lines": ("lines run", "lines"),
    "calls": ("calls of our functions", "calls"),
    "hashes": ("hashes", "hashes"),
    "reads": ("reads of flash", "reads"),
    "writes": ("programs and erases of flash", "operations"),
}
SPECS = (
    Spec("hot_path.allocations", "edges that needed the heap before their first PDU", "of 3 edges, 32-bit VM"),
    *(
        Spec(f"hot_path.{edge}.{count}", f"flag to first PDU, {edge}: {text}", unit)
        for edge in EDGES
        for count, (text, unit) in COUNTS.items()
    ),
)


def rows() -> list[Row]:
    return [_allocations(), *_steps()]


def _allocations() -> Row:
    tree = romfs.compiled((ROOT / "firmware/interlock").rglob("*.py"), ROOT / "firmware")
    tree |= romfs.compiled([ROOT / "tests" / f"{name}.py" for name in MODULES], ROOT)
    found = web_vm.run("hot_path_32", romfs.image(tree), "tests.vm")
    assert found["is_32_bit"] and len(found["aired"]) == len(EDGES), found
    return SPECS[0].row(sum(aired[:1] != ["locked"] for aired in found["aired"]))


def _steps() -> list[Row]:
    command = [sys.executable, "-m", "tests.bench.steps_in_cpython"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise SystemExit(f"bench: steps_in_cpython.py failed.\n{done.stdout}{done.stderr}")
    specs, found = by_id(SPECS), json.loads(done.stdout)
    return [
        specs[f"hot_path.{edge}.{count}"].row(counted[count])
        for edge, counted in zip(EDGES, found, strict=True)
        for count in COUNTS
    ]
