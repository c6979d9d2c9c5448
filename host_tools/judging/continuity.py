"""Did the recording that shows an event go on until the weapon was back? For every event that was judged *before*.

An ack proves the instants at which it was built, and nothing between them: only the camera's own journal says that a
recording ran on. A restart after an interruption ends a break.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..clocks.exchange import Span
from . import citing
from .candidates import Candidate, candidates, facts_of, may_be_one, of_journal, seen_from
from .citing import Cited, gap_text, middle
from .evidence import Evidence
from .table import Seen, Verdict, decide
from .uses import Event, Use
from .verdict import Judgement


class State(StrEnum):
    UNBROKEN = "unbroken"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Continuity:
    """`breaks`: from and to, on the weapon's clock, ms, the middle of what the clocks allow; to None: nothing shows
    that it went on; `reason`: in words; `cited`: the records."""

    state: State
    breaks: tuple[tuple[float, float | None], ...]
    reason: str
    cited: tuple[Cited, ...]


ALTERED = "from then on the journal of the camera's unit is altered or contradicted"
DOUBTED_RETURN = "the journal of the weapon is altered or contradicted where it tells of the return"
_INSTANTS = "acks prove only the instants at which they were built, and "
ACKS_ONLY = _INSTANTS + "no journal of the camera's unit is here to say more"
ACKS_AND_GAPS = _INSTANTS + (
    "what is here of the journal of the camera's unit does not say more for certain: it has a gap or findings, or ends"
)
ACKS_AND_CLOCKS = _INSTANTS + (
    "by the clocks the journal of the camera's unit does not say for certain which of its recordings that was"
)
ACKS_CONTRADICTED = _INSTANTS + "the journal of the camera's unit, which is whole, has no recording that fits"
FOUND_ON = "its unit started anew and found it on: nothing says whether it ran through"
MAYBE_ENDED = "by the clocks it may have ended before the weapon was back"
MAYBE_BACK = "it ended, and nothing says whether the weapon was back by then: that was journalled too late to say when"
UNTIL_BACK = "the recording went on until the weapon was back"
NO_RETURN = "the recording went on as long as the weapon's journal knows of the use, which tells of no return"


def continuity(evidence: Evidence, use: Use, event: Event, judgement: Judgement) -> Continuity | None:
    """Of the recording that shows this event; None unless it was before."""
    shown = judgement.shown
    if judgement.verdict is not Verdict.BEFORE or shown is None:
        return None
    cited = [citing.of_event(use, event)]
    tied = [
        found for found in candidates(evidence, use, event, shown.camera) if found.seen is Seen.JOURNAL and found.end
    ]
    if shown.recording is None:
        cited += [] if shown.answer is None else [citing.of_answer(use, shown.answer)]
        # Which one the ack speaks of may be open. What matters is one that was on from before the event.
        certain = [at for at, found in enumerate(tied) if decide(facts_of(use, event, found))[0] == "before-clocks"]
        if not certain:
            return Continuity(State.UNKNOWN, (), _why_unknown(evidence, use, event, shown), tuple(cited))
        first = certain[0]
    else:
        first = next(at for at, found in enumerate(tied) if found.recording == shown.recording)
    found = _followed(use, event, tied[first:])
    return Continuity(found.state, found.breaks, found.reason, (*cited, *found.cited, *citing.of_return(use)))


def _why_unknown(evidence: Evidence, use: Use, event: Event, shown: Candidate) -> str:
    if shown.camera not in evidence.extents:
        return ACKS_ONLY
    if shown.camera not in evidence.complete:
        return ACKS_AND_GAPS
    journalled = of_journal(evidence, use, event, shown.camera)
    return ACKS_AND_CLOCKS if any(may_be_one(shown, found) for found in journalled) else ACKS_CONTRADICTED


def _followed(use: Use, event: Event, chain: Sequence[Candidate]) -> Continuity:
    """From the recording that shows the event, the first of `chain`, from one stretch to the next."""
    until_ms = use.known_ms if use.end_ms is None else use.end_ms
    breaks: list[tuple[float, float | None]] = []
    cited: list[Cited] = []
    doubt = ""
    for at, stretch in enumerate(chain):
        recording, start, end = stretch.recording, stretch.start, stretch.end
        assert recording is not None and start is not None and end is not None
        cited += citing.of_recording(use, event, stretch)
        if not breaks and _is_found_on_after(event, stretch):
            doubt = FOUND_ON
            break
        if end.low >= until_ms:
            doubt = _doubt_of_return(use)
            break
        if recording.is_clipped:
            doubt = ALTERED
            break
        following = chain[at + 1] if at + 1 < len(chain) else None
        if following is not None and not following.sound:
            following = None  # that it was on again proves nothing
        if end.high >= use.returned.low:
            ended = MAYBE_BACK if use.end is not None and use.end.is_older else MAYBE_ENDED
            doubt = ended if recording.ended else "the journal of the camera's unit does not say how long it went on"
            break
        again = None if following is None else following.start
        if again is not None:  # it cannot have begun before this one was over
            again = Span(max(again.low, end.low), max(again.high, end.low))
        if following is not None and again is not None and again.low <= end.high and not _is_proven(following):
            doubt = "from then on the tally proves nothing"
            cited += citing.of_recording(use, event, following)
            break
        if following is None or again is None or not _is_proven(following) or middle(again) >= until_ms:
            breaks.append((middle(end), None))
            break
        breaks.append((middle(end), middle(again)))
    return Continuity(*_told(use, breaks, doubt), tuple(cited))


def _is_found_on_after(event: Event, stretch: Candidate) -> bool:
    """Whether its unit, as it started behind the event, found this stretch on: what an ack proves of the time before
    may be another one's."""
    if stretch.recording is None or stretch.recording.is_begin_seen or stretch.offset is None:
        return False
    return seen_from(event.at_ms, stretch.recording.start_ms, stretch.offset).high > event.at_ms


def _doubt_of_return(use: Use) -> str:
    if use.end is None:
        return NO_RETURN
    return "" if use.is_sound(use.end.sequence) else DOUBTED_RETURN


def _is_proven(stretch: Candidate) -> bool:
    return stretch.recording is not None and stretch.recording.proven


def _told(
    use: Use, breaks: list[tuple[float, float | None]], doubt: str
) -> tuple[State, tuple[tuple[float, float | None], ...], str]:
    begin_ms = use.events[0].at_ms
    told = [
        f"it ended {gap_text(from_ms - begin_ms)} into the use, "
        + ("and nothing shows that it went on" if to_ms is None else f"and was back {gap_text(to_ms - from_ms)} later")
        for from_ms, to_ms in breaks
    ]
    if breaks:
        return State.BROKEN, tuple(breaks), "; ".join([*told, *([doubt] if doubt else [])])
    return (State.UNKNOWN, (), doubt) if doubt else (State.UNBROKEN, (), UNTIL_BACK)
