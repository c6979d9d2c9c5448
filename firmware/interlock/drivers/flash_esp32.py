"""Raw flash on ESP32: an own data partition, any offset, 4096-byte sectors, unencrypted."""

import esp32

SECTOR_BYTES = 4096


class PartitionArea:
    """`first`, `count`: sectors of the partition that this area takes; count None: all from `first` on."""

    sector_bytes = SECTOR_BYTES

    def __init__(self, label: str, first: int, count: int | None) -> None:
        found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
        if not found:
            raise OSError("no flash partition '%s': flash the partition table of this firmware" % label)
        self._partition = found[0]
        self._first = first
        _, _, _, partition_bytes, _, _ = self._partition.info()
        self.size = partition_bytes - first * SECTOR_BYTES if count is None else count * SECTOR_BYTES

    def read(self, offset: int, buffer: bytearray) -> None:
        self._partition.readblocks(self._first + offset // SECTOR_BYTES, buffer, offset % SECTOR_BYTES)

    def program(self, offset: int, data: bytes) -> None:
        # With an offset argument writeblocks programs without erasing first.
        self._partition.writeblocks(self._first + offset // SECTOR_BYTES, data, offset % SECTOR_BYTES)

    def erase(self, offset: int) -> None:
        self._partition.ioctl(6, self._first + offset // SECTOR_BYTES)
