"""Adapters: each is a lane of its own, with so many links at a time, and one that breaks is opened anew by itself.

What one scan hears is known to everybody: a visit connects to what was heard a moment ago instead of scanning again,
and whoever has to scan does it in short turns, so that a unit that went away does not keep the others from connecting.
"""

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from ..bench import Radio, Sighting
from ..inbox import LinkLost
from ..outcome import Exit, ToolError
from ..session import Link

log = logging.getLogger("interlock.dock")

FRESH_S = 8.0  # BlueZ forgets a device about 30 s after it was heard last
TURN_S = 2.0
REOPEN_S = 5.0  # doubled with each failure in a row
REOPEN_MAX_S = 120.0
SLOW_S = 20.0  # a scan that is late by so much: its adapter is busy with somebody who does not answer, or hangs
CONNECTS_S = 240.0  # three attempts, each of which may wait for others
HUNG_S = 40.0  # for the scan, and for each of those that may be before it in the adapter's queue
CLOSE_S = 8.0
CONNECTS_MAX = 2  # in one visit, to one that lets nobody connect
_SYSTEM = Path("/sys/class/bluetooth")

Opener = Callable[[], AbstractAsyncContextManager[Radio]]


class OutOfOrder(LinkLost):
    """The adapter cannot be used: no unit's fault."""


class Lane:
    """`name`: the adapter's; `busy`: visits under way; `trouble`: why it cannot be used, or None; `hangs`: connections
    that took it very long, in a row."""

    def __init__(self, name: str, opener: Opener, links: int) -> None:
        self.name = name
        self.links = links
        self.busy = 0
        self.made = 0
        self.trouble: ToolError | None = None
        self.heard: dict[str, tuple[float, list[Sighting]]] = {}
        self._opener = opener
        self._stack: AsyncExitStack | None = None
        self._radio: Radio | None = None
        self._failures = 0
        self._not_before_s = 0.0
        self._late_from_s: float | None = None
        self._has_listened = False
        self.hangs = 0

    @property
    def is_open(self) -> bool:
        return self._radio is not None

    @property
    def is_free(self) -> bool:
        return self._has_listened and self.busy < self.links

    @property
    def is_slow(self) -> bool:
        """Whether another adapter had better be taken."""
        return self._late_from_s is not None and asyncio.get_running_loop().time() > self._late_from_s

    @property
    def patience_s(self) -> float:
        """How long the radio may take beyond the time that a scan or a connection has by itself."""
        return HUNG_S * (1 + self.links)

    async def sweep(self, seconds: float) -> list[Sighting]:
        """All that invites. Nothing while the adapter is out of order: `trouble` says why."""
        loop = asyncio.get_running_loop()
        if self._radio is None and loop.time() < self._not_before_s:
            return []
        self._late_from_s = loop.time() + seconds + SLOW_S
        try:
            async with asyncio.timeout(seconds + self.patience_s):
                found = self.note(await (await self._open()).scan(seconds))
        except TimeoutError:
            return await self._broke(self._hung())
        except ToolError as error:
            return await self._broke(error)
        except Exception as error:  # one adapter's defect must not stop the others
            log.exception("the adapter %s", self.name)
            said = f"something went wrong that nobody foresaw: {error!r}"
            return await self._broke(ToolError(said, "The dock's log has it: report it.", Exit.DEVICE))
        finally:
            self._late_from_s = None
        self.trouble, self._failures, self._has_listened = None, 0, True
        return found

    def _hung(self) -> ToolError:
        return ToolError(
            "it does not come back from what it was asked, and is tried again",
            "If it stays: start Bluetooth anew (Linux: systemctl restart bluetooth), or unplug the adapter.",
            Exit.DEVICE,
        )

    async def _broke(self, error: ToolError) -> list[Sighting]:
        self._failures += 1
        pause_s = min(REOPEN_MAX_S, REOPEN_S * 2 ** (self._failures - 1))
        self.trouble, self._not_before_s = error, asyncio.get_running_loop().time() + pause_s
        await self.close()
        return []

    async def _open(self) -> Radio:
        if self._radio is None:
            async with AsyncExitStack() as stack:
                self._radio = await stack.enter_async_context(self._opener())
                self._stack = stack.pop_all()
        return self._radio

    async def close(self) -> None:
        """Let go of the adapter; the next sweep opens it anew."""
        stack, self._stack, self._radio, self._has_listened = self._stack, None, None, False
        if stack is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await stack.aclose()

    def note(self, sightings: list[Sighting]) -> list[Sighting]:
        """Remember who was heard."""
        now_s = asyncio.get_running_loop().time()
        for serial in {sighting.serial for sighting in sightings if sighting.serial is not None}:
            # All that claim to be it: which one is shows only in a session.
            self.heard[serial] = (now_s, [sighting for sighting in sightings if sighting.serial == serial])
        return sightings

    # `bench.Radio`, for the visits.

    async def scan(self, seconds: float, wanted: Collection[str] = ()) -> list[Sighting]:
        """See `bench.Radio`. One that was heard just now is handed out once: who asks again had no luck with it."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while True:
            if wanted and (known := self._take(wanted)):
                return known
            left_s = until_s - loop.time()
            if left_s <= 0:
                return []
            turn_s = min(TURN_S, left_s) if wanted else seconds
            radio = self._using()
            try:
                async with asyncio.timeout(turn_s + self.patience_s):
                    found = self.note(await radio.scan(turn_s, wanted))
            except TimeoutError:
                await self._broke(self._hung())
                raise self._out_of_order() from None
            if not wanted or set(wanted) <= {sighting.serial for sighting in found}:
                for serial in wanted:
                    self.heard.pop(serial, None)
                return found

    def _take(self, wanted: Collection[str]) -> list[Sighting]:
        now_s = asyncio.get_running_loop().time()
        known = [self.heard[serial] for serial in wanted if serial in self.heard]
        if len(known) < len(wanted) or any(now_s - at_s >= FRESH_S for at_s, _ in known):
            return []
        for serial in wanted:
            del self.heard[serial]
        return [sighting for _, sightings in known for sighting in sightings]

    @asynccontextmanager
    async def connect(self, sighting: Sighting) -> AsyncIterator[Link]:
        """See `bench.Radio`."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(CONNECTS_S + self.patience_s):
                    link = await stack.enter_async_context(self._using().connect(sighting))
            except TimeoutError:
                await self._broke(self._hung())
                raise self._out_of_order() from None
            finally:
                self.hangs = self.hangs + 1 if loop.time() - began_s > HUNG_S else 0
            self.made += 1
            yield link

    def _using(self) -> Radio:
        if self._radio is None:
            raise self._out_of_order()
        return self._radio

    def _out_of_order(self) -> LinkLost:
        return OutOfOrder(f"the adapter {self.name} is out of order")


