"""The figure: for every draw, arm and discharge, was video running before it? From journals alone.

`judge` makes the facts of every recording that may serve the event (`candidates.py`) and asks the table (`table.py`),
which has the words of DESIGN §8. The judgement says which row decided, in what words, and by which records.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..clocks.crystal import DRIFT_PPM
from ..clocks.exchange import Span
from . import citing, table
from .answers import built_after
from .candidates import Candidate, candidates, facts_of
from .citing import Cited, gap_text
from .evidence import Evidence
from .table import GRACE_MS, NOT_COVERED, Facts, Seen, Verdict, decide
from .uses import Event, Use

__all__ = ["GRACE_MS", "NOT_COVERED", "Cited", "Judgement", "Verdict", "built_after", "judge"]


@dataclass(frozen=True)
class Judgement:
    """`late_by_ms`: the middle of what the clocks allow, `late_by_u_ms` half its width; `buffer_covers`: the pre-event
    buffer certainly reaches back to the event; `reason`: in words; `start`: when the recording began, on the weapon's
    clock; `camera`: the one that shows this, None where there is none. `row`: of the truth table; `condition`: how it
    was met, in words with numbers; `cited`: the records, in the order of the argument; `shown`: the recording."""

    verdict: Verdict
    reason: str
    late_by_ms: int | None = None
    late_by_u_ms: int | None = None
    buffer_covers: bool | None = None
    start: Span | None = None
    camera: int | None = None
    row: str = ""
    condition: str = ""
    cited: tuple[Cited, ...] = ()
    shown: Candidate | None = field(default=None, repr=False, compare=False)


def judge(evidence: Evidence, use: Use, event: Event, cameras: Iterable[int]) -> Judgement:
    """The best that these cameras (unit numbers) show for the event; unwitnessed when there are none."""
    cameras = list(dict.fromkeys(cameras))
    found = [candidate for camera in cameras for candidate in _all_of(evidence, use, event, camera)]
    if not found:
        row, verdict = decide(Facts(Seen.NOBODY))
        cited = (citing.of_event(use, event),)
        return Judgement(verdict, table.says(row), row=row, condition=table.says(row), cited=cited)
    rows = [decide(_facts(evidence, use, event, candidate))[0] for candidate in found]
    _, at = min(
        (_weight(event, row, candidate), at) for at, (row, candidate) in enumerate(zip(rows, found, strict=True))
    )
    best = _judged(evidence, use, event, found[at])
    if best.verdict is not Verdict.UNWITNESSED:
        return best
    return _with_all(best, [judge(evidence, use, event, [camera]) for camera in cameras if camera != best.camera])


def _with_all(best: Judgement, others: Sequence[Judgement]) -> Judgement:
    """Unwitnessed rests on every journal that shows no recording: what `others` say of the other cameras beside it."""
    cited = [*best.cited, *(one for other in others for one in other.cited if one not in best.cited)]
    told = Counter(other.condition for other in others)
    also = [
        f"{'so it is' if condition == best.condition else f'{condition}: so it is'} with {count} more"
        f" camera{'s' if count > 1 else ''}"
        for condition, count in told.items()
    ]
    return replace(best, condition="; ".join([best.condition, *also]), cited=tuple(cited))


def _all_of(evidence: Evidence, use: Use, event: Event, camera: int) -> list[Candidate]:
    """Its recordings, and, as one more, that it may have had others, or that it had none."""
    found = candidates(evidence, use, event, camera)
    if found and camera in evidence.complete:
        return found
    return [*found, Candidate(camera, Seen.NOTHING, None, None)]


def _facts(evidence: Evidence, use: Use, event: Event, found: Candidate) -> Facts:
    if found.seen is Seen.NOTHING:
        return Facts(Seen.NOTHING, covered=found.camera in evidence.complete)
    return facts_of(use, event, found)


def _weight(event: Event, row: str, found: Candidate) -> tuple[float, ...]:
    """What comes first counts. Of several that are late, the one that certainly began first: whatever else there was,
    there was video from then on; of several that were over or came too late, the nearest."""
    if found.start is None or found.end is None:
        return table.rank(row), 0.0, 0.0
    if row == "ended-before":
        return table.rank(row), event.at_ms - found.end.high, 0.0
    return table.rank(row), found.start.high if row in _AFTER else 0.0, -found.start.low if row in _AFTER else 0.0


_AFTER = ("late", "return-unknown", "unproven-late", "too-late")


def _judged(evidence: Evidence, use: Use, event: Event, found: Candidate) -> Judgement:
    row, verdict = decide(_facts(evidence, use, event, found))
    reason = table.says(row)
    if found.seen is Seen.NOTHING:
        if row == "not-covered":
            condition, around = citing.of_missing(evidence, use, event, found.camera)
        else:
            condition, around = citing.of_silence(evidence, use, event, found.camera)
        cited = (citing.of_event(use, event), *around)
        return Judgement(verdict, reason, camera=found.camera, row=row, condition=condition, cited=cited)
    whose = f" ({_doubted_of(evidence, use, event, found)})" if row == "unsound" else ""
    condition = f"{reason}{whose}: {_condition(use, event, row, found)}"
    argument = tuple(citing.of_candidate(evidence, use, event, found, row))
    said = (found.start, found.camera, row, condition, argument, found)
    if verdict is not Verdict.LATE or found.start is None:
        return Judgement(verdict, reason, None, None, None, *said)
    where = "acknowledged on the air" if found.seen is Seen.ACK else "in the camera unit's journal"
    # The weapon's clock may itself run that much too fast or slow.
    late_ms = Span(found.start.low - event.at_ms, found.start.high - event.low_ms)
    by_ms = round(citing.middle(late_ms))
    u_ms = math.ceil(max(late_ms.high - by_ms, by_ms - late_ms.low) + late_ms.high * DRIFT_PPM / 1e6)
    covers = found.start.high - found.buffer_ms <= event.low_ms
    return Judgement(verdict, f"{reason}, {where}", by_ms, u_ms, covers, *said)


def _doubted_of(evidence: Evidence, use: Use, event: Event, found: Candidate) -> str:
    """Whose journal it is, and from where on."""
    is_weapons = not use.is_sound(event.sequence) or found.seen is Seen.ACK
    unit = use.unit if is_weapons else found.camera
    return f"the journal of unit {unit} from record {evidence.doubted[unit]} on"


def _condition(use: Use, event: Event, row: str, found: Candidate) -> str:
    """How the facts lie, with numbers."""
    start, end = found.start, found.end
    if row == "contradicted":
        return citing.of_contradicted(found)
    if start is None or end is None:
        return "neither an exchange nor two clocks that were set"
    began = f"it began {_beside(start, event.at_ms)} the event"
    if row == "ended-before":
        return f"the last one before it ended {_beside(end, event.at_ms)} the event"
    if row == "end-straddles":
        return f"{began}, and ended {_beside(end, event.at_ms)} it"
    if row == "end-open":
        return f"{began}, and is known to have gone on until {_beside(Span(end.low, end.low), event.at_ms)} it only"
    if row in ("late", "too-late", "return-unknown"):
        back = "no return is journalled" if use.end_ms is None else f"{_beside(start, use.end_ms)} the weapon's return"
        if use.end is not None and use.end.is_older:
            back = "the weapon's return was 65 s or more before its record, nothing says how long"
        return f"{began}; {back}"
    return began


def _beside(span: Span, at_ms: float) -> str:
    """925 ms ± 12 ms after; less than 30 ms before or after; an open side says so."""
    low, high = span.low - at_ms, span.high - at_ms
    if math.isinf(low) and math.isinf(high):
        return "at an unknown moment beside"
    if math.isinf(low):
        return f"{gap_text(-high)} or more before" if high <= 0 else f"at most {gap_text(high)} after"
    if math.isinf(high):
        return f"{gap_text(low)} or more after" if low >= 0 else f"at most {gap_text(-low)} before"
    if low < 0 < high:
        return f"between {gap_text(-low)} before and {gap_text(high)} after"
    by, u = abs(low + high) / 2, (high - low) / 2
    return f"{gap_text(by)} ± {math.ceil(u)} ms {'after' if low >= 0 else 'before'}"
