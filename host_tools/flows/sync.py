"""Set a unit's clock. A technician may correct drift; only the force's vault may make the clock jump. A public key that
the unit made meanwhile is taken along."""

from dataclasses import dataclass

from ..bench import Bench
from ..session import Session
from .clock import PINGS, Measured, set_clock
from .reach import admin, reach
from .signing import look


@dataclass(frozen=True)
class Synced:
    """`was_off_ms`: what the unit's clock was ahead of this host's, or None: it was not set; `uncertainty_ms`: how
    well the unit knows UTC now, if this host does; `rtt_ms`: the quickest ping's."""

    serial: str
    name: str
    was_off_ms: int | None
    uncertainty_ms: int
    rtt_ms: float


async def sync(bench: Bench, serial: str, pings: int = PINGS, jump: bool = False) -> Synced:
    """Set the clock by this host's. `jump`: by any amount; needs the force's vault."""
    name = bench.vault.name(serial)[2]
    if jump:
        bench.vault.check_own("authority to let clocks jump")
        async with admin(bench, serial) as session:
            clock, off_ms = await _sync(session, bench, pings)
            await look(session, bench, serial)
    else:
        credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
        async with reach(bench, serial, credential) as session:
            clock, off_ms = await _sync(session, bench, pings)
            await look(session, bench, serial)
            await session.end()
    was = "not set before" if off_ms is None else f"was {off_ms} ms ahead"
    bench.store.custody(serial, bench.person, "clock set", f"{was}, now ± {clock.uncertainty_ms} ms", bench.utc_ms())
    return Synced(serial, name, off_ms, clock.uncertainty_ms, clock.rtt_ms)


async def _sync(session: Session, bench: Bench, pings: int) -> tuple[Measured, int | None]:
    status = await session.status()
    clock = await set_clock(session, bench, pings)
    off_ms = status.utc_ms - status.uptime_ms - (clock.utc_ms - clock.uptime_ms) if status.utc_ms else None
    return clock, off_ms
