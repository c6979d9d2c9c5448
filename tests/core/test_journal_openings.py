"""What a journal does when it was just opened: where it writes, what it reads, and what it does not tell again."""

from interlock.core import records
from interlock.core.journal import SEAL_FEW, SEAL_MOST, SEAL_QUIET_MS, Journal
from interlock.core.layout import OVERHEAD_BYTES, SECTOR_HEAD_BYTES, padded
from interlock.core.reading import Reading
from interlock.core.seal import Seal
from tests.core.flash import RamFlash

SERIAL = b"HOLSTER1"


def nothing():
    return []


def fill(log, count):
    for i in range(count):
        log.append(records.RESERVE, records.pack(records.RESERVE, i), i * 10)


class Watched(RamFlash):
    """Counts the bytes that are read; sectors in `deaf` take no program any more, and say nothing."""

    def __init__(self, sectors=4):
        RamFlash.__init__(self, sectors)
        self.bytes_read = 0
        self.deaf = ()

    def read(self, offset, buffer):
        RamFlash.read(self, offset, buffer)
        self.bytes_read += len(buffer)

    def program(self, offset, data):
        if offset // self.sector_bytes not in self.deaf:
            RamFlash.program(self, offset, data)


def is_blank(flash, sector):
    begin = sector * flash.sector_bytes
    return flash.data[begin : begin + flash.sector_bytes] == b"\xff" * flash.sector_bytes


def test_the_first_record_goes_to_another_sector_if_the_one_it_was_meant_for_keeps_nothing():
    flash = Watched()
    log = Journal(flash, SERIAL, nothing)
    flash.deaf = (0,)
    assert log.append(records.RESERVE, records.pack(records.RESERVE, 1), 5) == 0
    assert [record.fields().ceiling for record in Reading(flash).records] == [1]


def test_an_append_reads_back_what_it_wrote_and_nothing_else_after_opening_too():
    flash = Watched()
    for _ in range(2):
        log = Journal(flash, SERIAL, nothing)
        flash.bytes_read = 0
        log.append(records.RESERVE, records.pack(records.RESERVE, 1), 5)
        assert 0 < flash.bytes_read <= 32


def test_opening_goes_on_in_the_sector_that_was_in_use():
    flash = RamFlash(4)
    for _ in range(5):
        fill(Journal(flash, SERIAL, nothing), 2)
    assert not is_blank(flash, 0) and all(is_blank(flash, sector) for sector in (1, 2, 3))


def test_the_longest_payload_is_taken():
    log = Journal(RamFlash(4), SERIAL, nothing)
    assert log.append(records.RESERVE, bytes(records.PAYLOAD_MAX), 0) == 0


def test_a_record_that_fits_the_sector_to_its_last_byte_is_written_there():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    record_bytes = padded(OVERHEAD_BYTES + len(records.pack(records.RESERVE, 0)))
    room = flash.sector_bytes - SECTOR_HEAD_BYTES
    while room > 3 * record_bytes:
        fill(log, 1)
        room -= record_bytes
    log.append(records.RESERVE, bytes(room - OVERHEAD_BYTES), 0)
    assert is_blank(flash, 1)
    fill(log, 1)
    assert not is_blank(flash, 1)


def test_a_loss_that_was_told_is_not_told_again_after_opening():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 800)
    while log.tidy(8000):
        pass
    told = [record for record in Reading(flash).records if record.kind == records.LOSS]
    again = Journal(flash, SERIAL, nothing)
    while again.tidy(8000):
        pass
    assert len([record for record in Reading(flash).records if record.kind == records.LOSS]) == len(told)


def test_the_count_of_records_under_a_key_outlives_the_boot():
    flash, keep = RamFlash(4), RamFlash(2)
    log = Journal(flash, SERIAL, nothing, Seal(keep, 0))
    log.seal.give(b"k" * 16)
    log.change_key(0)
    fill(log, 3)
    again = Journal(flash, SERIAL, nothing, Seal(keep, 0))
    assert not again.is_seal_overdue()
    fill(again, SEAL_MOST - 4)
    assert not again.is_seal_overdue()
    fill(again, 1)
    assert again.is_seal_overdue()


def test_quiet_is_counted_from_the_begin_of_a_boot_until_its_first_record():
    flash, keep = RamFlash(4), RamFlash(2)
    log = Journal(flash, SERIAL, nothing, Seal(keep, 0))
    log.seal.give(b"k" * 16)
    log.change_key(0)
    fill(log, SEAL_FEW)
    again = Journal(flash, SERIAL, nothing, Seal(keep, 0))
    assert not again.is_seal_due(SEAL_QUIET_MS - 1) and again.is_seal_due(SEAL_QUIET_MS)
    again.append(records.RESERVE, records.pack(records.RESERVE, 1), 5)
    assert not again.is_seal_due(SEAL_QUIET_MS + 4) and again.is_seal_due(SEAL_QUIET_MS + 5)
