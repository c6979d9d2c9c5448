"""Small boards for tests: a script written on the spot instead of the firmware, played for some virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from textwrap import dedent
from typing import Any

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import profile
from simulator.radio.air import Air

BOOT_S = profile("esp32").boot_us / 1e6
"""When a script's first line runs on a board that was switched on at 0 s."""


def play(
    directory: Path,
    script: str,
    story: Callable[[VirtualBoard], Coroutine[Any, Any, Any]],
    *,
    port: str = "esp32",
    seed: int = 1,
    has_radio: bool = False,
    **options: Any,
) -> VirtualBoard:
    """The board after `story`, which gets it switched on at 0 s; it is switched off afterwards.

    `has_radio`: alone on an air of its own."""
    path = directory / "main.py"
    path.write_text(dedent(script))

    async def scene() -> VirtualBoard:
        air = Air(seed) if has_radio else None
        board = VirtualBoard("unit 7", profile(port), air, seed, path, **options)
        await board.power_on()
        try:
            await story(board)
        finally:
            await board.power_off()
        return board

    return run(scene())


def beside_a_laptop(
    path: Path, story: Callable[[VirtualBoard, Laptop], Coroutine[Any, Any, None]], port: str = "esp32", seed: int = 1
) -> VirtualBoard:
    """The board that runs this script, after `story`, which gets it and a laptop on the same air, both switched on.
    What it printed is shown when the story fails."""

    async def scene() -> VirtualBoard:
        air = Air(seed)
        board, laptop = VirtualBoard("unit", profile(port), air, seed, path), Laptop("laptop", air, seed)
        await board.power_on()
        await laptop.power_on()
        try:
            await story(board, laptop)
            board.check()
        except BaseException:
            print("\n".join(board.output))
            raise
        finally:
            await board.power_off()
        return board

    with seeded_entropy(seed):
        return run(scene())


async def to_the_end(board: VirtualBoard) -> None:
    """A story: until the script ends by itself; raises what made it fail."""
    await board.ended()


def for_s(seconds: float) -> Callable[[VirtualBoard], Coroutine[Any, Any, None]]:
    """A story: so much virtual time."""

    async def story(board: VirtualBoard) -> None:
        await asyncio.sleep(seconds)
        board.check()

    return story
