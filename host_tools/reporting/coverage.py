"""Whether a camera's journal covers a use, and which of its recordings may be of it.

A journal that is intact may still say nothing of a use: it was pulled before the use, or has a gap there. `narrowed`
leaves, for one use, only the cameras whose journals cover it, and only the recordings that may belong to it. So
*unwitnessed* is claimed only where the journals are there that would show a recording.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..clocks.exchange import Segment, Span, offset_at
from ..clocks.unit_clock import HOST_U_MS, UnitClock
from ..judging.evidence import Evidence
from ..judging.recordings import Recording
from ..judging.uses import Use
from ..judging.verdict import GRACE_MS
from .held import Held, Hole, Point, point
from .reach import Reach, begins_at, over_at


class Timeline:
    """Whether moments of a camera's journal lie before or after a use, as far as anything proves it."""

    def __init__(self, evidence: Evidence, weapon: Held, camera: Held, use: Use, over: "Over | None") -> None:
        self._clock = evidence.tying(camera.unit) or UnitClock(())
        self._camera = camera
        boots = (evidence.clocks.get(camera.unit) or self._clock).boots
        self._order = {boot: place for place, boot in enumerate(boots)}
        self.utc = utc_of(evidence.tying(weapon.unit) or UnitClock(()), weapon, use, over)
        # Where the use began and was over on the clocks of this camera's boots, by what the two said to each other.
        self._begins: dict[int, float] = {}
        self._ends: dict[int, float] = {}
        begin_ms = use.events[0].low_ms
        if camera.unit == use.unit:
            self._begins[use.boot] = begin_ms
            if over is not None:
                self._ends[over.boot] = over.ms
            return
        for boot in self._order:
            there = Segment(camera.unit, boot)
            begin = _tied(evidence, Segment(use.unit, use.boot), there, begin_ms)
            end = None if over is None else _tied(evidence, Segment(use.unit, over.boot), there, over.ms)
            if begin is not None:
                self._begins[boot] = begin.low
            if end is not None:
                self._ends[boot] = end.high

    def is_past(self, point: Point) -> bool:
        """Whether `point` certainly lies before the use began."""
        for boot, began_ms in self._begins.items():
            # What a boot before this one tells is past where the use began in this one at the earliest.
            before_ms = point.ms if point.boot == boot else 0.0
            if self._order[point.boot] <= self._order[boot] and before_ms <= began_ms:
                return True
        if point.boot in self._begins:
            return False  # whatever any host said of UTC
        high_ms = self._clock.between(*point).high_ms
        return high_ms is not None and high_ms + 2 * HOST_U_MS <= self.utc.low

    def is_to_come(self, point: Point) -> bool:
        """Whether `point` certainly lies after the use, and the time in which a late recording counts, was over."""
        for boot, over_ms in self._ends.items():
            # And what a later one tells is to come where this one lasted longer than the use.
            after_ms = point.ms if point.boot == boot else self._camera.last_of_boot[boot].uptime_ms
            if self._order[point.boot] >= self._order[boot] and after_ms >= over_ms:
                return True
        if point.boot in self._ends:
            return False
        low_ms = self._clock.between(*point).low_ms
        return low_ms is not None and self.is_to_come_utc(low_ms)

    def is_to_come_utc(self, utc_ms: float) -> bool:
        return utc_ms >= self.utc.high + 2 * HOST_U_MS

    def near(self) -> Span:
        """The use in UTC by either unit's clock, where what they said to each other is known beside it: what is outside
        of this certainly lies before or after it."""
        lows = [self._clock.between(boot, ms).low_ms for boot, ms in self._begins.items()]
        highs = [self._clock.between(boot, ms).high_ms for boot, ms in self._ends.items()]
        low = min((float("-inf") if ms is None else ms for ms in lows), default=self.utc.low)
        high = max((float("inf") if ms is None else ms for ms in highs), default=self.utc.high)
        return Span(min(low, self.utc.low), max(high, self.utc.high))

    def covers(self) -> bool:
        """Whether nothing that the camera's journal lacks can have been during the use."""
        if not self._camera.pulled or self._camera.findings:
            return False
        return all(self._is_clear(hole) for hole in self._camera.holes)

    def _is_clear(self, hole: Hole) -> bool:
        if hole.read_ms is not None and self.is_to_come_utc(hole.read_ms):
            return True
        if hole.until is not None and self.is_past(hole.until):
            return True
        return hole.after is not None and self.is_to_come(hole.after)

    def may_hold(self, recording: Recording) -> bool:
        """Whether a recording of this camera may be of the use."""
        begins, over = begins_at(recording), over_at(recording)
        if begins is not None and self.is_to_come(Point(*begins)):
            return False
        if over is not None:
            return not self.is_past(Point(*over))
        began = (self._order[recording.boot], recording.end_ms)
        later = (r for r in self._camera.recorder_known if (self._order[r.boot], r.uptime_ms) > began)
        following = point(next(later, None))
        return following is None or not self.is_past(following)


