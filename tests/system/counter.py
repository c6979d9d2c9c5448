"""A counter at shift change for tests: several real units (firmware in the VM) docked side by side, and a laptop.

    async def story(counter): ...
    play(tmp_path, story, {"H1": ROLE_HOLSTER, "C1": ROLE_CAMERA})

Units are set up before the story begins. Everything is on the world's virtual loop; flows are those of the commands.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import bleak_bumble
from host_tools import label
from host_tools.bench import Bench
from host_tools.context import Context
from host_tools.flows.provision_all import Wish, boxed, provision_all
from host_tools.link import Radio
from host_tools.vault.vault import Vault
from interlock.core import access, settings
from simulator.body_camera import BodyCamera
from simulator.clock import now_us, run
from simulator.entropy import seeded_entropy
from simulator.factory import Area
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import SECTOR_BYTES, profile
from simulator.radio.air import Air
from simulator.wiring import wiring as wiring_of

T = TypeVar("T")
EPOCH_MS = 1_772_431_200_000


class Counter:
    """`boards`: by serial; `bench`: what flows get."""

    def __init__(self, folder: Path, port: str, seed: int, serials: list[str]) -> None:
        self.air = Air(seed)
        self.port = port
        self.boards = {serial: VirtualBoard(serial, profile(port), self.air, seed) for serial in serials}
        self.labels = {serial: label.Label(serial, serial.encode().ljust(16)) for serial in serials}
        for serial, board in self.boards.items():
            image = bytearray(board.flash.image())
            area = Area(image, profile(port).journal_offset, settings.SECTORS * SECTOR_BYTES)
            access.store_label(area, access.Label(serial.encode().ljust(8), self.labels[serial].secret))
            board.flash.load(bytes(image))
        self.laptop = Laptop("laptop", self.air, seed)
        self._folder, self._seed = folder, seed

    async def begin(self) -> None:
        """Power on, docked, weapons in their holsters, cameras off; the laptop is there."""
        wiring = wiring_of(self.port)
        for place, board in enumerate(self.boards.values()):
            self.air.place(board.name, 0.3 * place, 0.0)
            board.adc_mv[wiring.pins["battery"]] = 1950
            for signal in ("armed", "discharge", "button", "tally", "awake", "seat_opens", "seat_closes", "dock"):
                level = int(signal in ("seat_closes", "dock")) ^ (signal in wiring.active_low)
                board.set_pin(wiring.pins[signal], level)
            await board.power_on()
        self.air.place("laptop", 1.0, 1.0)
        await self.laptop.power_on()
        backends = bleak_bumble.backends(self.laptop.device)
        vault = Vault.create(self._folder / "vault", "TEST", random.Random(self._seed).randbytes)
        loop = asyncio.get_running_loop()
        radio = Radio(backends.scanner, backends.client)
        store = Context(self._folder).open_store()
        self.bench = Bench(radio, vault, store, lambda: EPOCH_MS + now_us(loop) // 1000, "alice")

    async def set_up(self, roles: Mapping[str, int]) -> None:
        """As `interlock provision --all --blink` does it."""
        for each in self.labels.values():
            self.bench.vault.keep_label(each)
        near = [sighting.serial or "" for sighting in await boxed(self.bench)]
        assert sorted(near) == sorted(roles)
        wishes = [Wish(self.labels[serial], roles[serial]) for serial in near]
        tried = await provision_all(self.bench, wishes, signing="none", blinks=True)
        assert self.bench.vault.labels() == [], "a label that opens nothing is kept no longer"
        assert all(each.failure is None for each in tried), tried

    def wear(self, serial: str, start_delay_ms: int = 500) -> BodyCamera:
        """A body-worn camera on this unit's three wires."""
        wiring, board = wiring_of(self.port), self.boards[serial]
        recorder = BodyCamera(start_delay_ms=start_delay_ms)

        def output(pin: object, level: int) -> None:
            if pin == wiring.pins["shutter"] and recorder.has_shutter:
                recorder.shutter(level)

        def drive(signal: str, level: int) -> None:
            board.set_pin(wiring.pins[signal], int(bool(level)) ^ (signal in wiring.active_low))

        board.on_output = output
        recorder.connect(lambda level: drive("tally", level), lambda level: drive("awake", level))
        return recorder

    async def end(self) -> None:
        self.bench.store.close()
        self.laptop.power_off()
        for board in self.boards.values():
            await board.power_off()


def play(
    folder: Path,
    story: Callable[[Counter], Awaitable[T]],
    roles: Mapping[str, int],
    *,
    port: str = "esp32",
    seed: int = 1,
) -> T:
    """Play a story at a fresh counter in virtual time; what it returns."""

    async def whole() -> T:
        counter = Counter(folder, port, seed, list(roles))
        await counter.begin()
        try:
            await counter.set_up(roles)
            return await story(counter)
        finally:
            for board in counter.boards.values():
                board.check()
            await counter.end()

    with seeded_entropy(seed):
        return run(whole())
