"""The central's side as firmware meets it without a VM: what is refused, what fails late, and how the stacks differ."""

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import pytest

from simulator.clock import run
from simulator.laptop import Laptop
from simulator.radio.air import Air

from .ble_boards import errno_of
from .gatt_bench import PORTS, SERVICE
from .gattc_pair import GONE, NOBODY, Pair, pair
from .links import advertise
from .radio_world import STILL, Board


def alone(story: Callable[[Board], Any], port: str) -> None:
    async def main() -> None:
        await story(await Board("a", Air(1, STILL), port=port).start())

    run(main())


@pytest.mark.parametrize("port", PORTS)
def test_one_attempt_at_a_time_and_a_connected_peer_is_not_connected_again(port: str) -> None:
    async def story(p: Pair) -> None:
        again = errno.EIO if p.is_nimble else errno.EINVAL
        assert await p.errno_of("gap_connect", *await p.address(), 2000, 0, 0) == again
        assert await p.errno_of("gap_connect", *NOBODY, 2000, 0, 0) == (None if p.is_nimble else errno.ENOMEM)
        if p.is_nimble:
            assert await p.errno_of("gap_connect", *NOBODY, 2000, 0, 0) == errno.EALREADY

    pair(story, port)


@pytest.mark.parametrize(
    ("port", "arguments", "expected"),
    [
        ("esp32", (4, b"nobody", 2000, 0, 0), errno.EINVAL),
        ("esp32", (0, b"nobody", -1, 0, 0), errno.EINVAL),
        ("esp32", (0, b"nobody", 2000, 5000, 0), -0x212),
        ("esp32", (0, b"nobody", 2000, 60_000, 0), -0x212),
        ("esp32", (0, b"nobody", 2000, 0, 5_000_000), -0x212),
        ("rp2", (2, b"nobody", 2000, 0, 0), errno.EINVAL),
        ("rp2", (0, b"nobody", 50, 0, 0), errno.EINVAL),
        ("rp2", (0, b"nobody", 300, 0, 0), errno.EINVAL),  # not more than twice five intervals of 30 ms
        ("rp2", (0, b"nobody", 310, 0, 0), None),
    ],
)
def test_wrong_parameters_of_an_attempt_are_refused(
    port: str, arguments: tuple[Any, ...], expected: int | None
) -> None:
    async def story(board: Board) -> None:
        assert await errno_of(board, "gap_connect", *arguments) == expected
        if expected is not None:
            assert await errno_of(board, "gap_connect", *NOBODY, 2000, 0, 0) is None

    alone(story, port)


