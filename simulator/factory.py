"""What a unit gets where it is made: a label, and, unless it comes boxed, settings and its journal's first seal key.

All keys follow from the scenario. A signing key it makes itself, if a technician lets it.
"""

from interlock.core import access, seal, settings
from interlock.core.crypto import hkdf

from .profiles import SECTOR_BYTES
from .scenario import Scenario, Unit


class Area:
    """A unit's journal or settings area on its virtual flash, read as the core's flash interface, without time."""

    sector_bytes = SECTOR_BYTES

    def __init__(self, image: bytearray, offset: int, size: int) -> None:
        self._image = image
        self._offset = offset
        self.size = size

    def read(self, offset: int, buffer: bytearray) -> None:
        start = self._offset + offset
        buffer[:] = self._image[start : start + len(buffer)]

    def program(self, offset: int, data: bytes) -> None:
        for i, byte in enumerate(data, self._offset + offset):
            self._image[i] &= byte

    def erase(self, offset: int) -> None:
        start = self._offset + offset
        self._image[start : start + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES


def unit_settings(scenario: Scenario, unit: Unit) -> settings.Settings:
    """What a provisioned unit would hold: keys from the scenario's secret, partners, policy."""

    def key(*names: str) -> bytes:
        return hkdf(scenario.secret.encode(), b"scenario keys", " ".join(names).encode(), 32)

    partners = [
        settings.Partner(
            other.number, other.role, settings.PAIRED, key("unit", other.id), key("pair", holster.id, camera.id)
        )
        for other in scenario.units
        for holster, camera in ((unit, other), (other, unit))
        if camera.id in holster.cameras
    ]
    policy = scenario.policy
    if unit.recorder:
        policy = policy._replace(buffer_ms=unit.recorder.buffer_ms)
    return settings.Settings(
        1,
        unit.serial,
        unit.number,
        unit.role,
        key("unit", unit.id),
        key("group"),
        settings.NO_KEY,
        partners,
        policy,
        *unit_recorder(unit),
    )


def unit_recorder(unit: Unit) -> tuple[int, bytes]:
    """Kind of its recorder, and which one, as settings have them."""
    if unit.recorder is None:
        return settings.DEFAULT_RECORDER
    kind = next(number for number, name in settings.RECORDER_NAMES.items() if name == unit.recorder.kind)
    return kind, gopro_name(unit)[-4:].encode().ljust(8, b"\0") if kind == settings.GOPRO else settings.ANY_RECORDER


def gopro_name(unit: Unit) -> str:
    """What the GoPro of this unit calls itself."""
    return f"GoPro {1000 + unit.number}"


def unit_seal_key(scenario: Scenario, unit: Unit) -> bytes:
    """The key (16 bytes) with which the first era of its journal begins, as a vault would know it."""
    return hkdf(scenario.secret.encode(), b"scenario seals", unit.serial, seal.KEY_BYTES)


def make(area: Area, scenario: Scenario, unit: Unit) -> None:
    """Make a unit, in its settings area."""
    access.store_label(area, unit_label(scenario, unit))
    if not unit.boxed:
        settings.store(area, unit_settings(scenario, unit))
        seal.Seal(area, settings.SEAL_FIRST).give(unit_seal_key(scenario, unit))


def unit_label(scenario: Scenario, unit: Unit) -> access.Label:
    """Serial and set-up secret, as printed on the unit."""
    secret = hkdf(scenario.secret.encode(), b"scenario labels", unit.serial, access.SECRET_BYTES)
    return access.Label(unit.serial, secret)
