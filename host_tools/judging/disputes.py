"""Clocks that were set wrong, as what units said to each other shows: a frame is heard after it was aired, whatever any
host's clock said. Such a clock's UTC ties nothing; which of the two it is, the others that both met may tell."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..clocks.exchange import Bound, Segment, Span, open_at
from ..clocks.unit_clock import HOST_U_MS, UnitClock
from .exchanges import Source


class Dispute(NamedTuple):
    """By what the two said to each other the clock of `here` was set to a UTC that is ahead of that of `there` by
    `ahead_ms` or more (negative: behind); `source`: the records that show it."""

    here: Segment
    there: Segment
    ahead_ms: float
    source: Source

    def other(self, unit: int) -> int:
        """Of the two units, the one that is not this."""
        return self.there.unit if self.here.unit == unit else self.here.unit


class Judged(NamedTuple):
    """`wrong`: boots whose UTC counts for nothing: another unit's clock contradicts it, or another boot's."""

    disputes: tuple[Dispute, ...]
    wrong: frozenset[Segment]


NO_DISPUTES = Judged((), frozenset())


class Unlike(NamedTuple):
    """As of a dispute, where one of the two boots was not set, and others bound it: `ours`, `theirs` are the boots
    whose clocks say so, on the side of `here` and of `there`."""

    ahead_ms: float
    ours: frozenset[Segment]
    theirs: frozenset[Segment]


def judged(
    bounds: Mapping[tuple[Segment, Segment], Sequence[Bound]],
    sources: Mapping[tuple[Segment, Segment], Sequence[Source]],
    by_utc: Mapping[tuple[Segment, Segment], Span],
    unlike: Mapping[tuple[Segment, Segment], Unlike],
    misordered: Collection[Segment] = (),
) -> Judged:
    """`by_utc`: how far `there` is ahead of `here` by UTC alone, of the pairs that UTC ties, at the moment of the first
    of their bounds; `misordered`: boots that their own unit's clock contradicts."""
    disputes: list[Dispute] = []
    parties: list[set[Segment]] = []
    against: dict[Segment, set[int]] = defaultdict(set)
    agreed: dict[Segment, set[int]] = defaultdict(set)
    for (here, there), utc in by_utc.items():
        said = bounds[here, there]
        radio = open_at(said, said[0].here_ms)
        if radio is None:
            continue
        ahead_ms = utc.low - radio.high if utc.low > radio.high else min(0.0, utc.high - radio.low)
        known = agreed
        if ahead_ms:
            known = against
            place = _tightest(said, is_high=ahead_ms > 0)
            disputes.append(Dispute(here, there, ahead_ms, sources[here, there][place]))
            parties.append({here, there})
        known[here].add(there.unit)
        known[there].add(here.unit)
    for (here, there), (ahead_ms, ours, theirs) in unlike.items():
        place = _tightest(bounds[here, there], is_high=ahead_ms > 0)
        disputes.append(Dispute(here, there, ahead_ms, sources[here, there][place]))
        parties.append({*ours, *theirs})
        for one in parties[-1]:
            against[one].add(there.unit if one in ours else here.unit)
    wrong = {one for one, units in against.items() if len(units) >= len(agreed[one])}
    for several in parties:  # one of them is
        if not several & wrong:
            wrong |= several
    # Of a boot that was not set, what its unit noted as past already may be.
    wrong |= {
        segment for pair, (_, *both) in unlike.items() for segment, by in zip(pair, both, strict=True) if by & wrong
    }
    return Judged(tuple(disputes), frozenset({*wrong, *misordered}))


