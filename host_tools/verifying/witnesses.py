"""What units say of each other's journals. Each frame on the air carries its sender's counter and the first bytes of a
recent chain value of its journal; who takes it for authentic journals both (`firmware/PROTOCOL.md` 3-5, JOURNAL.md 9).

A counter beyond the end of a journal shows that it went on; one inside it without a record of its own shows that a
record is missing. A chain value shows that the journal was, up to there, what it is now: but for chance, which is
stated, since 4 bytes fit by chance once in 2^32 values. Nothing here says who is to blame: power fails, and frames that
only the group's key authenticates may be another member's. `testimony.py` collects what is compared here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from typing import NamedTuple

from interlock.core import frames

from .found import Walked
from .outcomes import AiredUnrecorded, Contradicted, Outcome, RolledBack, TruncatedTail, Witnessed
from .testimony import ACK, CHANCES, JOURNALLED, NOT_READ, RESTART, Index, Said, Testimony

_BUILT_AHEAD = (frames.ARM, frames.DISCHARGE)


@dataclass
class Book:
    """One journal, for comparing. `name`: what people call it; `sound_to`: number from which on it is not believed;
    `covered`: see `checkpoints.Judged`; `is_newest`: none of the same unit at hand goes further; `read_ms`: UTC of the
    last pull to its end, and `came_ms`: that of the first pull that brought a record; None where nobody knows."""

    name: str
    unit: int
    walked: Walked
    testimony: Testimony
    sound_to: int
    covered: Sequence[tuple[int, int]]
    is_newest: bool = True
    read_ms: int | None = None
    came_ms: Callable[[int], int | None] = lambda _: None

    @property
    def first(self) -> int:
        return 0 if self.walked.header is None else self.walked.header.first

    @cached_property
    def _missing(self) -> list[int]:
        """How many records are missing before each hole, and in all."""
        return [0, *accumulate(hole.last - hole.first + 1 for hole in self.walked.holes)]

    def missing(self, after: int, before: int) -> int:
        """How many records are missing in holes that reach between these two."""
        holes = self.walked.holes
        low = bisect_right(holes, after, key=lambda hole: hole.last)
        high = bisect_left(holes, before, key=lambda hole: hole.first)
        return self._missing[high] - self._missing[low] if low < high else 0

    def is_proven(self, sequence: int) -> bool:
        """Whether a key vouches for this record and all before it in its run: by a seal or a signature."""
        return self.walked.held_by(sequence) == "sealed" or any(
            first <= sequence < following for first, following in self.covered
        )


class Window(NamedTuple):
    """Where a chain value can be from that another unit heard: before one of records `low` to `high` (None: or behind
    the end). `is_here`: the frame has a record of its own; `is_bounded`: it cannot be older than `low`."""

    low: int
    high: int | None
    is_here: bool
    is_bounded: bool
    restarted: bool = False


@dataclass
class _Sight:
    """What was found out about one journal so far."""

    matched: dict[tuple[int, int, bytes], int] = field(default_factory=dict)  # said, and the position it fits
    tellers: set[str] = field(default_factory=set)
    error: float = 0.0
    furthest: int = 0  # of the positions that fit
    known_to: int = 0  # records below this number are known to others
    beyond: tuple[bool, int, Book, Said] | None = None  # whether it may still be there; counter
    missing: dict[tuple[bool, int], tuple[Window, Said, list[str]]] = field(default_factory=dict)
    excused: dict[tuple[bool, int, int], set[int]] = field(default_factory=dict)  # counters, by the window over a hole
    wrong: list[tuple[int, Window, Book, Said]] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """`known_to`: records below this number are known to somebody else."""

    outcomes: tuple[Outcome, ...]
    known_to: int


def compare(book: Book, others: Iterable[Book]) -> Seen:
    """What the other units' journals say of this one."""
    sight = _Sight()
    tellers = list(others)

    @cache
    def index() -> Index:
        return book.testimony.index(set[bytes]().union(*(one.testimony.digests_of(book.unit) for one in tellers)))

    for teller in tellers:
        heard = book.testimony.heard_of(teller.unit)
        for said in teller.testimony.about(book.unit):
            if said.sequence >= teller.sound_to:
                continue  # which is not believed
            window = _answer_window(book, *heard, said) if said.event == ACK else _frame_window(book, said)
            end = book.walked.following if window.high is None else window.high
            if end <= book.sound_to:
                _weigh(book, teller, said, window, end, sight)
                if said.digest != NOT_READ:
                    _look_for(book, teller, said, window, end, sight, index)
    return Seen(tuple(_outcomes(book, sight)), max(sight.known_to, sight.furthest))


def _weigh(book: Book, teller: Book, said: Said, window: Window, end: int, sight: _Sight) -> None:
    """Compare one counter that was heard with the journal of the unit that said it. `end`: of the window."""
    if window.is_here:
        known_to = window.low if said.event == ACK else end + 1
        if known_to > sight.known_to:
            sight.known_to = known_to
    elif window.is_bounded and _is_due(teller, said):
        excuses = book.missing(window.low - 1, end)
        if excuses:  # each record that is missing can have been one of these
            excused = sight.excused.setdefault((said.is_ack, window.low, end), set())
            if said.counter in excused or len(excused) < excuses:
                excused.add(said.counter)
                return
        if window.high is None:
            _note_beyond(book, teller, said, sight)
        elif said.is_ack or said.counter not in book.testimony.strays:
            key = (said.is_ack, said.counter)
            sight.missing.setdefault(key, (window, said, []))[2].append(_who(teller, said))


