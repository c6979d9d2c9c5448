"""NUCLEO-WB55 with its file system on the first 128 of 256 KiB. Never run on a physical board yet.

Not power-proof: `drivers/flash_stm32wb.py` says why. For trials of the radio, not for evidence.
Pins have the processor's names, but PA2 and PA3, whose names the board's Arduino names A2 and A3 hide: they are D1 and
D0, and the only UART that is not the console's. Inputs have different numbers: pins of one number share an interrupt
line. No deep sleep: no pin ends it (ports/stm32/powerctrl.c).
"""

from ..core.settings import SECTORS
from ..drivers.door import poll_rest
from . import Board

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from ..drivers.flash_stm32wb import CachedArea

NRPA = 3
FIRST_SECTOR = 32
AREA_SECTORS = 32


def _settings_area() -> "CachedArea":
    from ..drivers.flash_stm32wb import CachedArea

    return CachedArea(FIRST_SECTOR, SECTORS)


def _journal_area() -> "CachedArea":
    from ..drivers.flash_stm32wb import CachedArea

    return CachedArea(FIRST_SECTOR + SECTORS, AREA_SECTORS - SECTORS)


BOARD = Board(
    "nucleo_wb55",
    {
        "seat_closes": "C6",
        "seat_opens": "A10",
        "armed": "C2",
        "discharge": "A15",
        "dock": "A8",
        "button": "C4",
        "tally": "D0",
        "awake": "C12",
        "led": "B5",
        "haptic": "A9",
        "shutter": "D1",
        "buzzer": "B8",
        "battery": "C0",
    },
    _settings_area,
    _journal_area,
    NRPA,
    poll_rest,
    power_proof=False,
    uart="LP1",
)
