"""Two flash sectors that hold one value in turn: the new one is written whole before the old one is erased, so a power
cut leaves one valid; the higher generation wins. Settings and access live so."""

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .needs import Flash

SECTORS = 2


def _held(flash: "Flash", first: int, decode: "Callable[[bytearray], tuple[int, Any] | None]") -> "list[Any]":
    found = []
    for slot in range(SECTORS):
        data = bytearray(flash.sector_bytes)
        flash.read((first + slot) * flash.sector_bytes, data)
        value = decode(data)
        if value is not None:
            found.append((value[0], slot, value[1]))
    return sorted(found, key=lambda entry: entry[0])


def load(flash: "Flash", first: int, decode: "Callable[[bytearray], tuple[int, Any] | None]") -> "Any":
    """The value in force in the two sectors from `first` on, or None. `decode`: (generation, value) of a sector's
    bytes, or None where they hold none that is whole."""
    found = _held(flash, first, decode)
    return found[-1][2] if found else None


def store(
    flash: "Flash", first: int, data: bytes, decode: "Callable[[bytearray], tuple[int, Any] | None]", value: "Any"
) -> None:
    """Put `value`, whose stored form is `data`, in force: the slot that does not hold the present one is erased and
    written. Its generation must be the higher one. Raises OSError when it did not take."""
    found = _held(flash, first, decode)
    slot = 1 - found[-1][1] if found else 0
    flash.erase((first + slot) * flash.sector_bytes)
    flash.program((first + slot) * flash.sector_bytes, data)
    if load(flash, first, decode) != value:
        raise OSError("the flash did not keep what was written: nothing was put in force")
    # Only now may the old keys go.
    flash.erase((first + 1 - slot) * flash.sector_bytes)


def wipe(flash: "Flash", first: int) -> None:
    """Erase both slots: no value is in force any more."""
    for slot in range(SECTORS):
        flash.erase((first + slot) * flash.sector_bytes)
