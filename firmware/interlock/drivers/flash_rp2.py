"""Raw flash on Pico W and Pico 2 W: whole 256-byte pages are programmed; around the data the page is padded with 0xFF,
which programs nothing. The area lies below the file system, reserved by the build (with a `_boot.py` of its own)."""

import rp2

SECTOR_BYTES = 4096
PAGE_BYTES = 256


class ReservedArea:
    """`first`, `count`: 4096-byte sectors counted in `rp2.Flash()`'s blocks."""

    sector_bytes = SECTOR_BYTES

    def __init__(self, first: int, count: int) -> None:
        self._flash = rp2.Flash()
        self._first = first
        self.size = count * SECTOR_BYTES

    def read(self, offset: int, buffer: bytearray) -> None:
        self._flash.readblocks(self._first + offset // SECTOR_BYTES, buffer, offset % SECTOR_BYTES)

    def program(self, offset: int, data: bytes) -> None:
        start = offset // PAGE_BYTES * PAGE_BYTES
        end = (offset + len(data) + PAGE_BYTES - 1) // PAGE_BYTES * PAGE_BYTES
        pages = bytearray(b"\xff" * (end - start))
        pages[offset - start : offset - start + len(data)] = data
        self._flash.writeblocks(self._first + start // SECTOR_BYTES, pages, start % SECTOR_BYTES)

    def erase(self, offset: int) -> None:
        self._flash.ioctl(6, self._first + offset // SECTOR_BYTES)


def reserved(first: int, count: int, sectors: int) -> ReservedArea:
    """Of `sectors` that the build keeps, an area. OSError where the file system leaves less before it: MicroPython's
    own build takes all of the storage, and what is journalled there would destroy files, and be destroyed by them."""
    import os

    try:
        files = os.statvfs("/")[2]  # blocks of a sector
    except (OSError, AttributeError):  # none is mounted
        files = 0
    if files and (rp2.Flash().ioctl(4, 0) or 0) - files < sectors:
        raise OSError("this MicroPython keeps its files in the journal's place: flash the build of firmware/boards")
    return ReservedArea(first, count)
