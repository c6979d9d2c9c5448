"""What a camera's unit answered that cannot be true: beside what it had answered before, or beside its own journal."""

from collections.abc import Iterator
from typing import NamedTuple

from interlock.core import frames

from ..clocks.exchange import Segment
from .answers import contradicted
from .candidates import may_be_one, of_answer, of_journal
from .citing import answered, gap_text
from .evidence import Evidence
from .uses import Answer, Use


class Contradiction(NamedTuple):
    """`answer`: the ack, in the weapon's journal; `before`: the one before it that it contradicts; None: no recording
    in the camera's own journal fits it."""

    camera: int
    answer: Answer
    before: Answer | None


def contradictions(evidence: Evidence, use: Use) -> Iterator[Contradiction]:
    """Of one use, in the order of its acks."""
    for answer in use.answers:
        if answer.kind != frames.PROVEN or not use.is_sound(answer.sequence):
            continue
        before = contradicted(use, answer)
        if before is not None or _is_in_no_journal(evidence, use, answer):
            yield Contradiction(answer.camera, answer, before)


def _is_in_no_journal(evidence: Evidence, use: Use, answer: Answer) -> bool:
    """Whether the camera's journal is whole, has this very answer, and no recording then that began when it says."""
    sent = evidence.answer_sent(use.unit, answer) if answer.camera in evidence.complete else None
    event = next((one for one in reversed(use.events) if 0 < one.counter <= answer.counter), None)
    if sent is None or event is None:
        return False
    here, there = Segment(use.unit, use.boot), Segment(answer.camera, sent.boot)
    if not evidence.bounds.get((here, there)):
        return False  # hosts' clocks alone may be wrong
    ack = of_answer(use, event, answer)
    journalled = of_journal(evidence, use, event, answer.camera)
    return not any(
        found.recording is not None and found.recording.boot == sent.boot and may_be_one(ack, found)
        for found in journalled
    )


def in_words(found: Contradiction, name_of_camera: str, others: int) -> str:
    """As a finding of the weapon's unit; `others`: more of the kind by the same camera."""
    more = f" ({others} more of its acks contradict something, too)" if others else ""
    said = f"record {found.answer.sequence}: {name_of_camera} answered: {answered(found.answer)}"
    if found.before is None:
        return f"{said}. Its own journal, which is whole, has no recording that began then{more}"
    earlier = gap_text(found.answer.at_ms - found.before.at_ms)
    return (
        f"{said}. By record {found.before.sequence}, {earlier} earlier, it had answered: {answered(found.before)}. "
        f"Both cannot be true, and neither proves anything{more}"
    )
