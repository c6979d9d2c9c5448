"""A switch, reed, hall sensor or line on one pin, with a latch: an edge is kept until the loop takes it.

The handler latches the tick of the first edge and flags; levels are read again by the loop, because ports deliver more
or fewer interrupts than there were edges.
"""

from machine import Pin

from ..core.ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.needs import Clock

BOUNCE_MS = 20


class Contact:
    """`active_low`: closed means level 0 (pull-up is on). `wake`: allocation-free, called from the handler.

    The first edge of a change counts at once; what follows within BOUNCE_MS is that contact's bounce, and only the
    level at the end of that time counts.

    For whoever fits sensors or tests them: `edges`, that the handler heard of, and `closes`, how often it went on, both
    modulo 2^16; `seen`: 1 once it was off, 2 once it was on; `pulse_ms`: of a pulse that was over when it was taken,
    from its first edge to the last that the handler heard of; `noisy`, `held_back`: of a Dock and of a Doubted.
    """

    noisy = False
    held_back = 0

    def __init__(self, number: "int | str", active_low: bool, wake: "Callable[[], None]", ticks: "Clock") -> None:
        self._pin = Pin(number, Pin.IN, Pin.PULL_UP if active_low else Pin.PULL_DOWN)
        self._active = 0 if active_low else 1
        self._begin(wake, ticks)
        self._pin.irq(self._edge, Pin.IRQ_RISING | Pin.IRQ_FALLING)

    def _begin(self, wake: "Callable[[], None]", ticks: "Clock") -> None:
        self._wake = wake
        self._ticks = ticks
        self._latched = False
        self._latched_at = self._moved_at = 0
        self.pulse_ms = 0
        self.on = self.read()
        self.edges = self.closes = 0
        self.seen = 1 + self.on
        self.edge_at = ticks()
        self.settle_at: int | None = None  # until this tick the level is taken for bouncing

    def _edge(self, _: Pin) -> None:
        self.edges = (self.edges + 1) & 0xFFFF
        self._moved_at = self._ticks()
        if not self._latched:
            self._latched_at = self._moved_at
            self._latched = True
        self._wake()

    def read(self) -> bool:
        """The level now, as on or off."""
        return self._pin.value() == self._active

    def differs(self) -> bool:
        """Whether there is something to take."""
        if self.settle_at is not None:
            return is_due(self.settle_at, self._ticks())
        return self._latched or self.read() != self.on

    def take(self) -> int:
        """Number of level changes since the last take: 0, 1, or 2 for a pulse that is over already.

        Afterwards `on` is the level and `edge_at` the tick of the first of these edges. A contact that bounces back as
        the loop looks is taken for a pulse; its change follows, once, at the end of BOUNCE_MS."""
        now = self._ticks()
        bounced = self.settle_at is not None
        if bounced and not is_due(self.settle_at, now):
            return 0
        self.settle_at = None
        level = self.read()
        if not self._latched and level == self.on:
            return 0
        self.edge_at = self._latched_at if self._latched else now
        self.pulse_ms = ticks_diff(self._moved_at, self.edge_at) if self._latched else 0
        self._latched = False
        if level == self.on and bounced:
            return 0
        return self._changed(now, level)

    def _changed(self, now: int, level: bool) -> int:
        """As `take`: it has this level, and did something before."""
        self.settle_at = ticks_add(now, BOUNCE_MS)
        if level or not self.on:
            self.closes = (self.closes + 1) & 0xFFFF
        self.seen = 3
        if level == self.on:
            return 2
        self.on = level
        return 1
