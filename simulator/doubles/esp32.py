"""`esp32.Partition` over the board's flash: one partition, labelled "journal".

Source: ports/esp32/esp32_partition.c.
Without an offset `writeblocks` erases first; with one it only programs, which clears bits.
"""

import simrt
from micropython import const

if simrt.profile != "esp32":
    raise ImportError("no module named 'esp32'")

_BLOCK = const(4096)
_ADDRESS = const(0x300000)  # where a 4 MB partition table has room for 1 MiB behind the file system
_SUBTYPE = const(0x40)  # the first of those an application may define
_INVALID_SIZE = const(0x104)  # ESP_ERR_INVALID_SIZE


class Partition:
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id: str) -> None:
        if id != "journal":
            raise OSError(2)
        self._size = simrt.costs["journal_bytes"]

    @staticmethod
    def find(
        type: int = TYPE_APP, subtype: int = 0xFF, label: str | None = None, block_size: int = _BLOCK
    ) -> "list[Partition]":
        ours = type == Partition.TYPE_DATA and subtype in (0xFF, _SUBTYPE) and label in (None, "journal")
        return [Partition("journal")] if ours else []

    def info(self) -> tuple[int, int, int, int, str, bool]:
        return (Partition.TYPE_DATA, _SUBTYPE, _ADDRESS, self._size, "journal", False)

    def readblocks(self, block_num: int, buf: bytearray, offset: int = 0) -> None:
        address = self._place(block_num, offset, len(buf))
        memoryview(buf)[:] = simrt.call("flash.read", address, len(buf))

    def writeblocks(self, block_num: int, buf: bytes | bytearray, offset: int | None = None) -> None:
        address = self._place(block_num, offset or 0, len(buf))
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
        return None

    def _place(self, block: int, offset: int, length: int) -> int:
        address = block * _BLOCK + offset
        if address < 0 or address + length > self._size:
            raise OSError(_INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
        return address
