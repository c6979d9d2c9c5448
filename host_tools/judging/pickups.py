"""When a weapon's pick-up of discharges was faulty, by its unit's records of its lines: discharges may be missing then,
or false."""

from collections.abc import Iterable
from typing import NamedTuple

from interlock.core import lines, records
from interlock.core.layout import Record

from .uses import Use

_PLACE = lines.LINES.index("discharge")


class Faulty(NamedTuple):
    """From a record that says so to one that says that all lines are sound; without one, to the last record of that
    boot: uptimes."""

    boot: int
    from_ms: int
    until_ms: int

    @property
    def ms(self) -> int:
        return self.until_ms - self.from_ms


def faulty(journal: Iterable[Record]) -> list[Faulty]:
    """In the order of the records. What is missing between two of them ends no fault."""
    found: list[Faulty] = []
    open_: Faulty | None = None
    for record in journal:
        if open_ is not None and (record.boot != open_.boot or record.kind == records.BOOT):
            found, open_ = [*found, open_], None
        if open_ is not None:
            open_ = open_._replace(until_ms=record.uptime_ms)
        fields = record.fields() if record.kind == records.LINES else None
        if fields is None:
            continue
        if fields.cause == lines.SOUND and open_ is not None:
            found, open_ = [*found, open_], None
        elif fields.cause == lines.FAULT and open_ is None and lines.faults(fields.lines[_PLACE : _PLACE + 1]):
            open_ = Faulty(record.boot, record.uptime_ms, record.uptime_ms)
    return found if open_ is None else [*found, open_]


def within(several: Iterable[Faulty], use: Use) -> int:
    """For how many ms of this use."""
    begin_ms, end_ms = use.events[0].low_ms, use.known_ms if use.end_ms is None else use.end_ms
    return sum(
        max(0, min(one.until_ms, end_ms) - max(one.from_ms, begin_ms)) for one in several if one.boot == use.boot
    )
