"""A log of secrets: old or new after any power cut, never none, and what was destroyed is nowhere in the flash."""

import hashlib

from interlock.core.keylog import KeyLog
from tests.core.flash import PowerCut, RamFlash

SECTOR_BYTES = 176  # four slots of 40 bytes and a rest
FIRST = 1  # the log does not begin where the flash does
TORN = (0x00, 0xFF, 0x5A, 0x81)


def secret(number):
    return hashlib.sha256(b"secret %d" % number).digest()


def blank():
    return RamFlash(FIRST + 2, SECTOR_BYTES)


def opened(flash):
    return KeyLog(flash, FIRST, 32)


def evolve(log, number):
    log.put(number, secret(number))
    log.drop()


def readable(flash, number):
    """Whether four bytes on end of that secret can be read anywhere."""
    pattern, data = secret(number), bytes(flash.data)
    return any(data.find(pattern[i : i + 4]) >= 0 for i in range(29))


def test_an_empty_log_has_nothing_in_force_and_opening_writes_nothing():
    flash = blank()
    log = opened(flash)
    assert log.number is None and log.secret is None and log.previous is None
    assert not log.tidy() and flash.operations == 0


def test_the_bytes_of_a_slot_are_locked():
    flash = blank()
    KeyLog(flash, FIRST, 16).put(0x01020304, bytes(range(16)))
    raw = flash.data[SECTOR_BYTES : SECTOR_BYTES + 25]
    assert bytes(raw) == b"\x01\x02\x03\x04" + bytes(range(16)) + b"\xa5\xfd\xf5\x4a\xff"


def test_what_was_put_is_in_force_through_many_turns_of_both_sectors():
    flash = blank()
    for number in range(0, 40, 2):
        evolve(opened(flash), number)
        log = opened(flash)
        assert (log.number, log.secret, log.previous) == (number, secret(number), None)
        assert not any(readable(flash, old) for old in range(0, number, 2))
    assert bytes(flash.data[:SECTOR_BYTES]) == b"\xff" * SECTOR_BYTES


def test_the_one_before_stays_until_it_is_dropped():
    flash = blank()
    log = opened(flash)
    for number in (7, 8):
        log.put(number, secret(number))
    for one in (log, opened(flash)):
        assert (one.number, one.secret) == (8, secret(8))
        assert one.previous == (7, secret(7))
    log.drop()
    for one in (log, opened(flash)):
        assert (one.number, one.previous) == (8, None)
    before = flash.operations
    log.drop()
    assert flash.operations == before


def test_numbers_only_rise_and_secrets_have_their_length():
    log = opened(blank())
    log.put(5, secret(5))
    for number, key in ((5, secret(6)), (4, secret(4)), (6, b"short")):
        try:
            log.put(number, key)
        except ValueError:
            assert log.number == 5
        else:
            raise AssertionError("accepted")


def test_behind_the_last_number_there_is_none():
    flash = blank()
    log = opened(flash)
    evolve(log, 0xFFFFFFFF)
    before = flash.operations
    try:
        log.put(0x100000000, secret(1))
        raise AssertionError("accepted")
    except OSError:
        assert flash.operations == before and opened(flash).number == 0xFFFFFFFF


def test_erasing_ahead_leaves_no_erase_for_the_next_secret():
    flash = blank()
    log = opened(flash)
    for number in range(30):
        while log.tidy():
            pass
        erases = flash.erases
        evolve(log, number)
        assert flash.erases == erases
    assert log.number == 29 and flash.erases >= 6


def test_the_one_before_outlives_the_erase_of_its_sector_s_turn():
    flash = blank()
    log = opened(flash)
    for number in range(4):
        evolve(log, number)
    log.put(4, secret(4))
    assert not log.tidy() and opened(flash).previous == (3, secret(3))
    log.drop()
    assert log.tidy() and not log.tidy() and opened(flash).number == 4


def test_wiping_leaves_nothing_and_a_new_log_may_begin_anywhere():
    flash = blank()
    log = opened(flash)
    for number in (8, 9):
        log.put(number, secret(number))
    log.wipe()
    assert log.number is None and opened(flash).number is None
    assert bytes(flash.data) == b"\xff" * flash.size
    before = flash.operations
    log.wipe()
    assert flash.operations == before
    evolve(log, 0)
    assert opened(flash).number == 0


def cut_everywhere(work, check):
    """`work(flash)` with a cut at each of its flash operations, bits torn in several ways; then `check(flash)`."""
    cut = 0
    finished = False
    while not finished:
        for bits in TORN:
            flash = blank()
            flash.cut_after = cut
            flash.keep_bits = lambda i, bits=bits: bits if i % 3 else 0xFF ^ bits
            try:
                work(flash)
                finished = True
            except PowerCut:
                pass
            flash.cut_after = None
            check(flash)
        cut += 1
    return cut


def test_a_cut_anywhere_leaves_the_old_or_the_new_secret_and_no_number_falls():
    told = {"number": None, "begun": None}

    def work(flash):
        told["number"] = None
        log = opened(flash)
        for number in range(11):
            told["begun"] = number
            evolve(log, number)
            told["number"] = number
            log.tidy()

    def check(flash):
        log = opened(flash)
        if told["number"] is None:
            assert log.number in (None, 0)
        else:
            assert log.number in (told["number"], told["begun"])
            assert log.secret == secret(log.number)
        log.drop()
        following = 0 if log.number is None else log.number + 1
        for number in (following, following + 1):
            if log.number is not None:
                assert not any(readable(flash, old) for old in range(12) if old != log.number)
            evolve(log, number)
            log = opened(flash)
            assert (log.number, log.secret, log.previous) == (number, secret(number), None)

    assert cut_everywhere(work, check) > 22


def test_a_cut_while_wiping_never_brings_an_older_secret_back():
    def work(flash):
        log = opened(flash)
        for number in range(6):
            log.put(number, secret(number))
        held.append(flash)
        log.wipe()

    def check(flash):
        log = opened(flash)
        if flash in held:
            assert log.number in (None, 5)
        log.put(6, secret(6))
        log.drop()
        assert opened(flash).number == 6
        assert not any(readable(flash, old) for old in range(6))

    held = []
    assert cut_everywhere(work, check) > 10 and len(held) > 10


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
