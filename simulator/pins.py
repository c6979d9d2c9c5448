"""The pins of one virtual board, seen from both sides: the world sets inputs, the firmware drives outputs.

No time and no electronics: a level is 0 or 1, an open input reads what its pull resistor says, 0 without one.
The numbers for modes, pulls and triggers are those of `doubles/machine.py`.
"""

from collections.abc import Callable

OUT = 1
PULL_UP = 1
RISING = 1
FALLING = 2


class Pins:
    """`on_output(pin, level)` is told every change of a driven pin, `on_level(pin, level)` what a pin that the firmware
    set up reads from now on, `on_edge(pin)` every edge it asked for."""

    def __init__(
        self,
        on_output: Callable[[int, int], None],
        on_level: Callable[[int, int], None],
        on_edge: Callable[[int], None],
    ) -> None:
        self._on_output = on_output
        self._on_level = on_level
        self._on_edge = on_edge
        self._known: dict[int, int] = {}
        self._levels: dict[int, int] = {}
        self._driven: dict[int, int] = {}
        self._latches: dict[int, int] = {}
        self._pulled_up: set[int] = set()
        self._triggers: dict[int, int] = {}

    def set_level(self, pin: int, level: int) -> None:
        """The world puts `level` on the pin."""
        before = self.level(pin)
        self._levels[pin] = level
        level = self.level(pin)
        self._tell(pin)
        edge = RISING if level > before else FALLING if level < before else 0
        if edge & self._triggers.get(pin, 0):
            self._on_edge(pin)

    def level(self, pin: int) -> int:
        """What the pin reads: the driven level, else the world's, else the pull resistor's."""
        if pin in self._driven:
            return self._driven[pin]
        return self._levels.get(pin, int(pin in self._pulled_up))

    def init(self, pin: int, mode: int | None, pull: int | None, value: int | None) -> None:
        """The firmware sets the pin up: a mode comes with its pull (None: no resistor); no mode leaves both alone."""
        if pull == PULL_UP:
            self._pulled_up.add(pin)
        elif mode is not None:
            self._pulled_up.discard(pin)
        if value is not None:
            self._latches[pin] = value
        if mode == OUT:
            self._drive(pin, self._latches.get(pin, 0))
        elif mode is not None:
            self._driven.pop(pin, None)
        self._known.setdefault(pin, -1)
        self._tell(pin)

    def write(self, pin: int, level: int) -> None:
        """The firmware writes the output latch; it reaches the pin when that is an output."""
        self._latches[pin] = level
        if pin in self._driven:
            self._drive(pin, level)

    def watch(self, pin: int, trigger: int) -> None:
        """The firmware wants these edges (RISING | FALLING; 0: none)."""
        self._triggers[pin] = trigger

    def lose_power(self) -> None:
        """Reset or power loss: outputs fall to 0, nothing is watched; the world's levels stay."""
        driven = self._driven
        self._driven, self._latches, self._pulled_up, self._triggers, self._known = {}, {}, set(), {}, {}
        for pin, level in driven.items():
            if level:
                self._on_output(pin, 0)

    def _drive(self, pin: int, level: int) -> None:
        before = self._driven.get(pin, 0)
        self._driven[pin] = level
        self._tell(pin)
        if level != before:
            self._on_output(pin, level)

    def _tell(self, pin: int) -> None:
        level = self.level(pin)
        if self._known.get(pin, level) != level:
            self._known[pin] = level
            self._on_level(pin, level)
