"""What is written in the lives that `sweep.py` cuts short, and what must be true after every cut."""

from contextlib import suppress
from typing import Any

from interlock.core import journal, records, settings
from interlock.core.journal import Journal, JournalError, Reading
from interlock.core.settings import DEFAULT_POLICY, ROLE_COMBINED, Partner, Settings
from interlock.station import Station

from .sweep import Flash

SERIAL = b"POWERCUT"
SECTORS, SECTOR_BYTES = 4, 512
UNKNOWN_TYPE = 200  # of a newer firmware: kept like any other
# What a journal writes of its own accord, between the records asked of it.
OF_ITS_OWN = (records.RESERVE, records.CONFIG, records.PEERS, records.LOSS, records.BOOT, records.TORN)


def verified(flash: Flash) -> list[journal.Record]:
    """All records held, their chain and sequence checked; none when nothing was written yet."""
    try:
        reading = Reading(flash)
    except JournalError:
        return []
    chain, sequence = reading.chain, reading.first
    if sequence == 0:
        assert chain == journal.chain_start(SERIAL), "the first record follows the start of the chain"
    for record in reading.records:
        assert record.sequence == sequence, f"hole or repeat: {record.sequence} where {sequence} was due"
        chain = journal.chain_next(chain, record.body)
        assert record.tag == chain[: journal.TAG_BYTES], f"record {sequence} does not fit the chain"
        known = record.kind in records.TYPE_NAMES
        assert not known or record.fields() is not None, f"record {sequence} cannot be read"
        sequence += 1
    return reading.records


