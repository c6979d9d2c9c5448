"""What surrounds the processor of a virtual board, as the modules `machine`, `time`, `esp32`, `rp2` and `pyb` reach it:
pins, flash, timers, watchdog, clocks, sleep. The radio is `ble.py`; supply and boot are `board.py`.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol

from ..clock import now_us
from ..profiles import Pin, Profile
from .console import Console
from .edges import EdgeGate
from .flash import NorFlash
from .pins import Pins
from .rtc import Clock
from .sleep import Waker, Woken, pulse_us, sleep, why_woken
from .storage import Storage
from .timers import Timers
from .uart import Uarts
from .watchdog import Watchdog


class Processor(Protocol):
    """What they do to the board's processor."""

    def interrupt(self, kind: str, data: tuple[object, ...]) -> None:
        """An event for the doubles."""

    def tell_level(self, pin: Pin, level: int) -> None:
        """What a pin, or a clock, reads from now on."""

    def drive(self, pin: Pin, level: int) -> None:
        """An output changed."""

    def reset(self, cause: str) -> None:
        """Boot anew: "reset", "watchdog" or "soft"."""

    def lose_supply(self) -> None:
        """The power is gone, at this instant."""

    def fall_asleep(self, timeout_us: int | None, wakers: Sequence[Waker]) -> None:
        """Deep sleep, and a boot at its end."""

    async def switch_radio(self, on: bool) -> None:
        """The radio's power."""


