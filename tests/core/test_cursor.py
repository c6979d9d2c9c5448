"""A cursor on the journal: where it stands, what it reads, and how it goes on while the journal grows."""

from interlock.core import records
from interlock.core.journal import Journal
from interlock.core.layout import SECTOR_HEAD_BYTES, UNKNOWN, SectorHead, chain_start, encode
from interlock.core.reading import Cursor, Reading
from interlock.core.seal import OpenSeal
from tests.core.flash import RamFlash
from tests.core.test_layout import record_bytes
from tests.core.test_recovery import SERIAL, Unread, behead, first_in, more, records_of, rot, written


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


def by_hand(numbers, each=3, sector_bytes=1024):
    """A flash whose sectors have these numbers, 0 for none, with so many records in each by their order."""
    flash = RamFlash(len(numbers), sector_bytes)
    begun = sorted([number for number in numbers if number])
    for index, number in enumerate(numbers):
        if number:
            first = begun.index(number) * each
            data = SectorHead(number, first, chain_start(b"HOLSTER1"), 0).encode()
            data += b"".join([record_bytes(first + i) for i in range(each)])
            flash.program(index * sector_bytes, data)
    return flash


def test_sectors_are_read_in_the_order_in_which_they_were_begun_wherever_they_stand():
    for numbers in ((5, 8, 6, 7), (5, 7, 6, 8), (8, 7, 6, 5), (6, 0, 5, 0, 9, 7), (3, 9, 4, 8)):
        flash = by_hand(numbers)
        count = 3 * len([number for number in numbers if number])
        assert rest(Cursor(flash, 0)) == list(range(count)), numbers
        assert [record.sequence for record in Reading(flash).records] == list(range(count))
        assert len(Reading(flash).spans) == 1, "their own numbers may have holes"


def test_a_sector_that_was_begun_anew_is_not_read_on_as_the_one_it_was():
    flash = by_hand((5, 0), 3)
    cursor = Cursor(flash, 3)
    assert cursor.take() is None
    following = record_bytes(3)
    flash.program(SECTOR_HEAD_BYTES + 3 * len(following), following)
    for number in (14, 4):
        head = SectorHead(number, 0, chain_start(b"HOLSTER1"), 0).encode()
        sound, flash.data[:SECTOR_HEAD_BYTES] = bytes(flash.data[:SECTOR_HEAD_BYTES]), head
        assert cursor.take() is None
        flash.data[:SECTOR_HEAD_BYTES] = sound
    flash.data[:SECTOR_HEAD_BYTES] = bytes(SECTOR_HEAD_BYTES)
    assert cursor.take() is None, "it may be erased already"
    flash.data[:SECTOR_HEAD_BYTES] = sound
    assert cursor.take().sequence == 3


def test_an_announcement_of_a_key_that_cannot_be_read_changes_no_epoch():
    for payload, epoch in ((records.pack(records.SEAL, 9), 9), (b"\x00\x09", 0)):
        flash = RamFlash(2, 1024)
        sealed, _ = encode(records.SEAL, 1, 7, 0, payload, UNKNOWN, OpenSeal())
        data = SectorHead(5, 0, UNKNOWN, 0).encode() + record_bytes(0) + sealed
        flash.program(0, data)
        cursor = Cursor(flash, 0)
        assert (cursor.epoch, rest(cursor), cursor.epoch) == (0, [0, 1], epoch)


def test_one_opened_far_behind_a_hole_stands_where_it_was_asked_to():
    flash, _ = written(300, Counted(), list)
    for sequence in (20, 30, 31):
        rot(flash, sequence)
    for asked, stands in ((19, 19), (20, 21), (21, 21), (29, 29), (30, 32), (31, 32), (32, 32), (60, 60)):
        cursor = Cursor(flash, asked)
        assert (cursor.sequence, cursor.take().sequence) == (stands, stands)


