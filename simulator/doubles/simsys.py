"""`sys` of a board, and `input()`: the built-in ones, but standard input is the board's console in the world.

Put into `sys.modules` by `simboot.py`. A VM that read its real standard input would hold the world's time; here the
board waits, handlers run, other boards go on. Host side: `simulator/hardware/console.py`.
Source: MicroPython shared/runtime/sys_stdio_mphal.c (text: a carriage return reads as a line feed; a read waits for
all it asked for) and py/modbuiltins.c (`input`; at the end of input EOFError, as a board at Ctrl-D).
"""

import builtins
import sys

import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any


def _wait(count: int, unit: str) -> bytes:
    while True:
        data: bytes | None = simrt.call("console.read", count, unit)
        if data is not None:
            return data
        simrt.rest()  # the console's event ends it, and so does any other


class _Stdin:
    """Its bytes, as `sys.stdin.buffer`; text on top of it is `_TextStdin`."""

    def read(self, size: int = -1) -> "Any":
        return self._cook(_wait(size, "byte"))

    def readline(self, size: int = -1) -> "Any":
        return self._cook(_wait(size, "line"))

    def readlines(self) -> "list[Any]":
        return list(self)

    def readinto(self, buf: bytearray, size: int = -1) -> int:
        data = _wait(len(buf) if size < 0 else min(size, len(buf)), "byte")
        memoryview(buf)[: len(data)] = data
        return len(data)

    def __iter__(self) -> "_Stdin":
        return self

    def __next__(self) -> "Any":
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def fileno(self) -> int:
        return 0

    def _cook(self, data: bytes) -> "Any":
        return data


class _TextStdin(_Stdin):
    buffer = _Stdin()

    def read(self, size: int = -1) -> "Any":
        return self._cook(_wait(size, "char"))

    def _cook(self, data: bytes) -> str:
        return data.replace(b"\r", b"\n").decode()


_PLATFORMS = {"stm32wb": "pyboard"}  # MICROPY_PY_SYS_PLATFORM where it is not the profile's name
# MICROPY_HW_BOARD_NAME " with " MICROPY_HW_MCU_NAME of the ports' boards, as `sys.implementation._machine` has them.
_MACHINES = {
    "esp32": "Generic ESP32 module with ESP32",
    "esp32_c3": "ESP32C3 module with ESP32-C3",
    "esp32_c6": "ESP32C6 module with ESP32-C6",
    "esp32_s3": "Generic ESP32S3 module with ESP32-S3",
    "pico_w": "Raspberry Pi Pico W with RP2040",
    "pico2_w": "Raspberry Pi Pico 2 W with RP2350",
    "nucleo_wb55": "NUCLEO-WB55 with STM32WB55RGV6",
}


class _Implementation:
    """`sys.implementation`: that of the VM, on the board that it plays."""

    def __init__(self, machine: str) -> None:
        self._machine = machine

    def __getattr__(self, name: str) -> "Any":
        return getattr(sys.implementation, name)


class Sys:
    """The module: what is not here is the built-in's."""

    def __init__(self) -> None:
        self.stdin = _TextStdin()
        self.platform = _PLATFORMS.get(simrt.profile, simrt.profile)
        machine = _MACHINES.get(simrt.costs.get("board", ""))
        self.implementation = _Implementation(machine) if machine else sys.implementation

    def __getattr__(self, name: str) -> "Any":
        return getattr(sys, name)


module = Sys()


def _input(prompt: object = "") -> str:
    print(prompt, end="")
    line: str = module.stdin.readline()
    if not line:
        raise EOFError
    return line[:-1] if line.endswith("\n") else line


builtins.input = _input  # the built-in reads the real one
