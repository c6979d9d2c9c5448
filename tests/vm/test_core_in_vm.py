"""The core's tests again, the very same files, inside the real MicroPython VM."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "tests" / "core").glob("test_*.py"))


def executable() -> str:
    beside = Path(sys.executable).with_name("micropython")
    found = os.environ.get("MICROPYTHON") or (str(beside) if beside.exists() else shutil.which("micropython"))
    assert found, "no MicroPython VM: install the extra 'sim' or set MICROPYTHON"
    return found


@pytest.mark.parametrize("module", MODULES)
def test_core_behaves_the_same_in_micropython(module: str) -> None:
    done = subprocess.run(
        [executable(), "-X", "heapsize=4m", str(ROOT / "tests/vm/run_in_vm.py"), str(ROOT), module],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    in_cpython = {name for name in dir(__import__(f"tests.core.{module}", fromlist=["*"])) if name.startswith("test_")}
    ran = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("ok ")}
    assert ran == in_cpython
