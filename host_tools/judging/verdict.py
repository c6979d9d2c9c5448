"""The figure: for every draw, arm and discharge, was video running before it? From journals alone.

before         a recording contains the event, proven by the protocol or clear of the clocks' uncertainty
late           a recording starts after the event and before the weapon's return + 10 s; never upgraded
unwitnessed    every relevant journal is here and shows neither
indeterminate  the clocks straddle, a camera's journal is missing or gapped, or a tally proves nothing
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from interlock.core import frames

from ..clocks.exchange import Segment, Span
from .evidence import Evidence
from .recordings import Recording
from .uses import Answer, Event, Use

GRACE_MS = 10_000
NOT_COVERED = "the camera unit's journal is missing or gapped"


class Verdict(StrEnum):
    BEFORE = "before"
    LATE = "late"
    UNWITNESSED = "unwitnessed"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True)
class Judgement:
    """`late_by_ms`: the middle of what the clocks allow, `late_by_u_ms` half its width; `buffer_covers`: the pre-event
    buffer certainly reaches back to the event; `reason`: in words. `start`: when the recording began, on the weapon's
    clock; `blurred`: indeterminate only because that clock is too coarse; `at_best_late`: it was not before; `camera`:
    the one that shows this, None where there is none."""

    verdict: Verdict
    reason: str
    late_by_ms: int | None = None
    late_by_u_ms: int | None = None
    buffer_covers: bool | None = None
    start: Span | None = None
    blurred: bool = False
    at_best_late: bool = False
    camera: int | None = None


# What is not known may have been better than late: late is claimed only where nothing is left open.
_ORDER = (Verdict.BEFORE, Verdict.INDETERMINATE, Verdict.LATE, Verdict.UNWITNESSED)


def judge(evidence: Evidence, use: Use, event: Event, cameras: Iterable[int]) -> Judgement:
    """The best that these cameras (unit numbers) show for the event; unwitnessed when there are none."""
    best = Judgement(Verdict.UNWITNESSED, "no camera")
    for number, camera in enumerate(cameras):
        found = _judge_camera(evidence, use, event, camera)
        if number == 0 or _better(found, best):
            best = found
    return best


def _better(a: Judgement, b: Judgement) -> bool:
    if _rank(a) != _rank(b):
        return _rank(a) < _rank(b)
    if a.late_by_ms is None or b.late_by_ms is None or a.late_by_u_ms is None or b.late_by_u_ms is None:
        return False
    # Two measurements that agree are of one recording: the sharper counts. Otherwise the earlier recording does.
    if abs(a.late_by_ms - b.late_by_ms) <= a.late_by_u_ms + b.late_by_u_ms:
        return a.late_by_u_ms < b.late_by_u_ms
    return a.late_by_ms < b.late_by_ms


def _rank(judgement: Judgement) -> float:
    return _ORDER.index(Verdict.LATE) + 0.5 if judgement.at_best_late else _ORDER.index(judgement.verdict)


def _judge_camera(evidence: Evidence, use: Use, event: Event, camera: int) -> Judgement:
    found = [*_from_answers(use, event, camera), *_from_recordings(evidence, use, event, camera)]
    firm = [j for j in found if j.verdict in (Verdict.BEFORE, Verdict.LATE)]
    # A coarse look at a recording that is also seen sharply says nothing more.
    found = [j for j in found if not (j.blurred and any(_overlap(j, other) for other in firm))]
    if camera not in evidence.complete:
        found.append(Judgement(Verdict.INDETERMINATE, NOT_COVERED))
    best = Judgement(Verdict.UNWITNESSED, "the journals show no recording")
    for judgement in found:
        if _better(judgement, best):
            best = judgement
    return replace(best, camera=camera)


def _overlap(a: Judgement, b: Judgement) -> bool:
    return a.start is not None and b.start is not None and a.start.low <= b.start.high and b.start.low <= a.start.high


def _from_answers(use: Use, event: Event, camera: int) -> Iterable[Judgement]:
    """An ack to this event's frame (or a later one) was built after that frame was aired: order without any clock."""
    for answer in use.answers:
        if answer.camera != camera or answer.kind != frames.PROVEN or answer.counter < event.counter:
            continue
        built_low = built_after(use, answer)
        # A camera that answered "not yet" to this event began after that answer, so after the event.
        denied = [built_after(use, a) for a in use.answers if _denies(a, event, answer)]
        start = Span(max([built_low - answer.since_ms - 1, *denied]), answer.at_ms - answer.since_ms + 1)
        yield _place(use, event, start, Span(built_low, built_low), answer.buffer_ms, "acknowledged on the air")


