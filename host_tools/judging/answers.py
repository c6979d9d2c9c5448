"""What the acks of one camera say of when its recording began, by the protocol's order alone, and which of them cannot
be true beside each other."""

import math

from interlock.core import frames

from ..clocks.exchange import PAIR_PPM, TICK_MS, Span
from .uses import Answer, Event, Use

SINCE_MOST_MS = (1 << 24) - 1
"""An ack's field for how long it has been recording holds no more (4.6 h)."""
_DRIFT = PAIR_PPM / 1e6


def built_after(use: Use, answer: Answer) -> int:
    """The moment on the weapon's clock after which this answer was built: its frame had been aired."""
    aired = [event for event in use.events if 0 < event.counter <= answer.counter]
    # What was put in later would move it.
    sound = [event for event in aired if use.is_sound(event.sequence)]
    return max(event.aired_ms for event in sound or aired)


def began(use: Use, answer: Answer) -> Span:
    """When the recording began of which this answer speaks, on the weapon's clock."""
    # So long before by the camera's clock, which is not quite as fast as the weapon's.
    drift_ms = answer.since_ms * _DRIFT + TICK_MS
    low = -math.inf if answer.since_ms >= SINCE_MOST_MS else built_after(use, answer) - answer.since_ms - drift_ms
    return Span(low, answer.at_ms - answer.since_ms + drift_ms)


def denial_of(use: Use, event: Event, answer: Answer) -> Answer | None:
    """The last "not yet" of this camera to this event or a later one: what it answered then began after that."""
    denials = [said for said in _earlier(use, answer) if event.counter <= said.counter and said.kind != frames.PROVEN]
    return max(denials, key=lambda said: built_after(use, said), default=None)


def contradicted(use: Use, answer: Answer) -> Answer | None:
    """An earlier answer of this camera that cannot be true if this one is: a *not yet* when it had been recording
    already, or a recording that began later."""
    ended = began(use, answer).high
    for said in _earlier(use, answer):
        began_after = began(use, said).low if said.kind == frames.PROVEN else built_after(use, said)
        if began_after > ended:
            return said
    return None


def _earlier(use: Use, answer: Answer) -> list[Answer]:
    """What this camera had answered before, in sound records, to frames of this use."""
    first = min((event.counter for event in use.events if event.counter), default=math.inf)
    return [
        said
        for said in use.answers
        if said.camera == answer.camera
        and said.sequence != answer.sequence
        and first <= said.counter <= answer.counter
        and said.at_ms <= answer.at_ms
        and use.is_sound(said.sequence)
    ]
