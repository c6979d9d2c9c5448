"""The GATT server as firmware and a central meet it: values, limits, events, errors, and the differences of ports."""

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import pytest
from bumble import att, core, hci
from bumble.device import Connection, Peer
from bumble.gatt_client import CharacteristicProxy

from simulator.clock import run
from simulator.laptop import Laptop
from simulator.radio.air import Air, PduType

from .links import note_end, preferences
from .radio_world import FRAME, STILL, Board

PORTS = ("esp32", "rp2")
READ, WRITE_NO_RESPONSE, WRITE, NOTIFY, INDICATE = 0x02, 0x04, 0x08, 0x10, 0x20
ALL = READ | WRITE_NO_RESPONSE | WRITE | NOTIFY | INDICATE
SERVICE = bytes(range(16))
CONNECT, DISCONNECT, WRITTEN, READ_REQUEST, INDICATE_DONE, MTU, UPDATE = 1, 2, 3, 4, 20, 21, 27


def _uuid(number: int) -> bytes:
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
        characteristics = tuple((_uuid(number), flag, ()) for number, flag in enumerate(flags or (ALL,)))
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
        try:
            await self.call(op, *args)
        except OSError as error:
            return error.errno
        return None

    def events(self, *kinds: int) -> list[tuple[int, tuple[object, ...]]]:
        return [(event, data) for _, event, data in self.board.log if not kinds or event in kinds]


async def address_of(board: Board) -> hci.Address:
    kind, content = await board.ble.call("config_get", ("mac",))  # type: ignore[misc]
    return hci.Address(content[::-1], hci.Address.RANDOM_DEVICE_ADDRESS if kind else hci.Address.PUBLIC_DEVICE_ADDRESS)


def bench(story: Callable[[Bench], Any], port: str = "esp32", *flags: int, mtu: int = 0) -> None:
    async def main() -> None:
        await story(await Bench(port, Air(1, STILL)).start(*flags, mtu=mtu))

    run(main())


@pytest.mark.parametrize("port", PORTS)
def test_a_central_finds_what_was_registered(port: str) -> None:
    async def story(b: Bench) -> None:
        assert [service.uuid for service in b.peer.services] == [
            core.UUID.from_16_bits(0x1800),
            core.UUID.from_16_bits(0x1801),
            core.UUID.from_bytes(SERVICE),
        ]
        assert tuple(proxy.handle for proxy in b.proxies) == b.handles
        assert [int(proxy.properties) for proxy in b.proxies] == [READ | NOTIFY, WRITE]
        await b.proxies[0].discover_descriptors()
        assert [d.handle - b.proxies[0].handle for d in b.proxies[0].descriptors] == [1]
        await b.call("config_set", ("gap_name", "H1"))
        (name,) = await b.peer.read_characteristics_by_uuid(core.UUID.from_16_bits(0x2A00))
        assert name == b"H1"

    bench(story, port, READ | NOTIFY, WRITE)


@pytest.mark.parametrize("port", PORTS)
def test_handles_are_those_of_values_then_of_their_descriptors(port: str) -> None:
    async def main() -> None:
        board = await Board("unit", Air(1), port=port).start()
        first = (_uuid(1), NOTIFY, ((b"\x01\x29", READ), (b"\x04\x29", READ)))
        ((a, b, c, d), (e,)) = await board.ble.call(
            "gatts_register_services",
            (((SERVICE, (first, (_uuid(2), READ, ()))), (_uuid(9), ((_uuid(3), WRITE, ()),))),),
        )  # type: ignore[misc]
        assert [b - a, c - b, d - c, e - d] == [2, 1, 2, 3]  # the subscription stands before the descriptors

    run(main())


@pytest.mark.parametrize(("port", "expected"), [("esp32", None), ("rp2", errno.ENOMEM)])
def test_btstack_has_room_for_seven_long_characteristics(port: str, expected: int | None) -> None:
    async def main() -> None:
        board = await Board("unit", Air(1), port=port).start()
        for count in (7, 8):
            services = ((SERVICE, tuple((_uuid(number), NOTIFY, ()) for number in range(count))),)
            try:
                await board.ble.call("gatts_register_services", (services,))
                refusal = None
            except OSError as error:
                refusal = error.errno
            assert refusal == (expected if count == 8 else None)

    run(main())


