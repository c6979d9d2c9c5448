"""Which records a verdict rests on, and what each of them shows, in words and numbers: the argument, record by record.

Only what decides is cited: of the exchanges that tie two clocks the two that leave the least room, of syncs the nearest
one on either side.
"""

from collections.abc import Iterable
from typing import NamedTuple

from interlock.core import frames, records

from ..clocks.exchange import PAIR_PPM, Bound, Segment, Span
from ..clocks.exchange import TICK_MS as BOUND_TICK_MS
from .candidates import SAME, Candidate, seen_from
from .evidence import Evidence, Place
from .exchanges import Source
from .table import GRACE_MS, Seen
from .uses import Answer, Event, Use


class Cited(NamedTuple):
    """Record `sequence` of a unit's journal. `says`: what it shows here; `here_ms`: when, on the weapon's clock, None
    where nothing ties the two."""

    unit: int
    sequence: int
    kind: int
    says: str
    here_ms: float | None


def of_event(use: Use, event: Event, says: str | None = None) -> Cited:
    name = frames.EVENT_NAMES.get(event.event, f"event {event.event}")
    older = ", then or before" if event.is_older else ""
    return Cited(use.unit, event.sequence, records.EVENT, (says or f"the {name}") + older, event.at_ms)


def of_return(use: Use) -> list[Cited]:
    """The record of the weapon's return, if there is one."""
    end = use.end
    return [] if end is None else [of_event(use, end, f"{frames.EVENT_NAMES[end.event]}: the use is over")]


def of_candidate(evidence: Evidence, use: Use, event: Event, found: Candidate, row: str) -> list[Cited]:
    """All that this row rests on, in the order of the argument."""
    cited = [of_event(use, event)]
    if found.answer is not None and (found.seen is Seen.ACK or row == "late"):
        cited += _of_ack(evidence, use, found)
    if found.recording is not None:
        cited += of_recording(use, event, found)
        if found.seen is Seen.JOURNAL:
            cited += of_tie(evidence, use, event.at_ms, Segment(found.camera, found.recording.boot))
    if row in ("late", "too-late", "return-unknown"):
        cited += of_return(use)
    return _once(cited)


def _once(cited: Iterable[Cited]) -> list[Cited]:
    """Each record once: what was said of it first."""
    found: dict[tuple[int, int], Cited] = {}
    for one in cited:
        found.setdefault((one.unit, one.sequence), one)
    return list(found.values())


def of_answer(use: Use, answer: Answer) -> Cited:
    return Cited(use.unit, answer.sequence, records.ACK, f"the ack came: {answered(answer)}", answer.at_ms)


def answered(answer: Answer) -> str:
    if answer.kind != frames.PROVEN:
        return "not yet recording"
    return f"recording for {answer.since_ms / 1000:.3f} s when it was built"


def of_contradicted(found: Candidate) -> str:
    """What the two answers said, in words."""
    before, answer = found.denial, found.answer
    assert before is not None and answer is not None
    later = gap_text(answer.at_ms - before.at_ms)
    return f"one came that said {answered(before)}, and {later} later one that said {answered(answer)}"


def _of_ack(evidence: Evidence, use: Use, found: Candidate) -> list[Cited]:
    cited = []
    for answer in (found.denial, found.answer):
        if answer is not None:
            cited.append(of_answer(use, answer))
            cited += _of_answer_sent(evidence, use, answer, found.offset)
    return cited


def _of_answer_sent(evidence: Evidence, use: Use, answer: Answer, offset: Span | None) -> list[Cited]:
    sent = evidence.answer_sent(use.unit, answer)
    if sent is None:
        return []
    here_ms = None if offset is None else middle(seen_from(answer.at_ms, sent.at_ms, offset))
    return [Cited(answer.camera, sent.sequence, records.ANSWER, "the camera's unit aired this ack", here_ms)]