class Over(NamedTuple):
    """On the weapon's clock: it was back at `ms` less GRACE_MS at the latest, as record `sequence` says."""

    sequence: int
    boot: int
    ms: float


def known(use: Use) -> Over:
    """As far as the weapon's journal knows of the use."""
    end_ms = use.known_ms if use.end_ms is None else use.end_ms
    if use.end is not None and not use.is_sound(use.end.sequence):
        end_ms = max(end_ms, use.sound_ms)
    return Over(use.events[-1].sequence, use.boot, end_ms + GRACE_MS)


def over(weapon: Held, use: Use) -> Over | None:
    """When the use was over for certain, with the time in which a late recording counts; None: nothing bounds that."""
    # Whoever cuts a return out leaves a journal that is doubted, and shall not gain by it.
    if use.end_ms is not None or use.doubted is not None:
        return known(use)
    place = bisect_right(weapon.returns, use.events[-1].sequence, key=lambda returned: returned[0])
    if place == len(weapon.returns):
        return None
    sequence, boot, ms = weapon.returns[place]
    return Over(sequence, boot, ms + GRACE_MS)


def _tied(evidence: Evidence, here: Segment, there: Segment, here_ms: float) -> Span | None:
    """A moment of one clock on the other, by what the two said to each other."""
    bounds = evidence.bounds.get((here, there))
    offset = None if bounds is None else offset_at(bounds, here_ms)
    return None if offset is None else Span(here_ms + offset.low, here_ms + offset.high)


def utc_of(clock: UnitClock, weapon: Held, use: Use, over: Over | None) -> Span:
    """The use in UTC, until it was `over`; infinite where nothing bounds it."""
    low_ms = clock.between(use.boot, use.events[0].low_ms).low_ms
    low = float("-inf") if low_ms is None else low_ms
    if over is None:
        return Span(low, float("inf"))
    high_ms = clock.between(over.boot, over.ms).high_ms
    highs = [] if high_ms is None else [high_ms]
    # What a host has read was past: so was the use, by as long as it lay before the newest that was read.
    last, event = weapon.last_of_boot[over.boot], use.events[-1]
    read = [(last.sequence, last.uptime_ms), *([(event.sequence, event.at_ms)] if over.boot == use.boot else [])]
    for sequence, at_ms in read:
        came_ms = weapon.came_ms(sequence) if use.is_sound(sequence) else None
        highs += [] if came_ms is None else [came_ms + over.ms - at_ms]
    return Span(low, min(highs, default=float("inf")))


def by_reading(absent: Iterable[Held]) -> list[Held]:
    """Oldest pull first, for `unread`."""
    return sorted(absent, key=lambda camera: (_read_ms(camera), camera.serial))


def unread(absent: Sequence[Held], utc: Span) -> Sequence[Held]:
    """Those of these cameras, of which nothing but the time of the last pull is asked, that were not read after the use
    was certainly over. `absent`: as `by_reading` gives them."""
    return absent[: bisect_left(absent, utc.high + 2 * HOST_U_MS, key=_read_ms)]


def _read_ms(camera: Held) -> float:
    return float("-inf") if camera.read_ms is None else camera.read_ms


def narrowed(
    evidence: Evidence,
    held: Mapping[int, Held],
    use: Use,
    cameras: Iterable[int],
    reaches: dict[int, Reach] | None = None,
) -> Evidence:
    """The evidence as far as it concerns this use: `complete` are those of `cameras` whose journals cover it.
    `reaches`: of the cameras' recordings in this evidence, filled here for the next use."""
    reaches = {} if reaches is None else reaches
    complete: set[int] = set()
    partly: set[int] = set()
    end = over(held[use.unit], use)
    kept = dict(evidence.recordings)
    for number in cameras:
        camera = held.get(number)
        if camera is None:
            continue
        timeline = Timeline(evidence, held[use.unit], camera, use, end)
        if timeline.covers():
            complete.add(number)
        elif end != known(use) and Timeline(evidence, held[use.unit], camera, use, known(use)).covers():
            complete.add(number)
            partly.add(number)
        if number in kept:
            if number not in reaches:
                reaches[number] = Reach(evidence.tying(number) or UnitClock(()), kept[number])
            kept[number] = [found for found in reaches[number].near(timeline.near()) if timeline.may_hold(found)]
    return replace(evidence, complete=complete, recordings=kept, partly=partly)
