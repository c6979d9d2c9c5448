"""What an onlooker who knows the unit's first keys must find in its journal, whatever the power did."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from interlock.core import layout, records
from interlock.core.crypto import Hmac
from interlock.core.journal import Journal
from interlock.core.layout import Record
from interlock.core.reading import Cursor, Reading
from interlock.core.seal import ERA_SHIFT, KEY_BYTES, OPEN_KEY, TAG_BYTES, next_key

SERIAL = b"POWERCUT"
# What a journal writes of its own accord, between the records asked of it.
OF_ITS_OWN = (
    records.RESERVE,
    records.CONFIG,
    records.PEERS,
    records.LOSS,
    records.BOOT,
    records.TORN,
    records.SEAL,
    records.CHECKPOINT,
    records.FAULT,
)


def era_key(era: int) -> bytes:
    """The key that the vault gives for an era: the same if it has to give it again."""
    return hashlib.sha256(b"era %d" % era).digest()[:KEY_BYTES]


@lru_cache(maxsize=1024)
def key_of(epoch: int) -> bytes:
    """What the seal's key must be then, from the era's first one."""
    era, steps = epoch >> ERA_SHIFT, epoch & ((1 << ERA_SHIFT) - 1)
    if epoch == 0:
        return OPEN_KEY
    return era_key(era) if steps == 0 else next_key(key_of(epoch - 1))


@lru_cache(maxsize=1024)
def _mac(epoch: int) -> Hmac:
    return Hmac(key_of(epoch))


class Checked(NamedTuple):
    """The records of one sector, and what is due behind them."""

    records: tuple[Record, ...]
    chains: tuple[bytes, ...]
    epoch: int


# Most sectors are what they were in the branch before.
_sector = lru_cache(maxsize=256)(layout.Sector)


@lru_cache(maxsize=256)
def _checked(data: bytes) -> Checked:
    """Sequence, chain and tags in a sector that holds a journal. Raises AssertionError."""
    sector = _sector(data)
    head = sector.head
    assert head is not None
    sequence, chain, epoch = head.first, head.chain, head.epoch
    if sequence == 0:
        assert chain == layout.chain_start(SERIAL), "the first record follows the start of the chain"
    chains = []
    for record in sector.records:
        assert record.sequence == sequence, f"hole or repeat: {record.sequence} where {sequence} was due"
        tag = _mac(epoch).digest(chain + record.body)[:TAG_BYTES]
        assert record.tag == tag, f"record {sequence} is not sealed with the key of epoch {epoch:#x}"
        chain = layout.chain_next(chain, record.chained)
        chains.append(chain)
        fields = record.fields()
        assert record.kind not in records.TYPE_NAMES or fields is not None, f"record {sequence} cannot be read"
        if record.kind == records.SEAL:
            assert fields.epoch > epoch, f"record {sequence} announces an epoch that is past"
            epoch = fields.epoch
        sequence += 1
    return Checked(tuple(sector.records), tuple(chains), epoch)


class Verified:
    """All records held on the journal's area `flash`: in unbroken sequence and chain, sealed with the keys that the
    first one leads to. Raises AssertionError.

    `first`: sequence of the first; `epoch`: with which the next record is sealed, as the journal tells it; `chains`:
    the value behind each record; `opened`: numbers of the sectors that hold a journal."""

    def __init__(self, flash: Any) -> None:
        sectors = []
        for index in range(flash.size // flash.sector_bytes):
            data = bytearray(flash.sector_bytes)
            flash.read(index * flash.sector_bytes, data)
            sectors.append(bytes(data))
        held = {sector.head.number: data for data in sectors if (sector := _sector(data)).head is not None}
        self.opened = sorted(held)
        self.records: list[Record] = []
        self.chains: list[bytes] = []
        self.first = self.epoch = 0
        for number in self.opened:
            self._join(_sector(held[number]).head, _checked(held[number]))

    def _join(self, head: Any, checked: Checked) -> None:
        if self.opened[0] == head.number:
            self.first = head.first
        else:
            assert head.first == self.first + len(self.records), f"records before {head.first} are gone"
            assert not self.chains or head.chain == self.chains[-1], f"the chain breaks before {head.first}"
            assert head.epoch == self.epoch, f"another epoch begins at {head.first} and no record says so"
        self.records += checked.records
        self.chains += checked.chains
        self.epoch = checked.epoch


class Acknowledged:
    """The records reported as written, and those that were being written when something failed. `worn`: sectors that
    the journal cannot use."""

    worn = 0

    def __init__(self) -> None:
        self.written: dict[int, tuple[int, bytes]] = {}
        self.pending: set[tuple[int, bytes]] = set()

    def copy(self) -> "Acknowledged":
        other = Acknowledged()
        other.written, other.pending, other.worn = dict(self.written), set(self.pending), self.worn
        return other

    def append(self, log: Journal, kind: int, payload: bytes, now_ms: int) -> bool:
        """Whether it was reported as written. A flash that fails costs the record, as `Unit.record` has it."""
        is_pending = (kind, payload) in self.pending
        self.pending.add((kind, payload))
        try:
            sequence = log.append(kind, payload, now_ms)
        except OSError:
            return False
        assert sequence not in self.written, f"sequence number {sequence} is used twice"
        self.written[sequence] = (kind, payload)
        if not is_pending:
            self.pending.discard((kind, payload))
        return True

    def check(self, flash: Any) -> Verified:
        """What is held now, against what was reported."""
        held = Verified(flash)
        if not held.records:
            # Sectors are opened one ahead of their records, so only an empty journal holds none.
            assert not self.written, "all records are gone"
            return held
        oldest = held.first
        found = {record.sequence: (record.kind, record.payload) for record in held.records}
        for sequence, wrote in self.written.items():
            if sequence >= oldest:
                assert found.get(sequence) == wrote, f"record {sequence} was reported as written and is not there"
        for sequence, there in found.items():
            known = sequence in self.written or there in self.pending or there[0] in OF_ITS_OWN
            assert known, f"record {sequence} was never asked for"
            self.written[sequence] = there  # whoever read the journal now has seen it: it may not go again
        sectors = flash.size // flash.sector_bytes
        due = min(held.opened[-1] + 1, sectors - 1 - self.worn)
        assert len(held.opened) >= due, "more of the ring was dropped than one sector"
        return held


def check_loss_told(log: Journal, flash: Any) -> None:
    """Once quiet work is done, the newest loss record says where the journal begins."""
    reading = Reading(flash)
    assert log.first == reading.first, "the journal forgets where it begins"
    told = [record.fields().first_kept for record in reading.records if record.kind == records.LOSS]
    assert reading.first in (0, *told[-1:]), f"records before {reading.first} are lost and nobody says so"


def in_quiet(log: Journal, now_ms: int, most: int = 64) -> None:
    """All the quiet work that is due."""
    for _ in range(most):
        if not log.tidy(now_ms):
            return
    raise AssertionError("quiet work never ends")


def readable(data: bytes, key: bytes) -> bool:
    """Whether four bytes on end of the key are anywhere in `data`."""
    return any(key[at : at + 4] in data for at in range(len(key) - 3))


class Place(NamedTuple):
    """A record and what is known behind it."""

    sequence: int
    raw: bytes
    chain: bytes
    epoch: int


def read_out(flash: Any) -> list[Place]:
    """All that `Reading` gives, record by record; a chain value is UNKNOWN behind a hole."""
    places = []
    for span in Reading(flash).spans:
        chain, epoch = span.chain, span.epoch
        for record in span.records:
            if chain != layout.UNKNOWN:
                chain = layout.chain_next(chain, record.chained)
            fields = record.fields()
            if record.kind == records.SEAL and fields is not None:
                epoch = fields.epoch
            places.append(Place(record.sequence, record.raw, chain, epoch))
    return places


def pulled(flash: Any, sequence: int) -> list[Place]:
    """The same by `Cursor`, from that sequence number on, as a host pulls: anew from where the stream ended."""
    places: list[Place] = []
    while True:
        cursor = Cursor(flash, sequence)
        found = len(places)
        while (record := cursor.take()) is not None:
            places.append(Place(record.sequence, record.raw, cursor.chain, cursor.epoch))
        if len(places) == found:
            return places
        sequence = cursor.sequence


def check_readers_agree(flash: Any, starts: Iterable[int] | None = None) -> list[Place]:
    """Both readers give the same, wherever a pull begins."""
    whole = read_out(flash)
    numbers = [place.sequence for place in whole]
    for start in [0, *numbers, numbers[-1] + 1 if numbers else 1] if starts is None else starts:
        due = [place for place in whole if place.sequence >= start]
        assert pulled(flash, start) == due, f"pulled from {start} it reads differently"
    return whole


def forget() -> None:
    """Nothing of what was read before is believed any more: the code that read it is another one."""
    _sector.cache_clear()
    _checked.cache_clear()
    key_of.cache_clear()
    _mac.cache_clear()
