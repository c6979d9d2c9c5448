"""A radio with model units in its reach, and a bench on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from host_tools.bench import Bench, Sighting

from .fate import Fate
from .unit_model import UTC_MS, ModelLink, ModelUnit


class ModelRadio:
    """`bench.Radio` with these units in range. `on_link`: told of each link that was made."""

    def __init__(self, units: list[ModelUnit], fate: Fate | None = None, mtu: int = 247) -> None:
        self.units = units
        self.fate = fate or Fate()
        self.mtu = mtu
        self.links = 0
        self.on_link: Callable[[ModelLink], None] = lambda _: None

    async def scan(self, seconds: float, wanted: Collection[str] = ()) -> list[Sighting]:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while True:
            found = [Sighting(unit.serial, 1, unit.state, -50, unit) for unit in self.units if self._invites(unit)]
            here = {sighting.serial for sighting in found}
            if (wanted and set(wanted) <= here) or loop.time() >= until_s:
                return found
            await asyncio.sleep(0.1)

    def _invites(self, unit: ModelUnit) -> bool:
        loop = asyncio.get_running_loop()
        unit.loop = loop
        if loop.time() < unit.deaf_until_s:
            return False
        if unit.is_new:
            unit.boot()
        return True

    @asynccontextmanager
    async def connect(self, sighting: Sighting) -> AsyncIterator[ModelLink]:
        assert isinstance(sighting.device, ModelUnit)
        link = ModelLink(sighting.device, self.fate, self.mtu)
        self.links += 1
        self.on_link(link)
        try:
            yield link
        finally:
            link.drop()


def utc_ms() -> int:
    """UTC of the loop's virtual time."""
    return UTC_MS + int(asyncio.get_running_loop().time() * 1000)


def bench_of(radio: ModelRadio, vault: object, store: object, person: str = "PC1234") -> Bench:
    return Bench(radio, vault, store, utc_ms, person)  # type: ignore[arg-type]
