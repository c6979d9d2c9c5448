"""Uses that belong together are one incident: as far as any clock tells they overlap in time, and a camera followed
both, or the units met. One timeline shows them all, on the first weapon's clock."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from interlock.core.settings import ROLE_CAMERA

from ..clocks.exchange import Segment, Span, open_at
from ..clocks.unit_clock import HOST_U_MS
from ..joined import Joined
from . import model
from .lanes_joined import shared_timeline, spread
from .uses import Tried

OPEN = Span(float("-inf"), float("inf"))


def joined(tried: Sequence[Tried]) -> tuple[list[model.Use], list[model.Incident]]:
    """The uses, each with its incident's reference, and the incidents, both in the order given: that of time."""
    pairs = Joined()
    for one, other in _together(tried):
        pairs.join(one, other)
    groups: dict[Hashable, list[Tried]] = defaultdict(list)
    for place, found in enumerate(tried):
        groups[pairs.root(place)].append(found)
    incidents = [_incident(several) for several in groups.values()]
    of_group = {root: found.reference for root, found in zip(groups, incidents, strict=True)}
    return [replace(found.use, incident=of_group[pairs.root(n)]) for n, found in enumerate(tried)], incidents


def _together(tried: Sequence[Tried]) -> Iterator[tuple[int, int]]:
    """Pairs of places in `tried`."""
    told: dict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(tried):
        told[found.use.incident].append(place)
    for several in told.values():  # versions of one journal that begin with one record
        yield from combinations(several, 2)
    spans = [_utc(found) for found in tried]
    going: list[int] = []
    for place in sorted(range(len(tried)), key=lambda place: spans[place].low):
        going = [other for other in going if spans[other].high + 2 * HOST_U_MS >= spans[place].low]
        yield from ((other, place) for other in going if _met(tried[other], tried[place]))
        going.append(place)


def _utc(found: Tried) -> Span:
    """The use in UTC, as far as anything bounds it."""
    began = found.use.began
    low = float("-inf") if began.not_before_ms is None else began.not_before_ms
    high = float("inf") if began.not_after_ms is None else began.not_after_ms + _lasted_ms(found)
    return Span(low, high)


def _lasted_ms(found: Tried) -> int:
    """As far as it is known."""
    told = found.told
    return (told.known_ms if told.end_ms is None else told.end_ms) - told.events[0].at_ms


def _met(one: Tried, other: Tried) -> bool:
    """Whether these uses of two weapons, which no UTC tells apart, are of one incident."""
    if one.use.serial == other.use.serial:
        return False
    a, b = one.told, other.told
    if not one.followers & other.followers and b.unit not in _near(one) and a.unit not in _near(other):
        return False
    if _apart(one, other) or _apart(other, one):
        return False
    spans = [_utc(one), _utc(other)]
    is_timed = all(span.low > OPEN.low and span.high < OPEN.high for span in spans)
    for camera, here, there in _shared(one, other):
        ours, theirs = _on(one, here, camera), _on(other, there, camera)
        if ours is not None and theirs is not None:
            if ours.high < theirs.low or theirs.high < ours.low:
                return False
            is_timed = True
    return is_timed


def _apart(one: Tried, other: Tried) -> bool:
    """Whether some camera shows that the first was over before it restarted, and that the other began after that."""
    here, there = Segment(one.told.unit, one.told.boot), Segment(other.told.unit, other.told.boot)
    for before in one.met.get(here, ()):
        for after in other.met.get(there, ()):
            if before.unit != after.unit or before.boot >= after.boot:
                continue
            ours, theirs = _on(one, here, before, True), _on(other, there, after, True)
            last_ms = one.evidence.clocks[before.unit].last_ms(before.boot)
            if ours is not None and theirs is not None and ours.high <= last_ms and theirs.low >= 0:
                return True
    return False


def _near(found: Tried) -> set[int]:
    return {near.unit for near in found.told.near or ()}


