"""What a report is made from: each unit's journal with its holes, and whether it covers a given use.

A journal that is intact may still say nothing of a use: it was pulled before the use, or has a gap there. `narrowed`
leaves, for one use, only the cameras whose journals cover it, and only the recordings that may belong to it. So
*unwitnessed* is claimed only where the journals are there that would show a recording.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from interlock.core import records
from interlock.core.layout import Record

from ..clocks.exchange import Segment, Span, offset_at
from ..clocks.unit_clock import HOST_U_MS, UnitClock
from ..journal_file import Altered, Verdict
from ..judging.evidence import Evidence, UnitJournal
from ..judging.recordings import Recording
from ..judging.uses import Use
from ..judging.verdict import GRACE_MS
from ..store.lines import Arrival, Branch, Conflict, Gap, StoredJournal
from ..store.rows import AnnotationRow
from ..verifying import gaps
from .doubted import doubted_from, doubted_in
from .reach import Reach, begins_at, over_at


class Point(NamedTuple):
    """A moment on a unit's clock."""

    boot: int
    ms: float


class Hole(NamedTuple):
    """What the journal does not tell: from `after` (None: from the beginning) until `until` (None: for ever).
    `read_ms`: UTC of the pull up to which nothing is missing."""

    after: Point | None
    until: Point | None
    read_ms: int | None = None


@dataclass(frozen=True)
class Held:
    """One unit and what is held of it. `altered`: where it is not as it was written, in words, or None; `findings`: all
    that an auditor must know of the journal; `read_ms`: when it was last pulled to its end, UTC by the host's clock,
    or None: never; `pulled`: whether there is a journal at all; `vouched`: records that the seal and those that
    signatures vouch for, None: not asked; `annotations`: all that people ever said of its records; `doubted`: from this
    record on the journal is altered, or something contradicts it, None: nowhere."""

    serial: str
    unit: int
    role: int
    name: str
    records: tuple[Record, ...]
    pulled: bool
    altered: str | None
    findings: tuple[str, ...]
    gaps: tuple[Gap, ...]
    conflicts: tuple[Conflict, ...]
    branches: tuple[Branch, ...]
    arrivals: tuple[Arrival, ...]
    read_ms: int | None
    vouched: tuple[int, int] | None = None
    annotations: tuple[AnnotationRow, ...] = ()
    doubted: int | None = None

    def audited(
        self, altered: str | None, findings: tuple[str, ...], sealed: int, signed: int, doubted: int | None = None
    ) -> "Held":
        """The same, as `verifying/` judges it with all that is known beside it."""
        return replace(self, altered=altered, findings=findings, vouched=(sealed, signed), doubted=doubted)

    def annotated(self, annotations: Iterable[AnnotationRow]) -> "Held":
        """The same, with what people say of its records."""
        return replace(self, annotations=tuple(annotations))

    def named(self, unit: int, role: int, name: str) -> "Held":
        """The same, as somebody knows it who knows better."""
        return replace(self, unit=unit, role=role, name=name)

    def journal(self) -> UnitJournal:
        is_complete = self.pulled and not self.findings
        return UnitJournal(self.unit, self.role, self.records, is_complete, self.doubted)

    def came_ms(self, sequence: int) -> int | None:
        """When this record first came to a host, UTC by that host's clock: whatever it tells of was past then."""
        return min((a.utc_ms for a in self.arrivals if a.first <= sequence <= a.last), default=None)

    @cached_property
    def last_of_boot(self) -> dict[int, Record]:
        """The last record of each boot."""
        return {record.boot: record for record in self.records}

    @cached_property
    def recorder_known(self) -> list[Record]:
        """Records that say how the camera's recorder is: at each boot and at each change there is one."""
        return [record for record in self.records if record.kind == records.RECORDER]

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """Where something may be missing, oldest first. The last one is what came after the last pull."""
        found: list[Hole] = []
        before: Record | None = None
        for record in self.records:
            if record.sequence != (0 if before is None else before.sequence + 1):
                found.append(Hole(_point(before), self._known_from(record.sequence)))
            before = record
        return (*found, Hole(_point(before), None, self.read_ms))

    def _known_from(self, sequence: int) -> Point | None:
        """From where on, behind a gap that ends here, a camera's recorder is known again."""
        place = bisect_left(self.recorder_known, sequence, key=lambda record: record.sequence)
        return _point(self.recorder_known[place]) if place < len(self.recorder_known) else None