@pytest.mark.parametrize("port", PORTS)
def test_a_write_is_cut_to_the_buffer_without_a_word(port: str) -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        await b.proxies[0].write_value(bytes(range(50)), with_response=True)
        assert await b.call("gatts_read", handle) == bytes(range(20))
        await b.call("gatts_set_buffer", handle, 30, False)
        assert await b.call("gatts_read", handle) == b""
        await b.proxies[0].write_value(bytes(range(50)), with_response=True)
        assert await b.call("gatts_read", handle) == bytes(range(30))
        assert b.events(WRITTEN) == [(WRITTEN, (1, handle))] * 2

    bench(story, port, ALL, mtu=100)


@pytest.mark.parametrize("port", PORTS)
def test_an_appending_buffer_collects_until_it_is_read(port: str) -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        await b.call("gatts_set_buffer", handle, 10, True)
        for part in (b"abc", b"def", b"ghi", b"jkl"):
            await b.proxies[0].write_value(part, with_response=True)
        assert await b.call("gatts_read", handle) == b"abcdefghij"
        assert await b.call("gatts_read", handle) == b""

    bench(story, port)


def test_the_firmwares_own_write_may_be_longer_and_reads_of_nothing_are_empty() -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        assert await b.call("gatts_write", handle, bytes(100), False) == 100
        assert await b.proxies[0].read_value() == bytes(100)  # with a blob, since the MTU is 23
        assert await b.call("gatts_read", 999) == b""
        assert await b.errno_of("gatts_write", 999, b"", False) == errno.EINVAL
        assert await b.errno_of("gatts_set_buffer", 999, 20, False) == errno.EINVAL

    bench(story)


@pytest.mark.parametrize(("port", "expected"), [("esp32", errno.EBUSY), ("rp2", None)])
def test_nimble_takes_services_only_while_the_radio_is_quiet(port: str, expected: int | None) -> None:
    async def story(b: Bench) -> None:
        none: tuple[Any, ...] = ((),)
        assert await b.errno_of("gatts_register_services", *none) == expected
        await b.connection.disconnect()
        await asyncio.sleep(0.1)
        await b.board.silence()
        assert await b.errno_of("gatts_register_services", *none) is None
        await b.board.advertise()
        assert await b.errno_of("gatts_register_services", *none) == expected
        await b.board.silence()
        await b.board.scan()
        assert await b.errno_of("gatts_register_services", *none) == expected

    bench(story, port)


def test_registering_again_replaces_what_was_there() -> None:
    async def story(b: Bench) -> None:
        await b.connection.disconnect()
        await asyncio.sleep(0.1)
        (old,) = b.handles
        await b.call("gatts_write", old, b"old", False)
        ((new,),) = await b.call("gatts_register_services", ((SERVICE, ((_uuid(7), READ, ()),)),))
        await b.connect()
        (proxy,) = b.proxies
        assert (proxy.handle, proxy.uuid) == (new, core.UUID.from_bytes(_uuid(7)))
        assert await proxy.read_value() == b""

    bench(story)


def test_flags_are_enforced_for_both_kinds_of_write() -> None:
    async def story(b: Bench) -> None:
        readable, writable, encrypted = b.proxies
        for attempt, expected in (
            (readable.write_value(b"x", with_response=True), att.ATT_WRITE_NOT_PERMITTED_ERROR),
            (writable.read_value(), att.ATT_READ_NOT_PERMITTED_ERROR),
            (encrypted.read_value(), att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR),
        ):
            with pytest.raises(att.ATT_Error) as refusal:
                await attempt
            assert refusal.value.error_code == expected
        await readable.write_value(b"x", with_response=False)
        await asyncio.sleep(0.1)
        assert not b.events(WRITTEN)

    bench(story, "esp32", READ, WRITE, READ | 0x0200)


