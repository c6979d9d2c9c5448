"""One MicroPython VM as a subprocess, in lock-step with the running loop's (virtual) time.

The VM runs only while this side blocks on its socket, so nothing it does depends on the real clock; this side owns
time and answers when the world has got there. What the VM sees of the world is `doubles/`; what its calls mean is the
business of a `Handler`, which is a board (`board.py`).
"""

import asyncio
import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from ..clock import now_us
from ..profiles import Pin, Profile
from .interpreter import PATIENCE_S, VmError, command_of, find_vm, unusable, why
from .wire import CALL, REQUEST, Request, read_request, write_reply

ROOT = Path(__file__).resolve().parents[1]
DOUBLES = ROOT / "doubles"
FIRMWARE = ROOT.parent / "firmware"
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
SCHEDULER_DEPTH = 8
"""Soft interrupts of pins and timers that can be pending (MICROPY_SCHEDULER_DEPTH); further ones are dropped, as on a
board."""
_SCHEDULED = ("pin", "timer")
_DAY_US, _LAST_HOUR_US = 86_400_000_000, 3_600_000_000


class FirmwareError(Exception):
    """An exception left the firmware. `board` and `traceback` (MicroPython's own text) say whose and where."""

    def __init__(self, board: str, traceback: str) -> None:
        super().__init__(f"uncaught exception in the firmware of {board}:\n{traceback}")
        self.board = board
        self.traceback = traceback


@dataclass(frozen=True)
class Ended:
    """How a VM ended: by itself with an exit code, or (None) killed, which is what a power cut does."""

    exit_code: int | None


class Handler(Protocol):
    """Who answers a VM's calls."""

    async def call(self, op: str, args: tuple[object, ...]) -> object:
        """Do `op` at the present instant of virtual time; OSError reaches the firmware as its errno."""

    def fed(self) -> None:
        """The firmware fed its watchdog just before what it asks for next."""


def die_with_host() -> None:
    """In the VM's process, before it runs: where Linux offers it, a host that is killed takes its VMs along."""
    with contextlib.suppress(AttributeError):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@cache
