"""What opening makes of an area: what it takes up, what it leaves out, and what it notes to be told."""

from interlock.core import records
from interlock.core.journal import Journal
from interlock.core.layout import (
    NUMBER_MAX,
    SECTOR_HEAD_BYTES,
    UNKNOWN,
    chain_start,
    encode,
    read_head,
    read_sector,
)
from interlock.core.reading import Cursor, Reading
from interlock.core.recovery import Recovered
from interlock.core.seal import OpenSeal
from tests.core.flash import RamFlash

SERIAL = b"HOLSTER1"
MOST = (4096 - SECTOR_HEAD_BYTES) // 24  # records in a sector, if they were empty


class Unread(RamFlash):
    """Sectors in `unread` cannot be read; the next `fails` readings fail."""

    def __init__(self, sectors=5):
        RamFlash.__init__(self, sectors)
        self.unread = ()
        self.fails = 0

    def read(self, offset, buffer):
        if offset // self.sector_bytes in self.unread or self.fails:
            self.fails -= bool(self.fails)
            raise OSError(5)
        RamFlash.read(self, offset, buffer)


def facts():
    return [(records.CONFIG, bytes(40))]


def written(count, flash=None, carry=facts, boots=1):
    """A flash with so many records, of each boot, besides what is carried."""
    flash = Unread() if flash is None else flash
    for _ in range(boots):
        log = Journal(flash, SERIAL, carry)
        for i in range(count):
            log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
    return flash, log


def behead(flash, *sectors):
    for sector in sectors:
        begin = sector * flash.sector_bytes
        flash.data[begin : begin + SECTOR_HEAD_BYTES] = bytes(SECTOR_HEAD_BYTES)


def test_an_empty_area_begins_at_nought_in_its_first_sector():
    found = Recovered(Unread(), SERIAL)
    assert (found.number, found.index, found.offset, found.sequence, found.first) == (-1, 4, 4096, 0, 0)
    assert (found.head, found.boot, found.epoch) == (chain_start(SERIAL), 1, 0)
    assert (found.recent, found.faults, found.torn, found.missing) == ([], [], 0, 0)
    assert found.loss_known is None and found.unsealed is None


def test_where_every_header_rotted_numbers_and_boots_go_on_behind_the_newest_record():
    flash, log = written(150, boots=2)
    behead(flash, 0, 1, 2)
    found = Recovered(flash, SERIAL)
    assert (found.number, found.index, found.offset) == (-1, log._index, flash.sector_bytes)
    assert found.sequence == found.first == log.sequence and found.head == UNKNOWN and found.boot == 3
    assert [record.sequence for record in found.recent][-1] == log.sequence - 1
    assert [fault[0] for fault in found.faults] == [records.FAULT_HEADER] * len(found.faults)
    assert sum(fault[3] for fault in found.faults) == log.sequence
    assert found.faults[0][1:3] == (0, 0)


def test_an_area_of_which_a_sector_cannot_be_read_begins_behind_all_that_it_may_hold():
    flash = Unread()
    flash.unread = (1, 3)
    found = Recovered(flash, SERIAL)
    assert found.faults == [(records.FAULT_HEADER, 1, MOST, 0), (records.FAULT_HEADER, 3, 2 * MOST, 0)]
    assert found.sequence == found.first == found.missing == 2 * MOST and found.head == UNKNOWN
    assert found.number == -1 and found.unreadable == [1, 3]


def test_a_journal_of_which_a_sector_cannot_be_read_leaves_out_a_sectors_numbers():
    flash, log = written(30)
    flash.unread = (2,)
    found = Recovered(flash, SERIAL)
    assert found.sequence == log.sequence + MOST and found.missing == MOST and found.head == UNKNOWN
    assert found.offset == flash.sector_bytes and found.first == 0 and found.boot == 2


