"""A log of secrets whose old ones are destroyed late, or cannot be: what is in force stays, nothing is forgotten."""

from interlock.core.keylog import KeyLog
from tests.core.flash import PowerCut, RamFlash
from tests.core.keylog_opened import FIRST, SECTOR_BYTES, blank, evolve, opened, readable, secret
from tests.core.test_keylog_worn import Worn


def refuses_to_drop(log):
    """Whether the log says that something of the old secrets may still be readable."""
    try:
        log.drop()
    except OSError as error:
        return "could not be destroyed" in str(error)
    return False


def test_secrets_that_are_dropped_late_leave_the_one_in_force_wherever_it_came_to_stand():
    for last in range(2, 20):
        flash = blank()
        log = opened(flash)
        for number in range(1, last + 1):
            log.put(number, secret(number))
        assert log.previous == (last - 1, secret(last - 1))
        log.drop()
        found = opened(flash)
        assert (found.number, found.secret, found.previous) == (last, secret(last), None), last
        assert not [number for number in range(1, last) if readable(flash, number)]


class Stuck(RamFlash):
    """Some bytes keep their value whatever is done, and nobody says so."""

    dead = ()

    def __init__(self):
        RamFlash.__init__(self, FIRST + 2, SECTOR_BYTES)

    def program(self, offset, data):
        kept = [(i, self.data[i]) for i in self.dead]
        RamFlash.program(self, offset, data)
        for i, value in kept:
            self.data[i] = value

    def erase(self, offset):
        kept = [(i, self.data[i]) for i in self.dead]
        RamFlash.erase(self, offset)
        for i, value in kept:
            self.data[i] = value


def test_a_secret_that_outlives_the_erase_of_its_sector_is_told_each_time():
    flash = Stuck()
    log = opened(flash)
    evolve(log, 1)
    flash.dead = [SECTOR_BYTES + 10]
    for number in (2, 3):
        log.put(number, secret(number))
        assert refuses_to_drop(log)
    assert flash.data[SECTOR_BYTES + 10] == secret(1)[6] and opened(flash).number == 3
    flash.dead = ()
    log.drop()
    assert not readable(flash, 1)


def test_a_secret_of_the_second_sector_that_cannot_be_destroyed_goes_with_that_sector():
    flash = Worn([])
    log = opened(flash)
    for number in range(1, 6):
        evolve(log, number)
    flash.dead = [2 * SECTOR_BYTES + 10]
    log.put(6, secret(6))
    assert refuses_to_drop(log)
    evolve(log, 7)
    assert bytes(flash.data[2 * SECTOR_BYTES : 3 * SECTOR_BYTES]) == b"\xff" * SECTOR_BYTES
    assert opened(flash).number == 7


def test_the_secret_in_force_is_destroyed_before_its_sector_is_erased():
    flash = blank()
    evolve(opened(flash), 1)
    log = opened(flash)
    flash.operations, flash.cut_after, flash.keep_bits = 0, 1, lambda i: 0xFF
    try:
        log.wipe()
        raise AssertionError("no cut")
    except PowerCut:
        flash.cut_after = None
    assert opened(flash).number is None and not readable(flash, 1)


class Counted(RamFlash):
    """Counts reads."""

    reads = 0

    def read(self, offset, buffer):
        RamFlash.read(self, offset, buffer)
        self.reads += 1


def test_opening_reads_each_sector_in_whole_pieces_whatever_is_in_it():
    for secret_bytes, pieces in ((16, 20), (32, 12)):
        flash = Counted(2)
        log = KeyLog(flash, 0, secret_bytes)
        assert flash.reads == pieces
        for number in range(1, 200):
            log.put(number, secret(number)[:secret_bytes])
            log.drop()
        flash.reads = 0
        assert KeyLog(flash, 0, secret_bytes).number == 199 and flash.reads == pieces


def test_a_log_opens_alike_however_many_slots_a_sector_has():
    for slots in (15, 16, 17, 18, 33, 34, 36):
        flash = RamFlash(2, 24 * slots + 9)
        log = KeyLog(flash, 0, 16)
        for number in range(1, 2 * slots):
            log.put(number, secret(number)[:16])
            log.drop()
            if number in (slots, slots + 1, 2 * slots - 1):
                found = KeyLog(flash, 0, 16)
                assert (found.number, found.secret, found.previous) == (number, secret(number)[:16], None), slots
                assert (found._at, found._used, found._doomed) == (log._at, log._used, []), slots
