"""A body-worn camera on three wires: shutter (a pulse toggles recording), tally (on while it records), accessory
voltage (on while it is awake)."""

from machine import Pin

from ..core.ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .contact import Contact

PULSE_MS = 100


class Momentary:
    """`tally`, `awake`: Contacts; `shutter`: pin number, active high. For what a recorder is: `recorders.py`."""

    speaks = False
    toggles = True
    buffer_ms: int | None = None
    proven_ms: int | None = None
    is_silent = False
    is_wanted = is_kept = False

    def __init__(self, shutter: "int | str", tally: "Contact", awake: "Contact") -> None:
        self._shutter = Pin(shutter, Pin.OUT, value=0)
        self.tally = tally
        self.awake = awake
        self.contacts = (tally, awake)
        self._off_at: int | None = None  # the next change of the shutter
        self._is_pressed = False
        self._wanted: bool | None = None  # the tally of a further press, which waits for this one's end

    def start(self, now: int) -> None:
        """Press the shutter, unless it records: that would stop it."""
        self._pulse(False, now)

    def stop(self, now: int) -> None:
        """Press the shutter, if it records."""
        self._pulse(True, now)

    def _pulse(self, if_tally: bool, now: int) -> None:
        """`tick` releases it after PULSE_MS. One that is pressed still, since a recorder that was stopped is needed
        again at once, is pressed again after a pause, if the tally is then as it is now."""
        if self.tally.read() != if_tally:
            return
        if self._off_at is None:
            self._press(now)
        else:
            self._wanted = if_tally

    def _press(self, now: int) -> None:
        self._shutter.value(1)
        self._is_pressed = True
        self._off_at = ticks_add(now, PULSE_MS)

    def hear(self, now: int) -> None:
        """Nothing: the wires are Contacts."""

    def tick(self, now: int) -> None:
        if self.is_kept and self._wanted:
            self._wanted = None  # it would end a recording
        if not is_due(self._off_at, now):
            return
        self._off_at = None
        if self._is_pressed:
            self._shutter.value(0)
            self._is_pressed = False
            if self._wanted is not None:
                self._off_at = ticks_add(now, PULSE_MS)
            return
        wanted, self._wanted = self._wanted, None
        if wanted == self.tally.read():
            self._press(now)

    def deadline(self, now: int) -> int | None:
        return self._off_at
