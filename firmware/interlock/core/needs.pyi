"""What the core asks of the world around it, for the type checker and the reader: there is no such module on a board.

Drivers, the simulator and the tests supply these by shape alone; nobody inherits from them.
"""

from collections.abc import Callable
from typing import Protocol

Bytes = bytes | bytearray | memoryview

Clock = Callable[[], int]
"""The ticks of now: milliseconds modulo 2^30 (`ticks.py`). Safe in an interrupt."""

class Flash(Protocol):
    """A raw flash area, offsets in bytes from its beginning. A failure raises OSError."""

    @property
    def size(self) -> int:
        """Bytes: a whole number of sectors."""

    @property
    def sector_bytes(self) -> int:
        """What one erase sets to 0xFF."""

    def read(self, offset: int, buffer: bytearray, /) -> None:
        """Fill `buffer`."""

    def program(self, offset: int, data: bytes, /) -> None:
        """Clear the bits that are 0 in `data`, and no others; a power cut leaves any of them cleared."""

    def erase(self, offset: int, /) -> None:
        """Set the sector that begins at `offset` to 0xFF; a power cut leaves it holding anything."""
