"""A body-worn camera on three wires: shutter (a pulse toggles recording), tally (on while it records), accessory
voltage (on while it is awake)."""

from machine import Pin

from ..core.ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .contact import Contact

PULSE_MS = 100


class Recorder:
    """`tally`, `awake`: Contacts; `shutter`: pin number, active high."""

    def __init__(self, shutter: "int | str", tally: "Contact", awake: "Contact") -> None:
        self._shutter = Pin(shutter, Pin.OUT, value=0)
        self.tally = tally
        self.awake = awake
        self.off_at: int | None = None

    def pulse(self, now: int) -> None:
        """Press the shutter; `tick` releases it after PULSE_MS. A press that is still on is not made twice."""
        if self.off_at is None:
            self._shutter.value(1)
            self.off_at = ticks_add(now, PULSE_MS)

    def tick(self, now: int) -> None:
        if is_due(self.off_at, now):
            self._shutter.value(0)
            self.off_at = None
