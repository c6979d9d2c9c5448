"""The UARTs of a virtual board: bytes to and from what is wired to them, at the pace of their rate (10 bits a byte).

What is written goes out as one piece, and is at the other end when its last bit is; so is what comes in. A board that
is off hears nothing. `doubles/simuart.py` has what the firmware sees.
"""

import asyncio
from collections.abc import Callable

BITS = 10
UartId = int | str


def _nobody(data: bytes) -> None:
    """A wire that leads nowhere."""


class Wire:
    """One UART's wires. `far` gets what the board sends; `send` is what the other end sends."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self.far: Callable[[bytes], None] = _nobody
        self._heard = heard
        self._baud = 0
        self._room = 0
        self._waiting = bytearray()
        self._free_at = [0.0, 0.0]  # when each direction has sent what it has: to the board, from it

    @property
    def is_open(self) -> bool:
        """Whether the firmware has set it up."""
        return self._baud > 0

    def open(self, baud: int, room: int) -> None:
        self._baud, self._room = baud, room
        self._waiting.clear()

    def close(self) -> None:
        """Switched off, or without power: nothing arrives, what waited is gone."""
        self._baud = 0
        self._waiting.clear()

    def send(self, data: bytes) -> None:
        """From the other end."""
        if self.is_open:
            self._pass(0, data, self._arrive)

    def write(self, data: bytes) -> None:
        """From the board."""
        if self.is_open:
            self._pass(1, data, self._leave)

    def _leave(self, data: bytes) -> None:
        self.far(data)

    def _pass(self, way: int, data: bytes, then: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._free_at[way] = max(self._free_at[way], loop.time()) + len(data) * BITS / self._baud
        loop.call_at(self._free_at[way], then, data)

    def _arrive(self, data: bytes) -> None:
        if self.is_open:
            self._waiting += data[: self._room - len(self._waiting)]
            self._heard()

    def any(self) -> int:
        return len(self._waiting)

    def read(self, most: int) -> bytes:
        taken = bytes(self._waiting if most < 0 else self._waiting[:most])
        del self._waiting[: len(taken)]
        return taken

    def line(self) -> bytes:
        end = self._waiting.find(b"\n") + 1
        return self.read(end or -1)


class Uarts:
    """All of a board, by what the firmware calls them. `heard` is told of each that got something."""

    def __init__(self, heard: Callable[[UartId], None]) -> None:
        self._heard = heard
        self._wires: dict[UartId, Wire] = {}

    def wire(self, uart: UartId) -> Wire:
        if uart not in self._wires:
            self._wires[uart] = Wire(lambda: self._heard(uart))
        return self._wires[uart]

    def lose_power(self) -> None:
        for wire in self._wires.values():
            wire.close()

    def call(self, name: str, uart: UartId, *args: object) -> object:
        """What the double asks for: open, close, any, read, line, write."""
        return getattr(self.wire(uart), name)(*args)
