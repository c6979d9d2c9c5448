"""LED and haptic: how a unit speaks to its officer. Patterns are short and end by themselves; no output touches the
weapon."""

from machine import Pin

from ..core.ticks import is_due, ticks_add, ticks_diff

BUZZ_MS = 400
NUDGE_MS = 80


class Signal:
    """`led`, `haptic`: pin numbers, active high. `covert`: no light, whatever happens."""

    def __init__(self, led: "int | str", haptic: "int | str") -> None:
        self._led = Pin(led, Pin.OUT, value=0)
        self._haptic = Pin(haptic, Pin.OUT, value=0)
        self.covert = False
        self.off_at: int | None = None

    def alert(self, now: int) -> None:
        """Light until `calm`, and buzz once."""
        self._led.value(0 if self.covert else 1)
        self._buzz(now, BUZZ_MS)

    def nudge(self, now: int) -> None:
        """A discreet word: felt by who wears it."""
        self._buzz(now, NUDGE_MS)

    def _buzz(self, now: int, ms: int) -> None:
        until = ticks_add(now, ms)
        if self.off_at is None or ticks_diff(until, self.off_at) > 0:
            self.off_at = until
        self._haptic.value(1)

    def calm(self) -> None:
        self._led.value(0)

    def tick(self, now: int) -> None:
        if is_due(self.off_at, now):
            self._haptic.value(0)
            self.off_at = None
