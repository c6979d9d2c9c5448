"""What the rows of one unit amount to: lines of records that continue each other, gaps, and versions that conflict.

Normally there is one line from record 0 to the newest. A gap shows where the unit's ring overtook the pulls. A fork, or
records beside others of the same numbers, shows that the unit told two stories: it was rolled back, replaced or
rewritten, or somebody changed the store. No version is dropped; the line on which the unit was seen last is the main
one. Pure: no database here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from interlock.core import records
from interlock.core.journal import Record, chain_start, decode

from . import journal_file
from .journal_file import Altered, Header, Intact, Verdict


class Row(NamedTuple):
    """One stored record. `chain`: the chain value before it as stated, `after`: behind it; `addition`: number of the
    addition that brought it, which rises with time."""

    sequence: int
    chain: bytes
    after: bytes
    raw: bytes
    addition: int


class Head(NamedTuple):
    """The end of a journal as the unit stated it at a pull. `following`: sequence of its next record; `utc_ms`: by the
    host's clock."""

    following: int
    chain: bytes
    utc_ms: int


class Arrival(NamedTuple):
    """Records `first` to `last` came by the hand of `by`; `utc_ms`: by that host's clock."""

    first: int
    last: int
    by: str
    utc_ms: int


class Segment(NamedTuple):
    """Records in unbroken sequence and chain. `chain`: the chain value before `first`; `verdict`: whether every byte is
    as it was written, offsets as in the segment's own journal file; `raws`: the bytes of each."""

    first: int
    last: int
    chain: bytes
    verdict: Verdict
    raws: tuple[bytes, ...]


class Gap(NamedTuple):
    """Records `first` to `last` are not here. `explained`: a later record of the unit says that its ring was full and
    it dropped them."""

    first: int
    last: int
    explained: bool


class Conflict(NamedTuple):
    """More than one record under one number; `raws`: all of them, the one on the main line first."""

    sequence: int
    raws: tuple[bytes, ...]


class Branch(NamedTuple):
    """Another version of the journal. `records`: all of it that decodes, from its beginning; `begins`: sequence of the
    first that the main line does not have."""

    begins: int
    records: tuple[Record, ...]


@dataclass(frozen=True)
class StoredJournal:
    """All that the store holds of one unit. `header`: of the newest contiguous segment, as exported; `records`: every
    record of the main line that decodes; `verdict`: Intact, or the first place where one is not as it was written;
    `findings`: all that an auditor must know, in words; `name`: what the unit is called, or empty."""

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


def runs_of(rows: Iterable[Row]) -> list[Run]:
    """The rows joined by what was stated of their chain values. Where two continue one, the first that came does."""
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
    taken = {row for path in main for row in path}
    found = []
    for run in runs:
        beside = [row for row in run.rows if row not in taken]
        if beside:
            found.append(Branch(beside[0].sequence, decoded(run.path())))
    return tuple(found)


def decoded(rows: Iterable[Row]) -> tuple[Record, ...]:
    """The records of the rows that still are what they were."""
    found = ((row, decode(row.raw, 0)) for row in rows)
    return tuple(r for row, r in found if r is not None and r.sequence == row.sequence and len(r.raw) == len(row.raw))


def serial_bytes(serial: str, rows: Sequence[Row]) -> bytes:
    """The 8 bytes that a serial's text stands for: filled with blanks, or, where record 0 shows it, with zeros."""
    try:
        plain = serial.encode("ascii") if len(serial) <= 8 else bytes.fromhex(serial)
    except ValueError:
        plain = serial.encode("ascii", "replace")
    candidates = [plain[:8].ljust(8, fill) for fill in (b" ", b"\0")]
    starts = {row.chain for row in rows if row.sequence == 0}
    return next((candidate for candidate in candidates if chain_start(candidate) in starts), candidates[0])


