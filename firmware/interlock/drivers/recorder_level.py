"""A recorder that records while a line is on, with tally and accessory voltage as in `recorder_momentary.py`.

The line falls when the unit loses its power or starts anew, and such a recorder may then stop. The tally shows it, and
the next frame of a weapon that is out starts it again.
"""

from machine import Pin

from ..core.ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .contact import Contact

GAP_MS = 100


class Level:
    """`line`: pin number, active high; `holds`: it begins on, since a recording of before a restart goes on."""

    speaks = toggles = False
    buffer_ms: int | None = None
    proven_ms: int | None = None
    is_silent = False
    is_wanted = is_kept = False

    def __init__(self, line: "int | str", tally: "Contact", awake: "Contact", holds: bool) -> None:
        self._is_on = holds
        self._line = Pin(line, Pin.OUT, value=int(holds))
        self.tally = tally
        self.awake = awake
        self.contacts = (tally, awake)
        self._rise_at: int | None = None

    def start(self, now: int) -> None:
        """The line goes on. One that is on already, of a recorder that stopped all the same, gets another edge."""
        if self._is_on and not self.tally.read() and self._rise_at is None:
            self._line.value(0)
            self._rise_at = ticks_add(now, GAP_MS)
        elif not self._is_on:
            self._is_on = True
            self._line.value(1)

    def stop(self, now: int) -> None:
        """The line goes off."""
        self._is_on, self._rise_at = False, None
        self._line.value(0)

    def hear(self, now: int) -> None:
        """Nothing: the wires are Contacts."""

    def tick(self, now: int) -> None:
        if self._is_on and not (self.is_wanted or self.tally.on or self.tally.read()):
            self.stop(now)  # else it would record by itself when it is back
        # Whatever begins in the gap must not end with it.
        if self._rise_at is not None and (is_due(self._rise_at, now) or self.tally.read()):
            self._rise_at = None
            self._line.value(1)

    def deadline(self, now: int) -> int | None:
        return self._rise_at
