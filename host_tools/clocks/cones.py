"""Certain bounds of one boot's UTC: every sync opens a cone of what the clock may have shown since, and before; UTC
lies in all of them. Nothing is estimated here: outside is impossible, if the oscillator keeps to the rates given and
the hosts' clocks were right."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from .crystal import Rates, carried
from .reading import Reading
from .spans import Bound, Span


class Clash(NamedTuple):
    """Two syncs that cannot both be right: at least so many milliseconds apart. `later` says a later UTC than it can
    be by `earlier` when positive; both in order of uptime."""

    before: Reading
    after: Reading
    apart_ms: float


class Cones:
    """`readings`: of one boot, at least one, in order of uptime. `clash`: the first two that contradict each other, or
    None; then bounds hold all that any of them allows, for nothing says which was wrong."""

    def __init__(self, readings: Sequence[Reading], rates: Rates) -> None:
        self._rates = rates
        self._bounds = [reading.bound() for reading in readings]
        self._times = [bound.here_ms for bound in self._bounds]
        self.clash = self._find_clash(readings)
        if self.clash is None:
            self._narrow(range(1, len(readings)), -1)
            self._narrow(range(len(readings) - 2, -1, -1), 1)

    def ahead(self, uptime_ms: float) -> Span:
        """UTC less uptime, at this uptime."""
        if self.clash is not None:
            spans = [carried(bound, uptime_ms, self._rates) for bound in self._bounds]
            return Span(min(span.low for span in spans), max(span.high for span in spans))
        # Each bound holds already what the others say of its moment: the two neighbours tell all.
        place = bisect_right(self._times, uptime_ms)
        spans = [carried(bound, uptime_ms, self._rates) for bound in self._bounds[max(0, place - 1) : place + 1]]
        return Span(max(span.low for span in spans), min(span.high for span in spans))

    def _narrow(self, order: range, neighbour: int) -> None:
        for place in order:
            bound = self._bounds[place]
            low, high = carried(self._bounds[place + neighbour], bound.here_ms, self._rates)
            both = Span(max(low, bound.offset.low), min(high, bound.offset.high))
            self._bounds[place] = Bound(bound.here_ms, both)

    def _find_clash(self, readings: Sequence[Reading]) -> Clash | None:
        """By the tightest cones so far, below and above, of those before."""
        lowest, highest = Bound(0.0, Span(-math.inf, math.inf)), Bound(0.0, Span(-math.inf, math.inf))
        low_of = high_of = readings[0]
        for reading, bound in zip(readings, self._bounds, strict=True):
            low_ms, high_ms = (
                carried(lowest, bound.here_ms, self._rates).low,
                carried(highest, bound.here_ms, self._rates).high,
            )
            if bound.offset.high < low_ms:
                return Clash(low_of, reading, bound.offset.high - low_ms)
            if bound.offset.low > high_ms:
                return Clash(high_of, reading, bound.offset.low - high_ms)
            if bound.offset.low >= low_ms:
                lowest, low_of = bound, reading
            if bound.offset.high <= high_ms:
                highest, high_of = bound, reading
        return None
