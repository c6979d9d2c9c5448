"""Let a holster unit enter a mode for a while: tests, muted alerts; a technician's credential is enough."""

from dataclasses import dataclass

from interlock.core import records, wire
from interlock.core.settings import ROLE_HOLSTER, ROLE_NAMES

from ..bench import Bench
from ..outcome import Exit, ToolError
from ..refused import Refused
from ..vault.vault import Vault
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
        try:
            await session.set_mode(MODES[mode], seconds)
        except Refused as error:
            if error.reason != wire.BAD_MODE:
                raise
            raise _refused(bench.vault, serial, mode, seconds) from error
        status = await session.status()
        await session.end()
    bench.store.custody(serial, bench.person, "mode set", mode, bench.utc_ms())
    flags = tuple(text for flag, text in wire.STATUS_FLAG_NAMES.items() if status.flags & flag)
    return ModeSet(serial, mode, flags)


def _refused(vault: Vault, serial: str, mode: str, seconds: int) -> ToolError:
    """What to say when the unit does not enter this mode; the limit where this vault knows the unit's policy."""
    asked = f"mode {mode}" + (f" for {seconds} s" if seconds else "")
    if mode == "normal":
        advice = "It is no holster unit in service: interlock status tells its role."
    elif vault.person is not None:
        advice = f"It may be longer than the force's policy allows ({mode}_ms): leave --seconds out, or name fewer."
    else:
        policy = vault.unit(serial).policy
        most_s = {"test": policy.test_ms, "mute": policy.mute_ms}[mode] // 1000
        advice = f"Its policy allows {most_s} s at most ({mode}_ms): name no more, or leave --seconds out."
        if not most_s:
            advice = f"Its policy does not allow this mode ({mode}_ms = 0): interlock policy set {mode}_ms=60000."
    return ToolError(f"{serial} refused {asked}", advice, Exit.DEVICE)
