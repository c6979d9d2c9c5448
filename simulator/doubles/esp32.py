"""`esp32` of a board: `Partition` over its flash, and the pins that end a sleep.

Source: ports/esp32/esp32_partition.c, modesp32.c, ESP-IDF's esp_ota_ops.c. Without an offset `writeblocks` erases
first; with one it only programs, which clears bits.
The table is the board's own (`firmware/boards/*/partitions.csv`). The application that runs may not be written. What
lies below the virtual flash (it, nvs, phy_init) has no contents here: ESP_ERR_NOT_SUPPORTED. Without OTA slots and
their data partition all that concerns updates fails as on such a table. Left out: blocks that are no multiple of 4096
bytes (ValueError), NVS, RMT, PCNT, ULP, temperature, `idf_heap_info`.
"""

import simrt
from micropython import const
from simpins import ALL_LOW, find_pin, wakers

if simrt.profile != "esp32":
    raise ImportError("no module named 'esp32'")

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

_BLOCK = const(4096)
_ENOENT = const(2)
_INVALID_SIZE = const(0x104)  # ESP_ERR_INVALID_SIZE
_NOT_SUPPORTED = const(0x106)  # ESP_ERR_NOT_SUPPORTED
_NOT_FOUND = const(0x105)  # ESP_ERR_NOT_FOUND
_NOT_ALLOWED = const(0x10D)  # ESP_ERR_NOT_ALLOWED
_OTA_INVALID = const(0x1503)  # ESP_ERR_OTA_VALIDATE_FAILED
_EXT0_WAKE, _EXT1_WAKE, _GPIO_WAKE = 2, 3, 7  # ESP_SLEEP_WAKEUP_EXT0, ..._EXT1, ..._GPIO

_TABLE: "list[tuple[int, int, int, int, str]]" = simrt.costs["partitions"]  # type, subtype, address, size, label
(_APP,) = [place for place in _TABLE if place[0] == 0]
_WAKES = dict(simrt.costs["deep_wakes"])


class Partition:
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id: int | str, block_size: int = _BLOCK) -> None:
        if isinstance(id, int):
            if id not in (Partition.BOOT, Partition.RUNNING):
                raise ValueError
            self._place = _APP
        else:
            found = [place for place in _TABLE if place[4] == id]
            if not found:
                raise OSError(_ENOENT)
            self._place = found[0]
        if block_size < _BLOCK or block_size % _BLOCK:
            raise ValueError("a virtual board's partitions have blocks of 4096 bytes or multiples")
        self._block_size = block_size

    @staticmethod
    def find(
        type: int = TYPE_APP, subtype: int = 0xFF, label: str | None = None, block_size: int = _BLOCK
    ) -> "list[Partition]":
        return [
            Partition(place[4], block_size)
            for place in _TABLE
            if place[0] == type and subtype in (0xFF, place[1]) and label in (None, place[4])
        ]

    def info(self) -> tuple[int, int, int, int, str, bool]:
        type, subtype, address, size, label = self._place
        return type, subtype, address, size, label, False

    def readblocks(self, block_num: int, buf: bytearray, offset: int = 0) -> None:
        address = self._address(block_num, offset, len(buf))
        memoryview(buf)[:] = simrt.call("flash.read", address, len(buf))

    def writeblocks(self, block_num: int, buf: bytes | bytearray, offset: int | None = None) -> None:
        if self._place == _APP:
            raise OSError(-_NOT_ALLOWED, "ESP_ERR_NOT_ALLOWED")
        address = self._address(block_num, offset or 0, len(buf))
        if offset is None:
            if len(buf) % _BLOCK:
                raise OSError(-_INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
            for sector in range(address, address + len(buf), _BLOCK):
                simrt.call("flash.erase", sector)
        simrt.call("flash.program", address, buf)

    def ioctl(self, op: int, arg: int) -> int | None:
        if op == 4:
            return self._place[3] // self._block_size
        if op == 5:
            return self._block_size
        if op == 6:
            if self._block_size != _BLOCK:
                return -22
            simrt.call("flash.erase", self._address(arg, 0, _BLOCK))
            return 0
        return 0 if op in (1, 2, 3) else None

    def set_boot(self) -> None:
        if self._place != _APP:
            raise OSError(-_OTA_INVALID, "ESP_ERR_OTA_VALIDATE_FAILED")
        raise OSError(-_NOT_FOUND, "ESP_ERR_NOT_FOUND")

    def get_next_update(self) -> "Partition":
        raise OSError(_ENOENT)

    @classmethod
    def mark_app_valid_cancel_rollback(cls) -> None:
        raise OSError(-_NOT_FOUND, "ESP_ERR_NOT_FOUND")

    def _address(self, block: int, offset: int, length: int) -> int:
        address = block * self._block_size + offset
        if address < 0 or address + length > self._place[3]:
            raise OSError(-_INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
        flash: int = address + self._place[2] - simrt.costs["flash_base"]
        if flash < 0:
            raise OSError(-_NOT_SUPPORTED, "ESP_ERR_NOT_SUPPORTED")
        return flash


def wake_on_ext0(pin: "Any" = None, level: bool = False) -> None:
    wakers["ext0"] = [] if pin is None else [(_wake_pin("ext0", pin), int(level), _EXT0_WAKE)]


def wake_on_ext1(pins: "Iterable[Any] | None" = None, level: bool = False) -> None:
    at = ALL_LOW if simrt.costs["ext1_low_is_all"] and not level else int(level)
    _wake_on("ext1", pins, at, _EXT1_WAKE)


def wake_on_gpio(pins: "Iterable[Any] | None" = None, level: bool = False) -> None:
    _wake_on("gpio", pins, int(level), _GPIO_WAKE)  # whether the chip can is seen as it falls asleep


def _wake_on(source: str, pins: "Iterable[Any] | None", level: int, reason: int) -> None:
    before = [pin for pin, _, _ in wakers.get(source, [])]
    numbers = before if pins is None else [_wake_pin(source, pin) for pin in pins]
    wakers[source] = [(number, level, reason) for number in numbers]


def _wake_pin(source: str, pin: "Any") -> "int | str":
    number = find_pin(pin)
    if source != "gpio" and number not in _WAKES[source]:
        raise ValueError("invalid pin")
    return number


if "ext0" not in _WAKES:
    del wake_on_ext0
if "ext1" not in _WAKES:
    del wake_on_ext1
