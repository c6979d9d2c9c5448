"""STM32's cache of one flash page, between `pyb.Flash` and the chip: writes land in it and reach the chip late.

Source: ports/stm32/flashbdev.c and storage.c. Every 512 ms the system tick looks: a page that was written to is erased
at the first look, and programmed at the first look that is 5 s after the last write. A sync, and a write to another
page, do both at once. So for seconds the page exists in RAM only: power lost before the erase loses what was new,
power lost after it loses all that the page held. A reset loses the same; a soft reset syncs first.

Not here: the processor's standstill during work that the tick began (only the board's calls wait for it), and the ECC
error of a torn double word, which on the chip is an interrupt of its own.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from .flash import NorFlash, PowerCut

LOOK_S = 0.512
QUIET_S = 5.0


class PageCache:
    """`erase(address)` and `program(address, data, news)` work on the chip and take their time; `lock` keeps calls and
    looks apart."""

    def __init__(
        self,
        flash: NorFlash,
        erase: Callable[[int], Awaitable[None]],
        program: Callable[[int, bytes, bytes | None], Awaitable[None]],
        lock: asyncio.Lock,
    ) -> None:
        self._flash = flash
        self._erase = erase
        self._program = program
        self._lock = lock
        self._booted_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None
        self._forget()

    def _forget(self) -> None:
        self._address = -1
        self._page = bytearray()
        self._before = b""
        self._is_dirty = False
        self._is_erased = False
        self._written_s = 0.0

    def boot(self) -> None:
        """The tick begins to count."""
        self._forget()
        self._booted_s = asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Power loss or reset: what is not on the chip is gone."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._look:
            self._look.cancel()
        self._forget()

    def read(self, address: int, length: int) -> bytes:
        """As the firmware sees it: the cached page, and the chip's others."""
        data = bytearray(self._flash.read(address, length))
        for at in range(max(address, self._address), min(address + length, self._address + len(self._page))):
            data[at - address] = self._page[at - self._address]
        return bytes(data)

    async def write(self, address: int, data: bytes) -> None:
        """Into the cache; a page that is not in it comes in, and the one before it goes out first."""
        size = self._flash.sector_size
        async with self._lock:
            while data:
                page, offset = address // size * size, address % size
                if page != self._address:
                    await self._write_back()
                    self._address = page
                    self._before = self._flash.read(page, size)
                    self._page = bytearray(self._before)
                here, data = data[: size - offset], data[size - offset :]
                self._page[offset : offset + len(here)] = here
                self._is_dirty = True
                self._written_s = asyncio.get_running_loop().time()
                address += len(here)
            self._await_look()

    async def sync(self) -> None:
        """Everything is on the chip when this returns."""
        async with self._lock:
            await self._write_back()

    async def _write_back(self) -> None:
        if self._is_dirty and not self._is_erased:
            await self._erase_page()
        if self._is_dirty:
            await self._program_page()

    async def _erase_page(self) -> None:
        await self._erase(self._address)
        self._is_erased = True

    async def _program_page(self) -> None:
        page = bytes(self._page)
        await self._program(self._address, page, _news(self._before, page))
        self._before = page
        self._is_dirty = self._is_erased = False

    def _await_look(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is None:
            looks = int((loop.time() - self._booted_s) / LOOK_S) + 1
            self._timer = loop.call_at(self._booted_s + looks * LOOK_S, self._begin_look)

    def _begin_look(self) -> None:
        self._timer = None
        self._look = asyncio.get_running_loop().create_task(self._take_look())

    async def _take_look(self) -> None:
        async with self._lock:
            with contextlib.suppress(PowerCut):  # whoever cut the power knows
                await self._work()

    async def _work(self) -> None:
        if self._is_dirty and not self._is_erased:
            await self._erase_page()
        elif self._is_dirty and asyncio.get_running_loop().time() - self._written_s >= QUIET_S:
            await self._program_page()
        if self._is_dirty:
            self._await_look()


def _news(before: bytes, after: bytes) -> bytes:
    """From the first to the last byte that differs."""
    differ = [at for at in range(len(after)) if before[at] != after[at]]
    return after[differ[0] : differ[-1] + 1] if differ else b""
