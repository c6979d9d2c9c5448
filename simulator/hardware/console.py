"""A board's serial console, host side: what it prints and what it is typed. Inside the VM: `doubles/simsys.py`.

Not a terminal: no echo, no line editing, no Ctrl-C, no raw REPL, and no time on the wire.
"""

from collections.abc import Callable


def _unread(data: bytes) -> None:
    """Output that nobody reads."""


def _unseen() -> None:
    """A wait that nobody sees."""


class Console:
    """Bytes typed wait here until the board reads them. `printed` is told each piece of output as it comes, and `waits`
    when the board asks for what nobody has typed yet.

    `source`: asked for more when the board wants what is not there; it may block, which holds the world's time, and
    b"" is its end. Without one the board waits for `type` or `end`; time goes on. A real serial line has no end; after
    this one's, reads give what there is, then nothing.
    """

    def __init__(self, source: Callable[[], bytes] | None = None) -> None:
        self.printed: Callable[[bytes], None] = _unread
        self.waits: Callable[[], None] = _unseen
        self._source = source
        self._arrived: Callable[[], None] | None = None
        self._typed = bytearray()
        self._is_ended = False
        self._is_waiting = False

    def attach(self, arrived: Callable[[], None]) -> None:
        """Tell the board's reader by `arrived` that it is worth asking again."""
        self._arrived = arrived

    def type(self, data: bytes) -> None:
        """Somebody types."""
        self._typed += data
        self._stir()

    def end(self) -> None:
        """Nobody will type any more."""
        self._is_ended = True
        self._stir()

    def _stir(self) -> None:
        if self._is_waiting and self._arrived is not None:
            self._arrived()

    def read(self, count: int, unit: str) -> bytes | None:
        """`count` "byte"s or UTF-8 "char"s, or a "line" of at most so many bytes; count -1: all there will be, or any
        line. None: not there yet, ask again when told."""
        while (size := self._size(count, unit)) is None:
            if not self._is_waiting:
                self._is_waiting = True
                self.waits()
            if self._source is None:
                return None
            more = self._source()
            self._typed += more
            self._is_ended = not more
        self._is_waiting = False
        taken = bytes(self._typed[:size])
        del self._typed[:size]
        return taken

    def _size(self, count: int, unit: str) -> int | None:
        typed = self._typed
        size: int | None = None
        if unit == "line":
            # A carriage return ends a line, too: boards read it as a line feed.
            ends = [typed.find(end) + 1 for end in (b"\n", b"\r") if end in typed]
            size = min(ends, default=None)
            if 0 <= count <= (len(typed) if size is None else size):
                size = count
        elif count >= 0:
            size = count if unit == "byte" else _chars_size(typed, count)
            if size > len(typed):
                size = None
        return len(typed) if size is None and self._is_ended else size


def _chars_size(data: bytearray, count: int) -> int:
    """Bytes of the first `count` characters; more than there are when they are not all there."""
    at = 0
    for _ in range(count):
        if at >= len(data):
            return len(data) + 1
        lead = data[at]
        at += 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    return at
