"""What only shows where links take time: long packets, supervision, a lossy air, and the pace of requests."""

import asyncio

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from simulator.clock import run
from simulator.radio.air import Air
from tests.bleak_bumble.world import LOCAL_NAME, STREAM, VALUE, World, ad


@pytest.fixture(autouse=True)
def on_the_air(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "is_timed", True)


def test_the_link_uses_long_packets_and_the_parameters_of_linux() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        async with BleakClient(unit.address, backend=world.backends.client):
            await asyncio.sleep(1)
            (connection,) = world.laptop.connections.values()
            assert connection.data_length.max_tx_octets == 251
            assert connection.data_length.max_rx_octets == 251
            assert 30 <= connection.parameters.connection_interval <= 50
            assert connection.parameters.supervision_timeout == 420

    run(main())


def test_a_unit_without_power_ends_the_link_by_the_supervision_timeout_and_fails_what_waits() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = await World().start()
        unit = await world.peripheral()
        ended_s: list[float] = []
        async with BleakClient(
            unit.address, lambda _: ended_s.append(loop.time()), backend=world.backends.client
        ) as it:
            unit.radio.remove()  # type: ignore[attr-defined]
            cut_s = loop.time()
            with pytest.raises(BleakError, match="CONNECTION_TIMEOUT"):
                await it.read_gatt_char(VALUE)
            await asyncio.sleep(0)
            assert 0.3 < ended_s[0] - cut_s < 1.0

    run(main())


def test_a_lossy_air_slows_a_link_and_loses_nothing() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral()
        assert isinstance(world.air, Air)
        world.air.loss = 0.2
        got: list[bytes] = []
        async with BleakClient(unit.address, timeout=60, backend=world.backends.client) as client:
            await client.start_notify(STREAM, lambda _, data: got.append(bytes(data)))
            sent = [i.to_bytes(2, "big") * 100 for i in range(100)]
            for value in sent:
                await unit.device.notify_subscriber(unit.connection, unit.stream, value)
                await client.write_gatt_char(VALUE, value, response=False)
            await client.write_gatt_char(VALUE, b"end", response=True)
            await asyncio.sleep(20)
            assert got == sent
            assert unit.written == [*sent, b"end"]

    run(main())


def test_writes_without_response_wait_for_room_instead_of_piling_up() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = await World().start()
        unit = await world.peripheral()
        async with BleakClient(unit.address, backend=world.backends.client) as client:
            queue = world.laptop.host.le_acl_packet_queue
            assert queue is not None
            began_s, most = loop.time(), 0
            for _ in range(300):
                await client.write_gatt_char(VALUE, bytes(200), response=False)
                most = max(most, queue.pending)
            assert most <= queue.max_in_flight
            assert loop.time() > began_s
            await client.write_gatt_char(VALUE, b"", response=True)
            assert len(unit.written) == 301

    run(main())


def test_an_active_scan_merges_the_scan_response_and_a_passive_one_hears_none() -> None:
    async def main() -> None:
        world = await World().start()
        unit = await world.peripheral(advertise=False)
        await unit.advertise(b"\x02\x01\x06" + ad(0xFF, b"\x01\x00x"), ad(LOCAL_NAME, b"unit"))
        found = {}
        for mode in ("passive", "active"):
            async with BleakScanner(scanning_mode=mode, backend=world.backends.scanner) as scanner:  # type: ignore[arg-type]
                await asyncio.sleep(10)
            ((device, data),) = scanner.discovered_devices_and_advertisement_data.values()
            found[mode] = (device.name, data.manufacturer_data)
        assert found == {"passive": (None, {1: b"x"}), "active": ("unit", {1: b"x"})}

    run(main())


def test_two_runs_are_the_same() -> None:
    async def main() -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        log: list[tuple[float, str]] = []
        world = await World().start()
        unit = await world.peripheral()
        async with BleakScanner(lambda d, a: log.append((loop.time(), f"{a.rssi}")), backend=world.backends.scanner):
            await asyncio.sleep(5)
        async with BleakClient(unit.address, backend=world.backends.client) as client:
            for _ in range(10):
                await client.read_gatt_char(VALUE)
                log.append((loop.time(), "read"))
        return log

    assert run(main()) == run(main())
