"""`PWM` of `machine`: the world is told of every tone. Host side: `simulator/hardware/peripherals.py`.

Sources: MicroPython docs/library/machine.PWM.rst; extmod/machine_pwm.c; machine_pwm.c of ports/esp32, rp2 and stm32
(there since 1.28). Limits of ports are data of the profile.

Not here: timers and channels that several pins share or that run out, `invert`, resolution: what is set is what there
is.
"""

import simrt
from simpins import find_pin

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from simpins import Name, Pin

_FACTS = simrt.costs
_MOST = 65535


class PWM:
    """A tone begins once frequency and duty are set, as on rp2 and stm32."""

    def __init__(self, dest: "Name | Pin", freq: int = 0, duty_u16: int = -1, duty_ns: int = -1) -> None:
        self._id = find_pin(dest)
        if _FACTS["pwm_pins"] and self._id not in _FACTS["pwm_pins"]:
            raise ValueError("Pin(%s) doesn't have PWM capabilities" % self._id)
        self._hz = self._duty = 0
        self.init(freq=freq, duty_u16=duty_u16, duty_ns=duty_ns)

    def init(self, *, freq: int = 0, duty_u16: int = -1, duty_ns: int = -1) -> None:
        if freq:
            self._take_hz(freq)
        if duty_u16 >= 0:
            self._take_duty(duty_u16)
        if duty_ns >= 0:
            self._take_duty(duty_ns * self._hz * _MOST // 1000000000)
        self._tell()

    def deinit(self) -> None:
        self._duty = 0
        self._tell()

    def freq(self, hz: int | None = None) -> int | None:
        if hz is None:
            return self._hz
        self._take_hz(hz)
        self._tell()
        return None

    def duty_u16(self, duty: int | None = None) -> int | None:
        if duty is None:
            return self._duty
        self._take_duty(duty)
        self._tell()
        return None

    def duty_ns(self, ns: int | None = None) -> int | None:
        if ns is None:
            return self._duty * 1000000000 // (_MOST * self._hz) if self._hz else 0
        self._take_duty(ns * self._hz * _MOST // 1000000000)
        self._tell()
        return None

    def _take_hz(self, hz: int) -> None:
        least, most = _FACTS["pwm_hz"]
        if not least <= hz <= most:
            raise ValueError("freq too small" if hz < least else "freq too large")
        self._hz = hz

    def _take_duty(self, duty: int) -> None:
        if not 0 <= duty <= _MOST:
            raise ValueError("duty_u16 must be from 0 to %d" % _MOST)
        self._duty = duty

    def _tell(self) -> None:
        simrt.call("pwm.set", self._id, self._hz if self._duty else 0)
