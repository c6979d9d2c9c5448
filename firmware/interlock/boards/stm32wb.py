"""NUCLEO-WB55 with a build that mounts its file system on the first 96 of 256 KiB. Never run on a physical board yet.

Not power-proof: `drivers/flash_stm32wb.py` says why. For trials of the radio, not for evidence.
Pins have the processor's names; those that the board's Arduino names hide (A0 to A5, D0, D1) are not used. Inputs have
different numbers: pins of one number share an interrupt line.
"""

from ..core.settings import SECTORS
from ..drivers.door import poll_rest
from . import Board

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from ..drivers.flash_stm32wb import CachedArea

NRPA = 3
FIRST_SECTOR = 24
AREA_SECTORS = 40


def _settings_area() -> "CachedArea":
    from ..drivers.flash_stm32wb import CachedArea

    return CachedArea(FIRST_SECTOR, SECTORS)


def _journal_area() -> "CachedArea":
    from ..drivers.flash_stm32wb import CachedArea

    return CachedArea(FIRST_SECTOR + SECTORS, AREA_SECTORS - SECTORS)


BOARD = Board(
    name="stm32wb",
    pins={
        "seat_closes": "C6",
        "seat_opens": "A10",
        "armed": "C2",
        "discharge": "A15",
        "dock": "A8",
        "button": "C4",
        "tally": "C13",
        "awake": "C12",
        "led": "B5",
        "haptic": "A9",
        "shutter": "A7",
        "battery": "C0",
    },
    active_low=("seat_closes", "seat_opens", "armed", "dock", "button"),
    settings_area=_settings_area,
    journal_area=_journal_area,
    address_mode=NRPA,
    battery=(2, 3500, 3600),
    watchdog_ms=8000,
    rest=poll_rest,
    power_proof=False,
)
