"""UTC for records: what a unit's *clock set* records say of each boot, and how sure that is at any moment.

A unit counts milliseconds since its boot; a sync ties one instant of that count to UTC, give or take an uncertainty
that grows with the crystal's tolerance away from it. Of several syncs in a boot the one that is tightest at the moment
counts. A full fit of offset and drift over all syncs is a later issue: until then `u` is larger than it need be, never
smaller. A boot without a sync has no UTC; its neighbours bound it (`between`).

`u` says how well the unit knew the clock of the host that set it; whether that host's clock was right is another
question (`HOST_U_MS`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from interlock.core import records
from interlock.core.layout import Record

from .exchange import Span

DRIFT_PPM = 100.0
"""Twice the 50 ppm that a Bluetooth LE device's active clock may be off by (Core 5.4, Vol 6, Part B, 4.2.1): twice,
because age and cold add to what the crystal had when it was approved."""
TICK_MS = 1.0
"""Uptimes are whole milliseconds."""
HOST_U_MS = 1000.0
"""What a host's own clock may be off by: 12 ppm of a day without network time. For comparing units set by two hosts."""


class Utc(NamedTuple):
    """Milliseconds since 1970, UTC, give or take `u_ms`."""

    utc_ms: int
    u_ms: int


class Between(NamedTuple):
    """A moment lies between these (UTC, ms since 1970), as far as is known; None: not bounded."""

    low_ms: float | None
    high_ms: float | None


class Reading(NamedTuple):
    """One sync: at uptime `at_ms` it was `utc_ms` ± `u_ms`; `sequence`: of its record."""

    at_ms: int
    utc_ms: int
    u_ms: int
    sequence: int

    def span(self, uptime_ms: float) -> Span:
        """UTC at this uptime."""
        middle = self.utc_ms + uptime_ms - self.at_ms
        u_ms = self.u_ms + TICK_MS + abs(uptime_ms - self.at_ms) * DRIFT_PPM / 1e6
        return Span(middle - u_ms, middle + u_ms)


@dataclass
class _Boot:
    number: int
    last_ms: int = 0
    readings: list[Reading] = field(default_factory=list)
    floors: list[tuple[int, int]] = field(default_factory=list)  # uptime, a UTC that was past then
    contradicts: bool = False

    def span(self, uptime_ms: float) -> Span | None:
        if not self.readings:
            return None
        spans = [reading.span(uptime_ms) for reading in self.readings]
        if self.contradicts:
            # At least one sync was wrong, and nothing says which.
            return Span(min(span.low for span in spans), max(span.high for span in spans))
        return min(spans, key=lambda span: span.high - span.low)

    def floor_ms(self) -> float | None:
        """A UTC that was past at this boot's uptime 0, at the latest known; None: not known."""
        bounds = [utc_ms - uptime_ms * (1 + DRIFT_PPM / 1e6) for uptime_ms, utc_ms in self.floors]
        return max(bounds, default=None)


class UnitClock:
    """The clock of one unit over all its boots. `findings`: syncs that cannot all be true, in words."""

    def __init__(self, journal: Sequence[Record]) -> None:
        self._boots: dict[int, _Boot] = {}
        for record in journal:
            boot = self._boots.setdefault(record.boot, _Boot(record.boot))
            boot.last_ms = max(boot.last_ms, record.uptime_ms)
            fields = record.fields() if record.kind in (records.CLOCK, records.FLOOR) else None
            if fields is None:
                continue
            if record.kind == records.FLOOR:
                boot.floors.append((record.uptime_ms, fields.utc_ms))
            else:
                at_ms = record.uptime_ms - fields.at_ago_ms
                boot.readings.append(Reading(at_ms, fields.utc_ms, fields.uncertainty_ms, record.sequence))
        self.findings: tuple[str, ...] = tuple(self._contradictions())
        self._between: dict[tuple[int, float], Between] = {}  # asked again for each use

    @property
    def boots(self) -> tuple[int, ...]:
        """Boot numbers, in order."""
        return tuple(self._boots)

    @property
    def unset(self) -> tuple[int, ...]:
        """Boots without any sync."""
        return tuple(boot.number for boot in self._boots.values() if not boot.readings)

    def at(self, boot: int, uptime_ms: float) -> Utc | None:
        """UTC ± u at this uptime, or None: this boot was never synced."""
        span = self.span(boot, uptime_ms)
        return None if span is None else Utc(round((span.low + span.high) / 2), math.ceil((span.high - span.low) / 2))

    def span(self, boot: int, uptime_ms: float) -> Span | None:
        """The interval that `at` states."""
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
        # The clock runs at UTC's pace here: how far it drifted at most is in the span already.
        return Span(guess_ms + utc.low - span.high, guess_ms + utc.high - span.low)

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

    def _contradictions(self) -> list[str]:
        found = []
        for boot in self._boots.values():
            ordered = sorted(boot.readings)
            tightest = min(ordered, key=lambda reading: reading.u_ms, default=None)
            for before, after in [*pairwise(ordered), *((tightest, reading) for reading in ordered if tightest)]:
                apart_ms = _apart(before.span(after.at_ms), after.span(after.at_ms))
                if apart_ms > 0 and not boot.contradicts:
                    boot.contradicts = True
                    found.append(
                        f"boot {boot.number}: the clock was set at record {after.sequence} to a time that is "
                        f"{apart_ms / 1000:.3f} s or more from what record {before.sequence} says: a host's clock was "
                        "wrong or stepped"
                    )
            for uptime_ms, floor_ms in boot.floors:
                span = boot.span(uptime_ms)
                if span is not None and span.high < floor_ms:
                    found.append(f"boot {boot.number}: its clock says a time before one that was past already")
                    break
        known = [boot for boot in self._boots.values() if boot.readings]
        for earlier, later in pairwise(known):
            ended, began = earlier.span(earlier.last_ms), later.span(0)
            if ended is not None and began is not None and began.high < ended.low:
                found.append(f"boot {later.number} began before boot {earlier.number} ended, by their clocks")
        return found


def _apart(a: Span, b: Span) -> float:
    """How far apart two intervals are, ms; 0 or less when they overlap."""
    return max(a.low - b.high, b.low - a.high)


def _earliest(boots: Sequence[_Boot], uptime_ms: float) -> float | None:
    """Of `uptime_ms` in the last of these boots: nothing of it was before what came earlier."""
    slack = 1 - DRIFT_PPM / 1e6
    low_ms: float | None = None
    for boot in boots:
        known = [ms for ms in (low_ms, boot.floor_ms()) if ms is not None]
        span = boot.span(0)
        low_ms = max(known, default=None) if span is None else span.low
        if low_ms is not None and boot is not boots[-1]:
            end = boot.span(boot.last_ms)
            low_ms = low_ms + boot.last_ms * slack if end is None else end.low
    return None if low_ms is None else low_ms + uptime_ms * slack


def _latest(boots: Sequence[_Boot], uptime_ms: float) -> float | None:
    """Of `uptime_ms` in the first of these boots: it was over before the next one with a sync began."""
    slack = 1 - DRIFT_PPM / 1e6
    high_ms: float | None = None
    for boot in reversed(boots[1:]):
        span = boot.span(0)
        if span is not None:
            high_ms = span.high
        elif high_ms is not None:
            high_ms -= boot.last_ms * slack
    return None if high_ms is None else high_ms - max(0.0, boots[0].last_ms - uptime_ms) * slack
