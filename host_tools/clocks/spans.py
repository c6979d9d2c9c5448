"""Intervals of milliseconds, and what ties one clock to another."""

from typing import NamedTuple

TICK_MS = 1.0
"""Clocks count whole milliseconds: of two moments the one may be so much more behind the other, or less."""


class Span(NamedTuple):
    """An interval of milliseconds; `low` and `high` may be infinite."""

    low: float
    high: float


class Bound(NamedTuple):
    """`there - here` lies in `offset` when this side's clock shows `here_ms`: what one exchange, or one sync, says."""

    here_ms: float
    offset: Span
