"""The board's prompt, over mpremote's transport: commands go out in raw mode, answers come back, everything may break.

mpremote does the talking (raw mode, raw paste with flow control, framing of answers). Here are: patience that ends,
errors with advice instead of tracebacks, a way in past a program that runs, and resets that a port may not survive.
"""

import ast
import contextlib
import errno
import io
import os
import struct
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..outcome import Exit, ToolError

try:
    from termios import error as _termios_error

    _GONE: tuple[type[Exception], ...] = (_termios_error,)  # a port that was unplugged; no OSError
except ImportError:  # Windows
    _GONE = ()

BAUD = 115200
ANSWER_S = 1.0  # what a board at its prompt takes at most for a byte of raw paste
COMMAND_S = 20.0  # and for a command that is neither a test nor a search
ENTER_S = 10.0
BUSY_S = 2.0
BACK_S = 20.0  # after a reset until the prompt is there again
AGAIN = (
    "The board can be flashed again: run the same command, and it goes on where it stopped. Until then the unit starts "
    "nothing."
)


class Lost(ToolError):
    """The board does not answer any more, or its port is gone."""

    def __init__(self, happened: str, advice: str = "") -> None:
        super().__init__(happened, advice or f"Check cable and supply. {AGAIN}", Exit.DEVICE)


class Busy(ToolError):
    """Another program has the port."""


class BoardError(ToolError):
    """An exception left a command on the board. `line`: the last line of its traceback."""

    def __init__(self, doing: str, traceback: str) -> None:
        lines = [line for line in traceback.splitlines() if line.strip()]
        self.line = lines[-1].strip() if lines else "an error"
        super().__init__(f"the board could not {doing}: {self.line}", AGAIN, Exit.DEVICE)


class Connection:
    """The prompt of the board at `port`. Use `open_port`. Every method raises Lost and BoardError."""

    def __init__(self, port: str) -> None:
        self.port = port
        self._wire: Any = None

    def open(self) -> None:
        """Take the port. ToolError with advice when it cannot be had. Who lets it go now may need a moment: a process
        that is being started holds it until it runs its own program."""
        until_s = time.monotonic() + BUSY_S
        while True:
            try:
                self._wire = _wire(self.port)
                return
            except Busy:
                if time.monotonic() > until_s:
                    raise
            time.sleep(BUSY_S / 20)

    def close(self) -> None:
        """Let the port go."""
        wire, self._wire = self._wire, None
        if wire is not None:
            with contextlib.suppress(OSError, *_GONE):
                wire.close()

    def enter(self, patience_s: float = ENTER_S) -> None:
        """Stand at the raw prompt, whatever runs on the board or was typed half. Lost when there is no MicroPython, or
        none that can be interrupted."""
        until_s = time.monotonic() + patience_s
        while True:
            with self._reached("be interrupted"):
                if self._wire.interrupted():
                    return
            if time.monotonic() > until_s:
                raise Lost(
                    f"no MicroPython prompt answers at {self.port}",
                    "Is MicroPython on the board? Otherwise install it: --micropython FILE. Does a program run that "
                    "cannot be interrupted? Hold the unit's button while you switch it on, for 2 s: it then starts "
                    "nothing for five minutes. Another program at the port (a terminal, an editor) has to let it go.",
                )

    def run(self, script: str, doing: str, timeout_s: float = COMMAND_S) -> str:
        """What this script prints there. `doing`: what the board could not do, if it fails."""
        with self._reached(doing):
            printed, error = self._wire.exec_raw(script, timeout=timeout_s)
        if error:
            raise BoardError(doing, error.decode(errors="replace"))
        return str(printed.decode(errors="replace"))

    def ask(self, script: str, doing: str, timeout_s: float = COMMAND_S) -> Any:
        """The literal that this script prints last."""
        lines = [line for line in self.run(script, doing, timeout_s).splitlines() if line.strip()]
        try:
            return ast.literal_eval(lines[-1])
        except (IndexError, ValueError, SyntaxError):
            raise Lost(f"the board answered something else when asked to {doing}") from None

    def reset(self) -> None:
        """Let the board begin anew, and leave it: what it then does, it does alone."""
        self.go("import machine\nmachine.reset()")

    def go(self, script: str) -> None:
        """Run a script from which the board does not come back to this prompt."""
        with self._reached("be reset"):
            self._wire.exec_raw_no_follow(script)
        time.sleep(0.05)

    def return_to(self, patience_s: float = BACK_S) -> None:
        """After a reset: take the port again, once it is there, and stand at the raw prompt."""
        self.close()
        until_s = time.monotonic() + patience_s
        while True:
            try:
                self.open()
                self.enter(min(2.0, patience_s))
                return
            except ToolError as error:
                self.close()
                if time.monotonic() > until_s:
                    raise Lost(f"the board did not come back after its reset: {error}") from None
                time.sleep(0.1)

    def overhear(self, seconds: float, signs: Sequence[str]) -> str:
        """After a reset: what the board prints by itself for so long, or until one of the signs, once its port is there
        again. Lost when it does not come back."""
        self.close()
        until_s = time.monotonic() + BACK_S
        heard, is_back = b"", False
        while not any(sign.encode() in heard for sign in signs):
            if time.monotonic() >= until_s:
                if self._wire is None:
                    raise Lost(f"the board did not come back at {self.port} after its reset")
                break
            try:
                if self._wire is None:
                    self.open()
                    if not is_back:
                        is_back, until_s = True, time.monotonic() + seconds
                with self._reached("be listened to"):
                    heard += self._wire.heard()
            except ToolError:
                self.close()
                time.sleep(0.05)
        return heard.decode(errors="replace")

    @contextlib.contextmanager
    def _reached(self, doing: str) -> Iterator[None]:
        """What the layers below raise, as one error. What they print is nobody's business."""
        from mpremote.transport import TransportError

        if self._wire is None:
            raise Lost(f"the port {self.port} is not open")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except (TransportError, OSError, struct.error, AssertionError, *_GONE) as error:
            text = str(error) or type(error).__name__
            raise Lost(f"the connection at {self.port} broke when the board was to {doing} ({text})") from error


