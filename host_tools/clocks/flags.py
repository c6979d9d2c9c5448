"""What cannot be true of a unit's clock, in words, with the numbers of the records that say so."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from .boot import Boot
from .cones import Clash, Cones
from .crystal import DRIFT_PPM, MOST_PPM, Rates
from .reading import Reading
from .spans import Span

LAST_MS = 253_402_300_799_000
"""The end of the year 9999, beyond which calendars here do not go."""
HEARD_MS = 120_000
"""What a partner's clock may be off by, as it does for fresh frames: 2 min either way."""


def flags(boots: Sequence[Boot], fast: Rates | None) -> list[str]:
    """All of a journal by itself. `boots`: settled; `fast`: the rates of a crystal beyond the usual limits."""
    found = [_fast_text(boots, fast)] if fast is not None else []
    for boot in boots:
        found += [
            f"boot {boot.number}: record {reading.sequence} sets the clock to {_utc_text(reading.utc_ms)}, when no "
            "unit was in service: it does not count"
            for reading in boot.impossible
        ]
        if boot.cones is not None and boot.cones.clash is not None:
            found.append(_clash_text(boot, boot.cones.clash))
        found += [*_floors(boot), *_calendars(boot), *_heard(boot)]
    return [*found, *_order(boots)]


def impossible(readings: Iterable[Reading], host_u_ms: float, came_ms: Callable[[int], int | None]) -> list[str]:
    """Syncs to a time that was still to come when a host read their records. `came_ms`: when the record of this number
    first came to a host, UTC by that host's clock, None: not known."""
    found = []
    for reading in readings:
        came = came_ms(reading.sequence)
        ahead_ms = 0.0 if came is None else reading.utc_ms - reading.u_ms - came - 2 * host_u_ms
        if ahead_ms > 0:
            found.append(
                f"record {reading.sequence} sets the clock to {_utc_text(reading.utc_ms)}, {_seconds(ahead_ms)} or "
                "more after it was pulled: the clock of one of the two hosts was wrong"
            )
    return found


def apart_ms(a: Span, b: Span) -> float:
    """How far apart two intervals are; 0 or less when they overlap."""
    return max(a.low - b.high, b.low - a.high)


def _fast_text(boots: Sequence[Boot], fast: Rates) -> str:
    shown = [boot for boot in boots if boot.is_fast]
    # UTC that falls behind is a clock that runs fast.
    ppm, half = -(fast.low_ppm + fast.high_ppm) / 2, (fast.high_ppm - fast.low_ppm) / 2
    where = f"boot {shown[0].number}" if len(shown) == 1 else f"boots {', '.join(str(boot.number) for boot in shown)}"
    syncs = sum(len(boot.readings) for boot in shown)
    return (
        f"{where}: its clock runs {abs(ppm):.0f} ppm {'fast' if ppm > 0 else 'slow'} (± {half:.0f}), beyond "
        f"{DRIFT_PPM:.0f}, as {syncs} syncs agree: bounds are as wide as that needs"
    )


def _clash_text(boot: Boot, clash: Clash) -> str:
    before, after, apart = clash
    text = (
        f"boot {boot.number}: the clock was set at record {after.sequence} to a time that is {_seconds(abs(apart))} or "
        f"more {'after' if apart > 0 else 'before'} what record {before.sequence} says: a host's clock was wrong or "
        "stepped"
    )
    lasted_ms = after.at_ms - before.at_ms
    if len(boot.readings) == 2 and abs(apart) <= lasted_ms * (MOST_PPM - DRIFT_PPM) / 1e6:
        return f"{text}, or its crystal is off by more than {DRIFT_PPM:.0f} ppm"
    odd = _odd_one(boot)
    return text if odd is None else f"{text}. Without record {odd.sequence} the other {len(boot.readings) - 1} agree"


def _odd_one(boot: Boot) -> Reading | None:
    """The one sync without which there is no contradiction."""
    if not 3 <= len(boot.readings) <= 64:
        return None
    alone = []
    for place, reading in enumerate(boot.readings):
        others = boot.readings[:place] + boot.readings[place + 1 :]
        if Cones(others, boot.rates).clash is None:
            alone.append(reading)
    return alone[0] if len(alone) == 1 else None


def _floors(boot: Boot) -> Iterable[str]:
    for floor in boot.floors:
        span = boot.span(floor.at_ms)
        if span is not None and span.high < floor.utc_ms:
            yield (
                f"boot {boot.number}: its clock says a time before one that was past already, by "
                f"{_seconds(floor.utc_ms - span.high)} or more (record {floor.sequence})"
            )
            return


def _calendars(boot: Boot) -> Iterable[str]:
    for reading in boot.calendar:
        span = boot.span(reading.at_ms)
        off_ms = (
            0.0 if span is None else apart_ms(span, Span(reading.utc_ms - reading.u_ms, reading.utc_ms + reading.u_ms))
        )
        if off_ms > 0:
            yield (
                f"boot {boot.number}: the board's own calendar (record {reading.sequence}) was {_seconds(off_ms)} or "
                "more off what a host said later: it does not count"
            )


def _heard(boot: Boot) -> Iterable[str]:
    for heard in boot.heard:
        span = boot.span(heard.at_ms)
        off_ms = 0.0 if span is None else apart_ms(span, Span(heard.utc_ms - HEARD_MS, heard.utc_ms + HEARD_MS))
        if span is not None and off_ms > 0:
            yield (
                f"boot {boot.number}: the time heard from unit {heard.sender} (record {heard.sequence}) was "
                f"{_seconds(off_ms + HEARD_MS)} or more {'ahead of' if heard.utc_ms > span.high else 'behind'} what "
                "this unit's clock was set to: one of the two was wrong, or an old frame was played again"
            )


def overlaps(boots: Sequence[Boot]) -> Iterable[tuple[Boot, Boot, float]]:
    """Boots follow each other, and those between two that were set took their time, too: two of which the later began
    before the earlier ended, by their clocks, and by how many ms at least."""
    known = [place for place, boot in enumerate(boots) if boot.cones is not None]
    for before, after in pairwise(known):
        earlier, later = boots[before], boots[after]
        ended, began = earlier.span(earlier.last_ms), later.span(0)
        between_ms = sum(boot.last_ms * (1 + boot.rates.low_ppm / 1e6) for boot in boots[before + 1 : after])
        overlap_ms = 0.0 if ended is None or began is None else ended.low + between_ms - began.high
        if overlap_ms > 0:
            yield earlier, later, overlap_ms


def _order(boots: Sequence[Boot]) -> Iterable[str]:
    for earlier, later, overlap_ms in overlaps(boots):
        yield (
            f"boot {later.number} began before boot {earlier.number} ended, by their clocks, by "
            f"{_seconds(overlap_ms)} or more: one of them was set wrong"
        )


def _seconds(ms: float) -> str:
    return f"{ms / 1000:.3f} s"


def _utc_text(utc_ms: int) -> str:
    if utc_ms > LAST_MS:
        return "a year beyond 9999"
    return datetime.fromtimestamp(utc_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
