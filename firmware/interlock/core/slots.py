"""Two flash sectors that hold one value in turn: the new one is written whole before the old one is erased, so a power
cut leaves one valid; the higher generation wins. Settings and access live so. A sector that cannot be read does not
count where the other one holds a value; where none does, nobody may say that there is none."""

from .patient import read_patiently

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .needs import Flash

SECTORS = 2


def _read(flash: "Flash", sector: int) -> bytearray | None:
    data = bytearray(flash.sector_bytes)
    return data if read_patiently(flash, sector * flash.sector_bytes, data) else None


def _newest(
    flash: "Flash", first: int, decode: "Callable[[bytearray], tuple[int, Any] | None]"
) -> "tuple[int, int, Any] | None":
    """Generation, slot and value of what is in force."""
    found = None
    for slot in range(SECTORS):
        data = _read(flash, first + slot)
        value = None if data is None else decode(data)
        if value is not None and (found is None or value[0] > found[0]):
            found = value[0], slot, value[1]
    return found


def load(flash: "Flash", first: int, decode: "Callable[[bytearray], tuple[int, Any] | None]") -> "Any":
    """The value in force in the two sectors from `first` on, or None. `decode`: (generation, value) of a sector's
    bytes, or None where they hold none that is whole. What a cut left in the other sector is destroyed.

    OSError when it cannot be known: a unit whose settings do not read is no boxed one, which its label would open."""
    found = _newest(flash, first, decode)
    if found is None:
        if None in [_read(flash, first + slot) for slot in range(SECTORS)]:
            raise OSError("the flash cannot be read where the settings are")
        return None
    other = first + 1 - found[1]
    data = _read(flash, other)
    # What cannot be read may be the newer one, and readable next time: it stays.
    if data is not None and data != b"\xff" * len(data):
        try:
            flash.erase(other * flash.sector_bytes)
        except OSError:
            pass  # the next boot tries again
    return found[2]


def store(
    flash: "Flash", first: int, data: bytes, decode: "Callable[[bytearray], tuple[int, Any] | None]", value: "Any"
) -> None:
    """Put `value`, whose stored form is `data`, in force: the slot that does not hold the present one is erased and
    written. Its generation must be the higher one. Raises OSError when it did not take."""
    found = _newest(flash, first, decode)
    slot = 1 - found[1] if found else 0
    flash.erase((first + slot) * flash.sector_bytes)
    flash.program((first + slot) * flash.sector_bytes, data)
    found = _newest(flash, first, decode)
    if found is None or found[2] != value:
        raise OSError("the flash did not keep what was written: nothing was put in force")
    # Only now may the old keys go.
    flash.erase((first + 1 - slot) * flash.sector_bytes)
