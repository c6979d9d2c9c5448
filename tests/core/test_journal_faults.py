"""A journal on flash that fails here and there: which place is tried next, what is told, and what stays as it was."""

from interlock.core import records
from interlock.core.journal import BAD_SHARE, SCRUB_MS, SEAL_MOST, SEAL_QUIET_MS, Journal
from interlock.core.layout import SECTOR_HEAD_BYTES, read_head
from interlock.core.reading import Reading
from interlock.core.seal import Seal
from tests.core.flash import RamFlash

SERIAL = b"HOLSTER1"
RECORD_BYTES = 32  # no record here is longer, and a header is no shorter


def nothing():
    return []


def fill(log, count):
    for i in range(count):
        log.append(records.RESERVE, records.pack(records.RESERVE, i), i * 10)


class Worn(RamFlash):
    """`deaf`: sectors that take no record; `headless`: how many times a sector still takes no header. `dumb_reads`: so
    many reads fail. Attempts at records are counted."""

    def __init__(self, sectors=4):
        RamFlash.__init__(self, sectors)
        self.deaf = ()
        self.headless = {}
        self.dumb_reads = 0
        self.reads = 0
        self.attempts = 0

    def read(self, offset, buffer):
        self.reads += 1
        if self.dumb_reads:
            self.dumb_reads -= 1
            raise OSError(5)
        RamFlash.read(self, offset, buffer)

    def program(self, offset, data):
        sector, within = offset // self.sector_bytes, offset % self.sector_bytes
        if within:
            self.attempts += 1
            if sector in self.deaf:
                return
        elif self.headless.get(sector) and bytes(data) != bytes(len(data)):
            self.headless[sector] -= 1
            return
        RamFlash.program(self, offset, data)


def faults(flash):
    held = Reading(flash).records
    return [tuple(record.fields()) for record in held if record.kind == records.FAULT]


def refuses(log):
    try:
        log.append(records.RESERVE, records.pack(records.RESERVE, 0), 0)
    except OSError:
        return True
    return False


def sectors_in_use(flash):
    return [sector for sector in range(4) if read_head(flash, sector) is not None]


def test_append_tells_the_number_of_the_record():
    log = Journal(RamFlash(4), SERIAL, nothing)
    assert [log.append(records.RESERVE, records.pack(records.RESERVE, 1), 0) for _ in range(3)] == [0, 1, 2]


def test_sectors_are_numbered_in_the_order_of_their_use():
    flash = RamFlash(4)
    fill(Journal(flash, SERIAL, nothing), 400)
    assert [read_head(flash, sector).number for sector in range(3)] == [0, 1, 2]


def test_each_sector_that_fails_after_a_record_stayed_may_be_left():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    for deaf in ((), (0,), (0, 1)):
        flash.deaf = deaf
        fill(log, 2)
    assert [record.fields().ceiling for record in Reading(flash).records] == [0, 1] * 3
    assert sectors_in_use(flash) == [0, 1, 2]


def test_flash_that_takes_headers_and_no_records_loses_no_sector_but_the_next():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    fill(log, 2)
    flash.deaf = (0, 1, 2, 3)
    assert all(refuses(log) for _ in range(50))
    assert sectors_in_use(flash) == [0, 1]
    flash.deaf = ()
    fill(log, 1)
    assert [record.fields().ceiling for record in Reading(flash).records] == [0, 1, 0]


def test_a_record_is_tried_in_two_places_and_no_more():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    flash.deaf = (0, 1, 2, 3)
    assert refuses(log) and flash.attempts == 2


def use_up(flash, log):
    """Fill the first sector, so that the next record needs another."""
    while log._offset + RECORD_BYTES <= flash.sector_bytes:
        fill(log, 1)


def test_a_header_that_does_not_stay_is_written_once_more_in_the_same_sector_and_told():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    use_up(flash, log)
    flash.headless, number = {1: 1}, log.sequence
    fill(log, 1)
    assert sectors_in_use(flash) == [0, 1]
    while log.tidy(0):
        pass
    assert faults(flash) == [(records.FAULT_PROGRAM, 1, number, 0)]
    assert Journal(flash, SERIAL, nothing).sequence == log.sequence