class Sparing:
    """A radio for one visit. Each connection that does not come about takes the adapter's time for up to a minute, so
    there are few."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._refused: Counter[object] = Counter()
        self.scan = radio.scan

    @asynccontextmanager
    async def connect(self, sighting: Sighting) -> AsyncIterator[Link]:
        """See `bench.Radio`."""
        address = getattr(sighting.device, "address", sighting.serial)
        if self._refused[address] >= CONNECTS_MAX:
            raise LinkLost("it invites, and lets nobody connect", "Move it closer to the dock's adapter, or charge it.")
        async with AsyncExitStack() as stack:
            try:
                link = await stack.enter_async_context(self._radio.connect(sighting))
            except LinkLost:
                self._refused[address] += 1
                raise
            del self._refused[address]
            yield link


class Only:
    """A radio that hears these units alone: for a flow that would visit whoever is in range."""

    def __init__(self, radio: Radio, serials: Collection[str]) -> None:
        self._radio = radio
        self._serials = tuple(serials)
        self.connect = radio.connect

    async def scan(self, seconds: float, wanted: Collection[str] = ()) -> list[Sighting]:
        """See `bench.Radio`."""
        found = await self._radio.scan(seconds, wanted or self._serials)
        return [sighting for sighting in found if sighting.serial in self._serials]


def adapters_present() -> list[str]:
    """Names of this computer's Bluetooth adapters where they can be chosen (Linux: hci0, ...); else nothing, which
    means the system's own choice."""
    if not sys.platform.startswith("linux") or not _SYSTEM.is_dir():
        return []
    return sorted((path.name for path in _SYSTEM.glob("hci*") if ":" not in path.name), key=lambda n: (len(n), n))
