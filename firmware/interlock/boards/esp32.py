"""ESP32-S3 or -C6 module with the `journal` partition (label `journal`, data). Never run on a physical board yet."""

from ..core.settings import SECTORS
from ..drivers.door import poll_rest
from . import Board

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from ..drivers.flash_esp32 import PartitionArea

LABEL = "journal"
NRPA = 3


def _settings_area() -> "PartitionArea":
    from ..drivers.flash_esp32 import PartitionArea

    return PartitionArea(LABEL, 0, SECTORS)


def _journal_area() -> "PartitionArea":
    from ..drivers.flash_esp32 import PartitionArea

    return PartitionArea(LABEL, SECTORS, None)


BOARD = Board(
    name="esp32",
    pins={
        "seat_closes": 4,
        "seat_opens": 5,
        "armed": 6,
        "discharge": 7,
        "dock": 15,
        "button": 0,
        "tally": 16,
        "awake": 17,
        "led": 18,
        "haptic": 8,
        "shutter": 19,
        "battery": 1,
    },
    active_low=("seat_closes", "seat_opens", "armed", "dock", "button"),
    settings_area=_settings_area,
    journal_area=_journal_area,
    address_mode=NRPA,
    battery=(2, 3500, 3600),
    watchdog_ms=8000,
    rest=poll_rest,
)
