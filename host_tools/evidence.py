"""What the journals of a force say, decoded and joined: uses of each weapon, recordings of each camera, and the
exchanges that tie their clocks. Facts only; judgement is in `verdict.py`."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from interlock.core import frames, receiver, records
from interlock.core.journal import Record
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .exchange import Bound, Segment, Span, offset_at

BEGINS = (frames.DRAW, frames.ARM, frames.DISCHARGE, frames.OUT)
ENDS = (frames.REHOLSTER, frames.STOW)


class UnitJournal(NamedTuple):
    """One unit's journal. `complete`: no alteration and no gap was found in it."""

    unit: int
    role: int
    records: tuple[Record, ...]
    complete: bool


class Event(NamedTuple):
    """A weapon event on its unit's clock. `at_ms`: its edge; `aired_ms`: its first PDU queued."""

    boot: int
    at_ms: int
    aired_ms: int
    event: int
    flags: int
    counter: int


class Answer(NamedTuple):
    """An ack as the holster unit received it: built after every frame up to `counter` was heard."""

    boot: int
    at_ms: int
    camera: int
    counter: int
    kind: int
    reason: int
    since_ms: int
    buffer_ms: int


class Testimony(NamedTuple):
    """A group camera's word that it records, as the holster unit received it."""

    boot: int
    at_ms: int
    camera: int
    counter: int


class Alert(NamedTuple):
    boot: int
    at_ms: int
    code: int


class Recording(NamedTuple):
    """One stretch of tally on a camera unit's clock. `end_ms`: its end, or, unless `ended`, the last moment of which
    the journal knows: it may have gone on. `proven`: its unit believed the tally."""

    boot: int
    start_ms: int
    end_ms: int
    buffer_ms: int
    proven: bool
    ended: bool


@dataclass
class Use:
    """From the weapon's leaving to its return. `end_ms`: None when no return was journalled in this boot; `known_ms`:
    the last moment of which this boot's journal knows."""

    unit: int
    boot: int
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    testimonies: list[Testimony] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    end_ms: int | None = None
    known_ms: int = 0


@dataclass
class Evidence:
    """All journals joined. `cameras`: units whose journals are complete."""

    uses: list[Use]
    recordings: dict[int, list[Recording]]
    complete: set[int]
    bounds: dict[tuple[Segment, Segment], list[Bound]]

    def offset(self, here: Segment, there: Segment, here_ms: float) -> Span | None:
        """How far the clock of `there` is ahead of `here`, at `here_ms`; None when nothing ties them."""
        if here == there:
            return Span(0.0, 0.0)
        return offset_at(self.bounds.get((here, there), ()), here_ms)


def gather(journals: Iterable[UnitJournal]) -> Evidence:
    """Join the journals of all units that are at hand."""
    journals = list(journals)
    uses = [use for j in journals if j.role & ROLE_HOLSTER for use in _uses(j)]
    cameras = [j for j in journals if j.role & ROLE_CAMERA]
    bounds: dict[tuple[Segment, Segment], list[Bound]] = defaultdict(list)
    for camera in cameras:
        for use in uses:
            for there, bound in _exchanges(use, camera):
                bounds[Segment(use.unit, use.boot), there].append(bound)
    return Evidence(
        uses=uses,
        recordings={j.unit: _recordings(j) for j in cameras},
        complete={j.unit for j in cameras if j.complete},
        bounds=dict(bounds),
    )