def _wire(port: str) -> Any:
    try:
        from mpremote.transport import TransportError
        from serial import SerialException

        from .wire import Wire
    except ImportError as error:
        raise ToolError(
            f"what speaks with boards is not installed ({error.name} is missing)",
            "In a checkout: make firmware, or pip install --editable '.[flash]'.",
        ) from error
    try:
        return Wire(port, BAUD, ANSWER_S)
    except (TransportError, SerialException, OSError) as error:
        raise _not_opened(port, error) from error


def _not_opened(port: str, error: Exception) -> ToolError:
    """Why a port cannot be had. mpremote keeps the reason to itself, so it is looked for."""
    reason = getattr(error, "errno", None)
    if reason is None and port.startswith("/"):
        try:
            # Never as this program's own terminal, which would end it when the board is unplugged; nor until there is a
            # carrier.
            os.close(os.open(port, os.O_RDWR | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_NONBLOCK", 0)))
            reason = errno.EBUSY
        except OSError as found:
            reason = found.errno
    if reason == errno.ENOENT or (port.startswith("/") and not Path(port).exists()):
        return ToolError(
            f"there is no port {port}",
            "Plug the board in, with a cable that carries data. interlock flash auto finds it.",
            Exit.DEVICE,
        )
    if reason in (errno.EACCES, errno.EPERM):
        return ToolError(
            f"you may not use the port {port}",
            "On Linux ports belong to a group: sudo usermod -aG dialout $USER (on Arch uucp), then log in again.",
            Exit.DEVICE,
        )
    if reason in (errno.EBUSY, errno.EAGAIN):
        return Busy(
            f"another program has the port {port}",
            "Close it: a terminal, an editor with a board window, another interlock flash. On Linux, ModemManager "
            "holds a port for some seconds after a board was plugged in: wait, or stop it.",
            Exit.DEVICE,
        )
    return ToolError(f"the port {port} cannot be opened: {error}", "Name another, or plug the board in.", Exit.DEVICE)