def assemble(
    serial: str,
    identity: tuple[int, int, str],
    rows: Sequence[Row],
    heads: Sequence[Head],
    arrivals: Sequence[Arrival],
) -> StoredJournal:
    """Verify all of it anew. `identity`: unit number, role, name."""
    unit, role, name = identity
    raw_serial = serial_bytes(serial, rows)
    runs = runs_of(rows)
    main = main_line(runs)
    segments = []
    for path in main:
        header = Header(role, unit, raw_serial, path[0].sequence, path[0].chain)
        raws = tuple(row.raw for row in path)
        verdict = journal_file.check(journal_file.join(header, raws))
        segments.append(Segment(path[0].sequence, path[-1].sequence, path[0].chain, verdict, raws))
    found = tuple(record for path in main for record in decoded(path))
    gaps = _gaps(segments, found)
    conflicts = _conflicts(rows, {row for path in main for row in path})
    newest = newest_first(runs)[0].path()[0] if runs else None
    header = Header(
        role, unit, raw_serial, newest.sequence if newest else 0, newest.chain if newest else chain_start(raw_serial)
    )
    altered = next((s.verdict for s in segments if isinstance(s.verdict, Altered)), None)
    verdict = altered if altered is not None else Intact(header, found)
    beside = _vanished(arrivals, rows) + _broken_heads(heads, rows, raw_serial)
    findings = _findings(segments, gaps, conflicts, beside)
    return StoredJournal(
        serial, name, header, found, tuple(segments), gaps, conflicts, branches_of(runs, main),
        tuple(heads), tuple(arrivals), verdict, findings,
    )  # fmt: skip


def _gaps(segments: Sequence[Segment], found: Sequence[Record]) -> tuple[Gap, ...]:
    losses = [
        (record.sequence, fields.first_kept)
        for record in found
        if record.kind == records.LOSS and (fields := record.fields()) is not None
    ]
    gaps = []
    due = 0
    for segment in segments:
        if segment.first > due:
            last = segment.first - 1
            explained = any(sequence > last and first_kept > last for sequence, first_kept in losses)
            gaps.append(Gap(due, last, explained))
        due = segment.last + 1
    return tuple(gaps)


def _conflicts(rows: Sequence[Row], main: set[Row]) -> tuple[Conflict, ...]:
    by_sequence: dict[int, list[Row]] = {}
    for row in rows:
        by_sequence.setdefault(row.sequence, []).append(row)
    return tuple(
        Conflict(sequence, tuple(row.raw for row in sorted(several, key=lambda row: (row not in main, row.addition))))
        for sequence, several in sorted(by_sequence.items())
        if len(several) > 1
    )


def _vanished(arrivals: Sequence[Arrival], rows: Sequence[Row]) -> list[str]:
    """What was stored once and is not there any more."""
    here = {row.sequence for row in rows}
    gone = sorted({n for arrival in arrivals for n in range(arrival.first, arrival.last + 1)} - here)
    if not gone:
        return []
    return [f"{len(gone)} records that were stored are gone from the store, the first is {gone[0]}: it was changed"]


def _broken_heads(heads: Sequence[Head], rows: Sequence[Row], serial: bytes) -> list[str]:
    """What the ends that the unit stated once say against what is here, or against each other."""
    ends = {(row.sequence + 1, row.after) for row in rows} | {(row.sequence, row.chain) for row in rows}
    ends.add((0, chain_start(serial)))
    found = []
    missing = [head for head in heads if head[:2] not in ends]
    if missing:
        found.append(
            f"the unit's journal once ended before record {missing[-1].following}, and what is here does not reach "
            f"or does not fit that end: records were lost here, or changed"
        )
    for before, after in pairwise(heads):
        if after.following < before.following:
            found.append(
                f"the unit's journal ended before record {before.following} and later before record "
                f"{after.following}: it was rolled back, erased or replaced"
            )
    return found


def _findings(
    segments: Sequence[Segment], gaps: Sequence[Gap], conflicts: Sequence[Conflict], others: Sequence[str]
) -> tuple[str, ...]:
    found = []
    for segment in segments:
        if isinstance(segment.verdict, Altered):
            place = "" if segment.verdict.sequence is None else f"record {segment.verdict.sequence}: "
            found.append(f"altered: {place}{segment.verdict.reason}")
    for before, after in pairwise(segments):
        if after.first == before.last + 1:
            found.append(f"record {after.first} does not continue the chain of the one before it")
    for gap in gaps:
        if not gap.explained:
            found.append(f"records {gap.first} to {gap.last} are missing, and no record of the unit says why")
    if conflicts:
        found.append(
            f"{len(conflicts)} numbers with more than one record, the first is {conflicts[0].sequence}: the unit told "
            f"two stories (rolled back, replaced or rewritten), or the store was changed"
        )
    return tuple(found + list(others))
