"""What ties a weapon's clock to a camera's: frames that one aired and the other heard, as both journals have them.

Every bound remembers the two records that make it, so that a verdict can cite them.
"""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from interlock.core import receiver, records
from interlock.core.layout import Record

from ..clocks.exchange import Bound, Segment, Span
from .uses import Use


class Source(NamedTuple):
    """The records behind a bound: `here` of the weapon's journal, `there` of the camera's; their types."""

    here: int
    here_kind: int
    there: int
    there_kind: int


class Frame(NamedTuple):
    """A frame in a camera's journal: heard, answered or aired at `at_ms`. `code`: how it was heard, kind and reason of
    the answer, or the event."""

    counter: int
    boot: int
    at_ms: int
    sequence: int
    code: int


_NEVER_BOUNDS = (receiver.OWN_STALE,)
# A repeat was heard before, maybe in another start of the unit: its answer may be older than this record.
_NEVER_ANSWERED = (receiver.OWN_REPEAT,)


class Ears:
    """What a camera heard of each sender, answered it, and aired itself, by rising counter; and whom it had heard when
    it followed a weapon, by that weapon's (unit, counter). `doubted`: what is heard and aired from this record on is
    left out, as it ties no clocks; None: nothing is."""

    def __init__(self, unit: int, journal: Sequence[Record], doubted: int | None = None) -> None:
        self.unit = unit
        self.heard: dict[int, list[Frame]] = defaultdict(list)
        self.answered: dict[int, list[Frame]] = defaultdict(list)
        self.aired: list[Frame] = []
        self.crews: dict[tuple[int, int], list[records.CrewMember]] = {}
        trigger = None
        for record in journal:
            kind = record.kind
            is_of_these = kind in (records.HEARD, records.AIRED, records.CREW, records.ANSWER)
            fields = record.fields() if is_of_these else None
            before, trigger = trigger, None
            if fields is None:
                continue
            at = (record.boot, record.uptime_ms, record.sequence)
            is_sound = doubted is None or record.sequence < doubted
            if kind == records.CREW:
                if before is not None:
                    self.crews[before] = fields
            elif kind == records.AIRED:
                if is_sound:
                    self.aired.append(Frame(fields.counter, *at, fields.event))
            elif kind == records.ANSWER:
                self.answered[fields.holster].append(Frame(fields.counter, *at, fields.kind_reason))
            else:
                trigger = (fields.sender, fields.counter)  # the crew's record is right behind it
                if is_sound and fields.kind not in _NEVER_BOUNDS:
                    self.heard[fields.sender].append(Frame(fields.counter, *at, fields.kind))
        self.followed = {weapon for weapon, _ in self.crews}
        for several in (self.aired, *self.heard.values(), *self.answered.values()):
            several.sort()


def within(found: list[Frame], first: float, last: float) -> list[Frame]:
    """Those with counters from `first` to `last`."""
    return found[bisect_left(found, first, key=_counter) : bisect_right(found, last, key=_counter)]


def _counter(frame: Frame) -> float:
    return frame.counter


def exchanges(use: Use, camera: Ears) -> Iterable[tuple[Segment, Bound, Source]]:
    """All bounds that this use gives for the clock of each of the camera's boots, and the records behind them: sound
    ones of both."""
    aired = {event.counter: event for event in use.events if event.counter and use.is_sound(event.sequence)}
    if not aired:
        return
    heard = camera.heard.get(use.unit, [])
    for frame in within(heard, min(aired), max(aired)):
        event = aired.get(frame.counter)
        if event is not None:
            bound = Bound(event.aired_ms, Span(-math.inf, frame.at_ms - event.aired_ms))
            source = Source(event.sequence, records.EVENT, frame.sequence, records.HEARD)
            yield Segment(camera.unit, frame.boot), bound, source
    first, last = min(aired), math.inf if use.end_ms is None else max(aired)
    # Heard again, in another start of the unit, it may have been answered already.
    first_heard = list({frame.counter: frame for frame in reversed(within(heard, first, last))}.values())[::-1]
    for answer in use.answers:
        if answer.camera != camera.unit or not use.is_sound(answer.sequence):
            continue
        for frame in within(first_heard, first, min(answer.counter, last)):
            if frame.code not in _NEVER_ANSWERED:
                bound = Bound(answer.at_ms, Span(frame.at_ms - answer.at_ms, math.inf))
                source = Source(answer.sequence, records.ACK, frame.sequence, records.HEARD)
                yield Segment(camera.unit, frame.boot), bound, source
    for testimony in use.testimonies:
        if testimony.camera == camera.unit and use.is_sound(testimony.sequence):
            # Of all that it aired before, the newest of each boot bounds best.
            newest = {frame.boot: frame for frame in within(camera.aired, 0, testimony.counter)}
            for frame in newest.values():
                bound = Bound(testimony.at_ms, Span(frame.at_ms - testimony.at_ms, math.inf))
                source = Source(testimony.sequence, records.WITNESS, frame.sequence, records.AIRED)
                yield Segment(camera.unit, frame.boot), bound, source
