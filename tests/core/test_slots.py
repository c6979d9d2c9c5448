"""Two slots for one value: what a cut or rot leaves beside the value in force neither stops a boot nor stays."""

from interlock.core import access, slots
from interlock.core.patient import TRIES
from tests.core.flash import PowerCut, RamFlash

FIRST = access.ACCESS_FIRST
OLD, NEW, THIRD = b"K" * 32, b"N" * 32, b"T" * 32


def stored(flash, key):
    return access.store(flash, access.Access(0, b"FORCE   ", b"left hip        ", key, access.NO_KEY, 1, OLD, True))


class Area(RamFlash):
    """A sector never reads, another one is not erased."""

    dead = stuck = -1

    def __init__(self):
        RamFlash.__init__(self, FIRST + slots.SECTORS)

    def read(self, offset, buffer):
        if offset // self.sector_bytes == self.dead:
            raise OSError(5)
        RamFlash.read(self, offset, buffer)

    def erase(self, offset):
        if offset // self.sector_bytes == self.stuck:
            raise OSError(5)
        RamFlash.erase(self, offset)


def cut_in_storing(operation, bits):
    """An area where the old key was in force and the power failed at that operation of storing the new one."""
    flash = Area()
    stored(flash, OLD)
    flash.cut_after, flash.keep_bits = flash.operations + operation, lambda i: bits
    try:
        stored(flash, NEW)
        raise AssertionError("no cut")
    except PowerCut:
        flash.cut_after = None
    return flash


def test_the_next_boot_destroys_what_a_cut_left_beside_the_value_in_force():
    for operation in range(3):
        for bits in (0xFF, 0x5A, 0x00):
            flash = cut_in_storing(operation, bits)
            key = access.load(flash).admin_key
            slot = [bytes(flash.data).find(key) // flash.sector_bytes]
            assert key in (OLD, NEW)
            for sector in (FIRST, FIRST + 1):
                data = bytes(flash.data[sector * flash.sector_bytes : (sector + 1) * flash.sector_bytes])
                assert (data == b"\xff" * flash.sector_bytes) == (sector not in slot)
    assert key == NEW


def test_loading_writes_nothing_where_nothing_was_left():
    flash = Area()
    assert access.load(flash) is None and flash.operations == 0
    stored(flash, OLD)
    before = flash.operations
    assert access.load(flash).admin_key == OLD and flash.operations == before


def test_what_cannot_be_destroyed_now_is_at_a_later_boot():
    flash = cut_in_storing(2, 0xFF)
    flash.stuck = FIRST
    assert access.load(flash).admin_key == NEW
    flash.stuck = -1
    assert access.load(flash).admin_key == NEW and bytes(flash.data).count(OLD) == 1  # the technician root's


def test_a_sector_that_cannot_be_read_holds_no_value_and_is_left_alone():
    flash = cut_in_storing(2, 0xFF)
    before = bytes(flash.data)
    flash.dead = FIRST + 1
    assert access.load(flash).admin_key == OLD and bytes(flash.data) == before
    flash.dead = FIRST
    assert access.load(flash).admin_key == NEW and bytes(flash.data) == before
    try:
        stored(flash, OLD)
        raise AssertionError("accepted")
    except OSError:
        assert access.load(flash).admin_key == NEW


def test_where_the_only_value_does_not_read_nobody_says_that_there_is_none():
    flash = Area()
    stored(flash, OLD)
    flash.dead = bytes(flash.data).find(OLD) // flash.sector_bytes
    try:
        access.load(flash)
    except OSError as error:
        assert "cannot be read" in str(error)
    else:
        raise AssertionError("taken for a boxed unit")


def test_storing_touches_the_two_sectors_alone():
    flash = RamFlash(FIRST + slots.SECTORS + 1)
    around = (FIRST - 1) * flash.sector_bytes, (FIRST + slots.SECTORS) * flash.sector_bytes
    for offset in around:
        flash.program(offset, b"another's")
    flash.program((FIRST + 1) * flash.sector_bytes + 7, b"torn")
    for key in (OLD, NEW, OLD, NEW):
        stored(flash, key)
        assert access.load(flash).admin_key == key
    for offset in around:
        assert bytes(flash.data[offset : offset + 9]) == b"another's"


class Dozing(Area):
    """`dozes`: so many reads of the second sector still fail."""

    dozes = 0

    def read(self, offset, buffer):
        if self.dozes and offset // self.sector_bytes == FIRST + 1:
            self.dozes -= 1
            raise OSError(5)
        Area.read(self, offset, buffer)


def test_what_is_stored_while_a_newer_value_did_not_read_is_in_force_and_alone():
    cut = cut_in_storing(2, 0xFF)
    flash = Dozing()
    flash.data[:] = cut.data
    flash.dozes = 2 * TRIES  # until the next generation is chosen: the same that the other sector has
    assert stored(flash, THIRD).generation == access.load(cut).generation and not flash.dozes
    assert access.load(flash).admin_key == THIRD and NEW not in bytes(flash.data)
