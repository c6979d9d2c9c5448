"""LED and haptic: how a unit speaks to its officer. Patterns are short and end by themselves; no output touches the
weapon."""

from machine import Pin

from ..core.ticks import earlier, is_due, ticks_add, ticks_diff
from ..core.wire import BY_BUZZ, BY_LIGHT

BUZZ_MS = 400
NUDGE_MS = 80
# Identifying: two short flashes a second, as no alert looks.
_FLASHES_MS = (100, 150, 100, 650)


class Signal:
    """`led`, `haptic`: pin numbers, active high. `covert`: no light, whatever happens."""

    def __init__(self, led: "int | str", haptic: "int | str") -> None:
        self._led = Pin(led, Pin.OUT, value=0)
        self._haptic = Pin(haptic, Pin.OUT, value=0)
        self.covert = False
        self.off_at: int | None = None
        self.flash_at: int | None = None  # the next change of a light that identifies
        self._flash_until = 0
        self._flash = 0
        self._buzzes = False
        self._alerts = False  # an alert stands

    def alert(self, now: int) -> None:
        """Light until `calm`, and buzz once."""
        self.flash_at = None
        self._alerts = True
        self._rest()
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
        self._alerts = False
        if self.flash_at is None:
            self._rest()

    def _rest(self) -> None:
        """The light as it is when nothing flashes."""
        self._led.value(1 if self._alerts and not self.covert else 0)

    def identify(self, now: int, ms: int, buzzes: bool) -> int:
        """Flash for so long, and buzz with each pair of flashes, so that somebody finds this unit among others; 0: no
        longer. An alert ends it. How it does (`wire.BY_LIGHT`, `BY_BUZZ`): in covert mode it buzzes only."""
        self._flash = 0
        self._flash_until = ticks_add(now, ms)
        self._buzzes = buzzes or self.covert
        self.flash_at = now
        self.tick(now)
        if not ms:
            return 0
        return (0 if self.covert else BY_LIGHT) | (BY_BUZZ if self._buzzes else 0)

    def stop_identifying(self) -> None:
        """A weapon is in use, or the time is over."""
        if self.flash_at is not None:
            self.flash_at = None
            self._rest()

    def deadline(self, now: int) -> int | None:
        """The next tick at which `tick` has something to do."""
        return earlier(self.off_at, self.flash_at, now)

    def tick(self, now: int) -> None:
        if is_due(self.off_at, now):
            self._haptic.value(0)
            self.off_at = None
        if is_due(self.flash_at, now):
            self._next_flash(now)

    def _next_flash(self, now: int) -> None:
        step = self._flash
        if step == 0 and is_due(self._flash_until, now):
            self.stop_identifying()
            return
        self._led.value(1 if step % 2 == 0 and not self.covert else 0)
        if step == 0 and self._buzzes:
            self._buzz(now, NUDGE_MS)
        self.flash_at = ticks_add(now, _FLASHES_MS[step])
        self._flash = (step + 1) % len(_FLASHES_MS)
