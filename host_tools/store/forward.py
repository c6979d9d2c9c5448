"""From one store to another: a dock's to the force's server, a laptop's file into the dock's.

Rows go unit by unit, table by table, in the order in which they came into this store, in batches of one transaction
each. A row is known by its mark, so one that is there already, by this way or another, is not brought again. What is
there of a row's store is therefore always a beginning of what that store made of the unit: as long as the last row is
there, all are, and nothing is asked but that. So there is nothing to remember between two runs, and a server that was
restored from an older copy gets what it lost. A server that lost rows in the middle gets them when all are compared.

What is here may have been in others' hands. A row that is none (`sound.py`), or that the other database refuses, stays
here and is told; it hinders no other.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Table, func, insert, select, tuple_

from ..outcome import ToolError
from . import sound
from .database import Refused
from .numbers import digest_of, next_id
from .rows import CustodyRow, Forwarded, Skipped
from .said import note_custody
from .schema import FORWARDED, additions, custody, records

if TYPE_CHECKING:
    from .store import Store

Report = Callable[[int, int], None]
Note = Callable[[str], CustodyRow]

BATCH_RECORDS = 2000
BATCH_ROWS = 200
_ASKED_AT_ONCE = 400
_SHOWN = 16  # characters of a serial that is none
_LOST = "what brought it is not here, or cannot be brought"


class BrokenOff(ToolError):
    """Why it went no further; `done`: what had arrived before, which stays."""

    def __init__(self, error: ToolError, done: Forwarded) -> None:
        super().__init__(str(error), error.advice, error.code)
        self.done = done


class _Last(NamedTuple):
    """The last row that a store made of a unit, as far as it is here."""

    serial: str
    mark: bytes


def forward(here: "Store", there: "Store", report: Report, thorough: bool, note: Note | None = None) -> Forwarded:
    """See `Store.forward`."""
    way = _Way(here, there, thorough, note)
    try:
        way.go(report)
    except ToolError as error:
        raise BrokenOff(error, way.done()) from error
    return way.done()


def forward_noted(
    here: "Store", there: "Store", by: str, utc_ms: int, report: Report = lambda *_: None, thorough: bool = False
) -> Forwarded:
    """The same, and noted in the chain of custody of each unit of which anything arrived, here and there. `by`,
    `utc_ms`: who does it, and when by this host's clock."""
    done = forward(here, there, report, thorough)
    for serial in done.serials:
        here.custody(serial, by, "forwarded", f"to {there.shown}", utc_ms)
    if done.serials:
        forward(here, there, lambda *_: None, False)
    return done


