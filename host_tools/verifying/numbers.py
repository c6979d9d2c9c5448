"""Which number a unit has by what others heard of it. Neither chain nor checkpoint covers the number that a file's
header or a list of units states. But who heard a unit wrote its number down, beside a chain value of its journal: 4
bytes each, so that one alone may fit another journal by chance.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import exp, lgamma, log

from .outcomes import Misnamed
from .testimony import CHANCES, HEAD_BYTES, NOT_READ, Testimony
from .witnesses import Book

CHANCE_MOST = 1e-9
"""Chain values show a number where so many fit another journal with no more than this probability."""


def by_others(books: Sequence[Book]) -> Iterator[tuple[int, Misnamed]]:
    """Of each of these that others show to have another number than it states, one that no other one here has: its
    place, and what shows it."""
    numbers = {book.unit for book in books}
    heard: dict[int, _Heard] = {}
    for book in books:
        for unit in set(book.testimony.told_of) - numbers - {0}:
            said = (said.digest for said in book.testimony.about(unit) if said.sequence < book.sound_to)
            heard.setdefault(unit, _Heard()).add(book, said)
    for place, book in enumerate(books if heard else ()):
        shown = _shown(heard, book.unit, book.testimony)
        if shown is not None:
            yield place, shown


class _Heard:
    """All that was heard of one number: chain values, and the names of who heard each."""

    def __init__(self) -> None:
        self.by: dict[bytes, set[str]] = {}
        self.tellers: set[int] = set()

    def add(self, teller: Book, digests: Iterable[bytes]) -> None:
        self.tellers.add(teller.unit)
        for digest in digests:
            if digest != NOT_READ:
                self.by.setdefault(digest, set()).add(teller.name)


def _shown(heard: Mapping[int, _Heard], stated: int, testimony: Testimony) -> Misnamed | None:
    """`heard`: of numbers that no journal here has. Only who heard each other is compared: so few fit by chance."""
    mine = set(testimony.told_of)
    near = {number: one for number, one in heard.items() if not mine.isdisjoint(one.tellers)}
    found = testimony.index({digest for one in near.values() for digest in one.by}) if near else {}
    heads = len(testimony.heads) // HEAD_BYTES
    for number, one in sorted(near.items()):
        fit = [digest for digest in one.by if found[digest]]
        if not fit or _chance(len(fit), len(one.by) * heads / CHANCES) > CHANCE_MOST:
            continue
        names = " and ".join(sorted({name for digest in fit for name in one.by[digest]}))
        text = f"it is said to be unit {stated}, and {names} heard {len(fit)} of its chain values from unit {number}"
        return Misnamed(f"{text}: that is what it is", number)
    return None


def _chance(fit: int, expected: float) -> float:
    """At most the probability that so many or more fit where so many are to be expected by chance."""
    return exp(min(0.0, fit * log(expected) - lgamma(fit + 1)))