class Acknowledged:
    """The records reported as written, and those that were being written when something failed."""

    def __init__(self) -> None:
        self.written: dict[int, tuple[int, bytes]] = {}
        self.pending: set[tuple[int, bytes]] = set()

    def copy(self) -> "Acknowledged":
        other = Acknowledged()
        other.written, other.pending = dict(self.written), set(self.pending)
        return other

    def append(self, log: Journal, kind: int, payload: bytes, now_ms: int) -> bool:
        """Whether it was reported as written. A flash that fails costs the record, as `Station.record` has it."""
        self.pending.add((kind, payload))
        try:
            sequence = log.append(kind, payload, now_ms)
        except OSError:
            return False
        assert sequence not in self.written, f"sequence number {sequence} is used twice"
        self.written[sequence] = (kind, payload)
        self.pending.discard((kind, payload))
        return True

    def check(self, flash: Flash) -> None:
        held = verified(flash)
        if not held:
            # Sectors are opened one ahead of their records, so only an empty journal holds none.
            assert not self.written, "all records are gone"
            return
        oldest = held[0].sequence
        found = {record.sequence: (record.kind, record.payload) for record in held}
        for sequence, wrote in self.written.items():
            if sequence >= oldest:
                assert found.get(sequence) == wrote, f"record {sequence} was reported as written and is not there"
        for sequence, there in found.items():
            known = sequence in self.written or there in self.pending or there[0] in OF_ITS_OWN
            assert known, f"record {sequence} was never asked for"
            self.written[sequence] = there  # whoever read the journal now has seen it: it may not go again
        headers = [journal.read_header(flash, i) for i in range(flash.size // flash.sector_bytes)]
        opened = [header for header in headers if header is not None]
        newest = max(sequence for sequence, _ in opened)
        assert len(opened) >= min(newest + 1, len(headers) - 1), "more of the ring was dropped than one sector"


class JournalStory:
    """A bare journal with carried facts. `before`: records written before the first life; `count`: in each life;
    `tidy_every`: erase ahead after so many records, 0 for never."""

    def __init__(self, before: int, count: int, tidy_every: int, payloads: tuple[int, ...] = (4, 0, 13, 64)) -> None:
        self.flash = Flash(SECTORS, SECTOR_BYTES)
        self.count, self.tidy_every, self.payloads = before, tidy_every, payloads
        self.known = Acknowledged()
        self.facts = {records.RESERVE: 0, records.PEERS: 0}
        self.live(0)
        self.check()
        self.count = count

    def copy(self) -> "JournalStory":
        other = JournalStory.__new__(JournalStory)
        other.__dict__.update(self.__dict__, flash=self.flash.copy(), known=self.known.copy(), facts=dict(self.facts))
        return other

    def carry(self) -> list[tuple[int, bytes]]:
        return [
            (records.RESERVE, records.pack(records.RESERVE, self.facts[records.RESERVE])),
            (records.PEERS, records.pack_peers({9: self.facts[records.PEERS], 12: 1})[0]),
            (records.CONFIG, records.pack(records.CONFIG, 1, b"CONFIG  ")),
        ]

    def live(self, life: int) -> None:
        log = Journal(self.flash, SERIAL, self.carry)
        self._check_facts(log)
        for kind, payload in self.carry():
            self.known.append(log, kind, payload, 0)
        for i in range(self.count):
            if i % 5 == 0:
                self._raise_fact(log, records.RESERVE if i % 2 else records.PEERS)
            size = self.payloads[i % len(self.payloads)]
            self.known.append(log, records.EVENT if size == 13 else UNKNOWN_TYPE, bytes([i & 0xFF]) * size, i)
            if self.tidy_every and i % self.tidy_every == 0:
                with suppress(OSError):
                    log.tidy(i)

    def _raise_fact(self, log: Journal, kind: int) -> None:
        wanted = self.facts[kind] + 1
        if kind == records.RESERVE:
            payload = records.pack(records.RESERVE, wanted)
        else:
            payload = records.pack_peers({9: wanted})[0]
        if self.known.append(log, kind, payload, 1):
            self.facts[kind] = wanted

    def _check_facts(self, log: Journal) -> None:
        """What was reported before the cut is found by recovery; what was under way may be."""
        ceiling = max([r.fields().ceiling for r in log.recent if r.kind == records.RESERVE], default=0)
        marks = [dict(r.fields()).get(9, 0) for r in log.recent if r.kind == records.PEERS]
        for kind, found in ((records.RESERVE, ceiling), (records.PEERS, max(marks, default=0))):
            assert self.facts[kind] <= found <= self.facts[kind] + 1, f"fact {kind}: {found}, not {self.facts[kind]}"
            self.facts[kind] = found

    def check(self) -> None:
        self.known.check(self.flash)


class SilentRadio:
    """Nothing is aired: a station's counters and journal are what is looked at."""

    def advertise(self, frame: bytes, interval_ms: int) -> bool:
        return True

    def silence(self) -> bool:
        return True


def config(role: int = ROLE_COMBINED) -> Settings:
    partners = [Partner(2, ROLE_COMBINED, b"p" * 32, b"q" * 32)]
    return Settings(1, SERIAL, 1, role, b"u" * 32, b"g" * 32, partners, DEFAULT_POLICY)


class StationStory:
    """A unit that airs frames and hears its partner, life after life. `uses`: frames aired in a life."""

    def __init__(self, uses: int, before: int = 0, sectors: int = SECTORS) -> None:
        self.flash = Flash(sectors, 1024)
        self.uses = uses
        self.aired: set[int] = set()
        self.heard = 0
        self.marked = 0
        self.boots = 0
        self.now = 0
        for _ in range(before):
            self.live(0)
            self.check()

    def copy(self) -> "StationStory":
        other = StationStory.__new__(StationStory)
        other.__dict__.update(self.__dict__, flash=self.flash.copy(), aired=set(self.aired))
        return other

    def live(self, life: int) -> None:
        radio: Any = SilentRadio()
        station = Station(config(), self.flash, radio, lambda: self.now & 0x3FFFFFFF, 1)
        assert station.marks.get(2, 0) >= self.marked, "a mark that was journalled is forgotten: replay is open"
        assert station.journal.boot > self.boots, "a boot number is used twice"
        self.boots = station.journal.boot
        for i in range(self.uses):
            self.now += 2000
            counter = station.use_counter()
            assert counter not in self.aired, f"counter {counter} is used twice"
            self.aired.add(counter)
            event = (1, 0, counter, 1, 1, records.AGO_NONE, 0)
            station.record(records.EVENT, records.pack(records.EVENT, *event))
            if i % 3 == 0:
                self.heard += 1
                station.receiver.marks[2] = self.heard
                heard = (2, self.heard, 1, 0x10, bytes(4))
                if station.record(records.HEARD, records.pack(records.HEARD, *heard)):
                    self.marked = self.heard
            station.reserve()
            if i % 5 == 4:
                station.tidy()

    def check(self) -> None:
        verified(self.flash)


class SettingsStory:
    """Settings replaced life after life: always the old ones or the new ones."""

    def __init__(self) -> None:
        self.flash = Flash(settings.SECTORS, 1024)
        self.allowed: list[Settings | None] = [None]
        self.store(1)

    def copy(self) -> "SettingsStory":
        other = SettingsStory.__new__(SettingsStory)
        other.flash, other.allowed = self.flash.copy(), list(self.allowed)
        return other

    def store(self, revision: int) -> None:
        wanted = config()._replace(revision=revision, serial=b"SET%05d" % revision)
        self.allowed = [settings.load(self.flash), wanted]
        settings.store(self.flash, wanted)
        self.allowed = [wanted]

    def live(self, life: int) -> None:
        present = settings.load(self.flash)
        assert present is not None
        for revision in range(present.revision + 1, present.revision + 3):
            self.store(revision)

    def check(self) -> None:
        assert settings.load(self.flash) in self.allowed, "neither the old settings nor the new ones are in force"