def _is_due(teller: Book, said: Said) -> bool:
    """Whether the unit that was heard must have a record of it."""
    return teller.testimony.has_event(said.counter) if said.is_ack else said.event in JOURNALLED


def _look_for(
    book: Book, teller: Book, said: Said, window: Window, end: int, sight: _Sight, index: Callable[[], Index]
) -> None:
    """Compare one chain value that was heard with the journal of the unit that said it."""
    place = book.testimony.find(said.digest, window.low, end, index)
    if place is None:
        if window.is_bounded and book.testimony.is_known(window.low, end):
            if window.high is not None:
                sight.wrong.append((end, window, teller, said))
            elif not said.is_ack:
                # Aired behind all that is recorded here, with a chain value that is not here: that was behind it, too.
                _note_beyond(book, teller, said, sight)
        return
    sight.matched[teller.unit, said.sequence, said.digest] = place
    sight.tellers.add(teller.name)
    if place >= sight.furthest:
        sight.furthest, sight.error = place, (end - window.low + 1) / CHANCES


def _note_beyond(book: Book, teller: Book, said: Said, sight: _Sight) -> None:
    """Keep what shows best that the journal went on: what was known before it was pulled, the highest counter."""
    came_ms = teller.came_ms(said.sequence)
    is_later = book.read_ms is not None and came_ms is not None and came_ms > book.read_ms
    if book.is_newest and (
        sight.beyond is None or (not is_later, said.counter) > (not sight.beyond[0], sight.beyond[1])
    ):
        sight.beyond = (is_later, said.counter, teller, said)


def _frame_window(book: Book, said: Said) -> Window:
    """A frame is built after its sender's frame before was recorded, and before its own record is made; an arming or a
    discharge, which may follow in an instant, together with the frame before it."""
    own = book.testimony
    at = bisect_left(own.counters, said.counter)
    before = bisect_left(own.counters, said.counter - 1) if said.event in _BUILT_AHEAD else at
    low = own.places[before - 1] + 1 if before else book.first
    is_bounded = before > 0 or book.first == 0
    if at == len(own.counters):
        return Window(low, None, False, is_bounded)
    restarted = own.whats[at] == RESTART
    return Window(low, own.places[at], own.counters[at] == said.counter and not restarted, is_bounded, restarted)


def _answer_window(book: Book, counters: Sequence[int], places: Sequence[int], said: Said) -> Window:
    """An answer is built in the moment in which its frame is heard, just before that is recorded, or later; and before
    a later frame of the same sender is heard. `counters`, `places`: see `Testimony.heard_of`."""
    at = bisect_right(counters, said.counter)
    low = places[at - 1] if at else book.first
    high = places[at] if at < len(counters) else None
    return Window(low, high, at > 0 and counters[at - 1] == said.counter, at > 0 or book.first == 0)


def _who(teller: Book, said: Said) -> str:
    return f"{teller.name} (its record {said.sequence})"


def _what(said: Said) -> str:
    return "an answer" if said.is_ack else frames.EVENT_NAMES.get(said.event, "frame")


def _outcomes(book: Book, sight: _Sight) -> Iterable[Outcome]:
    if sight.wrong:
        yield _contradiction(book, sight)
    for key in sorted(sight.missing):
        window, said, tellers = sight.missing[key]
        assert window.high is not None
        heard = " and ".join(dict.fromkeys(tellers))
        after = window.low - 1 if window.low else None
        what, restarted = _what(said), window.restarted
        yield AiredUnrecorded(said.counter, what, heard, after, window.high, restarted, said.is_ack)
    if sight.beyond is not None:
        is_later, counter, teller, said = sight.beyond
        shows = f"heard its {_what(said)}, frame {counter}"
        if said.is_ack:
            shows = f"had {_what(said)} to its frame {counter}"
        elif said.is_met or said.event not in JOURNALLED:
            shows = f"heard its frame {counter} with a chain value that is not here"
        yield TruncatedTail(book.walked.following, _who(teller, said), shows, is_later)
    if sight.matched:
        by = tuple(sorted(sight.tellers))
        yield Witnessed(sight.furthest, len(sight.matched), by, sight.error)


def _contradiction(book: Book, sight: _Sight) -> Outcome:
    """The first chain value that was heard and is not here. What came before one that is here was not changed."""
    end, window, teller, said = min(sight.wrong, key=lambda wrong: (wrong[0], wrong[2].name, wrong[3].sequence))
    first = max((place for place in sight.matched.values() if place <= window.low), default=book.first)
    heard = f"{_who(teller, said)}, which heard another chain value"
    if not said.is_own:
        heard += " in a frame that only the group's key vouches for"
    elif book.is_proven(end) and teller.is_proven(said.sequence):
        return RolledBack(first, f"{heard}, and both journals are the units' own")
    return Contradicted(first, max(first, end - 1), heard)
