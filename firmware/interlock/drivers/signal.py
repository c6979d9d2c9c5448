"""LED and haptic: how a unit speaks to its officer. Patterns are short and end by themselves; no output touches the
weapon."""

from machine import Pin

from ..core.ticks import is_due, ticks_add

BUZZ_MS = 400


class Signal:
    """`led`, `haptic`: pin numbers, active high."""

    def __init__(self, led: "int | str", haptic: "int | str") -> None:
        self._led = Pin(led, Pin.OUT, value=0)
        self._haptic = Pin(haptic, Pin.OUT, value=0)
        self.off_at: int | None = None

    def alert(self, now: int) -> None:
        """Light until `calm`, and buzz once."""
        self._led.value(1)
        self._haptic.value(1)
        self.off_at = ticks_add(now, BUZZ_MS)

    def calm(self) -> None:
        self._led.value(0)

    def tick(self, now: int) -> None:
        if is_due(self.off_at, now):
            self._haptic.value(0)
            self.off_at = None
