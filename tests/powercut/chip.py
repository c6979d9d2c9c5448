"""A unit's flash chip that can be cut at every operation of its own, and each port's way to it: driver over double.

Drivers (`firmware/interlock/drivers`) and doubles (`simulator/doubles`) are the real ones, each chip with modules of
its own. What is replaced is the simulator's line between them and the chip: nothing here takes time. "nor" is a chip
without a port: plain NOR flash whose sectors are small, so that a story turns the ring with few records.
"""

import asyncio
import random
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from interlock.core.layout import SECTOR_HEAD_BYTES
from simulator.fast.firmware import Modules
from simulator.hardware.flash import NorFlash, PowerCut
from simulator.hardware.page_cache import PageCache
from simulator.hardware.vm import DOUBLES, FIRMWARE

EIO, EINVAL = 5, 22
FLASH_BASE = 0x200000  # where the partition of an ESP32 begins


class Port(NamedTuple):
    """`sector_bytes`: one erase; `page_bytes`: a program that crosses such a border is two of the chip's operations;
    `word_bytes`: what the chip programs at a time, or None: all bits of a page at once; `area`: (module of the driver,
    its class, the double that it imports, what the class takes before first sector and count)."""

    sector_bytes: int = 4096
    page_bytes: int = 256
    word_bytes: int | None = None
    whole_pages: bool = False
    area: tuple[str, str, str, tuple[str, ...]] | None = None


PORTS = {
    "nor": Port(512, 1 << 30),
    "esp32": Port(area=("flash_esp32", "PartitionArea", "esp32", ("journal",))),
    "rp2": Port(whole_pages=True, area=("flash_rp2", "ReservedArea", "rp2", ())),
    "stm32wb": Port(page_bytes=1 << 30, word_bytes=8, area=("flash_stm32wb", "CachedArea", "pyb", ())),
}

# For each byte of the operation that was cut, from the first that changes: which bits keep their old value.
TEARS: dict[str, Callable[[int], int]] = {
    "none": lambda i: 0xFF,  # nothing of it happened
    "all": lambda i: 0x00,  # everything happened, but nobody was told
    "front": lambda i: 0x00 if i < 11 else 0xFF,
    "back": lambda i: 0xFF if i < SECTOR_HEAD_BYTES else 0x55,
    "bits": lambda i: (i * 0x9E3779B1 >> 7) & 0xFF,
    "most": lambda i: 0x10 if i % 5 == 3 else 0x00,
}
# Not tears, but other ways to fail: that read, counted among reads, raises OSError; every operation from that one on
# does nothing but that.
UNREAD, DEAD = "unread", "dead"
CHANCES = ("r1", "r2", "r3")  # random subsets, another one at each operation; any r followed by a number will do


class Cut(NamedTuple):
    """Where a life ends: in which of its flash operations, and how that is torn. `fails`: it does not end there, the
    operation raises OSError and the power stays on."""

    operation: int
    tear: str
    fails: bool = False


class Operation(NamedTuple):
    """One of the chip: a program of `data`, or an erase (None). `number`: which of this life."""

    number: int
    address: int
    data: bytes | None


@lru_cache(maxsize=4096)
def _kept(tear: str, number: int, length: int) -> bytes:
    """Which bits keep their old value."""
    if tear in TEARS:
        return bytes(map(TEARS[tear], range(length)))
    chance = random.Random(f"{tear} {number}")
    one, other = (int.from_bytes(chance.randbytes(length), "big") for _ in range(2))
    return chance.choice((one, one & other, one | other)).to_bytes(length, "big")


