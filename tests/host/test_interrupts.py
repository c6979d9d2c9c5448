"""Signals that end a command, sent to processes: where Ctrl-C is heeded, and where whoever started it has that ignored,
as every shell without a terminal does for `interlock dock &`."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

PATIENCE_S = 60.0  # nothing is decided by it

IN_A_LOOP = """
import asyncio
from host_tools import interrupts
from host_tools.commands.running import run

async def work():
    print("here", flush=True)
    try:
        await asyncio.sleep(3600)
    finally:
        print("tidied", flush=True)
        if STUBBORN:
            await asyncio.sleep(3600)
"""
WITHOUT_ONE = """
import time
from host_tools import interrupts

def work():
    try:
        print("here", flush=True)
        time.sleep(3600)
    finally:
        print("tidied", flush=True)

def run(_):
    return None
"""
ENDED = """
import signal, sys
before = signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, ())
code = 0
with interrupts.watched() as ending:
    try:
        run(work())
    except KeyboardInterrupt:
        code = ending.code
    interrupts.forget()
assert (signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, ())) == before
sys.exit(code)
"""


def ignoring() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may do so by `nohup`


def heeding() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def started(work: str, prepare: Callable[[], None], is_stubborn: bool = False) -> "Iterator[subprocess.Popen[str]]":
    """A process that waits in `work`."""
    program = f"STUBBORN = {is_stubborn}\n{work}\n{ENDED}"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, preexec_fn=prepare)
    assert process.stdout is not None
    late = threading.Timer(PATIENCE_S, process.kill)
    late.start()
    try:
        assert process.stdout.readline() == "here\n"
        yield process
    finally:
        late.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize("prepare", [heeding, ignoring])
@pytest.mark.parametrize("work", [IN_A_LOOP, WITHOUT_ONE])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_sigterm_and_sighup_end_a_command_whether_or_not_ctrl_c_is_ignored(
    work: str, prepare: Callable[[], None], number: signal.Signals, code: int
) -> None:
    with started(work, prepare) as process:
        process.send_signal(number)
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, told) == (code, "tidied\n")


@pytest.mark.parametrize("work", [IN_A_LOOP, WITHOUT_ONE])
def test_ctrl_c_that_was_ignored_stays_so(work: str) -> None:
    """A script's Ctrl-C ends what is in front of it, and not the dock that it started with `&`."""
    with started(work, ignoring) as process:
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, told) == (143, "tidied\n"), "and what was ignored does not count as a second one"


@pytest.mark.parametrize("prepare", [heeding, ignoring])
def test_a_second_signal_ends_what_still_tidies_up(prepare: Callable[[], None]) -> None:
    with started(IN_A_LOOP, prepare, is_stubborn=True) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None and process.stdout.readline() == "tidied\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 130
