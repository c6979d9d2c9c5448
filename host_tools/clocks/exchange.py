"""Two units' clocks, joined by what they said to each other.

Each boot of each unit has its own clock (milliseconds since boot). An exchange bounds how far two of them are apart:
a frame is heard after it was aired, an answer is received after what it answers was heard. So the offset lies in an
interval as wide as the round trip; clock drift widens it away from the exchange. No clock is trusted to be right.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

DRIFT_PPM = 100.0
"""Two crystals of 50 ppm each, in opposite directions."""
TICK_MS = 1.0
"""Both clocks count whole milliseconds."""


class Segment(NamedTuple):
    """One boot of one unit: a stretch of one clock."""

    unit: int
    boot: int


class Span(NamedTuple):
    """An interval of milliseconds; `low` and `high` may be infinite."""

    low: float
    high: float


class Bound(NamedTuple):
    """What one exchange says of `there - here`, valid at `here_ms` on this side's clock."""

    here_ms: float
    offset: Span


def offset_at(bounds: Iterable[Bound], here_ms: float) -> Span | None:
    """The offset `there - here` at `here_ms`, or None when no two-sided bound is known."""
    low, high = -math.inf, math.inf
    for bound in bounds:
        drift = abs(here_ms - bound.here_ms) * DRIFT_PPM / 1e6 + TICK_MS
        low = max(low, bound.offset.low - drift)
        high = min(high, bound.offset.high + drift)
    if math.isinf(low) or math.isinf(high) or low > high:
        return None
    return Span(low, high)
