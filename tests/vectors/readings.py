"""What both readers say of the same file and the same flash: ours, and the one that was written from the text."""

import io

from host_tools import journal_file
from host_tools.verifying.seals import Keys
from host_tools.verifying.walk import walk
from interlock.core import layout, records

from . import independent
from .independent import Break, verify

SERIAL = b"HOLSTER1"


def carry():
    return [
        (records.RESERVE, records.pack(records.RESERVE, 256)),
        (records.CONFIG, records.pack(records.CONFIG, 0, bytes(8))),
    ]


def ours(data, keys=()):
    """(intact, offset) as the host tools find it. A record too few is no fault to the auditor's pass, but told."""
    walked = walk(io.BytesIO(data), Keys(keys))
    where = [fault.offset for fault in (walked.fault, walked.seal_fault) if fault is not None]
    where += [hole.offset for hole in walked.holes if not hole.stated]
    found = not where, min(where, default=None)
    if not keys:
        verdict = journal_file.check(data)
        plain = (True, None) if isinstance(verdict, journal_file.Intact) else (False, verdict.offset)
        assert plain == found, "the two checks of the host tools differ"
    return found


def theirs(data, keys=(), public=b""):
    verdict = verify(data, keys, public)
    return verdict.intact, verdict.where


def items_of_spans(spans):
    for number, span in enumerate(spans):
        if number:
            yield Break(span.first, None if span.chain == layout.UNKNOWN else span.chain, span.epoch)
        yield from (independent.record_at(record.raw, 0) for record in span.records)


def as_file(reading):
    """A file of what our code reads out of a flash."""
    chain = None if reading.chain == layout.UNKNOWN else reading.chain
    data = independent.write_ilj(1, 1, SERIAL, reading.first, chain, list(items_of_spans(reading.spans)), reading.epoch)
    header = journal_file.Header(1, 1, SERIAL, reading.first, reading.chain, reading.epoch)
    runs = journal_file.runs_of(reading.spans)
    assert journal_file.join(header, runs[0].raws, runs[1:]) == data
    return data
