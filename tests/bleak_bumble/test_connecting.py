"""Connects of a client that come to nothing, wait for each other, or are tried again."""

import asyncio
import functools

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError
from bumble import controller, hci
from bumble.device import Connection, Device

from simulator.clock import run
from tests.bleak_bumble.clients import connected, drop
from tests.bleak_bumble.world import (
    VALUE,
    CallableOff,
    Peripheral,
    World,
)

pytestmark = pytest.mark.usefixtures("both_worlds")


def _device(address: str) -> BLEDevice:
    return BLEDevice(address, None, hci.Address(address))


def test_an_address_that_nobody_has_is_not_found() -> None:
    async def main() -> None:
        world = await World().start()
        with pytest.raises(BleakDeviceNotFoundError):
            await BleakClient("C0:00:00:00:00:09", timeout=3, backend=world.backends.client).connect()
        assert asyncio.get_running_loop().time() == pytest.approx(3, abs=0.1)

    run(main())


@pytest.mark.parametrize("way", ["timeout", "cancel"])
def test_a_device_that_has_gone_costs_the_timeout_and_leaves_the_radio_usable(way: str) -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        gone = await BleakScanner.find_device_by_name("unit", backend=world.backends.scanner)
        assert gone is not None
        await unit.device.stop_advertising()
        client = BleakClient(gone, timeout=3, backend=world.backends.client)
        attempt = asyncio.create_task(client.connect())
        await asyncio.sleep(1)
        with pytest.raises(BleakError, match="already connected"):
            await client.connect()
        if way == "cancel":
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
        else:
            with pytest.raises(TimeoutError):
                await attempt
        assert not client.is_connected and not world.laptop.is_le_connecting
        await unit.advertise()
        await client.connect()
        assert await client.read_gatt_char(VALUE) == b"hello"
        await client.disconnect()

    run(main())


def test_a_controller_that_only_says_that_it_stops_connecting_does_not_hang_its_caller() -> None:
    async def main() -> None:
        world = await World().start()
        # Bumble's own, in either world.
        stock = controller.Controller.on_hci_le_create_connection_cancel_command
        world.radio.on_hci_le_create_connection_cancel_command = functools.partial(stock, world.radio)  # type: ignore[method-assign]
        gone = BleakClient(_device("C0:00:00:00:00:09"), timeout=3, backend=world.backends.client)
        with pytest.raises(TimeoutError):
            await gone.connect()

    run(main())


@pytest.mark.parametrize("does_one_thing_at_a_time", [False, True])
def test_connects_of_one_radio_wait_for_each_other_and_scanning_goes_on(does_one_thing_at_a_time: bool) -> None:
    async def main() -> None:
        world = await World().start()
        if isinstance(world.radio, CallableOff):
            world.radio.does_one_thing_at_a_time = does_one_thing_at_a_time
        units = [await world.peripheral(number) for number in range(2, 7)]
        heard: list[str] = []
        async with BleakScanner(lambda d, a: heard.append(d.address), backend=world.backends.scanner) as scanner:
            await asyncio.sleep(3)
            clients = [BleakClient(device, backend=world.backends.client) for device in scanner.discovered_devices]
            assert len(clients) == len(units)
            await asyncio.gather(*(client.connect() for client in clients))
            assert world.laptop.is_scanning
            assert await asyncio.gather(*(client.read_gatt_char(VALUE) for client in clients)) == [b"hello"] * 5
            await asyncio.gather(*(client.disconnect() for client in clients))
            heard.clear()
            await asyncio.sleep(5)
            assert set(heard) == {unit.address for unit in units}

    run(main())


def test_two_clients_of_one_device_are_refused_by_name() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        with pytest.raises(BleakError, match="already connected by another client"):
            await BleakClient(_device(unit.address), backend=world.backends.client).connect()
        assert await client.read_gatt_char(VALUE) == b"hello"

    connected(story)


def test_a_link_that_drops_during_discovery_fails_the_connect_without_callback() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        calls: list[BleakClient] = []
        unit.device.gatt_server.on_gatt_pdu = lambda *args: None  # type: ignore[method-assign]

        async def hang_up() -> None:
            await asyncio.sleep(2)
            await drop(unit)

        task = asyncio.create_task(hang_up())
        client = BleakClient(_device(unit.address), calls.append, timeout=10, backend=world.backends.client)
        with pytest.raises(BleakError, match="REMOTE_USER"):
            await client.connect()
        await task
        assert not client.is_connected and calls == []

    run(main())


def test_a_link_that_was_never_established_is_tried_again() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        answer = unit.device.gatt_server.on_gatt_pdu
        reasons: list[int] = []

        async def miss() -> None:
            """As if the first packets had been missed: the unit says nothing, the controller gives up."""
            unit.device.gatt_server.on_gatt_pdu = lambda *args: None  # type: ignore[method-assign]
            while not unit.device.connections:
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.3)
            unit.device.gatt_server.on_gatt_pdu = answer  # type: ignore[method-assign]
            reason = hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
            await unit.connection.disconnect(reason)

        def on_connection(connection: Connection) -> None:
            connection.on(Connection.EVENT_DISCONNECTION, reasons.append)

        world.laptop.on(Device.EVENT_CONNECTION, on_connection)
        missing = asyncio.create_task(miss())
        client = BleakClient(_device(unit.address), timeout=30, backend=world.backends.client)
        await client.connect()
        await missing
        assert client.is_connected
        assert reasons == [hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR]

    run(main())


def test_a_device_of_another_backend_is_refused() -> None:
    async def main() -> None:
        world = await World().start()
        device = _device("C0:00:00:00:00:02")
        device.details = {"path": "/org/bluez/hci0"}
        with pytest.raises(BleakError, match="another backend"):
            BleakClient(device, backend=world.backends.client)

    run(main())


def test_a_mistyped_argument_is_refused_where_bleak_would_ignore_it() -> None:
    async def main() -> None:
        world = await World().start()
        with pytest.raises(TypeError):
            BleakClient("C0:00:00:00:00:02", disconnect_callback=print, backend=world.backends.client)

    run(main())
