"""The door of a live world: HCI over TCP on this machine, a radio of its own in the world for everybody who comes in.

What comes through is a Bluetooth host (the host tools, Bumble's apps), not a board. It has no authentication: whoever
can open a socket on this machine commands a radio, as with a USB adapter. The other end of the wire is
`bleak_bumble/door.py`; the world must be on a `clock.PacedLoop`.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable

from bumble import hci
from bumble.core import InvalidPacketError
from bumble.transport.common import PacketParser

from .radio.air import Air
from .radio.controller import AirController

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
MAX_UNREAD_BYTES = 1 << 20
"""A visitor that leaves so much unread has hung; its reports must not fill the memory."""


class Door:
    """Listens on 127.0.0.1. Each connection is a radio "laptop N" (the lowest N that is free) at `position_m`."""

    def __init__(self, air: Air, position_m: tuple[float, float] = (0.0, 0.0), port: int = 0) -> None:
        self._air = air
        self._position_m = position_m
        self._port = port
        self._visitors: dict[int, _Visitor] = {}
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Start to listen; return the port. OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._admit, HOST, self._port)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Listen no more, and take every visitor's radio out of the world. Nothing when it is not open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for visitor in list(self._visitors.values()):
            visitor.leave()

    def _admit(self) -> "_Visitor":
        number = next(n for n in itertools.count(1) if n not in self._visitors)
        name = f"laptop {number}"
        self._air.place(name, *self._position_m)
        # Locally administered (the second bit of the highest octet), one for each radio.
        address = hci.Address(
            bytes((number & 0xFF, number >> 8 & 0xFF, 0, 0, 0, 0x02)), hci.Address.PUBLIC_DEVICE_ADDRESS
        )
        visitor = _Visitor(AirController(name, self._air, address), lambda: self._visitors.pop(number, None))
        self._visitors[number] = visitor
        return visitor


class _Visitor(asyncio.Protocol):
    """One TCP connection with its controller; H4 packets both ways (Core specification 6.0, Vol 4, Part A)."""

    def __init__(self, radio: AirController, on_left: Callable[[], object]) -> None:
        self._radio = radio
        self._on_left = on_left
        self._transport: asyncio.Transport | None = None
        self._has_left = False
        self._packets: list[bytes] = []
        self._parser = PacketParser()
        self._parser.set_packet_sink(_Collector(self._packets))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The radio comes to life."""
        assert isinstance(transport, asyncio.Transport)
        if self._has_left:  # the door was closed meanwhile
            transport.abort()
            return
        self._transport = transport
        self._radio.host = self

    def data_received(self, data: bytes) -> None:
        """Bytes from the host. Those that are no HCI cost it the connection, and the world nothing."""
        try:
            self._parser.feed_data(data)
        except InvalidPacketError as error:
            self._turn_out(str(error))
            return
        packets = self._packets.copy()
        self._packets.clear()
        for packet in packets:
            try:
                self._radio.on_packet(packet)
            except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes break is the stranger's loss
                self._turn_out(f"packet {packet[:16].hex()}: {error!r}")
                return

    def on_packet(self, packet: bytes) -> None:
        """One packet from the controller to the host (a sink as Bumble's controllers have it)."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._turn_out("it does not read what it is sent")
            return
        transport.write(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone: so is the radio."""
        self.leave()

    def _turn_out(self, reason: str) -> None:
        logger.warning("%s: connection closed: %s", self._radio.name, reason)
        self.leave()

    def leave(self) -> None:
        """Take the radio off the air and close the connection; once."""
        if self._has_left:
            return
        self._has_left = True
        self._radio.host = None
        self._radio.remove()
        if self._transport is not None:
            self._transport.abort()
        self._on_left()


class _Collector:
    """Keeps whole packets: Bumble's parser swallows what goes wrong within a sink."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = packets

    def on_packet(self, packet: bytes) -> None:
        """Keep it."""
        self._packets.append(packet)
