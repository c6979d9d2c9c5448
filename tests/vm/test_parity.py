"""The core gives byte for byte the same in CPython, in the MicroPython VM and in one with 32-bit objects, as boards
have them, for random cases of a printed seed.

PARITY_SEED=n repeats the cases of one run.
"""

import os
import subprocess
from binascii import crc32

import pytest

from simulator.hardware.interpreter import command_of, find_vm
from tests.bench import romfs, web_vm
from tests.bench.rows import Missing

from .parity import WALK_STEPS, lines
from .test_core_in_vm import ROOT

SEEDS = [int(os.environ["PARITY_SEED"])] if "PARITY_SEED" in os.environ else [20171221]


def differing(seed: int) -> str | None:
    """The first line in which the two differ; None when they agree."""
    done = subprocess.run(
        [*command_of(find_vm()), "-X", "heapsize=16m", str(ROOT / "tests/vm/parity.py"), str(ROOT), str(seed)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    here, there = list(lines(seed)), done.stdout.splitlines()
    for number, (mine, its) in enumerate(zip(here, there, strict=False)):
        if mine != its:
            return f"PARITY_SEED={seed}, line {number}:\n  CPython     {mine}\n  MicroPython {its}"
    assert len(here) == len(there) > 4 * WALK_STEPS
    return None


@pytest.mark.parametrize("seed", SEEDS)
def test_both_interpreters_give_the_same(seed: int) -> None:
    print(f"PARITY_SEED={seed}")
    assert (found := differing(seed)) is None, found


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(1, 21))
def test_both_interpreters_give_the_same_for_many_seeds(seed: int) -> None:
    assert (found := differing(seed)) is None, found


IN_32 = ("__init__", "core/__init__", "core/flash", "vm/__init__", "vm/parity", "vm/parity_32")


@pytest.fixture(scope="module")
def compiled() -> romfs.Tree:
    try:
        firmware = ROOT / "firmware"
        sources = [*(firmware / "interlock").rglob("*.py"), *(firmware / "interlock_loader").glob("*.py")]
        tree = romfs.compiled(sources, firmware)
        return tree | romfs.compiled([ROOT / "tests" / f"{name}.py" for name in IN_32], ROOT)
    except Missing as missing:
        pytest.skip(str(missing))


def in_32(tree: romfs.Tree, seed: int, kept: int = -1) -> tuple[list[int], list[str]]:
    """Checksums of all lines, and the line `kept`."""
    try:
        sums, lines_kept = web_vm.run("parity_32", romfs.image(tree | {"case": f"{seed} {kept}".encode()}), "tests.vm")
    except Missing as missing:
        pytest.skip(str(missing))
    return sums, lines_kept


def differing_in_32(tree: romfs.Tree, seed: int) -> str | None:
    """The first line in which CPython and 32 bits differ; None when they agree."""
    here = list(lines(seed))
    there, _ = in_32(tree, seed)
    for number, (mine, its) in enumerate(zip(here, there, strict=False)):
        if crc32(mine.encode()) != its:
            said = in_32(tree, seed, number)[1]
            return f"PARITY_SEED={seed}, line {number}:\n  CPython  {mine}\n  32 bits  {said[0] if said else ''}"
    assert len(here) == len(there) > 4 * WALK_STEPS
    return None


@pytest.mark.parametrize("seed", SEEDS)
def test_objects_of_32_bits_give_the_same(compiled: romfs.Tree, seed: int) -> None:
    print(f"PARITY_SEED={seed}")
    assert (found := differing_in_32(compiled, seed)) is None, found


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(1, 6))
def test_objects_of_32_bits_give_the_same_for_more_seeds(compiled: romfs.Tree, seed: int) -> None:
    assert (found := differing_in_32(compiled, seed)) is None, found
