"""MicroPython itself onto a chip, from a given file: by esptool, or as a copy onto a Pico's boot drive.

**Nobody has done this to a chip with this program.** What can be looked at without one is: that the file is for this
chip, that it ends before the journal, what esptool is told. Settings and journal are in neither's way: esptool erases
what it writes and nothing else, a UF2 file is written where it says, and both are refused where that reaches further.
"""

import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..outcome import Exit, ToolError
from . import partition_table as table
from .chips import chip

BAUD = 460800
# ESP-IDF, bootloader_support/include/esp_app_format.h: the image's first byte, and esp_chip_id_t at offset 12.
_IMAGE_MAGIC = 0xE9
_CHIP_IDS = {"esp32": 0x0000, "esp32s3": 0x0009, "esp32c3": 0x0005, "esp32c6": 0x000D}
# github.com/microsoft/uf2: blocks of 512 bytes, magic numbers, and families RP2040, and RP2350 of the Arm cores.
_UF2_BLOCK = struct.Struct("<IIIIIIII")
_UF2_MAGIC = (0x0A324655, 0x9E5D5157)
_FAMILIES = {"pico_w": 0xE48BFF56, "pico2_w": 0xE48BFF59}
_ABSOLUTE = 0xE48BFF57  # a block that RP2350's errata E10 asks for; it lies behind all flash
_FLASH_AT = 0x10000000
# Where the storage begins, with the journal first: MICROPY_HW_FLASH_STORAGE_BYTES of 2 and 4 MiB; ports/rp2/boards.
_STORAGE_AT = {"pico_w": _FLASH_AT + (2048 - 964) * 1024, "pico2_w": _FLASH_AT + 1536 * 1024}
_DRIVES = {"pico_w": "RPI-RP2", "pico2_w": "RP2350"}
DRIVE_S = 30.0
_PLACES = ("/media", "/run/media", "/Volumes", "/mnt")

Run = Callable[[Sequence[str]], int]


def check(board: str, file: Path, boards: Path) -> bytes:
    """The file's bytes, when it is a MicroPython for this board that leaves the journal alone. `boards`: the folder
    firmware/boards. ToolError otherwise."""
    row = chip(board)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ToolError(f"{file} cannot be read: {error.strerror}", "Check the path.") from error
    if row.esptool is not None:
        _check_image(board, row.esptool, file, data, boards)
    elif board in _FAMILIES:
        _check_uf2(board, file, data)
    else:
        raise ToolError(
            f"this tool cannot put MicroPython on a {board}",
            f"Use STM32CubeProgrammer, or dfu-util: firmware/boards/{board} says how. Then run this without "
            "--micropython.",
        )
    return data


def _check_image(board: str, name: str, file: Path, data: bytes, boards: Path) -> None:
    if len(data) < 24 or data[0] != _IMAGE_MAGIC:
        raise ToolError(f"{file} is no image for an ESP32", "Take the .bin of a MicroPython release or build.")
    number = struct.unpack_from("<H", data, 12)[0]
    if number != _CHIP_IDS[name]:
        other = next((chip for chip, known in _CHIP_IDS.items() if known == number), f"chip {number}")
        raise ToolError(f"{file} is for an {other}, and a {board} has an {name}", "Take the file of this board.")
    end = chip(board).bootloader + len(data)
    for part in table.rows(boards / board / "partitions.csv"):
        if part.label == table.JOURNAL and end > part.offset:
            raise ToolError(
                f"{file} ends at {end:#x}, and the journal begins at {part.offset:#x}",
                "A unit's records would be written over. Take the build of this board, or one for 4 MB of flash.",
            )


def _check_uf2(board: str, file: Path, data: bytes) -> None:
    family = _FAMILIES[board]
    if not data or len(data) % 512:
        raise ToolError(f"{file} is no UF2 file", "Take the .uf2 of this board's build.")
    for at in range(0, len(data), 512):
        first, second, _, address, _, _, _, owner = _UF2_BLOCK.unpack_from(data, at)
        if (first, second) != _UF2_MAGIC:
            raise ToolError(f"{file} is no UF2 file", "Take the .uf2 of this board's build.")
        if owner not in (family, _ABSOLUTE):
            raise ToolError(f"{file} is for another chip than a {board}'s", "Take the .uf2 of this board's build.")
        if owner == family and not _FLASH_AT <= address < _STORAGE_AT[board]:
            raise ToolError(
                f"{file} would be written to {address:#x}, where journal and files are, or no flash at all",
                "Take the build of this board, and of MicroPython alone.",
            )


def esptool_arguments(board: str, port: str, image: Path, partitions: Path) -> list[str]:
    """What esptool is told (version 5's spelling): the image where this chip looks for it, then our own partition table
    over the one that MicroPython's file has inside. It refuses a chip that is not the one named."""
    row = chip(board)
    assert row.esptool is not None
    return [
        *("--chip", row.esptool, "--port", port, "--baud", str(BAUD)),
        *("--before", "default-reset", "--after", "hard-reset"),
        *("write-flash", hex(row.bootloader), str(image), hex(table.TABLE_AT), str(partitions)),
    ]


def _run_esptool(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "esptool", *arguments], stdout=sys.stderr, check=False).returncode


def install(board: str, port: str, file: Path, boards: Path, run: Run = _run_esptool) -> None:
    """Onto a chip of Espressif's. ToolError when esptool could not."""
    try:
        import esptool  # noqa: F401
    except ImportError as error:
        raise ToolError(
            "esptool is not installed", "In a checkout: make firmware, or pip install --editable '.[flash]'."
        ) from error
    check(board, file, boards)
    with tempfile.TemporaryDirectory() as folder:
        partitions = Path(folder) / "partitions.bin"
        partitions.write_bytes(table.binary(table.rows(boards / board / "partitions.csv")))
        code = run(esptool_arguments(board, port, file, partitions))
    if code:
        raise ToolError(
            f"esptool ended with code {code}: what it said is above",
            "Hold BOOT, press RESET, let BOOT go, and run it again. A cable that only charges is a common cause. "
            "Cut in the middle, the board has no MicroPython: run the same command again.",
            Exit.DEVICE,
        )


def drive(board: str, places: Sequence[str] = _PLACES) -> Path | None:
    """The boot drive of a Pico with its BOOTSEL button held, where it is mounted."""
    label = _DRIVES[board]
    for place in map(Path, places):
        for found in (place / label, *place.glob(f"*/{label}")):
            if (found / "INFO_UF2.TXT").exists():
                return found
    return None


def copy(board: str, file: Path, boards: Path, wait_s: float = DRIVE_S, places: Sequence[str] = _PLACES) -> None:
    """Onto a Pico's boot drive, which goes away when it has it all. ToolError when there is none."""
    check(board, file, boards)
    until_s = time.monotonic() + wait_s
    while (place := drive(board, places)) is None:
        if time.monotonic() >= until_s:
            raise ToolError(
                f"the drive {_DRIVES[board]} is not mounted",
                "Unplug the board, hold its BOOTSEL button, plug it in, and let a file manager open the drive. Then "
                "run this again.",
                Exit.DEVICE,
            )
        time.sleep(0.2)
    try:
        shutil.copyfile(file, place / file.name)
    except OSError as error:
        raise ToolError(
            f"copying onto {place} failed: {error.strerror}",
            "Hold BOOTSEL, plug it in again, and run this again.",
            Exit.DEVICE,
        ) from error
