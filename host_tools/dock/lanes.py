"""Adapters: each is a lane of its own, with so many links at a time, and one that breaks is opened anew by itself.

What one scan hears is known to everybody: a visit connects to what was heard a moment ago instead of scanning again,
and whoever has to scan does it in short turns, so that a unit that went away does not keep the others from connecting.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from ..bench import Radio, Sighting
from ..inbox import LinkLost
from ..outcome import ToolError
from ..session import Link

FRESH_S = 8.0  # BlueZ forgets a device about 30 s after it was heard last
TURN_S = 2.0
REOPEN_S = 5.0  # doubled with each failure in a row
REOPEN_MAX_S = 120.0
_SYSTEM = Path("/sys/class/bluetooth")

Opener = Callable[[], AbstractAsyncContextManager[Radio]]


class Lane:
    """`name`: the adapter's; `busy`: visits under way; `trouble`: why it cannot be used, or None."""

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

    @property
    def is_open(self) -> bool:
        return self._radio is not None

    @property
    def is_free(self) -> bool:
        return self.is_open and self.busy < self.links

    async def sweep(self, seconds: float) -> list[Sighting]:
        """All that invites. Nothing while the adapter is out of order: `trouble` says why."""
        loop = asyncio.get_running_loop()
        if self._radio is None and loop.time() < self._not_before_s:
            return []
        try:
            found = self.note(await (await self._open()).scan(seconds))
        except ToolError as error:
            self._failures += 1
            pause_s = min(REOPEN_MAX_S, REOPEN_S * 2 ** (self._failures - 1))
            self.trouble, self._not_before_s = error, loop.time() + pause_s
            await self.close()
            return []
        self.trouble, self._failures = None, 0
        return found

    async def _open(self) -> Radio:
        if self._radio is None:
            async with AsyncExitStack() as stack:
                self._radio = await stack.enter_async_context(self._opener())
                self._stack = stack.pop_all()
        return self._radio

    async def close(self) -> None:
        """Let go of the adapter; the next sweep opens it anew."""
        stack, self._stack, self._radio = self._stack, None, None
        if stack is not None:
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
            found = self.note(await self._using().scan(min(TURN_S, left_s) if wanted else seconds, wanted))
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
        async with self._using().connect(sighting) as link:
            self.made += 1
            yield link

    def _using(self) -> Radio:
        if self._radio is None:
            raise LinkLost(f"the adapter {self.name} is out of order")
        return self._radio


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
