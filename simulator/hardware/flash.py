"""NOR flash as the journal meets it: programs clear bits, erases set a sector, power fails when it likes.

Not a device driver and without time: `storage.py` charges the time, the doubles give it the ports' faces.
"""

import random
from collections.abc import Callable


class PowerCut(Exception):
    """The supply failed in the middle of a flash operation; what was being changed is torn."""


def _ignore(data: bytes) -> None:
    """A program that nobody watches."""


class NorFlash:
    """`size` bytes in sectors. Contents outlive any board that uses them.

    `programs`, `erases` and `programmed_bytes` count whole and torn operations alike. `on_program(data)` is told every
    whole program once it is done, `on_cached(data)` what goes to a cache before the chip. `word_size`: a chip that
    programs word after word; None: all of a page at once.
    """

    def __init__(
        self, size: int, sector_size: int = 4096, seed: int | str = 0, *, word_size: int | None = None
    ) -> None:
        if size <= 0 or size % sector_size:
            raise ValueError(f"flash of {size} bytes is not a whole number of {sector_size}-byte sectors")
        self.size = size
        self.sector_size = sector_size
        self._word_size = word_size
        self.programs = 0
        self.erases = 0
        self.programmed_bytes = 0
        self.on_program: Callable[[bytes], None] = _ignore
        self.on_cached: Callable[[bytes], None] = _ignore
        self._cells = bytearray(b"\xff" * size)
        self._chance = random.Random(f"flash {seed}")
        self._operations_left: int | None = None
        self._fraction: float | None = None

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes from `address`; ValueError beyond the end."""
        self._check(address, length)
        return bytes(self._cells[address : address + length])

    def program(self, address: int, data: bytes, news: bytes | None = None) -> None:
        """Clear the bits that are 0 in `data`. Raises PowerCut when this was to be cut, ValueError beyond the end.

        `news`: what `on_program` is told instead, where the rest of `data` only puts back what was erased before."""
        self._check(address, len(data))
        if self._is_cut():
            self.tear_program(address, data, self._fraction)
            raise PowerCut(f"in a program of {len(data)} bytes at {address:#x}")
        self._count_program(data)
        self._clear(address, data)
        self.on_program(data if news is None else news)

    def erase(self, address: int) -> None:
        """Set the sector that begins at `address` to 0xFF. Raises PowerCut and ValueError like `program`."""
        self._check_sector(address)
        if self._is_cut():
            self.tear_erase(address, self._fraction)
            raise PowerCut(f"in the erase of the sector at {address:#x}")
        self.erases += 1
        self._cells[address : address + self.sector_size] = b"\xff" * self.sector_size

    def tear_program(self, address: int, data: bytes, fraction: float | None = None) -> None:
        """A program that lost power: each bit to be cleared is, with probability `fraction` (None: any).

        Word by word, that is true of one word; those before it are done, those after it are not begun."""
        self._check(address, len(data))
        self._count_program(data)
        if self._word_size:
            share = self._chance.random() if fraction is None else fraction
            words, fraction = divmod(share * len(data) / self._word_size, 1)
            done_bytes = int(words) * self._word_size
            self._clear(address, data[:done_bytes])
            address, data = address + done_bytes, data[done_bytes:][: self._word_size]
        done = self._some_bits(len(data), fraction)
        self._clear(address, bytes(want | (0xFF ^ bits) for want, bits in zip(data, done, strict=True)))

    def tear_erase(self, address: int, fraction: float | None = None) -> None:
        """An erase that lost power.

        Chips clear the whole sector before they erase it, lest some cells be over-erased; so a torn sector
        holds some of its old bits turned to 0, or an all-zero sector with some bits turned to 1.
        """
        self._check_sector(address)
        self.erases += 1
        some = self._some_bits(self.sector_size, fraction)
        if self._chance.random() < 0.5:
            self._clear(address, bytes(0xFF ^ bits for bits in some))
        else:
            self._cells[address : address + self.sector_size] = some

    def cut_after(self, operations: int | None, fraction: float | None = None) -> None:
        """Cut the power in the `operations`-th program or erase from now (1 is the next); None calls it off.

        `fraction`: how much of that operation happens, 0 to 1; None leaves it to chance.
        """
        if operations is not None and operations < 1:
            raise ValueError("the first operation that can be cut is number 1")
        self._operations_left = operations
        self._fraction = fraction

    def image(self) -> bytes:
        """Everything on it."""
        return bytes(self._cells)

    def load(self, image: bytes) -> None:
        """Replace everything, as a flash programmer would. ValueError unless the size fits."""
        if len(image) != self.size:
            raise ValueError(f"image of {len(image)} bytes for a flash of {self.size}")
        self._cells[:] = image

    def _check(self, address: int, length: int) -> None:
        if address < 0 or length < 0 or address + length > self.size:
            raise ValueError(f"{length} bytes at {address:#x} leave a flash of {self.size:#x} bytes")

    def _check_sector(self, address: int) -> None:
        self._check(address, self.sector_size)
        if address % self.sector_size:
            raise ValueError(f"no sector begins at {address:#x}")

    def _is_cut(self) -> bool:
        if self._operations_left is None:
            return False
        self._operations_left -= 1
        if self._operations_left:
            return False
        self._operations_left = None
        return True

    def _count_program(self, data: bytes) -> None:
        self.programs += 1
        self.programmed_bytes += len(data)

    def _clear(self, address: int, data: bytes) -> None:
        here = slice(address, address + len(data))
        both = int.from_bytes(self._cells[here], "big") & int.from_bytes(data, "big")
        self._cells[here] = both.to_bytes(len(data), "big")

    def _some_bits(self, length: int, fraction: float | None) -> bytes:
        share = self._chance.random() if fraction is None else fraction
        draw = self._chance.random
        return bytes(sum((draw() < share) << bit for bit in range(8)) for _ in range(length))
