"""The recordings of one camera that may serve an event, on the weapon's clock, and what is known of each beside it: the
facts that the truth table (`table.py`) asks for.

A recording is seen in acks, whose order to the event the protocol proves, and in the camera's own journal. Where an ack
and one stretch of a journal that leaves nothing open can only be each other, they are one, and known by both.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from interlock.core import frames

from ..clocks.exchange import PAIR_PPM, TICK_MS, Segment, Span
from .answers import began, built_after, contradicted, denial_of
from .evidence import Evidence
from .recordings import Recording
from .table import GRACE_MS, End, Facts, Seen, Start, Within, decide
from .uses import Answer, Event, Use

SAME = Span(0.0, 0.0)
"""The offset of a clock to itself, which does not drift."""
_DRIFT = PAIR_PPM / 1e6


@dataclass(frozen=True)
class Candidate:
    """A recording of one camera: `start` and `end` lie in these, on the weapon's clock, ms, infinite where open; None
    where nothing ties the clocks. `seen`: what shows it to the table; `answer`: the ack that shows it best, and
    `denial`: the one before it that said *not yet*; `recording`: in the camera's journal; `offset`: of its clock at the
    event. `buffer_ms`: how far the pre-event buffer reaches back before the start; `sound`:
    no record that shows it is altered or contradicted; `is_contradicted`: the ack and the one before it, `denial`,
    cannot both be true."""

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
    is_contradicted: bool = False


def candidates(evidence: Evidence, use: Use, event: Event, camera: int) -> list[Candidate]:
    """All recordings of this camera that may serve the event."""
    journalled = list(of_journal(evidence, use, event, camera))
    found = []
    for ack in _from_answers(use, event, camera):
        if (ack.is_contradicted or not ack.sound) and camera in evidence.complete:
            continue  # the camera's own journal is whole, and says all of it
        # With a gap in the journal the ack may be of a recording that is not in it.
        alike = [at for at, other in enumerate(journalled) if may_be_one(ack, other)]
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
    if candidate.is_contradicted:
        return Facts(candidate.seen, Start.CONTRADICTED, End.OPEN, Within.UNKNOWN, candidate.proven, sound=sound)
    if start is None or end is None:
        return Facts(candidate.seen, Start.UNTIED, End.OPEN, Within.UNKNOWN, candidate.proven, sound=sound)
    placed = Start.STRADDLES
    if start.high <= event.low_ms:
        placed = Start.BEFORE
    elif start.low >= event.at_ms:
        placed = Start.AFTER
    return Facts(candidate.seen, placed, _end(event, end), _within(use, start), candidate.proven, sound=sound)


def _end(event: Event, end: Span) -> End:
    if end.low >= event.at_ms:
        return End.REACHES
    if end.high < event.low_ms:
        return End.BEFORE
    return End.OPEN if math.isinf(end.high) else End.STRADDLES


def _within(use: Use, start: Span) -> Within:
    """Whether a start counts as of this use at all."""
    back = use.returned
    # In 10 s the weapon's clock is a tick fast or slow.
    if start.high <= back.low + GRACE_MS - TICK_MS:
        return Within.YES
    return Within.NO if start.low > back.high + GRACE_MS + TICK_MS else Within.UNKNOWN


# Acks.


def _from_answers(use: Use, event: Event, camera: int) -> Iterable[Candidate]:
    """An ack to this event's frame (or a later one) was built after that frame was aired: order without any clock."""
    for answer in use.answers:
        if answer.camera != camera or answer.kind != frames.PROVEN or answer.counter < event.counter:
            continue
        yield of_answer(use, event, answer)


def of_answer(use: Use, event: Event, answer: Answer) -> Candidate:
    """The recording that this ack of a proven tally speaks of."""
    sound, built_low = use.is_sound(answer.sequence), built_after(use, answer)
    said = (answer.buffer_ms, True, sound, answer)
    against = contradicted(use, answer)
    if against is not None:
        return Candidate(answer.camera, Seen.ACK, None, None, *said, against, is_contradicted=True)
    start = began(use, answer)
    # A camera that answered "not yet" to this event began after that answer, so after the event.
    denial = denial_of(use, event, answer)
    if denial is not None:
        start = Span(max(start.low, built_after(use, denial)), start.high)
    return Candidate(answer.camera, Seen.ACK, start, Span(built_low, math.inf), *said, denial)


# The camera's journal.


def of_journal(evidence: Evidence, use: Use, event: Event, camera: int) -> Iterable[Candidate]:
    """The recordings in the camera's own journal, in its order."""
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
            low = _not_before(evidence, here, event.at_ms, recording, camera)
            start = Span(low if low <= start.high else -math.inf, start.high)
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


def may_be_one(ack: Candidate, other: Candidate) -> bool:
    """Whether this ack may speak of that recording of its camera's journal."""
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
