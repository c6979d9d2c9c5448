"""bleak's client over Bumble: connecting, values, and every way in which a link ends."""

import asyncio

import pytest
from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from bleak_bumble import backends
from simulator.clock import run
from tests.bleak_bumble.clients import connected, drop
from tests.bleak_bumble.world import (
    NUDGE,
    OTHER_SERVICE,
    SECRET,
    SERVICE,
    STREAM,
    VALUE,
    Peripheral,
    World,
)

pytestmark = pytest.mark.usefixtures("both_worlds")


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
