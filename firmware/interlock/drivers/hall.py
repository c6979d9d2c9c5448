"""An analogue Hall sensor in place of a contact: its level is what an ADC reads, with hysteresis.

No interrupt tells of it: the door's poll finds a change, within 5 ms (`door.py`). It costs a reading of the ADC each
time. Which counts mean on and off is found with the unit in its holster (`interlock place`), and is the board's data.
"""

from machine import ADC, Pin

from .contact import Contact

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.needs import Clock


class Hall(Contact):
    """`on_u16`, `off_u16`: it goes on at the one and off at the other, whichever of them is the higher (`read_u16`)."""

    def __init__(
        self, number: "int | str", on_u16: int, off_u16: int, wake: "Callable[[], None]", ticks: "Clock"
    ) -> None:
        self._adc = ADC(Pin(number))
        self._rises = on_u16 > off_u16
        self._on_u16, self._off_u16 = on_u16, off_u16
        self.on = False
        self._begin(wake, ticks)

    def read_u16(self) -> int:
        """The field, as the ADC has it."""
        return self._adc.read_u16()

    def read(self) -> bool:
        """As `Contact.read`: between the two it is what it was."""
        limit = self._off_u16 if self.on else self._on_u16
        return (self.read_u16() >= limit) == self._rises
