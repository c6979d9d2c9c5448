"""What a unit says of itself, in a technician's session."""

from dataclasses import dataclass

from interlock.core import wire
from interlock.core.wire import Status

from ..bench import Bench
from ..vault.vault import Vault
from .clock import measure
from .reach import reach
from .signing import SigningKey, look, told

PINGS = 2


@dataclass(frozen=True)
class StatusReport:
    """`clock_off_ms`: what the unit's clock is ahead of this host's, or None: not set; `flags`: names of those that
    are on; `unpulled`: records that the store does not have yet; `assigned`: the partner that is, None: none;
    `is_revoked`: by this vault, whatever the unit thinks."""

    serial: str
    name: str
    status: Status
    clock_off_ms: int | None
    flags: tuple[str, ...]
    unpulled: int
    signing: SigningKey
    assigned: str | None
    is_revoked: bool


async def status(bench: Bench, serial: str) -> StatusReport:
    """Ask the unit."""
    name = bench.vault.name(serial)[2]
    credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
    async with reach(bench, serial, credential) as session:
        found = await session.status()
        clock = await measure(session, bench, PINGS)
        key = told(await look(session, bench, serial))
        await session.end()
    off_ms = None
    if found.utc_ms:
        off_ms = found.utc_ms - found.uptime_ms - (clock.utc_ms - clock.uptime_ms)
    flags = tuple(text for flag, text in wire.STATUS_FLAG_NAMES.items() if found.flags & flag)
    known = bench.store.going_on(serial).next_sequence
    unpulled = max(0, found.following - max(known, found.first))
    assigned = partner_name(bench.vault, found.assigned)
    return StatusReport(serial, name, found, off_ms, flags, unpulled, key, assigned, bench.vault.is_revoked(serial))


def partner_name(vault: Vault, number: int) -> str | None:
    """A partner's serial by its number, or that number where this vault does not know it; None for none."""
    if not number:
        return None
    named = {vault.name(serial)[0]: serial for serial in vault.serials()}
    return named.get(number, f"number {number}")
