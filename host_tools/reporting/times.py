"""Moments as the report has them, and whether they lie in what is asked for."""

import math
from datetime import UTC, datetime

from ..clocks.exchange import Span
from ..clocks.unit_clock import UnitClock
from ..judging.uses import Use
from ..time_words import clock_text, give_or_take, utc_text
from .asked import Asked
from .grounds import Moment


def moment(clock: UnitClock, boot: int, uptime_ms: float, came_ms: int | None) -> Moment:
    """`came_ms`: when a record of it first came to a host, UTC."""
    utc, span = clock.at(boot, uptime_ms), clock.span(boot, uptime_ms)
    if utc is not None and span is not None:
        text = f"{utc_text(utc.utc_ms)} {give_or_take(utc.u_ms)}"
        bounds = math.floor(span.low), math.ceil(span.high)
        return Moment(boot, round(uptime_ms), utc.utc_ms, utc.u_ms, *bounds, text)
    low_ms, high_ms = clock.between(boot, uptime_ms)
    highs = [ms for ms in (high_ms, came_ms) if ms is not None]
    low, high = None if low_ms is None else round(low_ms), round(min(highs)) if highs else None
    text = f"boot {boot}, {clock_text(uptime_ms)} after start"
    if low is not None and high is not None:
        text += f" (between {utc_text(low)} and {utc_text(high)})"
    elif low is not None or high is not None:
        text += f" (after {utc_text(low)})" if low is not None else f" (before {utc_text(high or 0)})"
    return Moment(boot, round(uptime_ms), None, None, low, high, text)


def is_before(at: Moment, since_ms: int | None) -> bool:
    """Whether the moment certainly lies before `since_ms`; what may be later is not left out of a report."""
    return since_ms is not None and at.not_after_ms is not None and at.not_after_ms < since_ms


def is_after(at: Moment, until_ms: int | None) -> bool:
    """Whether the moment certainly does not lie before `until_ms`."""
    return until_ms is not None and at.not_before_ms is not None and at.not_before_ms >= until_ms


def is_out(at: Moment, asked: Asked) -> bool:
    """Whether the moment certainly lies outside of what is asked for."""
    return is_before(at, asked.since_ms) or is_after(at, asked.until_ms)


def month_of(at: Moment) -> str | None:
    """2026-11, UTC; None where the moment's bounds leave more than one open."""
    if at.not_before_ms is None or at.not_after_ms is None:
        return None
    months = {datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m") for ms in (at.not_before_ms, at.not_after_ms)}
    return months.pop() if len(months) == 1 else None


def in_order(at: Moment) -> tuple[bool, int]:
    """What to sort moments of several units by: UTC, else what bounds it; those without either come last."""
    known = [ms for ms in (at.utc_ms, at.not_after_ms, at.not_before_ms) if ms is not None]
    return not known, known[0] if known else 0


def relative(span: Span, use: Use) -> Span:
    """An interval of the weapon's clock, since the first event of the use."""
    begin_ms = use.events[0].at_ms
    return Span(span.low - begin_ms, span.high - begin_ms)
