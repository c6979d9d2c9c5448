"""Plays lanes, each in a process of its own, some at a time, and says what became of them.

A run is known by its seed and by the sources that it looked at: broken off, it goes on with the lanes, and in a lane
with the tests, that had not passed.
"""

import hashlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from . import plugin
from .lanes import HYPOTHESIS, ROOT, TIMES, Lane, files

SOURCES = ("firmware", "simulator", "host_tools", "bleak_bumble", "tests", "docs", "examples", ".ci")
"""Folders. What lies beside them in the root is read by lanes as well: documents, Makefile, packaging."""
_SUFFIXES = frozenset(
    (
        *(".py", ".toml", ".json", ".md", ".sh", ".mjs", ".js", ".html"),
        *(".css", ".csv", ".svg", ".ini", ".txt", ".in", ".yml", ".yaml"),
    )
)
PASSED, FAILED, SKIPPED, CUT_SHORT = "passed", "failed", "left out", "cut short"
SLOW, HANGS = 4, 8
"""By the clock: a lane begins no test after SLOW times its minutes, whatever it waits for; after HANGS times it hangs,
however busy the machine is."""
GRACE_MIN = 10
"""So long after the end of the whole run's time by the clock, what still runs is ended."""
_NOTHING_COLLECTED = 5


@dataclass(frozen=True)
class Result:
    """What became of a lane. `state`: PASSED; CUT_SHORT, nothing failed, but it did not come to all that it is for;
    SKIPPED, it lacked its means; FAILED. `why`: what it did not come to, what it lacks, or how it ended otherwise than
    by its tests; `failures`: (what, the command that repeats it); `counts`: what it went through; `left_out`: reasons
    of single tests, with their number."""

    lane: str
    state: str
    why: str = ""
    counts: dict[str, float] = field(default_factory=dict)
    failures: tuple[tuple[str, str], ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    cpu_min: float = 0.0
    wall_min: float = 0.0

    @property
    def is_bad(self) -> bool:
        return self.state == FAILED


def source() -> str:
    """What all lanes look at, in 16 hex digits: it changes with any file of the sources."""
    digest = hashlib.sha256()
    paths = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".")]
    for folder in SOURCES:
        paths += [path for path in (ROOT / folder).rglob("*") if path.suffix in _SUFFIXES and path.is_file()]
    for path in sorted(paths):
        if "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def command_of(lane: Lane, run: str, seed: int, out: Path, until_s: float | None) -> list[str]:
    """What plays it, beginning nothing at `until_s` (`time.time`) or later; None: however long it takes."""
    if lane.command:
        minutes = lane.minutes * HANGS * 2 if until_s is None else min(lane.minutes, (until_s - time.time()) / 60)
        given = {"minutes": f"{max(0.0, minutes):.2f}", "seed": str(seed)}
        return [sys.executable, "-m", *(word.format(**given) for word in lane.command)]
    notes = str(out / f"{lane.name}.jsonl")
    words = ["-p", "tests.deep.plugin", "--deep-lane", lane.name, "--deep-notes", notes, "--deep-run", run]
    words += ["--deep-seed", str(seed)]
    if until_s is not None:
        words += ["--deep-minutes", f"{lane.minutes:g}", "--deep-until", f"{until_s:.0f}"]
    if lane.marks == HYPOTHESIS:
        words += ["--deep-times", str(TIMES), f"--hypothesis-seed={seed}"]
    return [sys.executable, "-m", "pytest", "-n", "0", "--tb=short", *words, *files(lane)]


def repeats(lane: Lane, seed: int, nodeid: str) -> str:
    """The command that plays one test of it again."""
    env = "".join(f"{name}={value} " for name, value in (*lane.env, ("INTERLOCK_SEED", str(seed))))
    more = ""
    if lane.marks == HYPOTHESIS:
        more = f"-p tests.deep.plugin --deep-times {TIMES} --hypothesis-seed={seed} "
    return f"{env}.venv/bin/python -m pytest -n 0 {more}{shlex.quote(nodeid)}"


