"""Who types: files and this process's standard input, for the consoles of boards."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from ..hardware.console import Console
from .bench import Seat, UsageError

THIS_PROCESS = "-"
_STDIN = 0
_PIECE_BYTES = 4096


class Typist:
    """A console for each [BOARD=]FILE, by the board's name; a board without one waits for ever. Raises UsageError.

    In virtual time standard input is read when the board asks, and the world waits for it; where `is_live` it is typed
    from `begin` on, as it comes, and the world goes on.
    """

    def __init__(self, options: Iterable[str], seats: list[Seat], *, is_live: bool) -> None:
        self.consoles: dict[str, Console] = {}
        self._followed: Console | None = None
        names = [seat.name for seat in seats]
        for option in options:
            name, equals, source = option.rpartition("=")
            if not equals and len(names) == 1:
                name = names[0]
            if name not in names:
                raise UsageError(f"which board is typed {source}? Say BOARD={source}; boards: {', '.join(names)}")
            if source != THIS_PROCESS:
                self.consoles[name] = _typed_already(source)
            elif is_live:
                self.consoles[name] = self._followed = Console()
            else:
                self.consoles[name] = Console(_read)

    def begin(self) -> None:
        """On the running loop."""
        if self._followed is not None:
            _follow(self._followed)


def _typed_already(path: str) -> Console:
    console = Console()
    try:
        console.type(Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    console.end()
    return console


def _read() -> bytes:
    return os.read(_STDIN, _PIECE_BYTES)


def _follow(console: Console) -> None:
    loop = asyncio.get_running_loop()

    def pass_on() -> bool:
        data = _read()
        if data:
            console.type(data)
        else:
            console.end()
        return bool(data)

    def ready() -> None:
        if not pass_on():
            loop.remove_reader(_STDIN)

    try:
        loop.add_reader(_STDIN, ready)
    except PermissionError:  # a plain file is always ready, and no selector takes it
        while pass_on():
            pass
