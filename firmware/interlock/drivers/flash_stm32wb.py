"""Flash on STM32WB through `pyb.Flash`, synced after every change: whole pages of 4096 bytes are erased and rewritten.

Not power-proof: a program rewrites its page, and whoever cuts the power between erase and rewrite (tens of
milliseconds) takes all that the page held, acknowledged records included; the area then reads as any torn sector.
It wears, too: every record erases a page that endures 10,000 erases.
"""

import pyb

SECTOR_BYTES = 4096
_BLOCK_BYTES = 512
_SYNC = 3


class CachedArea:
    """`first`, `count`: 4096-byte pages of the internal storage."""

    sector_bytes = SECTOR_BYTES

    def __init__(self, first: int, count: int) -> None:
        self.size = count * SECTOR_BYTES
        self._flash = pyb.Flash(start=first * SECTOR_BYTES, len=self.size)

    def read(self, offset: int, buffer: bytearray) -> None:
        _check(self._flash.readblocks(offset // _BLOCK_BYTES, buffer, offset % _BLOCK_BYTES))

    def program(self, offset: int, data: bytes) -> None:
        cells = bytearray(len(data))
        self.read(offset, cells)
        for i in range(len(data)):
            cells[i] &= data[i]
        self._write(offset, cells)

    def erase(self, offset: int) -> None:
        blank = b"\xff" * _BLOCK_BYTES
        for block in range(offset, offset + SECTOR_BYTES, _BLOCK_BYTES):
            _check(self._flash.writeblocks(block // _BLOCK_BYTES, blank, 0))
        self._sync()

    def _write(self, offset: int, data: bytearray) -> None:
        _check(self._flash.writeblocks(offset // _BLOCK_BYTES, data, offset % _BLOCK_BYTES))
        self._sync()

    def _sync(self) -> None:
        self._flash.ioctl(_SYNC, 0)


def _check(result: "int | None") -> None:
    if result:
        raise OSError(-result)
