"""The bench: scripts on boards, all within some centimetres of each other, until they end or time is up."""

import asyncio
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..clock import now_us
from ..hardware.board import VirtualBoard
from ..hardware.console import Console
from ..hardware.vm import FirmwareError
from ..profiles import CHIPS, Profile, profile
from ..radio.air import Air

_REBOOT_S = 0.001


class UsageError(ValueError):
    """A command line that cannot be meant."""


@dataclass(frozen=True)
class Seat:
    """One board to be: its name, what it plays, what it runs."""

    name: str
    profile: Profile
    script: Path


def seats(scripts: Iterable[str], port: str) -> list[Seat]:
    """A seat for each [PORT:]SCRIPT, named as the script; a second one of that name is NAME-2. Raises UsageError."""
    taken: dict[str, int] = {}
    seated = []
    for text in scripts:
        prefix, colon, rest = text.partition(":")
        own_port, path = (prefix, Path(rest)) if colon and not Path(text).exists() else (port, Path(text))
        if not path.is_file():
            raise UsageError(f"there is no script {path}")
        taken[path.stem] = count = taken.get(path.stem, 0) + 1
        seated.append(Seat(path.stem if count == 1 else f"{path.stem}-{count}", known_profile(own_port), path))
    return seated


def known_profile(port: str) -> Profile:
    """What a port is like. Raises UsageError where there is no such port."""
    if port not in CHIPS:
        raise UsageError(f"there is no port {port!r}; there are {', '.join(CHIPS)}")
    return profile(port)


class Transcript:
    """Output of all boards, line by line: `say(time_us, name, line)`, in the order in which they came to print it."""

    def __init__(self, say: Callable[[int, str, str], None]) -> None:
        self._say = say
        self._begun: dict[str, bytes] = {}

    def printed(self, name: str, data: bytes) -> None:
        """A board printed this."""
        *lines, self._begun[name] = (self._begun.get(name, b"") + data).split(b"\n")
        for line in lines:
            self._tell(name, line)

    def flush(self, name: str) -> None:
        """The line that the board has begun and not ended: a question, or its last words."""
        line = self._begun.pop(name, b"")
        if line:
            self._tell(name, line)

    def _tell(self, name: str, line: bytes) -> None:
        time_us = now_us(asyncio.get_running_loop())
        self._say(time_us, name, line.decode(errors="replace").rstrip("\r"))


class Bench:
    """`files`: where each board has a folder of its own, which is its file system; its script is put there.

    `failed` says what became of boards whose script ended by an exception or with an exit code; `running` names those
    whose script has not ended.
    """

    def __init__(
        self, seats: list[Seat], seed: int, files: Path, transcript: Transcript, consoles: dict[str, Console]
    ) -> None:
        self.failed: dict[str, str] = {}
        self.running = [seat.name for seat in seats]
        self._seats, self._seed, self._files, self._transcript, self._consoles = (
            seats,
            seed,
            files,
            transcript,
            consoles,
        )

    async def play(self, air: Air) -> None:
        """From power-up of all boards until all scripts have ended. Raises VmError."""
        boards = [self._place(seat, air) for seat in self._seats]
        try:
            for board in boards:
                await board.power_on()
            await asyncio.gather(*map(self._watch, boards))
        finally:
            for board in boards:
                await board.power_off()
                self._transcript.flush(board.name)

    def _place(self, seat: Seat, air: Air) -> VirtualBoard:
        folder = self._files / seat.name
        folder.mkdir(parents=True, exist_ok=True)
        script = folder / seat.script.name
        shutil.copyfile(seat.script, script)
        console = self._consoles.setdefault(seat.name, Console())
        console.printed = lambda data: self._transcript.printed(seat.name, data)
        console.waits = lambda: self._transcript.flush(seat.name)
        modules = seat.script.resolve().parent
        return VirtualBoard(seat.name, seat.profile, air, self._seed, script, console=console, modules=modules)

    async def _watch(self, board: VirtualBoard) -> None:
        try:
            code = await exit_code(board)
            if code:
                self.failed[board.name] = f"ended with exit code {code}"
        except FirmwareError as error:
            self.failed[board.name] = "ended by " + error.traceback.splitlines()[-1]
        self.running.remove(board.name)


async def exit_code(board: VirtualBoard) -> int:
    """Of the board's script, once it ends by itself; resets begin it again. Raises FirmwareError and VmError."""
    while (code := (await board.ended()).exit_code) is None:
        await asyncio.sleep(_REBOOT_S)
    return code
