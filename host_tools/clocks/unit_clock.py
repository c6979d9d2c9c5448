"""UTC for records: what a unit's *clock set* records say of each boot, and how sure that is at any moment.

A unit counts milliseconds since its boot; a sync ties one instant of that count to UTC. Two answers are given. `at`:
the fit over all syncs, UTC ± u at 95 % (`fit.py`), for people. `span`, `uptime`, `between`: what is certain, nothing
lies outside (`cones.py`), for verdicts. Both state how well the unit knew the clock of the host that set it; whether
that host's clock was right is another question (`HOST_U_MS`). A boot without a sync has no UTC; its neighbours
bound it.

A board's own calendar, which went on over a restart, counts only where no host set the boot's clock, and is no better
than the last host's sync before it in the journal and all that its oscillator may have drifted since. Without such a
sync it does not count.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from interlock.core.layout import Record

from . import flags
from .boot import Boot, boots_of
from .crystal import DRIFT_PPM, SPREAD_PPM
from .fit import SIGMAS, BootFit, Rate, alone_ppm, learnt
from .pace import settle
from .reading import Between, Reading, Utc
from .spans import Bound, Span

__all__ = ["DRIFT_PPM", "HOST_U_MS", "Between", "Fit", "Reading", "UnitClock", "Utc", "impossible"]

HOST_U_MS = 1000.0
"""What a host's own clock may be off by: 12 ppm of a day without network time. For comparing units set by two hosts."""


class Fit(NamedTuple):
    """A boot's clock as it was fitted. `drift_ppm` ± `drift_u_ppm` (95 %) positive: it runs fast; None: one sync says
    nothing of it, or syncs contradict each other; `residual_ms`: the largest distance of a sync from the fit; `u_ms`:
    of UTC at the boot's last record (95 %)."""

    boot: int
    syncs: int
    drift_ppm: float | None
    drift_u_ppm: float | None
    residual_ms: float
    u_ms: int


class UnitClock:
    """The clock of one unit over all its boots. `findings`: what cannot be true of it, in words with the numbers of the
    records; `contradicts`: whether for some boot syncs, or other units' clocks, leave it open what the time was."""

    def __init__(self, journal: Sequence[Record]) -> None:
        known = boots_of(journal)
        fast = settle(known)
        self._boots = {boot.number: boot for boot in known}
        self.findings: tuple[str, ...] = tuple(flags.flags(known, fast))
        self.contradicts = any(boot.contradicts for boot in known)
        self._between: dict[tuple[int, float], Between] = {}  # asked again for each use

    def beside(self, others: Mapping[int, Sequence[Bound]]) -> "UnitClock":
        """The same clock, where those of other units contradict it. `others`: by boot, UTC less uptime as these have
        it: from now on it is open between them. `findings` stay those of this journal by itself."""
        found = UnitClock(())
        found._boots = {
            number: replace(boot, others=others[number]) if number in others else boot
            for number, boot in self._boots.items()
        }
        found.findings = self.findings
        found.contradicts = any(boot.contradicts for boot in found._boots.values())
        return found

    @property
    def boots(self) -> tuple[int, ...]:
        """Boot numbers, in order."""
        return tuple(self._boots)

    def last_ms(self, boot: int) -> int:
        """Uptime of the last record of this boot."""
        return self._boots[boot].last_ms

    @property
    def unset(self) -> tuple[int, ...]:
        """Boots without any sync."""
        return tuple(boot.number for boot in self._boots.values() if boot.cones is None)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """All that set this clock and counts, boot by boot."""
        return tuple(reading for boot in self._boots.values() for reading in boot.readings)

    @cached_property
    def misordered(self) -> frozenset[int]:
        """Boots of which the later was set to before the earlier ended, by more than two hosts' clocks are apart."""
        found = flags.overlaps(list(self._boots.values()))
        return frozenset(boot.number for *two, ms in found if ms > 2 * HOST_U_MS for boot in two)

    def speakers(self, boot: int, is_later: bool) -> tuple[int, ...]:
        """Whose syncs bound `between` of this boot on one side: its own, else the nearest one's that was set."""
        order = self.boots
        place = order.index(boot)
        onward = order[place:] if is_later else order[place::-1]
        return tuple(number for number in onward if number not in self.unset)[:1]

    @cached_property
    def fits(self) -> tuple[Fit, ...]:
        """Of each boot that was set, in order."""
        return tuple(self._fit(boot) for boot in self._boots.values() if boot.cones is not None)

    def at(self, boot: int, uptime_ms: float) -> Utc | None:
        """UTC ± u at this uptime: in 95 of 100 such statements it is within. None: this boot was never synced."""
        span = self.span(boot, uptime_ms)
        if span is None:
            return None
        fit = self._fitted.get(boot)
        if fit is not None:
            mean, sigma = fit.ahead(uptime_ms)
            low, high = uptime_ms + mean - SIGMAS * sigma, uptime_ms + mean + SIGMAS * sigma
            if max(low, span.low) <= min(high, span.high):  # no estimate says more than what is certain
                span = Span(max(low, span.low), min(high, span.high))
        utc_ms = round((span.low + span.high) / 2)
        return Utc(utc_ms, math.ceil(max(span.high - utc_ms, utc_ms - span.low)))

    def span(self, boot: int, uptime_ms: float) -> Span | None:
        """Certain bounds of UTC at this uptime; None: this boot was never synced."""
        known = self._boots.get(boot)
        return None if known is None else known.span(uptime_ms)

    def uptime(self, boot: int, utc: Span) -> Span | None:
        """The uptimes of `boot` at which it may have been `utc`; None: this boot was never synced."""
        known = self._boots.get(boot)
        if known is None or not known.readings:
            return None
        nearest = min(known.readings, key=lambda reading: abs(reading.utc_ms - utc.low))
        guess_ms = nearest.at_ms + (utc.low + utc.high) / 2 - nearest.utc_ms
        span = known.span(guess_ms)
        assert span is not None
        low_ms, high_ms = guess_ms + utc.low - span.high, guess_ms + utc.high - span.low
        # The bounds are those of the guess; on the way to what was asked the clock drifts on.
        slack_ms = (high_ms - low_ms) * max(abs(known.rates.low_ppm), abs(known.rates.high_ppm)) / 1e6
        return Span(low_ms - slack_ms, high_ms + slack_ms)

    def between(self, boot: int, uptime_ms: float) -> Between:
        """Bounds for this moment: its own boot's syncs, else what is known of the boots around it."""
        found = self._between.get((boot, uptime_ms))
        if found is None:
            found = self._between[boot, uptime_ms] = self._bounds(boot, uptime_ms)
        return found

    def _bounds(self, boot: int, uptime_ms: float) -> Between:
        span = self.span(boot, uptime_ms)
        if span is not None:
            return Between(span.low, span.high)
        order = list(self._boots.values())
        at = next((index for index, known in enumerate(order) if known.number == boot), None)
        if at is None:
            return Between(None, None)
        return Between(_earliest(order[: at + 1], uptime_ms), _latest(order[at:], uptime_ms))

    @cached_property
    def _fitted(self) -> dict[int, BootFit]:
        """Of boots without contradictions. Asked late: verdicts need none of it."""
        sound = [boot for boot in self._boots.values() if boot.cones is not None and not boot.contradicts]
        fitted: dict[int, BootFit] = {}
        for is_fast in (False, True):
            alike = [boot for boot in sound if boot.is_fast is is_fast]
            rates = learnt(_beforehand(alike), [alone_ppm(boot.readings) for boot in alike])
            fitted |= {boot.number: BootFit(boot.readings, rate) for boot, rate in zip(alike, rates, strict=True)}
        return fitted

    def _fit(self, boot: Boot) -> Fit:
        utc, fit = self.at(boot.number, boot.last_ms), self._fitted.get(boot.number)
        assert utc is not None
        if fit is None:
            aheads = [reading.ahead_ms for reading in boot.readings]
            return Fit(boot.number, len(aheads), None, None, (max(aheads) - min(aheads)) / 2, utc.u_ms)
        rate = fit.rate_ppm()
        drift_ppm = None if rate is None else -rate.mean  # UTC that falls behind is a clock that runs fast
        drift_u_ppm = None if rate is None else SIGMAS * rate.sigma
        return Fit(boot.number, len(boot.readings), drift_ppm, drift_u_ppm, fit.residual_ms(), utc.u_ms)


