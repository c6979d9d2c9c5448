"""The core gives byte for byte the same in CPython and in the MicroPython VM, for random cases of a printed seed.

PARITY_SEED=n repeats the cases of one run.
"""

import os
import subprocess

import pytest

from .parity import WALK_STEPS, lines
from .test_core_in_vm import ROOT, executable

SEEDS = [int(os.environ["PARITY_SEED"])] if "PARITY_SEED" in os.environ else [20171221]


def differing(seed: int) -> str | None:
    """The first line in which the two differ; None when they agree."""
    done = subprocess.run(
        [executable(), "-X", "heapsize=16m", str(ROOT / "tests/vm/parity.py"), str(ROOT), str(seed)],
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
