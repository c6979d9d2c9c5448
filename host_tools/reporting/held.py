"""What a report is made from: each unit's journal with its holes, and when it was pulled."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from interlock.core import frames, records
from interlock.core.layout import Record

from ..clocks.unit_clock import HOST_U_MS
from ..journal_file import Altered, Verdict
from ..judging.evidence import UnitJournal
from ..judging.uses import ENDS
from ..store.lines import Arrival, Branch, Conflict, Gap, Head, StoredJournal
from ..store.rows import AnnotationRow
from ..verifying import gaps
from ..verifying.roles import role_of, role_shown
from .doubted import doubted_from, doubted_in


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
    record on the journal is altered, or something contradicts it, None: nowhere; `misdated`: what cannot be true of
    when it was pulled, in words."""

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
    misdated: tuple[str, ...] = ()

    def audited(
        self,
        altered: str | None,
        findings: tuple[str, ...],
        sealed: int,
        signed: int,
        doubted: int | None = None,
        unit: int | None = None,
    ) -> "Held":
        """The same, as `verifying/` judges it with all that is known beside it. `unit`: its number by what others heard
        of it, None: as it is said to be."""
        unit = self.unit if unit is None else unit
        return replace(self, altered=altered, findings=findings, vouched=(sealed, signed), doubted=doubted, unit=unit)

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
                found.append(Hole(point(before), self._known_from(record.sequence)))
            before = record
        return (*found, Hole(point(before), None, self.read_ms))

    @cached_property
    def returns(self) -> list[tuple[int, int, int]]:
        """(sequence, boot, ms) of each event at which the weapon was in its place, or just had been."""
        found = []
        for record in self.records:
            fields = record.fields() if record.kind == records.EVENT else None
            if fields is not None and fields.event in (frames.DRAW, *ENDS):
                found.append((record.sequence, record.boot, record.uptime_ms))
        return found

    def _known_from(self, sequence: int) -> Point | None:
        """From where on, behind a gap that ends here, a camera's recorder is known again."""
        place = bisect_left(self.recorder_known, sequence, key=lambda record: record.sequence)
        return point(self.recorder_known[place]) if place < len(self.recorder_known) else None


def point(record: Record | None) -> Point | None:
    return None if record is None else Point(record.boot, record.uptime_ms)


def from_store(stored: StoredJournal) -> Held:
    altered = stored.verdict.reason if isinstance(stored.verdict, Altered) else None
    doubts = [first for first in (doubted_in(stored.verdict), doubted_from(stored.told)) if first is not None]
    return Held(
        stored.serial,
        stored.header.unit,
        _role(stored.header.role, (stored.records, *(branch.records for branch in stored.branches))),
        stored.name or stored.serial,
        stored.records,
        bool(stored.records or stored.heads),
        altered,
        stored.findings,
        stored.gaps,
        stored.conflicts,
        stored.branches,
        stored.arrivals,
        read_to_end_ms(stored.heads),
        doubted=min(doubts, default=None),
        misdated=tuple(_misdated(stored.heads)),
    )


def read_to_end_ms(heads: Sequence[Head]) -> int | None:
    """When the newest of these ends was read, UTC by the hosts' clocks, at the earliest that any of them says: what one
    says whose clock is ahead would cover what came after."""
    last = max((head.following for head in heads), default=None)
    return min((head.utc_ms for head in heads if head.following == last), default=None)


def _misdated(heads: Sequence[Head]) -> Iterable[str]:
    """Ends that were read after later ones, as the hosts say."""
    for earlier, later in pairwise(sorted(heads, key=lambda head: head.following)):
        behind_ms = earlier.utc_ms - later.utc_ms - 2 * HOST_U_MS
        if behind_ms > 0 and later.following > earlier.following:
            yield (
                f"the pull up to record {earlier.following - 1} is noted {behind_ms / 1000:.3f} s or more after the "
                f"later one up to record {later.following - 1}: a host's clock was wrong or stepped"
            )


def _role(stated: int, versions: Iterable[Iterable[Record]]) -> int:
    """What its records show goes before what is said of it."""
    return role_of(stated, role_shown(record.kind for version in versions for record in version))


def from_verdict(serial: str, name: str, verdict: Verdict, read_ms: int) -> Held:
    """Of a journal file that was read to its end at `read_ms` (UTC, ms since 1970)."""
    assert verdict.header is not None, "without a header nobody knows whose journal it is"
    header, found = verdict.header, verdict.records
    altered = verdict.reason if isinstance(verdict, Altered) else None
    missing = _missing(header.first, found)
    came = (Arrival(found[0].sequence, found[-1].sequence, "", read_ms),) if found else ()
    findings = () if altered is None else (f"altered: {altered}",)
    return Held(
        serial, header.unit, _role(header.role, [found]), name, found, True, altered, findings, missing, (), (), came,
        read_ms, doubted=doubted_in(verdict),
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
