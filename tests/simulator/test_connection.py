"""Connections in time: capacity and order, loss, the ends of a connection, and what HCI tells of them."""

import asyncio
from itertools import pairwise

import pytest
from bumble import hci
from bumble.device import Device, Peer

from simulator.clock import now_us, run
from simulator.entropy import seeded_entropy
from simulator.laptop import Laptop
from simulator.radio.air import Air, Pdu, PduType
from simulator.radio.connection import Parameters
from simulator.radio.pcap import link_layer_bytes

from .links import Pair, advertise, note_end, pair, preferences
from .radio_world import STILL

TIMEOUT = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


async def _notifications(link: Pair, count: int, mtu: int) -> list[tuple[float, bytes]]:
    """(seconds, value) of each of `count` numbered notifications that fill the MTU, as they arrived."""
    loop = asyncio.get_running_loop()
    proxy = await link.proxy(mtu)
    got: list[tuple[float, bytes]] = []
    await proxy.subscribe(lambda value: got.append((loop.time(), value)))
    await asyncio.sleep(0.5)
    for number in range(count):
        await link.far.device.notify_subscribers(link.value, number.to_bytes(2, "big") + bytes(mtu - 5))
    async with asyncio.timeout(120):
        while len(got) < count:
            await asyncio.sleep(0.01)
    return got