def of_recording(use: Use, event: Event, found: Candidate) -> list[Cited]:
    """The recorder records at its begin and its end."""
    recording = found.recording
    assert recording is not None
    begin_ms = None if found.start is None or found.offset is None else middle(
        seen_from(event.at_ms, recording.start_ms, found.offset)
    )  # fmt: skip
    end_ms = None if found.end is None or found.offset is None else middle(
        seen_from(event.at_ms, recording.end_ms, found.offset)
    )  # fmt: skip
    on = "the tally is on" if recording.is_begin_seen else "the tally is on already, when the unit starts"
    if not recording.proven:
        on += ", and proves nothing"
    off = "the tally is off" if recording.ended else "the last that is known of this recording"
    if recording.is_doubted:
        off = "the last that the unit believed of this tally"
    cited = [Cited(found.camera, recording.first, records.RECORDER, on, begin_ms)]
    if recording.last != recording.first:
        cited.append(Cited(found.camera, recording.last, records.RECORDER, off, end_ms))
    return cited


def of_tie(evidence: Evidence, use: Use, here_ms: float, there: Segment) -> list[Cited]:
    """The records of the exchanges, and of the syncs, that tie the two clocks most closely at `here_ms`."""
    here = Segment(use.unit, use.boot)
    offset = evidence.offset(here, there, here_ms)
    if here == there or offset is None:
        return []
    low, high = _closest(evidence, here, there, here_ms)
    cited: list[Cited] = []
    by_radio = Span(float("-inf") if low is None else low[1], float("inf") if high is None else high[1])
    for found, edge, is_sharp in (
        (high, "at most", by_radio.high <= offset.high),
        (low, "at least", by_radio.low >= offset.low),
    ):
        if found is not None and is_sharp:
            says = f"its clock is {_ahead(found[1], edge)}"
            cited += _of_source(use, there, offset, found[0], found[2], says)
    if by_radio.low < offset.low or by_radio.high > offset.high:
        for unit in (here, there):
            cited += _of_sync(evidence, unit, here, here_ms, offset)
    return cited


def _ahead(ms: float, edge: str) -> str:
    """Ahead by at least 5 ms; where the bound is below nothing, behind by at most so much."""
    if ms >= 0:
        return f"ahead by {edge} {ms:.0f} ms"
    return f"behind by {'at least' if edge == 'at most' else 'at most'} {-ms:.0f} ms"


_Closest = tuple[Source, float, Bound]


def _closest(
    evidence: Evidence, here: Segment, there: Segment, here_ms: float
) -> tuple[_Closest | None, _Closest | None]:
    """Of the bounds by radio the largest lower and the smallest upper one, widened to `here_ms`."""
    low: _Closest | None = None
    high: _Closest | None = None
    both = evidence.bounds.get((here, there), ()), evidence.sources.get((here, there), ())
    for bound, source in zip(*both, strict=False):
        drift = abs(here_ms - bound.here_ms) * PAIR_PPM / 1e6 + BOUND_TICK_MS
        if bound.offset.low - drift > (float("-inf") if low is None else low[1]):
            low = source, bound.offset.low - drift, bound
        if bound.offset.high + drift < (float("inf") if high is None else high[1]):
            high = source, bound.offset.high + drift, bound
    return low, high


def _of_source(use: Use, there: Segment, offset: Span, source: Source, bound: Bound, says: str) -> list[Cited]:
    """The two records of an exchange, that of the sender first."""
    is_to_camera = source.there_kind == records.HEARD and source.here_kind == records.EVENT
    there_ms = bound.here_ms + (bound.offset.high if is_to_camera else bound.offset.low)
    at_ms = middle(seen_from(bound.here_ms, there_ms, offset))
    heard = "the camera's unit aired" if source.there_kind == records.AIRED else "the camera's unit heard the weapon's"
    ours = Cited(use.unit, source.here, source.here_kind, _HERE[source.here_kind], bound.here_ms)
    theirs = Cited(there.unit, source.there, source.there_kind, f"{heard}: {says}", at_ms)
    return [ours, theirs] if is_to_camera else [theirs, ours]


_HERE = {
    records.EVENT: "this frame was aired",
    records.ACK: "the answer to it came",
    records.WITNESS: "the frame of the camera's unit came",
}


def _of_sync(evidence: Evidence, unit: Segment, here: Segment, here_ms: float, offset: Span) -> list[Cited]:
    shift = SAME if unit == here else offset
    syncs = evidence.syncs.get(unit, ())
    nearest = min(syncs, key=lambda sync: abs(sync.at_ms - here_ms - middle(shift)), default=None)
    if nearest is None:
        return []
    at_ms = middle(seen_from(here_ms, nearest.at_ms, shift))
    return [Cited(unit.unit, nearest.sequence, records.CLOCK, "this clock was set", at_ms)]