def _point(record: Record | None) -> Point | None:
    return None if record is None else Point(record.boot, record.uptime_ms)


def from_store(stored: StoredJournal) -> Held:
    altered = stored.verdict.reason if isinstance(stored.verdict, Altered) else None
    doubts = [first for first in (doubted_in(stored.verdict), doubted_from(stored.told)) if first is not None]
    return Held(
        stored.serial,
        stored.header.unit,
        stored.header.role,
        stored.name or stored.serial,
        stored.records,
        bool(stored.records or stored.heads),
        altered,
        stored.findings,
        stored.gaps,
        stored.conflicts,
        stored.branches,
        stored.arrivals,
        max((head.utc_ms for head in stored.heads), default=None),
        doubted=min(doubts, default=None),
    )


def from_verdict(serial: str, name: str, verdict: Verdict, read_ms: int) -> Held:
    """Of a journal file that was read to its end at `read_ms` (UTC, ms since 1970)."""
    assert verdict.header is not None, "without a header nobody knows whose journal it is"
    header, found = verdict.header, verdict.records
    altered = verdict.reason if isinstance(verdict, Altered) else None
    missing = _missing(header.first, found)
    came = (Arrival(found[0].sequence, found[-1].sequence, "", read_ms),) if found else ()
    findings = () if altered is None else (f"altered: {altered}",)
    return Held(
        serial, header.unit, header.role, name, found, True, altered, findings, missing, (), (), came, read_ms,
        doubted=doubted_in(verdict),
    )  # fmt: skip


def _missing(first: int, found: tuple[Record, ...]) -> tuple[Gap, ...]:
    """What a file lacks: what its unit's ring has eaten before `first`, and its holes."""
    missing = [Gap(0, first - 1, True)] if first else []
    due, told = first, gaps.reasons(found)
    for record in found:
        if record.sequence > due:
            missing.append(Gap(due, record.sequence - 1, bool(gaps.explain(due, record.sequence - 1, *told))))
        due = record.sequence + 1
    return tuple(missing)


def unpulled(serial: str, unit: int, role: int, name: str) -> Held:
    """A unit that is known and of which nothing was pulled."""
    return Held(serial, unit, role, name, (), False, None, (), (), (), (), (), None)


class Timeline:
    """Whether moments of a camera's journal lie before or after a use, as far as anything proves it."""

    def __init__(self, evidence: Evidence, weapon: Held, camera: Held, use: Use) -> None:
        begin_ms, end_ms = _span_of(use)
        self._clock = evidence.tying(camera.unit) or UnitClock(())
        self._camera = camera
        known = evidence.clocks.get(camera.unit) or self._clock
        self._order = {boot: place for place, boot in enumerate(known.boots)}
        self.utc = utc_of(evidence.tying(weapon.unit) or UnitClock(()), weapon, use)
        here = Segment(use.unit, use.boot)
        # The use on the clocks of this camera's boots, by what the two said to each other then.
        self._there: dict[int, Span] = {}
        if camera.unit == use.unit:
            self._there[use.boot] = Span(begin_ms, end_ms)
        for boot in self._order:
            bounds = evidence.bounds.get((here, Segment(camera.unit, boot)))
            if bounds is None:
                continue
            begin, end = offset_at(bounds, begin_ms), offset_at(bounds, end_ms)
            if begin is not None and end is not None:
                self._there[boot] = Span(begin_ms + begin.low, end_ms + end.high)

    def is_past(self, point: Point) -> bool:
        """Whether `point` certainly lies before the use began."""
        for boot, there in self._there.items():
            # What a boot before this one tells is past where the use began in this one at the earliest.
            before_ms = point.ms if point.boot == boot else 0.0
            if self._order[point.boot] <= self._order[boot] and before_ms <= there.low:
                return True
        high_ms = self._clock.between(*point).high_ms
        return high_ms is not None and high_ms + 2 * HOST_U_MS <= self.utc.low

    def is_to_come(self, point: Point) -> bool:
        """Whether `point` certainly lies after the use, and the time in which a late recording counts, was over."""
        for boot, there in self._there.items():
            # And what a later one tells is to come where this one lasted longer than the use.
            after_ms = point.ms if point.boot == boot else self._camera.last_of_boot[boot].uptime_ms
            if self._order[point.boot] >= self._order[boot] and after_ms >= there.high:
                return True
        low_ms = self._clock.between(*point).low_ms
        return low_ms is not None and self.is_to_come_utc(low_ms)

    def is_to_come_utc(self, utc_ms: float) -> bool:
        return utc_ms >= self.utc.high + 2 * HOST_U_MS

    def covers(self) -> bool:
        """Whether nothing that the camera's journal lacks can have been during the use."""
        if not self._camera.pulled or self._camera.findings:
            return False
        return all(self._is_clear(hole) for hole in self._camera.holes)

    def _is_clear(self, hole: Hole) -> bool:
        if hole.read_ms is not None and self.is_to_come_utc(hole.read_ms):
            return True
        if hole.until is not None and self.is_past(hole.until):
            return True
        return hole.after is not None and self.is_to_come(hole.after)

    def may_hold(self, recording: Recording) -> bool:
        """Whether a recording of this camera may be of the use."""
        begins, over = begins_at(recording), over_at(recording)
        if begins is not None and self.is_to_come(Point(*begins)):
            return False
        if over is not None:
            return not self.is_past(Point(*over))
        began = (self._order[recording.boot], recording.end_ms)
        later = (r for r in self._camera.recorder_known if (self._order[r.boot], r.uptime_ms) > began)
        following = _point(next(later, None))
        return following is None or not self.is_past(following)


