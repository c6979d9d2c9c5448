"""A log of secrets on a flash that fails: worn, torn and unreadable slots and sectors."""

from tests.core.flash import PowerCut, RamFlash
from tests.core.keylog_opened import FIRST, SECTOR_BYTES, blank, evolve, opened, readable, secret


def test_a_torn_slot_is_never_programmed_again_but_with_zeros():
    flash = blank()
    log = opened(flash)
    evolve(log, 1)
    flash.operations, flash.cut_after, flash.keep_bits = 0, 0, lambda i: 0xF0
    try:
        log.put(2, secret(2))
        raise AssertionError("no cut")
    except PowerCut:
        flash.cut_after = None
    torn = bytes(flash.data[SECTOR_BYTES + 40 : SECTOR_BYTES + 80])
    log = opened(flash)
    assert (log.number, log.previous) == (1, None)
    log.put(2, secret(2))
    assert bytes(flash.data[SECTOR_BYTES + 40 : SECTOR_BYTES + 80]) == torn
    log.drop()
    assert bytes(flash.data[SECTOR_BYTES : SECTOR_BYTES + 80]) == bytes(80)


class Worn(RamFlash):
    """Some bytes keep their value when programmed; a driver may report what it likes."""

    def __init__(self, dead):
        RamFlash.__init__(self, FIRST + 2, SECTOR_BYTES)
        self.dead = dead

    def program(self, offset, data):
        kept = [(i, self.data[i]) for i in self.dead]
        RamFlash.program(self, offset, data)
        for i, value in kept:
            self.data[i] = value
        if offset % 80:
            raise OSError(5)


def test_a_worn_slot_is_left_for_the_next_one_whatever_the_driver_says():
    flash = Worn([SECTOR_BYTES + 45, SECTOR_BYTES + 85])
    log = opened(flash)
    log.put(1, secret(1))
    log.put(2, secret(2))
    assert (log.number, opened(flash).number) == (2, 2)
    assert bytes(flash.data[SECTOR_BYTES + 120 : SECTOR_BYTES + 124]) == b"\x00\x00\x00\x02"


def test_a_flash_that_takes_nothing_is_refused_and_the_old_secret_stays():
    flash = Worn([])
    log = opened(flash)
    log.put(1, secret(1))
    flash.dead = list(range(flash.size))
    for _ in range(3):
        try:
            log.put(2, secret(2))
        except OSError as error:
            assert log.number == 1 and ("worn out" in str(error) or "stays in force" in str(error))
        else:
            raise AssertionError("accepted")
    assert (opened(flash).number, opened(flash).secret) == (1, secret(1))


def test_a_secret_that_cannot_be_destroyed_is_told_and_goes_with_its_sector():
    flash = Worn([])
    log = opened(flash)
    evolve(log, 1)
    flash.dead = [SECTOR_BYTES + 10]
    log.put(2, secret(2))
    try:
        log.drop()
        raise AssertionError("nothing was said")
    except OSError as error:
        assert "could not be destroyed" in str(error)
    log.put(3, secret(3))
    log.put(4, secret(4))
    log.put(5, secret(5))
    assert readable(flash, 1) is False and flash.data[SECTOR_BYTES + 10] == secret(1)[6]
    log.drop()
    assert bytes(flash.data[SECTOR_BYTES : 2 * SECTOR_BYTES]) == b"\xff" * SECTOR_BYTES
    assert opened(flash).number == 5


class Unreadable(RamFlash):
    """Some slots cannot be read, for ever or until their sector is erased."""

    def __init__(self, dead, is_mended_by_erasing=False):
        RamFlash.__init__(self, FIRST + 2, SECTOR_BYTES)
        self.dead = set(dead)
        self.is_mended_by_erasing = is_mended_by_erasing

    def read(self, offset, buffer):
        for at in range(8):
            begin = SECTOR_BYTES * (1 + at // 4) + at % 4 * 40
            if at in self.dead and begin < offset + len(buffer) and offset < begin + 40:
                raise OSError(5)
        RamFlash.read(self, offset, buffer)

    def erase(self, offset):
        RamFlash.erase(self, offset)
        if self.is_mended_by_erasing:
            self.dead = {at for at in self.dead if at // 4 + 1 != offset // SECTOR_BYTES}


def test_a_slot_that_cannot_be_read_counts_as_torn_and_goes_with_its_sector():
    for dead in ([1], [0, 1]):
        flash = Unreadable([], True)
        for number in (1, 2, 3):
            evolve(opened(flash), number)
        flash.dead = set(dead)
        log = opened(flash)
        assert (log.number, log.secret, log.previous) == (3, secret(3), None)
        try:
            log.drop()
            raise AssertionError("nothing was said")
        except OSError as error:
            assert "could not be destroyed" in str(error)
        evolve(log, 4)
        assert bytes(flash.data[SECTOR_BYTES : 2 * SECTOR_BYTES]) == b"\xff" * SECTOR_BYTES
        assert opened(flash).number == 4


def test_a_sector_that_never_reads_stops_neither_opening_nor_the_other_sector():
    for dead in (range(4), range(4, 8)):
        flash = Unreadable([])
        for number in range(1, 4 if dead[0] else 6):
            evolve(opened(flash), number)
        flash.dead = set(dead)
        log = opened(flash)
        assert log.secret == secret(log.number)
        log.drop()
        for number in (log.number + 1,) if dead[0] else (6, 7):
            evolve(log, number)
            assert opened(flash).number == number


def test_without_the_secret_in_force_a_log_is_empty_or_has_the_one_before():
    flash = Unreadable([])
    log = opened(flash)
    evolve(log, 1)
    log.put(2, secret(2))
    flash.dead = {1}
    assert opened(flash).number == 1
    flash.dead = {0, 1}
    assert opened(flash).number is None


def test_a_secret_that_went_in_but_could_not_be_read_back_is_destroyed_all_the_same():
    flash = Unreadable([])
    log = opened(flash)
    evolve(log, 1)
    flash.dead = set(range(8))
    try:
        log.put(2, secret(2))
        raise AssertionError("accepted")
    except OSError:
        assert log.number == 1
    flash.dead = set()
    evolve(log, 3)
    assert (log.number, opened(flash).number) == (3, 3) and not readable(flash, 2) and not readable(flash, 1)


def test_a_secret_that_even_its_destruction_could_not_be_read_of_is_destroyed_again():
    flash = Unreadable([])
    log = opened(flash)
    evolve(log, 1)
    program = flash.program

    def takes_secrets_only(offset, data):
        if data == bytes(40):
            raise OSError(5)
        program(offset, data)

    flash.dead, flash.program = {1}, takes_secrets_only
    log.put(2, secret(2))
    assert readable(flash, 2) and bytes(flash.data).find(secret(2)) != bytes(flash.data).rfind(secret(2))
    flash.dead, flash.program = set(), program
    evolve(log, 3)
    assert not readable(flash, 2) and not readable(flash, 1)


def test_nothing_is_destroyed_while_the_secret_in_force_does_not_read_back():
    flash = blank()
    log = opened(flash)
    evolve(log, 1)
    log.put(2, secret(2))
    flash.data[SECTOR_BYTES + 50] = 0
    try:
        log.drop()
        raise AssertionError("nothing was said")
    except OSError as error:
        assert "read back" in str(error)
    assert opened(flash).secret == secret(1)
