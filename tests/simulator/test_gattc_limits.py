"""A central's limits: room for procedures and connections, what is cut, and how a link's end is told."""

import asyncio
import errno

import pytest

from simulator.clock import now_us, run
from simulator.radio.air import Air

from .ble_boards import errno_of
from .gatt_bench import PORTS
from .gattc_pair import CONNECTED, GONE, NOBODY, Pair, pair
from .radio_world import STILL, Board


def test_nimble_has_four_procedures_and_answers_them_in_order() -> None:
    async def story(p: Pair) -> None:
        for number in range(4):
            await p.call("gattc_write", p.conn, p.value, bytes([number]), 1)
        assert await p.errno_of("gattc_read", p.conn, p.value) == errno.ENOMEM
        for _ in range(4):
            assert await p.event(17) == (p.conn, p.value, 0)
        assert await p.far.ble.call("gatts_read", (p.value,)) == b"\3"
        assert await p.errno_of("gattc_read", p.conn, p.value) is None

    pair(story)


def test_nimble_discovers_characteristics_of_one_connection_at_a_time() -> None:
    async def story(p: Pair) -> None:
        await p.call("gattc_discover_characteristics", p.conn, 1, 0xFFFF, None)
        assert await p.errno_of("gattc_discover_characteristics", p.conn, 1, 0xFFFF, None) == errno.EBUSY
        await p.event(12)
        assert await p.errno_of("gattc_discover_characteristics", p.conn, 1, 0xFFFF, None) is None

    pair(story)


def test_btstack_has_one_procedure() -> None:
    async def story(p: Pair) -> None:
        await p.call("gattc_read", p.conn, p.value)
        for op, *args in (("gattc_read", 3), ("gattc_write", 3, b"", 1), ("gattc_discover_services", None)):
            assert await p.errno_of(op, p.conn, *args) == errno.EALREADY
        await p.event(16)
        assert await p.errno_of("gattc_read", p.conn, p.value) is None

    pair(story, "rp2")


@pytest.mark.parametrize("port", PORTS)
def test_what_does_not_fit_is_cut_or_refused(port: str) -> None:
    async def story(p: Pair) -> None:
        await p.far.ble.call("gatts_set_buffer", (p.value, 100, False))
        await p.call("gattc_write", p.conn, p.value, bytes(range(50)), 1)
        assert await p.event(17) == (p.conn, p.value, p.status(0, 13))
        assert await p.far.ble.call("gatts_read", (p.value,)) == (bytes(range(20)) if p.is_nimble else b"")
        refusal = None if p.is_nimble else errno.EINVAL
        assert await p.errno_of("gattc_write", p.conn, p.value, bytes(50), 0) == refusal
        await asyncio.sleep(0.1)
        await p.far.ble.call("gatts_write", (p.value, bytes(range(50)), False))
        await p.call("gattc_read", p.conn, p.value)
        assert await p.event(15) == (p.conn, p.value, bytes(range(22)))

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_writes_without_response_meet_the_end_of_the_buffers(port: str) -> None:
    async def story(p: Pair) -> None:
        accepted = 0
        while (refusal := await p.errno_of("gattc_write", p.conn, p.value, bytes([accepted]), 0)) is None:
            accepted += 1
        assert refusal == (errno.ENOMEM if p.is_nimble else errno.EALREADY)
        assert accepted == (12 if p.is_nimble else 13)  # there one more waits in the binding
        await asyncio.sleep(1)
        assert await p.far.ble.call("gatts_read", (p.value,)) == bytes([accepted - 1])
        assert await p.errno_of("gattc_write", p.conn, p.value, b"on", 0) is None

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_a_lost_peer_ends_what_was_asked_before_it_is_told(port: str) -> None:
    async def story(p: Pair) -> None:
        await p.far.ble.power_off()
        p.near.log.clear()
        await p.call("gattc_discover_characteristics", p.conn, 1, 0xFFFF, None)
        await asyncio.sleep(5)
        events = [(event, data[1:]) for _, event, data in p.near.log]
        assert [event for event, _ in events] == [12, GONE]
        assert events[0] == (12, (p.status(7, 31),))

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_a_silent_peer_is_given_up_after_30_s(port: str) -> None:
    """Its handler does not return; NimBLE ends the connection, BTstack goes on."""

    async def story(p: Pair) -> None:
        p.far.ble.answer = lambda ticket, result: None  # type: ignore[method-assign]
        await p.call("gattc_read", p.conn, p.value)
        asked_us = now_us(asyncio.get_running_loop())
        assert await p.event(16) == (p.conn, 0 if p.is_nimble else p.value, p.status(13, 127))
        assert 30_000_000 <= now_us(asyncio.get_running_loop()) - asked_us < 30_010_000
        await asyncio.sleep(1)
        assert [event for _, event, _ in p.near.log] == ([GONE] if p.is_nimble else [])

    pair(story, port)


@pytest.mark.parametrize("port", PORTS)
def test_a_notification_in_the_last_moment_is_heard_before_the_end(port: str) -> None:
    async def story(p: Pair) -> None:
        (central,) = [data[0] for _, event, data in p.far.log if event == 1]
        await p.far.ble.call("gatts_notify", (central, p.value, b"last"))
        await asyncio.sleep(0.05)
        await p.far.ble.call("gatts_notify", (central, p.value, b"words"))
        await p.far.ble.call("gap_disconnect", (central,))
        await asyncio.sleep(1)
        heard = [(event, data[-1]) for _, event, data in p.near.log if event in (18, GONE)]
        assert heard[0] == (18, b"last")
        assert heard[-1][0] == GONE

    pair(story, port)


def test_a_nimble_central_has_four_connections() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        near = await Board("near", air).start()
        for number in range(4):
            far = await Board(f"far {number}", air, number + 1).start()
            await far.advertise(30, connectable=True)
            kind, address = await far.ble.call("config_get", ("mac",))  # type: ignore[misc]
            await near.ble.call("gap_connect", (kind, address, 2000, 0, 0))
            await asyncio.sleep(0.5)
        assert [data[0] for _, event, data in near.log if event == CONNECTED] == [1, 2, 3, 4]
        assert await errno_of(near, "gap_connect", *NOBODY, 2000, 0, 0) == errno.ENOMEM

    run(main())


@pytest.mark.parametrize("port", PORTS)
def test_switching_off_in_the_middle_of_everything_says_nothing_more(port: str) -> None:
    async def story(p: Pair) -> None:
        await p.call("gattc_read", p.conn, p.value)
        if p.is_nimble:
            await p.call("gap_connect", *NOBODY, 500, 0, 0)
        p.near.log.clear()
        await p.call("active", False)
        await asyncio.sleep(40)
        assert not p.near.log
        assert p.far.log[-1][1] == 2

    pair(story, port)
