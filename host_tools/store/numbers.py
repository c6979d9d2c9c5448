"""How rows are known, how they get their numbers, and which order they have in time. Used in this room only."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from . import sound
from .schema import DIGEST_BYTES, MARK_BYTES


def digest_of(chain: bytes, raw: bytes) -> bytes:
    """By which a record is known among those of its number (16 bytes)."""
    return hashlib.sha256(chain + raw).digest()[:DIGEST_BYTES]


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with every column of `table`, as they are. For the many: `insert` itself costs three times what SQLite does
    with a record. The values are what both drivers take: integers, texts, bytes."""
    compiled = insert(table).compile(dialect=connection.dialect)
    if compiled.positional:
        of_row = itemgetter(*(compiled.positiontup or ()))
        connection.exec_driver_sql(str(compiled), [of_row(row) for row in rows])
    else:
        connection.exec_driver_sql(str(compiled), [dict(row) for row in rows])


def next_id(connection: Connection, table: Table, serial: str) -> int:
    """The number that this unit's next row gets. The unit is locked."""
    return (connection.execute(select(func.max(table.c.id)).where(table.c.serial == serial)).scalar() or 0) + 1


def insert_new(
    connection: Connection, table: Table, serial: str, origin: str, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Rows of this unit that are made here; the number of the first of them. ToolError when one cannot be stored."""
    first = next_id(connection, table, serial)
    named = [
        {**row, "serial": serial, "id": number, "origin": origin, "mark": secrets.token_bytes(MARK_BYTES)}
        for number, row in enumerate(rows, first)
    ]
    for row in named:
        sound.check(table, row)
    connection.execute(insert(table), named)
    return first


def in_time(connection: Connection, table: Table, serial: str | None = None) -> list[Any]:
    """The rows of `table`, of one unit or of all, as they came about. Those of one store are in its own order, whatever
    its clock did; between stores the hosts' clocks (`utc_ms`) tell, since what was done first may be forwarded last."""
    wanted = select(table)
    if serial is not None:
        wanted = wanted.where(table.c.serial == serial)
    latest: dict[tuple[str, str], int] = {}
    moments = []
    for row in connection.execute(wanted.order_by(table.c.serial, table.c.id)):
        of, utc_ms = (row.serial, row.origin), _number(row.utc_ms)
        latest[of] = max(utc_ms, latest.get(of, utc_ms))
        moments.append((str(row.serial), latest[of], _number(row.id), row))
    return [row for *_, row in sorted(moments, key=lambda moment: moment[:3])]


def _number(value: object) -> int:
    """SQLite takes anything: a row that somebody put there must not hide the others."""
    return value if isinstance(value, int) else 0
