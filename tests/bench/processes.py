"""What several processes gain over one, by CPU time, so that other work on the machine does not count: the busiest
worker's and the sharing process's own, beside all of it in one process. On cores of their own that is the time."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from host_tools.workers.executor import Pool

from .rows import Missing

Act = Callable[[Pool | None], object]


class Gain(NamedTuple):
    """`times`: faster, once the workers are there; `start`: CPU time of a worker's start, in that of the whole act."""

    times: float
    start: float


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, in steps of 10 ms: proc_pid_stat(5), utime and stime."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def gain(act: Act, processes: int, rounds: int) -> Gain:
    """`act`: does all of the work, with a pool or (None) alone; `rounds`: how often, so that 10 ms do not matter."""
    if not Path("/proc/self/stat").exists():
        raise Missing("/proc/PID/stat tells a process's CPU time: Linux has it")
    began_s = time.process_time()
    for _ in range(rounds):
        act(None)
    alone_s = time.process_time() - began_s
    with Pool(processes) as pool:
        act(pool)
        before_s = {pid: cpu_s(pid) for pid in pool.pids}
        began_s = time.process_time()
        for _ in range(rounds):
            act(pool)
        own_s = time.process_time() - began_s
        busiest_s = max(cpu_s(pid) - before for pid, before in before_s.items())
    start_s = (sum(before_s.values()) - alone_s / rounds) / processes
    return Gain(alone_s / (own_s + busiest_s), start_s * rounds / alone_s)
