"""What is assumed of a unit's oscillator, and whether what was seen of one fits that.

A clock runs so many ppm too fast or slow; temperature and age let that wander. Two kinds of assumption: limits, which
certain bounds rest on, and spreads, which the 95 % of a fit rest on. A clock beyond the limits is not simply called
wrong: where what it shows again and again fits one rate, it is a fast or slow crystal, and bounds follow from that.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from .spans import Bound, Span

DRIFT_PPM = 100.0
"""Limit. Twice the 50 ppm that a Bluetooth LE device's active clock may be off by (Core 5.4, Vol 6, Part B, 4.2.1):
twice, because age and cold add to what the crystal had when it was approved."""
MOST_PPM = 500.0
"""No oscillator that a Bluetooth LE link survives on is worse: the sleep clock's limit (4.2.2); what goes beyond is
somebody's wrong clock. Also what the firmware lets a technician move a clock by (`unit.DRIFT_PPM`)."""
WANDER_PPM = 50.0
"""Limit, for a clock that is beyond DRIFT_PPM: how far it strays from its own mean rate. A tuning fork of 32 kHz loses
0.034 ppm per square kelvin from 25 degrees on, so 50 ppm at -13 and at 63 degrees."""

SPREAD_PPM = 46.0
"""Standard deviation of units' rates, until more is known: as if they lay anywhere within 80 ppm. Crystals for radios
are sold with 10 to 30; age, load and cold add, and of two clocks both may be at their edge."""
BOOT_PPM = 3.0
"""Standard deviation of one unit's mean rate from boot to boot: another battery, another season."""
STRAY_PPM = 6.0
"""Standard deviation of the rate within a boot: weather, another coat, a day off between days out of doors."""
STRAY_MS = 12 * 3_600_000.0
"""For so long a stray lasts."""
DAILY_PPM = 9.0
"""Standard deviation of the rate's daily swing: on a belt by day, in a locker by night. Who is docked each morning
shows the mean of a whole day, again and again, and never what the clock does until the evening. A tuning fork of 32 kHz
that is at 0 degrees for ten hours and at 22 for fourteen swings by 21 ppm; AT-cut crystals swing less."""
DAY_MS = 24 * 3_600_000.0


class Rates(NamedTuple):
    """How fast UTC runs past a unit's clock, in ppm of its milliseconds: negative where the unit runs fast."""

    low_ppm: float
    high_ppm: float


USUAL = Rates(-DRIFT_PPM, DRIFT_PPM)


def drift_variance(apart_ms: float, spread_ppm: float) -> float:
    """Half the variance (ms²) of how much a clock of unknown rate gains or loses in `apart_ms` of its time: a constant
    rate of that spread, a stray that is forgotten after STRAY_MS (an integrated Ornstein-Uhlenbeck process), and a
    swing of a day, of unknown size and phase."""
    lasts = apart_ms / STRAY_MS
    # exp(-x) - 1 + x loses all digits where x is small: there it is x²/2.
    strays = lasts * lasts / 2 if lasts < 1e-4 else math.expm1(-lasts) + lasts
    swings = 2 * math.sin(math.pi * apart_ms / DAY_MS) ** 2
    return (
        (spread_ppm * apart_ms) ** 2 / 2
        + (STRAY_PPM * STRAY_MS) ** 2 * strays
        + (DAILY_PPM * DAY_MS / (2 * math.pi)) ** 2 * swings
    ) / 1e12


def hull(a: Rates, b: Rates) -> Rates:
    """All rates of either, and those between."""
    return Rates(min(a.low_ppm, b.low_ppm), max(a.high_ppm, b.high_ppm))


def breaches(bounds: Sequence[Bound], rates: Rates, slack_ms: float) -> int:
    """How many stretches of time, none within another, break these rates each by itself. `bounds`: on a quantity that
    changes at one of these rates, in order of `here_ms`; `slack_ms`: that each may be off by."""
    found, before = 0, Bound(0.0, Span(-math.inf, math.inf))
    for bound in bounds:
        low_ms, high_ms = carried(before, bound.here_ms, rates)
        low_ms, high_ms = max(low_ms, bound.offset.low), min(high_ms, bound.offset.high)
        if low_ms - high_ms > 2 * slack_ms:
            found += 1
            low_ms, high_ms = bound.offset
        before = Bound(bound.here_ms, Span(low_ms, high_ms))
    return found


def carried(bound: Bound, here_ms: float, rates: Rates) -> Span:
    """What a bound says of another moment."""
    after_ms = here_ms - bound.here_ms
    ends = after_ms * rates.low_ppm / 1e6, after_ms * rates.high_ppm / 1e6
    return Span(bound.offset.low + min(ends), bound.offset.high + max(ends))


def steady(bounds: Sequence[Bound], slack_ms: float, most_ppm: float, wander_ppm: float) -> Rates | None:
    """The mean rates that explain all bounds, of a quantity whose rate strays from its mean by `wander_ppm` at most;
    None: no rate within `most_ppm` does, something stepped."""
    low_ppm, high_ppm = -most_ppm, most_ppm
    lows = [(bound.here_ms, bound.offset.low) for bound in bounds if bound.offset.low > -math.inf]
    highs = [(bound.here_ms, bound.offset.high) for bound in bounds if bound.offset.high < math.inf]
    for low_ms, least in _some(lows):
        for high_ms, most in _some(highs):
            rises_ms, after_ms = least - most - 2 * slack_ms, low_ms - high_ms
            if after_ms > 0:
                low_ppm = max(low_ppm, rises_ms / after_ms * 1e6 - wander_ppm)
            elif after_ms < 0:
                high_ppm = min(high_ppm, rises_ms / after_ms * 1e6 + wander_ppm)
            elif rises_ms > 0:
                return None
    return Rates(low_ppm, high_ppm) if low_ppm <= high_ppm else None


def _some(bounds: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most 64, the first and the last among them: the others would narrow the rates, and take time by the square."""
    if len(bounds) <= 64:
        return bounds
    return [bounds[number * (len(bounds) - 1) // 63] for number in range(64)]