class Peripherals:
    """`name`: of the board, from which its serial number is made."""

    def __init__(
        self,
        name: str,
        profile: Profile,
        flash: NorFlash,
        clock: Clock,
        rtc_offset_s: int,
        console: Console,
        processor: Processor,
    ) -> None:
        self.adc_mv: dict[Pin, int] = {}
        self.adc_faults: dict[Pin, Callable[[int], int]] = {}
        """What an ADC reads of what is there (mV), where that is something else."""
        self.tones: list[tuple[int, Pin, int]] = []
        """(virtual us, pin, Hz) of each tone of a PWM output, 0 Hz being its end."""
        self._name = name
        self._profile = profile
        self._clock = clock
        self._rtc_offset_s = rtc_offset_s
        self._console = console
        self._processor = processor
        self._gate = EdgeGate(self._edge)
        self.pins = Pins(processor.drive, processor.tell_level, self._gate.edge)
        self._storage = Storage(flash, profile, self._gate, processor.lose_supply)
        self._timers = Timers(self._alarm)
        self.uarts = Uarts(lambda uart: processor.interrupt("uart", (uart,)))
        self._watchdog: Watchdog | None = None
        self._reset_cause = "power"
        self._woken: Woken = (0, ())
        self._edges = 0
        self._forget()

    def _forget(self) -> None:
        self._hard_pins: dict[Pin, bool] = {}
        self._hard_timers: dict[int, bool] = {}

    # The board's side.

    def boot(self, cause: str, woken: Woken) -> None:
        """The processor begins; `woken`: why deep sleep ended."""
        port = self._profile
        if cause != "soft" or cause in port.reset_cause:
            self._reset_cause = cause
        self._woken = woken
        self.stop_watchdog()
        self._storage.boot()
        if cause == "power" or not (port.rtc_survives_reset or cause == "soft"):
            days = (date(*port.rtc_start) - date(port.epoch_year, 1, 1)).days
            self._clock.lose_power(_now_us(), (days * 86_400 + self._rtc_offset_s) * 1_000_000)
        self._clock.boot(_now_us() + port.boot_us)

    def tell_clock(self) -> None:
        """What the clocks do from now on."""
        for name, value in self._clock.told():
            self._processor.tell_level(name, value)

    def halt(self, *, power_lost: bool) -> None:
        """The processor stops. Raises PowerCut, see `Storage.stop`."""
        self._gate.reset()
        self._timers.lose_power()
        self.uarts.lose_power()
        self._forget()
        self.pins.lose_power()
        for pin in {pin for _, pin, _ in self.tones}:
            self._sound(pin, 0)
        self._storage.stop(power_lost=power_lost)

    def stop_watchdog(self) -> None:
        """It has lost its power."""
        if self._watchdog:
            self._watchdog.lose_power()
            self._watchdog = None

    def fed(self) -> None:
        """The firmware fed the watchdog."""
        if self._watchdog:
            self._watchdog.feed()

    def _edge(self, pin: Pin, edges: int) -> None:
        self._edges += 1
        self._processor.interrupt("hard_pin" if self._hard_pins.get(pin) else "pin", (pin, edges))

    def _alarm(self, number: int) -> None:
        self._processor.interrupt("hard_timer" if self._hard_timers.get(number) else "timer", (number,))

    # The firmware's side.

    async def call(self, device: str, name: str, args: tuple[Any, ...]) -> object:
        """Do what a double asks for. OSError reaches the firmware."""
        if device == "flash":
            return await self._storage.call(name, *args)
        if device == "chip":
            return await self._chip(name, *args)
        if device == "uart":
            return self.uarts.call(name, *args)
        match f"{device}.{name}":
            case "pin.write":
                self.pins.write(*args)
            case "pin.init":
                self.pins.init(*args)
            case "pin.irq":
                pin, trigger, self._hard_pins[pin] = args
                self.pins.watch(pin, trigger)
            case "pin.pulse":
                return await pulse_us(self.pins, *args)
            case "adc.mv":
                mv = self.adc_mv.get(args[0], 0)
                return self.adc_faults[args[0]](mv) if args[0] in self.adc_faults else mv
            case "pwm.set":
                pin, hz = args
                self._sound(pin, hz)
            case "timer.start":
                number, period_us, repeats, self._hard_timers[number] = args
                self._timers.start(number, self._clock.world_us(period_us), repeats)
            case "timer.stop":
                self._timers.stop(*args)
            case "wdt.start":
                self.stop_watchdog()
                self._watchdog = Watchdog(args[0], lambda: self._processor.reset("watchdog"))
            case "rtc.set":
                self._clock.set_date(_now_us(), *args)
                self.tell_clock()
            case "rtc.memory":
                if args:
                    (self._clock.memory,) = args
                return self._clock.memory
            case "console.read":
                return self._console.read(*args)
            case _:
                raise ValueError(f"a virtual board does not know {device}.{name}")
        return None

    def _sound(self, pin: Pin, hz: int) -> None:
        last = next((hz for _, known, hz in reversed(self.tones) if known == pin), 0)
        if hz != last:
            self.tones.append((_now_us(), pin, hz))

    async def _chip(self, name: str, *args: Any) -> object:
        match name:
            case "reset":
                self._processor.reset("reset")
            case "soft_reset":
                await self._storage.flush()
                self._processor.reset("soft")
            case "deepsleep":
                self._processor.fall_asleep(*self._until(*args))
            case "lightsleep":
                await self._doze(*self._until(*args))
            case "woken":
                return self._woken
            case "irq_off":
                self._gate.hold("firmware")
            case "irq_on":
                self._gate.release("firmware")
            case "reset_cause":
                return self._profile.reset_cause[self._reset_cause]
            case "unique_id":
                return hashlib.sha256(self._name.encode()).digest()[: self._profile.unique_id_bytes]
            case _:
                raise ValueError(f"a virtual board does not know chip.{name}")
        return None

    def _until(self, timeout_us: int, wakers: Sequence[Waker]) -> tuple[int | None, Sequence[Waker]]:
        return (None if timeout_us < 0 else self._clock.world_us(timeout_us)), wakers

    async def _doze(self, timeout_us: int | None, wakers: Sequence[Waker]) -> None:
        port, heard = self._profile, self._edges
        self._gate.is_deaf = not port.lightsleep_wakes_on_edge
        if not port.lightsleep_keeps_radio:
            await self._processor.switch_radio(False)
        pins = await sleep(self.pins, timeout_us, wakers, lambda: self._edges != heard)
        self._gate.is_deaf = False
        if not port.lightsleep_keeps_radio:
            await self._processor.switch_radio(True)
        self._woken = why_woken(port, pins, wakers)


def _now_us() -> int:
    return now_us(asyncio.get_running_loop())
