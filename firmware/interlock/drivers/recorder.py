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
        self.off_at: int | None = None  # the next change of the shutter
        self._is_pressed = False
        self._wanted: bool | None = None  # the tally of a further press, which waits for this one's end

    def pulse(self, now: int) -> None:
        """Press the shutter; `tick` releases it after PULSE_MS. One that is pressed still, since a recorder that was
        stopped is needed again at once, is pressed again after a pause, if the tally is then as it is now."""
        if self.off_at is None:
            self._press(now)
        else:
            self._wanted = self.tally.read()

    def _press(self, now: int) -> None:
        self._shutter.value(1)
        self._is_pressed = True
        self.off_at = ticks_add(now, PULSE_MS)

    def tick(self, now: int) -> None:
        if not is_due(self.off_at, now):
            return
        self.off_at = None
        if self._is_pressed:
            self._shutter.value(0)
            self._is_pressed = False
            if self._wanted is not None:
                self.off_at = ticks_add(now, PULSE_MS)
            return
        wanted, self._wanted = self._wanted, None
        if wanted == self.tally.read():
            self._press(now)