class Play:
    """One run over some lanes. `say`: a line for whoever waits; `minutes`: by the clock, for all of them: nothing is
    begun later; None: lanes may take longer than their own minutes, too."""

    def __init__(
        self, lanes: Sequence[Lane], seed: int, out: Path, say: Callable[[str], None], minutes: float | None = 60.0
    ) -> None:
        self.results: dict[str, Result] = {}
        self._lanes = list(lanes)
        self._seed = seed
        self._out = out
        self._say = say
        self._minutes = minutes
        self._until_s = None if minutes is None else time.time() + minutes * 60
        self._run = f"{seed} {source()}"
        self._waiting = list(lanes)
        self._lock = threading.Lock()
        self._running = set[int]()

    def play(self, jobs: int) -> list[Result]:
        """All of them, so many at a time."""
        workers = [threading.Thread(target=self._work) for _ in range(jobs)]
        for worker in workers:
            worker.start()
        try:
            for worker in workers:
                worker.join()
        except KeyboardInterrupt:
            with self._lock:
                self._waiting.clear()
                for leader in self._running:
                    _end(leader)
            raise
        return [self.results[lane.name] for lane in self._lanes]

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    return
                lane = self._waiting.pop(0)
            result = self._one(lane)
            with self._lock:
                self.results[lane.name] = result
                self._say(told(result))

    def _one(self, lane: Lane) -> Result:
        why = lane.lacks()
        if why:
            return Result(lane.name, SKIPPED, why)
        if self._until_s is not None and time.time() >= self._until_s:
            return Result(lane.name, CUT_SHORT, f"not begun: the run's {self._minutes:g} minutes were over")
        log = self._out / f"{lane.name}.log"
        until_s, limit_s, is_of_run = self._bounds(lane)
        command = command_of(lane, self._run, self._seed, self._out, until_s)
        env = {**os.environ, **dict(lane.env), "INTERLOCK_SEED": str(self._seed)}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # with it every command and VM compiles everything anew
        self._say(f"{lane.name}: {lane.what} ... ({log})")
        began_s = time.monotonic()
        with log.open("w", encoding="utf-8") as file:
            # Not a session of its own: without a terminal, the first pseudo-terminal that it opened would become its
            # controlling one, and hang it up when it is closed.
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
            with self._lock:
                self._running.add(process.pid)
            ended = _ended_in(process, limit_s)
            with self._lock:
                self._running.discard(process.pid)
        usage = ended.usage
        is_ended = ended.is_hung and is_of_run
        code = 0 if is_ended else ended.code
        if lane.command:
            result = of_command(lane, code, log.read_text(encoding="utf-8"), is_ended)
        else:
            result = judged(lane, self._seed, plugin.read(self._out / f"{lane.name}.jsonl")[1:], code, is_ended)
        if ended.is_hung and not is_of_run:
            why = f"hung: it was ended; see {log}"
            result = replace(result, state=FAILED, why=why, failures=(*result.failures, (lane.name, _again(lane))))
        return replace(
            result,
            cpu_min=round((usage.ru_utime + usage.ru_stime) / 60, 1),
            wall_min=round((time.monotonic() - began_s) / 60, 1),
        )

    def _bounds(self, lane: Lane) -> tuple[float | None, float, bool]:
        """(when it begins nothing more, `time.time`; after how many seconds it is ended; whether that is because the
        whole run's time is over, and no sign that it hangs)."""
        now_s, minutes_s = time.time(), lane.minutes * 60
        if self._until_s is None:
            return None, 4 * HANGS * minutes_s, False
        left_s = self._until_s + GRACE_MIN * 60 - now_s
        until_s = min(self._until_s, now_s + SLOW * minutes_s)
        return until_s, min(HANGS * minutes_s, left_s), left_s < HANGS * minutes_s


class _Ended(NamedTuple):
    code: int
    is_hung: bool
    usage: Any


def _ended_in(process: "subprocess.Popen[bytes]", limit_s: float) -> _Ended:
    """Wait for it and all its children; end it when it takes longer."""
    hung = threading.Event()

    def end() -> None:
        hung.set()
        _end(process.pid)

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    _, status, usage = os.wait4(process.pid, 0)
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return _Ended(process.returncode, hung.is_set(), usage)


