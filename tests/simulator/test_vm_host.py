"""A VM whose host ends, however it ends, is no process that is left behind."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOST = """
import asyncio, pathlib, sys
from simulator.clock import run
from simulator.hardware import vm
from simulator.hardware.board import VirtualBoard
from simulator.profiles import profile

async def main():
    board = VirtualBoard('x', profile('esp32'), None, 1, pathlib.Path(sys.argv[1]))
    await board.power_on()
    print(board.vm.pid, flush=True)
    await asyncio.sleep(1)
    raise KeyboardInterrupt
"""
TICKS_OF_A_START = 30
"""Hundredths of a second that a VM computes, at the most, until it runs its script."""


def of_process(pid):
    """(state, hundredths of a second computed) of a process; None when there is none, or it only waits to be reaped."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return None if words[0] in "ZX" else (words[0], int(words[11]) + int(words[12]))


def until(true):
    """Looks again and again, for a minute."""
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def test_a_vm_does_not_outlive_its_host(tmp_path):
    (tmp_path / "main.py").write_text("import time\nwhile True: time.sleep(1)")
    words = [sys.executable, "-c", HOST + "run(main())", str(tmp_path / "main.py")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert "KeyboardInterrupt" in done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
@pytest.mark.parametrize(
    "tie",
    [
        pytest.param("", marks=pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv"), id="with setpriv"),
        pytest.param("vm._tie = tuple\n", id="without"),
    ],
)
def test_a_vm_that_computes_for_ever_dies_with_a_host_that_is_killed(tmp_path, tie):
    """It asks for nothing, so that it does not find out by itself."""
    (tmp_path / "main.py").write_text("while True: pass")
    words = [sys.executable, "-c", HOST + tie + "run(main())", str(tmp_path / "main.py")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        until(lambda: of_process(pid)[1] > 2 * TICKS_OF_A_START)
        process.kill()
    try:
        until(lambda: of_process(pid) is None)
    finally:
        if of_process(pid) is not None:
            os.kill(pid, 9)