def built_after(use: Use, answer: Answer) -> int:
    """The moment on the weapon's clock after which this answer was built: its frame had been aired."""
    return max(e.aired_ms for e in use.events if e.counter <= answer.counter)


def _denies(earlier: Answer, event: Event, answer: Answer) -> bool:
    return (
        earlier.camera == answer.camera
        and earlier.kind != frames.PROVEN
        and event.counter <= earlier.counter <= answer.counter
        and earlier.at_ms <= answer.at_ms
    )


def _from_recordings(evidence: Evidence, use: Use, event: Event, camera: int) -> Iterable[Judgement]:
    here = Segment(use.unit, use.boot)
    for recording in evidence.recordings.get(camera, ()):
        if _of_a_later_use(evidence, use, recording, camera):
            continue
        offset = evidence.offset(here, Segment(camera, recording.boot), event.at_ms)
        if offset is None:
            yield Judgement(Verdict.INDETERMINATE, "a recording whose clock nothing ties to the weapon's")
            continue
        start = Span(recording.start_ms - offset.high, recording.start_ms - offset.low)
        last = float("inf") if not recording.ended else recording.end_ms - offset.low
        end = Span(recording.end_ms - offset.high, last)
        placed = _place(use, event, start, end, recording.buffer_ms, "in the camera unit's journal")
        yield placed if recording.proven else _doubted(placed)


def _of_a_later_use(evidence: Evidence, use: Use, recording: Recording, camera: int) -> bool:
    """Whether the recording certainly began after a later use of the same weapon had begun, so after this one's end."""
    for later in evidence.uses:
        if later.unit != use.unit or (later.boot, later.events[0].at_ms) <= (use.boot, use.events[0].at_ms):
            continue
        begin_ms = later.events[0].at_ms
        offset = evidence.offset(Segment(later.unit, later.boot), Segment(camera, recording.boot), begin_ms)
        if offset is not None and recording.start_ms - offset.high > begin_ms:
            return True
    return False


def _doubted(placed: Judgement) -> Judgement:
    if placed.verdict is Verdict.UNWITNESSED:
        return placed
    reason = "the tally was on, but proves nothing: never seen off, or it did not follow"
    return Judgement(Verdict.INDETERMINATE, reason, at_best_late=placed.verdict is Verdict.LATE)


def _place(use: Use, event: Event, start: Span, end: Span, buffer_ms: int, where: str) -> Judgement:
    """Where a recording that starts in `start` and ends in `end` (the weapon unit's clock) lies to the event."""
    if start.high <= event.at_ms <= end.low:
        return Judgement(Verdict.BEFORE, f"recording already, {where}", start=start)
    if end.high < event.at_ms or (use.end_ms is not None and start.low > use.end_ms + GRACE_MS):
        return Judgement(Verdict.UNWITNESSED, "the journals show no recording at the event")
    if start.high <= event.at_ms:
        return Judgement(
            Verdict.INDETERMINATE, "the camera unit's journal does not say how long it recorded", start=start
        )
    if use.end_ms is None and start.low > use.known_ms + GRACE_MS:
        return Judgement(Verdict.INDETERMINATE, "the weapon's journal does not say when it was put back", start=start)
    if start.low >= event.at_ms:
        middle, half = (start.low + start.high) / 2, (start.high - start.low) / 2
        return Judgement(
            Verdict.LATE,
            f"recording after the event, {where}",
            round(middle - event.at_ms),
            round(half),
            start.high - buffer_ms <= event.at_ms,
            start,
        )
    return Judgement(Verdict.INDETERMINATE, "the clocks straddle the event", start=start, blurred=True)