def _span_of(use: Use) -> Span:
    """On the weapon's clock, with the time in which a late recording counts."""
    end_ms = use.known_ms if use.end_ms is None else use.end_ms
    if use.end is not None and not use.is_sound(use.end.sequence):
        end_ms = max(end_ms, use.sound_ms)
    return Span(use.events[0].at_ms, end_ms + GRACE_MS)


def utc_of(clock: UnitClock, weapon: Held, use: Use) -> Span:
    """The use in UTC, and the time in which a late recording counts; infinite where nothing bounds it."""
    begin_ms, end_ms = _span_of(use)
    low_ms, high_ms = clock.between(use.boot, begin_ms).low_ms, clock.between(use.boot, end_ms).high_ms
    highs = [] if high_ms is None else [high_ms]
    # What a host has read was past: so was the use, by as long as it lay before the newest that was read.
    last = weapon.last_of_boot[use.boot]
    for sequence, at_ms in ((use.events[-1].sequence, use.events[-1].at_ms), (last.sequence, last.uptime_ms)):
        came_ms = weapon.came_ms(sequence) if use.is_sound(sequence) else None
        highs += [] if came_ms is None else [came_ms + end_ms - at_ms]
    return Span(float("-inf") if low_ms is None else low_ms, min(highs, default=float("inf")))


def by_reading(absent: Iterable[Held]) -> list[Held]:
    """Oldest pull first, for `unread`."""
    return sorted(absent, key=lambda camera: (_read_ms(camera), camera.serial))


def unread(absent: Sequence[Held], utc: Span) -> Sequence[Held]:
    """Those of these cameras, of which nothing but the time of the last pull is asked, that were not read after the use
    was certainly over. `absent`: as `by_reading` gives them."""
    return absent[: bisect_left(absent, utc.high + 2 * HOST_U_MS, key=_read_ms)]


def _read_ms(camera: Held) -> float:
    return float("-inf") if camera.read_ms is None else camera.read_ms


def narrowed(
    evidence: Evidence,
    held: Mapping[int, Held],
    use: Use,
    cameras: Iterable[int],
    reaches: dict[int, Reach] | None = None,
) -> Evidence:
    """The evidence as far as it concerns this use: `complete` are those of `cameras` whose journals cover it.
    `reaches`: of the cameras' recordings in this evidence, filled here for the next use."""
    reaches = {} if reaches is None else reaches
    complete: set[int] = set()
    kept = dict(evidence.recordings)
    for number in cameras:
        camera = held.get(number)
        if camera is None:
            continue
        timeline = Timeline(evidence, held[use.unit], camera, use)
        if timeline.covers():
            complete.add(number)
        if number in kept:
            if number not in reaches:
                reaches[number] = Reach(evidence.tying(number) or UnitClock(()), kept[number])
            kept[number] = [found for found in reaches[number].near(timeline.utc) if timeline.may_hold(found)]
    return replace(evidence, complete=complete, recordings=kept)
