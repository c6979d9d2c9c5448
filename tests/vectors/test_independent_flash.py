"""The reader that was written from the text agrees with ours: on flash after power cuts, changes of key and rot."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core import keylog, layout, records, seal
from interlock.core.journal import Journal
from interlock.core.reading import Cursor, Reading
from interlock.core.seal import Seal
from tests.core.flash import PowerCut, RamFlash

from . import independent, independent_flash, independent_seal
from .independent import Break, verify
from .readings import SERIAL, as_file, carry, ours, theirs

SECTOR_BYTES = 512
KEY_SECTORS = 2
RING_SECTORS = 5


class Window:
    """Sectors `first` to `first + count` of a flash, as a flash of its own: one power for all of it."""

    def __init__(self, flash, first, count):
        self._flash, self._start = flash, first * flash.sector_bytes
        self.sector_bytes, self.size = flash.sector_bytes, count * flash.sector_bytes

    def read(self, offset, buffer):
        self._flash.read(self._start + offset, buffer)

    def program(self, offset, data):
        self._flash.program(self._start + offset, data)

    def erase(self, offset):
        self._flash.erase(self._start + offset)


class Unit:
    """Two sectors of keys and a small ring, through power cuts at any operation, changes of key and rot."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.flash = RamFlash(KEY_SECTORS + RING_SECTORS, SECTOR_BYTES)
        self.flash.keep_bits = lambda _: self.chance.getrandbits(8)
        self.ring = Window(self.flash, KEY_SECTORS, RING_SECTORS)
        self.first_keys = []
        self.now_ms = 0

    def image(self):
        return bytes(self.flash.data[KEY_SECTORS * SECTOR_BYTES :])

    def open(self):
        self.seal = Seal(self.flash, 0)
        self.log = Journal(self.ring, SERIAL, carry, self.seal)
        return self.log

    def live(self, turns):
        """Lives that power cuts end, each."""
        for _ in range(turns):
            self.flash.cut_after = self.flash.operations + self.chance.randrange(1, self.chance.choice((20, 200)))
            try:
                self.open()
                self.seal.destroy_past()
                while True:
                    self.work()
            except PowerCut:
                continue
        self.flash.cut_after = None

    def work(self):
        chance = self.chance
        self.now_ms += 1
        # A new era begins only once the one before was announced.
        if self.seal.is_changing() or self.log.is_seal_overdue():
            self.log.change_key(self.now_ms)
        elif chance.random() < (0.01 if self.first_keys else 0.1):
            self.first_keys.append(chance.randbytes(seal.KEY_BYTES))
            self.seal.give(self.first_keys[-1])
            self.log.change_key(self.now_ms)
        kind = chance.choice((records.ALERT, 200)) if self.seal.epoch else records.BOOT
        payload = bytes(4) if kind == records.BOOT else chance.randbytes(chance.randrange(65))
        self.log.append(kind, payload, self.now_ms)
        if chance.random() < 0.2:
            self.now_ms += 20000
            while self.log.tidy(self.now_ms):
                pass

    def rot(self, count):
        """Let bits flip in records and headers; but in the newest records, whose loss looks like a cut's."""
        sectors = [independent_flash.read_sector(self.image()[at : at + SECTOR_BYTES]) for at in self.starts()]
        newest = max(sector.sequence for sector in sectors if sector)
        for _ in range(count):
            place, sector = self.chance.choice([(i, s) for i, s in enumerate(sectors) if s])
            lengths = [len(independent_flash.padded(record)) for record in sector.records]
            if sector.sequence == newest:
                del lengths[-1:]
            header = layout.SECTOR_HEAD_BYTES
            reach = header + sum(lengths)
            begin = header if sector.sequence == newest else 0
            if reach > begin:
                at = (KEY_SECTORS + place) * SECTOR_BYTES + self.chance.randrange(begin, reach)
                self.flash.data[at] ^= 1 << self.chance.randrange(8)

    def starts(self):
        return range(0, RING_SECTORS * SECTOR_BYTES, SECTOR_BYTES)


def spans_of(items, first, chain, epoch):
    """[(first, chain, epoch, records)] of a file's items, as `layout.Span` has it; what holds no record is left out."""
    spans = [(first, chain or layout.UNKNOWN, epoch, [])]
    for item in items:
        if isinstance(item, Break):
            spans.append((item.first, item.chain or layout.UNKNOWN, item.epoch, []))
        else:
            spans[-1][3].append(item.raw)
    return [span for span in spans if span[3]]


lives = given(seed=st.integers(0, 1 << 32), turns=st.integers(1, 12))