@pytest.mark.parametrize("port", PORTS)
def test_connections_come_and_go_with_the_ports_tuples(port: str) -> None:
    async def story(b: Bench) -> None:
        peer = bytes(b.laptop.device.random_address)[::-1]
        assert b.events(CONNECT) == [(CONNECT, (1, 1, peer))]
        await b.connection.update_parameters(50, 50, 0, 3000)
        await asyncio.sleep(0.5)
        assert b.events(UPDATE) == [(UPDATE, (1, 40, 0, 300, 0))]
        assert await b.call("gap_disconnect", 1) is True
        await asyncio.sleep(0.3)
        gone = (1, 1, peer) if port == "esp32" else (1, 0xFF, bytes(6))
        assert b.events(DISCONNECT) == [(DISCONNECT, gone)]
        assert b.ends[0][2] == hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
        assert await b.call("gap_disconnect", 1) is (port == "rp2")

    bench(story, port)


@pytest.mark.parametrize(("port", "default", "largest"), [("esp32", 256, 527), ("rp2", 1017, 1017)])
def test_the_mtu_is_exchanged_by_the_central_within_the_ports_limits(port: str, default: int, largest: int) -> None:
    async def story(b: Bench) -> None:
        assert await b.call("config_get", "mtu") == default
        for wrong in (22, largest + 1):
            assert await b.errno_of("config_set", ("mtu", wrong)) == errno.EINVAL
        await b.call("config_set", ("mtu", 200))
        assert await b.peer.request_mtu(517) == 200
        assert b.events(MTU) == [(MTU, (1, 200))]

    bench(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_notifications_are_cut_to_the_mtu_and_need_no_subscription(port: str) -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        got: list[bytes] = []
        await b.proxies[0].subscribe(got.append)
        await b.call("gatts_notify", 1, handle, bytes(range(100)))
        await b.call("gatts_notify", 1, handle, b"")
        await b.call("gatts_write", handle, b"value", False)
        await b.call("gatts_notify", 1, handle, None)
        await b.peer.request_mtu(60)
        await b.call("gatts_notify", 1, handle, bytes(range(100)))
        await asyncio.sleep(0.2)
        assert got == [bytes(range(20)), b"", b"value", bytes(range(57))]
        assert await b.errno_of("gatts_notify", 7, handle, b"") == (errno.ENOTCONN if port == "esp32" else errno.EINVAL)
        assert await b.call("gatts_read", handle) == b"value"

    bench(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_an_update_goes_to_subscribers_only(port: str) -> None:
    async def story(b: Bench) -> None:
        first, second = b.handles
        got: list[bytes] = []
        await b.proxies[0].subscribe(got.append)
        heard: list[bytes] = []
        b.proxies[1].on("update", heard.append)
        await b.call("gatts_write", first, b"one", True)
        await b.call("gatts_write", second, b"two", True)
        await b.proxies[0].unsubscribe()
        await b.call("gatts_write", first, b"three", True)
        await asyncio.sleep(0.2)
        assert (got, heard) == ([b"one"], [])

    bench(story, port, READ | NOTIFY, READ | NOTIFY)


def test_an_update_of_what_has_no_subscribers_differs_between_bindings() -> None:
    async def story(b: Bench) -> None:
        expected = errno.EINVAL if b.port == "rp2" else None
        assert await b.errno_of("gatts_write", b.handles[0], b"x", True) == expected

    bench(story, "esp32", READ)
    bench(story, "rp2", READ)


def test_nimble_has_buffers_for_so_many_notifications_and_gets_them_back() -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        got: list[bytes] = []
        await b.proxies[0].subscribe(got.append)
        await asyncio.sleep(0.1)
        sent = 0
        refused = 0
        while sent < 100:
            error = await b.errno_of("gatts_notify", 1, handle, sent.to_bytes(2, "big") + bytes(240))
            sent += error is None
            refused += error == errno.ENOMEM
            if error is not None:
                await asyncio.sleep(0.005)
            else:
                assert sent - len(got) <= 12 + 6, (
                    "so many wait, and what one event carried waits for its acknowledgement"
                )
        await asyncio.sleep(0.2)
        assert [int.from_bytes(value[:2], "big") for value in got] == list(range(100))
        assert refused > 10

    bench(story, "esp32", NOTIFY, mtu=247)


def test_a_lost_connection_gives_its_buffers_back() -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        for _ in range(12):
            await b.call("gatts_notify", 1, handle, bytes(200))
        assert await b.errno_of("gatts_notify", 1, handle, b"") == errno.ENOMEM
        b.laptop.power_off()
        await asyncio.sleep(5)
        assert b.events(DISCONNECT)
        await b.laptop.power_on()
        await b.connect()
        assert await b.errno_of("gatts_notify", 1, handle, b"") is None

    bench(story, "esp32", NOTIFY, mtu=247)


def test_btstack_queues_whatever_is_asked_for() -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        got: list[bytes] = []
        await b.proxies[0].subscribe(got.append)
        for number in range(300):
            await b.call("gatts_notify", 1, handle, number.to_bytes(2, "big") + bytes(200))
        await asyncio.sleep(5)
        assert [int.from_bytes(value[:2], "big") for value in got] == list(range(300))

    bench(story, "rp2", NOTIFY, mtu=247)


@pytest.mark.parametrize(("port", "gone"), [("esp32", 7), ("rp2", 0x92)])
def test_an_indication_is_done_when_confirmed_or_when_the_connection_ends(port: str, gone: int) -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        got: list[bytes] = []
        await b.proxies[0].subscribe(got.append, prefer_notify=False)
        for value in (b"1", b"2", b"3"):
            await b.call("gatts_indicate", 1, handle, value)
        assert not b.events(INDICATE_DONE)
        await asyncio.sleep(0.3)
        assert got == [b"1", b"2", b"3"]
        assert b.events(INDICATE_DONE) == [(INDICATE_DONE, (1, handle, 0))] * 3
        await b.call("gatts_indicate", 1, handle, b"4")
        b.laptop.power_off()
        await asyncio.sleep(5)
        assert b.events(INDICATE_DONE)[3:] == [(INDICATE_DONE, (1, handle, gone))]

    bench(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_a_read_asks_the_handler_which_may_supply_the_value_and_on_nimble_refuse(port: str) -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        await b.call("gatts_write", handle, b"ok", False)
        b.board.handler = lambda event, data: 5 if event == READ_REQUEST else 0
        if port == "esp32":
            with pytest.raises(att.ATT_Error) as refusal:
                await b.proxies[0].read_value()
            assert refusal.value.error_code == 5
        else:
            assert await b.proxies[0].read_value() == b"ok"
        assert b.events(READ_REQUEST) == [(READ_REQUEST, (1, handle))]

    bench(story, port)


@pytest.mark.parametrize(("port", "expected"), [("esp32", bytes(range(100))), ("rp2", bytes(range(90, 100)))])
def test_a_long_write_is_whole_on_nimble_and_its_last_part_on_btstack(port: str, expected: bytes) -> None:
    async def story(b: Bench) -> None:
        (handle,) = b.handles
        await b.call("gatts_set_buffer", handle, 200, False)
        for offset in range(0, 100, 18):
            part = bytes(range(offset, min(100, offset + 18)))
            await b.peer.gatt_client.send_request(att.ATT_Prepare_Write_Request(handle, offset, part))
        await b.peer.gatt_client.send_request(att.ATT_Execute_Write_Request(1))
        assert await b.call("gatts_read", handle) == expected

    bench(story, port)


def test_rubbish_from_the_air_is_answered_and_does_no_harm() -> None:
    async def story(b: Bench) -> None:
        host = b.laptop.device.host
        for rubbish in (b"\x0a", b"\x12\x01", b"\xff\xff\xff", b"\x04\x01", b"\x16\x0c", b""):
            host.send_l2cap_pdu(b.connection.handle, 4, rubbish)
            host.send_l2cap_pdu(b.connection.handle, 0x55, rubbish)
        await asyncio.sleep(0.5)
        await b.proxies[0].write_value(b"ok", with_response=True)
        assert await b.call("gatts_read", b.handles[0]) == b"ok"

    bench(story)


def test_on_btstack_a_connection_silences_all_advertising_which_resumes_by_itself() -> None:
    async def story(b: Bench) -> None:
        await b.board.advertise(20, FRAME, connectable=False)
        before = b.air.stats.advertising_pdus
        await asyncio.sleep(1)
        assert b.air.stats.advertising_pdus == before
        await b.connection.disconnect()
        kinds: list[PduType] = []
        b.air.observers.append(lambda pdu: kinds.append(pdu.pdu_type))
        await asyncio.sleep(0.2)
        assert set(kinds) == {PduType.ADV_SCAN_IND}

    bench(story, "rp2")


def test_on_nimble_a_connection_stops_advertising_but_a_trigger_can_still_be_sent() -> None:
    async def story(b: Bench) -> None:
        before = b.air.stats.advertising_pdus
        await asyncio.sleep(1)
        assert b.air.stats.advertising_pdus == before
        await b.board.advertise(20, FRAME, connectable=False)
        await asyncio.sleep(1)
        assert b.air.stats.advertising_pdus > before + 60
        await b.proxies[0].write_value(b"still here", with_response=True)
        await b.board.silence()
        await b.connection.disconnect()
        await asyncio.sleep(1)
        before = b.air.stats.advertising_pdus
        await asyncio.sleep(1)
        assert b.air.stats.advertising_pdus == before

    bench(story, "esp32")


@pytest.mark.parametrize(("port", "room"), [("esp32", 4), ("rp2", 1)])
def test_there_is_room_for_so_many_centrals(port: str, room: int) -> None:
    async def main() -> None:
        air = Air(1, STILL)
        board = await Board("unit", air, port=port).start()
        laptops = [Laptop(f"laptop {number}", air) for number in range(room + 1)]
        address = await address_of(board)
        for laptop in laptops:
            await laptop.power_on()
        for laptop in laptops[:room]:
            await board.advertise(30, connectable=True)
            await laptop.device.connect(address, timeout=2)
            await asyncio.sleep(0.1)
        if port == "esp32":
            with pytest.raises(OSError, match="room") as refusal:
                await board.advertise(30, connectable=True)
            assert refusal.value.errno == errno.ENOMEM
        else:
            await board.advertise(30, connectable=True)
        with pytest.raises(core.TimeoutError):
            await laptops[room].device.connect(address, timeout=2)
        assert [data[0] for _, event, data in board.log if event == CONNECT] == list(range(1, room + 1))
        await next(iter(laptops[0].device.connections.values())).disconnect()
        if port == "esp32":
            await board.advertise(30, connectable=True)
        await laptops[room].device.connect(address, timeout=2)

    run(main())


def test_switching_the_radio_off_ends_connections_without_a_word() -> None:
    async def story(b: Bench) -> None:
        events = len(b.events())
        await b.call("active", False)
        await asyncio.sleep(5)
        assert len(b.events()) == events
        assert b.ends[0][2] == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        assert await b.errno_of("gatts_notify", 1, b.handles[0], b"") == errno.ENODEV
        await b.call("active", True)
        assert await b.call("gatts_read", b.handles[0]) == b""

    bench(story)


@pytest.mark.parametrize(("port", "answer", "expected"), [("esp32", 0, 50), ("rp2", 0, 22), ("rp2", True, 50)])
def test_with_btstack_a_long_value_is_read_to_its_end_only_if_the_handler_says_true(
    port: str, answer: int, expected: int
) -> None:
    async def story(b: Bench) -> None:
        b.board.handler = lambda event, data: answer
        await b.call("gatts_write", b.handles[0], bytes(range(50)), False)
        assert await b.proxies[0].read_value() == bytes(range(expected))

    bench(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_limits_of_what_can_be_registered(port: str) -> None:
    async def main() -> None:
        board = await Board("unit", Air(1), port=port).start()
        for services, nimble, btstack in (
            (tuple((_uuid(number), ()) for number in range(9)), errno.E2BIG, None),
            (((b"\1\2\3\4", ()),), None, errno.EINVAL),
            (((SERVICE, ((b"\1\2\3\4", READ, ()),)),), None, errno.EINVAL),
        ):
            refusal = None
            try:
                await board.ble.call("gatts_register_services", (services,))
            except OSError as error:
                refusal = error.errno
            assert refusal == (nimble if port == "esp32" else btstack)

    run(main())


@pytest.mark.parametrize(("port", "expected"), [("esp32", -9), ("rp2", None)])
def test_an_update_of_a_value_that_is_not_there(port: str, expected: int | None) -> None:
    """BTstack's binding does not look: an empty notification goes out."""

    async def story(b: Bench) -> None:
        assert await b.errno_of("gatts_notify", 1, 999, None) == expected

    bench(story, port)
