"""From one store to another: a dock's to the force's server, a laptop's file into the dock's.

Rows go unit by unit, table by table, in the order in which they came into this store, in batches of one transaction
each. A row is known by its mark, so one that is there already, by this way or another, is not brought again. What is
there of a row's store is therefore always a beginning of what that store made of the unit: as long as the last row is
there, all are, and nothing is asked but that. So there is nothing to remember between two runs, and a server that was
restored from an older copy gets what it lost.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Table, func, insert, select, tuple_

from ..outcome import Exit, ToolError
from .numbers import digest_of, next_id
from .rows import Forwarded
from .schema import FORWARDED, additions, custody, records

if TYPE_CHECKING:
    from .store import Store

Report = Callable[[int, int], None]

BATCH_RECORDS = 2000
BATCH_ROWS = 200
_ASKED_AT_ONCE = 400


class _Last(NamedTuple):
    """The last row that a store made of a unit, as far as it is here."""

    serial: str
    origin: str
    mark: bytes


def forward(here: "Store", there: "Store", report: Report, thorough: bool) -> Forwarded:
    """See `Store.forward`."""
    arrived = {table.name: 0 for table in FORWARDED} | {records.name: 0}
    touched: set[str] = set()
    serials = _behind(here, there, thorough)
    for number, serial in enumerate(serials):
        report(number, len(serials))
        for table, numbers in _lacking(here, there, serial):
            for batch in _batches(here, table, serial, numbers):
                rows, brought = _bring(here, there, table, serial, batch)
                arrived[table.name] += rows
                arrived[records.name] += brought
                if rows and table is not custody:
                    touched.add(serial)
    report(len(serials), len(serials))
    counted = {name: count for name, count in arrived.items() if name in Forwarded.__dataclass_fields__}
    return Forwarded(**counted, serials=tuple(sorted(touched)))


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


def _behind(here: "Store", there: "Store", thorough: bool) -> list[str]:
    """The units of which something may be lacking there."""
    behind: set[str] = set()
    for table in FORWARDED:
        with here._reading() as connection:
            last = _last_rows(connection, table)
        for place in range(0, len(last), _ASKED_AT_ONCE):
            asked = last[place : place + _ASKED_AT_ONCE]
            if thorough:
                behind |= {row.serial for row in asked}
                continue
            with there._reading() as connection:
                known = connection.execute(
                    select(table.c.serial, table.c.mark).where(
                        tuple_(table.c.serial, table.c.mark).in_([(row.serial, row.mark) for row in asked])
                    )
                )
                held = {(serial, bytes(mark)) for serial, mark in known}
            behind |= {row.serial for row in asked if (row.serial, row.mark) not in held}
    return sorted(behind)


def _last_rows(connection: Connection, table: Table) -> list[_Last]:
    newest = (
        select(table.c.serial, func.max(table.c.id).label("id")).group_by(table.c.serial, table.c.origin).subquery()
    )
    found = connection.execute(
        select(table.c.serial, table.c.origin, table.c.mark).join(
            newest, (table.c.serial == newest.c.serial) & (table.c.id == newest.c.id)
        )
    )
    return [_Last(serial, origin, bytes(mark)) for serial, origin, mark in found]


def _lacking(here: "Store", there: "Store", serial: str) -> list[tuple[Table, list[int]]]:
    """Of each table the numbers of the rows here that are not there, all of one moment: no journal's end is newer than
    the records that are brought before it."""
    with here._reading() as connection:
        ours = {table: _marks(connection, table, serial) for table in FORWARDED}
    with there._reading() as connection:
        theirs = {table: _marks(connection, table, serial) for table in FORWARDED}
    return [
        (table, sorted(number for mark, number in marks.items() if mark not in theirs[table]))
        for table, marks in ours.items()
    ]


def _marks(connection: Connection, table: Table, serial: str) -> dict[bytes, int]:
    found = connection.execute(select(table.c.mark, table.c.id).where(table.c.serial == serial))
    return {bytes(mark): number for mark, number in found}


def _batches(here: "Store", table: Table, serial: str, numbers: list[int]) -> Iterator[list[int]]:
    """The numbers, so many at once as one transaction takes."""
    sizes: dict[int, int] = {}
    if table is additions and numbers:
        with here._reading() as connection:
            found = connection.execute(select(table.c.id, table.c["count"]).where(table.c.serial == serial))
            sizes = {row.id: row[1] for row in found}
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


def _bring(here: "Store", there: "Store", table: Table, serial: str, numbers: Sequence[int]) -> tuple[int, int]:
    """One transaction there; how many rows, and how many records with them, were new."""
    with here._reading() as connection:
        rows = [
            dict(row)
            for row in connection.execute(
                select(table).where(table.c.serial == serial, table.c.id.in_(numbers)).order_by(table.c.id)
            ).mappings()
        ]
        came = _records_of(connection, serial, numbers) if table is additions else []
    _check(here, table, rows)
    _check(here, records, came)
    # What is derived is derived anew: in a store that somebody changed, a record under another's digest would keep that
    # one out.
    came = [row | {"digest": digest_of(row["chain"], row["raw"])} for row in came]

    def bring(connection: Connection) -> tuple[int, int]:
        same = (table.c.serial == serial, table.c.mark.in_([row["mark"] for row in rows]))
        known = {bytes(mark) for mark in connection.scalars(select(table.c.mark).where(*same))}
        new = [row for row in rows if bytes(row["mark"]) not in known]
        number_there: dict[int, int] = {}
        for number, row in enumerate(new, next_id(connection, table, serial)):
            number_there[row["id"]] = number
        if new:
            connection.execute(insert(table), [row | {"id": number_there[row["id"]]} for row in new])
        return len(new), _bring_records(connection, serial, came, number_there)

    return there.write([serial], bring)


def _check(here: "Store", table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """SQLite takes anything in any column: what somebody else's file holds is looked at before it is passed on."""
    for row in rows:
        for column in table.c:
            if type(row[column.name]) is not column.type.python_type:
                raise ToolError(
                    f"{here.shown} holds a row of {table.name} of {row['serial']} that is none: {column.name}",
                    "Somebody changed this store. Keep it as it is; interlock verify says what is left of it.",
                    Exit.FINDINGS,
                )


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
