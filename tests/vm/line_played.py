"""Lines of a board moved in a world, and what its firmware makes of them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from simulator.hardware.board import VirtualBoard
from tests.simulator.boards import play, to_the_end
from tests.simulator.ports import boot_s

TWO_PINS = {"esp32": "5", "rp2": "5", "stm32wb": "'C3'"}
SECOND: dict[str, int | str] = {"esp32": 5, "rp2": 5, "stm32wb": "C3"}

LOOP = """
import time, machine
from interlock.drivers.contact import Contact
from interlock.drivers.dock import Dock
from interlock.drivers.door import Door, poll_rest
from interlock.drivers.seat import Seat
from interlock.core.pickup import Pickup

door = Door(poll_rest, time.ticks_ms)
start = time.ticks_ms()

def since():
    return time.ticks_diff(time.ticks_ms(), start)

def loop(until_ms, contacts, turn, every_ms=500):
    while since() < until_ms:
        door.idle((start + min(until_ms, since() + every_ms)) & 0x3FFFFFFF, contacts)
        turn(time.ticks_ms())
"""


def played(
    folder: Path, script: str, story: Callable[[VirtualBoard], None], port: str = "esp32"
) -> list[tuple[str, ...]]:
    """What the script printed, in words, while `story` happens: it is called at the instant that the script begins."""

    async def scene(board: VirtualBoard) -> None:
        asyncio.get_running_loop().call_at(boot_s(port), story, board)
        await to_the_end(board)

    return [tuple(line.split()) for line in play(folder, LOOP + script, scene, port=port).output]
