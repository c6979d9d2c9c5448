"""The journal on NOR flash: order, chain, wrap-around, recovery. Exhaustive cuts are in tests/powercut."""

from binascii import hexlify

from interlock.core import journal, records
from interlock.core.journal import Journal, JournalError, Reading, chain_next, chain_start, decode, encode
from tests.core.flash import RamFlash

SERIAL = b"HOLSTER1"


def nothing():
    return []


def fill(log, count, start=0):
    for i in range(count):
        log.append(records.RESERVE, records.pack(records.RESERVE, start + i), (start + i) * 10)


def verified(flash, serial=SERIAL):
    """The records as read out, after checking sequence and chain."""
    reading = Reading(flash)
    chain, sequence = reading.chain, reading.first
    if sequence == 0:
        assert chain == chain_start(serial)
    for record in reading.records:
        assert record.sequence == sequence
        chain = chain_next(chain, record.body)
        assert record.tag == chain[: journal.TAG_BYTES]
        sequence += 1
    return reading.records


def test_the_bytes_of_a_record_are_locked():
    raw, chain = encode(records.RESERVE, 7, 2, 0x0102030405, records.pack(records.RESERVE, 256), chain_start(SERIAL))
    assert hexlify(raw).decode() == "0402000000070002010203040500000100d28a985646c9383d942da658"
    assert hexlify(chain).decode() == "d28a985646c9383d4f4c88f3edaa5a0408196ac707b32b2c501e8def6e29c509"
    record = decode(raw, 0)
    assert (record.kind, record.sequence, record.boot, record.uptime_ms) == (records.RESERVE, 7, 2, 0x0102030405)
    assert record.fields().ceiling == 256


def test_what_was_written_is_read_in_order():
    flash = RamFlash(4)
    fill(Journal(flash, SERIAL, nothing), 50)
    assert [record.fields().ceiling for record in verified(flash)] == list(range(50))


def test_one_record_is_one_program():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    before = flash.programs
    fill(log, 20)
    assert flash.programs == before + 20


def test_reopening_continues_sequence_chain_and_boot():
    flash = RamFlash(4)
    for boot in range(1, 5):
        log = Journal(flash, SERIAL, nothing)
        assert log.boot == boot and log.sequence == (boot - 1) * 7
        fill(log, 7, log.sequence)
    assert [record.boot for record in verified(flash)] == [1] * 7 + [2] * 7 + [3] * 7 + [4] * 7


def test_a_full_ring_drops_the_oldest_sector_and_says_how_far():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 800)
    held = verified(flash)
    assert held[0].sequence == log.first > 0
    losses = [record.fields().first_kept for record in held if record.kind == records.LOSS]
    assert losses[-1] == log.first


def test_erasing_ahead_leaves_no_erase_for_the_next_record():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    for i in range(1000):
        while log.tidy(i):
            pass
        erases = flash.erases
        log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
        assert flash.erases == erases
    while log.tidy(0):
        pass
    assert not log.tidy(0)


def test_wear_is_even():
    class Counting(RamFlash):
        def __init__(self):
            RamFlash.__init__(self, 6)
            self.wear = [0] * 6

        def erase(self, offset):
            self.wear[offset // self.sector_bytes] += 1
            RamFlash.erase(self, offset)

    flash = Counting()
    log = Journal(flash, SERIAL, nothing)
    fill(log, 6000)
    assert max(flash.wear) - min(flash.wear) <= 1


def test_facts_are_carried_into_every_new_sector():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, lambda: [(records.PEERS, records.pack_peers({9: 77})[0])])
    fill(log, 700)
    again = Journal(flash, SERIAL, nothing)
    assert [(9, 77)] in [record.fields() for record in again.recent if record.kind == records.PEERS]


def test_a_loss_that_a_power_cut_kept_from_being_reported_is_reported_later():
    flash = RamFlash(4)
    fill(Journal(flash, SERIAL, nothing), 400)
    log = Journal(flash, SERIAL, nothing)
    log._erase_next()  # and here the power fails
    again = Journal(flash, SERIAL, nothing)
    assert again.first > 0
    while again.tidy(1):
        pass
    losses = [record.fields().first_kept for record in verified(flash) if record.kind == records.LOSS]
    assert losses[-1] == again.first == verified(flash)[0].sequence


