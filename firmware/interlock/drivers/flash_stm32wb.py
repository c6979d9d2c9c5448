"""Flash on STM32WB through `pyb.Flash`, synced after every change: whole pages of 4096 bytes are erased and rewritten.

Not power-proof: a program rewrites its page, and whoever cuts the power between erase and rewrite (tens of
milliseconds) takes all that the page held, acknowledged records included; the area then reads as any torn sector.
It wears, too: every record erases a page that endures 10,000 erases.

Why there is no driver through the flash controller's registers, which could do without that cache: the chip keeps ECC
for each double word of 8 bytes, so each can be programmed once, while journal, keys and signer program in steps of 4
bytes and clear bits in what they wrote before; a double word whose program lost power is an NMI to whoever reads it,
from which MicroPython returns without clearing its cause (NMI_Handler in ports/stm32/stm32_it.c), so recovery would
hang for good at the first torn record; and an erase has to be announced to the radio's processor, which only the port
does (rfcore_start_flash_erase in ports/stm32/flash.c).
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
