"""`machine` of a board: pins, ADC, timers, watchdog, clock, sleep, reset. Host side: `simulator/hardware/board.py`.

Sources: MicroPython docs/library/machine*.rst; extmod/modmachine.c, machine_timer.c, machine_wdt.c; of ports/esp32, rp2
and stm32 modmachine.c, machine_pin.c (pin.c, extint.c), machine_adc.c, machine_timer.c, machine_rtc.c (rtc.c). What
differs between ports is data of the profile: values of constants, limits, and what a port lacks and is taken out here.
`Pin` itself is in `simpins.py`.

Soft handlers run between bytecodes of the main program, one at a time, may allocate, and an exception in one is printed
and forgotten; further interrupts queue, eight at most (`vm.py`). Hard ones find the heap locked, wait for no place in
that queue, and an exception ends them for good; here they do not interrupt other handlers either.

| not here | instead |
|---|---|
| I2C, SPI, I2S, CAN, DAC, SDCard, TouchPad | ImportError, AttributeError |
| Signal, bitstream, mem8/16/32, mem_backup, bootloader | ImportError, AttributeError |
| `Pin`: `drive`, `alt`, `board`, `cpu`, levels as triggers | TypeError, AttributeError, ValueError |
| `Pin(hold=)` (esp32) | taken, and nothing follows: the world drives levels in deep sleep, too |
| `ADC`: bits and noise (full scale reads 65535), `width`, ADCBlock, channel numbers | AttributeError, ValueError |
| `Timer.value`; `RTC.wakeup`, `calibration`, `info`; window watchdog | AttributeError, ValueError |
| one `Pin` object per pin | each call makes one; they share the pin's state |
| a running `Timer` that nobody holds stops when collected (rp2) | it goes on |
| what `freq` sets | costs stay as they are |
"""

import simclock
import simrt
from simpins import Pin, call_hard, call_soft, find_pin, wakers
from simpwm import PWM as PWM
from simuart import UART as UART

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Name = int | str

_FACTS = simrt.costs
_LACKS = _FACTS["lacks"]


