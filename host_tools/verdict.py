"""The figure: for every draw, arm and discharge, was video running before it? By DESIGN 8, from journals alone.

before         a recording contains the event, proven by the protocol or clear of the clocks' uncertainty
late           a recording starts after the event and before the weapon's return + 10 s; never upgraded
unwitnessed    every relevant journal is here and shows neither
indeterminate  the clocks straddle, a camera's journal is missing or gapped, or a tally proves nothing
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from interlock.core import frames

from .evidence import Answer, Event, Evidence, Recording, Use
from .exchange import Segment, Span

GRACE_MS = 10_000


class Verdict(StrEnum):
    BEFORE = "before"
    LATE = "late"
    UNWITNESSED = "unwitnessed"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True)
class Judgement:
    """`late_by_ms`: the middle of what the clocks allow, `late_by_u_ms` half its width; `buffer_covers`: the pre-event
    buffer certainly reaches back to the event; `reason`: in words."""

    verdict: Verdict
    reason: str
    late_by_ms: int | None = None
    late_by_u_ms: int | None = None
    buffer_covers: bool | None = None


_ORDER = (Verdict.BEFORE, Verdict.LATE, Verdict.INDETERMINATE, Verdict.UNWITNESSED)


def judge(evidence: Evidence, use: Use, event: Event, cameras: Iterable[int]) -> Judgement:
    """The best that these cameras (unit numbers) show for the event; unwitnessed when there are none."""
    best = Judgement(Verdict.UNWITNESSED, "no camera")
    for number, camera in enumerate(cameras):
        found = _judge_camera(evidence, use, event, camera)
        if number == 0 or _better(found, best):
            best = found
    return best


def _better(a: Judgement, b: Judgement) -> bool:
    if a.verdict != b.verdict:
        return _ORDER.index(a.verdict) < _ORDER.index(b.verdict)
    if a.late_by_ms is None or b.late_by_ms is None or a.late_by_u_ms is None or b.late_by_u_ms is None:
        return False
    # Two measurements that agree are of one recording: the sharper counts. Otherwise the earlier recording does.
    if abs(a.late_by_ms - b.late_by_ms) <= a.late_by_u_ms + b.late_by_u_ms:
        return a.late_by_u_ms < b.late_by_u_ms
    return a.late_by_ms < b.late_by_ms


def _judge_camera(evidence: Evidence, use: Use, event: Event, camera: int) -> Judgement:
    found = [*_from_answers(use, event, camera), *_from_recordings(evidence, use, event, camera)]
    if camera not in evidence.complete:
        found.append(Judgement(Verdict.INDETERMINATE, "the camera unit's journal is missing or gapped"))
    best = Judgement(Verdict.UNWITNESSED, "the journals show no recording")
    for judgement in found:
        if _better(judgement, best):
            best = judgement
    return best


def _from_answers(use: Use, event: Event, camera: int) -> Iterable[Judgement]:
    """An ack to this event's frame (or a later one) was built after that frame was aired: order without any clock."""
    for answer in use.answers:
        if answer.camera != camera or answer.kind != frames.PROVEN or answer.counter < event.counter:
            continue
        built_low = _built_after(use, answer)
        # A camera that answered "not yet" to this event began after that answer, so after the event.
        denied = [_built_after(use, a) for a in use.answers if _denies(a, event, answer)]
        start = Span(max([built_low - answer.since_ms - 1, *denied]), answer.at_ms - answer.since_ms + 1)
        yield _place(use, event, start, Span(built_low, built_low), answer.buffer_ms, "acknowledged on the air")


def _built_after(use: Use, answer: Answer) -> int:
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
        offset = evidence.offset(here, Segment(camera, recording.boot), event.at_ms)
        if offset is None:
            yield Judgement(Verdict.INDETERMINATE, "a recording whose clock nothing ties to the weapon's")
            continue
        start = Span(recording.start_ms - offset.high, recording.start_ms - offset.low)
        end = Span(recording.end_ms - offset.high, recording.end_ms - offset.low)
        placed = _place(use, event, start, end, recording.buffer_ms, "in the camera unit's journal")
        yield placed if recording.proven else _doubted(placed, recording)


def _doubted(placed: Judgement, recording: Recording) -> Judgement:
    if placed.verdict is Verdict.UNWITNESSED:
        return placed
    return Judgement(Verdict.INDETERMINATE, "the tally was on, but had never been seen off")


def _place(use: Use, event: Event, start: Span, end: Span, buffer_ms: int, where: str) -> Judgement:
    """Where a recording that starts in `start` and ends in `end` (the weapon unit's clock) lies to the event."""
    limit = float("inf") if use.end_ms is None else use.end_ms + GRACE_MS
    if start.high <= event.at_ms <= end.low:
        return Judgement(Verdict.BEFORE, f"recording already, {where}")
    if end.high < event.at_ms or start.low > limit:
        return Judgement(Verdict.UNWITNESSED, "the journals show no recording at the event")
    if start.low >= event.at_ms:
        middle, half = (start.low + start.high) / 2, (start.high - start.low) / 2
        return Judgement(
            Verdict.LATE,
            f"recording after the event, {where}",
            round(middle - event.at_ms),
            round(half),
            start.high - buffer_ms <= event.at_ms,
        )
    return Judgement(Verdict.INDETERMINATE, "the clocks straddle the event")
