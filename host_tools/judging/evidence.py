"""What the journals of a force say, decoded and joined: uses of each weapon (`uses.py`), recordings of each camera, and
the exchanges that tie their clocks. Facts only; judgement is in `verdict.py`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from interlock.core import records
from interlock.core.layout import Record
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from ..clocks.exchange import Bound, Segment, Span, offset_at
from ..clocks.offsets import Offset, measured
from ..clocks.unit_clock import HOST_U_MS, UnitClock
from .disputes import NO_DISPUTES, Judged, as_others_have_it, judged, unlike
from .exchanges import Ears, Frame, Source, exchanges, within
from .recordings import Recording, recordings_of
from .uses import Answer, Use, uses_of


class UnitJournal(NamedTuple):
    """One unit's journal. `complete`: no alteration and no gap was found in it; `doubted`: from this record on it is
    altered, or something contradicts it, None: nowhere."""

    unit: int
    role: int
    records: tuple[Record, ...]
    complete: bool
    doubted: int | None = None


class Sync(NamedTuple):
    """A record that set a clock, and when on that clock."""

    at_ms: int
    sequence: int


class Place(NamedTuple):
    """A record of a journal, and when."""

    boot: int
    at_ms: int
    sequence: int
    kind: int


class Extent(NamedTuple):
    """What a camera's journal reaches over: its last record, and what is before and behind each gap, and each start of
    its unit."""

    last: Place
    gaps: tuple[tuple[Place, Place], ...]
    starts: tuple[tuple[Place, Place], ...] = ()


@dataclass
class Evidence:
    """All journals joined. `complete`: units whose journals leave nothing open; `clocks`: of each unit; `sources`: of
    each of `bounds`, the records behind it; `doubted`: by unit, from which record on its journal proves nothing, where
    there is one; `sound_clocks`: of those units by what is sound, and of those with a clock that was set wrong
    (`disputed`) by what else there is; `partly`: of a use whose return is not known, those of `complete` whose journals
    cover no more of it than is known; `syncs`: sound records that set each clock;
    `extents`: of the cameras' journals; `answered`: by (camera, weapon), the acks that the camera wrote down;
    `of_weapon`: uses by unit, in order."""

    uses: list[Use]
    recordings: dict[int, list[Recording]]
    complete: set[int]
    bounds: dict[tuple[Segment, Segment], list[Bound]]
    clocks: dict[int, UnitClock]
    sources: Mapping[tuple[Segment, Segment], Sequence[Source]] = field(default_factory=dict)
    syncs: Mapping[Segment, Sequence[Sync]] = field(default_factory=dict)
    extents: Mapping[int, Extent] = field(default_factory=dict)
    answered: Mapping[tuple[int, int], list[Frame]] = field(default_factory=dict)
    of_weapon: Mapping[int, Sequence[Use]] = field(default_factory=dict)
    doubted: Mapping[int, int] = field(default_factory=dict)
    sound_clocks: Mapping[int, UnitClock] = field(default_factory=dict)
    disputed: Judged = NO_DISPUTES
    partly: Set[int] = frozenset()

    def tying(self, unit: int) -> UnitClock | None:
        """The clock of this unit as far as it may tie records to those of others: set by sound records only."""
        return self.sound_clocks.get(unit) or self.clocks.get(unit)

    def offset(self, here: Segment, there: Segment, here_ms: float) -> Span | None:
        """How far the clock of `there` is ahead of `here`, at `here_ms`; None when nothing ties them.

        By what the units said to each other, and by UTC where both were set; where these disagree, a host's clock was
        wrong, and UTC does not count."""
        if here == there:
            return Span(0.0, 0.0)
        exchanged = self.bounds.get((here, there), ())
        by_utc = self.offset_by_utc(here, there, here_ms)
        joined = None if by_utc is None else offset_at([*exchanged, Bound(here_ms, by_utc)], here_ms)
        return offset_at(exchanged, here_ms) if joined is None else joined

    def measured(self, here: Segment, there: Segment, here_ms: float) -> Offset | None:
        """The same as a measurement: the likely value beside what is certain."""
        exchanged = self.bounds.get((here, there), ())
        return None if here == there else measured(exchanged, self.offset_by_utc(here, there, here_ms), here_ms)

    def offset_by_utc(self, here: Segment, there: Segment, here_ms: float) -> Span | None:
        """As `offset`, by UTC alone: each of the two may have been set by another host."""
        ours, theirs = self.tying(here.unit), self.tying(there.unit)
        utc = None if ours is None else ours.span(here.boot, here_ms)
        if utc is None or theirs is None:
            return None
        there_ms = theirs.uptime(there.boot, Span(utc.low - 2 * HOST_U_MS, utc.high + 2 * HOST_U_MS))
        return None if there_ms is None else Span(there_ms.low - here_ms, there_ms.high - here_ms)

    def answer_sent(self, weapon: int, answer: Answer) -> Frame | None:
        """The camera's own record of an ack that the weapon's unit received."""
        sent = within(self.answered.get((answer.camera, weapon), []), answer.counter, answer.counter)
        return next((frame for frame in sent if frame.code == answer.kind << 4 | answer.reason), None)


def gather(journals: Iterable[UnitJournal]) -> Evidence:
    """Join the journals of all units that are at hand. One journal a unit; their order says nothing."""
    journals = sorted(journals, key=lambda journal: journal.unit)
    uses = [use for j in journals if j.role & ROLE_HOLSTER for use in uses_of(j.unit, j.records, j.doubted)]
    of_weapon: dict[int, list[Use]] = defaultdict(list)
    spoke: dict[int, set[int]] = defaultdict(set)  # camera -> weapons that heard it
    for use in sorted(uses, key=lambda use: (use.boot, use.events[0].at_ms)):
        of_weapon[use.unit].append(use)
        for camera in [said.camera for said in use.answers] + [said.camera for said in use.testimonies]:
            spoke[camera].add(use.unit)
    cameras = [j for j in journals if j.role & ROLE_CAMERA]
    bounds: dict[tuple[Segment, Segment], list[Bound]] = defaultdict(list)
    sources: dict[tuple[Segment, Segment], list[Source]] = defaultdict(list)
    answered: dict[tuple[int, int], list[Frame]] = {}
    for journal in cameras:
        ears = Ears(journal.unit, journal.records, journal.doubted)
        answered.update({(ears.unit, weapon): frames for weapon, frames in ears.answered.items()})
        for weapon in sorted({*ears.heard, *ears.followed, *spoke[ears.unit]}):
            for use in of_weapon.get(weapon, ()):
                for event in use.events:
                    if (use.unit, event.counter) in ears.crews:
                        use.add_near(ears.unit, ears.crews[use.unit, event.counter])
                for there, bound, source in exchanges(use, ears):
                    bounds[Segment(use.unit, use.boot), there].append(bound)
                    sources[Segment(use.unit, use.boot), there].append(source)
    evidence = Evidence(
        uses=uses,
        recordings={j.unit: recordings_of(j.records, j.doubted) for j in cameras},
        complete={j.unit for j in cameras if j.complete and j.doubted is None},
        bounds=dict(bounds),
        clocks={j.unit: UnitClock(j.records) for j in journals},
        sources=dict(sources),
        syncs=_syncs(journals),
        extents={j.unit: _extent(j.records) for j in cameras if j.records},
        answered=answered,
        of_weapon=dict(of_weapon),
        doubted={j.unit: j.doubted for j in journals if j.doubted is not None},
        sound_clocks={j.unit: UnitClock(_sound(j)) for j in journals if j.doubted is not None},
    )
    return _without_wrong_clocks(evidence, journals)


def _without_wrong_clocks(evidence: Evidence, journals: Iterable[UnitJournal]) -> Evidence:
    """What the units said to each other comes before what hosts' clocks said."""
    by_utc, by_others = {}, {}
    for (here, there), bounds in evidence.bounds.items():
        span = evidence.offset_by_utc(here, there, bounds[0].here_ms)
        ours, theirs = evidence.tying(here.unit), evidence.tying(there.unit)
        if span is not None:
            by_utc[here, there] = span
        elif ours is not None and theirs is not None and here.unit != there.unit:
            contradiction = unlike(here, there, bounds, ours, theirs)
            if contradiction is not None:
                by_others[here, there] = contradiction
    clocks = {unit: evidence.tying(unit) for unit in evidence.clocks}
    misordered = {Segment(unit, boot) for unit, clock in clocks.items() if clock for boot in clock.misordered}
    found = judged(evidence.bounds, evidence.sources, by_utc, by_others, misordered)
    if not found.wrong:
        return evidence
    units = {segment.unit for segment in found.wrong}
    sound = {j.unit: UnitClock(_unset(j, found.wrong)) for j in journals if j.unit in units}
    told: dict[int, dict[int, list[Bound]]] = defaultdict(lambda: defaultdict(list))
    for dispute in found.disputes:
        bounds = evidence.bounds[dispute.here, dispute.there]
        for segment, bound in as_others_have_it(dispute, bounds, evidence.tying).items():
            if segment in found.wrong:
                told[segment.unit][segment.boot].append(bound)
    widened = {unit: evidence.clocks[unit].beside(others) for unit, others in told.items()}
    return replace(
        evidence,
        clocks={**evidence.clocks, **widened},
        sound_clocks={**evidence.sound_clocks, **sound},
        disputed=found,
    )


