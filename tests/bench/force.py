"""A force that never was: a group's units over days of service, journal by journal, from a seed.

Two hundred records a unit and day: the dock in the morning (session, clock, assignment), a spark test, recordings of
everyday work, partners that come and go, their heads; and now and then a weapon is drawn, armed, discharged. Frames
carry the chain value of their sender's journal then, clocks drift, batteries are changed, seals go on: the host tools
find nothing wrong. How often things happen is made up (partners come and go until two hundred are full); each kind of
record is what the firmware writes.
"""

import hashlib
import heapq
import hmac
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

from host_tools import journal_file
from host_tools.journal_items import Header
from host_tools.store.store import Store
from interlock.core import camera, frames, receiver, records, watch
from interlock.core.holster import FLAG_FUNCTION_TEST
from interlock.core.layout import chain_start
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .journals import Pen

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
DAY_RECORDS = 200
BEGIN_MS = 1_798_761_600_000  # 2027-01-01, UTC
DOCK_MS = 6 * HOUR_MS  # into the day
SHIFT_MS = 8 * HOUR_MS
SYNC_U_MS = 25
PPM = 25.0  # a crystal's tolerance, one sigma of a uniform one
SEAL_RECORDS = 8
BATTERY_DAYS = 9
DRAWS_A_DAY = 0.25
NEAR = 0.4
STARTS_MS = 900


class Pull(NamedTuple):
    """Records `first` to the one before `following`, read at `utc_ms`; `chain`, `epoch`: before the first one; `after`:
    the chain value behind the last."""

    first: int
    chain: bytes
    epoch: int
    following: int
    after: bytes
    utc_ms: int


@dataclass
class Unit:
    """`raws`: its records; `pulls`: each night's; `first_key`: of its seal, as the vault has it; `ended`: chain value
    and epoch at the last pull's end; `on_ms`: when its recording began, if it `records_on`; `is_near`: its
    partner, as it journalled last."""

    serial: str
    number: int
    role: int
    partner: int
    ppm: float
    first_key: bytes = field(repr=False)
    pen: Pen = field(repr=False)
    ended: tuple[bytes, int] = field(repr=False)
    raws: list[bytes] = field(default_factory=list, repr=False)
    pulls: list[Pull] = field(default_factory=list, repr=False)
    boot: int = 0
    booted_ms: float = 0.0
    counter: int = 0
    ceiling: int = 0
    unsealed: int = 0
    records_on: bool = False
    on_ms: float = 0.0
    is_near: bool = False

    @property
    def serial_bytes(self) -> bytes:
        return self.serial.encode().ljust(8)

    @property
    def head(self) -> bytes:
        return self.pen.chain[: frames.DIGEST_BYTES]

    @property
    def header(self) -> Header:
        return Header(self.role, self.number, self.serial_bytes, 0, chain_start(self.serial_bytes), 0)

    def uptime_ms(self, at_ms: float) -> int:
        return round((at_ms - self.booted_ms) * (1 + self.ppm / 1e6))

    def write(self, at_ms: float, kind: int, *fields: int | bytes) -> None:
        self.put(at_ms, kind, records.pack(kind, *fields))

    def put(self, at_ms: float, kind: int, payload: bytes) -> None:
        self.raws.append(self.pen.record(self.boot, self.uptime_ms(at_ms), kind, payload))
        self.unsealed += 1
        if self.unsealed >= SEAL_RECORDS:
            self.seal(at_ms)

    def count(self, at_ms: float) -> int:
        """The counter of its next frame; reserved before it is used."""
        self.counter += 1
        if self.counter >= self.ceiling:
            self.ceiling = self.counter + receiver.RESERVE_BLOCK
            self.write(at_ms, records.RESERVE, self.ceiling)
        return self.counter

    def seal(self, at_ms: float) -> None:
        self.raws.append(self.pen.change(self.boot, self.uptime_ms(at_ms)))
        self.unsealed = 0

    def file(self) -> bytes:
        """Its journal file."""
        return journal_file.join(self.header, self.raws)


