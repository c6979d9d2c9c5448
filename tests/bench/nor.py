"""A NOR flash that counts what wears it, in either interpreter: for our journal, and as a block device for LittleFS2.

Programming clears bits, erasing sets them, as on the chip; a program reaches no further than its 256-byte page, so a
long one counts as several pages. Bytes that are 0xFF program nothing: padding is not counted.
"""

PAGE_BYTES = 256
SECTOR_BYTES = 4096
BLANK = b"\xff"


class Nor:
    """`read`, `program`, `erase`: what the core needs (see `core/needs.py`); `readblocks`, `writeblocks`, `ioctl`:
    MicroPython's block device with offsets (its library reference, `vfs`, "Block devices")."""

    def __init__(self, sectors):
        self.sector_bytes = SECTOR_BYTES
        self.size = sectors * SECTOR_BYTES
        self.data = bytearray(BLANK * self.size)
        self.reset()

    def reset(self):
        """Count from nothing again."""
        self.programs = self.pages = self.programmed_bytes = self.erases = 0
        self.reads = self.read_bytes = 0

    def counts(self):
        """(programs, pages, bytes programmed, erases) so far."""
        return self.programs, self.pages, self.programmed_bytes, self.erases

    def read(self, offset, buffer):
        assert offset >= 0 and offset + len(buffer) <= self.size
        self.reads += 1
        self.read_bytes += len(buffer)
        buffer[:] = self.data[offset : offset + len(buffer)]

    def program(self, offset, data):
        end = offset + len(data)
        assert offset >= 0 and end <= self.size
        new, old = bytes(data), bytes(self.data[offset:end])
        self.programs += 1
        self.pages += (end - 1) // PAGE_BYTES - offset // PAGE_BYTES + 1
        self.programmed_bytes += len(new) - new.count(BLANK)
        if old.count(BLANK) < len(old):
            new = (int.from_bytes(old, "big") & int.from_bytes(new, "big")).to_bytes(len(new), "big")
        self.data[offset:end] = new

    def erase(self, offset):
        assert offset % SECTOR_BYTES == 0
        self.erases += 1
        self.data[offset : offset + SECTOR_BYTES] = BLANK * SECTOR_BYTES

    def readblocks(self, block, buffer, offset=0):
        self.read(block * SECTOR_BYTES + offset, buffer)

    def writeblocks(self, block, data, offset):
        self.program(block * SECTOR_BYTES + offset, data)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.size // SECTOR_BYTES
        if operation == 5:
            return SECTOR_BYTES
        if operation == 6:
            self.erase(argument * SECTOR_BYTES)
        return 0
