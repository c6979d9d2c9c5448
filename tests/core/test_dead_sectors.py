"""Sectors that never read again: their numbers are left out once, however often the unit starts."""

from interlock.core import records
from interlock.core.journal import FAULTS_MAX, SCRUB_MS, Journal
from interlock.core.layout import UNKNOWN, read_sector
from interlock.core.recovery import Recovered
from tests.core.test_recovery import MOST, SERIAL, Unread, behead, facts, more, rot, written


class Cut(Exception):
    """The power failed."""


class Supplied(Unread):
    """The power fails after so many more programs."""

    def __init__(self, sectors=8):
        Unread.__init__(self, sectors)
        self.supply = 1 << 30

    def program(self, offset, data):
        if not self.supply:
            raise Cut
        self.supply -= 1
        Unread.program(self, offset, data)


def started(flash, count=1):
    """A boot that writes so many records, and has time for all its quiet work."""
    log = Journal(flash, SERIAL, facts)
    for kind, payload in facts():
        log.append(kind, payload, 0)
    more(log, count)
    while log.tidy(0):
        pass
    return log


def dead(*sectors, count=200):
    """A flash of which these cannot be read any more, for one boot so far."""
    flash, log = written(count, Supplied())
    flash.unread = sectors
    started(flash)
    return flash, log


def fault(sector, sequence):
    return (records.FAULT_HEADER, sector, sequence, 0)


def heads_told(flash, sector):
    """What the sector tells of dead ones before its carried facts."""
    found = []
    for record in read_sector(flash, sector).records:
        if record.kind != records.FAULT:
            return found
        found.append(tuple(record.fields()))
    return found


def test_a_dead_sector_costs_its_numbers_once_in_two_hundred_starts():
    flash, log = dead(0)
    for _ in range(200):
        found = Recovered(flash, SERIAL)
        assert found.missing == 0 and found.head != UNKNOWN and found.faults == [fault(0, log.sequence + MOST)]
        started(flash)
    # A start writes its record, what it tells of the sector, and now and then the head of the next sector.
    assert Recovered(flash, SERIAL).sequence < log.sequence + MOST + 800


def test_the_newest_sector_that_dies_is_counted_and_no_number_comes_twice():
    flash, log = dead(1)
    assert log._index == 1 and Recovered(flash, SERIAL).sequence > log.sequence


def test_each_new_sector_begins_with_what_cannot_be_read():
    flash, log = dead(0)
    told = fault(0, log.sequence + MOST)
    assert heads_told(flash, 2) == [told], "before anything else is written"
    started(flash, 400)
    assert [heads_told(flash, sector) for sector in (2, 3, 4)] == [[told]] * 3, "and so do all"


def test_another_dead_sector_has_all_of_them_counted_again():
    flash, _ = dead(0)
    begun = Recovered(flash, SERIAL).sequence
    flash.unread = (0, 1)
    found = Recovered(flash, SERIAL)
    assert found.missing == 2 * MOST and found.faults == [fault(0, begun + MOST), fault(1, begun + 2 * MOST)]
    started(flash)
    assert Recovered(flash, SERIAL).missing == 0


def test_a_start_that_is_cut_before_all_is_told_leaves_the_next_one_to_count_again():
    for programs in range(8):
        flash, _ = written(200, Supplied())
        flash.unread = (0, 5)
        flash.supply = programs
        begun = Recovered(flash, SERIAL).sequence
        try:
            started(flash)
        except Cut:
            pass
        flash.supply = 1 << 30
        found = Recovered(flash, SERIAL)
        if programs < 4:  # a header, two faults, and the set of facts
            assert found.missing == 2 * MOST and found.sequence >= begun
        else:
            assert found.missing == 0 and found.sequence > begun


def test_what_was_told_before_facts_that_are_not_whole_is_not_gone_by():
    flash, log = written(30, Supplied(), list)
    flash.unread = (3,)
    log = Journal(flash, SERIAL, list)
    more(log, 3)
    assert Recovered(flash, SERIAL).sequence == log.sequence + MOST


