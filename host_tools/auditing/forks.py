"""Journals of one unit: one may be an older read of the other, which is no finding; where they differ, that is one."""

from collections.abc import Iterator

from ..journal_items import Source, raws_of
from .examine import Examined

_SEQUENCE = slice(2, 6)


def parting(one: Examined, other: Examined) -> int | None:
    """The number of the first record that both have and that is not the same; None: there is none. What either has
    behind something that is not as it was written does not count."""
    end = min(one.sound_to, other.sound_to)
    theirs = _records(other, end)
    held = next(theirs, None)
    for sequence, raw in _records(one, end):
        while held is not None and held[0] < sequence:
            held = next(theirs, None)
        if held is None:
            return None
        if held[0] == sequence and held[1] != raw:
            return sequence
    return None


def _records(journal: Examined, end: int) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each record before `end`."""
    with journal.place.open() as stream:
        for raw in raws_of(Source(stream), journal.sound_bytes):
            sequence = int.from_bytes(raw[_SEQUENCE])
            if sequence >= end:
                return
            yield sequence, raw