class Group:
    """One shard: `officers` with a holster and a camera each, over `days`."""

    def __init__(self, shard: int, officers: int, days: int, seed: int) -> None:
        self.days = days
        self.name = f"Team {shard}"
        self._random = random.Random(f"{seed} {shard}")
        numbers = count(1 + shard * 2 * officers)
        self.holsters, self.cameras = [], []
        for officer in range(officers):
            weapon, body = next(numbers), next(numbers)
            self.holsters.append(self._unit(f"H{shard:02}{officer:03}", weapon, ROLE_HOLSTER, body))
            self.cameras.append(self._unit(f"C{shard:02}{officer:03}", body, ROLE_CAMERA, weapon))
        self._queue: list[tuple[float, int, Iterator[float]]] = []
        self._order = count()
        for day in range(days):
            self._day(BEGIN_MS + day * DAY_MS, day)

    @property
    def units(self) -> list[Unit]:
        return sorted([*self.holsters, *self.cameras], key=lambda unit: unit.serial)

    @property
    def end_ms(self) -> int:
        """UTC, after the last pull."""
        return BEGIN_MS + (self.days + 1) * DAY_MS

    def _unit(self, serial: str, number: int, role: int, partner: int) -> Unit:
        first_key = hmac.digest(b"a force that never was", serial.encode(), "sha256")[:16]
        pen = Pen(serial.encode().ljust(8), first_key)
        return Unit(serial, number, role, partner, self._random.uniform(-PPM, PPM), first_key, pen, (pen.chain, 0))

    # A day, in the order of true time: whoever acts says when he goes on.

    def _day(self, midnight_ms: float, day: int) -> None:
        self._queue.clear()
        for officer, (holster, body) in enumerate(zip(self.holsters, self.cameras, strict=True)):
            begin_ms = midnight_ms + DOCK_MS + officer * 60_000
            self._begin(begin_ms, self._docked(begin_ms, (holster, body), officer, day))
            self._begin(begin_ms + 600_000, self._used(begin_ms + 600_000, holster, body, frames.DISCHARGE, True))
            for at_ms in self._draws(begin_ms + 1_200_000):
                last = self._random.choices((frames.DRAW, frames.ARM, frames.DISCHARGE), (70, 22, 8))[0]
                self._begin(at_ms, self._used(at_ms, holster, body, last, False))
            for hour in range(1, 9):
                at_ms = begin_ms + hour * HOUR_MS + self._random.uniform(0, 60_000)
                self._begin(at_ms, self._filmed(at_ms, body))
        while self._queue:
            _, _, act = heapq.heappop(self._queue)
            then_ms = next(act, None)
            if then_ms is not None:
                self._begin(then_ms, act)
        for place, unit in enumerate(self.units):
            self._filled(unit, midnight_ms + DOCK_MS + SHIFT_MS + 4 * HOUR_MS + place, (day + 1) * DAY_RECORDS)
        for unit in self.units:
            self._pull(unit, round(midnight_ms + DAY_MS - HOUR_MS))

    def _begin(self, at_ms: float, act: Iterator[float]) -> None:
        heapq.heappush(self._queue, (at_ms, next(self._order), act))

    def _draws(self, from_ms: float) -> Iterator[float]:
        at_ms = from_ms
        while (at_ms := at_ms + self._random.expovariate(DRAWS_A_DAY / SHIFT_MS)) < from_ms + SHIFT_MS:
            yield at_ms

    def _docked(self, at_ms: float, pair: tuple[Unit, Unit], officer: int, day: int) -> Iterator[float]:
        for unit in pair:
            if day % BATTERY_DAYS == officer % BATTERY_DAYS or not unit.boot:
                self._boot(unit, at_ms)
            unit.write(at_ms + 1000, records.SESSION, 2, b"dock    ", 1)
            utc_ms = round(at_ms + 2000 + self._random.uniform(-SYNC_U_MS, SYNC_U_MS))
            unit.write(at_ms + 2000, records.CLOCK, 2, utc_ms, SYNC_U_MS + 2, 0)
            until_s = round((at_ms + SHIFT_MS) / 1000) + 3600
            unit.write(at_ms + 3000, records.ASSIGNED, unit.partner, until_s, 2, b"PC%05d " % (officer + 1))
            unit.write(at_ms + 4000, records.SESSION_END, 0, 0b1011, unit.pen.following)
        if pair[1].records_on:
            return
        yield at_ms + 5000
        self._tally(pair[1], at_ms + 5000, False)

    def _boot(self, unit: Unit, at_ms: float) -> None:
        unit.boot, unit.booted_ms = unit.boot + 1, at_ms
        if unit.boot == 1:
            unit.seal(at_ms)
        unit.write(at_ms + 10, records.BOOT, 1, 0, 1, 0)
        unit.counter = unit.ceiling
        unit.count(at_ms + 20)
        unit.put(at_ms + 30, records.PEERS, records.pack_peers({unit.partner: 0})[0])
        if unit.role == ROLE_CAMERA:
            self._tally(unit, at_ms + 40, False)

    def _tally(self, body: Unit, at_ms: float, on: bool) -> None:
        body.records_on, body.on_ms = on, at_ms
        body.write(at_ms, records.RECORDER, camera.RECORDING if on else camera.STANDBY, int(on), 1, 0, 300)
        if on:
            body.write(at_ms, records.AIRED, body.count(at_ms), frames.RECORDING)

    def _filmed(self, at_ms: float, body: Unit) -> Iterator[float]:
        """Everyday work, recorded by hand."""
        if body.records_on:
            return
        self._tally(body, at_ms, True)
        yield (end_ms := at_ms + self._random.uniform(60_000, 900_000))
        if body.records_on:
            self._tally(body, end_ms, False)

    def _used(self, at_ms: float, holster: Unit, body: Unit, last: int, is_test: bool) -> Iterator[float]:
        """The weapon out, up to `last`, and back; the cameras that hear it."""
        others = [other for other in self.cameras if other is not body and not is_test and self._random.random() < NEAR]
        if is_test:
            holster.write(at_ms - 3000, records.MODE, records.MODE_FUNCTION_TEST, records.MODE_BY_BUTTON, 60)
        was_on = body.records_on
        flags = FLAG_FUNCTION_TEST if is_test else 0
        acks, shots = 0, 0
        kinds = [kind for kind in (frames.DRAW, frames.ARM, frames.DISCHARGE) if kind <= last]
        for kind in [*kinds, frames.REHOLSTER]:
            shots += kind == frames.DISCHARGE
            holster.count(at_ms)
            holster_head = holster.head
            holster.write(at_ms, records.EVENT, kind, flags, holster.counter, 2, 1, records.AGO_NONE, shots)
            yield (heard_ms := at_ms + 12)
            for ear in (body, *others):
                how = receiver.OWN if ear is body else receiver.GROUP
                ear.write(heard_ms, records.HEARD, holster.number, holster.counter, how, kind << 4, holster_head)
            if kind == frames.DRAW:
                # Spark tests are made where the whole team is.
                there = [other for other in self.cameras if other is not body] if is_test else others
                near = [(other.number, 3, records.CREW_READY) for other in there]
                body.put(heard_ms, records.CREW, records.pack_crew(near))
            body_head = body.head
            started_ms = heard_ms + STARTS_MS if not body.records_on else None
            kind_of_ack = frames.PROVEN if body.records_on else frames.HEARD
            body.write(heard_ms + 1, records.ANSWER, holster.number, holster.counter, kind_of_ack << 4)
            since_ms = min(round(heard_ms + 1 - body.on_ms), frames.AGE_MAX_MS) if body.records_on else 0
            yield (acked_ms := heard_ms + 14)
            ack = (body.number, holster.counter, kind_of_ack << 4, since_ms, 30, body_head)
            holster.write(acked_ms, records.ACK, *ack)
            acks += 1
            if started_ms is not None:
                yield started_ms
                self._tally(body, started_ms, True)
                body_head = body.head
                yield started_ms + 15
                ack = (body.number, holster.counter, frames.PROVEN << 4, 15, 30, body_head)
                holster.write(started_ms + 15, records.ACK, *ack)
                acks += 1
            yield (at_ms := at_ms + self._random.uniform(1500, 9000))
        near = [(body.number, 0, records.CREW_OWN | records.CREW_ACKED)]
        near += [(other.number, 2, records.CREW_READY) for other in others]
        holster.put(at_ms, records.CREW, records.pack_crew(near))
        waited = (27, 27 if was_on else STARTS_MS + 27)
        holster.write(at_ms, records.USE, holster.counter, *waited, acks, 0, 0, 0, shots)
        if is_test:
            holster.write(at_ms + 1, records.MODE, records.MODE_NORMAL, records.MODE_USE_OVER, 0)
        if not was_on:
            yield at_ms + 10_000
            if body.records_on:
                self._tally(body, at_ms + 10_000, False)

    def _filled(self, unit: Unit, at_ms: float, target: int) -> None:
        """The rest of the day's records: the partner comes and goes, and once an hour its head is heard."""
        partner = next(other for other in self.units if other.number == unit.partner)
        met_ms = 0.0
        while len(unit.raws) < target:
            at_ms += 41_000
            if at_ms - met_ms >= HOUR_MS:
                met_ms = at_ms
                unit.write(at_ms, records.MET, partner.number, partner.count(at_ms), partner.head)
            else:
                unit.write(at_ms, records.PARTNER, partner.number, watch.MISSING if unit.is_near else watch.GOOD, 0)
                unit.is_near = not unit.is_near

    def _pull(self, unit: Unit, utc_ms: int) -> None:
        first = unit.pulls[-1].following if unit.pulls else 0
        unit.pulls.append(Pull(first, *unit.ended, unit.pen.following, unit.pen.chain, utc_ms))
        unit.ended = unit.pen.chain, unit.pen.epoch


def pull(store: Store, unit: Unit, which: int | None = None) -> int:
    """Store what the dock pulled: each night's, or only this one; how many records."""
    pulls = unit.pulls if which is None else [unit.pulls[which]]
    for first, chain, epoch, following, after, utc_ms in pulls:
        store.add(unit.serial, first, chain, unit.raws[first:following], epoch=epoch, by="dock", utc_ms=utc_ms)
        store.note_head(unit.serial, following, after, utc_ms=utc_ms)
    return sum(one.following - one.first for one in pulls)


def write(folder: Path, group: Group) -> list[Path]:
    """A journal file of each unit."""
    paths = []
    for unit in group.units:
        paths.append(folder / f"{unit.serial}.ilj")
        paths[-1].write_bytes(unit.file())
    return paths


def digest(group: Group) -> str:
    """The same for the same force."""
    whole = hashlib.sha256()
    for unit in group.units:
        for raw in unit.raws:
            whole.update(raw)
    return whole.hexdigest()
