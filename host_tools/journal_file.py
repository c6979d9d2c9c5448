"""Journal files (`.ilj`), whole: written, and read at once. Format: `firmware/JOURNAL.md`; its pieces:
`journal_items.py`.

`check` is for those who want the records and whether they are as they were written. What an auditor can know of a file,
with or without keys, and from several files together, is said by `verifying/`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

from interlock.core.layout import CRC_BYTES, UNKNOWN, Record, Span, chain_next

from .journal_items import Break, Footer, Header, Signed, Source, raws_of
from .verifying.found import Fault
from .verifying.walk import walk

__all__ = [
    "Altered",
    "Header",
    "Intact",
    "Run",
    "Signed",
    "Verdict",
    "check",
    "first_fault",
    "join",
    "runs_of",
    "write",
]


class Run(NamedTuple):
    """Records in unbroken sequence, verbatim; `chain`, `epoch`: before the first one, as in a Header."""

    first: int
    chain: bytes
    epoch: int
    raws: Sequence[bytes]


@dataclass(frozen=True)
class Intact:
    """Every byte is as it was written: header, records in sequence and chain (but for stated breaks), footer."""

    header: Header
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Altered:
    """Something is not as it was written. `offset`: byte in the file where that shows first; `sequence`: of the record
    there, or None in header and footer; `records`: those before it that are sound."""

    offset: int
    sequence: int | None
    reason: str
    header: Header | None
    records: tuple[Record, ...]


Verdict = Intact | Altered


def write(header: Header, journal: Sequence[Record], signed: Iterable[Signed] = ()) -> bytes:
    """The bytes of a journal file with these records in unbroken sequence, and these checkpoints."""
    return join(header, [record.raw for record in journal], signed=signed)


def runs_of(spans: Iterable[Span]) -> list[Run]:
    """A journal that was read out of a flash (`core/reading.py`), as `join` takes it behind its first run."""
    return [Run(span.first, span.chain, span.epoch, [record.raw for record in span.records]) for span in spans]


def join(
    header: Header,
    raws: Sequence[bytes],
    later: Iterable[Run] = (),
    signed: Iterable[Signed] = (),
    after: bytes | None = None,
) -> bytes:
    """The bytes of a journal file, whatever the records are: `check` tells what is wrong with them. `later`: runs that
    follow the first one, each behind a break; `after`: the chain value behind all of them, for whoever has reckoned it,
    None: it is reckoned here."""
    data = [header.pack()]
    chain = header.chain
    records = 0
    for place, run in enumerate((Run(header.first, header.chain, header.epoch, raws), *later)):
        if place:
            data.append(Break(run.first, run.chain, run.epoch).pack())
        chain = run.chain
        data += run.raws
        records += len(run.raws)
        if chain != UNKNOWN and after is None:
            for raw in run.raws:
                chain = chain_next(chain, raw[:-CRC_BYTES])
    data += [item.pack() for item in signed]
    joined = b"".join(data)
    return joined + Footer(records, chain if after is None else after).pack(joined)


def check(data: bytes) -> Verdict:
    """Whether `data`, the bytes of a journal file, is as it was written, as far as that shows without keys."""
    header, first = first_fault(data)
    if header is None:
        assert first is not None, "a file without a header is none"
        return Altered(first.offset, None, first.reason, None, ())
    if first is None:
        return Intact(header, _records(data, len(data)))
    return Altered(first.offset, first.sequence, first.reason, header, _records(data, first.offset))


def first_fault(data: bytes) -> tuple[Header | None, Fault | None]:
    """The header of these bytes, and where they first are not as they were written; one of them at least is there."""
    found = walk(BytesIO(data))
    faults = [fault for fault in (found.fault, found.seal_fault) if fault is not None]
    for hole in found.holes:
        if not hole.stated:
            reason = f"record {hole.last + 1} stands where {hole.first} is due"
            faults.append(Fault(hole.offset, hole.first, reason))
            break
    return found.header, min(faults, key=lambda fault: fault.offset, default=None)


def _records(data: bytes, end: int) -> tuple[Record, ...]:
    """The records before byte `end` of a journal file that is sound up to there."""
    return tuple(Record(raw) for raw in raws_of(Source(BytesIO(data)), end))
