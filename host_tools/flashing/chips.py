"""What a board's chip says of itself, and what tools of others call it. One row a board; a new board needs one, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..outcome import ToolError

MICROPYTHON_LEAST = (1, 29, 0)


@dataclass(frozen=True)
class Chip:
    """`platform`: `sys.platform` there; `mcu`: what follows the last " with " of `sys.implementation._machine`
    (MICROPY_HW_MCU_NAME); `needs`: modules that its port has; `esptool`: the chip's name there, None: none of
    Espressif's; `bootloader`: where its image begins (esptool's documentation, "Flash Modes": 0x1000 on the ESP32, 0 on
    the others)."""

    platform: str
    mcu: str
    needs: tuple[str, ...]
    esptool: str | None = None
    bootloader: int = 0


CHIPS: Mapping[str, Chip] = MappingProxyType(
    {
        "esp32": Chip("esp32", "ESP32", ("esp32",), "esp32", 0x1000),
        "esp32_c3": Chip("esp32", "ESP32-C3", ("esp32",), "esp32c3"),
        "esp32_c6": Chip("esp32", "ESP32-C6", ("esp32",), "esp32c6"),
        "esp32_s3": Chip("esp32", "ESP32-S3", ("esp32",), "esp32s3"),
        "pico_w": Chip("rp2", "RP2040", ("rp2",)),
        "pico2_w": Chip("rp2", "RP2350", ("rp2",)),
        "nucleo_wb55": Chip("pyboard", "STM32WB55RGV6", ("pyb", "stm")),
    }
)
NEEDED = ("binascii", "bluetooth", "deflate", "hashlib", "machine", "micropython", "os", "struct", "time", "vfs")
"""Modules without which neither loader nor application run, whatever the port."""


def chip(board: str) -> Chip:
    """The row of this board. ToolError for one that there is not."""
    if board not in CHIPS:
        raise ToolError(f"there is no board {board!r}", f"Boards are: {', '.join(CHIPS)}.")
    return CHIPS[board]


def is_mcu(machine: str, mcu: str) -> bool:
    """Whether a machine text names this chip; builds differ in the hyphen (ESP32S3, ESP32-S3)."""
    return machine.rpartition(" with ")[2].replace("-", "") == mcu.replace("-", "")


def of_machine(platform: str, machine: str) -> list[str]:
    """The boards that a MicroPython of this platform and machine text may be."""
    return [name for name, row in CHIPS.items() if row.platform == platform and is_mcu(machine, row.mcu)]