class _Way:
    """One forwarding, and what came of it so far."""

    def __init__(self, here: "Store", there: "Store", thorough: bool, note: Note | None) -> None:
        self._here = here
        self._there = there
        self._thorough = thorough
        self._note = note
        self._arrived: Counter[str] = Counter()
        self._touched: set[str] = set()
        self._skipped: Counter[tuple[str, str, str]] = Counter()

    def done(self) -> Forwarded:
        names = {table.name for table in (*FORWARDED, records)} & set(Forwarded.__dataclass_fields__)
        skipped = [Skipped(serial, table, rows, why) for (serial, table, why), rows in self._skipped.items()]
        return Forwarded(
            **{name: self._arrived[name] for name in names},
            serials=tuple(sorted(self._touched)),
            skipped=tuple(sorted(skipped)),
        )

    def go(self, report: Report) -> None:
        serials = self._behind()
        for number, serial in enumerate(serials):
            report(number, len(serials))
            for table, numbers in self._lacking(serial):
                for batch in self._batches(table, serial, numbers):
                    self._bring(table, serial, *self._read(table, serial, batch))
        report(len(serials), len(serials))

    def _skip(self, serial: str, table: Table, why: str, rows: int = 1) -> None:
        self._skipped[serial, table.name, why] += rows

    def _behind(self) -> list[str]:
        """The units of which something may be lacking there."""
        behind: set[str] = set()
        for table in FORWARDED:
            last = self._last_rows(table)
            for place in range(0, len(last), _ASKED_AT_ONCE):
                asked = last[place : place + _ASKED_AT_ONCE]
                if self._thorough:
                    behind |= {row.serial for row in asked}
                    continue
                with self._there._reading() as connection:
                    known = connection.execute(
                        select(table.c.serial, table.c.mark).where(
                            tuple_(table.c.serial, table.c.mark).in_([tuple(row) for row in asked])
                        )
                    )
                    held = {(serial, bytes(mark)) for serial, mark in known}
                behind |= {row.serial for row in asked if (row.serial, row.mark) not in held}
        return sorted(behind)

    def _last_rows(self, table: Table) -> list[_Last]:
        newest = (
            select(table.c.serial, func.max(table.c.id).label("id"), func.count().label("rows"))
            .group_by(table.c.serial, table.c.origin)
            .subquery()
        )
        with self._here._reading() as connection:
            found = connection.execute(
                select(table.c.serial, table.c.mark, newest.c.rows).join(
                    newest, (table.c.serial == newest.c.serial) & (table.c.id == newest.c.id)
                )
            ).all()
        last = []
        for serial, mark, rows in found:
            if sound.is_serial(serial):
                last.append(_Last(serial, mark if type(mark) is bytes else b""))
            else:
                self._skip(sound.plain(str(serial))[:_SHOWN], table, "serial is no serial of a unit", rows)
        return last

    def _lacking(self, serial: str) -> list[tuple[Table, list[int]]]:
        """Of each table the numbers of the rows here that are not there, all of one moment: no journal's end is newer
        than the records that are brought before it."""
        with self._here._reading() as connection:
            ours = {table: self._marks(connection, table, serial) for table in FORWARDED}
            held = _keys(connection, serial) if self._thorough else {}
        with self._there._reading() as connection:
            theirs = {table: set(_rows_by_mark(connection, table, serial)) for table in FORWARDED}
            lost = {held[key] for key in held.keys() - _keys(connection, serial).keys()} if held else set()
        brought_by = set(ours[additions].values())
        for addition in held.values():
            if addition not in brought_by:
                self._skip(serial, records, _LOST)
        lacking = {
            table: {number for mark, number in marks.items() if mark not in theirs[table]}
            for table, marks in ours.items()
        }
        lacking[additions] |= lost & brought_by
        return [(table, sorted(numbers)) for table, numbers in lacking.items()]

    def _marks(self, connection: Connection, table: Table, serial: str) -> dict[bytes, int]:
        """The numbers of the rows here by which they can be asked for."""
        known: dict[bytes, int] = {}
        for mark, number in _rows_by_mark(connection, table, serial).items():
            if type(mark) is bytes and type(number) is int:
                known[mark] = number
            else:
                self._skip(serial, table, "mark or id is none")
        return known

    def _batches(self, table: Table, serial: str, numbers: list[int]) -> Iterator[list[int]]:
        """The numbers, so many at once as one transaction takes."""
        sizes: dict[int, int] = {}
        if table is additions and numbers:
            with self._here._reading() as connection:
                found = connection.execute(
                    select(records.c.addition, func.count())
                    .where(records.c.serial == serial)
                    .group_by(records.c.addition)
                )
                sizes = {row[0]: row[1] for row in found}
        batch: list[int] = []
        size = 0
        for number in numbers:
            if batch and (len(batch) >= BATCH_ROWS or size + sizes.get(number, 0) > BATCH_RECORDS):
                yield batch
                batch, size = [], 0
            batch.append(number)
            size += sizes.get(number, 0)
        if batch:
            yield batch

    def _bring(self, table: Table, serial: str, rows: list[Any], came: list[Any]) -> None:
        """In one transaction there; where that is refused, row by row. `came`: the records that these rows brought."""
        try:
            self._write(table, serial, rows, came)
        except Refused as error:
            if len(rows) > 1:
                for row in rows:
                    self._bring(table, serial, [row], [one for one in came if one["addition"] == row["id"]])
                return
            self._skip(serial, table, str(error))
            if came:
                self._skip(serial, records, _LOST, len(came))

    def _read(self, table: Table, serial: str, numbers: Sequence[int]) -> tuple[list[Any], list[Any]]:
        """The rows here, and the records that they brought: those that are sound."""
        with self._here._reading() as connection:
            asked = select(table).where(table.c.serial == serial, table.c.id.in_(numbers)).order_by(table.c.id)
            rows = [dict(row) for row in connection.execute(asked).mappings()]
            came = _records_of(connection, serial, numbers) if table is additions else []
        rows = [row for row in rows if self._is_sound(serial, table, row)]
        ids = {row["id"] for row in rows}
        for row in came:
            if row["addition"] not in ids:
                self._skip(serial, records, _LOST)
        # What is derived is derived anew: in a store that somebody changed, a record under another's digest would keep
        # that one out.
        return rows, [
            row | {"digest": digest_of(row["chain"], row["raw"])}
            for row in came
            if row["addition"] in ids and self._is_sound(serial, records, row)
        ]

    def _is_sound(self, serial: str, table: Table, row: Mapping[str, Any]) -> bool:
        wrong = sound.fault(table, row)
        if wrong is not None:
            self._skip(serial, table, wrong)
        return wrong is None

    def _write(self, table: Table, serial: str, rows: list[Any], came: list[Any]) -> None:
        note = self._note if table is not custody and serial not in self._touched else None

        def bring(connection: Connection) -> tuple[int, int]:
            same = (table.c.serial == serial, table.c.mark.in_([row["mark"] for row in rows]))
            found = connection.execute(select(table.c.mark, table.c.id).where(*same))
            known = {bytes(mark): number for mark, number in found}
            new = [row for row in rows if row["mark"] not in known]
            known |= {row["mark"]: number for number, row in enumerate(new, next_id(connection, table, serial))}
            if new:
                connection.execute(insert(table), [row | {"id": known[row["mark"]]} for row in new])
            number_there = {row["id"]: known[row["mark"]] for row in rows}
            brought = _bring_records(connection, serial, came, number_there)
            if note is not None and (new or brought):
                note_custody(connection, self._there.origin, note(serial))
            return len(new), brought

        if not rows:
            return
        new, brought = self._there.write([serial], bring)
        self._arrived[table.name] += new
        self._arrived[records.name] += brought
        if (new or brought) and table is not custody:
            self._touched.add(serial)


