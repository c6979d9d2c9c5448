"""Rows: allocations with 32-bit objects, as boards have them, and the heap that journal and signer take.

The 32-bit VM (`web_vm.py`) tells what lives, and what is needed at most by a board that collects only between turns;
the unix VM, whose objects are of 64 bits, the smallest heap in which all of it passes. See `heap_in_vm.py`.
"""

import subprocess
import tempfile
from pathlib import Path

from interlock.core import settings
from interlock.core.journal import Journal
from interlock.core.seal import KEY_BYTES, Seal
from interlock.core.signer import Signer
from simulator.hardware.interpreter import command_of, find_vm
from tests.vm.test_core_in_vm import ROOT

from . import romfs, vm, web_vm
from .nor import Nor
from .rows import Row, Spec, by_id
from .workload import carried, rest, uses

SERIAL = b"BENCH001"
RING_SECTORS = 21
USES_A_SECTOR = 16  # rather more than there are: one of the openings meets a sector that is all but full
H10 = 1
SLICE_HASHES = 1 << 14
MODULES = ("__init__", "core/__init__", "core/flash", "bench/__init__", "bench/in_vm", "bench/heap_in_vm")
MODULES += ("bench/workload",)
KIB = 1024
STAGES = {
    "journal_modules": "the journal's modules",
    "journal_opened": "a full journal opened",
    "record": "a record journalled",
    "quiet_work": "a piece of quiet work",
    "signer_modules": "the signer's modules",
    "signer_opened": "a signer with a key opened",
    "index": "an index taken",
    "signing": "a slice of a signature",
    "signature_read": "a signature read",
    "signature_verified": "a signature verified",
    "key_slice": "a slice of a key",
}
SPECS = (
    *(Spec(f"heap.{id_}.bytes_32", f"allocated: {text}", "heap bytes, 32-bit VM") for id_, text in vm.STEPS.items()),
    *(
        Spec(f"heap.turn.{id_}", f"heap, in one turn at most: {text}", "bytes, 32-bit VM", "held after")
        for id_, text in STAGES.items()
    ),
    Spec("heap.smallest", "smallest heap for journal and signer, code in place", "bytes, 64-bit VM"),
)


def _ring(area: Nor) -> bytes:
    """A ring that has overflown, of whose last sectors the openings that cost most must read many records."""
    seal = Seal(area, settings.SEAL_FIRST)
    seal.give(bytes(range(KEY_BYTES)))
    ring = Nor(RING_SECTORS)
    log = Journal(ring, SERIAL, carried, seal)
    rest(log, 0)
    found: list[tuple[int, bytes, bytes]] = []
    for uptime_ms, kind, payload, is_last in uses(ring.size):
        log.append(kind, payload, uptime_ms)
        if is_last:
            rest(log, uptime_ms)
            if log.first > 0:
                opened = Journal(ring, SERIAL, carried, Seal(area, settings.SEAL_FIRST))
                found.append((len(opened.recent), bytes(ring.data), bytes(area.data)))
            if len(found) == USES_A_SECTOR:
                break
    _, held, keys = max(found)
    area.data[:] = keys
    return held


def _rom() -> bytes:
    """Our code, compiled, and the contents of a unit's flash: its journal full, its signing key whole."""
    area = Nor(settings.SECTORS)
    ring = _ring(area)
    signer = Signer(area, settings.SIGNER_FIRST)
    signer.generate(H10, bytes(range(32)))
    while signer.work(SLICE_HASHES):
        pass
    tree = romfs.compiled((ROOT / "firmware/interlock").rglob("*.py"), ROOT / "firmware")
    tree |= romfs.compiled([ROOT / "tests" / f"{name}.py" for name in MODULES], ROOT)
    return romfs.image(tree | {"ring": ring, "area": bytes(area.data)})


def _passes(rom: Path, heap_bytes: int) -> bool:
    """Whether all turns pass in the unix VM with a heap of so many bytes beside the file system and the flash."""
    code = (
        "import os, sys, vfs\n"
        f"rom = bytearray(os.stat({str(rom)!r})[6])\n"
        f"with open({str(rom)!r}, 'rb') as held: held.readinto(rom)\n"
        "vfs.mount(vfs.VfsRom(rom), '/rom')\n"
        "sys.path[:] = ['/rom']\n"
        "from tests.bench.heap_in_vm import turn\n"
        "while turn(): pass\n"
    )
    beside = rom.stat().st_size + (RING_SECTORS + settings.SECTORS) * 4096
    command = [*command_of(find_vm()), "-X", f"heapsize={beside + heap_bytes}", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and "MemoryError" not in done.stdout + done.stderr:
        raise SystemExit(f"bench: the turns of heap_in_vm.py failed.\n{done.stdout}{done.stderr}")
    return done.returncode == 0


def _smallest(rom: bytes) -> int:
    """The smallest heap, to a KiB."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "rom"
        image.write_bytes(rom)
        low, high = 0, 512 * KIB
        while high - low > KIB:
            middle = (low + high) // 2
            if _passes(image, middle):
                high = middle
            else:
                low = middle
    return high


def rows() -> list[Row]:
    rom = _rom()
    specs, out = by_id(SPECS), vm.allocations(web_vm.run("in_vm", rom), 32, SPECS)
    told = web_vm.run("heap_in_vm", rom)
    assert [name for name, _, _ in told] == list(STAGES.values()), told
    for id_, (_, lives, peak) in zip(STAGES, told, strict=True):
        out.append(specs[f"heap.turn.{id_}"].row(peak, lives))
    return [*out, specs["heap.smallest"].row(_smallest(rom))]