def test_opening_takes_up_the_newest_sector_as_it_is():
    flash, log = written(200)
    found = Recovered(flash, SERIAL)
    assert (found.index, found.number, found.offset, found.head) == (1, 1, log._offset, log.head)
    flash, log = written(30)
    found = Recovered(flash, SERIAL)
    assert (found.index, found.number, found.offset) == (log._index, log._number, log._offset)
    assert (found.sequence, found.head, found.first, found.boot) == (log.sequence, log.head, 0, 2)
    assert [record.sequence for record in found.recent] == list(range(30)) and found.faults == []


def test_the_newest_records_reach_back_to_the_last_whole_set_of_carried_facts():
    flash, log = written(200)
    recent = Recovered(flash, SERIAL).recent
    assert recent[0].kind == records.CONFIG, "a new sector begins with them"
    assert recent[-1].sequence == log.sequence - 1 and recent[0].sequence + len(recent) == log.sequence


def test_without_carried_facts_all_that_is_there_is_recent():
    flash, log = written(300, carry=list)
    assert [record.sequence for record in Recovered(flash, SERIAL).recent] == list(range(log.sequence))


def test_a_record_that_rotted_in_the_newest_sector_leaves_no_number_out_and_states_the_chain_anew():
    flash, log = written(30)
    at = flash.data.find(records.pack(records.RESERVE, 7))
    flash.data[at] ^= 1
    found = Recovered(flash, SERIAL)
    assert found.sequence == log.sequence and found.head == UNKNOWN and found.offset == flash.sector_bytes
    assert found.faults == [(records.FAULT_RECORDS, 0, 7, 1)] and found.missing == 1


def test_a_newest_sector_without_a_header_gives_its_records_and_its_numbers():
    flash, log = written(200)
    assert log._index == 1
    behead(flash, 1)
    found = Recovered(flash, SERIAL)
    assert found.sequence == log.sequence and found.head == log.head
    assert (found.index, found.number, found.offset, found.missing) == (1, 1, flash.sector_bytes, 0)
    fault = found.faults[0]
    assert len(found.faults) == 1 and fault[:2] == (records.FAULT_HEADER, 1)
    assert fault[2] + fault[3] == log.sequence
    assert [record.sequence for record in found.recent][-1] == log.sequence - 1


def test_a_headless_sector_with_one_record_counts_like_any():
    flash, log = written(0, carry=list)
    while log._index == 0:
        log.append(records.RESERVE, records.pack(records.RESERVE, 1), 0)
    behead(flash, 0, 1)
    found = Recovered(flash, SERIAL)
    assert found.sequence == log.sequence and found.index == 1 and len(found.recent) == 1
    assert found.faults[1] == (records.FAULT_HEADER, 1, log.sequence - 1, 1)


def test_of_headless_sectors_that_lie_round_the_ring_the_newest_counts():
    flash, log = written(900, carry=list)
    assert log._index == 1
    behead(flash, 0, 1, 2, 3, 4)
    found = Recovered(flash, SERIAL)
    assert found.sequence == log.sequence and found.index == 1
    assert [record.sequence for record in found.recent][-1] == log.sequence - 1


def rot(flash, sequence):
    """The record of this number cannot be read any more."""
    for record in records_of(flash):
        if record.sequence == sequence:
            at = flash.data.find(record.raw)
            flash.data[at + len(record.raw) - 1] ^= 1
            return
    raise AssertionError("no such record")


def records_of(flash):
    return [record for sector in range(5) for record in read_sector(flash, sector).records]


def first_in(flash, sector):
    return read_sector(flash, sector).records[0].sequence


def test_behind_a_boot_that_wrote_one_record_comes_the_next():
    flash, _ = written(150)
    written(1, flash, boots=1)
    behead(flash, 0, 1)
    assert Recovered(flash, SERIAL).boot == 3


def test_a_set_of_facts_before_or_around_something_that_rotted_is_not_trusted_to_be_whole():
    flash, log = written(330)
    first, second = first_in(flash, 1), first_in(flash, 2)
    assert log._index == 2 and Recovered(flash, SERIAL).recent[0].sequence == second
    rot(flash, second + 5)
    found = Recovered(flash, SERIAL)
    assert (found.recent[0].sequence, found.missing) == (first, 1)
    rot(flash, first + 7)
    found = Recovered(flash, SERIAL)
    assert (found.recent[0].sequence, found.missing) == (0, 2)


