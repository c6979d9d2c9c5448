"""Which serial port has a board on it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..outcome import Exit, ToolError

AUTO = "auto"
# USB vendors, and products where the vendor makes other things, too. Each of these is what it says in the vendors' own
# lists: Espressif's and Raspberry Pi's public lists of USB product ids, MicroPython's ports (rp2, stm32: VID f055 and
# 2e8a:0005), and the bridges that boards carry.
KNOWN: tuple[tuple[int, int | None, str], ...] = (
    (0x303A, None, "Espressif"),
    (0x2E8A, None, "Raspberry Pi"),
    (0xF055, 0x9800, "MicroPython on an STM32"),
    (0xF055, None, "MicroPython"),
    (0x0483, 0x374B, "ST-LINK"),
    (0x0483, 0x374E, "ST-LINK"),
    (0x10C4, 0xEA60, "CP210x bridge"),
    (0x1A86, None, "CH340 or CH910x bridge"),
    (0x0403, None, "FTDI bridge"),
)


@dataclass(frozen=True)
class Port:
    """A port that may have a board on it."""

    name: str
    what: str


def boards() -> list[Port]:
    """Ports of this computer whose USB ids are those of boards, or of bridges on them."""
    found = []
    for port in _comports():
        what = next((what for vid, pid, what in KNOWN if port.vid == vid and pid in (None, port.pid)), None)
        if what is not None:
            found.append(Port(port.device, what))
    return sorted(found, key=lambda port: port.name)


def chosen(port: str) -> str:
    """The port itself; of `auto` the only one there is. ToolError when it is none, or several."""
    if port != AUTO:
        return port
    found = boards()
    if len(found) == 1:
        return found[0].name
    if not found:
        raise ToolError(
            "no board was found on any USB port",
            "Is the cable one that carries data? Name the port: interlock flash /dev/ttyACM0 ... (Windows: COM3). "
            "A Raspberry Pi Pico with its BOOTSEL button held is a drive, and no port.",
            Exit.DEVICE,
        )
    listed = ", ".join(f"{port.name} ({port.what})" for port in found)
    raise ToolError(f"{len(found)} ports may have a board on them: {listed}", "Name the one, or unplug the others.")


def is_there(port: str) -> bool:
    """Whether there is such a port now; of `auto`: any that may have a board on it."""
    if port == AUTO:
        return bool(boards())
    return Path(port).exists() or any(found.device == port for found in _comports())


def _comports() -> list[Any]:
    try:
        from serial.tools import list_ports
    except ImportError as error:
        raise ToolError(
            f"what speaks with boards is not installed ({error.name} is missing)",
            "In a checkout: make firmware, or pip install --editable '.[flash]'.",
        ) from error
    return list(list_ports.comports())
