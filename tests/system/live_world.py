"""README's locker room as a process of its own, at the pace of real time, and what is typed where it runs.

A busy machine plays a world late: in seconds that a test sleeps through less would happen there, and a camera might
have no time to start. So whoever waits here waits by the world's clock, which is told with all that happens in it.
"""

import json
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATIENCE_S = 120.0  # for one line of a world; nothing is decided by it
COMMAND = (str(BIN / "interlock"), "simulate", "simulator/scenarios/locker_room.toml", "--live")
NOTHING = 'H1 line_mends line="button"'
"""Happens, and changes nothing: no line sticks."""


class LiveWorld:
    """`air`: of its door; `labels`: by serial; `seen`: what it has shown so far, without times."""

    def __init__(self, folder: Path, command: tuple[str, ...] = COMMAND) -> None:
        self._process = subprocess.Popen(
            [*command, "--port", "0", "--json", "--out", str(folder / "live")],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._shown: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.seen: list[str] = []
        self._now_s = 0.0
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        if not told:
            raise AssertionError(f"no world: {self.end()}")
        facts = json.loads(told)
        self.air: str = facts["air"]
        self.labels: dict[str, str] = facts["labels"]

    def happens(self, *lines: str, apart_s: float = 1.5) -> None:
        """One after the other, so far apart; so much passes after the last, too."""
        for line in lines:
            self._type(line)
            self.wait(apart_s)

    def wait(self, seconds: float) -> None:
        """Until so much has passed in the world since it told its time last."""
        until_s = self._now_s + seconds
        while self._now_s < until_s:
            if self._look(min(0.2, until_s - self._now_s)) is None:
                self._type(NOTHING)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> list[str]:
        """Ctrl-C; all that it has shown."""
        if self.is_running:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE_S)
        self._reader.join()
        while self._look(0) is not None:
            pass
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        return self.seen

    def _type(self, line: str) -> None:
        """It has happened when this returns."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        while (seen := self._look(PATIENCE_S)) != line:
            assert seen is not None and not seen.startswith(f"'{line}': "), f"it does not happen: {self.seen}"

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._shown.put(line)

    def _look(self, patience_s: float) -> str | None:
        """The next line without its time; None when there is none."""
        try:
            line = self._shown.get(timeout=patience_s) if patience_s else self._shown.get_nowait()
        except queue.Empty:
            return None
        at_s, is_dated, what = line.rstrip("\n").partition(" s  ")
        if is_dated:
            self._now_s = float(at_s)
        if what != NOTHING:
            self.seen.append(what or at_s)
        return what or at_s
