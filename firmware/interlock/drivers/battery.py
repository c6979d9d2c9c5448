"""Cell voltage through a divider on an ADC pin."""

from machine import ADC, Pin

# The reference of rp2 (Pico: ADC_VREF is the 3.3 V supply, filtered) and stm32 (Nucleo: VDDA is 3.3 V) boards.
FULL_SCALE_MV = 3300
SAMPLES = 5


class Battery:
    """`divider`: cell voltage over pin voltage. `low_mv`, `clear_mv`: hysteresis of the low condition. `doubts`: the
    last look said otherwise, and the next decides.

    Where the ADC knows its own volts (`read_uv`: esp32, by the chip's calibration) they are taken, else counts of a
    full scale of 3.3 V. On esp32 nothing is set: the attenuation is the most, 11 dB, unless another is asked for. No
    board has confirmed any of it yet."""

    def __init__(self, number: "int | str", divider: int, low_mv: int, clear_mv: int) -> None:
        self._adc = ADC(Pin(number))
        self._uv = getattr(self._adc, "read_uv", None)
        self._divider = divider
        self._low_mv = low_mv
        self._clear_mv = clear_mv
        self.doubts = True
        self.low = False

    def read_mv(self) -> int:
        """The median of some readings: a single one may be far off."""
        found = sorted([self._read_mv() for _ in range(SAMPLES)])
        return found[SAMPLES // 2] * self._divider

    def _read_mv(self) -> int:
        if self._uv is not None:
            return int(self._uv()) // 1000
        return self._adc.read_u16() * FULL_SCALE_MV // 65535

    def check(self) -> bool:
        """Whether the cell is low, with hysteresis: once two looks in a row say so. The first look at all counts."""
        low = self.read_mv() < (self._clear_mv if self.low else self._low_mv)
        if low == self.low:
            self.doubts = False
        elif self.doubts:
            self.low, self.doubts = low, False
        else:
            self.doubts = True
        return self.low
