"""MicroPython's own two-instance Bluetooth tests, by its own runner, on virtual boards in pairs of ports.

As `simulator/README.md` types it. They are not in this repository: MICROPYTHON_TESTS names the directory `tests` of a
MicroPython checkout (with `tools` beside it); without it this is skipped. `stress_deepsleep_reconnect.py` is left out:
its runner knows reboots of serial boards only.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = os.environ.get("MICROPYTHON_TESTS", "")
PATTERNS = ("ble_*.py", "perf_*.py", "stress_log_filesystem.py")
PAIRS = [("esp32", "esp32"), ("rp2", "rp2"), ("stm32wb", "stm32wb"), ("esp32", "rp2"), ("rp2", "stm32wb")]
_SKIPS = re.compile(r"multi_bluetooth/(\S+) on \S+: skip")

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(not TESTS, reason="MICROPYTHON_TESTS names no tests directory of a MicroPython checkout"),
]


def expected_failures(near: str, far: str) -> dict[str, str]:
    """Test and reason, for instance 0 (mostly the peripheral) on `near` and 1 (mostly the central) on `far`."""
    failures = {}
    if far == "rp2":
        failures["ble_mtu_peripheral.py"] = (
            "BTstack's client refuses a value that is longer than the MTU (gatt_client.c)"
        )
    if near == far == "stm32wb":
        failures["ble_l2cap.py"] = failures["perf_l2cap.py"] = "L2CAP channels are not modelled; this port has them"
    return failures


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, list[Path]]]:
    """The ports, and the executables of the two boards."""
    near, far = request.param
    command = [sys.executable, "-m", "simulator.boards", "--serve", tmp_path, "--turns", "--boards", f"{near},{far}"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as bench:
        assert bench.stderr is not None
        assert b"board1" in bench.stderr.readline()
        yield near, far, [tmp_path / "board0", tmp_path / "board1"]
        bench.terminate()


def test_its_multi_bluetooth_tests_pass(pair: tuple[str, str, list[Path]], tmp_path: Path) -> None:
    near, far, boards = pair
    folder = Path(TESTS).resolve()
    tests = [
        str(path.relative_to(folder)) for pattern in PATTERNS for path in folder.glob(f"multi_bluetooth/{pattern}")
    ]
    assert tests, f"no multi_bluetooth tests in {folder}"
    instances = [argument for board in boards for argument in ("-t", f"exec:{board}")]
    done = subprocess.run(
        [sys.executable, "run-multitests.py", "-r", tmp_path / "results", *instances, *sorted(tests)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    results = dict(re.findall(r"multi_bluetooth/(\S+) on \S+: \n?(pass|FAIL|skip)", done.stdout))
    assert len(results) == len(tests), done.stdout + done.stderr
    failed = {name for name, result in results.items() if result == "FAIL"}
    assert failed == set(expected_failures(near, far)), done.stdout
    skipped = {name for name, result in results.items() if result == "skip"}
    absent = {"ble_gap_pair.py", "ble_gap_pair_bond.py"} if "rp2" in (near, far) else set()
    assert skipped <= absent | {"ble_l2cap.py", "perf_l2cap.py"}, done.stdout
