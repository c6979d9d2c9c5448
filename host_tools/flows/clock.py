"""UTC for a unit: several pings, the quickest counts, and half its round trip is what nobody can know."""

import asyncio
import math
from dataclasses import dataclass

from ..bench import Bench
from ..session import Session

PINGS = 5
ROUNDING_MS = 2  # of the host's milliseconds and of the unit's


@dataclass(frozen=True)
class Measured:
    """`utc_ms`: UTC at the unit's uptime `uptime_ms`, right within `uncertainty_ms`, provided the host's clock is."""

    uptime_ms: int
    utc_ms: int
    uncertainty_ms: int
    rtt_ms: float


async def measure(session: Session, bench: Bench, pings: int = PINGS) -> Measured:
    """The best of so many pings."""
    loop = asyncio.get_running_loop()
    best: Measured | None = None
    for _ in range(max(1, pings)):
        began_s = loop.time()
        uptime_ms = await session.ping()
        now_ms = bench.utc_ms()
        rtt_ms = (loop.time() - began_s) * 1000
        if best is None or rtt_ms < best.rtt_ms:
            uncertainty_ms = math.ceil(rtt_ms / 2) + ROUNDING_MS
            best = Measured(uptime_ms, now_ms - round(rtt_ms / 2), uncertainty_ms, rtt_ms)
    assert best is not None
    return best


async def set_clock(session: Session, bench: Bench, pings: int = PINGS) -> Measured:
    """Measure, and tell the unit."""
    best = await measure(session, bench, pings)
    await session.set_clock(best.uptime_ms, best.utc_ms, best.uncertainty_ms)
    return best
