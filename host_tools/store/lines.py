"""What the rows of one unit amount to: lines of records that continue each other, gaps, and versions that conflict.

Normally there is one line from record 0 to the newest. A gap shows where the unit's ring overtook the pulls, or where
its flash could not be read any more; behind such a hole the chain value is unknown up to the next sector. A fork, or
records beside others of the same numbers, shows that the unit told two stories: it was rolled back, replaced or
rewritten, or somebody changed the store. No version is dropped; the line on which the unit was seen last is the main
one. Pure: no database here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from interlock.core.layout import CRC_BYTES, UNKNOWN, Record, chain_next, chain_start, decode

from .. import journal_file
from ..journal_file import Altered, Header, Intact, Verdict
from ..journal_items import HEADER_BYTES
from ..verifying import gaps, outcomes
from ..verifying.outcomes import Outcome


class Row(NamedTuple):
    """One stored record. `chain`: the chain value before it as stated, `after`: behind it (both zeros behind a hole in
    the unit's flash); `epoch`: of its seal, as stated; `addition`: number of the addition that brought it, which rises
    with time."""

    sequence: int
    chain: bytes
    after: bytes
    epoch: int
    raw: bytes
    addition: int


class Head(NamedTuple):
    """The end of a journal as the unit stated it at a pull. `following`: sequence of its next record; `utc_ms`: by the
    host's clock; `origin`: the store in which it was noted."""

    following: int
    chain: bytes
    utc_ms: int
    origin: str


class Arrival(NamedTuple):
    """Records `first` to `last` came by the hand of `by`; `utc_ms`: by that host's clock."""

    first: int
    last: int
    by: str
    utc_ms: int


class Stored(NamedTuple):
    """All that is kept of one unit's journal, for `assemble`. `identity`: unit number, role, name; `rows`: by sequence,
    and then as they came; `unfit`: what is to be said of rows that can be none."""

    serial: str
    identity: tuple[int, int, str]
    rows: Sequence[Row]
    heads: Sequence[Head]
    arrivals: Sequence[Arrival]
    unfit: tuple[Outcome, ...] = ()


class Segment(NamedTuple):
    """Records in unbroken sequence and chain. `chain`: the chain value before `first`, `after`: behind `last`, both
    UNKNOWN behind a hole; `epoch`: of the first one's seal, as stated; `verdict`: whether every byte is as it was
    written, offsets as in the segment's own journal file; `raws`: the bytes of each."""

    first: int
    last: int
    chain: bytes
    after: bytes
    epoch: int
    verdict: Verdict
    raws: tuple[bytes, ...]


class Gap(NamedTuple):
    """Records `first` to `last` are not here. `explained`: a later record of the unit says that its ring was full and
    it dropped them, or that its flash could not be read there."""

    first: int
    last: int
    explained: bool


class Conflict(NamedTuple):
    """More than one record under one number; `raws`: all of them, the one on the main line first."""

    sequence: int
    raws: tuple[bytes, ...]


class Branch(NamedTuple):
    """Another version of the journal. `records`: all of it that decodes, from its beginning, where `chain` and `epoch`
    were stated; `begins`: sequence of the first that the main line does not have."""

    begins: int
    records: tuple[Record, ...]
    chain: bytes
    epoch: int


@dataclass(frozen=True)
class StoredJournal:
    """All that the store holds of one unit. `header`: of its journal file, as exported; `records`: every
    record of the main line that decodes; `verdict`: Intact, or the first place where one is not as it was written;
    `told`: what is remembered beside the records and does not fit them; `findings`: all that an auditor must know, in
    words; `name`: what the unit is called, or empty."""

    serial: str
    name: str
    header: Header
    records: tuple[Record, ...]
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]
    conflicts: tuple[Conflict, ...]
    branches: tuple[Branch, ...]
    heads: tuple[Head, ...]
    arrivals: tuple[Arrival, ...]
    verdict: Verdict
    told: tuple[Outcome, ...]
    findings: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """No alteration, no gap and no second version."""
        return not self.findings and not self.gaps

    @property
    def state(self) -> str:
        """intact, altered, contradictory (each record is intact, but there is a finding) or not pulled."""
        if isinstance(self.verdict, Altered):
            return "altered"
        if self.findings:
            return "contradictory"
        return "intact" if self.records or self.heads else "not pulled"


