"""Work shared out to processes that may die, as a specification. The cluster has its own file."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from host_tools.outcome import Exit, ToolError
from host_tools.workers.executor import ATTEMPTS, Done, Failed, Pool


def square(number):
    return number * number


def picky(number):
    if number == 2:
        raise ToolError("two is no good", "Give another.", Exit.FINDINGS)
    if number == 3:
        raise KeyError("three")
    return number


def dies_once(mark):
    """Kills its process the first time; `mark` is a path that remembers."""
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def dies_at_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def leaves_a_file_and_sleeps(mark):
    _, name = tempfile.mkstemp()
    Path(mark).write_text(name)
    time.sleep(600)


def results(jobs, function, items):
    with Pool(jobs) as pool:
        return sorted(pool.map_unordered(function, items), key=lambda pair: str(pair[0]))


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_results_do_not_depend_on_how_many_work():
    assert results(1, square, range(20)) == results(3, square, range(20))
    assert dict(results(2, square, range(5))) == {n: Done(n * n) for n in range(5)}


def test_an_item_that_fails_says_why_and_takes_no_other_with_it():
    found = dict(results(2, picky, range(6)))
    assert [found[n] for n in (0, 1, 4, 5)] == [Done(0), Done(1), Done(4), Done(5)]
    assert found[2] == Failed("two is no good", "Give another.", Exit.FINDINGS)
    assert "KeyError: 'three'" in found[3].happened and "report it" in found[3].advice


def test_what_a_killed_worker_was_at_is_done_by_another(tmp_path):
    marks = [str(tmp_path / name) for name in "abcd"]
    assert results(2, dies_once, marks) == [(mark, Done("alive")) for mark in marks]


def test_work_that_kills_every_worker_is_given_up_and_only_that():
    found = dict(results(2, dies_at_three, range(6)))
    assert [n for n, outcome in found.items() if isinstance(outcome, Done)] == [0, 1, 2, 4, 5]
    assert f"{ATTEMPTS} times" in found[3].happened


def test_items_are_taken_only_when_there_is_room():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield number

    with Pool(2) as pool:
        arriving = pool.map_unordered(square, endless())
        for _ in range(3):
            next(arriving)
        assert len(taken) <= 2 + 3
        arriving.close()


def test_a_pool_works_again_after_a_mapping_was_left_halfway():
    with Pool(2) as pool:
        for _ in pool.map_unordered(square, range(50)):
            break
        assert sorted(item for item, _ in pool.map_unordered(square, range(5))) == [0, 1, 2, 3, 4]


def test_leaving_the_pool_ends_workers_that_are_at_work():
    with pytest.raises(KeyboardInterrupt), Pool(2) as pool:
        for number, _ in pool.map_unordered(dies_at_three, range(3)):
            assert number in range(3)
        pids = pool.pids
        assert len(pids) == 2 and not any(map(gone, pids))
        raise KeyboardInterrupt
    assert all(map(gone, pids)) and pool.pids == []


def test_a_worker_that_is_at_work_is_ended_and_its_temporary_files_are_removed(tmp_path):
    mark = tmp_path / "mark"
    with Pool(1) as pool:
        pool._hire().give(leaves_a_file_and_sleeps, str(mark))
        (pid,) = pool.pids
        while not mark.exists() or not mark.read_text():
            time.sleep(0.01)
        name = Path(mark.read_text())
        assert name.exists()
    assert gone(pid) and not name.exists() and not name.parent.exists()


HELD_BACK = """
import pathlib, re, signal
from host_tools.workers.executor import Pool

with Pool(2) as pool:
    for _ in range(2):
        pool._hire()
    for pid in pool.pids:
        held = re.search(r"SigBlk:\\s*(\\w+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]
        print(int(held, 16) >> signal.SIGINT - 1 & 1)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells no process's signals")
def test_no_worker_hears_ctrl_c_not_even_the_first_one_while_it_imports():
    """In a process of its own: the first to be spawned of a process is another case."""
    done = subprocess.run([sys.executable, "-c", HELD_BACK], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


LEFT_ALONE = """
import signal
from host_tools import interrupts
from host_tools.workers.executor import Pool

def held():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts.watched():
        with Pool(1) as pool:
            pool._hire()
            print(int(held()))
        print(int(held()))
"""


def test_whoever_began_with_ctrl_c_ignored_goes_on_without_it():
    """As a shell without a terminal begins `interlock campaign &`."""
    done = subprocess.run([sys.executable, "-c", LEFT_ALONE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


def test_a_pool_without_workers_is_refused():
    with pytest.raises(ToolError, match="--jobs 0"):
        Pool(0)
