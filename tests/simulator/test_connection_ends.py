"""How a connection ends: by either side, by range, by power; and what never became one."""

import asyncio

import pytest
from bumble import core, hci

from simulator.clock import run
from simulator.laptop import Laptop
from simulator.radio.air import Air

from .links import advertise, pair
from .radio_world import STILL

TIMEOUT = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
BY_PEER = hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
BY_HOST = hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR


@pytest.mark.parametrize("who", ["near", "far"])
def test_a_disconnect_reaches_the_other_side_within_some_events_with_its_reason(who: str) -> None:
    async def main() -> None:
        link = await pair(Air(1, STILL), 15)
        begun = asyncio.get_running_loop().time()
        await (link.connection if who == "near" else link.other).disconnect(BY_PEER)
        await asyncio.sleep(0.5)
        assert {(name, reason) for _, name, reason in link.ends} == {
            (who, BY_HOST),
            ("far" if who == "near" else "near", BY_PEER),
        }
        assert all(0 < time - begun < 0.1 for time, _, _ in link.ends)
        assert not link.near.device.connections
        assert not link.far.device.connections

    run(main())


def test_a_central_that_is_left_tells_its_host_when_it_has_acknowledged() -> None:
    """A host that then switches its radio off does not leave the peripheral waiting for the supervision timeout."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        link = await pair(Air(1, STILL), 50)
        link.connection.on("disconnection", lambda _: loop.call_soon(link.near.power_off))
        begun = loop.time()
        await link.other.disconnect(BY_PEER)
        assert [(name, reason) for _, name, reason in link.ends] == [("far", BY_HOST), ("near", BY_PEER)]
        assert all(0 < time - begun < 0.11 for time, _, _ in link.ends)

    run(main())


def test_loss_does_not_keep_a_connection_from_ending() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        for _ in range(10):
            air.loss = 0
            link = await pair(air)
            air.loss = 0.3
            await link.connection.disconnect()
            await asyncio.sleep(3)
            assert sorted(name for _, name, _ in link.ends) == ["far", "near"]
            link.near.power_off()
            link.far.power_off()

    run(main())


def test_who_is_out_of_range_is_given_up_after_the_supervision_timeout_by_both() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        link = await pair(air, 15, timeout_ms=1000)
        begun = asyncio.get_running_loop().time()
        air.block("near", "far")
        await asyncio.sleep(3)
        assert sorted((name, reason) for _, name, reason in link.ends) == [("far", TIMEOUT), ("near", TIMEOUT)]
        assert all(0.85 < time - begun < 1.05 for time, _, _ in link.ends)

    run(main())


def test_a_gap_that_is_shorter_than_the_timeout_is_survived() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        link = await pair(air, 15, timeout_ms=1000)
        proxy = await link.proxy()
        for _ in range(5):
            air.block("near", "far")
            reading = asyncio.ensure_future(proxy.read_value())
            await asyncio.sleep(0.8)
            assert not reading.done()
            air.unblock("near", "far")
            assert await reading == b"hello"
            await asyncio.sleep(0.2)
        assert not link.ends

    run(main())


@pytest.mark.parametrize("who", ["near", "far"])
def test_who_loses_power_is_missed_after_the_supervision_timeout(who: str) -> None:
    async def main() -> None:
        link = await pair(Air(1, STILL), 50, timeout_ms=1000)
        gone, left = (link.near, link.far) if who == "near" else (link.far, link.near)
        begun = asyncio.get_running_loop().time()
        gone.power_off()
        await asyncio.sleep(0.7)
        assert not link.ends
        await asyncio.sleep(2)
        ((time, name, reason),) = link.ends
        assert (name, reason) == (left.name, TIMEOUT)
        assert 0.85 < time - begun < 1.1

    run(main())


def test_who_disconnects_from_a_vanished_peer_is_told_after_the_supervision_timeout() -> None:
    async def main() -> None:
        link = await pair(Air(1, STILL), 50, timeout_ms=1000)
        link.far.power_off()
        begun = asyncio.get_running_loop().time()
        await link.connection.disconnect()
        ((time, name, reason),) = link.ends
        assert (name, reason) == ("near", BY_HOST)
        assert 0.85 < time - begun < 1.1

    run(main())


def test_connecting_to_nobody_ends_by_the_hosts_timeout_and_the_controller_can_go_on() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        link = await pair(air)
        await link.connection.disconnect()
        await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        for _ in range(3):
            begun = loop.time()
            with pytest.raises(core.TimeoutError):
                await link.near.device.connect(hci.Address("C0:00:00:00:00:99"), timeout=2)
            assert loop.time() - begun == pytest.approx(2)
        await advertise(link.far.device)
        connection = await link.near.device.connect(link.far.device.random_address, timeout=2)
        assert connection.handle in link.near.device.connections

    run(main())


def test_cancelling_nothing_is_refused() -> None:
    async def main() -> None:
        laptop = Laptop("near", Air(1))
        await laptop.power_on()
        with pytest.raises(hci.HCI_Error) as refusal:
            await laptop.device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
        assert refusal.value.error_code == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR

    run(main())
