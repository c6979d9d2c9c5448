"""How far a camera's clock was ahead of a weapon's, as a measured value: ms ± u at 95 %, beside the certain interval.

Each exchange bounds the offset from one side. Those of one use, some seconds to minutes, are joined to one reading of a
round trip's width, with the truth anywhere in it; between several uses the two oscillators drift, and the same fit as
for UTC (`fit.py`) says how. UTC joins where both clocks were set: it narrows what is certain, and stands alone where no
exchange is left. Where it contradicts the exchanges, a host's clock was wrong, and it does not count. What was heard
and never answered bounds one side only, and the truth is near that bound: then ± u is all that is certain.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .crystal import SPREAD_PPM
from .exchange import TICK_MS, offset_at, open_at
from .fit import SIGMAS, BootFit, Rate
from .reading import Reading
from .spans import Bound, Span

TOGETHER_MS = 60_000
"""Exchanges so near each other are one reading: what two clocks drift apart meanwhile (12 ms) is within its width."""
LEVEL = 0.95


class Offset(NamedTuple):
    """The other clock is ahead by `ms` ± `u_ms` (95 %), certainly by `low_ms` to `high_ms`; `by`: radio, UTC or
    both."""

    ms: float
    u_ms: float
    low_ms: float
    high_ms: float
    by: str


def measured(exchanged: Sequence[Bound], by_utc: Span | None, here_ms: float) -> Offset | None:
    """The offset at `here_ms` of this side's clock; None when nothing ties the two. `exchanged`: bounds by what the two
    said to each other; `by_utc`: bounds of the offset at `here_ms` by UTC, where both were set."""
    radio = offset_at(exchanged, here_ms)
    both = None if by_utc is None else offset_at([*exchanged, Bound(here_ms, by_utc)], here_ms)
    certain = radio if both is None else both
    if certain is None:
        return None
    low, high = certain
    one_sided = None if by_utc is None or radio is not None else open_at(exchanged, here_ms)
    is_met = one_sided is not None and (one_sided.low > certain.low - 1 or one_sided.high < certain.high + 1)
    # A frame's bound is near the truth: only between two of one kind it may be anywhere.
    reach = (1.0 if is_met else LEVEL) * (high - low) / 2
    mean = (low + high) / 2
    if radio is not None:
        fitted = _fitted(exchanged, here_ms)
        if fitted is not None:
            low, high = max(low, fitted.low), min(high, fitted.high)
            mean, reach = (low + high) / 2, (high - low) / 2
    by = "radio" if both is None else "UTC" if radio is None and not is_met else "both"
    return Offset(mean, reach, certain.low, certain.high, by)


def _fitted(exchanged: Sequence[Bound], here_ms: float) -> Span | None:
    """95 % by the fit over all uses, None: it has nothing to add."""
    readings = sorted(_readings(exchanged))
    if not readings:
        return None
    # Two oscillators, each with a spread of its own.
    fit = BootFit(readings, Rate(0.0, SPREAD_PPM * math.sqrt(2)))
    mean, sigma = fit.ahead(here_ms)
    return Span(mean - SIGMAS * sigma, mean + SIGMAS * sigma)


def _readings(exchanged: Iterable[Bound]) -> Iterable[Reading]:
    near: list[Bound] = []
    for bound in sorted(exchanged):
        if near and bound.here_ms - near[0].here_ms > TOGETHER_MS:
            yield from _reading(near)
            near = []
        near.append(bound)
    yield from _reading(near)


def _reading(near: Sequence[Bound]) -> Iterable[Reading]:
    """One reading of exchanges that are near each other, where they bound the offset from both sides."""
    if not near:
        return
    at_ms = (near[0].here_ms + near[-1].here_ms) / 2
    span = offset_at(near, at_ms)
    if span is not None:
        middle = (span.low + span.high) / 2
        yield Reading(round(at_ms), round(at_ms) + round(middle), math.ceil((span.high - span.low) / 2 + TICK_MS), 0)
