"""Figures with their uncertainty: rates, and quantiles of times that may never come. No distribution is assumed.

What is assumed: runs are independent, each having its own seed. Several observations of one run are not: they share
radio paths and cameras. So observations come run by run, and where a run has several the interval is as wide as the
spread between runs makes it.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95


class Rate(NamedTuple):
    """`happened` of `of` observations, and the interval that holds the true rate."""

    happened: int
    of: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        return self.happened / self.of


class Quantile(NamedTuple):
    """A quantile and its interval. Infinite: so many of the observations never came."""

    value: float
    low: float
    high: float


def wilson(happened: int, of: int, confidence: float = CONFIDENCE) -> Rate:
    """The score interval of a rate (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927): every rate that the normal test of
    level 1 - `confidence` does not reject.

    With z the normal quantile of (1 + confidence) / 2, n = `of`, p = happened / n:

        (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)

    ValueError without any observation."""
    if not 0 <= happened <= of or of == 0:
        raise ValueError(f"{happened} of {of} is no rate")
    return Rate(happened, of, *wilson_share(happened / of, of, confidence))


def wilson_share(p: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of `wilson` for a share p of n observations."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula gives exactly 0 and 1; rounding may not.
    low = 0.0 if p == 0 else max(0.0, (middle - half) / scale)
    high = 1.0 if p == 1 else min(1.0, (middle + half) / scale)
    return low, high


def quantile(ordered: Sequence[float], q: float, confidence: float = CONFIDENCE) -> Quantile:
    """The `q` quantile of observations in ascending order, infinities (it never came) last, with its interval.

    The value is the least observation with at least a share q at or below it: x of rank ⌈nq⌉. The interval is that of
    two order statistics (H. A. David and H. N. Nagaraja, Order Statistics, 7.1): with B binomial (n, q), the true
    quantile lies at or above x of rank l with probability at least P(B ≥ l), and at or below x of rank u with at least
    P(B ≤ u - 1). l is the highest rank and u the lowest with 1 - α/2 each, so both together hold with 1 - α at least.
    Where too few observations leave no such rank, that side is open: 0 or infinity, times being neither less nor more.

    ValueError without any observation."""
    count = len(ordered)
    if count == 0 or not 0 < q < 1:
        raise ValueError(f"no quantile {q} of {count} observations")
    tail = (1 - confidence) / 2
    lower = upper = None
    below = 0.0  # P(B <= rank - 1)
    for rank in range(1, count + 1):
        below += _binomial(count, rank - 1, q)
        if below <= tail:
            lower = rank
        if below >= 1 - tail:
            upper = rank
            break
    return Quantile(
        ordered[max(1, math.ceil(count * q - 1e-9)) - 1],
        0.0 if lower is None else ordered[lower - 1],
        math.inf if upper is None else ordered[upper - 1],
    )


def rate_of(runs: Sequence[tuple[int, int]], confidence: float = CONFIDENCE) -> Rate:
    """The rate over runs that each had `(happened, of)` observations, with its interval.

    One observation a run: `wilson`. Several: `wilson` with the effective number of observations n* in place of n (E. L.
    Korn and B. I. Graubard, Survey Methodology 24, 1998): n* = p(1-p)/v, where v is the variance of the rate between
    runs, v = m/(m-1) · Σ(happened - p · of)² / (Σ of)² over m runs; n* is m where v is 0, and never more than n.
    Approximate: the fewer runs, the more so."""
    happened, of = sum(k for k, _ in runs), sum(n for _, n in runs)
    if all(n == 1 for _, n in runs):
        return wilson(happened, of, confidence)
    effective = _effective(runs)
    scaled = wilson_share(happened / of, effective, confidence)
    return Rate(happened, of, *scaled)


def quantile_of(runs: Sequence[Sequence[float]], q: float, confidence: float = CONFIDENCE) -> Quantile:
    """The `q` quantile of the observations of all runs, with its interval.

    One observation a run: `quantile`. Several: the observations at the ends of `rate_of`'s interval for the share q
    that lies at or below the quantile (R. S. Woodruff, J. Am. Stat. Assoc. 47, 1952). Open where n* observations could
    not reach so far: above if q^n* > α/2, below if (1-q)^n* > α/2."""
    ordered = sorted(value for run in runs for value in run)
    if all(len(run) == 1 for run in runs):
        return quantile(ordered, q, confidence)
    value, tail = quantile(ordered, q, confidence).value, (1 - confidence) / 2
    effective = _effective([(sum(other <= value for other in run), len(run)) for run in runs])
    low, high = wilson_share(q, effective, confidence)
    ranks = [max(1, math.ceil(len(ordered) * share - 1e-9)) for share in (low, high)]
    return Quantile(
        value,
        0.0 if (1 - q) ** effective > tail else ordered[ranks[0] - 1],
        math.inf if q**effective > tail else ordered[ranks[1] - 1],
    )


def _effective(runs: Sequence[tuple[int, int]]) -> float:
    """How many independent observations know as much about the rate as these runs do."""
    happened, of, count = sum(k for k, _ in runs), sum(n for _, n in runs), sum(n > 0 for _, n in runs)
    p = happened / of
    spread = sum((k - p * n) ** 2 for k, n in runs)
    if count < 2 or spread == 0 or not 0 < p < 1:
        return float(count)
    variance = count / (count - 1) * spread / of**2
    return min(float(of), p * (1 - p) / variance)


def _binomial(n: int, k: int, p: float) -> float:
    """P(B = k) for B binomial (n, p), by logarithms: factorials of thousands do not fit a float."""
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log + k * math.log(p) + (n - k) * math.log1p(-p))
