"""What people noted of units in a store: custody, the roster, annotations. Each is a list of statements to which only
more are added; where a statement is about the same thing as an older one, the newest holds. Used by `store.py` only."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from ..outcome import ToolError
from ..roster.rules import RosterRow
from .numbers import in_time, insert_new
from .rows import CODES, CONFIRMED, WITHDRAWN, AnnotationRow, CustodyRow
from .schema import annotations, custody, roster
from .sound import TEXT_MAX, plain


def note_custody(connection: Connection, origin: str, row: CustodyRow) -> None:
    """A detail that is no text, such as a file's name that is none, is written out: the note is not lost over it."""
    insert_new(connection, custody, row.serial, origin, [row._asdict() | {"detail": plain(row.detail)[:TEXT_MAX]}])


def custody_of(connection: Connection, serial: str) -> list[CustodyRow]:
    return [CustodyRow(*_fields(row, CustodyRow._fields)) for row in in_time(connection, custody, serial)]


def say_roster(
    connection: Connection, origin: str, rows: Iterable[RosterRow], stands: bool, by: str, utc_ms: int
) -> int:
    """Note those of which the contrary holds; how many."""
    asked = list(dict.fromkeys(rows))
    held = {row for serial in {row.serial for row in asked} for row in roster_rows(connection, serial)}
    new = [row for row in asked if (row in held) is not stands]
    for serial in sorted({row.serial for row in new}):
        said = [
            row._asdict() | {"stands": int(stands), "by": by, "utc_ms": utc_ms} for row in new if row.serial == serial
        ]
        insert_new(connection, roster, serial, origin, said)
    return len(new)


def roster_rows(connection: Connection, serial: str | None = None) -> set[RosterRow]:
    """Those that stand."""
    last = {RosterRow(*_fields(row, RosterRow._fields)): row.stands for row in in_time(connection, roster, serial)}
    return {row for row, stands in last.items() if stands}


def annotate(connection: Connection, origin: str, rows: Sequence[AnnotationRow]) -> None:
    """Of one unit."""
    for row in rows:
        if row.code not in CODES and row.code not in (WITHDRAWN, CONFIRMED):
            raise ToolError(
                f"{row.code!r} is no code", f"The codes are {', '.join(CODES)}; and {WITHDRAWN}, {CONFIRMED}."
            )
    insert_new(connection, annotations, rows[0].serial, origin, [row._asdict() for row in rows])


def annotation_rows(connection: Connection, serial: str | None) -> list[AnnotationRow]:
    """By unit, and as they were said; what was withdrawn is among them."""
    return [AnnotationRow(*_fields(row, AnnotationRow._fields)) for row in in_time(connection, annotations, serial)]


def _fields(row: Any, names: tuple[str, ...]) -> Iterator[Any]:
    return (getattr(row, name) for name in names)