def test_a_sector_that_takes_no_header_twice_is_left_out():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    use_up(flash, log)
    flash.headless = {1: 2}
    fill(log, 1)
    assert sectors_in_use(flash) == [0, 2]
    use_up(flash, log)
    fill(log, 1)
    assert sectors_in_use(flash) == [0, 2, 3]


def test_where_two_sectors_take_no_header_the_one_before_stays_in_use():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    use_up(flash, log)
    number = log.sequence
    flash.headless = {1: 9, 2: 9, 3: 9}
    assert refuses(log)
    assert sectors_in_use(flash) == [0] and log.sequence == number and flash.headless == {1: 7, 2: 8, 3: 9}
    again = Journal(flash, SERIAL, nothing)
    assert again.sequence == number and again.head == log.head


def test_after_a_record_that_could_not_be_read_back_all_is_read_anew_and_once():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    fill(log, 5)
    while log.tidy(0):
        pass
    flash.dumb_reads = 1
    assert refuses(log)
    number = log.append(records.RESERVE, records.pack(records.RESERVE, 77), 50)
    assert number == 6, "what could not be read back is there"
    held = Reading(flash).records
    assert [record.sequence for record in held] == list(range(7)) and [record.boot for record in held] == [1] * 7
    assert log.boot == 1 and log.recent == []
    reads = flash.reads
    fill(log, 1)
    assert flash.reads == reads + 1
    use_up(flash, log)
    fill(log, 1)
    assert sectors_in_use(flash) == [0, 1] and Journal(flash, SERIAL, nothing).head == log.head


assert SECTOR_HEAD_BYTES >= RECORD_BYTES


class Stubborn(RamFlash):
    """`dull`: how many erases of a sector still do nothing; `unread`: sectors that cannot be read."""

    def __init__(self, sectors=4):
        RamFlash.__init__(self, sectors)
        self.dull = {}
        self.unread = ()
        self.tries = []

    def erase(self, offset):
        sector = offset // self.sector_bytes
        self.tries.append(sector)
        if self.dull.get(sector):
            self.dull[sector] -= 1
            return
        RamFlash.erase(self, offset)

    def read(self, offset, buffer):
        if offset // self.sector_bytes in self.unread:
            raise OSError(5)
        RamFlash.read(self, offset, buffer)


def test_a_sector_is_erased_once_before_its_use_and_once_more_if_that_did_nothing():
    flash = Stubborn()
    log = Journal(flash, SERIAL, nothing)
    flash.tries = []
    assert log.tidy(0) and flash.tries == [1]
    use_up(flash, log)
    fill(log, 1)
    use_up(flash, log)
    flash.data[2 * flash.sector_bytes + 9] = 0
    flash.dull, flash.tries = {2: 1}, []
    fill(log, 1)
    assert flash.tries == [2, 2] and sectors_in_use(flash) == [0, 1, 2]
    while log.tidy(0):
        pass
    assert faults(flash) == []


def test_a_sector_that_stays_as_it_was_is_tried_in_one_boot_once():
    flash = Stubborn(6)
    log = Journal(flash, SERIAL, nothing)
    flash.data[2 * flash.sector_bytes + 9] = 0
    flash.dull = {2: 99}
    fill(log, 2500)
    assert flash.tries.count(2) == 2 and flash.tries.count(3) > 2
    while log.tidy(0):
        pass
    assert log.faults_told == 1


def test_a_fault_of_erasing_tells_the_sector_and_the_number_of_the_next_record():
    flash = Stubborn(5)
    log = Journal(flash, SERIAL, nothing)
    use_up(flash, log)
    flash.data[flash.sector_bytes + 9] = 0
    flash.dull, number = {1: 99}, log.sequence
    fill(log, 1)
    while log.tidy(0):
        pass
    assert faults(flash) == [(records.FAULT_ERASE, 1, number, 0)] and sectors_in_use(flash) == [0, 2]


def test_a_sector_whose_erase_breaks_off_does_not_look_valid():
    flash = Stubborn()
    log = Journal(flash, SERIAL, nothing)
    for _ in range(3):
        use_up(flash, log)
        fill(log, 1)
    assert sectors_in_use(flash) == [0, 1, 2, 3]
    use_up(flash, log)
    flash.dull = {0: 99}
    fill(log, 1)
    assert read_head(flash, 0) is None


