"""The timeline of one use as data: weapon, alerts and each camera on the weapon's clock. `svg.py` draws it."""

import math
from collections.abc import Iterable, Sequence

from interlock.core import frames
from interlock.core.proof import ALERT_NAMES

from ..clocks.exchange import Segment, Span
from ..judging.evidence import Evidence
from ..judging.recordings import Recording
from ..judging.uses import Alert, Use
from ..judging.verdict import GRACE_MS, built_after
from .lanes import Bar, Lane, Mark, Timeline
from .times import relative

UNCONFIRMED = "discharge, not confirmed"
MARGIN = 0.06  # of the use's length, on either side
MARGIN_MS = 1000
ACK_KINDS = {frames.HEARD: "heard", frames.PROVEN: "recording", frames.REFUSED: "refused"}


def timeline(
    evidence: Evidence, use: Use, own: Sequence[int], others: Iterable[int], names: dict[int, str]
) -> tuple[Timeline, list[int]]:
    """`own`, `others`: numbers of cameras; others without anything to show are left out. With the numbers of those that
    have a lane, in the lanes' order: behind the weapon's and its alerts'."""
    begin_ms = use.events[0].at_ms
    weapon = [
        Mark(
            event.at_ms - begin_ms,
            frames.EVENT_NAMES[event.event],
            UNCONFIRMED if event.sequence in use.unconfirmed else _event_label(event.event),
        )
        for event in use.events
    ]
    alerts = [Mark(alert.at_ms - begin_ms, "alert", alert_text(alert)) for alert in use.alerts]
    lanes = [Lane(names.get(use.unit, "weapon"), "weapon", weapon, [])]
    if alerts:
        lanes.append(Lane("alerts", "alerts", alerts, []))
    reach_ms = (use.known_ms if use.end_ms is None else use.end_ms) - begin_ms + GRACE_MS
    shown = []
    for camera in [*own, *others]:
        marks, bars = _marks(use, camera), _bars(evidence, use, camera)
        bars = [
            bar for bar in bars if bar.start_low_ms <= reach_ms and (bar.end_high_ms is None or bar.end_high_ms >= 0)
        ]
        if camera in own or marks or bars:
            kind = "own" if camera in own else "other"
            lanes.append(Lane(names.get(camera, f"camera {camera}"), kind, marks, bars))
            shown.append(camera)
    return _framed(lanes), shown


def alert_text(alert: Alert) -> str:
    """What the officer was told, or would have been."""
    return ALERT_NAMES.get(alert.code, f"alert {alert.code}") + (" (muted)" if alert.muted else "")


def _event_label(event: int) -> str:
    labels = {
        frames.REHOLSTER: "back",
        frames.STOW: "put away",
        frames.OUT: "found out",
        frames.CANCEL: "cancelled",
    }
    return labels.get(event, frames.EVENT_NAMES[event])


def _marks(use: Use, camera: int) -> list[Mark]:
    begin_ms = use.events[0].at_ms
    marks = [
        Mark(
            answer.at_ms - begin_ms, ACK_KINDS[answer.kind], _answer_label(answer.kind, answer.reason, answer.since_ms)
        )
        for answer in use.answers
        if answer.camera == camera and answer.kind in ACK_KINDS
    ]
    marks += [
        Mark(testimony.at_ms - begin_ms, "witness", "says that it records")
        for testimony in use.testimonies
        if testimony.camera == camera
    ]
    return sorted(marks, key=lambda mark: mark.at_ms)


def _answer_label(kind: int, reason: int, since_ms: int) -> str:
    if kind == frames.PROVEN:
        return f"acknowledged: recording for {since_ms / 1000:.1f} s"
    name = frames.REASON_NAMES.get(reason, f"reason {reason}")
    return f"acknowledged: {'heard' if kind == frames.HEARD else 'not recording'}" + (f", {name}" if reason else "")


def _bars(evidence: Evidence, use: Use, camera: int) -> list[Bar]:
    begin_ms = use.events[0].at_ms
    bars = []
    for recording in evidence.recordings.get(camera, ()):
        offset = evidence.offset(Segment(use.unit, use.boot), Segment(camera, recording.boot), begin_ms)
        if offset is not None:
            bars.append(_bar(use, recording, offset))
    if bars:
        return bars
    # Without a recording in the camera's journal, its last ack is what there is.
    proofs = [a for a in use.answers if a.camera == camera and a.kind == frames.PROVEN]
    for answer in proofs[-1:]:
        built_ms = built_after(use, answer)
        start = relative(Span(built_ms - answer.since_ms - 1, answer.at_ms - answer.since_ms + 1), use)
        end_ms = max(start.high, built_ms - begin_ms)
        bars.append(Bar(math.floor(start.low), math.ceil(start.high), round(end_ms), None, True, answer.buffer_ms))
    return bars


def _bar(use: Use, recording: Recording, offset: Span) -> Bar:
    start = relative(Span(recording.start_ms - offset.high, recording.start_ms - offset.low), use)
    end = relative(Span(recording.end_ms - offset.high, recording.end_ms - offset.low), use)
    return Bar(
        math.floor(start.low),
        math.ceil(start.high),
        math.floor(end.low),
        math.ceil(end.high) if recording.ended else None,
        recording.proven,
        recording.buffer_ms,
    )


def _framed(lanes: list[Lane]) -> Timeline:
    """From a little before the first event to a little behind the last thing that begins."""
    moments = [mark.at_ms for lane in lanes for mark in lane.marks]
    moments += [ms for lane in lanes for bar in lane.bars for ms in (bar.start_low_ms, bar.start_high_ms)]
    moments += [bar.end_high_ms for lane in lanes for bar in lane.bars if bar.end_high_ms is not None]
    last_ms = max(mark.at_ms for mark in lanes[0].marks)
    # Recordings go on long after a use: their ends are shown only when they are near.
    near = [ms for ms in moments if 0 <= ms <= last_ms + GRACE_MS]
    to_ms = max(near, default=last_ms)
    margin_ms = max(MARGIN_MS, to_ms * MARGIN)
    return Timeline(-round(margin_ms), round(to_ms + margin_ms), lanes)
