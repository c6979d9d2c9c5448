"""Which units invite, and which of them are ours. What is heard in the open is a claim, not a fact."""

from dataclasses import dataclass

from ..bench import Radio, Sighting
from ..label import SERIAL
from ..outcome import Exit, ToolError
from ..vault.vault import Vault

SCAN_S = 6.0


@dataclass(frozen=True)
class Heard:
    """`state`: boxed, being set up, in service or unknown; `rssi`: dBm; `name`: of an own unit, else None;
    `is_revoked`: by this vault."""

    serial: str | None
    state: str
    rssi: int
    name: str | None
    is_revoked: bool


async def scan(radio: Radio, vault: Vault | None, seconds: float = SCAN_S) -> tuple[Heard, ...]:
    """All units heard, own ones first, then the nearest."""
    found = []
    for sighting in await radio.scan(seconds):
        is_own = vault is not None and sighting.serial is not None and sighting.serial in vault
        name, is_revoked = None, False
        if vault is not None and sighting.serial is not None and is_own:
            name, is_revoked = vault.name(sighting.serial)[2], vault.is_revoked(sighting.serial)
        found.append(Heard(sighting.serial, sighting.state_name, sighting.rssi, name, is_revoked))
    return tuple(sorted(found, key=lambda heard: (heard.name is None, -heard.rssi, heard.serial or "")))


async def own_heard(radio: Radio, vault: Vault, seconds: float = SCAN_S) -> list[Sighting]:
    """The own units that invite, the nearest first. ToolError when none does."""
    sightings: list[Sighting] = await radio.scan(seconds)
    nearest: dict[str, Sighting] = {}  # several may claim one serial
    for sighting in sightings:
        if sighting.serial and SERIAL.fullmatch(sighting.serial):
            known = nearest.get(sighting.serial)
            nearest[sighting.serial] = sighting if known is None or sighting.rssi > known.rssi else known
    own = sorted((serial for serial in nearest if serial in vault), key=lambda serial: (-nearest[serial].rssi, serial))
    if not own:
        others = f" ({', '.join(sorted(nearest))}: not in this vault)" if nearest else ""
        raise ToolError(
            f"no own unit is in range{others}",
            "Dock the unit or hold its button, so that it invites, and come within some metres. A new unit is set up "
            "with interlock provision.",
            Exit.DEVICE,
        )
    return [nearest[serial] for serial in own]
