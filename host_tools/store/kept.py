"""What is read of one unit, within a transaction that somebody else began: what can be, and what is to be said of the
rest. Used by `store.py` and `taking.py` only."""

from typing import Any

from sqlalchemy import Connection, Table, select

from ..verifying.outcomes import Altered
from . import unfit
from .lines import Arrival, Head, Row, Stored
from .numbers import in_time
from .rows import CheckpointRow, UnitRow
from .schema import additions, checkpoints, heads, records, units


def identity_of(connection: Connection, serial: str) -> tuple[UnitRow | None, tuple[Altered, ...]]:
    """What the newest row says of it that can say anything; None: there is none."""
    found = _rows(connection, units, serial, ("unit", "role", "name"))
    kept = unfit.sort_out(unfit.UNIT, found)
    return (UnitRow(serial, *kept.fit[-1]) if kept.fit else None), kept.unfit


def stored(connection: Connection, serial: str) -> Stored | None:
    """All that is held of this unit; None: nothing."""
    wanted = ("sequence", "chain", "after", "epoch", "raw", "addition")
    found = connection.execute(
        select(*(records.c[name] for name in wanted))
        .where(records.c.serial == serial)
        .order_by(records.c.sequence, records.c.addition)
    ).all()
    stated = _rows(connection, heads, serial, Head._fields)
    came = in_time(connection, additions, serial)
    unit, of_unit = identity_of(connection, serial)
    order = {row.id: place for place, row in enumerate(came, 1)}
    lines, ends = unfit.sort_out(unfit.RECORDS, found), unfit.sort_out(unfit.HEADS, stated)
    brought = unfit.sort_out(unfit.ARRIVALS, [_arrival(row) for row in came])
    told = (*of_unit, *lines.unfit, *ends.unfit, *brought.unfit)
    if not found and not stated and not came and not told and (unit is None or unit.unit == 0):
        return None
    # Of an addition that is not here, which the database's own keys would have refused: it came last.
    last = len(order) + 1
    rows = [Row(n, chain, after, epoch, raw, order.get(by, last)) for n, chain, after, epoch, raw, by in lines.fit]
    identity = (0, 0, "") if unit is None else unit[1:]
    return Stored(serial, identity, rows, [Head(*head) for head in ends.fit], brought.fit, told)


def signed(connection: Connection, serial: str) -> tuple[list[CheckpointRow], tuple[Altered, ...]]:
    """All that this unit signed and somebody fetched, each once, in the order in which it came."""
    columns = list(CheckpointRow.__dataclass_fields__)
    wanted = [*unfit.SIGNED.fits, *columns]
    kept = unfit.sort_out(unfit.SIGNED, _rows(connection, checkpoints, serial, wanted))
    found = [CheckpointRow(*row[len(unfit.SIGNED.fits) :]) for row in kept.fit]
    once = {(row.public, row.message, row.signature): row for row in reversed(found)}
    return list(reversed(once.values())), kept.unfit


def _rows(connection: Connection, table: Table, serial: str, columns: Any) -> list[Any]:
    """As they came."""
    asked = select(*(table.c[name] for name in columns)).where(table.c.serial == serial).order_by(table.c.id)
    return [tuple(row) for row in connection.execute(asked)]


def _arrival(row: Any) -> Arrival:
    """One that is none where first and count are no numbers."""
    first, count = row.first, row._mapping["count"]
    is_counted = type(first) is int and type(count) is int and count > 0
    return Arrival(first, first + count - 1 if is_counted else -1, row.by, row.utc_ms)