def impossible(clock: UnitClock, came_ms: Callable[[int], int | None]) -> tuple[str, ...]:
    """Syncs to a time that was still to come when a host read their records, in words. `came_ms`: when the record of
    this number first came to a host, UTC by that host's clock, None: not known."""
    return tuple(flags.impossible(clock.readings, HOST_U_MS, came_ms))


def _beforehand(boots: Sequence[Boot]) -> Rate:
    """What is assumed of these boots' oscillator before any sync is looked at."""
    if not any(boot.is_fast for boot in boots):
        return Rate()
    low_ppm, high_ppm = min(boot.rates.low_ppm for boot in boots), max(boot.rates.high_ppm for boot in boots)
    return Rate((low_ppm + high_ppm) / 2, max(SPREAD_PPM, (high_ppm - low_ppm) / 2))


def _earliest(boots: Sequence[Boot], uptime_ms: float) -> float | None:
    """Of `uptime_ms` in the last of these boots: nothing of it was before what came earlier."""
    low_ms: float | None = None
    for boot in boots:
        known = [ms for ms in (low_ms, boot.floor_ms()) if ms is not None]
        span = boot.span(0)
        low_ms = max(known, default=None) if span is None else span.low
        if low_ms is not None and boot is not boots[-1]:
            end = boot.span(boot.last_ms)
            low_ms = low_ms + boot.last_ms * _slowest(boot) if end is None else end.low
    return None if low_ms is None else low_ms + uptime_ms * _slowest(boots[-1])


def _latest(boots: Sequence[Boot], uptime_ms: float) -> float | None:
    """Of `uptime_ms` in the first of these boots: it was over before the next one with a sync began."""
    high_ms: float | None = None
    for boot in reversed(boots[1:]):
        span = boot.span(0)
        if span is not None:
            high_ms = span.high
        elif high_ms is not None:
            high_ms -= boot.last_ms * _slowest(boot)
    return None if high_ms is None else high_ms - max(0.0, boots[0].last_ms - uptime_ms) * _slowest(boots[0])


def _slowest(boot: Boot) -> float:
    """The least UTC that passes in a millisecond of this boot's clock."""
    return 1 + boot.rates.low_ppm / 1e6
