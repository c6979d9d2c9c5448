"""What a whole unit, as built, takes of a heap, and that it takes no more the longer it runs."""

import json
import struct
import subprocess
from statistics import median

import pytest

from interlock.core import selftest, updating, wire
from simulator.hardware.interpreter import command_of, find_vm
from tests.bench import units
from tests.bench.rows import Missing

GOAL_BYTES = 65536
SLOW = pytest.mark.deep
SPARE_BYTES = 400 * 1024
"""Of a heap with 64-bit objects: 20 KiB more than the smallest that lasts three days."""


@pytest.mark.parametrize("name", ["holster", pytest.param("camera", marks=SLOW), pytest.param("combined", marks=SLOW)])
def test_with_32_bit_objects_a_unit_s_data_fits_in_64_kib_and_does_not_grow(name):
    try:
        told = units.measured(units.ROLES[name], loaded=False)
    except Missing as missing:
        pytest.skip(str(missing))
    assert told["is_32_bit"] and told["turns"] == 400 and told["aired"] > 3 and told["invited"]
    worn = told["alive after it"]
    assert 0 < worn - told["code and constants"] < GOAL_BYTES
    # What serves technicians came for the dock, and went: what it leaves are names, which are interned for ever, and a
    # larger table of them (it grows in steps: of some 4 KiB here).
    assert told["alive in its dock"] - worn > 12_000
    assert worn - told["alive before it"] < 6144
    # A turn in which nothing happens leaves the heap alone.
    idle = sorted(told["idle"])
    assert len(idle) > 30 and idle[len(idle) // 2] == 0


@pytest.mark.parametrize("name", ["holster", pytest.param("camera", marks=SLOW)])
def test_what_technicians_ask_for_and_what_a_start_needs_is_there_only_while_it_is_wanted(name):
    try:
        told = units.measured(units.ROLES[name], loaded=True)
    except Missing as missing:
        pytest.skip(str(missing))
    assert told["healthy"] and told["invited"]
    sizes = [selftest.REPORT_FORM, updating.STATE_FORM, wire.PLACED_HEAD][: len(told["answers"])]
    assert told["answers"] == [[wire.OK, struct.calcsize(form)] for form in sizes]
    start, in_dock, worn, end = [set(told["parts"][turn]) for turn in ("0", "315", "335", "399")]
    assert {"trial", "notary"} <= start
    assert {"update", "self_test", "serving", "session"} <= in_dock and "trial" not in in_dock
    assert "placement" not in in_dock  # its lines were looked at, and nobody is connected
    assert worn == {"self_test"} and not end


@pytest.mark.deep
@pytest.mark.parametrize("name", ["holster", "camera"])
def test_over_thirty_days_memory_does_not_fall_to_pieces(name, tmp_path):
    """The largest free block of a heap that is not much larger than the unit, day by day."""
    image = tmp_path / "rom"
    image.write_bytes(units.rom(units.built(), units.ROLES[name], loaded=False))
    code = (
        "import os, sys, vfs\n"
        f"rom = bytearray(os.stat({str(image)!r})[6])\n"
        f"with open({str(image)!r}, 'rb') as held: held.readinto(rom)\n"
        "vfs.mount(vfs.VfsRom(rom), '/rom')\n"
        "sys.path[:] = ['/rom']\n"
        "from tests.bench import unit_in_vm\n"
        f"unit_in_vm.role = {units.ROLES[name]}\n"
        "print(list(unit_in_vm.live(30)))\n"
    )
    heap = image.stat().st_size + SPARE_BYTES
    command = [*command_of(find_vm()), "-X", f"heapsize={heap}", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    largest, free = [day[0] for day in found], [day[1] for day in found]
    assert len(found) == 30
    # It differs from day to day with what happened last, by a half: what counts is that later days are no worse.
    assert sum(largest[-10:]) > 0.85 * sum(largest[:10]), largest
    assert min(largest[-10:]) > 0.8 * min(largest[:10]), largest
    # Of what goes by the day the most is this list's: 64 bytes, and its own growing. On a day that ends while something
    # is signed, the signer is held beside it: the middle one of ten days counts.
    assert median(free[-10:]) + 30 * 128 > median(free[:10]), free