def unlike(here: Segment, there: Segment, said: Sequence[Bound], ours: UnitClock, theirs: UnitClock) -> Unlike | None:
    """Whether bounds that other boots set contradict what these two said to each other."""
    here_ms = said[0].here_ms
    radio = open_at(said, here_ms)
    if radio is None:
        return None
    first_ms, last_ms = max(0.0, here_ms + radio.low), min(theirs.last_ms(there.boot), here_ms + radio.high)
    utc = ours.between(here.boot, here_ms)
    low_ms, high_ms = theirs.between(there.boot, first_ms).low_ms, theirs.between(there.boot, last_ms).high_ms
    ahead_ms, is_later = 0.0, False
    if utc.low_ms is not None and high_ms is not None:
        ahead_ms, is_later = max(0.0, utc.low_ms - high_ms - 2 * HOST_U_MS), False
    if not ahead_ms and utc.high_ms is not None and low_ms is not None:
        ahead_ms, is_later = min(0.0, utc.high_ms - low_ms + 2 * HOST_U_MS), True
    if not ahead_ms:
        return None
    by_ours = ours.speakers(here.boot, is_later), theirs.speakers(there.boot, not is_later)
    return Unlike(
        ahead_ms,
        frozenset(Segment(here.unit, boot) for boot in by_ours[0]),
        frozenset(Segment(there.unit, boot) for boot in by_ours[1]),
    )


def _tightest(said: Sequence[Bound], is_high: bool) -> int:
    """Which of these bounds says most on that side."""
    return min(range(len(said)), key=lambda at: said[at].offset.high if is_high else -said[at].offset.low)


def as_others_have_it(
    dispute: Dispute, said: Sequence[Bound], clock_of: Callable[[int], UnitClock | None]
) -> dict[Segment, Bound]:
    """UTC less uptime of either boot, as the other one's clock has it. `said`: all that bounds how far the two are
    apart. Where that bounds one side only, the other is open as long as the camera's boot lasted."""
    here, there = dispute.here, dispute.there
    ours, theirs = clock_of(here.unit), clock_of(there.unit)
    here_ms = said[0].here_ms
    radio = open_at(said, here_ms)
    if radio is None or ours is None or theirs is None:
        return {}
    first_ms, last_ms = max(0.0, here_ms + radio.low), min(theirs.last_ms(there.boot), here_ms + radio.high)
    first_ms, last_ms = min(first_ms, last_ms), max(first_ms, last_ms)
    found = {}
    by_theirs = _closed(theirs.between(there.boot, first_ms).low_ms, theirs.between(there.boot, last_ms).high_ms)
    by_ours = _closed(*ours.between(here.boot, here_ms))
    if by_theirs is not None:
        found[here] = Bound(here_ms, Span(by_theirs.low - here_ms, by_theirs.high - here_ms))
    if by_ours is not None:
        found[there] = Bound(first_ms, Span(by_ours.low - last_ms, by_ours.high - first_ms))
    return found


def _closed(low_ms: float | None, high_ms: float | None) -> Span | None:
    """Where only one edge is known, that one alone: it contradicts, and how far beyond it the truth is nobody knows."""
    low_ms, high_ms = high_ms if low_ms is None else low_ms, low_ms if high_ms is None else high_ms
    return None if low_ms is None or high_ms is None else Span(low_ms, high_ms)


def in_words(dispute: Dispute, unit: int, name_of_other: str) -> str:
    """As a finding of this unit, which is one of the two."""
    is_here = unit == dispute.here.unit
    own = dispute.here if is_here else dispute.there
    record, other = (dispute.source.here, dispute.source.there)[:: 1 if is_here else -1]
    is_ahead = (dispute.ahead_ms > 0) == is_here
    return (
        f"boot {own.boot}: its clock is {abs(dispute.ahead_ms) / 1000:.3f} s or more "
        f"{'ahead of' if is_ahead else 'behind'} that of {name_of_other}, as what the two said to each other proves "
        f"(record {record}, there record {other}): one of the two was set wrong, and this unit's UTC counts for no "
        "verdict of that boot"
    )


def told_of(found: Judged, unit: int) -> Iterable[Dispute]:
    """The first dispute of each of this unit's boots that is wrong; of two that both may be, the weapon's has it."""
    told: set[Segment] = set()
    for dispute in found.disputes:
        for own, other in ((dispute.here, dispute.there), (dispute.there, dispute.here)):
            is_told_there = own == dispute.there and other in found.wrong
            if own.unit == unit and own in found.wrong and own not in told and not is_told_there:
                told.add(own)
                yield dispute
