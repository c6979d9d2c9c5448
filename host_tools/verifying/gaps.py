"""Why records are missing, as far as the unit says so itself."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from interlock.core import records
from interlock.core.layout import Record

SECTOR_RECORDS = 168
"""More of the shortest do not fit into a sector of 4096 bytes: what one flash fault took is that near to where it says
that it begins, on either side (a sector without its header is found by the first record in it that is still there)."""

STATED_MAX = 255
"""So often one number is noted, and the last time: what a dead sector took is said anew at the head of each sector."""

UNREADABLE = frozenset((records.FAULT_HEADER, records.FAULT_RECORDS))
"""Flash faults that took records which were there."""

Explained = Literal["", "ring", "flash"]
Counts = Callable[[int], bool]
"""Whether what the record of this number says is to be believed."""


class Told:
    """Numbers that records of one kind state, each with the records that state it, the first STATED_MAX of them and the
    last."""

    def __init__(self) -> None:
        self._by: dict[int, list[int]] = {}
        self._numbers: list[int] = []

    def __len__(self) -> int:
        return len(self._by)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told) and self._by == other._by

    __hash__ = None  # type: ignore[assignment]

    def note(self, number: int, at: int) -> None:
        """Record `at` states `number`, which no record states before it is due."""
        if number <= at:
            stated = self._by.setdefault(number, [])
            if len(stated) > STATED_MAX:
                stated.pop()
            stated.append(at)

    def within(self, first: int, last: int, counts: Counts, behind: int) -> Iterator[int]:
        """Of the numbers `first` to `last` those that a record behind number `behind` states which counts, rising."""
        if len(self._numbers) < len(self._by):
            self._numbers = sorted(self._by)
        for place in range(bisect_left(self._numbers, first), len(self._numbers)):
            number = self._numbers[place]
            if number > last:
                return
            stated = self._by[number]
            if any(counts(at) for at in stated[bisect_right(stated, behind) :]):
                yield number


def reasons(found: Iterable[Record]) -> tuple[Told, Told]:
    """What these records say of others that are missing, as `explain` takes it."""
    losses, flash_faults = Told(), Told()
    for record in found:
        fields = record.fields() if record.kind in (records.LOSS, records.FAULT) else None
        if fields is not None and record.kind == records.LOSS:
            losses.note(fields.first_kept, record.sequence)
        elif fields is not None and fields.kind in UNREADABLE:
            flash_faults.note(fields.sequence, record.sequence)
    return losses, flash_faults


def _any(_: int) -> bool:
    return True


def explain(
    first: int,
    last: int,
    losses: Told,
    flash_faults: Told,
    loose: int = 0,
    counts: tuple[Counts, Counts] = (_any, _any),
) -> Explained:
    """Why records `first` to `last` are missing, and so many behind them `loose`. `losses`: by the first record that is
    called kept; `flash_faults`: by the first record concerned; `counts`: which of both are believed.

    A full ring explains what precedes the very record that it calls kept, and nothing else. Flash faults explain what
    is near them, several of them together, and what is loose with it."""
    end = last + loose
    kept = max(losses.within(first + 1, last + 1, counts[0], last), default=first)
    if kept > end:
        return "ring"
    reached = kept
    for number in flash_faults.within(kept - SECTOR_RECORDS, end + SECTOR_RECORDS, counts[1], end):
        if number - SECTOR_RECORDS > reached:
            break
        reached = max(reached, number + SECTOR_RECORDS)
    return "flash" if reached > end else ""
