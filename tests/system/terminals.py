"""A terminal for tests: a pseudo-terminal with `interlock` in it, and the screen that a person sees (pyte)."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyte

INTERLOCK = Path(sys.executable).with_name("interlock")
PATIENCE_S = 120.0  # for a machine that is busy with other tests; nothing is decided by it


class Terminal:
    """`interlock ARGUMENTS` in a terminal of so many columns. `said`: all bytes it was sent."""

    def __init__(
        self, *arguments: object, columns: int = 80, lines: int = 50, program: Path = INTERLOCK, **env: str
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.said = b""
        self._master, child = os.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.settings = termios.tcgetattr(child)
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}
        self.process = subprocess.Popen(
            [str(program), *map(str, arguments)],
            stdin=child,
            stdout=child,
            stderr=child,
            env={**kept, "TERM": "xterm-256color", **env},
            preexec_fn=_own_terminal,
        )
        self._child = child

    def text(self) -> str:
        """The screen's lines, with what has scrolled off, without blanks at their ends."""
        columns = range(self.screen.columns)
        above = ["".join(line[column].data for column in columns) for line in self.screen.history.top]
        return "\n".join(line.rstrip() for line in [*above, *self.screen.display]).rstrip()

    def type(self, text: str, enter: bool = True) -> None:
        os.write(self._master, (text + ("\r" if enter else "")).encode())

    def press_ctrl_c(self) -> None:
        self.type("\x03", enter=False)

    def see(self, *wanted: str, times: int = 1) -> str:
        """The screen once all of that is on it, so often."""
        until_s = time.monotonic() + PATIENCE_S
        while not all(self.text().count(word) >= times for word in wanted):
            assert time.monotonic() < until_s, f"not seen: {wanted} in\n{self.text()}"
            if not self._read(0.2) and self.process.poll() is not None and not self._read(0):
                break
        assert all(self.text().count(word) >= times for word in wanted), f"ended without {wanted}:\n{self.text()}"
        return self.text()

    def types_until_it_ends(self, text: str) -> int:
        """Typed again and again, with a person's pause; the exit code."""
        until_s = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < until_s, f"it does not end:\n{self.text()}"
            self.type(text)
            self.waits(0.5)
        return self.ends()

    def hides_input(self) -> bool:
        """Whether what is typed is not shown: the terminal's own echo is off."""
        return not termios.tcgetattr(self._child)[3] & termios.ECHO

    def ends(self) -> int:
        """The exit code, when it has ended; negative where a signal ended it."""
        until_s = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < until_s, f"it does not end:\n{self.text()}"
            self._read(0.2)
        while self._read(0):
            pass
        return self.process.returncode

    def waits(self, seconds: float) -> None:
        """A person does nothing for so long."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s and self.process.poll() is None:
            self._read(0.1)

    def is_restored(self) -> bool:
        """Whether the terminal is as it was: echo, line mode, cursor."""
        now = termios.tcgetattr(self._child)
        return now[:4] == self.settings[:4] and not self.screen.cursor.hidden

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for end in (self._master, self._child):
            os.close(end)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        data = os.read(self._master, 65536)
        self.said += data
        self._stream.feed(data)
        return bool(data)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _own_terminal() -> None:
    """In the child: a session of its own, so that Ctrl-C typed at this terminal reaches it and nobody else."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
