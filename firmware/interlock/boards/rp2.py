"""Pico W and Pico 2 W with a build that keeps 688 KiB below the file system for settings and journal. Never run on a
physical board yet. The watchdog's limit on RP2040 is 8388 ms."""

from ..core.settings import SECTORS
from ..drivers.door import poll_rest
from . import Board

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from ..drivers.flash_rp2 import ReservedArea

RANDOM_STATIC = 1
FIRST_SECTOR = 0
AREA_SECTORS = 172


def _settings_area() -> "ReservedArea":
    from ..drivers.flash_rp2 import ReservedArea

    return ReservedArea(FIRST_SECTOR, SECTORS)


def _journal_area() -> "ReservedArea":
    from ..drivers.flash_rp2 import ReservedArea

    return ReservedArea(FIRST_SECTOR + SECTORS, AREA_SECTORS - SECTORS)


BOARD = Board(
    name="rp2",
    pins={
        "seat_closes": 2,
        "seat_opens": 3,
        "armed": 4,
        "discharge": 5,
        "dock": 6,
        "button": 7,
        "tally": 8,
        "awake": 9,
        "led": 10,
        "haptic": 11,
        "shutter": 12,
        "battery": 26,
    },
    active_low=("seat_closes", "seat_opens", "armed", "dock", "button"),
    settings_area=_settings_area,
    journal_area=_journal_area,
    # BTstack refuses RPA and NRPA; a random static address is rolled anew at each boot.
    address_mode=RANDOM_STATIC,
    battery=(2, 3500, 3600),
    watchdog_ms=8000,
    rest=poll_rest,
)
