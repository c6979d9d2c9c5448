"""The recordings of one camera that may serve an event, on the weapon's clock, and what is known of each beside it: the
facts that the truth table (`table.py`) asks for.

A recording is seen in acks, whose order to the event the protocol proves, and in the camera's own journal. Where an ack
and one stretch of a journal that leaves nothing open can only be each other, they are one, and known by both.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from interlock.core import frames

from ..clocks.exchange import PAIR_PPM, Segment, Span
from .evidence import Evidence
from .recordings import Recording
from .table import GRACE_MS, End, Facts, Seen, Start, Within, decide
from .uses import Answer, Event, Use

SINCE_MOST_MS = (1 << 24) - 1
"""An ack's field for how long it has been recording holds no more (4.6 h)."""
TICK_MS = 1.0
"""Clocks count whole milliseconds: of two moments the one may be so much more behind the other, or less."""
SAME = Span(0.0, 0.0)
"""The offset of a clock to itself, which does not drift."""
_DRIFT = PAIR_PPM / 1e6


@dataclass(frozen=True)
class Candidate:
    """A recording of one camera: `start` and `end` lie in these, on the weapon's clock, ms, infinite where open; None
    where nothing ties the clocks. `seen`: what shows it to the table; `answer`: the ack that shows it best, and
    `denial`: the one before it that said *not yet*; `recording`: in the camera's journal; `offset`: of its clock at the
    event. `buffer_ms`: how far the pre-event buffer reaches back before the start; `sound`:
    no record that shows it is altered or contradicted."""

    camera: int
    seen: Seen
    start: Span | None
    end: Span | None
    buffer_ms: int = 0
    proven: bool = True
    sound: bool = True
    answer: Answer | None = None
    denial: Answer | None = None
    recording: Recording | None = None
    offset: Span | None = None


def candidates(evidence: Evidence, use: Use, event: Event, camera: int) -> list[Candidate]:
    """All recordings of this camera that may serve the event."""
    journalled = list(_from_recordings(evidence, use, event, camera))
    found = []
    for ack in _from_answers(use, event, camera):
        if not ack.sound and camera in evidence.complete:
            continue  # the camera's own journal is whole, and says all of it
        # With a gap in the journal the ack may be of a recording that is not in it.
        alike = [at for at, other in enumerate(journalled) if _may_be_one(ack, other)]
        ack = _from_restart(ack, [journalled[at] for at in alike])
        is_proof = decide(facts_of(use, event, ack))[0] == "before-protocol"
        if camera in evidence.complete:
            joined = _joined(journalled[alike[0]], ack) if len(alike) == 1 else None
            if joined is not None:
                journalled[alike[0]] = joined
                ack = replace(ack, recording=joined.recording, offset=joined.offset)
            # Whichever of several it is, the journal's own say all of it but the proof.
            if not is_proof and (joined is not None or len(alike) > 1):
                continue
        found.append(ack)
    return [*found, *journalled]


def facts_of(use: Use, event: Event, candidate: Candidate) -> Facts:
    """What the table is asked."""
    start, end = candidate.start, candidate.end
    sound = candidate.sound and use.is_sound(event.sequence)
    if start is None or end is None:
        return Facts(candidate.seen, Start.UNTIED, End.OPEN, Within.UNKNOWN, candidate.proven, sound=sound)
    placed = Start.STRADDLES
    if start.high <= event.at_ms and not event.is_older:
        placed = Start.BEFORE
    elif start.low >= event.at_ms:
        placed = Start.AFTER
    return Facts(candidate.seen, placed, _end(event, end), _within(use, start), candidate.proven, sound=sound)


def _end(event: Event, end: Span) -> End:
    if end.low >= event.at_ms:
        return End.REACHES
    if end.high < event.at_ms and not event.is_older:
        return End.BEFORE
    return End.OPEN if math.isinf(end.high) else End.STRADDLES


def _within(use: Use, start: Span) -> Within:
    """Whether a start counts as of this use at all."""
    is_end_known = use.end is not None and use.is_sound(use.end.sequence)
    until_ms = (use.end_ms if is_end_known and use.end_ms is not None else use.sound_ms) + GRACE_MS
    # In 10 s the weapon's clock is a tick fast or slow.
    if start.high <= until_ms - TICK_MS:
        return Within.YES
    return Within.NO if start.low > until_ms + TICK_MS and is_end_known else Within.UNKNOWN


# Acks.


def _from_answers(use: Use, event: Event, camera: int) -> Iterable[Candidate]:
    """An ack to this event's frame (or a later one) was built after that frame was aired: order without any clock."""
    for answer in use.answers:
        if answer.camera != camera or answer.kind != frames.PROVEN or answer.counter < event.counter:
            continue
        built_low = built_after(use, answer)
        # Its recording began so long before by the camera's clock, which is not quite as fast as the weapon's.
        drift_ms = answer.since_ms * _DRIFT + TICK_MS
        low = -math.inf if answer.since_ms >= SINCE_MOST_MS else built_low - answer.since_ms - drift_ms
        # A camera that answered "not yet" to this event began after that answer, so after the event.
        denials = [said for said in use.answers if use.is_sound(said.sequence) and _denies(said, event, answer)]
        denial = max(denials, key=lambda denied: built_after(use, denied), default=None)
        if denial is not None:
            low = max(low, built_after(use, denial))
        start = Span(low, answer.at_ms - answer.since_ms + drift_ms)
        end = Span(built_low, math.inf)
        sound = use.is_sound(answer.sequence)
        yield Candidate(camera, Seen.ACK, start, end, answer.buffer_ms, True, sound, answer, denial)