def _rows_by_mark(connection: Connection, table: Table, serial: str) -> dict[Any, Any]:
    found = connection.execute(select(table.c.mark, table.c.id).where(table.c.serial == serial))
    return {row.mark: row.id for row in found}


def _keys(connection: Connection, serial: str) -> dict[tuple[Any, Any], Any]:
    """How the unit's records are known, and which addition brought each."""
    found = connection.execute(
        select(records.c.sequence, records.c.digest, records.c.addition).where(records.c.serial == serial)
    )
    return {(sequence, digest): addition for sequence, digest, addition in found}


def _records_of(connection: Connection, serial: str, numbers: Sequence[int]) -> list[dict[str, Any]]:
    found = connection.execute(
        select(records)
        .where(records.c.serial == serial, records.c.addition.in_(numbers))
        .order_by(records.c.addition, records.c.sequence)
    ).mappings()
    return [dict(row) for row in found]


def _bring_records(
    connection: Connection, serial: str, came: Sequence[dict[str, Any]], number_there: dict[int, int]
) -> int:
    """The records that these additions brought here, and that nobody brought there before."""
    wanted = [row for row in came if row["addition"] in number_there]
    if not wanted:
        return 0
    sequences = [row["sequence"] for row in wanted]
    held = connection.execute(
        select(records.c.sequence, records.c.digest).where(
            records.c.serial == serial, records.c.sequence.between(min(sequences), max(sequences))
        )
    )
    known = {(sequence, bytes(digest)) for sequence, digest in held}
    new = []
    for row in wanted:
        if (row["sequence"], row["digest"]) not in known:
            known.add((row["sequence"], row["digest"]))
            new.append(row)
    if new:
        connection.execute(insert(records), [row | {"addition": number_there[row["addition"]]} for row in new])
    return len(new)