def _unset(journal: UnitJournal, wrong: Collection[Segment]) -> list[Record]:
    """Without the clocks that were set wrong, and all that may have been reckoned from them later."""
    return [
        record
        for record in _sound(journal)
        if record.kind != records.FLOOR
        and not (record.kind == records.CLOCK and Segment(journal.unit, record.boot) in wrong)
    ]


def _sound(journal: UnitJournal) -> list[Record]:
    return [record for record in journal.records if journal.doubted is None or record.sequence < journal.doubted]


def _syncs(journals: Iterable[UnitJournal]) -> dict[Segment, list[Sync]]:
    found: dict[Segment, list[Sync]] = defaultdict(list)
    for journal in journals:
        for record in _sound(journal):
            fields = record.fields() if record.kind == records.CLOCK else None
            if fields is not None:
                sync = Sync(record.uptime_ms - fields.at_ago_ms, record.sequence)
                found[Segment(journal.unit, record.boot)].append(sync)
    return dict(found)


def _extent(journal: Sequence[Record]) -> Extent:
    gaps, starts = [], []
    before: Record | None = None
    for record in journal:
        if before is not None and record.sequence != before.sequence + 1:
            gaps.append((_place(before), _place(record)))
        elif before is not None and record.boot != before.boot:
            starts.append((_place(before), _place(record)))
        before = record
    return Extent(_place(journal[-1]), tuple(gaps), tuple(starts))


def _place(record: Record) -> Place:
    return Place(record.boot, record.uptime_ms, record.sequence, record.kind)
