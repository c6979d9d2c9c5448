"""What Pico W and Pico 2 W share: the same pins, and flash that the build keeps below the file system
(`firmware/boards/pico_w/_boot.py`).

GPIO 23, 24, 25 and 29 belong to the radio chip; 0 and 1 are the console's. The watchdog's limit on RP2040 is 8388 ms.
No deep sleep: pins do not end it reliably (micropython/micropython#16181, #17204).
"""

from ..core.settings import SECTORS
from ..drivers.door import poll_rest
from . import Board

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    from ..drivers.flash_rp2 import ReservedArea

RANDOM_STATIC = 1  # BTstack refuses RPA and NRPA; a random static address is rolled anew at each boot
PINS: "dict[str, int | str]" = {
    "seat_closes": 2,
    "seat_opens": 3,
    "armed": 4,
    "discharge": 5,
    "dock": 6,
    "button": 7,
    "tally": 13,
    "awake": 9,
    "led": 10,
    "haptic": 11,
    "shutter": 12,
    "buzzer": 14,
    "battery": 26,
}


def on_rp2(name: str, sectors: int, **others: "Any") -> Board:
    """A Board whose build keeps so many sectors of 4096 bytes; `others`: as its constructor has them."""

    def settings_area() -> "ReservedArea":
        from ..drivers.flash_rp2 import reserved

        return reserved(0, SECTORS, sectors)

    def journal_area() -> "ReservedArea":
        from ..drivers.flash_rp2 import reserved

        return reserved(SECTORS, sectors - SECTORS, sectors)

    # "Hardware design with RP2040" takes the crystal ABM8-272-T3, by its data sheet within 30 ppm; that a Pico has the
    # same is an assumption.
    return Board(name, PINS, settings_area, journal_area, RANDOM_STATIC, poll_rest, ppm=30, uart=0, **others)