def _tie() -> tuple[str, ...]:
    """What stands before a command for the same (util-linux): a host that runs code of its own in a new process is
    copied for it, and with half a GB that takes longer than a VM's start. () where there is none."""
    words = ("setpriv", "--pdeathsig", "KILL")
    if shutil.which(words[0]) is None:
        return ()
    tried = subprocess.run([*words, sys.executable, "-V"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return () if tried.returncode else words


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


class Vm:
    """One run of `script` (a path) from boot to end. Its modules come from the script's directory, then from `modules`;
    with `has_files` both are looked for in the board's own file system (`doubles/simfiles.py`), and nothing elsewhere.

    `output` collects what it prints, line by line; `printed` is told each piece as it comes. `heap_peak`: most bytes
    that were live on the firmware's own account, after a collection, when it rested and had asked the world for
    something since it was last looked at, at most each 250 ms (`_sample_heap` in `doubles/simrt.py`); 64-bit objects,
    the doubles' share taken off. `heap_of_day`: what is live at the first rest after 23:00 of each day of the world;
    its first day is 1.
    `dropped_edges` counts pin interrupts and alarms lost to a full scheduler.
    """

    needs_script = True

    def __init__(
        self,
        name: str,
        script: Path,
        profile: Profile,
        entropy: random.Random,
        handler: Handler,
        *,
        ticks_at_boot_ms: int = 0,
        output: list[str] | None = None,
        printed: Callable[[bytes], None] | None = None,
        modules: Path = FIRMWARE,
        has_files: bool = False,
    ) -> None:
        self.name = name
        self._printed_to = printed
        self._modules = modules
        self._has_files = has_files
        self.output: list[str] = [] if output is None else output
        self.heap_peak = 0
        self.heap_of_day: dict[int, int] = {}
        self.dropped_edges = 0
        self.exchanges = 0
        self._script = script
        self._profile = profile
        self._entropy = entropy
        self._handler = handler
        self._ticks_at_boot_ms = ticks_at_boot_ms
        self._events: deque[tuple[str, tuple[object, ...]]] = deque()
        self._levels: list[tuple[Pin, int]] = []
        self._pending_edges = 0
        self._wake: asyncio.Future[None] | None = None
        self._hears = False
        self._said = b""
        self._taken = 0
        self._driver: asyncio.Task[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, begin_us: int = 0) -> None:
        """Spawn the VM now; it runs from `begin_us` of virtual time on, at the earliest now. Raises VmError."""
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Ended] = self._loop.create_future()
        if self.needs_script and not self._script.exists():
            raise VmError(
                f"there is no firmware at {self._script}.\n"
                "The simulator runs the firmware of a checkout: install it there with pip install --editable '.[sim]'."
            )
        executable = find_vm()
        self._line, theirs = socket.socketpair()
        # A file never blocks the writer, so output cannot stall a VM that the host is waiting for.
        self._printed = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed in _release
        try:
            process = self._spawn(executable, theirs.fileno())
        except OSError as error:
            self._line.close()
            self._printed.close()
            raise unusable(executable, why(error)) from error
        finally:
            theirs.close()
        self._process = process
        self._reaper = weakref.finalize(self, _kill, process)
        self._line.settimeout(PATIENCE_S)
        self._reader = self._line.makefile("rb")
        try:
            hello = self._receive()
        except VmError:
            self._release()
            raise
        if hello is None or hello.op != "vm.boot" or hello.args[0] != "micropython":
            code = process.wait() if hello is None else None
            self._release()
            said = " / ".join(self.output[-3:])
            how = f"it ended with code {code} before it spoke" if hello is None else f"it is {hello.args[0]}"
            raise unusable(executable, how + (f" ({said})" if said else ""))
        self._driver = self._loop.create_task(self._drive(begin_us), name=f"vm {self.name}")

    def _spawn(self, executable: str, fd: int) -> "subprocess.Popen[bytes]":
        """The VM's process; `fd`: its end of the line to this side."""
        command = command_of(executable)
        tie = _tie() if command[0] == sys.executable else ()  # what else MICROPYTHON names may be none: Popen says so
        return subprocess.Popen(
            [*tie, *command, *self._arguments(fd)],
            cwd=self._script.parent,
            pass_fds=(fd,),
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
            preexec_fn=None if tie else die_with_host,
            start_new_session=True,  # the keyboard interrupts the host, which then ends its VMs
        )

    def _arguments(self, fd: int) -> list[str]:
        return [str(DOUBLES / "simboot.py"), str(fd), self._script.name, str(self._modules)]

    @property
    def pid(self) -> int | None:
        """The VM's process while it lives."""
        return self._process.pid if self._process else None

    def interrupt(self, kind: str, data: tuple[object, ...]) -> None:
        """Queue an event of this instant; the VM dispatches it as soon as it can."""
        if self._process is None:
            return
        if kind in _SCHEDULED:
            if self._pending_edges >= SCHEDULER_DEPTH:
                self.dropped_edges += 1
                return
            self._pending_edges += 1
        self._events.append((kind, data))
        if self._hears:
            self._stir()

    def tell_level(self, pin: Pin, level: int) -> None:
        """A pin the firmware set up reads `level` from now on; known to the VM at its next exchange, no interrupt.
        Clocks are told so, too (`rtc.py`)."""
        self._levels.append((pin, level))

    def kill(self) -> None:
        """Cut its power: the process is gone when this returns, in the middle of whatever it did."""
        if self._process is None:
            return
        self._release()
        if self._driver is not None and self._driver is not asyncio.current_task():
            self._driver.cancel()
        if not self.ended.done():
            self.ended.set_result(Ended(None))

    def _note_heap(self, request: Request) -> None:
        self.heap_peak = max(self.heap_peak, request.heap)
        day = (request.local_us + _LAST_HOUR_US) // _DAY_US
        if day and request.heap:
            self.heap_of_day.setdefault(day, request.heap)

    async def _drive(self, begin_us: int) -> None:
        try:
            await self._until(begin_us)
            self._reply(0, self._birth_certificate())
            while (request := await self._next()) is not None:
                self._note_heap(request)
                if request.fed:
                    self._handler.fed()
                self._hears = request.hears
                if request.kind == CALL:
                    self._hears = False
                    await self._until(request.local_us)
                    errno, value = await self._execute(request)
                    self._hears = request.hears
                else:
                    errno, value = 0, None
                    if not (self._hears and self._events):
                        await self._until(request.until_us)
                if self._process is None:
                    return
                self._reply(errno, value)
            self._finish()
        except asyncio.CancelledError:
            self.kill()
            raise
        except Exception as error:  # noqa: BLE001  # whatever went wrong in the world belongs to who waits for this VM
            self._release()
            if not self.ended.done():
                self.ended.set_exception(error)

    def _birth_certificate(self) -> tuple[object, ...]:
        facts = (*self._profile.facts(), ("files", self._has_files))
        return (self._profile.port, self._ticks_at_boot_ms * 1000, facts)

    async def _execute(self, request: Request) -> tuple[int, object]:
        try:
            if request.op == "vm.urandom":
                (length,) = request.args
                return 0, self._entropy.randbytes(int(length))  # type: ignore[call-overload]  # the double sends an int
            return 0, await self._handler.call(request.op, request.args)
        except OSError as error:
            return error.errno or 5, None  # 5: EIO

    async def _until(self, until_us: int) -> None:
        """Wait for this instant of virtual time (-1: none), or to be stirred."""
        if 0 <= until_us <= now_us(self._loop):
            return
        self._wake = self._loop.create_future()
        timer = self._loop.call_at(until_us / 1e6, self._stir) if until_us >= 0 else None
        try:
            await self._wake
        finally:
            self._wake = None
            if timer:
                timer.cancel()

    def _stir(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _reply(self, errno: int, value: object) -> None:
        events: list[tuple[str, tuple[object, ...]]] = []
        if self._hears:
            events.extend(self._events)
            self._events.clear()
            self._pending_edges = 0
        levels, self._levels = self._levels, []
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died: the next read says so
            self._line.sendall(write_reply(errno, now_us(self._loop), value, events, levels))

    async def _next(self) -> Request | None:
        """What it asks for next; None when it ended instead. The world stands still meanwhile."""
        return self._receive()

    def _receive(self) -> Request | None:
        """Let the VM run until it asks for something; None when it ended instead."""
        self.exchanges += 1
        try:
            header = self._reader.read(REQUEST.size)
            length = REQUEST.unpack(header)[0] if len(header) == REQUEST.size else 0
            body = self._reader.read(length) if length else b""
        except TimeoutError:
            self._collect_output()
            raise VmError(
                f"the VM of {self.name} computed for {PATIENCE_S:.0f} s without asking for the time.\n"
                "Look for an endless loop in its firmware that neither reads ticks nor rests."
            ) from None
        except ConnectionResetError:
            header = body = b""
        self._collect_output()
        if len(header) < REQUEST.size or len(body) < length:
            return None
        return read_request(header, body)

    def _collect_output(self) -> None:
        size = os.fstat(self._printed.fileno()).st_size
        if size == self._taken:
            return
        fresh = os.pread(self._printed.fileno(), size - self._taken, self._taken)
        self._taken = size
        if self._printed_to is not None:
            self._printed_to(fresh)
        *lines, self._said = (self._said + fresh).split(b"\n")
        self.output.extend(line.decode(errors="replace").rstrip("\r") for line in lines)

    def _finish(self) -> None:
        assert self._process is not None
        code = self._process.wait()
        self._release()
        traceback = self._traceback() if code else ""
        if traceback:
            self.ended.set_exception(FirmwareError(self.name, traceback))
        else:
            self.ended.set_result(Ended(code))

    def _traceback(self) -> str:
        starts = [i for i, line in enumerate(self.output) if line.startswith("Traceback ")]
        lines = self.output[starts[-1] :] if starts else []
        return "\n".join(line for line in lines if "simboot.py" not in line)

    def _release(self) -> None:
        if self._process is None:
            return
        self._reaper()
        self._process = None
        self._collect_output()
        if self._said:
            self.output.append(self._said.decode(errors="replace"))
            self._said = b""
        self._reader.close()
        self._line.close()
        self._printed.close()
