"""The core's tests again, the very same files, inside the real MicroPython VM."""

import subprocess
from pathlib import Path

import pytest

from simulator.hardware.interpreter import command_of, find_vm

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "tests" / "core").glob("test_*.py"))
SLOW = ("test_company",)
"""Hours of two units, step by step: in CPython every day."""


@pytest.mark.parametrize(
    "module", [pytest.param(name, marks=pytest.mark.deep) if name in SLOW else name for name in MODULES]
)
def test_core_behaves_the_same_in_micropython(module: str) -> None:
    done = subprocess.run(
        [*command_of(find_vm()), "-X", "heapsize=4m", str(ROOT / "tests/vm/run_in_vm.py"), str(ROOT), module],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    in_cpython = {name for name in dir(__import__(f"tests.core.{module}", fromlist=["*"])) if name.startswith("test_")}
    ran = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("ok ")}
    assert ran == in_cpython
