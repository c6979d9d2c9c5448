"""`rp2.Flash` over the board's storage. Source: ports/rp2/rp2_flash.c.

Programs are whole pages of 256 bytes: the SDK asserts it, and a release build would program rubbish; here it is
OSError(EINVAL), so that a test sees it. Without an offset `writeblocks` erases first. Blocks are 4096 bytes.
The storage holds the journal below the file system, by a build that begins the latter there; nothing else keeps them
apart. Left out: the buffer protocol of `Flash`, PIO, DMA, `bootsel_button` (AttributeError).
"""

import simrt
from micropython import const

if simrt.profile != "rp2":
    raise ImportError("no module named 'rp2'")

_BLOCK = const(4096)
_PAGE = const(256)
_EINVAL = const(22)


class Flash:
    def __init__(self, *, start: int = -1, len: int = -1) -> None:
        storage: int = simrt.costs["flash_bytes"]
        start = 0 if start == -1 else start
        len = storage - start if len == -1 else len
        if start < 0 or start % _BLOCK or len <= 0 or len % _BLOCK or start + len > storage:
            raise ValueError
        self._start = start
        self._size = len

    def readblocks(self, block_num: int, buf: bytearray, offset: int = 0) -> None:
        address = self._place(block_num, offset, len(buf))
        memoryview(buf)[:] = simrt.call("flash.read", address, len(buf))

    def writeblocks(self, block_num: int, buf: bytes | bytearray, offset: int | None = None) -> None:
        address = self._place(block_num, offset or 0, len(buf))
        if address % _PAGE or len(buf) % _PAGE:
            raise OSError(_EINVAL)
        if offset is None:
            for sector in range(address, address + len(buf), _BLOCK):
                simrt.call("flash.erase", sector)
        simrt.call("flash.program", address, buf)

    def ioctl(self, op: int, arg: int) -> int | None:
        if op == 4:
            return self._size // _BLOCK
        if op == 5:
            return _BLOCK
        if op == 6:
            simrt.call("flash.erase", self._place(arg, 0, _BLOCK))
            return 0
        return 0 if op in (1, 2, 3) else None

    def _place(self, block: int, offset: int, length: int) -> int:
        # The port checks nothing here; beyond the end lies somebody else's flash.
        if block < 0 or offset < 0 or block * _BLOCK + offset + length > self._size:
            raise OSError(_EINVAL)
        return self._start + block * _BLOCK + offset