def of_silence(evidence: Evidence, use: Use, event: Event, camera: int) -> tuple[str, list[Cited]]:
    """That a journal which covers the use shows no recording: up to which record it was looked through, and where its
    unit may have been off."""
    extent = evidence.extents.get(camera)
    if extent is None:
        return "the journal of the camera's unit is empty", []
    last = extent.last
    cited = [Cited(camera, last.sequence, last.kind, "the last record of this journal", None)]
    text = "has no recording that may be of it"
    between = _around(evidence, use, event, camera, extent.starts)
    if not between:
        return f"the journal of the camera's unit covers the use, and {text}", cited
    told = [
        Cited(camera, place.sequence, place.kind, says, here_ms)
        for pair in between[-STARTS_NAMED:]
        for (place, here_ms), says in zip(
            pair, ("the last record before its unit started anew", "its unit started anew"), strict=True
        )
    ]
    where = " and ".join(
        f"between records {before.sequence} and {behind.sequence}"
        for (before, _), (behind, _) in between[-STARTS_NAMED:]
    )
    if len(between) > STARTS_NAMED:
        where += f" and before {len(between) - STARTS_NAMED} starts more"
    return (
        f"the journal of the camera's unit is whole, and {text}; it wrote nothing {where}, where it started anew: "
        "whether it was off during the use, nothing says"
    ), [*told, *cited]


STARTS_NAMED = 3
_Placed = tuple[Place, float | None]


def _around(
    evidence: Evidence, use: Use, event: Event, camera: int, pairs: Iterable[tuple[Place, Place]]
) -> list[tuple[_Placed, _Placed]]:
    """Those of these, before and behind which the camera's journal knows something, that the use may lie between."""
    until_ms = (use.known_ms if use.end_ms is None else use.end_ms) + GRACE_MS
    found: list[tuple[_Placed, _Placed]] = []
    for before, behind in pairs:
        ends, begins = (_here_ms(evidence, use, event, camera, place) for place in (before, behind))
        if begins is not None and begins < event.at_ms:
            found.clear()  # so were all before it
        elif ends is not None and ends > until_ms:
            break
        else:
            if ends is not None and ends >= event.at_ms:
                found.clear()
            found.append(((before, ends), (behind, begins)))
    return found


def of_missing(evidence: Evidence, use: Use, event: Event, camera: int) -> tuple[str, list[Cited]]:
    """What the journal of a camera that does not cover the use lacks, in words, and the records around it."""
    extent = evidence.extents.get(camera)
    if extent is None:
        return "no journal of the camera's unit is here", []
    until_ms = (use.known_ms if use.end_ms is None else use.end_ms) + GRACE_MS
    for before, behind in extent.gaps:
        ends, begins = (_here_ms(evidence, use, event, camera, place) for place in (before, behind))
        if (ends is None or ends <= until_ms) and (begins is None or begins >= event.at_ms):
            text = f"records {before.sequence + 1} to {behind.sequence - 1} of the camera's unit are missing"
            cited = [(before, ends, "the last record before the gap"), (behind, begins, "the first record behind it")]
            return text, [Cited(camera, place.sequence, place.kind, says, ms) for place, ms, says in cited]
    last = extent.last
    last_ms = _here_ms(evidence, use, event, camera, last)
    cited_last = [Cited(camera, last.sequence, last.kind, "the last record that is here", last_ms)]
    if last_ms is None:
        return "the journal of the camera's unit does not cover the use for certain", cited_last
    if last_ms > until_ms:
        return "the journal of the camera's unit has findings, or does not cover the use for certain", cited_last
    side = "before" if last_ms < event.at_ms else "after"
    return f"the journal of the camera's unit ends {gap_text(abs(last_ms - event.at_ms))} {side} the event", cited_last


def _here_ms(evidence: Evidence, use: Use, event: Event, camera: int, place: Place) -> float | None:
    offset = evidence.offset(Segment(use.unit, use.boot), Segment(camera, place.boot), event.at_ms)
    return None if offset is None else middle(seen_from(event.at_ms, place.at_ms, offset))


def middle(span: Span) -> float:
    return (span.low + span.high) / 2


def gap_text(ms: float) -> str:
    """925 ms, 12.3 s, 4 min 10 s or 3 h 12 min."""
    if ms < 10_000:
        return f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"
