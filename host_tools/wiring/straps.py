"""What a chip reads at reset, beside its signals: data, a drawing, and a few lines for the table.

Only ESP32 modules have it; the other boards bring their own. A development board of an ESP32 has these parts already.
Sources: Espressif, esptool documentation, "Boot Mode Selection" of each chip; "ESP32-C3 Wireless Adventure", table 5.5;
"ESP Hardware Design Guidelines", Schematic Checklist (the enable pin must not float, and rises after the supply).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

PULL = "10 kΩ"
ENABLE = "10 kΩ to 3.3 V, 1 µF to ground: the chip starts once the supply stands"
PAD = "10 kΩ to 3.3 V, and a pad: to ground at reset it starts the ROM loader"
UP = "10 kΩ to 3.3 V"
OPEN = "left open"
ROW = 74


@dataclass(frozen=True)
class Strap:
    """One pin. `pin`: its number, or EN; `part`: of the above; `why`: what it chooses."""

    pin: int | str
    part: str
    why: str = ""


_EN = Strap("EN", ENABLE)
STRAPS: Mapping[str, tuple[Strap, ...]] = MappingProxyType(
    {
        "esp32": (
            _EN,
            Strap(0, PAD),
            Strap(2, OPEN, "low for the ROM loader; pulled down inside"),
            Strap(5, OPEN, "timing of SDIO"),
            Strap(12, OPEN, "high at reset it sets the flash to 1.8 V; pulled down inside"),
            Strap(15, OPEN, "messages of the ROM, timing of SDIO"),
        ),
        "esp32_c3": (_EN, Strap(2, UP, "high to start at all"), Strap(9, PAD)),
        "esp32_c6": (
            _EN,
            Strap(8, UP, "high for the ROM loader"),
            Strap(9, PAD),
            Strap(4, OPEN, "timing of SDIO"),
            Strap(5, OPEN, "timing of SDIO"),
        ),
        "esp32_s3": (
            _EN,
            Strap(0, PAD),
            Strap(3, OPEN, "JTAG, if a fuse says so"),
            Strap(45, OPEN, "the flash's voltage; pulled down inside"),
            Strap(46, OPEN, "low for the ROM loader; pulled down inside"),
        ),
    }
)
STRONG: Mapping[str, Mapping[str, str]] = MappingProxyType({"esp32_c3": {"dock": PULL}})
"""{board: {signal: its pull-up}} where the signal's pin is a strap that must be high for the ROM loader."""


def of(board: Any) -> tuple[Strap, ...]:
    """Those of this board."""
    return STRAPS.get(board.name, ())


def drawn(board: Any) -> list[Strap]:
    """Those that have parts."""
    return [strap for strap in of(board) if strap.part != OPEN]


def name(strap: Strap) -> str:
    """The pin, as people who solder know it."""
    return f"GPIO {strap.pin}" if isinstance(strap.pin, int) else strap.pin


def said(board: Any) -> str:
    """What is at the straps, as one item of a list, or nothing."""
    if not of(board):
        return ""
    told = [f"{name(strap)} {strap.part}" + (f" ({strap.why})" if strap.why else "") for strap in of(board)]
    told += [f"{signal} is one, too, and may not be low then" for signal in STRONG.get(board.name, ())]
    return f"- Read at reset: {'; '.join(told)}.\n"
