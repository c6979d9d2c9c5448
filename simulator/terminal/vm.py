"""A VM at a terminal: it runs what the board runs at power-on, and then stands at MicroPython's own prompt.

The prompt is the VM's (raw mode and raw paste included), so whoever types at it speaks with the real thing. While it
waits there the world goes on at the pace of real time: a watchdog bites, a radio hears.
"""

import asyncio
import fcntl
import os
import subprocess
import termios
from typing import TYPE_CHECKING, Any

from ..hardware.interpreter import command_of
from ..hardware.vm import DOUBLES, Vm, die_with_host
from ..hardware.wire import Request

if TYPE_CHECKING:
    from .line import Line


def _sit_down() -> None:
    """In the VM's process: its standard input is its terminal."""
    die_with_host()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class TerminalVm(Vm):
    """Its handler is a `TerminalBoard`, which has the line that it is plugged into."""

    needs_script = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._plug: Line = self._handler.line  # type: ignore[attr-defined]
        self._listened = -1

    def _spawn(self, executable: str, fd: int) -> "subprocess.Popen[bytes]":
        ours, theirs = os.openpty()
        mode = termios.tcgetattr(theirs)
        mode[0] &= ~(termios.ICRNL | termios.IXON)
        mode[1] &= ~termios.OPOST
        # At its prompt the VM takes ISIG away (ports/unix/unix_mphal.c): that tells the two apart.
        mode[3] = mode[3] & ~(termios.ECHO | termios.ICANON) | termios.ISIG
        termios.tcsetattr(theirs, termios.TCSANOW, mode)
        script = "" if self._plug.is_soft_and_raw else self._script.name
        prompt = str(DOUBLES / "simprompt.py")
        try:
            process = subprocess.Popen(
                [*command_of(executable), "-i", prompt, str(fd), script, str(self._modules)],
                cwd=self._script.parent,
                pass_fds=(fd,),
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                preexec_fn=_sit_down,
                start_new_session=True,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._plug.plug_in(ours)
        return process

    async def _next(self) -> Request | None:
        heard: asyncio.Future[None] = self._loop.create_future()
        self._listened = self._line.fileno()
        self._loop.add_reader(self._listened, lambda: None if heard.done() else heard.set_result(None))
        try:
            await heard
        finally:
            self._deafen()
        return self._receive() if self._process else None

    def _deafen(self) -> None:
        if self._listened >= 0:
            self._loop.remove_reader(self._listened)
            self._listened = -1

    def _release(self) -> None:
        self._deafen()  # its number may be another's a moment later
        super()._release()


def runs(terminal: int) -> bool:
    """Whether what is on this terminal runs, and does not wait at its prompt."""
    return bool(termios.tcgetattr(terminal)[3] & termios.ISIG)
