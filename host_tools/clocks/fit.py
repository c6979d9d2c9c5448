"""The fit of one boot's clock: UTC ± u at 95 %, by Gaussian least squares over its syncs.

The model. UTC less uptime is a constant, plus what the oscillator gains or loses: a steady rate, known beforehand to
some ppm (`Rate`), and a slow stray (`crystal.drift_variance`). A sync reads that with an error anywhere within its ± u,
which is half the round trip of the quickest ping: uniform, so of variance u²/3. Link and host may make one leg longer
at each visit: for that SHARED of the same variance is added, common to all syncs, and many syncs never make it smaller.
Nothing is assumed of the constant: all is reckoned by differences to one sync, which is the best linear unbiased
prediction (ordinary kriging; Cressie, Statistics for Spatial Data, 1993, 3.2 and 3.4).

Near one moment the syncs next to it and the boot's first and last say nearly all, so no more than those are used: what
is left out makes u larger, never dishonest. Only `math` is needed, a few hundred multiplications each.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from operator import add, mul
from typing import NamedTuple

from .crystal import BOOT_PPM, SPREAD_PPM, drift_variance
from .reading import Reading
from .spans import TICK_MS

SIGMAS = 1.96
"""95 % of a normal distribution."""
SHARED = 0.5
"""Of a sync's variance, added for what all syncs of a unit have in common: it covers a leg that makes up nine tenths of
the round trip at every visit."""
NEIGHBOURS = 3
"""Syncs on either side that are used for a moment, besides the first and the last."""


class Rate(NamedTuple):
    """How fast UTC runs past a unit's clock, ppm of its milliseconds, as far as it is known: mean ± one sigma."""

    ppm: float = 0.0
    sigma_ppm: float = SPREAD_PPM


class Estimate(NamedTuple):
    """A mean and its standard deviation."""

    mean: float
    sigma: float


class _Solved:
    """Some syncs, with all that does not depend on what is asked. Differences are to the first of them."""

    def __init__(self, readings: Sequence[Reading], rate: Rate) -> None:
        self._readings, self._rate = readings, rate
        base, *rest = readings
        self._base_ms = base.at_ms
        self._times = [reading.at_ms for reading in rest]
        # Of each to the base: half the variance of what was gained since, and the covariance of the errors.
        self._since = [drift_variance(abs(at_ms - self._base_ms), rate.sigma_ppm) for at_ms in self._times]
        self._shared = [_error(base, base) - _error(base, reading) for reading in rest]
        matrix = [
            [
                covered + self._shared[row] + _error(reading, other) - _error(base, other)
                for covered, other in zip(self._covers(reading.at_ms, row + 1), rest, strict=False)
            ]
            for row, reading in enumerate(rest)
        ]
        self._lower = _cholesky(matrix)
        gained = [reading.ahead_ms - base.ahead_ms - self._expected(reading.at_ms) for reading in rest]
        self._weights = _backward(self._lower, _forward(self._lower, gained))

    def ahead(self, at_ms: float) -> Estimate:
        """UTC less uptime at this uptime: the base's reading, its error away, and what was gained since."""
        base = self._readings[0]
        covers = list(map(add, self._covers(at_ms, len(self._times)), self._shared))
        apart_ms = abs(at_ms - self._base_ms)
        found = self._posterior(covers, 2 * drift_variance(apart_ms, self._rate.sigma_ppm) + _error(base, base))
        return Estimate(base.ahead_ms + self._expected(at_ms) + found.mean, found.sigma)

    def gained(self, at_ms: float) -> Estimate:
        """What UTC gained on the uptime from the base's moment to this one."""
        covers, apart_ms = self._covers(at_ms, len(self._times)), abs(at_ms - self._base_ms)
        found = self._posterior(covers, 2 * drift_variance(apart_ms, self._rate.sigma_ppm))
        return Estimate(self._expected(at_ms) + found.mean, found.sigma)

    def _posterior(self, covers: Sequence[float], variance: float) -> Estimate:
        told = _forward(self._lower, covers)
        return Estimate(_dot(covers, self._weights), math.sqrt(max(0.0, variance - _dot(told, told))))

    def _expected(self, at_ms: float) -> float:
        return (at_ms - self._base_ms) * self._rate.ppm / 1e6

    def _covers(self, at_ms: float, count: int) -> list[float]:
        """Covariances of what was gained since the base until this moment, and until each of the first readings."""
        spread_ppm = self._rate.sigma_ppm
        own = drift_variance(abs(at_ms - self._base_ms), spread_ppm)
        return [
            own + since - drift_variance(abs(at_ms - other_ms), spread_ppm)
            for since, other_ms in zip(self._since[:count], self._times, strict=False)
        ]


