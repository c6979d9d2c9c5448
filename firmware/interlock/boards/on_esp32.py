"""What the boards of the ESP32 family share: flash in the partition `journal`, and a non-resolvable random address."""

from ..core.settings import SECTORS
from ..drivers.door import poll_rest
from . import Board

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    from ..drivers.flash_esp32 import PartitionArea

LABEL = "journal"
NRPA = 3
PPM = 10  # what the external crystal shall be within; ESP Hardware Design Guidelines


def _settings_area() -> "PartitionArea":
    from ..drivers.flash_esp32 import PartitionArea

    return PartitionArea(LABEL, 0, SECTORS)


def _journal_area() -> "PartitionArea":
    from ..drivers.flash_esp32 import PartitionArea

    return PartitionArea(LABEL, SECTORS, None)


def on_esp32(name: str, pins: "dict[str, int | str]", ppm: int = PPM, **others: "Any") -> Board:
    """A Board with these pins; `others`: as its constructor has them."""
    return Board(name, pins, _settings_area, _journal_area, NRPA, poll_rest, ppm=ppm, **others)