def built_after(use: Use, answer: Answer) -> int:
    """The moment on the weapon's clock after which this answer was built: its frame had been aired."""
    aired = [event for event in use.events if 0 < event.counter <= answer.counter]
    # What was put in later would move it.
    sound = [event for event in aired if use.is_sound(event.sequence)]
    return max(event.aired_ms for event in sound or aired)


def _denies(earlier: Answer, event: Event, answer: Answer) -> bool:
    return (
        earlier.camera == answer.camera
        and earlier.kind != frames.PROVEN
        and event.counter <= earlier.counter <= answer.counter
        and earlier.at_ms <= answer.at_ms
    )


# The camera's journal.


def _from_recordings(evidence: Evidence, use: Use, event: Event, camera: int) -> Iterable[Candidate]:
    here = Segment(use.unit, use.boot)
    offsets: dict[int, Span | None] = {}
    for recording in evidence.recordings.get(camera, ()):
        if use.end_ms is None and _of_a_later_use(evidence, use, recording, camera):
            continue
        if recording.boot not in offsets:
            offsets[recording.boot] = evidence.offset(here, Segment(camera, recording.boot), event.at_ms)
        offset = offsets[recording.boot]
        said = (recording.buffer_ms, recording.proven, recording.sound, None, None, recording, offset)
        if offset is None:
            yield Candidate(camera, Seen.JOURNAL, None, None, *said)
            continue
        start = seen_from(event.at_ms, recording.start_ms, offset)
        end = seen_from(event.at_ms, recording.end_ms, offset)
        if not recording.is_begin_seen:
            start = Span(_not_before(evidence, here, event.at_ms, recording, camera), start.high)
        if not recording.ended:
            end = Span(end.low, math.inf)
        elif recording.ended_by_ms is not None:
            end = Span(end.low, seen_from(event.at_ms, recording.ended_by_ms, offset).high)
        yield Candidate(camera, Seen.JOURNAL, start, end, *said)


def _not_before(evidence: Evidence, here: Segment, here_ms: float, recording: Recording, camera: int) -> float:
    """The earliest begin of a recording that its unit found on when it started: it was not there before the unit's last
    record before that."""
    if recording.begins_after is None:
        return -math.inf
    boot, there_ms = recording.begins_after
    offset = evidence.offset(here, Segment(camera, boot), here_ms)
    return -math.inf if offset is None else seen_from(here_ms, there_ms, offset).low


def seen_from(here_ms: float, there_ms: float, offset: Span) -> Span:
    """A moment of another clock on this one, where `offset` is how far that clock is ahead at `here_ms`: the further
    away it is, the more the two have drifted."""
    low, high = there_ms - offset.high - TICK_MS, there_ms - offset.low + TICK_MS
    if offset == SAME:
        return Span(low, high)
    return Span(low - abs(low - here_ms) * _DRIFT, high + abs(high - here_ms) * _DRIFT)


def _of_a_later_use(evidence: Evidence, use: Use, recording: Recording, camera: int) -> bool:
    """Whether the recording certainly began after a later use of the same weapon had begun: so after the end of this
    one, which no journal tells."""
    for later in evidence.of_weapon.get(use.unit, ()):
        begin_ms = later.events[0].at_ms
        if not later.is_sound(later.events[0].sequence):
            continue
        if (later.boot, begin_ms) <= (use.boot, use.events[0].at_ms):
            continue
        offset = evidence.offset(Segment(later.unit, later.boot), Segment(camera, recording.boot), begin_ms)
        if offset is not None and recording.start_ms - offset.high > begin_ms:
            return recording.is_begin_seen
    return False


# Both.


def _may_be_one(ack: Candidate, other: Candidate) -> bool:
    if ack.start is None or ack.end is None or other.start is None or other.end is None or ack.answer is None:
        return True
    # A unit that restarted in it counts from its restart.
    is_begin_known = other.recording is None or other.recording.is_begin_seen
    if is_begin_known and (other.start.low > ack.start.high or other.start.high < ack.start.low):
        return False
    # It was on when the ack was built, and that was no later than when it came.
    return other.start.low <= ack.answer.at_ms and other.end.high >= ack.end.low


def _from_restart(ack: Candidate, alike: Iterable[Candidate]) -> Candidate:
    """The ack, where it may be of a recording that its unit found on when it started: it counts from there."""
    lows = [c.start.low for c in alike if c.start is not None and c.recording and not c.recording.is_begin_seen]
    if ack.start is None or not lows:
        return ack
    return replace(ack, start=Span(min(ack.start.low, *lows), ack.start.high), denial=None)


def _joined(journalled: Candidate, ack: Candidate) -> Candidate | None:
    """The one recording by what both say of it; None where they contradict each other."""
    if journalled.start is None or journalled.end is None or ack.start is None or ack.end is None:
        return None
    low, high = max(journalled.start.low, ack.start.low), min(journalled.start.high, ack.start.high)
    end = Span(max(journalled.end.low, ack.end.low), journalled.end.high)
    if low > high or end.low > end.high:
        return None
    return replace(journalled, start=Span(low, high), end=end, answer=ack.answer, denial=ack.denial)
