"""A docking station in virtual time with model units around it, for its tests."""

import asyncio
from contextlib import asynccontextmanager

from host_tools.dock.board import Board
from host_tools.dock.lanes import Lane
from host_tools.dock.loop import Dock, Settings
from host_tools.store.store import Store
from interlock.core.settings import ROLE_NAMES
from simulator.clock import run

from .model_radio import ModelRadio, bench_of
from .unit_model import UTC_MS

QUICK = Settings(every_s=3600, budget_s=120, cable=False, sweep_s=1, pause_s=2)
OVERDUE_S = 26 * 3600.0


async def inline(work):
    """Beside the loop, in tests: at once, since virtual time does not wait for threads."""
    return work()


class Station:
    """A dock's parts: `dock`, `board`, `store`, `radios`. `off_ms`: what the host's clock is off, to be turned; `more`:
    of `Dock`."""

    def __init__(self, world, lanes=1, links=3, settings=QUICK, vault=None, person="DOCK1", **more):
        loop = asyncio.get_running_loop()
        self.world = world
        self.off_ms = 0
        self.place = world.home / "journals.sqlite"
        self.store = Store.open(self.place)
        self.radios = [ModelRadio(list(world.units.values())) for _ in range(lanes)]
        for unit in world.units.values():
            unit.deaf_until_s, unit.wait_until_ms, unit.worked_until_s = 0.0, 0, 0.0
        self.lanes = [Lane(f"hci{n}", self._opener(radio), links) for n, radio in enumerate(self.radios)]
        vault = vault or world.vault
        bench = bench_of(self.lanes[0], vault, self.store, vault.person or person)
        bench.utc_ms = self.utc_ms
        self.board = Board("MPS", bench.person, loop.time, self.utc_ms, OVERDUE_S, dict(ROLE_NAMES), lanes=self.lanes)
        self.dock = Dock(bench, self.board, settings, self.place, world.home, inline, **more)

    def utc_ms(self):
        return UTC_MS + self.off_ms + int(asyncio.get_running_loop().time() * 1000)

    @staticmethod
    def _opener(radio):
        @asynccontextmanager
        async def opened():
            yield radio

        return opened

    def shown(self, **named):
        """Units as they are shown, by serial."""
        return {unit.serial: unit for unit in self.board.snapshot(**named).units}

    async def run_for(self, seconds):
        """The dock's day, so long."""
        ending = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, ending.set)
        await self.dock.run(ending)


def play(story, world, **named):
    """`story(station)` in virtual time; its store is closed afterwards."""

    async def whole():
        station = Station(world, **named)
        try:
            return await story(station)
        finally:
            station.store.close()

    return run(whole())
