"""A server's connections: who comes and goes, MTU, notifications, updates, indications, the radio's end."""

import asyncio
import errno

import pytest
from bumble import core, hci

from simulator.clock import run
from simulator.laptop import Laptop
from simulator.radio.air import Air, PduType

from .gatt_bench import CONNECT, DISCONNECT, INDICATE_DONE, MTU, NOTIFY, PORTS, READ, UPDATE, Bench, address_of, bench
from .radio_world import FRAME, STILL, Board


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
