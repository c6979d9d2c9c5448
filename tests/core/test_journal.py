"""The journal on NOR flash: order, chain, seal, wrap-around, recovery, rot. Exhaustive cuts are in tests/powercut."""

from binascii import hexlify

from interlock.core import records
from interlock.core.crypto import Hmac
from interlock.core.journal import SEAL_FEW, SEAL_MOST, SEAL_QUIET_MS, Journal, JournalError
from interlock.core.layout import chain_next, chain_start, decode, encode
from interlock.core.reading import Reading
from interlock.core.seal import OPEN_KEY, OpenSeal, Seal, next_key
from tests.core.flash import RamFlash
from tests.core.journal_written import SERIAL, Dead, fill, nothing, verified


def test_the_bytes_of_a_record_are_locked():
    payload = records.pack(records.RESERVE, 256)
    raw, chain = encode(records.RESERVE, 7, 2, 0x0102030405, payload, chain_start(SERIAL), OpenSeal())
    assert hexlify(raw).decode() == "04020000000700020102030405000001007f281796c9f3609f386c"
    assert hexlify(chain).decode() == "74dfe5d65e31e215eacc85f21f6dd53c6af6794172af40d6a12fb9c3fcd6b285"
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
    fill(Journal(flash, SERIAL, nothing), 440)
    log = Journal(flash, SERIAL, nothing)
    log._blank_sector()  # and here the power fails
    again = Journal(flash, SERIAL, nothing)
    assert again.first > 0
    while again.tidy(1):
        pass
    losses = [record.fields().first_kept for record in verified(flash) if record.kind == records.LOSS]
    assert losses[-1] == again.first == verified(flash)[0].sequence


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


class Sealed:
    """A journal with a seal key, and the auditor's knowledge of it."""

    def __init__(self, sectors=6):
        self.flash, self.keep = RamFlash(sectors), RamFlash(2)
        self.seal = Seal(self.keep, 0)
        self.log = Journal(self.flash, SERIAL, nothing, self.seal)

    def reopen(self):
        self.seal = Seal(self.keep, 0)
        self.log = Journal(self.flash, SERIAL, nothing, self.seal)

    def check(self, first):
        """Every record bears the tag of its epoch's key; the number of epochs."""
        key, epochs, chain = OPEN_KEY, 0, Reading(self.flash).chain
        for record in Reading(self.flash).records:
            assert record.tag == Hmac(key).digest(chain + record.body)[:6], record.sequence
            chain = chain_next(chain, record.chained)
            if record.kind == records.SEAL:
                epochs += 1
                key = first if record.fields().epoch == 1 << 24 else next_key(key)
        return epochs


def test_records_are_sealed_under_keys_that_evolve_and_past_keys_are_gone():
    unit = Sealed()
    fill(unit.log, 5)
    key = b"first key of era"
    unit.seal.give(key)
    unit.log.change_key(0)
    assert key in bytes(unit.keep.data)
    for use in range(4):
        fill(unit.log, 25)
        now = (use + 1) * 60000
        while unit.log.tidy(now):
            pass
    assert unit.check(key) == 5 and unit.seal.epoch == (1 << 24) + 4
    image = bytes(unit.keep.data)
    for _ in range(4):
        assert key not in image
        key = next_key(key)
    assert key in image
    unit.reopen()
    assert unit.seal.epoch == (1 << 24) + 4 and unit.seal.key == key
    fill(unit.log, 3)
    assert unit.check(b"first key of era") == 5


def test_the_key_evolves_in_quiet_after_a_few_records_and_at_any_time_after_many():
    unit = Sealed()
    unit.seal.give(b"k" * 16)
    unit.log.change_key(0)
    fill(unit.log, SEAL_FEW - 1)
    assert not unit.log.is_seal_due(3600000)
    unit.log.append(records.ALERT, b"\x01", 3600000)
    assert not unit.log.is_seal_due(3600000 + SEAL_QUIET_MS - 1) and unit.log.is_seal_due(3600000 + SEAL_QUIET_MS)
    fill(unit.log, SEAL_MOST - SEAL_FEW)
    assert unit.log.is_seal_overdue() and unit.log.is_seal_due(0), "in no quiet, too"