def test_records_that_rotted_at_the_ends_of_older_sectors_are_missing_too():
    flash, log = written(330, carry=list)
    assert log._index == 2 and Recovered(flash, SERIAL).missing == 0
    for sector in (1, 2):
        rot(flash, first_in(flash, sector) - 1)
    assert Recovered(flash, SERIAL).missing == 2
    rot(flash, 5)
    assert Recovered(flash, SERIAL).missing == 3


def test_headless_sectors_are_taken_in_the_order_of_their_records():
    flash, log = written(800, carry=list)
    assert log._index == 0
    behead(flash, 3, 4, 0)
    found = Recovered(flash, SERIAL)
    assert (found.sequence, found.index, found.number, found.head) == (log.sequence, 0, log._number, log.head)
    assert found.missing == 0 and len(found.faults) == 3


def test_a_hole_in_headless_sectors_is_counted_and_leaves_the_chain_unknown():
    flash, log = written(330, carry=list)
    holes = first_in(flash, 1) + 4, first_in(flash, 2) + 3
    for sequence in holes:
        rot(flash, sequence)
    behead(flash, 1, 2)
    found = Recovered(flash, SERIAL)
    assert found.sequence == log.sequence and found.missing == 2 and found.head == UNKNOWN


def test_a_stray_number_of_which_no_header_could_tell_is_not_gone_on_from():
    for stray, begins in ((NUMBER_MAX - 1, NUMBER_MAX), (NUMBER_MAX, 0), (NUMBER_MAX + 1, 0)):
        flash = Unread()
        raw, _ = encode(records.RESERVE, stray, 3, 0, records.pack(records.RESERVE, 1), UNKNOWN, OpenSeal())
        flash.program(2 * flash.sector_bytes, bytes(SECTOR_HEAD_BYTES) + raw)
        log = Journal(flash, SERIAL, list)
        assert log.sequence == begins
        log.append(records.RESERVE, records.pack(records.RESERVE, 1), 0)
        assert Journal(flash, SERIAL, list).sequence == begins + 1


def more(log, count):
    """The numbers of so many records, as `append` reports them."""
    return [log.append(records.RESERVE, records.pack(records.RESERVE, i), i) for i in range(count)]


def test_sectors_that_did_not_read_at_one_boot_and_do_at_the_next_take_no_record_and_no_number_away():
    for sectors, count, away in ((4, 480, (3,)), (4, 560, (3,)), (8, 560, (2, 3)), (5, 40, (0,)), (8, 200, (0, 1))):
        flash, log = written(count, Unread(sectors), list)
        assert log._index == away[-1]
        before = log.sequence
        flash.unread = away
        meanwhile = more(Journal(flash, SERIAL, list), 200)
        assert meanwhile[0] >= before, "what is in those sectors has other numbers"
        flash.unread = ()
        heads = [read_head(flash, sector) for sector in range(sectors)]
        numbers = [head.number for head in heads if head is not None]
        assert len(set(numbers)) == len(numbers)
        again = Journal(flash, SERIAL, list)
        later = more(again, 20)
        assert later[0] > meanwhile[-1]
        held = [record.sequence for record in Reading(flash).records]
        assert set(meanwhile + later).issubset(held) and held == sorted(held)
        cursor, reached = Cursor(flash, again.first), []
        while cursor.sequence < again.sequence:
            record = cursor.take()
            if record is None:
                cursor = Cursor(flash, cursor.sequence)  # behind a hole
            else:
                reached.append(record.sequence)
        assert reached == held


def test_of_each_sector_that_cannot_be_read_a_sectors_numbers_are_left_out():
    flash, log = written(560, Unread(6), list)
    for unread in ((5,), (4, 5), (0, 4, 5)):
        flash.unread = unread
        found = Recovered(flash, SERIAL)
        assert found.sequence == log.sequence + len(unread) * MOST and found.missing == len(unread) * MOST