def test_a_hole_that_reaches_over_the_end_of_a_sector_is_leapt_over_whole():
    flash, _ = written(300, Counted(), list)
    first = first_in(flash, 1)
    for sequence in (first - 2, first - 1, first, first + 1):
        rot(flash, sequence)
    for asked in (first - 2, first - 1, first, first + 1, first + 2):
        cursor = Cursor(flash, asked)
        assert (cursor.sequence, cursor.take().sequence) == (first + 2, first + 2)


class Headers(Unread):
    """Keeps where headers are read."""

    def __init__(self):
        Unread.__init__(self)
        self.places = []

    def read(self, offset, buffer):
        Unread.read(self, offset, buffer)
        if len(buffer) == SECTOR_HEAD_BYTES:
            self.places.append(offset // self.sector_bytes)


def test_at_the_end_of_a_sector_it_looks_for_the_next_where_that_should_lie_and_nowhere_else():
    flash, log = written(900, Headers(), list)
    assert log._index == 1
    cursor = Cursor(flash, log.first)
    assert cursor._index == 2
    flash.places = []
    while cursor.sequence < log.sequence:
        assert cursor.take() is not None
    assert flash.places == [3, 4, 0, 1]


def test_what_looks_like_a_record_within_a_payload_is_not_taken_for_one():
    flash, log = written(0, Counted(), list)
    for _ in range(9):
        # Stands where a record could begin, and bears the number that is due next.
        inner, _ = encode(records.RESERVE, log.sequence + 1, 1, 0, b"", UNKNOWN, OpenSeal())
        log.append(records.RESERVE, bytes(3) + inner, 0)
    for asked in range(9):
        cursor = Cursor(flash, asked)
        assert rest(cursor) == list(range(asked, 9)) and cursor.chain == log.head


class Finite(RamFlash):
    """Bears so many reads."""

    left = 300

    def read(self, offset, buffer):
        self.left -= 1
        assert self.left, "it goes round for ever"
        RamFlash.read(self, offset, buffer)


def test_of_two_sectors_with_one_number_the_nearer_is_read_on_and_no_way_leads_back():
    for number in (6, 7):
        flash = Finite(4, 1024)
        for index, (own, first) in enumerate(((5, 0), (number, 3), (number, 9))):
            data = SectorHead(own, first, chain_start(b"HOLSTER1"), 0).encode()
            flash.program(index * 1024, data + b"".join([record_bytes(first + i) for i in range(3)]))
        assert rest(Cursor(flash, 0)) == list(range(6))
        cursor = Cursor(flash, 12)
        assert cursor.take() is None and cursor.sequence == 12


def test_a_sector_that_cannot_be_read_hides_none_behind_it():
    for dead in range(6):
        flash, _ = written(500, Unread(6), list)
        flash.unread = (dead,)
        log = Journal(flash, SERIAL, list)
        more(log, 400)
        held, at, reached = [record.sequence for record in Reading(flash).records], 0, []
        for _ in range(20):
            cursor = Cursor(flash, at)  # as a host does that pulls again behind a hole
            reached += rest(cursor)
            at = cursor.sequence
        assert reached == held and at == log.sequence, dead


class Shaky(Unread):
    """The first `shakes` reads of each header fail."""

    shakes = 0

    def __init__(self, sectors=5):
        Unread.__init__(self, sectors)
        self.shaken = {}

    def read(self, offset, buffer):
        tries = self.shaken.get(offset, 0)
        if len(buffer) == SECTOR_HEAD_BYTES and tries < self.shakes:
            self.shaken[offset] = tries + 1
            raise OSError(5)
        Unread.read(self, offset, buffer)


def test_a_header_behind_that_reads_at_the_third_try_is_read():
    flash, log = written(500, Shaky(), list)
    cursor = Cursor(flash, 0)
    flash.shakes = 2
    for sequence in range(log.sequence):
        assert cursor.take().sequence == sequence


def test_a_sector_that_cannot_be_read_while_it_is_written_to_is_an_error_and_no_end():
    flash, log = written(20, Unread(), list)
    cursor = Cursor(flash, 0)
    assert rest(cursor) == list(range(20))
    more(log, 1)
    flash.unread = (0,)
    try:
        cursor.take()
    except OSError:
        flash.unread = ()
    assert rest(cursor) == [20]