@pytest.mark.parametrize(
    ("octets", "mtu", "interval_ms"),
    [(octets, mtu, interval_ms) for octets in (27, 251) for mtu in (23, 247) for interval_ms in (15, 50)],
)
def test_bare_notifications_fill_the_events(octets: int, mtu: int, interval_ms: int) -> None:
    """As many turns of a full PDU and an empty one as 95 % of the interval hold; fragments need a PDU each."""

    async def main() -> float:
        link = await pair(Air(1, STILL), interval_ms)
        await link.connection.set_data_length(octets, 2120)
        await link.other.set_data_length(octets, 2120)
        got = await _notifications(link, 600, mtu)
        return 599 * (mtu - 3) * 8 / (got[-1][0] - got[0][0]) / 1000

    fragments = -(-(mtu + 4) // octets)
    turns_us = sum((10 + min(octets, mtu + 4 - octets * i)) * 8 + 150 + 80 + 150 for i in range(fragments))
    in_an_event = int(0.95 * interval_ms * 1000 * fragments / turns_us) / fragments
    kbit_per_s = run(main())
    print(f"{octets} octets, MTU {mtu}, {interval_ms} ms: {kbit_per_s:.0f} kbit/s")
    assert kbit_per_s == pytest.approx(in_an_event * (mtu - 3) * 8 / interval_ms, rel=0.03)


def test_a_round_trip_takes_two_intervals() -> None:
    async def main(interval_ms: float) -> float:
        link = await pair(Air(1, STILL), interval_ms)
        proxy = await link.proxy()
        begun = asyncio.get_running_loop().time()
        for _ in range(20):
            await proxy.read_value()
        return (asyncio.get_running_loop().time() - begun) / 20 * 1000

    assert run(main(15)) == pytest.approx(30, abs=1)
    assert run(main(50)) == pytest.approx(100, abs=1)


@pytest.mark.parametrize("loss", [0.1, 0.3])
def test_loss_costs_time_and_nothing_else(loss: float) -> None:
    async def main() -> tuple[list[bytes], float]:
        air = Air(1, STILL)
        link = await pair(air)
        air.loss = loss
        proxy = await link.proxy(247)
        got = await _notifications(link, 200, 247)
        for number in range(50):
            await proxy.write_value(bytes([number]) * 200, with_response=True)
            assert link.value.value == bytes([number]) * 200
        return [value for _, value in got], got[-1][0] - got[0][0]

    values, seconds = run(main())
    assert [int.from_bytes(value[:2], "big") for value in values] == list(range(200))
    assert seconds > 200 * 244 * 8 / 633_000


def test_the_host_sees_back_pressure() -> None:
    """The controller gives a buffer back when the peer has the packet, not before."""

    async def main() -> None:
        link = await pair(Air(1, STILL), 50)
        link.far.device.host.send_l2cap_pdu(link.other.handle, 0x3A, bytes(20_000))
        queue = link.far.device.host.le_acl_packet_queue
        assert queue is not None
        done = queue.completed
        packets = -(-20_004 // 251)
        assert queue.pending == packets
        await asyncio.sleep(0.05)
        assert 0 < queue.completed - done < 20
        await asyncio.sleep(0.3)
        assert queue.pending == 0

    run(main())


def test_a_connection_ends_the_advertising_which_can_begin_again_afterwards() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        link = await pair(air)
        before = air.stats.advertising_pdus
        await asyncio.sleep(2)
        assert air.stats.advertising_pdus == before
        await link.connection.disconnect()
        await asyncio.sleep(1)
        assert air.stats.advertising_pdus == before
        await advertise(link.far.device)
        await link.near.device.connect(link.far.device.random_address, timeout=2)

    run(main())


def test_the_connect_ind_is_on_the_air_and_may_be_lost() -> None:
    """Then the central believes in a connection that the advertiser never heard of, for six intervals."""

    async def main() -> None:
        air = Air(1, STILL)
        near, far = Laptop("near", air), Laptop("far", air)
        await near.power_on()
        await far.power_on()
        ends: list[tuple[float, str, int]] = []
        note_end(near, ends)
        seen: list[Pdu] = []
        air.observers.append(seen.append)
        await advertise(far.device)
        connecting = asyncio.ensure_future(
            near.device.connect(far.device.random_address, connection_parameters_preferences=preferences(50))
        )
        while not any(pdu.pdu_type is PduType.ADV_IND for pdu in seen):
            await asyncio.sleep(0.00001)
        air.block("near", "far")
        await connecting
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
        (asked,) = [pdu for pdu in seen if pdu.pdu_type is PduType.CONNECT_IND]
        assert asked.end_us - asked.time_us == 352
        assert asked.data[:6] == bytes(far.device.random_address)
        assert link_layer_bytes(asked)[:8] == b"\xc5\x22" + bytes(near.device.random_address)
        ((time, _, reason),) = ends
        assert reason == hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
        assert time - begun == pytest.approx(0.3, abs=0.06)
        assert not far.device.connections
        air.unblock("near", "far")
        await near.device.connect(far.device.random_address, timeout=2)  # it still advertises

    run(main())


def test_a_public_address_connects_as_well() -> None:
    async def main() -> None:
        link = await pair(Air(1, STILL))
        await link.connection.disconnect()
        await asyncio.sleep(0.1)
        await advertise(link.far.device)
        connection = await link.near.device.connect(
            link.far.device.random_address, own_address_type=hci.OwnAddressType.PUBLIC, timeout=5
        )
        link.peer = Peer(connection)
        assert await (await link.proxy(100)).read_value() == b"hello"
        assert next(iter(link.far.device.connections.values())).peer_address == link.near.device.public_address

    run(main())


def test_who_is_connected_is_not_connected_again() -> None:
    async def main() -> None:
        link = await pair(Air(1, STILL))
        await advertise(link.far.device)
        with pytest.raises(hci.HCI_Error) as refusal:
            await link.near.device.connect(link.far.device.random_address, timeout=2)
        assert refusal.value.error_code == hci.HCI_ErrorCode.CONNECTION_ALREADY_EXISTS_ERROR

    run(main())


def test_a_laptop_is_the_same_after_its_power_was_off() -> None:
    async def main() -> None:
        air = Air(1)
        laptop, other = Laptop("laptop", air), Laptop("other", air)
        with pytest.raises(RuntimeError, match="power_on"):
            _ = laptop.device
        device = await laptop.power_on()
        assert await laptop.power_on() is device is laptop.device
        address = device.random_address
        laptop.power_off()
        laptop.power_off()
        assert (await laptop.power_on()).random_address == address
        assert (await other.power_on()).random_address != address

    run(main())


def test_an_active_scan_does_not_get_in_the_way_of_connecting() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        near = Laptop("near", air)
        await near.power_on()
        await near.device.start_scanning(active=True)
        others = [Laptop(f"unit {number}", air) for number in range(5)]
        for other in others:
            await other.power_on()
            await advertise(other.device, 100)
        await asyncio.sleep(3)
        for other in others:
            await near.device.connect(other.device.random_address, timeout=5)
        await asyncio.sleep(5)
        assert len(near.device.connections) == 5
        assert [len(other.device.connections) for other in others] == [1] * 5
        heard: list[object] = []
        near.device.on(Device.EVENT_ADVERTISEMENT, heard.append)
        await others[0].device.start_advertising(advertising_interval_min=100, advertising_interval_max=100)
        await asyncio.sleep(1)
        assert heard

    run(main())


def test_new_parameters_hold_for_both_at_once() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        link = await pair(Air(1, STILL), 15)
        told: list[float] = []
        for connection in (link.connection, link.other):
            connection.on(connection.EVENT_CONNECTION_PARAMETERS_UPDATE, lambda: told.append(loop.time()))
        begun = loop.time()
        await link.connection.update_parameters(100, 100, 0, 3000)
        await asyncio.sleep(0.5)
        assert len(told) == 2
        assert told[0] == told[1]
        assert 6 * 0.015 <= told[0] - begun <= 9 * 0.015
        assert link.connection.parameters == link.other.parameters
        assert link.connection.parameters.connection_interval == 100
        proxy = await link.proxy()
        begun = loop.time()
        await proxy.read_value()
        assert loop.time() - begun == pytest.approx(0.2, abs=0.101)

    run(main())


@pytest.mark.parametrize(
    ("interval", "latency", "timeout", "expected"),
    [
        (6, 0, 10, True),
        (5, 0, 10, False),
        (3201, 0, 3200, False),
        (80, 0, 20, False),
        (80, 0, 21, True),
        (80, 1, 40, False),
    ],
)
def test_parameters_keep_the_limits_of_the_specification(
    interval: int, latency: int, timeout: int, expected: bool
) -> None:
    assert Parameters(interval, latency, timeout).are_valid is expected


def test_a_signal_strength_can_be_read_and_the_phy_stays() -> None:
    async def main() -> None:
        link = await pair(Air(1, STILL))
        assert await link.connection.get_rssi() == await link.other.get_rssi() == -45
        await link.connection.set_phy(tx_phys=[hci.Phy.LE_2M], rx_phys=[hci.Phy.LE_2M])
        phy = await link.connection.get_phy()
        assert (phy.tx_phy, phy.rx_phy) == (hci.Phy.LE_1M, hci.Phy.LE_1M)
        assert await link.connection.get_remote_le_features() is not None

    run(main())


def test_a_reset_forgets_connections_and_the_peer_finds_out() -> None:
    async def main() -> None:
        link = await pair(Air(1, STILL), 15, timeout_ms=500)
        await link.near.device.host.send_sync_command(hci.HCI_Reset_Command())
        await asyncio.sleep(1)
        assert [(name, reason) for _, name, reason in link.ends] == [("far", TIMEOUT)]

    run(main())


def test_an_idle_connection_lives_for_hours_and_costs_little() -> None:
    async def main() -> None:
        air = Air(1)
        link = await pair(air, 50)
        air.loss = 0.3
        await asyncio.sleep(3600)
        assert not link.ends
        assert await (await link.proxy()).read_value() == b"hello"

    run(main())


def test_a_connection_repeats_from_the_seed() -> None:
    async def main(seed: int) -> list[tuple[float, bytes]]:
        air = Air(seed)
        link = await pair(air)
        air.loss = 0.2
        return await _notifications(link, 50, 100)

    def play(seed: int) -> list[tuple[float, bytes]]:
        with seeded_entropy(seed):
            return run(main(seed))

    assert play(1) == play(1) != play(2)


def test_events_keep_their_distance() -> None:
    """Every arrival lies within an event, and events begin an interval apart, to the microsecond."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        link = await pair(Air(1, STILL), 30)
        proxy = await link.proxy()
        arrivals: list[int] = []
        link.value.on("write", lambda *_: arrivals.append(now_us(loop)))
        for _ in range(30):
            await proxy.write_value(b"x", with_response=False)
            await asyncio.sleep(0.037)
        assert {(b - a) % 30_000 for a, b in pairwise(arrivals)} == {0}

    run(main())
