"""A virtual board: the VM that runs the firmware, its radio, and the switch of its supply.

The rest of the hardware is `peripherals.py`; what firmware sees of it is `doubles/`; what each thing costs in time is
`profiles/`. It knows nothing of Interlock: which pin is a tally line is the scenario's business. One oscillator drives
everything that counts time for the firmware; the radio keeps its own.

Left out: in deep sleep the radio is off (a Pico W's chip would go on by itself) and resistors let go; a soft reset
takes as long as any boot, and outputs fall to 0.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from ..bluetooth.ble import Ble
from ..bluetooth.radio_faults import RadioFaults
from ..clock import now_us
from ..profiles import PAGE_BYTES, Pin, Profile
from ..radio.air import Air
from .console import Console
from .flash import NorFlash, PowerCut
from .peripherals import Peripherals
from .rtc import Clock
from .sleep import Waker, Woken, sleep, why_woken
from .vm import FIRMWARE, Ended, Vm


def _ignore(pin: Pin, level: int) -> None:
    """An output that nobody watches."""


def _nothing() -> None:
    """A supply that nobody watches."""


class VirtualBoard:
    """Without power at first. `script` is what it runs (default: the firmware's main.py).

    `failed` never gets a result; it gets the exception when an exception leaves the firmware (FirmwareError) or the
    VM fails (VmError): await it beside what else you wait for, or call `check`. `flash`, levels of inputs and
    `adc_mv` (pin: millivolts) outlive the power; `adc_faults` and `tones`: `peripherals.py`. `ticks_at_boot_ms` makes
    the tick counter start there, so that a test sees its wrap at 2^30 early. `modules`: where scripts import from,
    after their own directory. `clock_ppm`: how much too fast its oscillator is. `rtc_offset_s`: how far its real-time
    clock is from what the port begins with when power comes. `files`: a file system (`files.py` makes it) that is put
    into its flash; it then runs what is in there, and knows no other. `on_supply_lost` is told when the supply failed
    by itself (not of `power_off`).
    """

    vm_type: ClassVar[Callable[..., Any]] = Vm
    ble_type: ClassVar[Callable[..., Any]] = Ble
    """What another fidelity replaces (`fast/board.py`)."""

    def __init__(
        self,
        name: str,
        profile: Profile,
        air: Air | None,
        seed: int,
        script: Path = FIRMWARE / "main.py",
        *,
        ticks_at_boot_ms: int = 0,
        console: Console | None = None,
        modules: Path = FIRMWARE,
        clock_ppm: float = 0,
        rtc_offset_s: int = 0,
        files: bytes | None = None,
    ) -> None:
        self.name = name
        self.profile = profile
        word_size = profile.program_unit if 1 < profile.program_unit < PAGE_BYTES else None
        self.flash = NorFlash(profile.flash_bytes, seed=f"{seed} {name}", word_size=word_size)
        self.on_output: Callable[[Pin, int], None] = _ignore
        self.on_supply_lost: Callable[[], None] = _nothing
        self.output: list[str] = []
        self.boots = 0
        self.dropped_edges = 0
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._script = script
        self._ticks_at_boot_ms = ticks_at_boot_ms
        self._modules = modules
        self._has_files = files is not None
        if files is not None:
            self.load_files(files)
        self.console = console or Console()
        self.console.attach(self._typed)
        self._clock = Clock(clock_ppm)
        self._peripherals = Peripherals(name, profile, self.flash, self._clock, rtc_offset_s, self.console, self)
        self.pins = self._peripherals.pins
        self.uarts = self._peripherals.uarts
        self.adc_mv = self._peripherals.adc_mv
        self.adc_faults = self._peripherals.adc_faults
        self.tones = self._peripherals.tones
        self._entropy = random.Random(f"entropy {seed} {name}")
        self.radio_faults = RadioFaults()
        self.ble: Ble | None = None
        if air is not None:
            self.ble = self.ble_type(name, air, random.Random(f"ble {seed} {name}"), self._radio_event, profile)
        self._vm: Vm | None = None
        self._is_powered = False
        self._is_radio_on = False
        self._switching = asyncio.Lock()
        self._heap_peak = 0
        self._heap_of_day: dict[int, int] = {}
        self._booted_us = 0
        self._sleeping: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_running(self) -> bool:
        """Whether it has power and firmware in it (booting counts, deep sleep does not)."""
        return self._vm is not None

    @property
    def is_asleep(self) -> bool:
        """Whether it is in deep sleep."""
        return self._sleeping is not None

    @property
    def uptime_us(self) -> int:
        """Virtual microseconds since power or reset, 0 without power."""
        return now_us(asyncio.get_running_loop()) - self._booted_us if self._vm else 0

    @property
    def heap_peak(self) -> int:
        """Most live bytes of the firmware in any boot; see Vm."""
        return max(self._heap_peak, self._vm.heap_peak if self._vm else 0)

    @property
    def heap_of_day(self) -> dict[int, int]:
        """Live bytes of the firmware late on each day of the world, in any boot; see Vm."""
        return self._heap_of_day | (self._vm.heap_of_day if self._vm else {})

    @property
    def vm(self) -> Vm | None:
        """The VM of this boot."""
        return self._vm

    def keep_date(self, unix_s: float) -> None:
        """From now on the board's calendar shows this time (seconds since 1970, UTC), over power cuts, too."""
        epoch_s = (date(self.profile.epoch_year, 1, 1) - date(1970, 1, 1)).days * 86_400
        self._clock.has_battery = True
        self._clock.set_date(now_us(asyncio.get_running_loop()), round((unix_s - epoch_s) * 1_000_000))

    @property
    def clock_ppm(self) -> float:
        """How much too fast its oscillator is; can be set at any time."""
        return self._clock.ppb / 1000

    @clock_ppm.setter
    def clock_ppm(self, ppm: float) -> None:
        self._clock.tune(now_us(asyncio.get_running_loop()), ppm)
        self._peripherals.tell_clock()

    def load_files(self, image: bytes) -> None:
        """Put another file system into the flash, as a programmer would; what lies beside it stays."""
        if len(image) != self.profile.files_bytes:
            raise ValueError(f"{len(image)} bytes for a file system of {self.profile.files_bytes}")
        whole = bytearray(self.flash.image())
        begin = self.profile.files_offset
        whole[begin : begin + len(image)] = image
        self.flash.load(bytes(whole))
        self._has_files = True

    def check(self) -> None:
        """Raise what `failed` holds, if anything."""
        if self.failed.done():
            self.failed.result()

    def set_pin(self, pin: Pin, level: int) -> None:
        """The world drives an input; the firmware's interrupt on it is raised at this instant."""
        self.pins.set_level(pin, level)

    async def power_on(self) -> None:
        """Supply on: the VM exists when this returns and begins `boot_us` later. Nothing when on. Raises VmError."""
        if not self._is_powered:
            self._is_powered = True
            await self._boot("power")

    async def power_off(self) -> None:
        """Supply off at this instant: a flash operation under way is torn, the radio is silent when this returns."""
        self._is_powered = False
        self._halt(power_lost=True)
        await self._silence()

    def cut_power(self, at_s: float) -> None:
        """The supply will fail at this instant of virtual time."""
        asyncio.get_running_loop().call_at(at_s, self.lose_supply)

    def cut_at_flash_operation(self, operation: int, fraction: float | None = None) -> None:
        """The supply will fail in that program or erase, 1 being the next; see `NorFlash.cut_after`."""
        self.flash.cut_after(operation, fraction)

    async def _boot(self, cause: str, woken: Woken = (0, ())) -> None:
        async with self._switching:
            if not self._is_powered or self._vm:
                return
            loop = asyncio.get_running_loop()
            self.boots += 1
            self._booted_us = now_us(loop)
            self._peripherals.boot(cause, woken)
            if cause != "soft":
                self.radio_faults.restarted()
            await self.switch_radio(False)
            await self.switch_radio(True)
            vm: Vm = self.vm_type(
                self.name,
                self._script,
                self.profile,
                self._entropy,
                self,
                ticks_at_boot_ms=self._ticks_at_boot_ms,
                output=self.output,
                printed=self.console.printed,
                modules=self._modules,
                has_files=self._has_files,
            )
            await vm.start(self._booted_us + self.profile.boot_us)
            vm.ended.add_done_callback(self._on_end)
            self._vm = vm
            self._peripherals.tell_clock()

    def _on_end(self, ended: "asyncio.Future[Ended]") -> None:
        # A script that ends by itself leaves the board on and idle, as it leaves a real one at its prompt; a real one's
        # handlers live on there, which these do not.
        if self.ble is not None:
            self.ble.answer_all()
        error = None if ended.cancelled() else ended.exception()
        if error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    async def ended(self) -> Ended:
        """How the present VM ends. Raises what made it fail."""
        if self._vm is None:
            return Ended(None)
        ended = self._vm.ended
        await asyncio.wait([ended])
        self.check()
        return ended.result()

    def _halt(self, *, power_lost: bool, keep_watchdog: bool = False) -> None:
        """The processor stops here, or its sleep. Without power a flash operation is torn; after a reset the chip
        finishes it."""
        if not keep_watchdog:
            self._peripherals.stop_watchdog()
        if self._sleeping:
            self._sleeping.cancel()
            self._sleeping = None
        vm, self._vm = self._vm, None
        if vm is None:
            return
        vm.kill()
        self._heap_peak = max(self._heap_peak, vm.heap_peak)
        self._heap_of_day |= vm.heap_of_day
        self.dropped_edges += vm.dropped_edges
        self._peripherals.halt(power_lost=power_lost)

    async def _silence(self) -> None:
        async with self._switching:
            if not self._is_powered:
                self._halt(power_lost=True)
                await self.switch_radio(False)

    async def _restart(self, cause: str, woken: Woken = (0, ())) -> None:
        try:
            await self._boot(cause, woken)
        except Exception as error:  # noqa: BLE001  # nobody awaits a board that resets itself
            self._fail(error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _sleep_deeply(self, timeout_us: int | None, wakers: Sequence[Waker]) -> None:
        async with self._switching:
            await self.switch_radio(False)
        pins = await sleep(self.pins, timeout_us, wakers)
        self._sleeping = None
        await self._restart("deepsleep", why_woken(self.profile, pins, wakers))

    # What the peripherals do to it (`peripherals.Processor`).

    def interrupt(self, kind: str, data: tuple[object, ...]) -> None:
        """An event for the firmware, now; lost when none runs."""
        if self._vm:
            self._vm.interrupt(kind, data)

    def tell_level(self, pin: Pin, level: int) -> None:
        """What a pin that the firmware set up reads from now on."""
        if self._vm:
            self._vm.tell_level(pin, level)

    def drive(self, pin: Pin, level: int) -> None:
        """An output changed."""
        self.on_output(pin, level)

    def reset(self, cause: str) -> None:
        """The processor begins anew: "reset", "watchdog" or "soft"."""
        try:
            self._halt(power_lost=False)
        except PowerCut:
            self.lose_supply()
            return
        self._spawn(self._restart(cause))

    def lose_supply(self) -> None:
        """The supply fails at this instant."""
        self._is_powered = False
        self._halt(power_lost=True)
        self._spawn(self._silence())
        self.on_supply_lost()

    def fall_asleep(self, timeout_us: int | None, wakers: Sequence[Waker]) -> None:
        """Deep sleep until `timeout_us` (None: for ever) or until one of `wakers`; then a boot."""
        try:
            self._halt(power_lost=False, keep_watchdog=self.profile.watchdog_runs_asleep)
        except PowerCut:
            self.lose_supply()
            return
        self._sleeping = self._spawn(self._sleep_deeply(timeout_us, wakers))

    async def switch_radio(self, on: bool) -> None:
        """The radio's power; without it, it forgets everything."""
        if self.ble is None or on == self._is_radio_on:
            return
        self._is_radio_on = on
        await (self.ble.power_on() if on else self.ble.power_off())

    def lose_handler(self) -> None:
        """An exception leaves the handler of `bluetooth` before its first line (stack too deep): the port drops it."""
        self.interrupt("ble_lost", ())

    def _typed(self) -> None:
        self.interrupt("console", ())

    def _radio_event(self, event: int, data: tuple[object, ...], ticket: int) -> None:
        lent = self.radio_faults.on_event(event, data)
        if lent is None:
            return
        if self._vm and self._vm.pid is not None:
            self._vm.interrupt("ble", (event, lent, ticket))
        elif self.ble is not None:
            self.ble.answer(ticket, 0)

    def fed(self) -> None:
        """The firmware fed its watchdog."""
        self._peripherals.fed()

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """Answer the VM; see `doubles/` for who asks. OSError reaches the firmware."""
        device, _, name = op.partition(".")
        if device != "ble":
            return await self._peripherals.call(device, name, args)
        if self.ble is None:
            raise OSError(19, f"{self.name} has no radio")
        self.radio_faults.before_call(name, args)
        return await self.ble.call(name, args)
