"""Let a unit show itself among others: it blinks, and buzzes if wanted; a technician's credential, or its label, will
do."""

from dataclasses import dataclass

from interlock.core import wire

from ..bench import Bench
from ..outcome import ToolError
from ..vault.credential import Credential, SetUp
from .reach import patiently, reach

SECONDS = 10
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Identified:
    """`name`: None of a unit in its box; `seconds`: for how long it goes on from now; `light`, `buzz`: how: a unit in
    covert mode shows no light, and buzzes."""

    serial: str
    name: str | None
    seconds: int
    light: bool
    buzz: bool


async def identify(bench: Bench, serial: str, seconds: int = SECONDS, buzz: bool = True) -> Identified:
    """`seconds`: 0 to `wire.IDENTIFY_MAX_S`; 0: no longer. It goes on when the session is over, and ends at once when
    a weapon is in use. A unit in its box is let in by its label, where the vault keeps that."""
    if not 0 <= seconds <= wire.IDENTIFY_MAX_S:
        raise ToolError(
            f"{seconds} s are no time to blink", f"Units take 0 to {wire.IDENTIFY_MAX_S} s: --seconds {SECONDS}."
        )
    credential = _credential(bench, serial)
    how = wire.BY_LIGHT | (wire.BY_BUZZ if buzz else 0)

    async def once() -> int:
        async with reach(bench, serial, credential) as session:
            shown = await session.identify(seconds, how)
            await session.end()
        return shown

    shown = await patiently(once, PATIENCE_S)
    name = bench.vault.name(serial)[2] if serial in bench.vault else None
    return Identified(serial, name, seconds, bool(shown & wire.BY_LIGHT), bool(shown & wire.BY_BUZZ))


def _credential(bench: Bench, serial: str) -> Credential:
    if serial not in bench.vault:
        for label in bench.vault.labels():
            if label.serial == serial:
                return SetUp(label.secret, bench.person)
    return bench.vault.technician(serial, bench.person, bench.utc_ms())