class ADC:
    ATTN_0DB: int
    ATTN_2_5DB: int
    ATTN_6DB: int
    ATTN_11DB: int

    def __init__(self, pin: "Name | Pin", *, atten: int = -1) -> None:
        self._id = find_pin(pin)
        if self._id not in _FACTS["adc_pins"]:
            raise ValueError("invalid pin")
        self._attenuate(atten)

    def init(self, *, atten: int = -1) -> None:
        self._attenuate(atten)

    def deinit(self) -> None:
        pass

    def atten(self, atten: int) -> None:
        self._attenuate(atten)

    def _attenuate(self, atten: int) -> None:
        if not -1 <= atten < len(_FACTS["adc_full_mv"]):
            raise ValueError("invalid attenuation")
        self._full_mv: int = _FACTS["adc_full_mv"][atten]  # -1: the most

    def read_uv(self) -> int:
        return min(self._mv(), self._full_mv) * 1000

    def read_u16(self) -> int:
        return min(65535, self._mv() * 65535 // self._full_mv)

    def _mv(self) -> int:
        mv: int = simrt.call("adc.mv", self._id)
        return mv


class Timer:
    ONE_SHOT: int
    PERIODIC: int

    _running: "dict[int, Timer]" = {}  # a running timer is not collected
    _made = 1000  # host's numbers of virtual ones, above all ids

    def __init__(self, id: int = -1, **options: "Any") -> None:
        hardware: int = _FACTS["hardware_timers"]
        if id >= hardware or (id < -1 and not hardware):
            raise ValueError("Timer(%d) doesn't exist, there are only %d hardware timers" % (id, hardware))
        if id < 0:
            Timer._made += 1
        self._number = id if id >= 0 else Timer._made
        self._period_us = 1000000
        if options:
            self.init(**options)

    def init(
        self,
        *,
        mode: int | None = None,
        callback: "Callable[[Any], None] | None" = None,
        period: int = -1,
        tick_hz: int = 1000,
        freq: float | None = None,
        hard: bool = False,
    ) -> None:
        self.deinit()
        if hard and "Timer(hard)" in _LACKS:
            raise ValueError("hard Timers are not implemented")
        if freq is not None:
            self._period_us = int(1000000 / freq)
        elif period >= 0:
            self._period_us = period * 1000000 // tick_hz
        step_us: int = _FACTS["timer_step_us"]
        self._period_us = self._period_us // step_us * step_us
        if self._period_us == 0 and _FACTS["hardware_timers"]:
            raise ValueError("Timer period is too short for this timer")
        self._callback, self._hard = callback, hard
        self._repeats = mode is None or mode == Timer.PERIODIC
        Timer._running[self._number] = self
        simrt.call("timer.start", self._number, max(step_us, self._period_us), self._repeats, hard)

    def deinit(self) -> None:
        if Timer._running.pop(self._number, None):
            simrt.call("timer.stop", self._number)

    def _alarm(self) -> None:
        if not self._repeats:
            Timer._running.pop(self._number, None)
        if self._callback is None:
            return
        if not self._hard:
            call_soft(self._callback, self)
        elif not call_hard(self._callback, self):
            self.deinit()


def _on_alarm(data: "tuple[int]") -> None:
    timer = Timer._running.get(data[0])
    if timer is not None:
        timer._alarm()


simrt.on("timer", _on_alarm)
simrt.on("hard_timer", _on_alarm)


class WDT:
    def __init__(self, id: int | str = 0, timeout: int = 5000) -> None:
        if id not in (0, "IWDG"):
            raise ValueError("WDT(%s) doesn't exist" % id)
        if timeout < _FACTS["watchdog_min_ms"]:
            raise ValueError("WDT timeout too short")
        if timeout > _FACTS["watchdog_max_ms"]:
            raise ValueError("WDT timeout too long: at most %d" % _FACTS["watchdog_max_ms"])
        simrt.call("wdt.start", timeout)

    def feed(self) -> None:
        simrt.feed()


class RTC:
    """`datetime` is (year, month, day, weekday, hours, minutes, seconds, microseconds)."""

    def datetime(self, when: "tuple[int, ...] | None" = None) -> "tuple[int, ...] | None":
        if when is not None:
            year, month, day, _, hour, minute, second, sub = when
            self._set(year, month, day, hour, minute, second, sub)
            return None
        us = simclock.rtc_us()
        year, month, day, hour, minute, second, weekday, _ = simclock.to_date(us // 1000000)
        return year, month, day, weekday, hour, minute, second, us % 1000000 if _FACTS["rtc_subseconds"] else 0

    def init(self, *args: "tuple[int, ...]") -> None:
        """(year, month, day, hours, minutes, seconds, unused, microseconds); or nothing: the clock starts anew."""
        if len(args) != ("RTC.init(datetime)" not in _LACKS):
            raise TypeError("function takes another number of positional arguments")
        year, month, day, hour, minute, second, _, sub = args[0] if args else _FACTS["rtc_start"] + (0,) * 5
        self._set(year, month, day, hour, minute, second, sub)

    def _set(self, year: int, month: int, day: int, hour: int, minute: int, second: int, sub: int) -> None:
        us = simclock.to_seconds(year, month, day, hour, minute, second) * 1000000
        simclock.set_rtc(us + sub if _FACTS["rtc_subseconds"] else us)

    def memory(self, data: "bytes | None" = None) -> "bytes | None":
        if data is None:
            kept: bytes = simrt.call("rtc.memory")
            return kept
        if len(data) > _FACTS["rtc_memory_bytes"]:
            raise ValueError("buffer too long")
        simrt.call("rtc.memory", bytes(data))
        return None


class SoftReset(SystemExit):
    """Not the ports': what `soft_reset` raises, so that `finally` and the like have their say, as there."""


def reset() -> None:
    simrt.call("chip.reset")  # the host ends this process: nothing runs after it, no finally either


def soft_reset() -> None:
    raise SoftReset


def reset_cause() -> int:
    cause: int = simrt.call("chip.reset_cause")
    return cause


def unique_id() -> bytes:
    serial: bytes = simrt.call("chip.unique_id")
    return serial


_freq_hz = _FACTS["freq_hz"][0]


def freq(hz: int | None = None, *_: int) -> "int | tuple[int, ...] | None":
    global _freq_hz
    if hz is None:
        clocks: int = _FACTS["freq_clocks"]
        return _freq_hz if clocks == 1 else (_freq_hz,) * clocks
    if hz not in _FACTS["freq_hz"]:
        raise ValueError("invalid freq")
    _freq_hz = hz
    return None


def _sleep(how: str, ms: int | None) -> None:
    sources = [waker for source in wakers.values() for waker in source]
    simrt.call("chip." + how, -1 if ms is None else ms * 1000, sources)


def lightsleep(ms: int | None = None) -> None:
    before_us = simrt.now_us()
    _sleep("lightsleep", ms)
    if not _FACTS["lightsleep_counts_ticks"]:
        simclock.stood_still(simrt.now_us() - before_us)


def deepsleep(ms: int | None = None) -> None:
    pins = [pin for pin, _, _ in wakers.get("gpio", [])]
    ways: "dict[str, tuple[Name, ...]]" = dict(_FACTS["deep_wakes"])
    if pins and "gpio" not in ways:
        raise ValueError("DEEPSLEEP with gpio pins not supported on this chip")
    for pin in pins:
        if pin not in ways["gpio"]:
            raise ValueError("wake-up pin not supported")
    _sleep("deepsleep", ms)  # as `reset`


sleep = lightsleep


def idle() -> None:
    simrt.sleep_us(1000)  # until an interrupt, of which the system tick is one


def wake_reason() -> int:
    reason: int = simrt.call("chip.woken")[0]
    return reason


def wake_pins() -> "tuple[Name, ...]":
    pins: "tuple[Name, ...]" = simrt.call("chip.woken")[1]
    return pins


_are_irqs_off = False


def disable_irq() -> int:
    """The state for `enable_irq`. Edges of pins wait, one of each; the radio's reports do not."""
    global _are_irqs_off
    before, _are_irqs_off = _are_irqs_off, True
    simrt.call("chip.irq_off")
    return before


def enable_irq(state: int) -> None:
    global _are_irqs_off
    _are_irqs_off = bool(state)
    if not state:
        simrt.call("chip.irq_on")


def time_pulse_us(pin: Pin, pulse_level: int, timeout_us: int = 1000000) -> int:
    us: int = simrt.call("pin.pulse", find_pin(pin), int(bool(pulse_level)), timeout_us)
    return us


def _become_the_port() -> None:
    classes = {"Pin": Pin, "ADC": ADC, "Timer": Timer, "RTC": RTC}
    module = globals()
    for name, value in dict(_FACTS["machine"]).items():
        owner, _, attribute = name.rpartition(".")
        if owner:
            setattr(classes[owner], attribute, value)
        else:
            module[attribute] = value
    for name in _LACKS:
        owner, _, attribute = name.rpartition(".")
        if owner in classes and "(" not in attribute:
            delattr(classes[owner], attribute)
        elif attribute == name and name in module:
            del module[name]


_become_the_port()