@settings(max_examples=60, deadline=None, derandomize=True)
@lives
def test_flash_that_lived_through_power_cuts_is_read_alike_and_its_file_is_intact(seed, turns):
    unit = Unit(seed)
    unit.live(turns)
    unit.open()  # recovery may have to begin anew after a cut in the very first operation
    found = independent_flash.read_ring(unit.image(), SECTOR_BYTES)
    read = Reading(unit.ring)
    assert (found.first, found.chain, found.epoch) == (read.first, read.chain, read.epoch)
    assert [record.raw for record in found.items] == [record.raw for record in read.records]
    data = independent.write_ilj(1, 1, SERIAL, found.first, found.chain, found.items, found.epoch)
    assert as_file(read) == data
    for keys in (unit.first_keys, []):
        assert verify(data, keys) == independent.Verdict(True, None, "intact")
        assert ours(data, keys) == (True, None)


@settings(max_examples=60, deadline=None, derandomize=True)
@lives
def test_flash_in_which_bits_rotted_is_read_alike_and_its_file_says_what_is_missing(seed, turns):
    unit = Unit(seed)
    for _ in range(3):
        unit.live(turns)
        unit.open()
        unit.rot(unit.chance.randrange(4))
    found = independent_flash.read_ring(unit.image(), SECTOR_BYTES)
    read = Reading(unit.ring)
    spans = [(s.first, s.chain, s.epoch, [r.raw for r in s.records]) for s in read.spans if s.records]
    assert spans_of(found.items, found.first, found.chain, found.epoch) == spans
    for data in (
        independent.write_ilj(1, 1, SERIAL, found.first, found.chain, found.items, found.epoch),
        as_file(read),
    ):
        for keys in (unit.first_keys, []):
            assert theirs(data, keys) == ours(data, keys) == (True, None)


@settings(max_examples=20, deadline=None, derandomize=True)
@lives
def test_holes_in_the_sectors_own_numbers_are_no_damage_to_any_reader(seed, turns):
    unit = Unit(seed)
    unit.live(turns)
    unit.open()
    before, told = as_file(Reading(unit.ring)), independent_flash.recover(unit.image(), SECTOR_BYTES)
    for index in range(RING_SECTORS):
        head = layout.read_head(unit.ring, index)
        if head is not None:
            head.number += unit.chance.randrange(3) + 3 * head.number
            at = (KEY_SECTORS + index) * SECTOR_BYTES
            unit.flash.data[at : at + layout.SECTOR_HEAD_BYTES] = head.encode()
    found = independent_flash.read_ring(unit.image(), SECTOR_BYTES)
    data = independent.write_ilj(1, 1, SERIAL, found.first, found.chain, found.items, found.epoch)
    assert data == before == as_file(Reading(unit.ring))
    assert independent_flash.recover(unit.image(), SECTOR_BYTES) == told
    cursor = Cursor(unit.ring, found.first)
    assert [record.raw for record in found.items] == [record.raw for record in iter(cursor.take, None)]
    assert ours(data, unit.first_keys) == theirs(data, unit.first_keys) == (True, None)


@settings(max_examples=60, deadline=None, derandomize=True)
@lives
def test_opening_finds_where_the_text_says_and_writing_goes_on_there(seed, turns):
    unit = Unit(seed)
    unit.live(turns)
    unit.open()
    if unit.chance.random() < 0.5:
        unit.rot(2)
    told = independent_flash.recover(unit.image(), SECTOR_BYTES)
    log = unit.open()
    assert (log.sequence, log.head, log.boot, log.recovered_torn) == (
        told.following,
        told.chain,
        told.boot,
        told.traces,
    )
    before = unit.image()
    log.append(records.BOOT, bytes(4), 0)
    place = told.place * SECTOR_BYTES
    if told.new_sector or told.free + 28 > SECTOR_BYTES:
        assert unit.image()[place : place + SECTOR_BYTES] == before[place : place + SECTOR_BYTES]
    else:
        written = independent.record_at(unit.image(), place + told.free)
        assert written is not None and written.sequence == told.following


@settings(max_examples=60, deadline=None, derandomize=True)
@lives
def test_the_key_in_force_is_the_one_that_the_text_says_and_those_before_are_gone(seed, turns):
    unit = Unit(seed)
    unit.live(turns)
    unit.open()
    unit.seal.destroy_past()
    if unit.log.is_seal_overdue():
        unit.log.change_key(unit.now_ms)
    held = keylog.KeyLog(unit.flash, 0, seal.KEY_BYTES)
    sectors = [bytes(unit.flash.data[at : at + SECTOR_BYTES]) for at in (0, SECTOR_BYTES)]
    told = independent_seal.key_in_force(*sectors)
    assert told == (None if held.number is None else (held.number, held.secret))
    states = [state for sector in sectors for state, _, _ in independent_seal.slots(sector)]
    assert states.count("key") == (told is not None)
    if told is not None:
        era, n = independent_seal.split_epoch(told[0])
        assert told[1] in [independent_seal.key_after(key, n) for key in unit.first_keys]
        assert told[0] == unit.seal.epoch and "torn" not in states and 0 < era <= len(unit.first_keys)
