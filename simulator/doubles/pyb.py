"""`pyb.Flash` of an STM32 over its internal flash. Source: ports/stm32/storage.c, flashbdev.c.

Blocks are 512 bytes. Writes land in a cache of one 4096-byte page and reach the chip late
(`simulator/hardware/page_cache.py`); ioctl 3 waits for it. There is no erase: ioctl 6 answers 0 and does nothing.
Errors are returned, not raised. A part of the flash does not look whether an access that begins in it leaves it, as on
the port.
"""

import simrt
from micropython import const

if simrt.profile != "stm32wb":
    raise ImportError("no module named 'pyb'")

_BLOCK = const(512)
_EIO = const(-5)
_EFAULT = const(-14)
_BAD_BLOCK = const(-1)


class Flash:
    def __init__(self, *, start: int = -1, len: int = -1) -> None:
        if start == len == -1:
            raise TypeError("a virtual board has parts of the flash only: give start or len")
        storage: int = simrt.costs["flash_bytes"]
        start = 0 if start == -1 else start
        len = storage - start if len == -1 else len
        if start < 0 or start % _BLOCK or len <= 0 or len % _BLOCK or start + len > storage:
            raise ValueError
        self._start = start
        self._size = len

    def readblocks(self, block_num: int, buf: bytearray, offset: int | None = None) -> int:
        address, length = self._place(block_num, len(buf), offset)
        if address < 0:
            return address
        memoryview(buf)[:length] = simrt.call("flash.cached_read", address, length)
        return 0

    def writeblocks(self, block_num: int, buf: bytes | bytearray, offset: int | None = None) -> int:
        address, length = self._place(block_num, len(buf), offset)
        if address < 0:
            return address
        simrt.call("flash.cached_write", address, memoryview(buf)[:length])
        return 0

    def ioctl(self, op: int, arg: int) -> int | None:
        if op in (2, 3):
            simrt.call("flash.sync")
        if op == 4:
            return self._size // _BLOCK
        if op == 5:
            return _BLOCK
        return 0 if op in (1, 2, 3, 6) else None

    def _place(self, block: int, length: int, offset: int | None) -> tuple[int, int]:
        """(where in storage, or the error to return; how many bytes: whole blocks without an offset)."""
        if offset is None:
            length = length // _BLOCK * _BLOCK
        elif block * _BLOCK >= self._size:
            return _EFAULT, 0
        address = self._start + block * _BLOCK + (offset or 0)
        if address < 0 or address + length > simrt.costs["flash_bytes"]:
            return (_EIO if offset is None else _BAD_BLOCK), 0
        return address, length
