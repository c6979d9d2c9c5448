"""A NOR flash in memory for the core's tests in either interpreter: programming clears bits, erasing sets them.

`cut_after`: the nth write operation applies only `cut_bits(old, new, i)` of each byte and raises PowerCut.
"""


class PowerCut(Exception):
    pass


class RamFlash:
    def __init__(self, sectors, sector_bytes=4096):
        self.sector_bytes = sector_bytes
        self.size = sectors * sector_bytes
        self.data = bytearray(b"\xff" * self.size)
        self.programs = 0
        self.erases = 0
        self.operations = 0
        self.cut_after = None
        self.keep_bits = None

    def read(self, offset, buffer):
        assert offset >= 0 and offset + len(buffer) <= self.size
        buffer[:] = self.data[offset : offset + len(buffer)]

    def _cut(self):
        self.operations += 1
        return self.cut_after is not None and self.operations > self.cut_after

    def program(self, offset, data):
        assert offset >= 0 and offset + len(data) <= self.size
        cut = self._cut()
        for i in range(len(data)):
            new = self.data[offset + i] & data[i]
            if cut:
                new |= self.data[offset + i] & self.keep_bits(i)
            self.data[offset + i] = new
        if cut:
            raise PowerCut
        self.programs += 1

    def erase(self, offset):
        assert offset % self.sector_bytes == 0
        if self._cut():
            for i in range(offset, offset + self.sector_bytes):
                self.data[i] = self.data[i] | (255 ^ self.keep_bits(i))
            raise PowerCut
        self.data[offset : offset + self.sector_bytes] = b"\xff" * self.sector_bytes
        self.erases += 1