@dataclass(eq=False)
class Run:
    """Rows that continue each other; `parent`: the run and the place in it that the first row continues, if any."""

    rows: list[Row]
    parent: tuple["Run", int] | None

    def path(self) -> list[Row]:
        """The rows from the beginning of the line to this run's end."""
        before: list[Row] = []
        if self.parent is not None:
            run, place = self.parent
            before = run.path()[: -(len(run.rows) - place - 1) or None]
        return before + self.rows


def runs_of(rows: Sequence[Row]) -> list[Run]:
    """The rows joined by what was stated of their chain values. Where two continue one, the first that came does."""
    if rows and all(b.sequence == a.sequence + 1 and b.chain == a.after for a, b in pairwise(rows)):
        return [Run(list(rows), None)]  # as nearly every journal is; below it comes to the same
    ends: dict[tuple[int, bytes], tuple[Run, int]] = {}
    runs: list[Run] = []
    for row in sorted(rows, key=lambda row: (row.sequence, row.addition)):
        before = ends.get((row.sequence, row.chain))
        if before is not None and before[1] == len(before[0].rows) - 1:
            run = before[0]
            run.rows.append(row)
        else:
            run = Run([row], before)
            runs.append(run)
        ends.setdefault((row.sequence + 1, row.after), (run, len(run.rows) - 1))
    return runs


def newest_first(runs: Iterable[Run]) -> list[Run]:
    """By when their newest record came."""
    return sorted(runs, key=lambda run: max((row.addition, row.sequence) for row in run.rows), reverse=True)


def main_line(runs: Sequence[Run]) -> list[list[Row]]:
    """The segments of the main line, oldest first: that of the newest record, and all that is not beside it."""
    chosen: list[list[Row]] = []
    for run in newest_first(runs):
        path = run.path()
        if all(path[-1].sequence < other[0].sequence or path[0].sequence > other[-1].sequence for other in chosen):
            chosen.append(path)
    return sorted(chosen, key=lambda path: path[0].sequence)


def branches_of(runs: Sequence[Run], main: Sequence[Sequence[Row]]) -> tuple[Branch, ...]:
    """What is not on the main line, each with all that it continues."""
    if len(runs) == len(main) == 1:
        return ()
    taken = {row for path in main for row in path}
    found = []
    for run in runs:
        beside = [row for row in run.rows if row not in taken]
        if beside:
            path = run.path()
            found.append(Branch(beside[0].sequence, decoded(path), path[0].chain, path[0].epoch))
    return tuple(found)


def decoded(rows: Iterable[Row]) -> tuple[Record, ...]:
    """The records of the rows that still are what they were."""
    found = ((row, decode(row.raw, 0)) for row in rows)
    return tuple(r for row, r in found if r is not None and r.sequence == row.sequence and len(r.raw) == len(row.raw))


def serial_bytes(serial: str, rows: Sequence[Row]) -> bytes:
    """The 8 bytes that a serial's text stands for: filled with blanks, or, where record 0 shows it, with zeros."""
    text = str(serial)  # SQLite takes anything for one
    try:
        plain = text.encode("ascii") if len(text) <= 8 else bytes.fromhex(text)
    except ValueError:
        plain = text.encode("ascii", "replace")
    candidates = [plain[:8].ljust(8, fill) for fill in (b" ", b"\0")]
    starts = {row.chain for row in rows if row.sequence == 0}
    return next((candidate for candidate in candidates if chain_start(candidate) in starts), candidates[0])


