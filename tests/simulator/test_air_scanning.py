"""Active and passive scanners on the air, and what the controller refuses."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
from bumble import hci

from simulator.clock import run
from simulator.radio.air import T_IFS_US, Air, PduType
from simulator.radio.link_layer import FIRST_EVENT_US

from .air_seen import bumble_device, recorded
from .radio_world import STILL, Board


def test_an_active_scanner_asks_and_gets_the_scan_response_itself() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log = recorded(air)
        board, scanner = await Board("a", air).start(), await Board("s", air, 1).start()
        await board.ble.call("gap_advertise", (30_000, b"\x02\x01\x06", b"\x05\x09name", False))
        await scanner.scan(active=True)
        await asyncio.sleep(5)
        kinds = Counter((data[2], data[4]) for _, data in scanner.results)
        assert set(kinds) == {(2, b"\x02\x01\x06"), (4, b"\x05\x09name")}
        assert kinds[2, b"\x02\x01\x06"] == kinds[4, b"\x05\x09name"] > 100
        answers = [(asked, told) for asked, told in pairwise(log) if told.pdu_type is PduType.SCAN_RSP]
        assert len(answers) == kinds[4, b"\x05\x09name"]
        assert all(
            asked.pdu_type is PduType.SCAN_REQ and told.time_us == asked.end_us + T_IFS_US for asked, told in answers
        )

    run(main())


def test_active_scanners_that_ask_at_once_collide_and_back_off() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log = recorded(air)
        board = await Board("a", air).start()
        scanners = [await Board(name, air, 1).start() for name in "st"]
        await board.advertise(30)
        for scanner in scanners:
            await scanner.scan(active=True)
        await asyncio.sleep(10)
        requests = [pdu for pdu in log if pdu.pdu_type is PduType.SCAN_REQ]
        collided = [pdu for pdu in requests if pdu.collided_at]
        assert collided
        heard = sum(data[2] == 2 for scanner in scanners for _, data in scanner.results)
        assert len(collided) < len(requests) / 4 < heard / 4

    run(main())


def test_a_passive_scanner_asks_nothing() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log = recorded(air)
        board, scanner = await Board("a", air).start(), await Board("s", air, 1).start()
        await board.ble.call("gap_advertise", (30_000, b"\x02\x01\x06", b"\x05\x09name", True))
        await scanner.scan()
        await asyncio.sleep(2)
        assert {pdu.pdu_type for pdu in log} == {PduType.ADV_IND}
        assert {data[2] for _, data in scanner.results} == {0}

    run(main())


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ((31, 32, 0), hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR),
        ((64, 32, 0), hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR),
        ((32, 0x4001, 0), hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR),
        ((32, 32, 1), hci.HCI_ErrorCode.UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE_ERROR),
        ((32, 32, 3), hci.HCI_ErrorCode.SUCCESS),
    ],
)
def test_the_controller_checks_advertising_parameters(
    parameters: tuple[int, int, int], status: hci.HCI_ErrorCode
) -> None:
    async def main() -> None:
        low, high, kind = parameters
        device = bumble_device("d", Air(1), "C0:00:00:00:00:01")
        await device.power_on()
        event = await device.host.send_sync_command_raw(
            hci.HCI_LE_Set_Advertising_Parameters_Command(
                advertising_interval_min=low,
                advertising_interval_max=high,
                advertising_type=kind,
                own_address_type=1,
                peer_address_type=0,
                peer_address=hci.Address.ANY,
                advertising_channel_map=7,
                advertising_filter_policy=0,
            )
        )
        assert event.return_parameters.status == status

    run(main())


def test_pdus_that_nobody_may_answer_follow_each_other_at_once() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        log = recorded(air)
        device = bumble_device("d", air, "C0:00:00:00:00:01")
        await device.power_on()
        send = device.host.send_sync_command
        await send(hci.HCI_LE_Set_Advertising_Parameters_Command(32, 32, 3, 1, 0, hci.Address.ANY, 0b101, 0))
        await send(hci.HCI_LE_Set_Advertising_Data_Command(advertising_data=b"\x02\x01\x06"))
        await send(hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=1))
        await asyncio.sleep(0.01)
        assert [(p.channel, p.time_us - FIRST_EVENT_US, p.pdu_type) for p in log] == [
            (37, 0, PduType.ADV_NONCONN_IND),
            (39, 19 * 8, PduType.ADV_NONCONN_IND),
        ]

    run(main())


def test_a_reset_ends_advertising_and_scanning() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        device = bumble_device("d", air, "C0:00:00:00:00:01")
        await device.power_on()
        await device.start_advertising()
        await device.start_scanning()
        await device.host.send_sync_command(hci.HCI_Reset_Command())
        await device.host.send_sync_command(hci.HCI_LE_Set_Random_Address_Command(hci.Address("C0:00:00:00:00:09")))
        await asyncio.sleep(3)
        assert air.stats.advertising_pdus == 0

    run(main())