def test_a_unit_without_a_key_has_nothing_that_could_evolve():
    log = Journal(RamFlash(4), SERIAL, nothing)
    fill(log, 3 * SEAL_MOST)
    assert not log.is_seal_due(10**9)


def test_a_new_era_begins_with_the_vaults_next_key():
    unit = Sealed()
    unit.seal.give(b"a" * 16)
    unit.log.change_key(0)
    fill(unit.log, 3)
    unit.seal.give(b"b" * 16)
    unit.log.change_key(0)
    assert unit.seal.epoch == 2 << 24 and unit.seal.key == b"b" * 16
    assert b"a" * 16 not in bytes(unit.keep.data)


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
        if kind == records.CREW:
            crew = [(unit, 300, records.CREW_READY) for unit in range(20)]
            payload = records.pack_crew(crew)
            assert len(payload) == records.PAYLOAD_MAX
            assert records.unpack(kind, payload) == [(unit, 255, records.CREW_READY) for unit in range(16)]
            assert records.unpack(kind, payload + b"x") is None
            continue
        fields = SAMPLES[kind]
        payload = records.pack(kind, *fields)
        assert tuple(records.unpack(kind, payload)) == fields
        assert records.unpack(kind, payload + b"x") is None
    assert records.unpack(250, b"") is None


SAMPLES = {
    records.BOOT: (1, 0, 1, 0),
    records.RESERVE: (256,),
    records.UPDATE: (6, 0, 1, 0, 2, 0, b"relehead", 0, 1, 0),
    records.LOSS: (85,),
    records.CONFIG: (3, b"configur"),
    records.TORN: (1,),
    records.SESSION: (1, b"alice   ", 7),
    records.SESSION_END: (0, 9, 1234),
    records.REFUSED: (5, 2),
    records.CLOCK: (1, 1_795_000_000_000, 20, 3),
    records.FLOOR: (1_795_000_000_000,),
    records.SEAL: (1 << 24,),
    records.CHECKPOINT: (7, 1016),
    records.FAULT: (4, 3, 1000, 2),
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
    records.POLICY: (13, 10000, 0),
    records.USE: (1000, 30, 1200, 14, 1, 2, 3, 1),
    records.MODE: (1, 0, 60),
    records.PARTNER: (2, 3, 0),
    records.MET: (2, 1000, b"head"),
    records.TIME_HEARD: (2, 448750000),
    records.ASSIGNED: (2, 1795000000, 2, b"alice   "),
    records.LIFE: (1, 3, 1, 2, 3, 4, 5, 6, 7, b"mark"),
    records.SELF_TEST: (2, 2, 33, b"\1\0\0\0\0\x2a", 3900, 1234, 56),
    records.LINES: (2, 2, 60, b"\6\7\2\2\1\x12"),
    records.RADIO: (1, 12),
}


def test_an_age_saturates_below_the_value_that_means_never():
    assert records.ago(None) == 0xFFFF and records.ago(70000) == 0xFFFE and records.ago(-3) == 0


def test_a_young_journal_whose_only_sector_does_not_read_begins_no_number_anew():
    flash = Dead(6)
    log = Journal(flash, SERIAL, nothing)
    fill(log, 5)
    flash.dead = 0
    again = Journal(flash, SERIAL, nothing)
    assert again.sequence >= log.sequence
    fill(again, 3)
    assert Journal(flash, SERIAL, nothing).sequence >= again.sequence


class Counted(RamFlash):
    """Counts whole sectors that are read."""

    whole = 0

    def read(self, offset, buffer):
        self.whole += len(buffer) >= self.sector_bytes
        RamFlash.read(self, offset, buffer)


def test_an_area_full_of_something_else_is_not_gone_through_at_every_boot():
    flash = Counted(40, 1024)
    for i in range(flash.size):
        flash.data[i] = (i * 0x9E3779B1 >> 9) & 0xFF
    log = Journal(flash, SERIAL, nothing)
    fill(log, 20)
    flash.whole = 0
    assert Journal(flash, SERIAL, nothing).sequence == 20 and flash.whole <= 4
