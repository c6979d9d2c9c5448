"""What the journals of a force say, decoded and joined: uses of each weapon (`uses.py`), recordings of each camera, and
the exchanges that tie their clocks. Facts only; judgement is in `verdict.py`."""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from interlock.core import receiver, records
from interlock.core.layout import Record
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from ..clocks.exchange import Bound, Segment, Span, offset_at
from ..clocks.unit_clock import HOST_U_MS, UnitClock
from .recordings import Recording, recordings_of
from .uses import Use, uses_of


class UnitJournal(NamedTuple):
    """One unit's journal. `complete`: no alteration and no gap was found in it."""

    unit: int
    role: int
    records: tuple[Record, ...]
    complete: bool


@dataclass
class Evidence:
    """All journals joined. `complete`: units whose journals leave nothing open; `clocks`: of each unit."""

    uses: list[Use]
    recordings: dict[int, list[Recording]]
    complete: set[int]
    bounds: dict[tuple[Segment, Segment], list[Bound]]
    clocks: dict[int, UnitClock]

    def offset(self, here: Segment, there: Segment, here_ms: float) -> Span | None:
        """How far the clock of `there` is ahead of `here`, at `here_ms`; None when nothing ties them.

        By what the units said to each other, and by UTC where both were set; where these disagree, a host's clock was
        wrong, and UTC does not count."""
        if here == there:
            return Span(0.0, 0.0)
        exchanged = self.bounds.get((here, there), ())
        by_utc = self._offset_by_utc(here, there, here_ms)
        joined = None if by_utc is None else offset_at([*exchanged, Bound(here_ms, by_utc)], here_ms)
        return offset_at(exchanged, here_ms) if joined is None else joined

    def _offset_by_utc(self, here: Segment, there: Segment, here_ms: float) -> Span | None:
        ours, theirs = self.clocks.get(here.unit), self.clocks.get(there.unit)
        utc = None if ours is None else ours.span(here.boot, here_ms)
        if utc is None or theirs is None:
            return None
        # Each of the two may have been set by another host.
        there_ms = theirs.uptime(there.boot, Span(utc.low - 2 * HOST_U_MS, utc.high + 2 * HOST_U_MS))
        return None if there_ms is None else Span(there_ms.low - here_ms, there_ms.high - here_ms)


def gather(journals: Iterable[UnitJournal]) -> Evidence:
    """Join the journals of all units that are at hand."""
    journals = list(journals)
    uses = [use for j in journals if j.role & ROLE_HOLSTER for use in uses_of(j.unit, j.records)]
    cameras = [j for j in journals if j.role & ROLE_CAMERA]
    bounds: dict[tuple[Segment, Segment], list[Bound]] = defaultdict(list)
    for camera in cameras:
        ears = _Ears(camera)
        for use in uses:
            for event in use.events:
                if (use.unit, event.counter) in ears.crews:
                    use.add_near(camera.unit, ears.crews[use.unit, event.counter])
            for there, bound in _exchanges(use, ears):
                bounds[Segment(use.unit, use.boot), there].append(bound)
    return Evidence(
        uses=uses,
        recordings={j.unit: recordings_of(j.records) for j in cameras},
        complete={j.unit for j in cameras if j.complete},
        bounds=dict(bounds),
        clocks={j.unit: UnitClock(j.records) for j in journals},
    )


class _Ears:
    """What a camera heard of each sender and what it aired itself: (counter, boot, uptime of the record), sorted; and
    whom it had heard when it followed a weapon, by that weapon's (unit, counter)."""

    def __init__(self, camera: UnitJournal) -> None:
        self.unit = camera.unit
        self.heard: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self.aired: list[tuple[int, int, int]] = []
        self.crews: dict[tuple[int, int], list[records.CrewMember]] = {}
        trigger = None
        for record in camera.records:
            fields = record.fields() if record.kind in (records.HEARD, records.AIRED, records.CREW) else None
            before, trigger = trigger, None
            if fields is None:
                continue
            if record.kind == records.CREW:
                if before is not None:
                    self.crews[before] = fields
                continue
            if record.kind == records.AIRED:
                self.aired.append((fields.counter, record.boot, record.uptime_ms))
                continue
            trigger = (fields.sender, fields.counter)  # the crew's record is right behind it
            if fields.kind != receiver.OWN_STALE:
                self.heard[fields.sender].append((fields.counter, record.boot, record.uptime_ms))
        for several in (self.aired, *self.heard.values()):
            several.sort()


def _within(found: list[tuple[int, int, int]], first: float, last: float) -> list[tuple[int, int, int]]:
    return found[bisect_left(found, first, key=_counter) : bisect_right(found, last, key=_counter)]


def _counter(found: tuple[int, int, int]) -> float:
    return found[0]


def _exchanges(use: Use, camera: _Ears) -> Iterable[tuple[Segment, Bound]]:
    aired = {event.counter: event.aired_ms for event in use.events if event.counter}
    heard = camera.heard.get(use.unit, [])
    for counter, boot, there_ms in _within(heard, min(aired, default=0), max(aired, default=0)):
        if counter in aired:
            here_ms = aired[counter]
            yield Segment(camera.unit, boot), Bound(here_ms, Span(-math.inf, there_ms - here_ms))
    first, last = min(aired, default=0), math.inf if use.end_ms is None else max(aired, default=0)
    for answer in use.answers:
        if answer.camera == camera.unit:
            for _, boot, there_ms in _within(heard, first, min(answer.counter, last)):
                yield Segment(camera.unit, boot), Bound(answer.at_ms, Span(there_ms - answer.at_ms, math.inf))
    for testimony in use.testimonies:
        if testimony.camera == camera.unit:
            # Of all that it aired before, the newest of each boot bounds best.
            newest = {boot: there_ms for _, boot, there_ms in _within(camera.aired, 0, testimony.counter)}
            for boot, there_ms in newest.items():
                yield Segment(camera.unit, boot), Bound(testimony.at_ms, Span(there_ms - testimony.at_ms, math.inf))
