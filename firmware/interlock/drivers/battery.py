"""Cell voltage through a divider on an ADC pin."""

from machine import ADC, Pin

FULL_SCALE_MV = 3300


class Battery:
    """`divider`: cell voltage over pin voltage. `low_mv`, `clear_mv`: hysteresis of the low condition.

    Full scale is taken as 3.3 V on every port: `read_uv` would know better, but not every port has it."""

    def __init__(self, number: "int | str", divider: int, low_mv: int, clear_mv: int) -> None:
        self._adc = ADC(Pin(number))
        self._divider = divider
        self._low_mv = low_mv
        self._clear_mv = clear_mv
        self.low = False

    def read_mv(self) -> int:
        return self._adc.read_u16() * FULL_SCALE_MV // 65535 * self._divider

    def check(self) -> bool:
        """Whether the cell is low, with hysteresis."""
        mv = self.read_mv()
        self.low = mv < (self._clear_mv if self.low else self._low_mv)
        return self.low
