"""Records and events as columns, for `parquet.py`: what each is, and how it is filled. The names stay.

`pyarrow` is imported when it is used.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from interlock.core import frames, records
from interlock.core.layout import Record, decode

from ..clocks.unit_clock import UnitClock
from ..outcome import ToolError
from ..reporting.model import Event, Use
from ..store.lines import StoredJournal
from ..time_words import DAY_MS

UNKNOWN = "unknown"

RECORDS = {
    "serial": "word",  # of the unit that wrote it
    "unit_number": "int32",
    "version": "int16",  # 1: the main line of its journal, higher: another version of it
    "sequence": "int64",
    "boot": "int32",
    "uptime_ms": "int64",  # since that boot
    "utc_ms": "int64",  # since 1970; null: that boot's clock was never set
    "u_ms": "int64",  # give or take, 95 %
    "kind": "int16",  # of firmware/JOURNAL.md; null: these bytes are no record
    "name": "word",
    "fields": "string",  # JSON; null where this program does not know the kind
    "event": "word",  # draw, arm, discharge ...: of event, trigger heard and aired
    "counter": "int64",  # of the frame, where the record is about one
    "other_unit": "int32",  # number of the unit that it is about, where it is about one
    "raw": "binary",  # the bytes as the unit stored them
}
EVENTS = {
    "serial": "word",  # of the weapon's unit
    "unit_number": "int32",
    "version": "int16",
    "reference": "string",  # SERIAL:SEQUENCE
    "sequence": "int64",
    "event": "word",  # draw, arm, discharge
    "utc_ms": "int64",
    "u_ms": "int64",
    "use": "string",  # reference of the first event of its use
    "incident": "string",
    "counts": "bool",  # in the headline: not of a function test or test mode; of draws, not cancelled
    "coded": "word",
    "cancelled": "bool",
    "aired": "bool",
    "verdict": "word",  # before, late, unwitnessed, indeterminate: of any camera
    "row": "word",  # of the truth table
    "reason": "string",
    "camera": "word",
    "late_by_ms": "int64",
    "late_by_u_ms": "int64",
    "buffer_covers": "bool",
    "own_verdict": "word",
    "own_row": "word",
    "own_camera": "word",
    "continuity": "word",  # unbroken, broken, unknown; null unless before
    "exempt": "word",
    "confirmed": "bool",  # of a discharge: by its pick-up; null: not known
    "lone": "bool",
    "officer": "word",
    "team": "word",
    "heard_ms": "int64",  # of the use
    "recording_ms": "int64",
}

_ABOUT = ("camera", "sender", "holster", "unit", "partner")
_EVENT_OF = {records.EVENT: "event", records.AIRED: "event"}


def pyarrow() -> Any:
    """The library. ToolError with advice where it is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ToolError(
            f"--parquet needs pyarrow, which is not installed ({error.name} is missing)",
            "Install it: pip install 'interlock[parquet]'.",
        ) from error
    return pyarrow


def schema_of(columns: dict[str, str]) -> Any:
    """As pyarrow has it. A word is a text of which there are few."""
    arrow = pyarrow()
    kinds = {
        "word": arrow.dictionary(arrow.int32(), arrow.string()),
        "string": arrow.string(),
        "binary": arrow.binary(),
        "bool": arrow.bool_(),
    }
    return arrow.schema([(name, kinds.get(kind) or getattr(arrow, kind)()) for name, kind in columns.items()])


def month_of(utc_ms: int | None) -> str:
    """2027-01, in UTC."""
    return UNKNOWN if utc_ms is None else _month(utc_ms // DAY_MS)


@cache
def _month(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).strftime("%Y-%m")


def record_rows(journal: StoredJournal) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(month, row in the order of RECORDS) of all that is held of one unit, what is no record any more included."""
    clock = UnitClock(journal.records)
    identity = str(journal.serial), journal.header.unit
    for segment in journal.segments:
        for sequence, raw in enumerate(segment.raws, segment.first):
            record = decode(raw, 0)
            if record is None or record.sequence != sequence or len(record.raw) != len(raw):
                nothing = (None,) * 4
                yield UNKNOWN, (*identity, 1, sequence, *nothing, None, "unreadable", None, None, None, None, raw)
            else:
                yield _record_row(identity, 1, record, clock)
    for version, branch in enumerate(journal.branches, 2):
        told = UnitClock(branch.records)
        for record in branch.records:
            if record.sequence >= branch.begins:
                yield _record_row(identity, version, record, told)


def _record_row(
    identity: tuple[str, int], version: int, record: Record, clock: UnitClock
) -> tuple[str, tuple[Any, ...]]:
    utc = clock.at(record.boot, record.uptime_ms)
    utc_ms, u_ms = (None, None) if utc is None else (utc.utc_ms, utc.u_ms)
    kind = record.kind
    fields = record.fields()
    plain = fields._asdict() if hasattr(fields, "_asdict") else None
    event = counter = about = None
    if plain is not None:
        counter = plain.get("counter")
        about = next((plain[name] for name in _ABOUT if name in plain), None)
        if kind in _EVENT_OF:
            event = frames.EVENT_NAMES.get(plain["event"])
        elif kind == records.HEARD:
            event = frames.EVENT_NAMES.get(plain["event_flags"] >> 4)
    name = records.TYPE_NAMES.get(kind, UNKNOWN)
    told = None if fields is None else _text(plain if plain is not None else fields)
    row = (
        *identity, version, record.sequence, record.boot, record.uptime_ms, utc_ms, u_ms, kind, name, told, event,
        counter, about, record.raw,
    )  # fmt: skip
    return month_of(utc_ms), row


_written = json.JSONEncoder(separators=(",", ":"), default=bytes.hex).encode


def _text(fields: Any) -> str:
    """A record's fields by name; a list of lists of those that are lists."""
    return _written(fields)


def event_rows(use: Use) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(month of the use's beginning, row in the order of EVENTS) of each event of a use."""
    month = use.month or UNKNOWN
    for event in use.events:
        yield month, _event_row(use, event)


def _event_row(use: Use, event: Event) -> tuple[Any, ...]:
    return (
        use.serial, use.unit, use.version, event.reference, event.sequence, event.event, event.at.utc_ms, event.at.u_ms,
        use.events[0].reference, use.incident, use.coded is None and not (use.cancelled and event.event == "draw"),
        use.coded, use.cancelled, event.aired, event.verdict, event.ground.row, event.reason, event.camera,
        event.late_by_ms, event.late_by_u_ms, event.buffer_covers, event.own_verdict, event.own_ground.row,
        event.own_camera, None if event.continuity is None else event.continuity.state, event.exempt,
        event.confirmed, use.lone, use.officer, use.team, use.heard_ms, use.recording_ms,
    )  # fmt: skip


def packed(columns: dict[str, str], rows: Iterable[tuple[Any, ...]]) -> bytes:
    """The bytes of a Parquet file with these rows, the same for the same rows and version of pyarrow."""
    arrow = pyarrow()
    schema = schema_of(columns)
    arrays = []
    for field, values in zip(schema, zip(*rows, strict=True), strict=True):
        is_word = arrow.types.is_dictionary(field.type)
        array = arrow.array(values, type=arrow.string() if is_word else field.type)
        arrays.append(array.dictionary_encode() if is_word else array)
    table = arrow.table(arrays, schema=schema)
    sink = arrow.BufferOutputStream()
    arrow.parquet.write_table(table, sink, compression="zstd", version="2.6", store_schema=True)
    return bytes(sink.getvalue())