def test_a_sector_that_cannot_be_read_is_not_taken_for_blank():
    flash = Stubborn()
    log = Journal(flash, SERIAL, nothing)
    use_up(flash, log)
    flash.unread = (1,)
    fill(log, 1)
    flash.unread = ()
    assert sectors_in_use(flash) == [0, 2]


def test_every_sector_worn_costs_a_share_of_the_ring_and_no_more():
    flash = Stubborn(9)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 10)
    for sector in range(1, 9):
        flash.dull[sector] = 99
        flash.data[sector * flash.sector_bytes + 4000] = 0
    use_up(flash, log)
    assert refuses(log) and refuses(log)
    assert len(set(flash.tries[1:])) == 2 + 9 // BAD_SHARE


def test_what_was_lost_is_told_at_the_uptime_of_the_quiet_turn_that_found_it():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    for _ in range(3):
        use_up(flash, log)
        fill(log, 1)
    assert log.first == 0 and log.tidy(123456)
    losses = [record for record in Reading(flash).records if record.kind == records.LOSS]
    assert [(record.fields().first_kept, record.uptime_ms) for record in losses] == [(log.first, 123456)]
    assert log.first > 0


def test_faults_that_were_journalled_are_counted():
    flash = Worn(6)
    log = Journal(flash, SERIAL, nothing)
    for sector in (1, 2):
        use_up(flash, log)
        flash.headless = {sector: 1}
        fill(log, 1)
    assert log.faults_told == 0
    while log.tidy(0):
        pass
    assert log.faults_told == len(faults(flash)) == 2


def test_scrubbing_is_due_at_its_time_and_not_a_millisecond_before():
    log = Journal(RamFlash(4), SERIAL, nothing)
    assert log.tidy(0) and not log.tidy(SCRUB_MS - 1)
    assert log.tidy(SCRUB_MS) and not log.tidy(2 * SCRUB_MS - 1) and log.tidy(2 * SCRUB_MS)


def test_a_loss_that_the_flash_did_not_take_is_told_later_at_the_uptime_of_then():
    for is_known_bad in (False, True):
        flash = Worn()
        log = Journal(flash, SERIAL, nothing)
        for _ in range(3):
            use_up(flash, log)
            fill(log, 1)
        flash.deaf = (0, 1, 2, 3)
        assert not is_known_bad or refuses(log)
        try:
            log.tidy(5)
        except OSError:
            flash.deaf = ()
        while log.tidy(777):
            pass
        losses = [record.uptime_ms for record in Reading(flash).records if record.kind == records.LOSS]
        assert losses and set(losses) == {777}


def test_a_record_that_does_not_fit_begins_the_next_sector():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    use_up(flash, log)
    log.append(records.RESERVE, bytes(records.PAYLOAD_MAX), 0)
    assert sectors_in_use(flash) == [0, 1]
    assert Reading(flash).records[-1].sequence == log.sequence - 1 == read_head(flash, 1).first


def test_after_a_record_that_could_not_be_read_back_quiet_work_comes_to_its_end():
    flash = Worn()
    log = Journal(flash, SERIAL, nothing)
    fill(log, 5)
    while log.tidy(0):
        pass
    flash.dumb_reads = 1
    assert refuses(log)
    assert log.tidy(0), "all is read anew, and a sector made ready"
    reads, erases = flash.reads, flash.erases
    assert not log.tidy(0) and not log.tidy(0) and (flash.reads, flash.erases) == (reads, erases)


class Dim(Worn):
    """While it is `dim`, no whole sector can be read."""

    dim = False

    def read(self, offset, buffer):
        if self.dim and len(buffer) == self.sector_bytes:
            raise OSError(5)
        Worn.read(self, offset, buffer)


def test_while_the_journal_cannot_be_read_anew_no_change_of_its_key_is_due():
    flash = Dim()
    log = Journal(flash, SERIAL, nothing, Seal(RamFlash(2), 0))
    log.seal.give(b"k" * 16)
    log.change_key(0)
    fill(log, SEAL_MOST)
    assert log.is_seal_overdue()
    flash.dumb_reads, flash.dim = 1, True
    assert refuses(log) and refuses(log)
    assert not log.is_seal_overdue() and not log.is_seal_due(SEAL_QUIET_MS * 100)
    flash.dim = False
    fill(log, 1)
    assert log.is_seal_overdue()
