"""Two laptops with a connection between them, for tests: one serves a value, the other is the central."""

import asyncio
from dataclasses import dataclass

from bumble import hci
from bumble.device import AdvertisingType, Connection, ConnectionParametersPreferences, Device, Peer
from bumble.gatt import Characteristic, Service
from bumble.gatt_client import CharacteristicProxy

from simulator.laptop import Laptop
from simulator.radio.air import Air

SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
VALUE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
_PROPERTIES = Characteristic.Properties


def preferences(interval_ms: float, timeout_ms: int = 2000) -> dict[hci.Phy, ConnectionParametersPreferences]:
    """For `Device.connect`: an interval and a supervision timeout."""
    wanted = ConnectionParametersPreferences(
        connection_interval_min=interval_ms, connection_interval_max=interval_ms, supervision_timeout=timeout_ms
    )
    return {hci.HCI_LE_1M_PHY: wanted}


async def advertise(device: Device, interval_ms: int = 50) -> None:
    """Invite a central."""
    await device.start_advertising(
        advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
        advertising_data=b"\x02\x01\x06",
        advertising_interval_min=interval_ms,
        advertising_interval_max=interval_ms,
    )


@dataclass
class Pair:
    """`near` is the central, `far` the peripheral; `connection` is the central's, `other` the peripheral's."""

    air: Air
    near: Laptop
    far: Laptop
    value: Characteristic[bytes]
    ends: list[tuple[float, str, int]]
    """(seconds, name of the side, reason) of each end of a connection."""
    connection: Connection
    peer: Peer

    @property
    def other(self) -> Connection:
        return next(iter(self.far.device.connections.values()))

    async def proxy(self, mtu: int = 23) -> CharacteristicProxy[bytes]:
        """The value as the central sees it, after an exchange of MTUs."""
        if mtu > 23:
            assert await self.peer.request_mtu(mtu) == mtu
        await self.peer.discover_services()
        service = self.peer.get_services_by_uuid(Service(SERVICE, []).uuid)[0]
        await service.discover_characteristics()
        (proxy,) = service.characteristics
        return proxy


async def pair(air: Air, interval_ms: float = 15, timeout_ms: int = 2000) -> Pair:
    """Two laptops a metre apart, connected."""
    near, far = Laptop("near", air), Laptop("far", air)
    air.place("far", 1, 0)
    await near.power_on()
    await far.power_on()
    properties = _PROPERTIES.READ | _PROPERTIES.WRITE | _PROPERTIES.WRITE_WITHOUT_RESPONSE | _PROPERTIES.NOTIFY
    value = Characteristic[bytes](VALUE, properties, Characteristic.READABLE | Characteristic.WRITEABLE, b"hello")
    far.device.add_service(Service(SERVICE, [value]))
    ends: list[tuple[float, str, int]] = []
    note_end(far, ends)
    note_end(near, ends)
    await advertise(far.device)
    connection = await near.device.connect(
        far.device.random_address, connection_parameters_preferences=preferences(interval_ms, timeout_ms), timeout=5
    )
    await asyncio.sleep(0.2)
    return Pair(air, near, far, value, ends, connection, Peer(connection))


def note_end(laptop: Laptop, ends: list[tuple[float, str, int]]) -> None:
    """Append (seconds, name, reason) whenever a connection of it ends."""
    loop = asyncio.get_running_loop()

    def on_connection(connection: Connection) -> None:
        connection.on(connection.EVENT_DISCONNECTION, lambda reason: ends.append((loop.time(), laptop.name, reason)))

    laptop.device.on(Device.EVENT_CONNECTION, on_connection)
