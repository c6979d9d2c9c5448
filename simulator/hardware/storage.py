"""Flash as a board's calls reach it: they take their time, interrupts are off meanwhile, and power may fail within.

`flash.py` is the chip; `page_cache.py` is what STM32 has between the chip and `pyb.Flash`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from ..profiles import PAGE_BYTES, Profile
from .edges import EdgeGate
from .flash import NorFlash, PowerCut
from .page_cache import PageCache

EINVAL = 22


class Storage:
    """`lose_supply` is called where the chip says that the power was cut in an operation (`NorFlash.cut_after`)."""

    def __init__(self, flash: NorFlash, profile: Profile, gate: EdgeGate, lose_supply: Callable[[], None]) -> None:
        self._flash = flash
        self._profile = profile
        self._gate = gate
        self._lose_supply = lose_supply
        self._end: tuple[Callable[[], None], Callable[[], None]] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._cache = PageCache(flash, self._erase, self._program, self._one_at_a_time)

    def boot(self) -> None:
        """Power or reset: the cache knows nothing."""
        self._cache.boot()

    def stop(self, *, power_lost: bool) -> None:
        """The processor stops here, and with it what the cache held. Without power an operation under way is torn;
        after a reset the chip finishes it, and PowerCut is raised when that was to be cut."""
        self._cache.stop()
        if self._end:
            finish, tear = self._end
            self._end = None
            (tear if power_lost else finish)()

    async def flush(self) -> None:
        """What the cache holds goes to the chip."""
        await self._cache.sync()

    async def call(self, name: str, address: int = 0, what: Any = None) -> object:
        """One operation of the firmware. OSError reaches it; after a cut nobody is there who could be told."""
        try:
            return await self._call(name, address, what)
        except PowerCut:
            return None

    async def _call(self, name: str, address: int, what: Any) -> object:
        if name == "sync":
            await self._cache.sync()
            return None
        if name == "cached_write":
            await self._spend_reading(len(what))
            self._flash.on_cached(bytes(what))
            await self._cache.write(address, what)
            return None
        if name in ("peek", "cached_peek"):  # by a double that charges for reading where it happens
            return self._flash.read(address, what) if name == "peek" else self._cache.read(address, what)
        if name in ("read", "cached_read"):
            await self._spend_reading(what)
            return self._flash.read(address, what) if name == "read" else self._cache.read(address, what)
        async with self._one_at_a_time:
            if name == "program":
                unit = self._profile.program_unit
                if address % unit or len(what) % unit:
                    raise OSError(EINVAL)
                await self._program(address, what, None)
            else:
                await self._erase(address)
        return None

    async def _spend_reading(self, length: int) -> None:
        await asyncio.sleep(_pages(length) * self._profile.read_us / 1e6)

    async def _program(self, address: int, data: bytes, news: bytes | None) -> None:
        flash = self._flash
        cost_us = _pages(len(data)) * self._profile.program_us
        await self._work(cost_us, lambda: flash.program(address, data, news), lambda: flash.tear_program(address, data))

    async def _erase(self, address: int) -> None:
        flash = self._flash
        await self._work(self._profile.erase_us, lambda: flash.erase(address), lambda: flash.tear_erase(address))

    async def _work(self, cost_us: int, finish: Callable[[], None], tear: Callable[[], None]) -> None:
        """Raises PowerCut, with the supply gone already, so that what would follow does not."""
        if self._profile.irq_off_during_flash:
            self._gate.hold("flash")
        self._end = (finish, tear)
        await asyncio.sleep(cost_us / 1e6)
        self._end = None
        try:
            finish()
        except PowerCut:
            self._lose_supply()
            raise
        self._gate.release("flash")


def _pages(length: int) -> int:
    return -(-length // PAGE_BYTES)
