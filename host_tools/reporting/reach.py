"""Which of a camera's recordings may be of a use, found without looking at all of them.

Of each recording only what UTC says for certain is kept, once: until when it had begun for all that is known, from when
on it was over. What is left between needs a closer look (`held.Timeline`); what is outside would not have passed it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ..clocks.exchange import Span
from ..clocks.unit_clock import HOST_U_MS, UnitClock
from ..judging.recordings import Recording

APART_MS = 2 * HOST_U_MS
"""Two hosts' clocks may be apart by this."""


def begins_at(recording: Recording) -> tuple[int, float] | None:
    """(boot, uptime in ms) before which it certainly had not begun; None: nobody knows. One that was on already when
    the unit started began at some moment since the unit's last record before."""
    return (recording.boot, recording.start_ms) if recording.is_begin_seen else recording.begins_after


def over_at(recording: Recording) -> tuple[int, float] | None:
    """(boot, uptime in ms) from which on it certainly was over; None: by itself the journal does not say."""
    over_ms = recording.end_ms if recording.ended_by_ms is None else recording.ended_by_ms
    return (recording.boot, over_ms) if recording.ended else None


class Reach:
    """Of one camera. `recordings`: all, in the order of its journal."""

    def __init__(self, clock: UnitClock, recordings: Sequence[Recording]) -> None:
        self._recordings = recordings
        begins, ends = [], []
        for recording in recordings:
            first, last = begins_at(recording), over_at(recording)
            low_ms = None if first is None else clock.between(*first).low_ms
            high_ms = None if last is None else clock.between(*last).high_ms
            begins.append(float("-inf") if low_ms is None else low_ms)
            ends.append(float("inf") if high_ms is None else high_ms + APART_MS)
        # Over all up to each, and over all from each on: they rise, whatever a clock that was stepped says.
        self._over = list(accumulate(ends, max))
        self._begun = list(accumulate(reversed(begins), min))[::-1]

    def near(self, utc: Span) -> Sequence[Recording]:
        """Those that were not all over before this began, and not all begun after it ended (UTC, in ms)."""
        first = bisect_right(self._over, utc.low)
        following = bisect_left(self._begun, utc.high + APART_MS)
        return self._recordings[first:following]
