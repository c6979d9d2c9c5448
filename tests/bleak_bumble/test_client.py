"""bleak's client over Bumble: connecting, values, and every way in which a link ends."""

import asyncio
import functools
from collections.abc import Awaitable, Callable

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from bumble import controller, hci
from bumble.device import Connection, Device

from bleak_bumble import backends
from simulator.clock import run
from tests.bleak_bumble.world import (
    NUDGE,
    OTHER_SERVICE,
    SECRET,
    SERVICE,
    STREAM,
    VALUE,
    CallableOff,
    Peripheral,
    World,
)

pytestmark = pytest.mark.usefixtures("both_worlds")

Story = Callable[[World, Peripheral, BleakClient], Awaitable[None]]


def connected(story: Story, mtu: int = 517) -> None:
    """Tell a story that begins with a connection."""

    async def main() -> None:
        world = await World(mtu).start()
        unit = await world.peripheral()
        device = await BleakScanner.find_device_by_name("unit", backend=world.backends.scanner)
        assert device is not None
        async with BleakClient(device, backend=world.backends.client) as client:
            await story(world, unit, client)

    run(main())


def _device(address: str) -> BLEDevice:
    return BLEDevice(address, None, hci.Address(address))


async def drop(unit: Peripheral) -> None:
    """The unit ends the link."""
    await unit.connection.disconnect()


def test_services_are_there_after_connecting() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        value = client.services.get_characteristic(VALUE)
        assert value is not None and value.service_uuid == SERVICE
        assert value.properties == ["read", "write-without-response", "write"]
        assert client.services.get_service(OTHER_SERVICE) is not None
        assert client.name == "unit" and client.address == unit.address
        (description,) = value.descriptors
        assert await client.read_gatt_descriptor(description.handle) == b"a value"

    connected(story)


def test_only_wanted_services_are_discovered() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        async with BleakClient(unit.address, services=[SERVICE], backend=world.backends.client) as client:
            assert [service.uuid for service in client.services] == [SERVICE]

    run(main())


@pytest.mark.parametrize(("asked", "got"), [(23, 23), (24, 24), (185, 185), (517, 517)])
def test_the_mtu_is_the_one_that_was_asked_for(asked: int, got: int) -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        assert client.mtu_size == got == unit.connection.att_mtu
        value = client.services.get_characteristic(VALUE)
        assert value is not None and value.max_write_without_response_size == got - 3
        sent = bytes(min(got - 3, 512))  # what is longer than a value may be, the unit drops without a word
        await client.write_gatt_char(VALUE, sent, response=False)
        with pytest.raises(BleakError, match=f"at most {got - 3} bytes"):
            await client.write_gatt_char(VALUE, bytes(got - 2), response=False)
        await asyncio.sleep(1)
        assert unit.written == [sent]

    connected(story, asked)


def test_an_mtu_out_of_range_is_refused() -> None:
    async def main() -> None:
        world = await World().start()
        for mtu in (22, 518):
            with pytest.raises(ValueError):
                backends(world.laptop, mtu=mtu)

    run(main())


@pytest.mark.parametrize("mtu", [23, 517])
def test_long_values_are_read_and_written_whole(mtu: int) -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        unit.content = bytes(range(256)) * 2
        assert await client.read_gatt_char(VALUE) == unit.content
        await client.write_gatt_char(VALUE, unit.content, response=True)
        assert b"".join(unit.written) == unit.content
        with pytest.raises(BleakError, match="at most 512 bytes"):
            await client.write_gatt_char(VALUE, bytes(513), response=True)

    connected(story, mtu)


def test_many_writes_without_response_all_arrive_in_order() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        for i in range(500):
            await client.write_gatt_char(VALUE, i.to_bytes(2, "big"), response=False)
        await client.write_gatt_char(VALUE, b"end", response=True)
        assert unit.written == [i.to_bytes(2, "big") for i in range(500)] + [b"end"]

    connected(story)


def test_an_att_error_is_a_gatt_protocol_error() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        with pytest.raises(BleakGATTProtocolError) as caught:
            await client.read_gatt_char(SECRET)
        assert caught.value.code is BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION
        assert await client.read_gatt_char(VALUE) == b"hello"

    connected(story)


