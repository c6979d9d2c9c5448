"""Let a holster unit enter a mode for a while: tests, muted alerts; a technician's credential is enough."""

from dataclasses import dataclass

from interlock.core import records, wire
from interlock.core.settings import ROLE_HOLSTER, ROLE_NAMES

from ..bench import Bench
from ..outcome import ToolError
from .reach import reach

MODES = {"test": records.MODE_TEST, "mute": records.MODE_MUTE, "normal": records.MODE_NORMAL}


@dataclass(frozen=True)
class ModeSet:
    """`flags`: what the unit says of itself after it."""

    serial: str
    mode: str
    flags: tuple[str, ...]


async def set_mode(bench: Bench, serial: str, mode: str, seconds: int = 0) -> ModeSet:
    """`mode`: of MODES; `seconds`: 0: as long as the policy says, and never longer."""
    role = bench.vault.name(serial)[1]
    if not role & ROLE_HOLSTER:
        raise ToolError(f"{serial} is a {ROLE_NAMES[role]} unit", "Modes are of holsters: name one.")
    credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
    async with reach(bench, serial, credential) as session:
        await session.set_mode(MODES[mode], seconds)
        status = await session.status()
        await session.end()
    flags = tuple(text for flag, text in wire.STATUS_FLAG_NAMES.items() if status.flags & flag)
    return ModeSet(serial, mode, flags)
