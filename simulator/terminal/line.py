"""The line between a board's VM and the pseudo-terminal that programs open: a thread that carries bytes both ways.

The port outlives the board's resets, as that of a USB bridge does; with `is_usb` it goes away with each of them and
comes back under the same name, as the USB of the chip itself does. What is typed while a program runs waits until the
prompt is there, but Ctrl-C is handed on at once (not to a command that came by raw paste: the unix VM does not say that
it runs then, and reads Ctrl-C when it is done).
"""

import contextlib
import errno
import os
import select
import threading
import tty
from collections.abc import Callable
from pathlib import Path

from .vm import runs

CTRL_A, CTRL_B, CTRL_C = b"\x01", b"\x02", b"\x03"
_POLL_S = 0.002
_PIECE = 4096


def _nothing() -> None:
    """Nobody is told."""


class Line:
    """`path`: a symbolic link to the port. `on_interrupt`: Ctrl-C came while a program ran.

    `cut_after`: so many bytes more from whoever typed get through, then nothing does, either way, until `mend`; None:
    all. `typed`: bytes that got through since the line was made; `commands`: how often the prompt got some.
    """

    def __init__(self, path: Path, *, is_usb: bool = False) -> None:
        self.path = path
        self.is_usb = is_usb
        self.on_interrupt: Callable[[], None] = _nothing
        self.on_cut: Callable[[], None] = _nothing
        self.cut_after: int | None = None
        self.typed = 0
        self.commands = 0
        self._board: int | None = None  # the VM's terminal, our end
        self._outer = self._kept = -1
        self._waiting = b""
        self._is_raw = False  # which prompt the board stands at
        self._is_soft = False  # and whether its next beginning is a soft reset, over which it stays there
        self._guard = threading.RLock()
        self._open_port()
        self._is_over = False
        self._woken, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._carry, name=f"line {path.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The port is gone."""
        self._is_over = True
        self._stir()
        self._thread.join()
        with self._guard:
            self._close_port()
            self._drop_board()
        os.close(self._woken)
        os.close(self._waker)

    def unplug(self) -> None:
        """The port is gone, until `mend`."""
        with self._guard:
            self._close_port()
        self._stir()

    def mend(self) -> None:
        """The line carries again, from a new port; nothing of before comes through."""
        with self._guard:
            self.cut_after = None
            self._waiting = b""
            self._close_port()
            self._open_port()
        self._stir()

    def plug_in(self, terminal: int) -> None:
        """A board begins anew; `terminal`: our end of its pseudo-terminal."""
        with self._guard:
            self._hear_out()
            self._drop_board()
            self._board = terminal
            self._waiting = CTRL_A if self.is_soft_and_raw else b""
            if not self._is_soft:
                self._is_raw = False
                if self.is_usb:
                    self._close_port()
                    self._open_port()
            self._is_soft = False
        self._stir()

    @property
    def is_soft_and_raw(self) -> bool:
        """Whether the board's next beginning is the one that leaves out main.py."""
        return self._is_soft and self._is_raw

    def soft_reset(self) -> None:
        """The board begins anew by itself, and keeps the kind of its prompt (shared/runtime/pyexec.c)."""
        with self._guard:
            self._is_soft = True
            self._hear_out()
            self._say(b"MPY: soft reboot\r\n")

    def _open_port(self) -> None:
        self._outer, self._kept = os.openpty()
        tty.setraw(self._kept)
        name = os.ttyname(self._kept)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(self.path)

    def _close_port(self) -> None:
        self.path.unlink(missing_ok=True)
        for fd in (self._outer, self._kept):
            if fd >= 0:
                os.close(fd)
        self._outer = self._kept = -1

    def _hear_out(self) -> None:
        """What the board said before it ended is on its way already."""
        while self._board is not None and _has(self._board) and (said := _read(self._board)):
            self._say(said)

    def _drop_board(self) -> None:
        if self._board is not None:
            os.close(self._board)
            self._board = None

    def _stir(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._waker, b"x")

    def _carry(self) -> None:
        while not self._is_over:
            with self._guard:
                fds = [fd for fd in (self._outer, self._board) if fd is not None and fd >= 0]
                is_waiting = bool(self._waiting) and self._board is not None
            with contextlib.suppress(OSError):  # one of them was closed meanwhile
                select.select([self._woken, *fds], [], [], _POLL_S if is_waiting else None)
            with self._guard:
                if _has(self._woken):
                    os.read(self._woken, _PIECE)
                # Asked again: another may have come meanwhile, and got the old one's descriptor.
                if self._outer >= 0 and _has(self._outer):
                    self._type(_read(self._outer))
                if self._board is not None and _has(self._board):
                    said = _read(self._board)
                    if said is None:
                        self._drop_board()
                    else:
                        self._say(said)
                self._hand_on()

    def _type(self, data: bytes | None) -> None:
        if data is None:
            return
        if self.cut_after is not None:
            data = data[: self.cut_after]
            self.cut_after -= len(data)
        self.typed += len(data)
        self._waiting += data
        if self.cut_after == 0 and data:
            self._hand_on()
            self._close_port()
            self.on_cut()

    def _hand_on(self) -> None:
        """What was typed, to the board: all of it at its prompt, of a running program only Ctrl-C."""
        if self._board is None or not self._waiting:
            return
        if runs(self._board):
            if CTRL_C in self._waiting:
                self._waiting = self._waiting[self._waiting.rindex(CTRL_C) + 1 :]
                self.on_interrupt()
            return
        for mark, is_raw in ((CTRL_A, True), (CTRL_B, False)):
            if mark in self._waiting:
                self._is_raw = is_raw
        self.commands += 1
        with contextlib.suppress(OSError):
            written = os.write(self._board, self._waiting)
            self._waiting = self._waiting[written:]

    def _say(self, data: bytes) -> None:
        if self._outer < 0:
            return
        with contextlib.suppress(OSError):
            os.write(self._outer, data)


def _has(fd: int) -> bool:
    """Whether reading this now does not wait."""
    return bool(select.select([fd], [], [], 0)[0])


def _read(fd: int) -> bytes | None:
    try:
        return os.read(fd, _PIECE)
    except OSError as error:
        if error.errno not in (errno.EIO, errno.EBADF):
            raise
        return None
