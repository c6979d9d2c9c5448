"""The journal on a flash that fails: writes, erases and reads that go wrong, worn and rotten sectors."""

from interlock.core import layout, records
from interlock.core.journal import Journal
from interlock.core.layout import UNKNOWN, decode, first_record
from interlock.core.reading import Cursor, Reading
from tests.core.flash import RamFlash
from tests.core.journal_written import SERIAL, Dead, fill, nothing, verified


def test_garbage_after_the_last_record_is_stepped_over_and_counted():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 3)
    end = layout.SECTOR_HEAD_BYTES + 3 * 28
    flash.program(end, b"\x00\x12\x34")
    again = Journal(flash, SERIAL, nothing)
    assert again.recovered_torn == 1
    fill(again, 3, 3)
    assert [record.fields().ceiling for record in verified(flash)] == list(range(6))


class Failing(RamFlash):
    """A driver that reports failure: before anything was written, or after all of it was; `lasting`: for good."""

    def __init__(self):
        RamFlash.__init__(self, 4)
        self.fail = None
        self.lasting = False

    def program(self, offset, data):
        how = self.fail
        if not self.lasting:
            self.fail = None
        if how == "before":
            raise OSError(5)
        RamFlash.program(self, offset, data)
        if how == "after":
            raise OSError(5)


def test_a_write_that_fails_once_is_written_again_and_told():
    flash = Failing()
    log = Journal(flash, SERIAL, nothing)
    for i in range(40):
        flash.fail = "before" if i == 20 else None
        log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
    while log.tidy(50):
        pass
    held = verified(flash)
    assert [record.fields().ceiling for record in held if record.kind == records.RESERVE] == list(range(40))
    faults = [record.fields() for record in held if record.kind == records.FAULT]
    assert [tuple(fault) for fault in faults] == [(records.FAULT_PROGRAM, 0, 20, 1)]
    assert Journal(flash, SERIAL, nothing).sequence == log.sequence


def test_a_flash_that_keeps_nothing_costs_the_records_and_not_the_ring():
    flash = Failing()
    log = Journal(flash, SERIAL, nothing)
    fill(log, 150)
    while log.tidy(0):
        pass
    flash.fail, flash.lasting = "before", True
    for i in range(400):
        try:
            log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
        except OSError:
            continue
        raise AssertionError("reported as written")
    flash.fail, flash.lasting = None, False
    fill(log, 3, 150)
    assert [record.fields().ceiling for record in verified(flash)][:150] == list(range(150))


def test_a_write_that_succeeded_and_was_reported_as_failed_is_written_once():
    flash = Failing()
    log = Journal(flash, SERIAL, nothing)
    for i in range(20):
        flash.fail = "after" if i % 3 == 0 else None
        log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
    assert [record.fields().ceiling for record in verified(flash)] == list(range(20))


class Worn(RamFlash):
    """Cells of `stuck` sectors do not become 1 any more."""

    def __init__(self, sectors, stuck):
        RamFlash.__init__(self, sectors)
        self.stuck = stuck

    def erase(self, offset):
        RamFlash.erase(self, offset)
        if offset // self.sector_bytes in self.stuck:
            self.data[offset + 2000] = 0


def test_a_sector_that_does_not_become_blank_is_left_out_and_told():
    flash = Worn(5, [2])
    log = Journal(flash, SERIAL, nothing)
    fill(log, 1200)
    while log.tidy(0):
        pass
    held = Reading(flash)
    assert [record.sequence for record in held.records] == list(range(log.first, log.sequence))
    faults = [tuple(record.fields())[:2] for record in held.records if record.kind == records.FAULT]
    assert faults == [(records.FAULT_ERASE, 2)]
    again = Journal(flash, SERIAL, nothing)
    assert again.sequence == log.sequence and again.head == log.head


def test_a_ring_whose_every_sector_is_worn_refuses_records_and_keeps_what_it_has():
    flash = Worn(4, [])
    log = Journal(flash, SERIAL, nothing)
    fill(log, 100)
    flash.stuck = [0, 1, 2, 3]
    with_errors = 0
    for i in range(100):
        try:
            log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
        except OSError:
            with_errors += 1
    assert with_errors and len(verified(flash)) == log.sequence


def rot(flash, log, sequence):
    """Let bits rot in the record with this number."""
    for offset in range(0, flash.size, 4):
        record = decode(flash.data, offset)
        if record is not None and record.sequence == sequence:
            flash.data[offset + 15] ^= 0x10
            return
    raise AssertionError("no such record")


