"""A virtual board: the VM that runs the firmware, its pins, its flash, its radio, and the switch of its supply.

What firmware sees of it is `doubles/`; what each thing costs in time is `profiles.py`. It knows nothing of Interlock:
which pin is a tally line is the scenario's business.
"""

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from .air import Air
from .ble import Ble
from .clock import now_us
from .flash import NorFlash, PowerCut
from .pins import Pins
from .profiles import PAGE_BYTES, Profile
from .vm import FIRMWARE, Ended, Vm
from .watchdog import Watchdog

EINVAL = 22


def _ignore(pin: int, level: int) -> None:
    """An output that nobody watches."""


class VirtualBoard:
    """Without power at first. `script` is what it runs (default: the firmware's main.py).

    `failed` never gets a result; it gets the exception when an exception leaves the firmware (FirmwareError) or the
    VM fails (VmError): await it beside what else you wait for, or call `check`. `flash`, levels of inputs and
    `adc_mv` (pin: millivolts) outlive the power. `ticks_at_boot_ms` makes the tick counter start there, so that a
    test sees its wrap at 2^30 early.
    """

    def __init__(
        self,
        name: str,
        profile: Profile,
        air: Air | None,
        seed: int,
        script: Path = FIRMWARE / "main.py",
        *,
        ticks_at_boot_ms: int = 0,
    ) -> None:
        self.name = name
        self.profile = profile
        self.flash = NorFlash(profile.flash_bytes, seed=f"{seed} {name}")
        self.adc_mv: dict[int, int] = {}
        self.on_output: Callable[[int, int], None] = _ignore
        self.output: list[str] = []
        self.boots = 0
        self.dropped_edges = 0
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pins = Pins(lambda pin, level: self.on_output(pin, level), self._level, self._edge)
        self._script = script
        self._ticks_at_boot_ms = ticks_at_boot_ms
        self._entropy = random.Random(f"entropy {seed} {name}")
        self.ble: Ble | None = None
        if air is not None:
            self.ble = Ble(name, air, random.Random(f"ble {seed} {name}"), self._radio_event, profile)
        self._vm: Vm | None = None
        self._is_powered = False
        self._is_radio_on = False
        self._switching = asyncio.Lock()
        self._heap_peak = 0
        self._booted_us = 0
        self._reset_cause = "power"
        self._flash_end: tuple[Callable[[], None], Callable[[], None]] | None = None
        self._irq_off = False
        self._latched: dict[int, None] = {}
        self._watchdog: Watchdog | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_running(self) -> bool:
        """Whether it has power and firmware in it (booting counts)."""
        return self._vm is not None

    @property
    def uptime_us(self) -> int:
        """Virtual microseconds since power or reset, 0 without power."""
        return now_us(asyncio.get_running_loop()) - self._booted_us if self._vm else 0

    @property
    def heap_peak(self) -> int:
        """Most live bytes of the firmware in any boot; see Vm."""
        return max(self._heap_peak, self._vm.heap_peak if self._vm else 0)

    @property
    def vm(self) -> Vm | None:
        """The VM of this boot."""
        return self._vm

    def check(self) -> None:
        """Raise what `failed` holds, if anything."""
        if self.failed.done():
            self.failed.result()

    def set_pin(self, number: int, level: int) -> None:
        """The world drives an input; the firmware's interrupt on it is raised at this instant."""
        self.pins.set_level(number, level)

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

    async def _boot(self, cause: str) -> None:
        async with self._switching:
            if not self._is_powered or self._vm:
                return
            loop = asyncio.get_running_loop()
            self._reset_cause = cause
            self.boots += 1
            self._booted_us = now_us(loop)
            await self._switch_radio(False)
            await self._switch_radio(True)
            vm = Vm(
                self.name,
                self._script,
                self.profile,
                self._entropy,
                self,
                ticks_at_boot_ms=self._ticks_at_boot_ms,
                output=self.output,
            )
            await vm.start(self._booted_us + self.profile.boot_us)
            vm.ended.add_done_callback(self._on_end)
            self._vm = vm

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

    def _halt(self, *, power_lost: bool) -> None:
        """The processor stops here. Without power a flash operation is torn; after a reset the chip finishes it."""
        vm, self._vm = self._vm, None
        if vm is None:
            return
        vm.kill()
        self._heap_peak = max(self._heap_peak, vm.heap_peak)
        self.dropped_edges += vm.dropped_edges
        self._irq_off = False
        self._latched.clear()
        if self._watchdog:
            self._watchdog.lose_power()
            self._watchdog = None
        self.pins.lose_power()
        if self._flash_end:
            finish, tear = self._flash_end
            self._flash_end = None
            (tear if power_lost else finish)()

    async def _silence(self) -> None:
        async with self._switching:
            if not self._is_powered:
                self._halt(power_lost=True)
                await self._switch_radio(False)

    async def _switch_radio(self, on: bool) -> None:
        if self.ble is None or on == self._is_radio_on:
            return
        self._is_radio_on = on
        await (self.ble.power_on() if on else self.ble.power_off())

    def _reset(self, cause: str) -> None:
        try:
            self._halt(power_lost=False)
        except PowerCut:
            self._lose_supply()
            return
        self._spawn(self._restart(cause))

    async def _restart(self, cause: str) -> None:
        try:
            await self._boot(cause)
        except Exception as error:  # noqa: BLE001  # nobody awaits a board that resets itself
            self._fail(error)

    def _lose_supply(self) -> None:
        self._is_powered = False
        self._halt(power_lost=True)
        self._spawn(self._silence())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _level(self, pin: int, level: int) -> None:
        if self._vm:
            self._vm.tell_level(pin, level)

    def _edge(self, pin: int) -> None:
        if self._irq_off:
            self._latched[pin] = None
        elif self._vm:
            self._vm.interrupt("pin", (pin,))

    def _radio_event(self, event: int, data: tuple[object, ...], ticket: int) -> None:
        if self._vm and self._vm.pid is not None:
            self._vm.interrupt("ble", (event, data, ticket))
        elif self.ble is not None:
            self.ble.answer(ticket, 0)

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """Answer the VM; see `doubles/` for who asks. OSError reaches the firmware."""
        device, _, name = op.partition(".")
        if device == "ble":
            if self.ble is None:
                raise OSError(19, f"{self.name} has no radio")
            return await self.ble.call(name, args)
        if device == "flash":
            return await self._flash(name, *args)
        match op:
            case "pin.write":
                self.pins.write(*args)
            case "pin.init":
                self.pins.init(*args)
            case "pin.irq":
                self.pins.watch(*args)
            case "adc.mv":
                return self.adc_mv.get(args[0], 0)
            case "wdt.start":
                if self._watchdog:
                    self._watchdog.lose_power()
                self._watchdog = Watchdog(args[0], lambda: self._reset("watchdog"))
            case "wdt.feed":
                if self._watchdog:
                    self._watchdog.feed()
            case "chip.reset":
                self._reset("reset")
            case "chip.reset_cause":
                return self.profile.reset_cause[self._reset_cause]
            case "chip.unique_id":
                return hashlib.sha256(self.name.encode()).digest()[: self.profile.unique_id_bytes]
            case _:
                raise ValueError(f"a virtual board does not know {op}")
        return None

    async def _flash(self, name: str, address: int, what: Any = None) -> object:
        flash = self.flash
        if name == "read":
            await asyncio.sleep(_pages(what) * self.profile.read_us / 1e6)
            return flash.read(address, what)
        if name == "program":
            if address % self.profile.program_unit or len(what) % self.profile.program_unit:
                raise OSError(EINVAL)
            cost_us = _pages(len(what)) * self.profile.program_us
            await self._flash_work(
                cost_us, lambda: flash.program(address, what), lambda: flash.tear_program(address, what)
            )
        else:
            await self._flash_work(
                self.profile.erase_us, lambda: flash.erase(address), lambda: flash.tear_erase(address)
            )
        return None

    async def _flash_work(self, cost_us: int, finish: Callable[[], None], tear: Callable[[], None]) -> None:
        self._irq_off = self.profile.irq_off_during_flash
        self._flash_end = (finish, tear)
        await asyncio.sleep(cost_us / 1e6)
        self._flash_end = None
        self._irq_off = False
        try:
            finish()
        except PowerCut:
            self._lose_supply()
            return
        latched, self._latched = self._latched, {}
        for pin in latched:
            self._edge(pin)


def _pages(length: int) -> int:
    return -(-length // PAGE_BYTES)