class BootFit:
    """`readings`: of one boot, at least one, in order of uptime, none contradicting another; `rate`: what is known of
    this oscillator beforehand, this boot's own syncs not counted."""

    def __init__(self, readings: Sequence[Reading], rate: Rate) -> None:
        self._readings, self._rate = readings, rate
        self._times = [reading.at_ms for reading in readings]
        self._solved: dict[int, _Solved] = {}  # by how many syncs lie before the moment

    def ahead(self, uptime_ms: float) -> Estimate:
        """UTC less uptime at this uptime, ms."""
        place = bisect_right(self._times, uptime_ms)
        if place not in self._solved:
            last = len(self._readings) - 1
            near = range(max(0, place - NEIGHBOURS), min(last + 1, place + NEIGHBOURS))
            self._solved[place] = _Solved([self._readings[one] for one in sorted({0, *near, last})], self._rate)
        return self._solved[place].ahead(uptime_ms)

    def rate_ppm(self) -> Estimate | None:
        """Mean rate of UTC past this clock from the first sync to the last; None for a single moment."""
        lasted_ms = self._times[-1] - self._times[0]
        if not lasted_ms:
            return None
        some = self._readings if len(self._readings) <= 8 else [self._readings[0], *self._readings[-7:]]
        gained = _Solved(some, self._rate).gained(self._times[-1])
        return Estimate(gained.mean / lasted_ms * 1e6, gained.sigma / lasted_ms * 1e6)

    def residual_ms(self) -> float:
        """The largest distance of a sync from the fit."""
        return max(abs(reading.ahead_ms - self.ahead(reading.at_ms).mean) for reading in self._readings)


def alone_ppm(readings: Sequence[Reading]) -> Estimate | None:
    """A boot's rate by its own syncs alone, first to last: what other boots of the same unit may learn from it."""
    first, last = readings[0], readings[-1]
    lasted_ms = last.at_ms - first.at_ms
    if lasted_ms <= 0:
        return None
    errors = _error(first, first) + _error(last, last) - 2 * _error(first, last)
    sigma = math.sqrt(errors + 2 * drift_variance(lasted_ms, 0.0)) / lasted_ms * 1e6
    return Estimate((last.ahead_ms - first.ahead_ms) / lasted_ms * 1e6, math.hypot(sigma, BOOT_PPM))


def learnt(before: Rate, boots: Sequence[Estimate | None]) -> list[Rate]:
    """What is known of a unit's oscillator beforehand in each boot: `before`, and what all other boots showed."""
    known = [(0.0, 0.0) if boot is None else (boot.sigma**-2, boot.mean * boot.sigma**-2) for boot in boots]
    weight = before.sigma_ppm**-2 + math.fsum(own for own, _ in known)
    total = before.ppm * before.sigma_ppm**-2 + math.fsum(mean for _, mean in known)
    rates = []
    for own, mean in known:
        rest = weight - own
        rates.append(Rate((total - mean) / rest, min(before.sigma_ppm, math.hypot(rest**-0.5, BOOT_PPM))))
    return rates


def _error(a: Reading, b: Reading) -> float:
    """Covariance of two readings' errors, ms²."""
    if a is b:
        return (1 + SHARED) * a.u_ms**2 / 3 + TICK_MS**2 / 6
    return SHARED * a.u_ms * b.u_ms / 3


def _dot(some: Sequence[float], others: Sequence[float]) -> float:
    """As far as `some` goes."""
    total: float = sum(map(mul, some, others))
    return total


def _cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """L of a symmetric positive definite matrix L Lᵀ, both by their lower triangles."""
    lower: list[list[float]] = []
    for row in matrix:
        done: list[float] = []
        for column, value in enumerate(row):
            other = done if column == len(lower) else lower[column]
            rest = value - _dot(done, other)
            done.append(math.sqrt(max(rest, 1e-9)) if column == len(lower) else rest / other[column])
        lower.append(done)
    return lower


def _forward(lower: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    """L⁻¹ values."""
    found: list[float] = []
    for row, value in zip(lower, values, strict=True):
        found.append((value - _dot(found, row)) / row[-1])
    return found


def _backward(lower: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    """Lᵀ⁻¹ values."""
    found = [0.0] * len(values)
    for place in range(len(values) - 1, -1, -1):
        rest = values[place] - sum(lower[row][place] * found[row] for row in range(place + 1, len(values)))
        found[place] = rest / lower[place][place]
    return found
