"""Where a store holds more than one record of a unit under one number: evidence that the unit told two stories, or that
somebody changed one of them. Used by `store.py` only."""

from sqlalchemy import Connection, func, select

from interlock.core.layout import UNKNOWN

from .rows import Conflict, Version
from .schema import additions, records


def conflicts(connection: Connection, serial: str | None = None) -> list[Conflict]:
    """By unit and number."""
    of = (records.c.serial, records.c.sequence)
    several = select(*of).group_by(*of).having(func.count() > 1)
    if serial is not None:
        several = several.where(records.c.serial == serial)
    numbers = several.subquery()
    found = connection.execute(
        select(*of, records.c.raw, records.c.chain, additions.c.by, additions.c.utc_ms, additions.c.origin)
        .join(numbers, (records.c.serial == numbers.c.serial) & (records.c.sequence == numbers.c.sequence))
        .join(additions, (records.c.serial == additions.c.serial) & (records.c.addition == additions.c.id))
        .order_by(*of, records.c.addition, records.c.digest)
    )
    versions: dict[tuple[str, int], list[Version]] = {}
    for unit, sequence, *version in found:
        versions.setdefault((unit, sequence), []).append(Version(*version))
    told = [Conflict(*key, _without_doubles(held)) for key, held in sorted(versions.items())]
    return [conflict for conflict in told if len(conflict.versions) > 1]


def _without_doubles(versions: list[Version]) -> tuple[Version, ...]:
    """A record that came with its chain value and, from behind a hole in the flash, without it, is one."""
    known = {version.raw for version in versions if version.chain != UNKNOWN}
    return tuple(version for version in versions if version.chain != UNKNOWN or version.raw not in known)
