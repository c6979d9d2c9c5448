"""A switch, reed, hall sensor or line on one pin, with a latch: an edge is kept until the loop takes it.

The handler latches the tick of the first edge and flags; levels are read again by the loop, because ports deliver more
or fewer interrupts than there were edges.
"""

from machine import Pin

from ..core.ticks import ticks_diff


BOUNCE_MS = 20


class Contact:
    """`active_low`: closed means level 0 (pull-up is on). `wake`: allocation-free, called from the handler.

    The first edge counts at once. For BOUNCE_MS after a level change, edges that leave the level as it is are that
    contact's bounce and count for nothing.
    """

    def __init__(self, number, active_low, wake, ticks):
        self._pin = Pin(number, Pin.IN, Pin.PULL_UP if active_low else Pin.PULL_DOWN)
        self._active = 0 if active_low else 1
        self._wake = wake
        self._ticks = ticks
        self._latched = False
        self._latched_at = 0
        self.on = self.read()
        self.edge_at = self._changed_at = ticks()
        self._settling = False
        self._pin.irq(self._edge, Pin.IRQ_RISING | Pin.IRQ_FALLING)

    def _edge(self, _):
        if not self._latched:
            self._latched_at = self._ticks()
            self._latched = True
        self._wake()

    def read(self):
        """The level now, as on or off."""
        return self._pin.value() == self._active

    def differs(self):
        """Whether there is something to take."""
        return self._latched or self.read() != self.on

    def take(self):
        """Number of level changes since the last take: 0, 1, or 2 for a pulse that is over already.

        Afterwards `on` is the level and `edge_at` the tick of the first of these edges."""
        level = self.read()
        if not self._latched and level == self.on:
            return 0
        now = self._ticks()
        self.edge_at = self._latched_at if self._latched else now
        self._latched = False
        if self._settling and ticks_diff(self.edge_at, self._changed_at) > BOUNCE_MS:
            self._settling = False
        if level == self.on:
            return 0 if self._settling else 2
        self.on = level
        self._changed_at = self.edge_at
        self._settling = True
        return 1
