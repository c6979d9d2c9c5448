"""A board whose script serves GATT, and a central in its reach."""

import asyncio
from collections.abc import Callable
from typing import Any

from bumble import core, hci
from bumble.device import Connection, Peer
from bumble.gatt_client import CharacteristicProxy

from simulator.clock import run
from simulator.laptop import Laptop
from simulator.radio.air import Air

from .ble_boards import errno_of
from .links import note_end, preferences
from .radio_world import STILL, Board

PORTS = ("esp32", "rp2")
READ, WRITE_NO_RESPONSE, WRITE, NOTIFY, INDICATE = 0x02, 0x04, 0x08, 0x10, 0x20
ALL = READ | WRITE_NO_RESPONSE | WRITE | NOTIFY | INDICATE
SERVICE = bytes(range(16))
CONNECT, DISCONNECT, WRITTEN, READ_REQUEST, INDICATE_DONE, MTU, UPDATE = 1, 2, 3, 4, 20, 21, 27


def uuid_of(number: int) -> bytes:
    return bytes([number]) + bytes(15)


class Bench:
    """A board with one service, and a laptop that is connected to it."""

    def __init__(self, port: str, air: Air) -> None:
        self.air = air
        self.port = port
        self.board = Board("unit", air, 1, port)
        self.laptop = Laptop("laptop", air)
        self.ends: list[tuple[float, str, int]] = []
        self.handles: tuple[int, ...] = ()
        self.connection: Connection
        self.proxies: list[CharacteristicProxy[bytes]]

    async def start(self, *flags: int, mtu: int = 0) -> "Bench":
        await self.board.start()
        await self.laptop.power_on()
        note_end(self.laptop, self.ends)
        characteristics = tuple((uuid_of(number), flag, ()) for number, flag in enumerate(flags or (ALL,)))
        (self.handles,) = await self.call("gatts_register_services", ((SERVICE, characteristics),))
        await self.connect(mtu)
        return self

    async def connect(self, mtu: int = 0) -> None:
        await self.board.advertise(50, connectable=True)
        self.connection = await self.laptop.device.connect(
            await address_of(self.board), connection_parameters_preferences=preferences(15), timeout=5
        )
        await asyncio.sleep(0.2)
        peer = Peer(self.connection)
        if mtu:
            await peer.request_mtu(mtu)
        await peer.discover_services()
        (service,) = peer.get_services_by_uuid(core.UUID.from_bytes(SERVICE))
        await service.discover_characteristics()
        self.proxies = service.characteristics
        self.peer = peer

    async def call(self, op: str, *args: Any) -> Any:
        return await self.board.ble.call(op, args)

    async def errno_of(self, op: str, *args: Any) -> int | None:
        return await errno_of(self.board, op, *args)

    def events(self, *kinds: int) -> list[tuple[int, tuple[object, ...]]]:
        return [(event, data) for _, event, data in self.board.log if not kinds or event in kinds]


async def address_of(board: Board) -> hci.Address:
    kind, content = await board.ble.call("config_get", ("mac",))  # type: ignore[misc]
    return hci.Address(content[::-1], hci.Address.RANDOM_DEVICE_ADDRESS if kind else hci.Address.PUBLIC_DEVICE_ADDRESS)


def bench(story: Callable[[Bench], Any], port: str = "esp32", *flags: int, mtu: int = 0) -> None:
    async def main() -> None:
        await story(await Bench(port, Air(1, STILL)).start(*flags, mtu=mtu))

    run(main())
