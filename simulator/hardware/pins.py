"""The pins of one virtual board, seen from both sides: the world sets inputs, the firmware drives outputs.

No electronics: a level is 0 or 1, an open input reads what its pull resistor says, 0 without one; where both sides
drive, the firmware wins. The numbers for modes, pulls and edges are of this file; `doubles/machine.py` translates
those of the ports.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

from ..profiles import Pin

IN, OUT, OPEN_DRAIN = range(3)
PULL_NONE, PULL_UP, PULL_DOWN = range(3)
RISING, FALLING = 1, 2


def bounce_times_us(chance: random.Random, edges: int, within_us: int) -> list[int]:
    """`edges` instants in ascending order, the last at most `within_us` from now: what `Pins.bounce` takes."""
    return sorted(chance.randrange(1, within_us + 1) for _ in range(edges))


class Pins:
    """`on_output(pin, level)` is told every change of an output, `on_level(pin, level)` what a pin that the firmware
    set up reads from now on, `on_edge(pin, edge)` every edge it asked for; `listeners` are called after every change
    of any pin.

    Output: a pin in mode OUT, or OPEN_DRAIN with the level that results. Unseen outputs count as 0.
    """

    def __init__(
        self,
        on_output: Callable[[Pin, int], None],
        on_level: Callable[[Pin, int], None],
        on_edge: Callable[[Pin, int], None],
    ) -> None:
        self.listeners: list[Callable[[], None]] = []
        self._on_output = on_output
        self._on_level = on_level
        self._on_edge = on_edge
        self._world: dict[Pin, int] = {}
        self._stuck: dict[Pin, int] = {}
        self._seen: dict[Pin, int] = {}
        self._shown: dict[Pin, int] = {}
        self._lose_setup()

    def _lose_setup(self) -> None:
        self._modes: dict[Pin, int] = {}
        self._latches: dict[Pin, int] = {}
        self._pulls: dict[Pin, int] = {}
        self._triggers: dict[Pin, int] = {}
        self._known: dict[Pin, None] = {}

    # The world's side.

    def set_level(self, pin: Pin, level: int) -> None:
        """The world puts `level` on the pin."""
        self._world[pin] = level
        self._settle(pin)

    def bounce(self, pin: Pin, level: int, times_us: Sequence[int]) -> None:
        """The pin changes to `level` now, and away and back at each further of `times_us` from now.

        ValueError unless they are ascending and an even number, so that it ends at `level`."""
        if len(times_us) % 2 or list(times_us) != sorted(times_us):
            raise ValueError("a bouncing contact ends where it wanted to: an even number of times, ascending")
        loop = asyncio.get_running_loop()
        self.set_level(pin, level)
        for nth, at_us in enumerate(times_us):
            loop.call_later(at_us / 1e6, self.set_level, pin, level ^ (1 - nth % 2))

    def stick(self, pin: Pin, level: int) -> None:
        """From now on the wire has this level whatever anybody drives, until `mend`; power or not."""
        self._stuck[pin] = level
        self._settle(pin)

    def mend(self, pin: Pin) -> None:
        """Nothing sticks there any more: the pin has the level that the world or the firmware last gave it."""
        self._stuck.pop(pin, None)
        self._settle(pin)

    def level(self, pin: Pin) -> int:
        """What the pin reads: where it is stuck, else the driven level, else the world's, else the pull resistor's."""
        if pin in self._stuck:
            return self._stuck[pin]
        mode = self._modes.get(pin, IN)
        if mode == OUT or (mode == OPEN_DRAIN and not self._latches.get(pin, 0)):
            return self._latches.get(pin, 0)
        return self._world.get(pin, int(self._pulls.get(pin) == PULL_UP))

    # The firmware's side.

    def init(self, pin: Pin, mode: int | None, pull: int | None, value: int | None) -> None:
        """The firmware sets the pin up; None leaves mode, pull or output latch as it is."""
        if pull is not None:
            self._pulls[pin] = pull
        if value is not None:
            self._latches[pin] = value
        if mode is not None:
            self._modes[pin] = mode
        self._known.pop(pin, None)  # told once, below, whether it changes or not
        self._settle(pin)
        self._known[pin] = None
        self._on_level(pin, self.level(pin))

    def write(self, pin: Pin, level: int) -> None:
        """The firmware writes the output latch; it reaches the pin when that is an output."""
        self._latches[pin] = level
        self._settle(pin)

    def watch(self, pin: Pin, trigger: int) -> None:
        """The firmware wants these edges (RISING | FALLING; 0: none)."""
        self._triggers[pin] = trigger

    def watched(self, pin: Pin) -> int:
        """What it wants of this pin."""
        return self._triggers.get(pin, 0)

    def lose_power(self) -> None:
        """Reset or power loss: outputs fall to 0, nothing is watched; the world's levels and stuck wires stay."""
        self._lose_setup()
        for pin in self._seen:
            self._seen[pin] = self.level(pin)
        for pin in [pin for pin, level in self._shown.items() if level and pin not in self._stuck]:
            self._show(pin, 0)

    def _settle(self, pin: Pin) -> None:
        """Somebody did something to this pin: tell whom it concerns."""
        before, level = self._seen.get(pin, 0), self.level(pin)
        self._seen[pin] = level
        if level != before and pin in self._known:
            self._on_level(pin, level)
        self._show(pin, level if self._modes.get(pin, IN) != IN else 0)
        if level == before:
            return
        edge = RISING if level else FALLING
        if edge & self._triggers.get(pin, 0):
            self._on_edge(pin, edge)
        for listener in list(self.listeners):
            listener()

    def _show(self, pin: Pin, level: int) -> None:
        if level != self._shown.get(pin, 0):
            self._shown[pin] = level
            self._on_output(pin, level)
