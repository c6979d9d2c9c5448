"""LED, haptic and buzzer: how a unit speaks to its officer. Patterns are short and end by themselves; no output touches
the weapon."""

import machine
from machine import Pin

from ..core.ticks import earlier, is_due, ticks_add, ticks_diff
from ..core.wire import BY_BUZZ, BY_LIGHT

# Patterns: milliseconds on, off, on ... ; each is felt, and those of LOUD are heard, too.
ALERT = (400,)
NUDGE = (80,)
PASSED = (80, 120, 80)
FAILED = (400, 200, 400, 200, 400)
LOUD = (ALERT, PASSED, FAILED)
# Identifying: two short flashes a second, as no alert looks.
_FLASHES_MS = (100, 150, 100, 650)
TONE_HZ = 2700  # an estimate: many small piezo sounders are loudest between 2 and 4 kHz
_HALF = 32768


class Signal:
    """`led`, `haptic`: pin numbers, active high; `buzzer`: of a sounder without a drive of its own, or None. `covert`:
    no light and no sound, whatever happens. Without `machine.PWM` (stm32 before MicroPython 1.28) it is mute."""

    def __init__(self, led: "int | str", haptic: "int | str", buzzer: "int | str | None" = None) -> None:
        self._led = Pin(led, Pin.OUT, value=0)
        self._haptic = Pin(haptic, Pin.OUT, value=0)
        self._tone = None
        pwm = getattr(machine, "PWM", None)
        if buzzer is not None and pwm is not None:
            self._tone = pwm(Pin(buzzer), freq=TONE_HZ, duty_u16=0)
        self.covert = False
        self.off_at: int | None = None  # the next change of what is felt
        self._pattern: tuple[int, ...] = NUDGE
        self._step = 0
        self._until = 0
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
        self.play(now, ALERT)

    def nudge(self, now: int) -> None:
        """A discreet word: felt by who wears it."""
        self.play(now, NUDGE)

    def play(self, now: int, pattern: tuple[int, ...]) -> None:
        """Let a pattern be felt; one that goes on longer has its end first, without this one."""
        until = ticks_add(now, sum(pattern))
        if self.off_at is not None and ticks_diff(until, self._until) <= 0:
            return
        self._pattern, self._step, self._until = pattern, 0, until
        self._drive(True)
        self.off_at = ticks_add(now, pattern[0])

    def _drive(self, on: bool) -> None:
        self._haptic.value(1 if on else 0)
        if self._tone is not None:
            self._tone.duty_u16(_HALF if on and not self.covert and self._pattern in LOUD else 0)

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
            self._next_step(now)
        if is_due(self.flash_at, now):
            self._next_flash(now)

    def _next_step(self, now: int) -> None:
        self._step += 1
        if self._step == len(self._pattern):
            self._drive(False)
            self.off_at = None
            return
        self._drive(self._step % 2 == 0)
        self.off_at = ticks_add(now, self._pattern[self._step])

    def _next_flash(self, now: int) -> None:
        step = self._flash
        if step == 0 and is_due(self._flash_until, now):
            self.stop_identifying()
            return
        self._led.value(1 if step % 2 == 0 and not self.covert else 0)
        if step == 0 and self._buzzes:
            self.play(now, NUDGE)
        self.flash_at = ticks_add(now, _FLASHES_MS[step])
        self._flash = (step + 1) % len(_FLASHES_MS)