def assemble(
    serial: str,
    identity: tuple[int, int, str],
    rows: Sequence[Row],
    heads: Sequence[Head],
    arrivals: Sequence[Arrival],
    unfit: Sequence[Outcome] = (),
) -> StoredJournal:
    """Verify all of it anew: arguments as in `Stored`."""
    unit, role, name = identity
    raw_serial = serial_bytes(serial, rows)
    rows = without_doubles(rows)
    runs = runs_of(rows)
    main = main_line(runs)
    segments = []
    for path in main:
        header = Header(role, unit, raw_serial, path[0].sequence, path[0].chain, path[0].epoch)
        raws = tuple(row.raw for row in path)
        misled = _misled(path)
        after = path[-1].after if misled is None and path[0].chain != UNKNOWN else None
        verdict = _led(path, misled, journal_file.check(journal_file.join(header, raws, after=after)))
        ends = (path[0].sequence, path[-1].sequence, path[0].chain, path[-1].after)
        segments.append(Segment(*ends, path[0].epoch, verdict, raws))
    found = tuple(
        record
        for path, segment in zip(main, segments, strict=True)
        for record in (segment.verdict.records if isinstance(segment.verdict, Intact) else decoded(path))
    )
    missing = _gaps(segments, found)
    conflicts = _conflicts(rows, main)
    begin = (segments[0].first, segments[0].chain, segments[0].epoch) if segments else (0, chain_start(raw_serial), 0)
    header = Header(role, unit, raw_serial, *begin)
    altered = next((s.verdict for s in segments if isinstance(s.verdict, Altered)), None)
    verdict = altered if altered is not None else Intact(header, found)
    told = (
        *unfit,
        *_contradictions(conflicts),
        *_vanished(arrivals, rows),
        *_broken_heads(heads, rows, raw_serial),
    )
    findings = _findings(segments, missing, told)
    return StoredJournal(
        serial, name, header, found, tuple(segments), missing, conflicts, branches_of(runs, main),
        tuple(heads), tuple(arrivals), verdict, told, findings,
    )  # fmt: skip


def without_doubles(rows: Sequence[Row]) -> list[Row]:
    """Without those behind a hole that are here with their chain value, too: pulled before the hole was there."""
    if all(row.chain != UNKNOWN for row in rows):
        return list(rows)
    known = {(row.sequence, row.raw) for row in rows if row.chain != UNKNOWN}
    return [row for row in rows if row.chain != UNKNOWN or (row.sequence, row.raw) not in known]


def _misled(path: Sequence[Row]) -> int | None:
    """The place of the first record that does not lead to the chain value that was stored with it; None: all do."""
    for place, row in enumerate(path):
        if row.chain != UNKNOWN and row.after != chain_next(row.chain, row.raw[:-CRC_BYTES]):
            return place
    return None


def _led(path: Sequence[Row], misled: int | None, verdict: Verdict) -> Verdict:
    """The verdict on a path's file, and whether each record before that leads to the value that was stored with it.
    `misled`: of `_misled`."""
    if misled is None or misled >= len(verdict.records):
        return verdict
    offset = HEADER_BYTES + sum(len(row.raw) for row in path[:misled])
    reason = "the record does not lead to the chain value that was stored with it"
    return Altered(offset, path[misled].sequence, reason, verdict.header, verdict.records[:misled])


def _gaps(segments: Sequence[Segment], found: Sequence[Record]) -> tuple[Gap, ...]:
    told = gaps.reasons(found)
    missing = []
    due = 0
    for segment in segments:
        if segment.first > due:
            missing.append(Gap(due, segment.first - 1, bool(gaps.explain(due, segment.first - 1, *told))))
        due = segment.last + 1
    return tuple(missing)


