"""A line to a unit over the air: a laptop with Bumble's host, controller, L2CAP and ATT, and the unit's own."""

import asyncio
from typing import Any

from bumble import att, core, hci
from bumble.device import Device, Peer
from bumble.gatt_client import CharacteristicProxy

from interlock.core import wire
from simulator.laptop import Laptop
from tests.simulator.links import preferences

INTERVAL_MS = 7.5
SUPERVISION_MS = 1000
PATIENCE_S = 120.0
LOST = (core.ProtocolError, core.ConnectionError, core.InvalidStateError, core.TimeoutError, asyncio.CancelledError)


class AirLine:
    """A `line.Line`; `connected` makes one."""

    def __init__(self, laptop: Laptop, connection: Any) -> None:
        self.mtu = 23
        self.writes = self.notified = self.refused = 0
        self.is_up = True
        self._laptop = laptop
        self._connection = connection
        self._replies: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._by_uuid: dict[str, CharacteristicProxy[bytes]] = {}
        self._stalled = asyncio.Event()
        connection.on("disconnection", lambda _: self._down())

    def _down(self) -> None:
        self.is_up = False
        self._replies.put_nowait(None)

    async def discover(self, mtu: int) -> None:
        peer = Peer(self._connection)
        if mtu > 23:
            self.mtu = await peer.request_mtu(mtu)
        (service,) = await peer.discover_service(core.UUID(wire.SERVICE))
        for found in await service.discover_characteristics():
            self._by_uuid[str(found.uuid).lower()] = found
        await self._of(wire.REPLY).subscribe(self._reply)
        await self._of(wire.STREAM).subscribe(self._streamed)

    def _of(self, uuid: str) -> CharacteristicProxy[bytes]:
        return self._by_uuid[core.UUID(uuid).to_hex_str("-").lower()]

    def _reply(self, data: bytes) -> None:
        self.notified += 1
        self._replies.put_nowait(bytes(data))

    def _streamed(self, _: bytes) -> None:
        self.notified += 1

    async def write(self, frame: bytes) -> None:
        await self._write(wire.COMMAND, frame)

    async def write_elsewhere(self, number: int, frame: bytes) -> None:
        """INFO, REPLY and STREAM take no writes: the stack refuses."""
        await self._write((wire.INFO, wire.REPLY, wire.STREAM)[number % 3], frame)

    async def _write(self, uuid: str, frame: bytes) -> None:
        if not self.is_up:
            return
        self.writes += 1
        writing = asyncio.ensure_future(self._of(uuid).write_value(frame[: self.mtu - 3], with_response=True))
        gone = asyncio.ensure_future(self._gone())
        await asyncio.wait([writing, gone], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if writing.done() and not writing.cancelled():
            error = writing.exception()
            if isinstance(error, att.ATT_Error):
                self.refused += 1
            elif error is not None and not isinstance(error, LOST):
                raise error
        writing.cancel()

    async def _gone(self) -> None:
        while self.is_up:
            await asyncio.sleep(0.1)

    async def reply(self, wait_s: float) -> bytes | None:
        if not self.is_up and self._replies.empty():
            return None
        try:
            return await asyncio.wait_for(self._replies.get(), wait_s)
        except TimeoutError:
            return None

    async def stall(self, seconds: float) -> None:
        """A host's stack takes what comes; it can only be slow to ask for more."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        if self.is_up:
            await self._connection.disconnect()
        self.is_up = False


async def connected(laptop: Laptop, mtu: int) -> AirLine:
    """Find the one unit that invites, connect, discover its table."""
    device = laptop.device
    until_s = asyncio.get_running_loop().time() + PATIENCE_S
    while asyncio.get_running_loop().time() < until_s:
        address = await _heard(device)
        if address is None:
            continue
        try:
            connection = await device.connect(
                address, connection_parameters_preferences=preferences(INTERVAL_MS, SUPERVISION_MS), timeout=5
            )
            line = AirLine(laptop, connection)
            await line.discover(mtu)
            return line
        except LOST:
            continue
    raise AssertionError("the unit invites nobody any more")


async def _heard(device: Device) -> hci.Address | None:
    found: asyncio.Future[hci.Address] = asyncio.get_running_loop().create_future()

    def heard(advertisement: Any) -> None:
        if advertisement.is_connectable and not found.done():
            found.set_result(advertisement.address)

    device.on(Device.EVENT_ADVERTISEMENT, heard)
    await device.start_scanning()
    try:
        return await asyncio.wait_for(found, 5)
    except TimeoutError:
        return None
    finally:
        await device.stop_scanning()
        device.remove_listener(Device.EVENT_ADVERTISEMENT, heard)
