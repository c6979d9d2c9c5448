"""Why records are missing, as far as the unit says so itself."""

from collections.abc import Iterable
from typing import Literal

from interlock.core import records
from interlock.core.layout import Record

SECTOR_RECORDS = 168
"""More of the shortest do not fit into a sector of 4096 bytes: what one flash fault took is that near to where it says
that it begins, on either side (a sector without its header is found by the first record in it that is still there)."""

Explained = Literal["", "ring", "flash"]


def reasons(found: Iterable[Record]) -> tuple[int, list[tuple[int, int]]]:
    """What these records say of others that are missing: `kept` and `flash_faults`, as `explain` takes them."""
    kept, flash_faults = 0, []
    for record in found:
        fields = record.fields() if record.kind in (records.LOSS, records.FAULT) else None
        if fields is not None and record.kind == records.LOSS:
            kept = max(kept, min(fields.first_kept, record.sequence))
        elif fields is not None:
            flash_faults.append((fields.kind, fields.sequence))
    return kept, flash_faults


def explain(first: int, last: int, kept: int, flash_faults: Iterable[tuple[int, int]]) -> Explained:
    """Why records `first` to `last` are missing. `kept`: the first record that the newest *loss* record calls kept;
    `flash_faults`: kind and sequence of the *flash fault* records, several of which may explain one gap together."""
    if last < kept:
        return "ring"
    reached = first
    for sequence in sorted(n for kind, n in flash_faults if kind in (records.FAULT_HEADER, records.FAULT_RECORDS)):
        if sequence - SECTOR_RECORDS <= reached:
            reached = max(reached, sequence + SECTOR_RECORDS)
    return "flash" if reached > last else ""
