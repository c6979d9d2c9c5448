"""Boards for programs outside: each has an executable that stands in for `micropython`, and is run by whoever likes.

Made for MicroPython's own two-instance tests (tests/run-multitests.py, instances of kind `exec:`). A served bench keeps
the pace of real time, or it plays by their turns (`turns.py`): what else somebody outside does next no virtual clock
can know. One program at a time has a board; the next one takes it over, as a new upload does. Whoever can open the
bench's socket can run scripts on its boards.
"""

import asyncio
import contextlib
import json
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ..hardware.board import VirtualBoard
from ..hardware.console import Console
from ..hardware.interpreter import VmError
from ..hardware.vm import FirmwareError
from ..profiles import Profile
from ..radio.air import Air
from . import attach
from .attach import END, EXIT, FRAME, HELLO, PRINTED, TYPED, frame
from .bench import UsageError, exit_code
from .turns import Turns

SOCKET = "bench.socket"
_FAILED, _DEVICE = 1, 3


@contextlib.asynccontextmanager
async def serve(
    folder: Path, profiles: dict[str, Profile], turns: Turns, air: Air, seed: int, files: Path
) -> AsyncIterator[None]:
    """While entered, folder/NAME is an executable for each board. Raises UsageError where they cannot be made."""
    boards = {name: _Board(name, profile, turns, air, seed, files / name) for name, profile in profiles.items()}
    bench = _Bench(boards)
    path = (folder / SOCKET).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(bench.admit, path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; name another, short --serve DIR") from error
    programs = [folder / name for name in boards]
    for program in programs:
        command = shlex.join([sys.executable, str(Path(attach.__file__).resolve()), str(path), program.name])
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    try:
        yield
    finally:
        server.close()
        await bench.close()
        for leftover in (*programs, path):
            leftover.unlink(missing_ok=True)


class _Bench:
    def __init__(self, boards: dict[str, "_Board"]) -> None:
        self._boards = boards
        self._sessions: set[asyncio.Task[Any]] = set()

    async def admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection is one run of one script."""
        session = asyncio.current_task()
        assert session is not None
        self._sessions.add(session)
        try:
            kind, body = await _receive(reader)
            hello = json.loads(body)
            if kind == HELLO:
                await self._boards[hello["board"]].run(hello["script"], Path(hello["directory"]), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, KeyError):
            pass  # whoever this was is gone, or no `attach.py`
        finally:
            self._sessions.discard(session)
            writer.close()

    async def close(self) -> None:
        """Every script ends, every board is switched off."""
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


class _Board:
    """Flash and files outlive the runs, as they outlive the power."""

    def __init__(self, name: str, profile: Profile, turns: Turns, air: Air, seed: int, files: Path) -> None:
        self._name, self._profile, self._air, self._seed, self._files = name, profile, air, seed, files
        self._turns = turns
        self._last: VirtualBoard | None = None
        self._session: asyncio.Task[Any] | None = None

    async def run(self, script: str, modules: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From power-up until the script ends or the other end of the connection is gone."""
        before, self._session = self._session, asyncio.current_task()
        if before is not None and not before.done():
            before.cancel()
            await asyncio.wait([before])
        console = Console()
        self._turns.began(self._name)

        def printed(data: bytes) -> None:
            self._turns.printed(self._name, data)
            writer.write(frame(PRINTED, data))

        console.printed = printed
        board = self._make(script, modules, console)
        await board.power_on()
        ended = asyncio.ensure_future(_outcome(board, console))
        listening = asyncio.ensure_future(self._listen(reader, console))
        try:
            await asyncio.wait([ended, listening], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                writer.write(frame(EXIT, bytes([ended.result() & 0xFF])))
                await writer.drain()
        finally:
            ended.cancel()
            listening.cancel()
            await board.power_off()
            self._turns.ended(self._name)

    async def _listen(self, reader: asyncio.StreamReader, console: Console) -> None:
        """Returns when whoever types is gone."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, body = await _receive(reader)
                if kind == TYPED:
                    self._turns.typed(self._name, body)
                    console.type(body)
                elif kind == END:
                    console.end()

    def _make(self, script: str, modules: Path, console: Console) -> VirtualBoard:
        self._files.mkdir(parents=True, exist_ok=True)
        path = self._files / "main.py"
        path.write_text(script, encoding="utf-8")
        board = VirtualBoard(self._name, self._profile, self._air, self._seed, path, console=console, modules=modules)
        if self._last is not None:
            board.flash = self._last.flash
        self._last = board
        return board


async def _outcome(board: VirtualBoard, console: Console) -> int:
    try:
        return await exit_code(board)
    except FirmwareError:
        return _FAILED  # the VM has printed it
    except VmError as error:
        console.printed(f"{error}\n".encode())
        return _DEVICE


async def _receive(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = FRAME.unpack(await reader.readexactly(FRAME.size))
    return kind, await reader.readexactly(length)
