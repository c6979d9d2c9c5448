"""Two units' clocks, joined by what they said to each other.

Each boot of each unit has its own clock (milliseconds since boot). An exchange bounds how far two of them are apart:
a frame is heard after it was aired, an answer is received after what it answers was heard. So the offset lies in an
interval as wide as the round trip; clock drift widens it away from the exchange. No clock is trusted to be right.
"""

import functools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .crystal import DRIFT_PPM, MOST_PPM, WANDER_PPM, Rates, breaches, carried, steady
from .spans import TICK_MS, Bound, Span

__all__ = ["PAIR_PPM", "TICK_MS", "Bound", "Segment", "Span", "offset_at", "open_at"]

PAIR_PPM = 2 * DRIFT_PPM
"""Two clocks, each off by as much as one may be, in opposite directions."""


class Segment(NamedTuple):
    """One boot of one unit: a stretch of one clock."""

    unit: int
    boot: int


def offset_at(bounds: Iterable[Bound], here_ms: float) -> Span | None:
    """The offset `there - here` at `here_ms`; None when it is not bounded on both sides, or by contradictions."""
    span = open_at(bounds, here_ms)
    return span if span is not None and -math.inf < span.low and span.high < math.inf else None


def open_at(bounds: Iterable[Bound], here_ms: float) -> Span | None:
    """The same, infinite where nothing bounds a side; None when bounds contradict each other.

    Each of the two clocks may be off by DRIFT_PPM. Where exchanges of several moments agree on more than that, it is
    how these two run, and the interval is as wide as it needs to be then."""
    known = list(bounds)
    low, high = -math.inf, math.inf
    for at_ms, (least, most) in known:  # a report's most frequent loop: without calls
        drift = abs(here_ms - at_ms) * PAIR_PPM / 1e6 + TICK_MS
        if least - drift > low:
            low = least - drift
        if most + drift < high:
            high = most + drift
    if low > high:
        low, high = _of_fast_clocks(known, here_ms)
    return Span(low, high) if low <= high else None


def _of_fast_clocks(bounds: Sequence[Bound], here_ms: float) -> Span:
    """The same for clocks that run apart faster than two good ones, as long as no more than one steady rate explains
    it: an interval without anything in it when none does."""
    ordered = tuple(sorted(bounds))
    rates = _fast_rates(ordered)
    if rates is None:
        return Span(math.inf, -math.inf)
    spans = [carried(bound, here_ms, rates) for bound in ordered]
    return Span(max(span.low for span in spans) - TICK_MS, min(span.high for span in spans) + TICK_MS)


@functools.lru_cache(maxsize=64)
def _fast_rates(ordered: tuple[Bound, ...]) -> Rates | None:
    """The rates that explain them; None: none does. Kept: a report asks the same bounds of many moments."""
    if breaches(ordered, Rates(-PAIR_PPM, PAIR_PPM), TICK_MS) < 2:
        return None  # once is no drift yet: a step looks the same
    mean = steady(ordered, TICK_MS, 2 * MOST_PPM, 2 * WANDER_PPM)
    return None if mean is None else Rates(mean.low_ppm - 2 * WANDER_PPM, mean.high_ppm + 2 * WANDER_PPM)
