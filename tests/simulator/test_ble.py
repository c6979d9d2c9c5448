"""The radio as MicroPython firmware meets it: values, errors, interrupts, and what they cost."""

import asyncio
import errno

import pytest
from bumble import crypto

from simulator.bluetooth.ble import IRQ_SCAN_DONE, IRQ_SCAN_RESULT
from simulator.bluetooth.bonds import DEFAULT_IRK
from simulator.clock import now_us, run
from simulator.radio.air import Air, Pdu, PduType
from simulator.radio.link_layer import FIRST_EVENT_US

from .ble_boards import errno_of, pair_of
from .radio_world import FRAME, STILL, Board

PORTS = ("esp32", "rp2")


@pytest.mark.parametrize("port", PORTS)
def test_before_active_everything_but_silence_is_refused_with_enodev(port: str) -> None:
    async def main() -> None:
        board = Board("a", Air(1), port=port)
        await board.ble.power_on()
        assert await board.ble.call("active", (None,)) is False
        assert await errno_of(board, "gap_advertise", 20_000, FRAME, None, False) == errno.ENODEV
        assert await errno_of(board, "gap_scan", 0, 30_000, 30_000, False) == errno.ENODEV
        assert await errno_of(board, "config_set", ("addr_mode", 1)) == errno.ENODEV
        assert await errno_of(board, "config_get", "mac") == errno.ENODEV
        assert await errno_of(board, "gap_advertise", None, None, None, True) is None
        assert await board.ble.call("active", (True,)) is True
        assert await board.ble.call("active", (None,)) is True

    run(main())


@pytest.mark.parametrize("port", PORTS)
def test_a_scan_result_is_what_micropython_hands_over(port: str) -> None:
    async def main() -> None:
        air = Air(1, STILL)
        holster, camera = pair_of(air, port)
        await holster.start()
        await camera.start()
        await camera.scan()
        await holster.advertise()
        await asyncio.sleep(0.03)
        _, event, (kind, address, adv_type, rssi, data) = camera.log[0]
        assert (event, kind, adv_type, rssi, data) == (IRQ_SCAN_RESULT, 0, 2, -52, FRAME)
        assert (kind, address) == await holster.ble.call("config_get", ("mac",))

    run(main())


@pytest.mark.parametrize(("connectable", "expected"), [(True, 0), (False, 2)])
def test_non_connectable_advertising_is_still_scannable_on_both_bindings(connectable: bool, expected: int) -> None:
    async def main() -> None:
        air = Air(1, STILL)
        holster, camera = pair_of(air)
        await holster.start()
        await camera.start()
        await camera.scan()
        await holster.advertise(connectable=connectable)
        await asyncio.sleep(0.03)
        assert camera.results[0][1][2] == expected

    run(main())


@pytest.mark.parametrize(
    ("port", "interval_us", "data", "expected"),
    [
        ("esp32", 20_000, bytes(31), None),
        ("esp32", 20_000, bytes(32), -18),
        ("rp2", 20_000, bytes(32), errno.EINVAL),
        ("esp32", 19_999, FRAME, errno.EINVAL),
        ("rp2", 10_240_001, FRAME, errno.EINVAL),
        ("rp2", 10_240_000, FRAME, None),
    ],
)
def test_advertising_refuses_what_the_ports_refuse(
    port: str, interval_us: int, data: bytes, expected: int | None
) -> None:
    async def main() -> None:
        board = await Board("a", Air(1), port=port).start()
        assert await errno_of(board, "gap_advertise", interval_us, data, None, False) == expected

    run(main())


def test_starting_costs_the_ports_time_and_the_old_payload_is_off_the_air_meanwhile() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        air = Air(1, STILL)
        log: list[Pdu] = []
        air.observers.append(log.append)
        board = await Board("a", air).start()
        await board.advertise(data=b"old")
        await asyncio.sleep(1)
        called_us = now_us(loop)
        await board.advertise(data=b"new")
        assert now_us(loop) - called_us == 1500
        await asyncio.sleep(1)
        late_old = [pdu for pdu in log if pdu.data == b"old" and pdu.time_us > called_us]
        first_new = next(pdu for pdu in log if pdu.data == b"new")
        assert not late_old
        assert first_new.time_us == called_us + 1500 + FIRST_EVENT_US
        called_us = now_us(loop)
        await board.scan()
        assert now_us(loop) - called_us == 1500

    run(main())


