"""What a port costs and how it is built: data for virtual boards. Not behaviour; that is `board.py` and `doubles/`.

No figure here was measured on a board by us. Each names its source in `sources`; "estimate" means nobody's
measurement. Latencies are therefore quoted with the profile's name and called unverified. `python -m
simulator.profiles` prints all costs as one table.
"""

from collections.abc import Mapping
from types import MappingProxyType

from .chips import ESP32_C3, ESP32_C6, ESP32_CLASSIC, PICO2_W
from .esp32 import ESP32
from .rp2 import RP2
from .shape import PAGE_BYTES, SECTOR_BYTES, Pin, Profile
from .stm32wb import STM32WB

__all__ = ["CHIPS", "PAGE_BYTES", "PROFILES", "SECTOR_BYTES", "Pin", "Profile", "profile"]

PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (ESP32, RP2, STM32WB)})
"""One chip of each port: what tests of ports go through."""
CHIPS: Mapping[str, Profile] = MappingProxyType(
    {**PROFILES, **{p.name: p for p in (ESP32_CLASSIC, ESP32_C3, ESP32_C6, PICO2_W)}}
)
"""Every chip that a board of `firmware/interlock/boards` has."""


def profile(name: str) -> Profile:
    """The profile called `name`; ValueError when there is none yet."""
    if name not in CHIPS:
        raise ValueError(f"no profile {name!r}: this simulator has {', '.join(CHIPS)}")
    return CHIPS[name]
