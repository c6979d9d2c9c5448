"""The GATT server as firmware and a central meet it: values, limits, events, errors, and the differences of ports."""

import asyncio
import errno
from typing import Any

import pytest
from bumble import att, core

from simulator.clock import run
from simulator.radio.air import Air

from .gatt_bench import ALL, NOTIFY, PORTS, READ, READ_REQUEST, SERVICE, WRITE, WRITTEN, Bench, bench, uuid_of
from .radio_world import Board


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
        first = (uuid_of(1), NOTIFY, ((b"\x01\x29", READ), (b"\x04\x29", READ)))
        ((a, b, c, d), (e,)) = await board.ble.call(
            "gatts_register_services",
            (((SERVICE, (first, (uuid_of(2), READ, ()))), (uuid_of(9), ((uuid_of(3), WRITE, ()),))),),
        )  # type: ignore[misc]
        assert [b - a, c - b, d - c, e - d] == [2, 1, 2, 3]  # the subscription stands before the descriptors

    run(main())


@pytest.mark.parametrize(("port", "expected"), [("esp32", None), ("rp2", errno.ENOMEM)])
def test_btstack_has_room_for_seven_long_characteristics(port: str, expected: int | None) -> None:
    async def main() -> None:
        board = await Board("unit", Air(1), port=port).start()
        for count in (7, 8):
            services = ((SERVICE, tuple((uuid_of(number), NOTIFY, ()) for number in range(count))),)
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
        ((new,),) = await b.call("gatts_register_services", ((SERVICE, ((uuid_of(7), READ, ()),)),))
        await b.connect()
        (proxy,) = b.proxies
        assert (proxy.handle, proxy.uuid) == (new, core.UUID.from_bytes(uuid_of(7)))
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
            (tuple((uuid_of(number), ()) for number in range(9)), errno.E2BIG, None),
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