def test_no_data_means_the_data_of_last_time() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log: list[Pdu] = []
        air.observers.append(log.append)
        board = await Board("a", air).start()
        await board.advertise()
        await board.silence()
        log.clear()
        await board.advertise(data=None)
        await asyncio.sleep(0.01)
        assert {pdu.data for pdu in log} == {FRAME}

    run(main())


def test_silence_ends_the_advertising() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        board = await Board("a", air).start()
        await board.advertise()
        await asyncio.sleep(0.1)
        await board.silence()
        pdus = air.stats.advertising_pdus
        await asyncio.sleep(10)
        assert 0 < pdus == air.stats.advertising_pdus

    run(main())


def test_a_scan_of_some_duration_ends_by_itself_and_says_so() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        holster, camera = pair_of(air)
        await holster.start()
        await camera.start()
        await holster.advertise()
        await camera.ble.call("gap_scan", (500, 30_000, 30_000, False))
        began_us = now_us(asyncio.get_running_loop())
        await asyncio.sleep(2)
        time_us, event, data = camera.log[-1]
        assert (time_us, event, data) == (began_us + 500_000, IRQ_SCAN_DONE, ())
        assert len(camera.results) > 10

    run(main())


def test_duration_zero_scans_until_stopped_and_stopping_says_so_at_once() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        holster, camera = pair_of(air)
        await holster.start()
        await camera.start()
        await holster.advertise(1000)
        await camera.scan()
        await asyncio.sleep(3600)
        assert len(camera.results) > 3400
        assert camera.results[-1][0] > 3_598_000_000
        await camera.ble.call("gap_scan", (None, 0, 0, False))
        assert camera.log[-1][1:] == (IRQ_SCAN_DONE, ())
        heard, received = len(camera.log), air.stats.received
        await asyncio.sleep(10)
        assert (len(camera.log), air.stats.received) == (heard, received)

    run(main())


@pytest.mark.parametrize(
    ("port", "second_start", "idle_stop"), [("esp32", errno.EALREADY, []), ("rp2", None, [IRQ_SCAN_DONE])]
)
def test_scanning_twice_and_stopping_nothing_differ_between_bindings(
    port: str, second_start: int | None, idle_stop: list[int]
) -> None:
    async def main() -> None:
        board = await Board("a", Air(1), port=port).start()
        await board.ble.call("gap_scan", (None, 0, 0, False))
        assert [event for _, event, _ in board.log] == idle_stop
        await board.scan()
        assert await errno_of(board, "gap_scan", 0, 60_000, 30_000, False) == second_start

    run(main())


def test_a_window_longer_than_its_interval_is_refused() -> None:
    async def main() -> None:
        board = await Board("a", Air(1)).start()
        assert await errno_of(board, "gap_scan", 0, 30_000, 30_001, False) == errno.EINVAL

    run(main())


@pytest.mark.parametrize(("port", "mode", "high_bits"), [("esp32", 1, 0b11), ("esp32", 3, 0b00), ("rp2", 1, 0b11)])
def test_each_random_address_is_new_and_of_its_kind(port: str, mode: int, high_bits: int) -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log: list[Pdu] = []
        air.observers.append(log.append)
        board = await Board("a", air, port=port).start()
        addresses = []
        for _ in range(20):
            await board.ble.call("config_set", (("addr_mode", mode),))
            kind, address = await board.ble.call("config_get", ("mac",))  # type: ignore[misc]
            assert (kind, address[0] >> 6) == (1, high_bits)
            addresses.append(address)
        assert len(set(addresses)) == 20
        await board.advertise()
        await asyncio.sleep(0.01)
        assert {(pdu.address_is_random, pdu.address[::-1]) for pdu in log} == {(True, addresses[-1])}

    run(main())


@pytest.mark.parametrize(("port", "mode"), [("esp32", 4), ("rp2", 2), ("rp2", 3), ("rp2", 7)])
def test_address_modes_that_a_binding_lacks_are_einval(port: str, mode: int) -> None:
    async def main() -> None:
        board = await Board("a", Air(1), port=port).start()
        assert await errno_of(board, "config_set", ("addr_mode", mode)) == errno.EINVAL

    run(main())


