"""Lines gone wrong, for a board's pins: chatter, spikes; and a discharge as its pick-up gives it. `Pins.bounce` and
`Pins.stick` are the rest of it.

All times are drawn from the `chance` that is given, so a seed has one story.
"""

import asyncio
import random
from collections.abc import Callable

Put = Callable[[bool], None]
"""Sets the line on or off now."""


def chatter(put: Put, chance: random.Random, for_us: int, on_us: tuple[int, int], off_us: tuple[int, int]) -> int:
    """The line goes on and off from now, each for some time between two limits, and ends off. Changes that it makes."""
    loop, at_us, changes = asyncio.get_running_loop(), 0, 0
    while at_us < for_us:
        loop.call_later(at_us / 1e6, put, changes % 2 == 0)
        at_us += chance.randint(*(on_us if changes % 2 == 0 else off_us))
        changes += 1
    if changes % 2:
        loop.call_later(at_us / 1e6, put, False)
        changes += 1
    return changes


def spikes(put: Put, chance: random.Random, count: int, every_us: tuple[int, int], width_us: int = 200) -> None:
    """So many pulses of `width_us`, the first now, as a discharge of static or a radio nearby gives."""
    loop, at_us = asyncio.get_running_loop(), 0
    for _ in range(count):
        loop.call_later(at_us / 1e6, put, True)
        loop.call_later((at_us + width_us) / 1e6, put, False)
        at_us += chance.randint(*every_us)


def burst(put: Put, for_us: int, every_us: int = 52_632, width_us: int = 8_000) -> None:
    """A discharge as the pick-up gives it: a pulse of `width_us` each `every_us`, 19 a second (`core/pickup.py`)."""
    loop = asyncio.get_running_loop()
    put(True)
    for at_us in range(0, for_us, every_us):
        if at_us:
            loop.call_later(at_us / 1e6, put, True)
        loop.call_later((at_us + width_us) / 1e6, put, False)