@pytest.mark.parametrize(("port", "expected"), [("esp32", errno.EALREADY), ("rp2", None)])
def test_cancelling_nothing(port: str, expected: int | None) -> None:
    async def story(board: Board) -> None:
        assert await errno_of(board, "gap_connect", None) == expected
        assert not board.log

    alone(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_the_connection_has_the_interval_and_timeout_that_were_asked_for(port: str) -> None:
    async def main(*intervals: int) -> tuple[int, int, int]:
        air = Air(1, STILL)
        board, laptop = await Board("near", air, port=port).start(), Laptop("laptop", air)
        await laptop.power_on()
        found = []
        laptop.device.on("connection", lambda connection: found.append(connection))
        await advertise(laptop.device)
        address = bytes(laptop.device.random_address)[::-1]
        await board.ble.call("gap_connect", (1, address, 3000, *intervals))
        await asyncio.sleep(0.5)
        parameters = found[0].parameters
        return parameters.connection_interval, parameters.peripheral_latency, parameters.supervision_timeout

    assert run(main(0, 0)) == ((30, 0, 2560) if port == "esp32" else (10, 4, 3000))
    assert run(main(100_000, 100_000)) == ((100, 0, 2560) if port == "esp32" else (100, 4, 3000))


@pytest.mark.parametrize("port", PORTS)
def test_a_peripheral_gets_the_parameters_it_asks_for_and_the_firmware_hears_of_it(port: str) -> None:
    async def main() -> None:
        air = Air(1, STILL)
        board, laptop = await Board("near", air, port=port).start(), Laptop("laptop", air)
        await laptop.power_on()
        await advertise(laptop.device)
        await board.ble.call("gap_connect", (1, bytes(laptop.device.random_address)[::-1], 3000, 0, 0))
        await asyncio.sleep(0.5)
        (connection,) = laptop.device.connections.values()
        await connection.update_parameters(60, 60, 2, 4000, use_l2cap=True)
        await asyncio.sleep(1)
        assert [data for _, event, data in board.log if event == 27] == [(1, 48, 2, 400, 0)]
        assert connection.parameters.connection_interval == 60

    run(main())


@pytest.mark.parametrize("port", PORTS)
def test_scanning_and_connecting(port: str) -> None:
    """NimBLE ends the scan, and begins none meanwhile; BTstack does both at a time."""

    async def story(board: Board) -> None:
        await board.scan()
        await board.ble.call("gap_connect", (*NOBODY, 2000, 0, 0))
        assert [event for _, event, _ in board.log] == ([6] if port == "esp32" else [])
        refusal = errno.EBUSY if port == "esp32" else None
        assert await errno_of(board, "gap_scan", 0, 30_000, 30_000, False) == refusal
        assert await errno_of(board, "config_set", ("addr_mode", 1)) == errno.EBUSY

    alone(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_errors_of_the_other_side_are_the_status(port: str) -> None:
    async def story(p: Pair) -> None:
        await p.call("gattc_read", p.conn, 999)
        assert await p.event(16) == (p.conn, 999, p.status(0x101, 1))
        await p.call("gattc_write", p.conn, p.value + 3, b"x", 1)  # of a value that is only read
        assert await p.event(17) == (p.conn, p.value + 3, p.status(0x103, 3))
        p.far.handler = lambda event, data: 0x81  # an application's own
        await p.call("gattc_read", p.conn, p.value)
        if p.is_nimble:
            assert await p.event(16) == (p.conn, p.value, 0x181)
        else:  # there the handler's answer has no say
            assert await p.event(15) == (p.conn, p.value, b"")

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_what_no_connection_has_is_refused(port: str) -> None:
    async def story(p: Pair) -> None:
        expected = errno.ENOTCONN if p.is_nimble else errno.EINVAL
        for op, *args in (
            ("gattc_discover_services", None),
            ("gattc_discover_characteristics", 1, 9, None),
            ("gattc_discover_descriptors", 1, 9),
            ("gattc_read", 3),
            ("gattc_write", 3, b"", 1),
            ("gattc_write", 3, b"", 0),
        ):
            assert await p.errno_of(op, 77, *args) == expected, op
        assert await p.errno_of("gattc_exchange_mtu", 77) == (errno.ENOTCONN if p.is_nimble else None)
        assert await p.errno_of("gattc_write", p.conn, p.value, b"", 2) == errno.EINVAL
        assert await p.call("gap_disconnect", 77) is not p.is_nimble

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_ranges_that_hold_nothing(port: str) -> None:
    async def story(p: Pair) -> None:
        refusal = errno.EINVAL if p.is_nimble else None
        assert await p.errno_of("gattc_discover_descriptors", p.conn, p.value, p.value) == refusal
        if not p.is_nimble:
            assert await p.event(14) == (p.conn, 0)
        assert await p.errno_of("gattc_discover_characteristics", p.conn, 9, 8, None) == refusal
        assert await p.errno_of("gattc_discover_services", p.conn, b"\0\0\0\0") == (
            None if p.is_nimble else errno.EINVAL
        )

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize(
    "answer",
    [
        b"\x11\x06" + b"\0\0\0\0\x0f\x18",  # a service that ends before it was asked for
        b"\x11\x00",
        b"\x11",
        b"\xff\x01\x02",
    ],
)
def test_a_peer_that_answers_nonsense_does_no_harm(port: str, answer: bytes) -> None:
    async def story(p: Pair) -> None:
        far = p.far.ble._stack
        assert far is not None
        far.gatt.on_pdu = lambda bearer, pdu: far.bearers.send(bearer, answer)  # type: ignore[method-assign]
        await p.call("gattc_discover_services", p.conn, None)
        status = (await p.event(10))[1]
        assert status in ((10, 13) if p.is_nimble else (4, 127))

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_an_indication_is_confirmed_when_the_handler_has_run(port: str) -> None:
    async def story(p: Pair) -> None:
        (central,) = [data[0] for _, event, data in p.far.log if event == 1]
        await p.far.ble.call("gatts_indicate", (central, p.value, b"ring"))
        await asyncio.sleep(0.5)
        assert [data for _, event, data in p.near.log if event == 19] == [(p.conn, p.value, b"ring")]
        assert [data for _, event, data in p.far.log if event == 20] == [(central, p.value, 0)]
        p.near.ble.answer = lambda ticket, result: None  # type: ignore[method-assign]
        await p.far.ble.call("gatts_indicate", (central, p.value, b"rong"))
        await asyncio.sleep(29)
        assert [data for _, event, data in p.far.log if event == 20] == [(central, p.value, 0)]
        await asyncio.sleep(2)
        assert [data for _, event, data in p.far.log if event == 20][1] == (central, p.value, p.status(13, 0x91))

    pair(story, port)


def test_as_a_central_btstack_goes_on_advertising() -> None:
    async def story(p: Pair) -> None:
        before = p.air.stats.advertising_pdus
        await p.near.advertise(30, connectable=False)
        await asyncio.sleep(1)
        assert p.air.stats.advertising_pdus > before + 60

    pair(story, "rp2")


@pytest.mark.parametrize("port", PORTS)
def test_on_a_bad_link_everything_arrives_in_order_and_the_same_seed_gives_the_same_run(port: str) -> None:
    async def main() -> list[tuple[int, int, tuple[object, ...]]]:
        p = await Pair(port, Air(1)).start()
        p.air.loss = 0.3
        p.near.log.clear()
        for number in range(20):
            await p.call("gattc_write", p.conn, p.value, bytes([number]), 1)
            assert (await p.event(17))[2] == 0
            (central,) = [data[0] for _, event, data in p.far.log if event == 1]
            await p.far.ble.call("gatts_notify", (central, p.value, bytes([number])))
            assert (await p.event(18))[2] == bytes([number])
            assert await p.far.ble.call("gatts_read", (p.value,)) == bytes([number])
        return p.far.log

    assert run(main()) == run(main())


def test_an_end_that_is_under_way_is_refused_by_nimble() -> None:
    async def story(p: Pair) -> None:
        assert await p.call("gap_disconnect", p.conn) is True
        assert await p.errno_of("gap_disconnect", p.conn) == errno.EALREADY
        assert (await p.event(GONE))[0] == p.conn
        assert await p.call("gap_disconnect", p.conn) is False
        await p.far.advertise(30, connectable=True)
        await p.connect()

    pair(story)


@pytest.mark.parametrize("port", PORTS)
def test_btstack_makes_a_short_uuid_of_a_long_one_that_has_one(port: str) -> None:
    long = bytes.fromhex("fb349b5f8000008000100000cdab0000")

    async def story(p: Pair) -> None:
        await p.call("gap_disconnect", p.conn)
        await p.event(GONE)
        await p.far.silence()
        services = ((long, ()), (SERVICE, ()))
        await p.far.ble.call("gatts_register_services", (services,))
        await p.far.advertise(30, connectable=True)
        await p.connect()
        await p.call("gattc_discover_services", p.conn, None)
        await asyncio.sleep(1)
        found = [data[3] for _, event, data in p.near.log if event == 9]
        assert found[2:] == [long if p.is_nimble else b"\xcd\xab", SERVICE]

    pair(story, port)
