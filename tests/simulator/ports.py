"""What tests need to know of each port, and the world's hand on a pin."""

import asyncio

from simulator.hardware.board import VirtualBoard
from simulator.profiles import profile

ONE_PIN = {"esp32": "4", "rp2": "4", "stm32wb": "'C6'"}
"""An input, as firmware writes it."""
IN_WORLD: dict[str, int | str] = {"esp32": 4, "rp2": 4, "stm32wb": "C6"}
"""The same pin, as the world calls it."""


def boot_s(port: str) -> float:
    """When a script's first line runs on a board that was switched on at 0 s."""
    return profile(port).boot_us / 1e6


def at(board: VirtualBoard, second: float, pin: int | str, *levels: int, step_s: float = 0.001) -> None:
    """The world will put these levels on the pin, one after another."""
    for nth, level in enumerate(levels):
        asyncio.get_running_loop().call_at(second + nth * step_s, board.set_pin, pin, level)
