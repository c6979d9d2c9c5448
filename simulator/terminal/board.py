"""A board at a terminal, and the world around it: an air, real time, and nobody else."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ..clock import run
from ..hardware.board import VirtualBoard
from ..hardware.vm import Ended
from ..profiles import Profile
from ..radio.air import Air
from .line import Line
from .vm import TerminalVm

BLANK = b"\xff"


class TerminalBoard(VirtualBoard):
    """`line`: where its terminal is plugged in."""

    vm_type = TerminalVm

    def __init__(self, line: Line, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.line = line

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """As any board, and what `doubles/simprompt.py` asks."""
        return self.line.commands if op == "terminal.commands" else await super().call(op, args)

    def _on_end(self, ended: "asyncio.Future[Ended]") -> None:
        super()._on_end(ended)
        if not ended.cancelled() and ended.exception() is None and ended.result().exit_code is not None:
            self.line.soft_reset()  # Ctrl-D at the prompt
            self.reset("soft")


class Seat(threading.Thread):
    """A board on a bench of its own, in a thread, at the pace of real time.

        with Seat(path, profile("esp32")) as seat:
            ... seat.path is the port

    `path`: where the port is to be; `profile`: what the board is like; `files`: its file system at first, as an image,
    None: blank flash; `flash`: all of its flash instead. `do` runs a function of the board in its world, whose `air` a
    `Door` opens to Bluetooth hosts.
    """

    def __init__(
        self,
        path: Path,
        profile: Profile,
        *,
        files: bytes | None = None,
        flash: bytes | None = None,
        is_usb: bool = False,
        seed: int = 1,
    ) -> None:
        super().__init__(name=f"seat {path}", daemon=True)
        self.line = Line(path, is_usb=is_usb)
        self.path = path
        self._profile = profile
        self._files = BLANK * profile.files_bytes if files is None else files
        self._flash = flash
        self._seed = seed
        self._ready: Future[None] = Future()

    def __enter__(self) -> "Seat":
        self.start()
        self._ready.result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set_result, None)
        self.join()
        self.line.close()

    def run(self) -> None:
        """The thread's."""
        try:
            run(self._live(), paced=True)
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        self.air = Air(self._seed)
        self.board = TerminalBoard(self.line, self.path.name, self._profile, self.air, self._seed, files=self._files)
        if self._flash is not None:
            self.board.flash.load(self._flash)
        self.line.on_interrupt = self._interrupt
        await self.board.power_on()
        self._ready.set_result(None)
        try:
            await self._over
        finally:
            await self.board.power_off()

    def _interrupt(self) -> None:
        self._loop.call_soon_threadsafe(self.board.interrupt, "kbd", (self.line.commands,))

    def do(self, work: "Callable[[TerminalBoard], Any]") -> Any:
        """What `work(board)` gives, in the board's world; awaited there if it is to be."""

        async def there() -> Any:
            found = work(self.board)
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result()

    def cut_power(self) -> None:
        """Off at this instant, and on again."""

        async def again(board: TerminalBoard) -> None:
            await board.power_off()
            await board.power_on()

        self.do(again)
