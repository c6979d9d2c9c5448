"""The journal against a model of it: the list of what was reported as written. Hypothesis picks what happens."""

from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from interlock.core import keylog, layout, records
from interlock.core.crypto import Hmac
from interlock.core.journal import SEAL_MOST, SEAL_QUIET_MS, Journal
from interlock.core.keylog import KeyLog
from interlock.core.reading import Reading
from interlock.core.seal import ERA_SHIFT, KEY_BYTES, TAG_BYTES, Seal, first_epoch
from simulator.hardware.flash import PowerCut
from tests.powercut.audit import SERIAL, check_readers_agree, era_key, in_quiet, key_of, read_out, readable
from tests.powercut.chip import Chip, Cut
from tests.powercut.sweep import ALL

SECTORS = 5
SECTOR_BYTES = 256
TEARS = st.sampled_from([*ALL, "r7", "r8", "r9"])
OPERATIONS = st.integers(0, 12)
WORK = st.sampled_from(["write", "many", "rest", "give", "boot"])
PAYLOADS = st.binary(max_size=20) | st.binary(min_size=64, max_size=64)
OF_ITS_OWN = (records.LOSS, records.SEAL, records.FAULT, records.RESERVE, records.CONFIG)
UNKNOWN_TYPE = 200


class JournalModel(RuleBasedStateMachine):
    """A journal under an evolving seal on a small chip. The model: `written`, what was reported, by sequence; `begun`,
    what was being written when the power failed; `rotten`, what lost a bit since."""

    def __init__(self) -> None:
        super().__init__()
        self.chip = Chip("nor", keylog.SECTORS + SECTORS, SECTOR_BYTES)
        self.written: dict[int, tuple[int, bytes]] = {}
        self.begun: set[tuple[int, bytes]] = set()
        self.rotten: set[int] = set()
        self.chains: dict[int, bytes] = {}
        self.ceiling = self.boots = 0
        self.now_ms = 0
        self.epoch = 0
        self.log: Journal | None = None

    # What happens.

    @initialize()
    def first_boot(self) -> None:
        self.boot()

    @rule(payload=PAYLOADS)
    def append(self, payload: bytes) -> None:
        self.write(UNKNOWN_TYPE, payload)

    @rule(count=st.integers(2, 30))
    def append_many(self, count: int) -> None:
        for i in range(count):
            self.write(UNKNOWN_TYPE, bytes([i]))

    @rule()
    def reserve(self) -> None:
        self.raise_ceiling()

    @rule(ms=st.sampled_from([1, 500, SEAL_QUIET_MS, 3600 * 1000]))
    def wait(self, ms: int) -> None:
        self.now_ms += ms

    @rule()
    def rest(self) -> None:
        in_quiet(self.journal, self.now_ms)

    @rule()
    def reopen(self) -> None:
        self.boot()

    @precondition(lambda self: self.journal.seal.epoch >> ERA_SHIFT < 20)
    @rule()
    def give_key(self) -> None:
        self.give()

    @rule(operation=OPERATIONS, tear=TEARS, payload=PAYLOADS, what=WORK)
    def lose_power(self, operation: int, tear: str, payload: bytes, what: str) -> None:
        """In one of the next flash operations, or not at all."""
        self.chip.arm(Cut(operation, tear))
        with suppress(PowerCut):
            if what == "write":
                self.write(UNKNOWN_TYPE, payload)
                self.raise_ceiling()
            elif what == "many":
                self.append_many(9)
            elif what == "rest":
                in_quiet(self.journal, self.now_ms)
            elif what == "give":
                self.give()
            else:
                self.boot()
        self.chip.arm(None)
        self.boot()

    @rule(choice=st.integers(0, 1 << 16), bit=st.integers(0, 7))
    def rot(self, choice: int, bit: int) -> None:
        """One bit of an old record changes; the newest one of a sector could not be told from a torn write."""
        cells = self.chip.cells(keylog.SECTORS, SECTORS)
        places = []
        for index in range(SECTORS):
            data = bytearray(SECTOR_BYTES)
            cells.read(index * SECTOR_BYTES, data)
            sector = layout.Sector(data)
            for record in sector.records[:-1] if sector.head is not None else []:
                places.append((index * SECTOR_BYTES + data.index(record.raw), record))
        if not places:
            return
        at, record = places[choice % len(places)]
        image = bytearray(self.chip.image())
        image[keylog.SECTORS * SECTOR_BYTES + at + choice % len(record.raw)] ^= 1 << bit
        self.chip.load(bytes(image))
        self.rotten.add(record.sequence)

    # How it is done.

    @property
    def journal(self) -> Journal:
        assert self.log is not None
        return self.log

    def ring(self) -> Any:
        return self.chip.cells(keylog.SECTORS, SECTORS)

    def carry(self) -> list[tuple[int, bytes]]:
        return [
            (records.RESERVE, records.pack(records.RESERVE, self.ceiling)),
            (records.CONFIG, records.pack(records.CONFIG, 1, bytes(8))),
        ]

    def boot(self) -> None:
        self.now_ms = 0
        self.log = Journal(self.ring(), SERIAL, self.carry, Seal(self.chip.cells(0, keylog.SECTORS), 0))
        assert self.log.boot > self.boots, "a boot number is used twice"
        told = [record.fields().ceiling for record in self.log.recent if record.kind == records.RESERVE]
        if not self.rotten:
            assert self.ceiling <= max(told, default=0) <= self.ceiling + 1, "what was reserved is forgotten"
        self.ceiling = max([self.ceiling, *told])
        self.log.recent = []
        self.log.seal.destroy_past()  # type: ignore[attr-defined]
        for kind, payload in self.carry():
            self.write(kind, payload)
        if self.log.is_seal_overdue():
            self.log.change_key(0)

    def write(self, kind: int, payload: bytes) -> None:
        is_begun = (kind, payload) in self.begun
        self.begun.add((kind, payload))
        sequence = self.journal.append(kind, payload, self.now_ms)
        assert sequence > max(self.written, default=-1), f"sequence number {sequence} is used twice"
        self.written[sequence] = (kind, payload)
        self.boots = self.journal.boot
        if not is_begun:
            self.begun.discard((kind, payload))
        if self.journal.is_seal_overdue():
            self.journal.change_key(self.now_ms)

    def raise_ceiling(self) -> None:
        self.write(records.RESERVE, records.pack(records.RESERVE, self.ceiling + 1))
        self.ceiling += 1

    def give(self) -> None:
        seal = self.journal.seal
        assert isinstance(seal, Seal)
        seal.give(era_key(first_epoch(seal.next_epoch()) >> ERA_SHIFT))
        self.journal.change_key(self.now_ms)

    # What must be true.

    @invariant()
    def what_was_reported_is_there(self) -> None:
        found = {place.sequence: layout.Record(place.raw) for place in read_out(self.ring())}
        first = self.journal.first
        for sequence, (kind, payload) in self.written.items():
            if sequence >= first and sequence not in self.rotten:
                record = found.get(sequence)
                assert record is not None and (record.kind, record.payload) == (kind, payload), f"{sequence} is gone"
        for sequence, record in found.items():
            known = self.written.setdefault(sequence, (record.kind, record.payload))
            assert known == (record.kind, record.payload), f"{sequence} is another record now"
            told = (record.kind, record.payload) in self.begun
            assert told or record.kind in OF_ITS_OWN or record.kind == UNKNOWN_TYPE, f"{sequence} was never written"

    @invariant()
    def it_knows_where_it_begins_and_ends(self) -> None:
        numbers = [record.sequence for record in Reading(self.ring()).records]
        assert numbers == sorted(set(numbers))
        assert self.journal.sequence == max([*self.written, *numbers], default=-1) + 1
        heads = [layout.read_head(self.ring(), index) for index in range(SECTORS)]
        opened = {head.number: head.first for head in heads if head is not None}
        assert self.journal.first == opened[min(opened)]
        assert len(opened) >= min(max(opened) + 1, SECTORS - 1), "more of the ring was dropped than one sector"

    @invariant()
    def every_record_is_sealed_with_the_key_that_the_first_one_leads_to(self) -> None:
        for span in Reading(self.ring()).spans:
            chain, epoch, since = span.chain, span.epoch, 0
            if span.first == 0:
                assert chain == layout.chain_start(SERIAL)
            for record in span.records if chain != layout.UNKNOWN else []:
                assert record.tag == Hmac(key_of(epoch)).digest(chain + record.body)[:TAG_BYTES], record.sequence
                chain = layout.chain_next(chain, record.chained)
                assert self.chains.setdefault(record.sequence, chain) == chain, (
                    "another chain value than was read before"
                )
                since += 1
                if record.kind == records.SEAL:
                    epoch, since = record.fields().epoch, 0
                assert epoch == 0 or since <= 2 * SEAL_MOST

    @invariant()
    def of_past_keys_nothing_is_readable(self) -> None:
        log = KeyLog(self.chip.cells(0, keylog.SECTORS), 0, KEY_BYTES)
        epoch = self.journal.seal.epoch
        assert epoch >= self.epoch and (epoch == 0 or log.secret == key_of(epoch)), "the key in force is not there"
        self.epoch = epoch
        cells = self.chip.read(0, keylog.SECTORS * SECTOR_BYTES)
        begins = epoch >> ERA_SHIFT << ERA_SHIFT
        for past in range(max(begins, epoch - 4), epoch):
            assert not readable(cells, key_of(past)), f"the key of epoch {past:#x} can be read"

    @invariant()
    def both_readers_agree(self) -> None:
        places = read_out(self.ring())
        middle = places[len(places) // 2].sequence if places else 0
        check_readers_agree(self.ring(), starts=(0, middle, self.journal.sequence))


TestJournalModel = JournalModel.TestCase
TestJournalModel.settings = settings(max_examples=40, stateful_step_count=25)
