"""A cursor on the journal: where it stands, what it reads, and how it goes on while the journal grows."""

from interlock.core import records
from interlock.core.layout import UNKNOWN
from interlock.core.reading import Cursor, Reading
from tests.core.test_recovery import Unread, behead, first_in, records_of, rot, written


class Counted(Unread):
    """Counts whole sectors that are read."""

    sectors_read = 0

    def read(self, offset, buffer):
        Unread.read(self, offset, buffer)
        self.sectors_read += len(buffer) == self.sector_bytes


def rest(cursor):
    """The numbers that it gives until it finds no more."""
    found = []
    record = cursor.take()
    while record is not None:
        found.append(record.sequence)
        record = cursor.take()
    return found


def test_it_stands_before_the_record_asked_for_and_reads_no_sector_before_that():
    flash, log = written(500, Counted(), list)
    starts = [0, 1, first_in(flash, 1), first_in(flash, 1) + 1, first_in(flash, 3), log.sequence - 1]
    chains = {record.sequence: None for record in records_of(flash)}
    walk = Cursor(flash, 0)
    for sequence in range(log.sequence):
        chains[sequence] = walk.chain
        walk.take()
    for sequence in starts:
        flash.sectors_read = 0
        cursor = Cursor(flash, sequence)
        assert (cursor.sequence, cursor.chain, flash.sectors_read) == (sequence, chains[sequence], 1)
        assert rest(cursor) == list(range(sequence, log.sequence)) and cursor.chain == log.head


def test_what_was_overwritten_begins_with_the_oldest_that_is_there():
    flash, log = written(900, Counted(), list)
    assert log.first > 0
    cursor = Cursor(flash, 0)
    assert cursor.sequence == log.first and rest(cursor) == list(range(log.first, log.sequence))


def test_at_the_end_it_waits_for_what_is_written_next_in_this_sector_and_the_next():
    flash, log = written(140, Counted(), list)
    cursor = Cursor(flash, log.sequence)
    assert cursor.take() is None
    for number in range(20):
        log.append(records.RESERVE, records.pack(records.RESERVE, number), 0)
        assert rest(cursor) == [log.sequence - 1]
    assert log._index == 1 and cursor.chain == log.head


def test_a_hole_stops_it_and_one_opened_there_stands_behind_it():
    flash, log = written(300, Counted(), list)
    rot(flash, 20)
    cursor = Cursor(flash, 10)
    assert rest(cursor) == list(range(10, 20)) and cursor.sequence == 20
    behind = Cursor(flash, 20)
    assert (behind.sequence, behind.chain) == (21, UNKNOWN)
    assert rest(behind) == list(range(21, log.sequence))
    assert behind.chain == log.head, "the next header states it"


def test_a_sector_that_is_missing_is_leapt_over_too():
    flash, log = written(450, Counted(), list)
    first, second = first_in(flash, 1), first_in(flash, 2)
    behead(flash, 1)
    cursor = Cursor(flash, 0)
    assert rest(cursor) == list(range(first))
    assert Cursor(flash, first).sequence == Cursor(flash, first + 9).sequence == second
    spans = Reading(flash).spans
    assert [(span.first, len(span.records)) for span in spans] == [(0, first), (second, log.sequence - second)]
