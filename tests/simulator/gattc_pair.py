"""Two boards in reach of each other: one asks, the other serves."""

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.clock import run
from simulator.radio.air import Air

from .ble_boards import errno_of
from .gatt_bench import ALL, READ, SERVICE
from .radio_world import STILL, Board

VALUE = b"\x6e\x2a"
CONNECTED, GONE = 7, 8
NOBODY = (0, b"nobody")


class Pair:
    """Two boards of one port: `far` serves one characteristic, `near` is its central."""

    def __init__(self, port: str, air: Air) -> None:
        self.air = air
        self.port = port
        self.is_nimble = port != "rp2"
        self.near = Board("near", air, port=port)
        self.far = Board("far", air, 1, port=port)
        self.conn = self.value = 0

    async def start(self) -> "Pair":
        for board in (self.near, self.far):
            await board.start()
        services = ((SERVICE, ((VALUE, ALL, ()), (b"\x6f\x2a", READ, ()))),)
        ((self.value, _),) = await self.far.ble.call("gatts_register_services", (services,))  # type: ignore[misc]
        await self.far.advertise(30, connectable=True)
        await self.connect()
        return self

    async def connect(self) -> None:
        await self.call("gap_connect", *await self.address(), 2000, 0, 0)
        self.conn = (await self.event(CONNECTED))[0]
        await asyncio.sleep(0.2)

    async def address(self) -> tuple[int, bytes]:
        kind, content = await self.far.ble.call("config_get", ("mac",))  # type: ignore[misc]
        return kind, content

    async def call(self, op: str, *args: Any) -> Any:
        return await self.near.ble.call(op, args)

    async def errno_of(self, op: str, *args: Any) -> int | None:
        return await errno_of(self.near, op, *args)

    async def event(self, kind: int) -> Any:
        """The next event of this kind at `near`, taken off its log with all before it."""
        async with asyncio.timeout(40):
            while True:
                for at, (_, event, data) in enumerate(self.near.log):
                    if event == kind:
                        del self.near.log[: at + 1]
                        return data
                await asyncio.sleep(0.001)

    def status(self, nimble: int, btstack: int) -> int:
        return nimble if self.is_nimble else btstack


def pair(story: Callable[[Pair], Any], port: str = "esp32") -> None:
    async def main() -> None:
        await story(await Pair(port, Air(1, STILL)).start())

    run(main())