def _conflicts(rows: Sequence[Row], lines: Iterable[Iterable[Row]]) -> tuple[Conflict, ...]:
    """`lines`: the segments of the main line."""
    if len({row.sequence for row in rows}) == len(rows):
        return ()
    main = {row for path in lines for row in path}
    by_sequence: dict[int, list[Row]] = {}
    for row in rows:
        by_sequence.setdefault(row.sequence, []).append(row)
    return tuple(
        Conflict(sequence, tuple(row.raw for row in sorted(several, key=lambda row: (row not in main, row.addition))))
        for sequence, several in sorted(by_sequence.items())
        if len(several) > 1
    )


def _vanished(arrivals: Sequence[Arrival], rows: Sequence[Row]) -> list[Outcome]:
    """What was stored once and is not there any more."""
    here = sorted({row.sequence for row in rows})
    gone: list[tuple[int, int]] = []  # first and last of each stretch; as many as there are rows, whatever is claimed
    due = 0
    for arrival in sorted(arrivals):
        first = max(due, arrival.first)
        for n in here[bisect_left(here, first) : bisect_right(here, arrival.last)]:
            if n > first:
                gone.append((first, n - 1))
            first = n + 1
        if first <= arrival.last:
            gone.append((first, arrival.last))
        due = max(due, arrival.last + 1)
    if not gone:
        return []
    count, first = sum(last - first + 1 for first, last in gone), gone[0][0]
    reason = f"{count} records that were stored are gone from the store, the first is {first}: it was changed"
    return [outcomes.Altered(first, gone[-1][1], None, "store", reason)]


def _broken_heads(heads: Sequence[Head], rows: Sequence[Row], serial: bytes) -> list[Outcome]:
    """What the ends that the unit stated once say against what is here, or against each other."""
    asked = {head.following for head in heads}
    ends = {(row.sequence + 1, row.after) for row in rows if row.sequence + 1 in asked}
    ends |= {(row.sequence, row.chain) for row in rows if row.sequence in asked}
    ends.add((0, chain_start(serial)))
    lost = {sequence for sequence, chain in ends if chain == UNKNOWN}
    following = max((row.sequence + 1 for row in rows), default=0)
    found: list[Outcome] = []
    missing = [head for head in heads if head[:2] not in ends and head.following not in lost]
    if missing and missing[-1].following > following:
        shows = f"says that it once ended before record {missing[-1].following}"
        found.append(outcomes.TruncatedTail(following, "the note of a pull", shows))
    elif missing:
        reason = f"it does not lead to the end before record {missing[-1].following} that the unit once stated"
        found.append(outcomes.Altered(0, missing[-1].following - 1, None, "store", reason))
    for before, after in pairwise(sorted(heads, key=lambda head: head.origin)):
        # Of two stores nobody knows which pull was first: their clocks may differ by more than lay between.
        if after.origin == before.origin and after.following < before.following:
            shown = f"it ended before record {before.following}, and at a later pull before record {after.following}"
            found.append(outcomes.RolledBack(after.following, shown))
    return found


def _contradictions(conflicts: Sequence[Conflict]) -> list[Outcome]:
    if not conflicts:
        return []
    others = f"{len(conflicts)} numbers with more than one record, the first is {conflicts[0].sequence}"
    return [outcomes.Contradicted(conflicts[0].sequence, conflicts[-1].sequence, others)]


def _findings(segments: Sequence[Segment], gaps: Sequence[Gap], told: Sequence[Outcome]) -> tuple[str, ...]:
    found = []
    for segment in segments:
        if isinstance(segment.verdict, Altered):
            place = "" if segment.verdict.sequence is None else f"record {segment.verdict.sequence}: "
            found.append(f"altered: {place}{segment.verdict.reason}")
    for before, after in pairwise(segments):
        if after.first == before.last + 1 and UNKNOWN not in (before.after, after.chain):
            found.append(f"record {after.first} does not continue the chain of the one before it")
    for gap in gaps:
        if not gap.explained:
            found.append(
                f"records {gap.first} to {gap.last} are missing, and no record of the unit says why: they were "
                f"overwritten, or its flash was at fault"
            )
    return tuple(found + [outcome.text for outcome in told])
