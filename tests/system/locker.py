"""A locker room for tests: one real unit (firmware in the VM) in a virtual dock, and the host tools on the same air.

    async def story(room): ...
    play(tmp_path, story, records=1000)

Everything is on the world's virtual loop; flows are those of the commands.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import bleak_bumble
from host_tools import label
from host_tools.bench import Bench
from host_tools.context import Context
from host_tools.flows.provision import provision
from host_tools.link import Radio
from host_tools.outcome import ToolError
from host_tools.vault.vault import Vault
from interlock.core import access, records, settings
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from interlock.core.settings import ROLE_HOLSTER
from simulator.clock import now_us, run
from simulator.entropy import seeded_entropy
from simulator.factory import Area
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import SECTOR_BYTES, profile
from simulator.radio.air import Air
from simulator.wiring import wiring

T = TypeVar("T")
SERIAL, SECRET = "H1", bytes(range(16))
EPOCH_MS = 1_772_431_200_000
SKIP = settings.SECTORS * SECTOR_BYTES


class Room:
    """One unit, `board`, docked; a laptop 2 m away, `bench`."""

    def __init__(self, folder: Path, port: str, seed: int, held: int) -> None:
        self.profile = profile(port)
        self.air = Air(seed)
        self.frames: list[tuple[int, bytes]] = []  # (virtual us, advertising data) of the unit's first PDUs
        self._wiring = wiring(port)
        self._seed = seed
        self.board = VirtualBoard(SERIAL, self.profile, self.air, seed)
        self._fill(held)
        self.laptop = Laptop("laptop", self.air, seed)
        self.folder = folder
        self.air.place(SERIAL, 0.0, 0.0)
        self.air.place("laptop", 2.0, 0.0)
        self.alerts = 0

    def _fill(self, held: int) -> None:
        image = bytearray(self.board.flash.image())
        port = self.profile
        access.store_label(Area(image, port.journal_offset, SKIP), access.Label(SERIAL.encode().ljust(8), SECRET))
        if held:
            carried = [(records.CONFIG, records.pack(records.CONFIG, 0, bytes(8)))]
            journal = Journal(self._journal_area(image), SERIAL.encode().ljust(8), lambda: carried)
            for i in range(held):
                journal.append(records.EVENT, records.pack(records.EVENT, 1, 0, i, 0, 0, 0, 0), i * 1000)
                journal.tidy(i * 1000)
        self.board.flash.load(bytes(image))

    def _journal_area(self, image: bytearray) -> Area:
        return Area(image, self.profile.journal_offset + SKIP, self.profile.journal_bytes - SKIP)

    async def begin(self, mtu: int = bleak_bumble.MAX_MTU) -> None:
        """Power on, docked, weapon in its holster; the laptop is there."""
        self.board.adc_mv[self._wiring.pins["battery"]] = 1950
        for signal in ("armed", "discharge", "button", "tally", "awake", "seat_opens"):
            self.drive(signal, False)
        self.drive("seat_closes", True)
        self.drive("dock", True)
        await self.board.power_on()
        await self.laptop.power_on()
        backends = bleak_bumble.backends(self.laptop.device, mtu=mtu)
        context = Context(self.folder)
        chance = random.Random(self._seed)
        try:
            vault = Vault.open(self.folder / "vault", chance.randbytes)
        except ToolError:  # the first time there is none
            vault = Vault.create(self.folder / "vault", "TEST", chance.randbytes)
        loop = asyncio.get_running_loop()
        radio = Radio(backends.scanner, backends.client)
        self.bench = Bench(radio, vault, context.open_store(), lambda: EPOCH_MS + now_us(loop) // 1000, "alice")

    def drive(self, signal: str, on: bool) -> None:
        """One of the unit's inputs."""
        level = int(on) ^ (signal in self._wiring.active_low)
        self.board.set_pin(self._wiring.pins[signal], level)

    async def provision(self, role: int = ROLE_HOLSTER, signing: str = "none") -> None:
        await provision(self.bench, label.Label(SERIAL, SECRET), role, signing=signing)

    def reading(self) -> Reading:
        """The journal as the flash holds it now."""
        return Reading(self._journal_area(bytearray(self.board.flash.image())))

    def settings(self) -> settings.Settings | None:
        return settings.load(Area(bytearray(self.board.flash.image()), self.profile.journal_offset, SKIP))

    def access(self) -> access.Access | None:
        return access.load(Area(bytearray(self.board.flash.image()), self.profile.journal_offset, SKIP))

    def stored(self) -> list[bytes]:
        """The records in the store, verbatim."""
        return [record.raw for record in self.bench.store.journal(SERIAL).records]

    async def end(self) -> None:
        self.bench.store.close()
        self.laptop.power_off()
        await self.board.power_off()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def play(
    folder: Path,
    story: Callable[[Room], Awaitable[T]],
    *,
    records: int = 0,
    port: str = "esp32",
    seed: int = 1,
    mtu: int = bleak_bumble.MAX_MTU,
) -> T:
    """Play a story in a fresh room in virtual time; what it returns."""

    async def whole() -> T:
        room = Room(folder, port, seed, records)
        await room.begin(mtu)
        try:
            return await story(room)
        finally:
            room.board.check()
            await room.end()

    with seeded_entropy(seed):
        return run(whole())