def test_a_random_address_cannot_change_while_the_radio_is_in_use() -> None:
    async def main() -> None:
        board = await Board("a", Air(1)).start()
        before = await board.ble.call("config_get", ("mac",))
        await board.advertise()
        assert await errno_of(board, "config_set", ("addr_mode", 3)) == errno.EBUSY
        await board.silence()
        await board.scan()
        assert await errno_of(board, "config_set", ("addr_mode", 3)) == errno.EBUSY
        assert await board.ble.call("config_get", ("mac",)) == before
        await board.ble.call("gap_scan", (None, 0, 0, False))
        assert await errno_of(board, "config_set", ("addr_mode", 3)) is None

    run(main())


def test_what_is_not_built_is_named() -> None:
    async def main() -> None:
        board = await Board("a", Air(1)).start()
        with pytest.raises(ValueError, match="gattc_multiply"):
            await board.ble.call("gattc_multiply", (1, 2))
        with pytest.raises(ValueError, match="tea"):
            await board.ble.call("config_set", (("tea", True),))

    run(main())


def test_nimble_takes_the_name_and_the_wishes_for_pairing_at_any_time() -> None:
    async def main() -> None:
        board = Board("a", Air(1))
        await board.ble.power_on()
        wanted = board.ble.security
        assert (wanted.bond, wanted.mitm, wanted.io, wanted.le_secure) == (False, False, 3, True)
        settings = (("bond", 1), ("mitm", True), ("io", 4), ("le_secure", False), ("gap_name", "H1"))
        await board.ble.call("config_set", settings)
        for state in (True, False, True):
            await board.ble.call("active", (state,))
            assert await board.ble.call("config_get", ("gap_name",)) == b"H1"
            wanted = board.ble.security
            assert (wanted.bond, wanted.mitm, wanted.io, wanted.le_secure) == (True, True, 4, False)
        assert await errno_of(board, "config_set", ("gap_name", "x" * 31)) is None
        assert await errno_of(board, "config_set", ("gap_name", "x" * 32)) == errno.EINVAL
        await board.ble.power_off()
        await board.ble.power_on()
        assert board.ble.security.io == 3
        assert await board.ble.call("config_get", ("gap_name",)) == b"MPY NIMBLE"

    run(main())


def test_on_btstack_the_name_is_an_attribute_of_the_active_radio() -> None:
    async def main() -> None:
        board = await Board("a", Air(1), port="rp2").start()
        await board.ble.call("config_set", (("gap_name", "x" * 40),))
        assert await board.ble.call("config_get", ("gap_name",)) == b"x" * 40
        await board.ble.call("active", (False,))
        assert await errno_of(board, "config_get", "gap_name") == errno.ENODEV
        await board.ble.call("active", (True,))
        assert await board.ble.call("config_get", ("gap_name",)) == b"MPY BTSTACK"

    run(main())


def test_resolvable_private_addresses_are_new_every_five_minutes_and_resolve() -> None:
    """NimBLE's key is the same on all boards that were given none."""

    async def main() -> None:
        air = Air(1, STILL)
        log: list[Pdu] = []
        air.observers.append(log.append)
        board = await Board("a", air).start()
        await board.ble.call("config_set", (("addr_mode", 2),))
        assert await errno_of(board, "config_get", "mac") == errno.EINVAL
        for pause_s in (1, 100, 300):
            await board.advertise()
            await asyncio.sleep(0.05)
            await board.silence()
            await asyncio.sleep(pause_s)
        await board.advertise()
        await asyncio.sleep(0.05)
        addresses = list(dict.fromkeys(pdu.address for pdu in log))
        assert len(addresses) == 2
        for address in addresses:
            assert address[5] >> 6 == 1
            assert crypto.ah(DEFAULT_IRK, address[3:]) == address[:3]

    run(main())


def test_an_active_scan_reports_the_scan_response_as_type_4() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log: list[Pdu] = []
        air.observers.append(log.append)
        holster, camera = pair_of(air)
        await holster.start()
        await camera.start()
        await holster.ble.call("gap_advertise", (100_000, FRAME, b"\x03\x09ok", False))
        await camera.scan(active=True)
        await asyncio.sleep(1)
        assert (4, b"\x03\x09ok") in {(data[2], data[4]) for _, data in camera.results}
        assert PduType.SCAN_REQ in {pdu.pdu_type for pdu in log}

    run(main())


def test_the_same_seed_gives_the_same_addresses() -> None:
    async def main(seed: int) -> object:
        board = await Board("a", Air(1), seed=seed).start()
        await board.ble.call("config_set", (("addr_mode", 3),))
        return await board.ble.call("config_get", ("mac",))

    assert run(main(5)) == run(main(5)) != run(main(6))