def test_a_sector_that_reads_again_is_left_alone_until_another_one_was_begun_and_is_then_used_like_any():
    flash, _ = dead(0)
    before = bytes(flash.data[: flash.sector_bytes])
    flash.unread = ()
    found = Recovered(flash, SERIAL)
    assert found.unreadable == [] and list(found.named) == [0] and found.missing == 0
    started(flash, 2000)
    assert bytes(flash.data[: flash.sector_bytes]) == before
    assert Recovered(flash, SERIAL).named == {}
    started(flash, 2000)
    assert bytes(flash.data[: flash.sector_bytes]) != before


def test_a_sector_that_dies_again_after_it_was_used_is_counted_again():
    flash, _ = dead(0)
    flash.unread = ()
    started(flash, 500)
    log = started(flash, 500)
    flash.unread = (log._index,)
    assert Recovered(flash, SERIAL).missing == MOST


def test_a_name_before_facts_that_are_not_whole_still_spares_its_sector():
    flash, log = written(200, Supplied())
    flash.unread = (3,)
    flash.supply = 2  # a header, and the name
    try:
        started(flash)
    except Cut:
        pass
    assert heads_told(flash, 2) == [fault(3, log.sequence + MOST)]
    flash.supply, flash.unread = 1 << 30, ()
    numbers = more(started(flash), 300)
    assert read_sector(flash, 3).is_blank
    flash.unread = (3,)
    assert Recovered(flash, SERIAL).sequence > numbers[-1]


def test_sectors_that_are_spared_are_not_counted_among_those_that_fail():
    for sectors, flaked, dead_later in ((5, (3,), 4), (13, (7, 8), 9)):
        flash = Supplied(sectors)
        started(flash)
        flash.unread = flaked
        started(flash)
        flash.unread = (dead_later,)
        for _ in range(4):
            started(flash, 50)


def test_a_sector_that_stops_reading_within_a_boot_is_told_and_counted_at_the_next_one():
    flash, _ = written(500, Supplied())
    log = started(flash)
    flash.unread = (1,)
    log.tidy(SCRUB_MS)
    log.tidy(2 * SCRUB_MS)
    while log.tidy(2 * SCRUB_MS):
        pass
    assert (records.FAULT_HEADER, 1, 0, 0) in [
        tuple(record.fields()) for record in read_sector(flash, log._index).records if record.kind == records.FAULT
    ]
    assert Recovered(flash, SERIAL).sequence == log.sequence + MOST


def test_faults_of_another_kind_and_headers_that_rotted_say_nothing_of_dead_sectors():
    for kind, number, count in (
        (records.FAULT_ERASE, 9, 0),
        (records.FAULT_HEADER, 9, 1),
        (records.FAULT_HEADER, 0, 0),
        (records.FAULT_RECORDS, 9, 3),
    ):
        flash, log = written(200, Supplied())
        log.append(records.FAULT, records.pack(records.FAULT, kind, 0, number, count), 0)
        flash.unread = (0,)
        assert Recovered(flash, SERIAL).missing == MOST


def test_what_the_newest_sector_says_is_not_gone_by_where_a_record_of_it_rotted():
    flash, _ = dead(0)
    log = started(flash, 3)
    flash.unread = ()
    rot(flash, log.sequence - 3)
    flash.unread = (0,)
    assert Recovered(flash, SERIAL).sequence == log.sequence + MOST


def test_what_the_newest_sector_says_is_not_gone_by_where_a_newer_one_has_lost_its_header():
    flash, _ = dead(0)
    log = started(flash, 200)
    assert log._index == 3
    behead(flash, 3)
    assert Recovered(flash, SERIAL).sequence == log.sequence + MOST


def test_more_dead_sectors_than_are_told_are_counted_at_each_start():
    flash, log = written(200, Supplied(FAULTS_MAX * 12))
    flash.unread = tuple(range(10, 11 + FAULTS_MAX))
    started(flash)
    assert len(heads_told(flash, log._index + 1)) == FAULTS_MAX
    assert Recovered(flash, SERIAL).missing == len(flash.unread) * MOST
