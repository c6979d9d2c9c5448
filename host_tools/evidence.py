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
    """One stretch of tally on a camera unit's clock. `end_ms`: last moment that is proven. `proven`: the tally had
    been seen off before."""

    boot: int
    start_ms: int
    end_ms: int
    buffer_ms: int
    proven: bool


@dataclass
class Use:
    """From the weapon's leaving to its return. `end_ms`: None when no return was journalled in this boot."""

    unit: int
    boot: int
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    testimonies: list[Testimony] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    end_ms: int | None = None


@dataclass
class Evidence:
    """All journals joined. `cameras`: units whose journals are complete."""

    uses: list[Use]
    recordings: dict[int, list[Recording]]
    complete: set[int]
    bounds: dict[tuple[Segment, Segment], list[Bound]]

    def offset(self, here: Segment, there: Segment, here_ms: float) -> Span | None:
        """How far the clock of `there` is ahead of `here`, at `here_ms`; None when nothing ties them."""
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
    last_ms: dict[int, int] = {}
    open_at: int | None = None
    for record in journal.records:
        if record.kind == records.BOOT:
            open_at = None
        last_ms[record.boot] = record.uptime_ms
        fields = record.fields() if record.kind == records.RECORDER else None
        if fields is None:
            continue
        edge_ms = record.uptime_ms - fields.tally_ago_ms
        if fields.tally and open_at is None:
            open_at = len(found)
            buffer_ms = fields.buffer_100ms * 100
            found.append(Recording(record.boot, edge_ms, record.uptime_ms, buffer_ms, bool(fields.seen_off)))
        elif not fields.tally and open_at is not None:
            found[open_at] = found[open_at]._replace(end_ms=edge_ms)
            open_at = None
    # A stop would have been journalled at once: what was on is proven up to the last record of its boot.
    if open_at is not None:
        found[open_at] = found[open_at]._replace(end_ms=last_ms[found[open_at].boot])
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