def _uses(journal: UnitJournal) -> list[Use]:
    uses: list[Use] = []
    current: Use | None = None
    for record in journal.records:
        fields = record.fields()
        if current is not None and record.boot == current.boot:
            current.known_ms = record.uptime_ms
        if fields is None:
            continue
        if record.kind == records.BOOT:
            current = None
        elif record.kind == records.EVENT:
            event = Event(
                record.boot,
                record.uptime_ms - _ago(fields.edge_ago_ms),
                record.uptime_ms - _ago(fields.aired_ago_ms),
                fields.event,
                fields.flags,
                fields.counter,
            )
            if event.event in BEGINS:
                if current is None or current.end_ms is not None:
                    current = Use(journal.unit, record.boot)
                    uses.append(current)
                current.events.append(event)
            elif event.event in ENDS and current is not None:
                current.events.append(event)
                current.end_ms = event.at_ms
        elif current is None:
            continue
        elif record.kind == records.ACK:
            current.answers.append(
                Answer(
                    record.boot,
                    record.uptime_ms,
                    fields.camera,
                    fields.counter,
                    fields.kind_reason >> 4,
                    fields.kind_reason & 0xF,
                    fields.since_ms,
                    fields.buffer_s * 1000,
                )
            )
        elif record.kind == records.WITNESS:
            current.testimonies.append(Testimony(record.boot, record.uptime_ms, fields.camera, fields.counter))
        elif record.kind == records.ALERT:
            current.alerts.append(Alert(record.boot, record.uptime_ms, fields.code))
    return uses


def _ago(value: int) -> int:
    return 0 if value == records.AGO_NONE else value


def _recordings(journal: UnitJournal) -> list[Recording]:
    found: list[Recording] = []
    last_ms = {record.boot: record.uptime_ms for record in journal.records}
    current: Recording | None = None
    for record in journal.records:
        fields = record.fields() if record.kind == records.RECORDER else None
        if current is not None and record.boot != current.boot:
            found.append(current._replace(end_ms=last_ms[current.boot]))
            current = None
        if fields is None:
            continue
        edge_ms = record.uptime_ms - fields.tally_ago_ms
        proven, buffer_ms = bool(fields.believed), fields.buffer_100ms * 100
        if current is not None and not fields.tally:
            found.append(current._replace(end_ms=edge_ms, ended=True))
            current = None
        elif fields.tally and current is None:
            current = Recording(record.boot, edge_ms, record.uptime_ms, buffer_ms, proven, ended=False)
        elif current is not None and current.proven and not proven:
            # From its last sound record on this tally may have lied: one stretch is proven, the next is not.
            found.append(current._replace(ended=True))
            current = Recording(record.boot, current.end_ms, record.uptime_ms, 0, False, ended=False)
        elif current is not None:
            current = current._replace(end_ms=record.uptime_ms)
    # A stop would have been journalled at once: what is on is proven up to the last record of its boot.
    if current is not None:
        found.append(current._replace(end_ms=last_ms[current.boot]))
    return found


def _exchanges(use: Use, camera: UnitJournal) -> Iterable[tuple[Segment, Bound]]:
    aired = {event.counter: event for event in use.events}
    heard: list[tuple[int, int, int]] = []  # counter, boot, uptime of the camera's record
    own_frames: list[tuple[int, int, int]] = []
    for record in camera.records:
        fields = record.fields()
        if record.kind == records.HEARD and fields.sender == use.unit and fields.kind != receiver.OWN_STALE:
            heard.append((fields.counter, record.boot, record.uptime_ms))
        elif record.kind == records.AIRED:
            own_frames.append((fields.counter, record.boot, record.uptime_ms))
    for counter, boot, there_ms in heard:
        if counter in aired:
            here_ms = aired[counter].aired_ms
            yield Segment(camera.unit, boot), Bound(here_ms, Span(-math.inf, there_ms - here_ms))
    first, last = min(aired, default=0), math.inf if use.end_ms is None else max(aired, default=0)
    for answer in use.answers:
        if answer.camera != camera.unit:
            continue
        for counter, boot, there_ms in heard:
            if first <= counter <= min(answer.counter, last):
                yield Segment(camera.unit, boot), Bound(answer.at_ms, Span(there_ms - answer.at_ms, math.inf))
    for testimony in use.testimonies:
        if testimony.camera != camera.unit:
            continue
        for counter, boot, there_ms in own_frames:
            if counter <= testimony.counter:
                yield Segment(camera.unit, boot), Bound(testimony.at_ms, Span(there_ms - testimony.at_ms, math.inf))