class Chip(NorFlash):
    """`sectors` of the port's size. `watcher` is told every operation before it begins. `stuck`: addresses of bytes
    that stay 0, whatever is erased."""

    def __init__(self, port: str, sectors: int, sector_bytes: int | None = None) -> None:
        self.port = PORTS[port]
        self._port_name = port
        sector_bytes = sector_bytes or self.port.sector_bytes
        super().__init__(sectors * sector_bytes, sector_bytes)
        self.operations = self.reads = 0
        self.watcher: Callable[[Operation], None] | None = None
        self.stuck: frozenset[int] = frozenset()
        self._cut: Cut | None = None
        self._drivers: Any = None

    def copy(self) -> "Chip":
        other = Chip(self._port_name, self.size // self.sector_size, self.sector_size)
        other.load(self.image())
        other.stuck = self.stuck
        return other

    def arm(self, cut: Cut | None) -> None:
        """Power on, and off again in that operation."""
        self.operations = 0
        self.reads = 0
        self.watcher = None
        self._cut = cut
        self._drivers = None

    # What the chip does.

    def read(self, address: int, length: int) -> bytes:
        self.reads += 1
        if self._cut is not None and self._cut.tear == UNREAD and self.reads == self._cut.operation + 1:
            raise OSError(EIO)
        return super().read(address, length)

    def program(self, address: int, data: bytes, news: bytes | None = None) -> None:
        while data:
            piece = data[: self.port.page_bytes - address % self.port.page_bytes]
            self._operate(Operation(self.operations, address, piece))
            address, data = address + len(piece), data[len(piece) :]

    def erase(self, address: int) -> None:
        self._operate(Operation(self.operations, address, None))

    def _operate(self, operation: Operation) -> None:
        if self.watcher is not None:
            self.watcher(operation)
        self.operations += 1
        cut = self._cut
        if cut is not None and cut.tear == DEAD and cut.operation <= operation.number:
            raise OSError(EIO)
        if cut is None or cut.operation != operation.number or cut.tear == UNREAD:
            self.tear(operation, "all")
            return
        self.tear(operation, cut.tear)
        if not cut.fails:
            raise PowerCut(f"in operation {cut.operation}")
        raise OSError(EIO)

    def tear(self, operation: Operation, tear: str) -> None:
        """Leave behind what this operation does when it is torn so."""
        if operation.data is None:
            self._tear_erase(operation, tear)
        elif tear == "all":
            super().program(operation.address, operation.data)
        else:
            super().program(operation.address, self._torn_program(operation.data, operation.number, tear))
        for address in self.stuck:
            super().program(address, b"\x00")

    def _torn_program(self, data: bytes, number: int, tear: str) -> bytes:
        begin = len(data) - len(data.lstrip(b"\xff"))
        end = len(data.rstrip(b"\xff"))
        if self.port.word_bytes and tear != "none":
            # Words before the torn one are done, those after it are not begun.
            words = random.Random(f"{tear} {number} words").randrange(len(data) // self.port.word_bytes)
            begin = words * self.port.word_bytes
            end = begin + self.port.word_bytes
            data = data[:end] + b"\xff" * (len(data) - end)
        kept = bytes(begin) + _kept(tear, number, max(end - begin, 0))
        return bytes(new | keep for new, keep in zip(data, kept, strict=False)) + data[len(kept) :]

    def _tear_erase(self, operation: Operation, tear: str) -> None:
        if tear == "none":
            return
        if tear == "all":
            super().erase(operation.address)
            return
        size = self.sector_size
        old = int.from_bytes(super().read(operation.address, size), "big")
        kept = int.from_bytes(_kept(tear, operation.number, size), "big")
        done = kept ^ ((1 << 8 * size) - 1)
        # Chips clear a sector before they erase it: old bits may be 0 by then, or all of them.
        ways = [old | done] if tear in TEARS else [old | done, old & kept, done]
        torn = random.Random(f"{tear} {operation.number} erase").choice(ways).to_bytes(size, "big")
        image = self.image()
        self.load(image[: operation.address] + torn + image[operation.address + size :])

    # How the port reaches it.

    def area(self, first: int, count: int) -> Any:
        """What the firmware calls a flash area: `count` sectors from `first` on."""
        if self.port.area is None:
            return self.cells(first, count)
        module, name, double, before = self.port.area
        if self._drivers is None:
            line = _Line(self, double)
            given = {
                "simrt": line,
                "simpins": SimpleNamespace(ALL_LOW=2, find_pin=None, wakers={}),
                "micropython": SimpleNamespace(const=lambda value: value),
            }
            doubles = Modules(DOUBLES, given, print)
            self._drivers = Modules(FIRMWARE, {double: doubles.load(double)}, print)
        return getattr(self._drivers.load(f"interlock.drivers.{module}"), name)(*before, first, count)

    def cells(self, first: int, count: int) -> "Cells":
        """The same, but past the port: as somebody sees it who took the unit apart."""
        return Cells(self, first, count)


class Cells:
    """An area of a chip that no port stands before."""

    def __init__(self, chip: Chip, first: int, count: int) -> None:
        self._chip = chip
        self._begin = first * chip.sector_size
        self.sector_bytes = chip.sector_size
        self.size = count * chip.sector_size

    def read(self, offset: int, buffer: bytearray) -> None:
        assert 0 <= offset <= offset + len(buffer) <= self.size
        buffer[:] = self._chip.read(self._begin + offset, len(buffer))

    def program(self, offset: int, data: bytes) -> None:
        assert 0 <= offset <= offset + len(data) <= self.size
        self._chip.program(self._begin + offset, bytes(data))

    def erase(self, offset: int) -> None:
        assert 0 <= offset < self.size
        self._chip.erase(self._begin + offset)


class _Line:
    """`simrt` to the doubles: the simulator's `Storage` without its time. An STM32's cache needs a running loop."""

    def __init__(self, chip: Chip, double: str) -> None:
        self._chip = chip
        self.profile = {"esp32": "esp32", "rp2": "rp2", "pyb": "stm32wb"}[double]
        self.costs = {
            "flash_bytes": chip.size,
            "flash_base": FLASH_BASE,
            "partitions": ((0, 0, 0x10000, 0x1F0000, "factory"), (1, 0x40, FLASH_BASE, chip.size, "journal")),
            "deep_wakes": (),
            "ext1_low_is_all": False,
        }
        if double == "pyb":
            self._cache = PageCache(chip, self._erase, self._program, asyncio.Lock())
            self._cache.boot()

    async def _erase(self, address: int) -> None:
        self._chip.erase(address)

    async def _program(self, address: int, data: bytes, news: bytes | None) -> None:
        self._chip.program(address, data)

    def call(self, op: str, address: int = 0, what: Any = None) -> Any:
        chip = self._chip
        if op == "flash.read":
            return chip.read(address, what)
        if op == "flash.program":
            if chip.port.whole_pages and (address % chip.port.page_bytes or len(what) % chip.port.page_bytes):
                raise OSError(EINVAL)
            return chip.program(address, bytes(what))
        if op == "flash.erase":
            return chip.erase(address)
        if op == "flash.cached_read":
            return self._cache.read(address, what)
        if op == "flash.cached_write":
            return _finished(self._cache.write(address, bytes(what)))
        assert op == "flash.sync"
        return _finished(self._cache.sync())


def _finished(work: Any) -> Any:
    """The value of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the cache waits, and nobody is there to wake it")
