"""Scrubbing: sectors written long ago are read in turn, and what an auditor would miss is told."""

from interlock.core import records
from interlock.core.journal import FAULTS_MAX, SCRUB_MS, Journal
from interlock.core.layout import SECTOR_HEAD_BYTES, SectorHead, first_record, read_head, read_sector
from tests.core.flash import RamFlash
from tests.core.test_recovery import MOST, SERIAL, Unread, behead, facts, first_in, rot, written


def reread(flash):
    """A journal that was just opened, all its quiet work done."""
    log = Journal(flash, SERIAL, list)
    while log.tidy(0):
        pass
    return log


def told(flash, log, rounds=5):
    """The faults that so many scrubbings note, one list each."""
    found = []
    for turn in range(1, rounds + 1):
        assert log.tidy(turn * SCRUB_MS)
        found.append(log._faults[:])
        log._faults = []
    return found


def test_sectors_are_read_one_by_one_from_the_first():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    lost = [first_in(flash, sector) + 5 for sector in range(4)]
    for sequence in lost:
        rot(flash, sequence)
    found = told(flash, log, 7)
    assert found[:3] == [[(records.FAULT_RECORDS, sector, lost[sector], 1)] for sector in range(3)]
    assert found[3:] == [[]] * 4, "the newest and the next are not read, and each fault is told once"


def test_a_record_that_rotted_at_the_end_of_a_sector_is_found_by_the_header_behind():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    end = first_in(flash, 2) - 1
    rot(flash, end)
    assert told(flash, log, 3) == [[], [(records.FAULT_RECORDS, 1, end, 1)], []]


def test_a_sector_that_is_left_out_between_two_takes_the_records_that_are_missing_there():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    head, begin = read_head(flash, 2), 2 * flash.sector_bytes
    other = SectorHead(head.number + 1, head.first + 50, head.chain, head.epoch).encode()
    flash.data[begin : begin + len(other)] = other
    assert told(flash, log, 2) == [[], [(records.FAULT_RECORDS, 1, head.first, 50)]]


def test_numbers_that_were_left_out_are_no_records_that_are_missing_and_those_before_and_behind_are():
    flash, log = written(200)
    flash.unread = (3,)
    Journal(flash, SERIAL, facts).append(records.RESERVE, bytes(4), 0)
    flash.unread = ()
    log = Journal(flash, SERIAL, facts)
    for i in range(400):
        log.append(records.RESERVE, bytes(4), i)
    assert first_record(flash, 2).kind == records.FAULT and first_in(flash, 2) > first_in(flash, 1) + MOST
    log._faults = []
    for _ in range(5):
        log._scrub()
    assert log._faults == []
    # The last record of a sector that begins with names, and of the one before the numbers left out.
    for sector, count in ((2, 1), (1, 0)):
        last = read_sector(flash, sector).records[-1].sequence
        rot(flash, last)
        log._scrub_at, log._faults = sector, []
        log._scrub()
        assert log._faults == [(records.FAULT_RECORDS, 2, last, 1)][:count]


def test_names_that_are_carried_from_sector_to_sector_hide_no_record_that_is_missing():
    flash, _ = written(200, Unread(8))
    flash.unread = (0,)
    for count in (3, 400):
        log = Journal(flash, SERIAL, facts)
        for i in range(count):
            log.append(records.RESERVE, bytes(4), i)
    names = [first_record(flash, sector) for sector in (2, 3)]
    assert {name.fields().sequence for name in names} == {read_head(flash, 2).first}
    end, flash.unread = first_in(flash, 3) - 1, ()
    rot(flash, end)
    log._scrub_at, log._faults = 2, []
    log._scrub()
    assert log._faults == [(records.FAULT_RECORDS, 2, end, 1)]


def test_before_a_newest_sector_that_reads_no_more_nothing_is_known_to_be_missing():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    flash.unread = (log._index,)
    log._scrub_at = log._index - 1
    log._scrub()
    assert log._faults == []


def test_what_a_reading_left_that_failed_is_no_record():
    class Failing(Unread):
        def read(self, offset, buffer):
            RamFlash.read(self, offset, buffer)
            raise OSError(5)

    flash, _ = written(5)
    assert first_record(flash, 0) is not None
    failing = Failing()
    failing.data[:] = flash.data
    assert first_record(failing, 0) is None


def test_behind_a_sector_that_has_lost_its_header_the_next_one_says_what_is_missing():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    first, count = first_in(flash, 1) + 3, first_in(flash, 3) - first_in(flash, 2)
    rot(flash, first)
    begin = 2 * flash.sector_bytes
    flash.data[begin : begin + SECTOR_HEAD_BYTES] = b"\xff" * SECTOR_HEAD_BYTES
    assert told(flash, log, 2)[1] == [(records.FAULT_RECORDS, 1, first, 1 + count)]


def test_a_header_that_rotted_is_told_with_the_records_behind_it():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    first, count = first_in(flash, 1), first_in(flash, 2) - first_in(flash, 1)
    behead(flash, 1)
    assert told(flash, log, 2)[1] == [(records.FAULT_HEADER, 1, first, count)]


def test_a_sector_that_cannot_be_read_is_told():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    first, behind = first_in(flash, 1), first_in(flash, 2)
    flash.unread = (1,)
    missing = (records.FAULT_RECORDS, 0, first, behind - first)
    assert told(flash, log, 2) == [[missing], [(records.FAULT_HEADER, 1, 0, 0)]]


def test_a_sector_is_read_patiently():
    flash, _ = written(500, carry=list)
    log = reread(flash)
    flash.fails = 2
    assert told(flash, log, 2) == [[], []] and not flash.fails


def test_no_more_than_so_many_faults_are_told_in_a_boot_and_their_counts_saturate():
    log = reread(Unread())
    for sector in range(FAULTS_MAX + 4):
        log._fault(records.FAULT_RECORDS, sector, 0, 0xFFFF + sector)
    assert [fault[3] for fault in log._faults] == [0xFFFF] * FAULTS_MAX
    log.tidy(0)
    assert log.faults_told == 1