def test_garbage_after_the_last_record_is_stepped_over_and_counted():
    flash = RamFlash(4)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 3)
    end = journal.SECTOR_HEAD_BYTES + 3 * 32
    flash.program(end, b"\x00\x12\x34")
    again = Journal(flash, SERIAL, nothing)
    assert again.recovered_torn == 1
    fill(again, 3, 3)
    assert [record.fields().ceiling for record in verified(flash)] == list(range(6))


class Failing(RamFlash):
    """A driver that reports failure: before anything was written, or after all of it was."""

    def __init__(self):
        RamFlash.__init__(self, 4)
        self.fail = None

    def program(self, offset, data):
        how, self.fail = self.fail, None
        if how == "before":
            raise OSError(5)
        RamFlash.program(self, offset, data)
        if how == "after":
            raise OSError(5)


def test_a_failed_write_costs_its_own_record_only():
    flash = Failing()
    log = Journal(flash, SERIAL, nothing)
    lost = 0
    for i in range(400):
        flash.fail = "before" if i % 7 == 0 else None
        try:
            log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
        except OSError:
            lost += 1
    held = verified(flash)
    assert lost >= 57 and held[-1].sequence == log.sequence - 1
    assert Journal(flash, SERIAL, nothing).sequence == log.sequence


def test_a_write_that_succeeded_and_was_reported_as_failed_is_written_once():
    flash = Failing()
    log = Journal(flash, SERIAL, nothing)
    for i in range(20):
        flash.fail = "after" if i % 3 == 0 else None
        log.append(records.RESERVE, records.pack(records.RESERVE, i), i)
    assert [record.fields().ceiling for record in verified(flash)] == list(range(20))


def test_an_area_that_is_too_small_or_holds_nothing_is_refused_with_advice():
    for attempt in (lambda: Journal(RamFlash(3), SERIAL, nothing), lambda: Reading(RamFlash(4))):
        try:
            attempt()
        except JournalError as error:
            assert ":" in str(error) or "needs" in str(error)
        else:
            raise AssertionError("accepted")


def test_a_payload_that_is_too_long_is_refused():
    log = Journal(RamFlash(4), SERIAL, nothing)
    try:
        log.append(records.RESERVE, bytes(records.PAYLOAD_MAX + 1), 0)
    except ValueError:
        return
    raise AssertionError("accepted")


def test_every_record_type_packs_and_unpacks():
    for kind in records.TYPE_NAMES:
        if kind == records.PEERS:
            marks = {}
            for unit in range(25):
                marks[unit + 1] = unit * 1000
            payloads = records.pack_peers(marks)
            assert len(payloads) == 3 and max([len(p) for p in payloads]) <= records.PAYLOAD_MAX
            pairs = []
            for payload in payloads:
                pairs += records.unpack(kind, payload)
            assert dict(pairs) == marks
            continue
        fields = SAMPLES[kind]
        payload = records.pack(kind, *fields)
        assert tuple(records.unpack(kind, payload)) == fields
        assert records.unpack(kind, payload + b"x") is None
    assert records.unpack(250, b"") is None


SAMPLES = {
    records.BOOT: (1, 0, 1, 0),
    records.RESERVE: (256,),
    records.LOSS: (85,),
    records.CONFIG: (3, b"configur"),
    records.TORN: (1,),
    records.SESSION: (1, b"alice   ", 7),
    records.SESSION_END: (0, 9, 1234),
    records.REFUSED: (5, 2),
    records.CLOCK: (1, 1_795_000_000_000, 20, 3),
    records.FLOOR: (1_795_000_000_000,),
    records.EVENT: (1, 3, 1000, 2, 1, 500, 0),
    records.ACK: (2, 1000, 16, 123456, 30, b"head"),
    records.WITNESS: (3, 77, b"head"),
    records.ALERT: (1,),
    records.PROOF: (3,),
    records.HEARD: (1, 1000, 1, 17, b"head"),
    records.RECORDER: (2, 1, 1, 900, 300),
    records.ANSWER: (1, 1000, 16),
    records.EXPIRY: (1,),
    records.AIRED: (5, 7),
}


def test_an_age_saturates_below_the_value_that_means_never():
    assert records.ago(None) == 0xFFFF and records.ago(70000) == 0xFFFE and records.ago(-3) == 0
