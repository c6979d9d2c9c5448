"""A log of secrets: old or new after any power cut, never none, and what was destroyed is nowhere in the flash."""

from interlock.core.keylog import KeyLog
from tests.core.flash import PowerCut, RamFlash
from tests.core.keylog_opened import FIRST, SECTOR_BYTES, blank, evolve, opened, readable, secret

TORN = (0x00, 0xFF, 0x5A, 0x81)


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


def test_what_an_earlier_life_wrote_is_programmed_once_more_before_the_one_before_is_destroyed():
    flash = blank()
    log = opened(flash)
    log.put(1, secret(1))
    log.put(2, secret(2))
    programs = flash.programs
    log.drop()
    assert flash.programs == programs + 1, "this life wrote it"
    log.put(3, secret(3))
    again = opened(flash)
    programs = flash.programs
    again.drop()
    assert flash.programs == programs + 2 and again.secret == secret(3) and not readable(flash, 2)


def big():
    """A flash as boards have it, in which a log is read in pieces of many slots."""
    return RamFlash(FIRST + 2, 4096)


def test_a_log_in_large_sectors_is_taken_up_wherever_it_stands():
    flash, log = big(), None
    for number in range(1, 260):
        log = opened(flash) if number % 7 == 1 else log
        evolve(log, number)
        again = opened(flash)
        assert (again.number, again.secret, again.previous) == (number, secret(number), None)
        while again.tidy():
            pass
        log = opened(flash)


def test_in_large_sectors_too_the_one_before_stays_until_it_is_dropped_and_torn_slots_go_with_it():
    for before in (1, 30, 101, 102, 120):
        flash = big()
        log = opened(flash)
        for number in range(1, before + 1):
            evolve(log, number)
        log.put(before + 1, secret(before + 1))
        at = FIRST * 4096 + (before + 1) * 40 if before + 1 < 102 else (FIRST + 1) * 4096 + (before - 101) * 40
        flash.program(at, b"\x5a" * 40)  # a slot that a cut tore
        again = opened(flash)
        assert again.number == before + 1 and again.previous == (before, secret(before))
        again.drop()
        assert not readable(flash, before) and flash.data[at : at + 40] == bytes(40)
        after = opened(flash)
        evolve(after, before + 2)
        assert opened(flash).secret == secret(before + 2)
