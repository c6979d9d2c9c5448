"""Journals filled and read, for tests."""

from interlock.core import records
from interlock.core.layout import chain_next, chain_start
from interlock.core.reading import Reading
from tests.core.flash import RamFlash

SERIAL = b"HOLSTER1"


def nothing():
    return []


def fill(log, count, start=0):
    for i in range(count):
        log.append(records.RESERVE, records.pack(records.RESERVE, start + i), (start + i) * 10)


def verified(flash, serial=SERIAL):
    """The records as read out, after checking sequence and chain."""
    reading = Reading(flash)
    chain, sequence = reading.chain, reading.first
    if sequence == 0:
        assert chain == chain_start(serial)
    for record in reading.records:
        assert record.sequence == sequence
        chain = chain_next(chain, record.chained)
        sequence += 1
    return reading.records


class Dead(RamFlash):
    """A sector that cannot be read any more."""

    dead = None

    def read(self, offset, buffer):
        if self.dead is not None and offset // self.sector_bytes == self.dead:
            raise OSError(5)
        RamFlash.read(self, offset, buffer)
