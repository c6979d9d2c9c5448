"""Who may command a unit, as it lies on the flash: access and label are read back whole, or not at all."""

import struct
from binascii import crc32

from interlock.core import access, settings
from interlock.core.access import Access, Label
from tests.core.flash import RamFlash

LABEL = Label(b"HOLSTER1", b"sixteen secret b")


class Disturbed(RamFlash):
    """Reading fails so often, and then it does not."""

    failures = 0

    def read(self, offset, buffer):
        if self.failures:
            self.failures -= 1
            raise OSError(5)
        RamFlash.read(self, offset, buffer)


def some(generation=1, label_open=True, step=7):
    keys = (b"a" * 32, access.NO_KEY, step, b"t" * 32)
    return Access(generation, b"force 01", b"holster of Smith", *(keys + (label_open,)))


def resealed(data):
    """These bytes with the checksum that belongs to them."""
    return data[:-4] + struct.pack(">I", crc32(data[:-4]) & 0xFFFFFFFF)


def test_access_is_read_as_it_was_written_whatever_stands_behind_it():
    for label_open in (True, False):
        stored = access.encode(some(9, label_open))
        assert len(stored) == access.STORED_BYTES
        for data in (stored, stored + b"\xff" * 100):
            found = access.decode(data)
            assert found == some(9, label_open) and found.label_open is label_open


def test_access_of_which_a_bit_or_the_end_is_missing_is_none():
    stored = access.encode(some())
    for at in range(len(stored)):
        assert access.decode(stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]) is None
        assert access.decode(stored[:at]) is None
    assert access.decode(resealed(b"ILA\x02" + stored[4:])) is None, "whole, and of another form"


def test_each_access_is_stored_under_the_next_generation_and_the_last_one_is_in_force():
    flash = RamFlash(settings.SECTORS)
    assert access.load(flash) is None
    for generation in range(1, 6):
        stored = access.store(flash, some(77, step=generation))
        assert stored == some(generation, step=generation) == access.load(flash)
    assert settings.load(flash) is None and access.load_label(flash) is None, "each has sectors of its own"


def test_the_label_is_read_as_it_was_written_and_stands_beside_the_access():
    flash = RamFlash(settings.SECTORS)
    assert access.load_label(flash) is None
    access.store(flash, some())
    access.store_label(flash, Label(b"OTHER001", bytes(16)))
    access.store_label(flash, LABEL)
    assert access.load_label(flash) == LABEL and access.load(flash) == some()
    assert access.SECRET_BYTES == len(LABEL.secret)


def test_a_label_of_which_a_bit_is_missing_is_none():
    flash = RamFlash(settings.SECTORS)
    access.store_label(flash, LABEL)
    begin = access.LABEL_FIRST * flash.sector_bytes
    stored = bytes(flash.data[begin : begin + 32])
    assert stored == access.encode_label(LABEL) and flash.data[begin + 32] == 0xFF
    for at in range(32):
        flash.data[begin + at] ^= 1
        assert access.load_label(flash) is None
        flash.data[begin + at] ^= 1
    flash.data[begin : begin + 32] = resealed(b"ILL\x02" + stored[4:])
    assert access.load_label(flash) is None, "whole, and of another form"


def test_any_label_and_any_access_is_read_whatever_its_checksum():
    flash = RamFlash(settings.SECTORS)
    for number in range(24):
        label = Label(b"HOLSTER1", bytes([number]) * 16)
        access.store_label(flash, label)
        assert access.load_label(flash) == label
        assert access.decode(access.encode(some(number))) == some(number)


def test_a_label_that_reads_at_the_third_try_is_read_and_one_that_never_does_is_none():
    flash = Disturbed(settings.SECTORS)
    access.store_label(flash, LABEL)
    for failures, found in ((2, LABEL), (3, None)):
        flash.failures = failures
        assert access.load_label(flash) == found and flash.failures == 0


def test_the_key_of_a_technician_is_another_one_for_each_root_person_and_expiry():
    keys = [
        access.technician_key(root, person, expires_s)
        for root in (b"r" * 32, b"s" * 32)
        for person in (b"person 1", b"person 2")
        for expires_s in (0, 1, 0xFFFFFFFF)
    ]
    assert len(set(keys)) == 12 and {len(key) for key in keys} == {32}