def test_a_hole_is_read_over_and_what_is_behind_it_says_that_its_chain_is_unknown():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 300)
    rot(flash, log, 5)
    held = Reading(flash)
    assert [record.sequence for record in held.records] == [n for n in range(300) if n != 5]
    assert [(span.first, span.chain == UNKNOWN) for span in held.spans][:2] == [(0, False), (6, True)]
    assert held.spans[2].chain != UNKNOWN  # the next sector states it anew
    cursor = Cursor(flash, 0)
    assert [cursor.take().sequence for _ in range(5)] == list(range(5)) and cursor.take() is None
    behind = Cursor(flash, 5)
    assert behind.sequence == 6 and behind.chain == UNKNOWN
    assert behind.take().sequence == 6 and behind.chain == UNKNOWN
    later = Cursor(flash, held.spans[2].first)
    assert later.chain == held.spans[2].chain


def test_scrubbing_finds_rot_and_tells_it_once():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 300)
    rot(flash, log, 5)
    rot(flash, log, 6)
    for hour in range(1, 20):
        while log.tidy(hour * 3600000):
            pass
    faults = [record.fields() for record in Reading(flash).records if record.kind == records.FAULT]
    assert [tuple(fault) for fault in faults] == [(records.FAULT_RECORDS, 0, 5, 2)]


def test_a_newest_sector_that_lost_its_header_lends_its_numbers_to_nobody():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 200)
    newest = max(range(4), key=lambda index: getattr(layout.read_head(flash, index), "number", -1))
    flash.data[newest * 4096 + 13] ^= 1
    again = Journal(flash, SERIAL, nothing)
    assert again.sequence == log.sequence
    assert log.sequence - 1 in [record.sequence for record in again.recent]
    fill(again, 3, 200)
    while again.tidy(0):
        pass
    held = Reading(flash).records
    assert [record.sequence for record in held][-1] == again.sequence - 1
    faults = [record.fields() for record in held if record.kind == records.FAULT]
    assert faults[0].kind == records.FAULT_HEADER and faults[0].sector == newest


def test_a_headless_newest_sector_outlives_the_cut_of_the_next_boot():
    flash = RamFlash(6)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 500)
    newest = log._index
    flash.data[newest * 4096 + 13] ^= 1
    again = Journal(flash, SERIAL, nothing)
    again._blank_sector()  # erased ahead, and here the power fails
    third = Journal(flash, SERIAL, nothing)
    assert third.sequence == log.sequence
    fill(third, 3, 500)
    assert Journal(flash, SERIAL, nothing).sequence == log.sequence + 3


def test_a_headless_newest_sector_is_found_behind_one_that_was_left_out():
    flash = Worn(6, [3])
    log = Journal(flash, SERIAL, nothing)
    fill(log, 144 * 3 + 40)
    assert log._index == 4  # 0, 1, 2, and 3 left out
    flash.data[4 * 4096 + 13] ^= 1
    assert Journal(flash, SERIAL, nothing).sequence == log.sequence


def test_a_sector_that_cannot_be_read_is_left_out_and_told_and_no_number_comes_twice():
    for dead in range(6):
        flash = Dead(6)
        log = Journal(flash, SERIAL, nothing)
        fill(log, 500)
        flash.dead = dead
        again = Journal(flash, SERIAL, nothing)
        assert again.sequence >= log.sequence, dead
        fill(again, 300, 500)
        while again.tidy(0):
            pass
        held = Reading(flash).records
        faults = [record.fields() for record in held if record.kind == records.FAULT]
        assert {(fault.kind, fault.sector) for fault in faults} == {(records.FAULT_HEADER, dead)}
        begun = [first_record(flash, sector) for sector in range(6) if sector != dead]
        named = [record for record in begun if record is not None and record.kind == records.FAULT]
        assert len(faults) == len(named) + 1, "at the head of each sector, and once in quiet"
        Cursor(flash, held[0].sequence)


def test_a_sector_that_cannot_be_read_any_more_within_a_boot_keeps_no_record_from_being_written():
    for dead in (0, 1, 2, 4):
        flash = Dead(5)
        log = Journal(flash, SERIAL, nothing)
        fill(log, 500)
        assert log._index == 3
        flash.dead = dead
        fill(log, 600, 500)
        held = Reading(flash).records
        assert (held[0].sequence, held[-1].sequence) == (log.first, log.sequence - 1), dead
        numbers = [record.fields().ceiling for record in held if record.kind == records.RESERVE]
        assert numbers[-500:] == list(range(600, 1100)), dead


class Stubborn(RamFlash):
    """Sector `stuck` stays as it is, and says nothing."""

    stuck = None

    def program(self, offset, data):
        if offset // self.sector_bytes != self.stuck:
            RamFlash.program(self, offset, data)

    def erase(self, offset):
        if offset // self.sector_bytes != self.stuck:
            RamFlash.erase(self, offset)


def test_a_sector_that_was_given_up_is_not_where_the_journal_begins():
    flash = Stubborn(5)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 500)
    flash.stuck = 1
    for index in (4, 0, 2, 3, 4, 0):
        while log._index != index:
            fill(log, 1)
    assert log.first == layout.read_head(flash, 2).first > layout.read_head(flash, 1).first