def _end(leader: int) -> None:
    """All processes of a lane: first as Ctrl-C would, so that they clear up."""
    for kind, wait_s in ((signal.SIGINT, 5.0), (signal.SIGKILL, 0.0)):
        try:
            os.killpg(leader, kind)
        except ProcessLookupError:
            return
        time.sleep(wait_s)


def _again(lane: Lane) -> str:
    return f".venv/bin/python -m tests.deep {lane.name}"


def of_command(lane: Lane, code: int, printed: str, is_ended: bool = False) -> Result:
    """A lane that runs a command, from its exit code and what it printed; `is_ended`: the run's time was over."""
    counts = lane.counted(printed)
    if code != 0:
        return Result(lane.name, FAILED, f"exit code {code}", counts, ((lane.name, _again(lane)),))
    if is_ended:
        return Result(lane.name, CUT_SHORT, "ended: the run's time was over", counts)
    if lane.unseen and not counts.get(lane.all_of):
        why = f"it told of no {lane.all_of}"
        return Result(lane.name, FAILED, why, counts, ((lane.name, _again(lane)),))
    unseen = counts.get(lane.unseen, 0)
    if unseen:
        every = counts[lane.all_of]
        seen = counts | {"judged": every - unseen}
        is_enough = lane.is_sample and all(seen[name] >= least for name, least in lane.least)
        why = f"{every - unseen:,.0f} of {every:,.0f} {lane.all_of} judged"
        return Result(lane.name, PASSED if is_enough else CUT_SHORT, f"a sample: {why}" if is_enough else why, counts)
    return Result(lane.name, PASSED, "", counts)


def judged(lane: Lane, seed: int, notes: list[dict[str, Any]], code: int, is_ended: bool = False) -> Result:
    """A lane of tests, from what the plugin noted and pytest's exit code; `is_ended`: the run's time was over."""
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    failures = []
    for note in notes:
        if note["outcome"] == plugin.PASSED:
            counts["tests"] += 1
        elif note["outcome"] in (plugin.SKIPPED, plugin.CUT_SHORT):
            left_out[note.get("why", "")] += 1
        else:
            failures.append((note["id"], repeats(lane, seed, note["id"])))
        for name, value in note["counts"].items():
            counts[name] += value
    cut = sum(note["outcome"] == plugin.CUT_SHORT for note in notes)
    short = [f"{counts[name]:,.0f} of {least:,} {name}" for name, least in lane.least if counts[name] < least]
    state, why = PASSED, ""
    if failures:
        state = FAILED
    elif code not in (0, _NOTHING_COLLECTED):
        state, why = FAILED, f"pytest's exit code {code}"
        failures.append((lane.name, _again(lane)))
    elif is_ended:
        state, why = CUT_SHORT, "; ".join(["ended within a test: the run's time was over", *short])
    elif cut:
        state, why = CUT_SHORT, "; ".join([f"{cut} of {len(notes)} tests not begun", *short])
    elif not notes and not lane.may_be_empty:
        state, why = FAILED, "there was nothing to look at"
        failures.append((lane.name, _again(lane)))
    elif notes and not counts["tests"]:
        state, why = SKIPPED, "; ".join(left_out)
    elif short:
        state, why = FAILED, f"it went through {'; '.join(short)}"
        failures.append((lane.name, _again(lane)))
    return Result(lane.name, state, why, dict(counts), tuple(failures), dict(left_out))


def told(result: Result) -> str:
    """One line, and one for each failure."""
    counts = ", ".join(f"{value:,.0f} {name}" for name, value in result.counts.items())
    line = f"{result.lane}: {result.state}"
    if result.why:
        line += f" ({result.why})"
    if counts:
        line += f": {counts}; {result.cpu_min:g} minutes of computing, {result.wall_min:g} by the clock"
    for reason, number in result.left_out.items():
        line += f"\n    {number} left out: {reason}"
    return line + "".join(f"\n    FAILED {what}\n        {command}" for what, command in result.failures)