def test_notifications_come_from_start_to_stop_and_in_order() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        got: list[bytes] = []
        await client.start_notify(STREAM, lambda _, data: got.append(bytes(data)))
        with pytest.raises(BleakError, match="already"):
            await client.start_notify(STREAM, lambda _, data: None)
        for i in range(20):
            await unit.device.notify_subscriber(unit.connection, unit.stream, bytes((i,)))
        await asyncio.sleep(1)
        await client.stop_notify(STREAM)
        await unit.device.notify_subscriber(unit.connection, unit.stream, b"late")
        await asyncio.sleep(1)
        assert got == [bytes((i,)) for i in range(20)]
        with pytest.raises(BleakError):
            await client.stop_notify(STREAM)
        await client.start_notify(STREAM, lambda _, data: got.append(bytes(data)))
        await unit.device.notify_subscriber(unit.connection, unit.stream, b"again")
        await asyncio.sleep(1)
        assert got[20:] == [b"again"]

    connected(story)


def test_indications_are_confirmed_even_when_the_callback_stumbles() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context["exception"]))

        def stumble(sender: object, data: bytearray) -> None:
            raise LookupError(bytes(data))

        await client.start_notify(NUDGE, stumble)
        await asyncio.wait_for(unit.device.indicate_subscribers(unit.nudge, b"one"), 5)
        await asyncio.wait_for(unit.device.indicate_subscribers(unit.nudge, b"two"), 5)
        await asyncio.sleep(1)
        assert [str(error) for error in errors] == ["b'one'", "b'two'"]

    connected(story)


def test_what_offers_no_notifications_says_so() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        with pytest.raises(BleakError, match="neither notifications nor indications"):
            await client.start_notify(VALUE, lambda _, data: None)

    connected(story)


@pytest.mark.parametrize("way", ["own", "peer", "power"])
def test_the_disconnected_callback_comes_once_whatever_ends_the_link(way: str) -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        calls: list[BleakClient] = []
        client = BleakClient(unit.address, calls.append, backend=world.backends.client)
        await client.connect()
        assert client.is_connected
        if way == "own":
            await client.disconnect()
        elif way == "peer":
            await drop(unit)
        else:
            await world.laptop.power_off()
        await asyncio.sleep(1)
        assert not client.is_connected
        await client.disconnect()
        await client.disconnect()
        assert calls == [client]
        with pytest.raises(BleakError):
            await client.read_gatt_char(VALUE)

    run(main())


@pytest.mark.parametrize("what", ["read", "write", "start_notify"])
def test_pending_requests_fail_when_the_link_drops(what: str) -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        unit.device.gatt_server.on_gatt_pdu = lambda *args: None  # type: ignore[method-assign]  # it fell silent
        requests = {
            "read": lambda: client.read_gatt_char(VALUE),
            "write": lambda: client.write_gatt_char(VALUE, b"x", response=True),
            "start_notify": lambda: client.start_notify(STREAM, lambda _, data: None),
        }
        tasks = [asyncio.create_task(requests[what]()) for _ in range(1 if what == "start_notify" else 3)]
        await asyncio.sleep(1)
        await drop(unit)
        async with asyncio.timeout(1):
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, BleakError) and "REMOTE_USER" in str(result) for result in results)

    connected(story)


def test_a_request_that_is_given_up_does_not_give_its_answer_to_the_next() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        answers = iter((b"first", b"second"))
        unit.on_read = lambda: next(answers)
        first = asyncio.create_task(client.read_gatt_char(VALUE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        assert await client.read_gatt_char(VALUE) == b"second"

    connected(story)


def test_a_peripheral_that_never_answers_loses_its_link() -> None:
    async def story(world: World, unit: Peripheral, client: BleakClient) -> None:
        unit.device.gatt_server.on_gatt_pdu = lambda *args: None  # type: ignore[method-assign]
        with pytest.raises(BleakError, match="did not answer"):
            await client.read_gatt_char(VALUE)
        await asyncio.sleep(1)
        assert not client.is_connected and not unit.device.connections

    connected(story)


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