def _shared(one: Tried, other: Tried) -> Iterator[tuple[Segment, Segment, Segment]]:
    """(camera's clock, one's, the other's) where a camera heard both in one boot."""
    here, there = Segment(one.told.unit, one.told.boot), Segment(other.told.unit, other.told.boot)
    for camera in sorted(one.met.get(here, set()) & one.met.get(there, set())):
        yield camera, here, there


def _on(found: Tried, here: Segment, camera: Segment, is_open: bool = False) -> Span | None:
    """The use on this camera's clock; `is_open`: also where its clock is tied from one side only."""
    begin_ms = found.told.events[0].at_ms
    offset = found.evidence.offset(here, camera, begin_ms)
    if offset is None and is_open:
        offset = open_at(found.evidence.bounds.get((here, camera), ()), begin_ms)
    return None if offset is None else Span(begin_ms + offset.low, begin_ms + _lasted_ms(found) + offset.high)


def _incident(several: Sequence[Tried]) -> model.Incident:
    first = several[0]
    shifts = _shifts(several)
    ends = [
        None
        if found.use.lasted_ms is None or moved is None
        else round(found.use.lasted_ms + (moved.low + moved.high) / 2)
        for found, moved in zip(several, shifts, strict=True)
    ]
    known = [end for end in ends if end is not None]
    return model.Incident(
        reference=first.use.incident,
        began=first.use.began,
        lasted_ms=max(known) if len(known) == len(ends) else None,
        uses=list(dict.fromkeys(found.use.incident for found in several)),
        serials=_serials(several),
        timeline=first.use.timeline if len(several) == 1 else shared_timeline(several, shifts),
    )


def _shifts(several: Sequence[Tried]) -> list[Span | None]:
    """When each use began, on the first one's clock, since that one began: by a clock that both share, else by way of
    uses between them; None: nothing ties it to any."""
    tied: dict[int, Span] = {0: Span(0.0, 0.0)}
    while True:
        found = {}
        for place in range(len(several)):
            if place not in tied:
                steps = [(span, shift(several[via], several[place])) for via, span in tied.items()]
                ways = [Span(span.low + more.low, span.high + more.high) for span, more in steps if more is not None]
                if ways:
                    found[place] = min(ways, key=spread)
        if not found:
            return [tied.get(place) for place in range(len(several))]
        tied |= found


def shift(first: Tried, other: Tried) -> Span | None:
    """When the other use began, on the first one's clock, since that one began; None: nothing ties the clocks."""
    a, b = first.told, other.told
    here, there = Segment(a.unit, a.boot), Segment(b.unit, b.boot)
    begin_ms, other_ms = a.events[0].at_ms, b.events[0].at_ms
    spans = []
    for camera, _, _ in _shared(first, other):
        ours, theirs = first.evidence.offset(here, camera, begin_ms), other.evidence.offset(there, camera, other_ms)
        if ours is not None and theirs is not None:
            spans.append(Span(theirs.low - ours.high, theirs.high - ours.low))
    by_utc = first.evidence.offset(here, there, begin_ms)
    if by_utc is not None:
        spans.append(Span(-by_utc.high, -by_utc.low))
    if not spans:
        return None
    low, high = max(span.low for span in spans), min(span.high for span in spans)
    tied = Span(low, high) if low <= high else min(spans, key=spread)
    return Span(other_ms + tied.low - begin_ms, other_ms + tied.high - begin_ms)


def _serials(several: Iterable[Tried]) -> list[str]:
    """Of the weapons, then of all others that had a part in it or were near, as far as they are known here."""
    weapons: dict[str, None] = {}
    others: set[tuple[bool, str]] = set()
    for found in several:
        weapons.setdefault(found.use.serial)
        for number in {*found.own, *found.shown, *found.followers, *_near(found)}:
            unit = found.held.get(number)
            if unit is not None:
                others.add((not unit.role & ROLE_CAMERA, unit.serial))
    return [*weapons, *(serial for _, serial in sorted(others) if serial not in weapons)]
