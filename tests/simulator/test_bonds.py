"""Bonds of a board in MicroPython: records that its firmware keeps, across power, and forgotten at either side."""

import asyncio
from pathlib import Path

import pytest
from bumble import hci

from simulator.profiles import profile

from .pairing_world import (
    ACTION,
    BOND,
    FOREVER,
    NO_BOND,
    PAIRED,
    PAIRED_WITH_MITM,
    SECURITY,
    SERVE,
    Desk,
    Io,
    User,
    at_desk,
    configured,
    refusal_of,
    told,
)

PORTS = ("esp32", "stm32wb")

RECORD_BYTES = {"esp32": 88, "stm32wb": 80}


@pytest.mark.parametrize("port", PORTS)
def test_a_bond_is_two_records_in_the_stacks_own_layout(tmp_path: Path, port: str) -> None:
    async def story(desk: Desk) -> None:
        peer = b"\1" + bytes(desk.laptop.device.random_address)
        await desk.pair()
        secrets = eval((tmp_path / "unit.secrets").read_text())
        assert sorted(secrets) == [(1, peer), (2, peer), (10, b"irk")]
        ours, theirs = secrets[1, peer], secrets[2, peer]
        assert len(ours) == len(theirs) == RECORD_BYTES[port]
        assert ours[:7] == theirs[:7] == peer
        assert ours[24:41] == theirs[24:41]  # with LE Secure Connections both have the same long term key
        assert ours[41:57] == secrets[10, b"irk"]

    at_desk(tmp_path, story, *configured(bond=True), port=port)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("le_secure", [True, False])
def test_a_bond_outlives_the_power(tmp_path: Path, port: str, le_secure: bool) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.KEYBOARD_INPUT_ONLY), True
        await desk.pair()
        await desk.power_cycle()
        assert await refusal_of(desk, 2) == BOND
        await desk.connection.encrypt()
        assert await desk.values[2].read_value() == b"authenticated"

    board = at_desk(tmp_path, story, *configured(bond=True, mitm=True, io=0, le_secure=le_secure), port=port)
    assert told(board, SECURITY) == [PAIRED_WITH_MITM] * 2
    assert len(told(board, ACTION)) == 1


def test_a_board_that_forgot_its_bond_refuses_encryption_and_keeps_the_connection(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.pair()
        (tmp_path / "unit.secrets").unlink()
        await desk.power_cycle()
        with pytest.raises(hci.HCI_Error) as failure:
            await desk.connection.encrypt()
        assert failure.value.error_code == hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR
        assert await desk.values[0].read_value() == b"plain"
        assert await refusal_of(desk, 1) == NO_BOND

    assert told(at_desk(tmp_path, story, *configured(bond=True)), SECURITY) == [PAIRED]


def test_a_peer_that_forgot_its_bond_pairs_anew(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.pair()
        first = eval((tmp_path / "unit.secrets").read_text())
        await desk.reconnect()
        await desk.pair()
        assert await desk.values[1].read_value() == b"encrypted"
        second = eval((tmp_path / "unit.secrets").read_text())
        assert sorted(second) == sorted(first)
        assert second != first

    board = at_desk(tmp_path, story, *configured(bond=True))
    assert told(board, SECURITY) == [PAIRED] * 2
    deleted = [line for line in board.output if line.startswith("30 ") and line.endswith("None")]
    assert len(deleted) == 4  # each record, and once more in vain


def test_a_record_that_the_handler_refuses_is_no_bond_although_it_reads_so(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.pair()
        await desk.reconnect()
        with pytest.raises(hci.HCI_Error):
            await desk.connection.encrypt()

    script = configured(bond=True)
    board = at_desk(tmp_path, story, "keeps = False\n" + script[0], *script[1:])
    assert told(board, SECURITY) == [PAIRED]
    assert "29 1 0 00000000000000" in board.output  # the search for an older bond to give up


def test_without_bonding_nothing_is_kept(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.pair()
        assert await desk.values[1].read_value() == b"encrypted"
        await desk.reconnect()
        assert await refusal_of(desk, 1) == NO_BOND

    board = at_desk(tmp_path, story)
    assert told(board, SECURITY) == [(1, 1, 0, 0, 16)]
    assert [line.split()[1] for line in board.output if line.startswith("30 ")] == ["10"]


def test_firmware_without_a_handler_pairs_with_nimbles_own_identity_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.pair()
        assert await desk.values[1].read_value() == b"encrypted"
        (_, keys), *_ = await desk.laptop.device.keystore.get_all()
        assert keys.irk.value.hex() == "ef8de2164fec430dbf5bdd34c0531eb8"

    script = "ble.active(False)\nble.irq(None)\nble.active(True)\nble.config(bond=True)\n"
    assert told(at_desk(tmp_path, story, script, SERVE, FOREVER), SECURITY) == []


def test_power_may_go_while_the_stack_waits_for_a_secret(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.board.power_off()
        await desk.board.power_on()
        await asyncio.sleep(profile("esp32").boot_us / 1e6 + 0.5)
        assert desk.board.output[-1] == "waiting"
        await desk.power_cycle()
        await desk.pair()

    script = """
        def get_secret(*what):
            print("waiting")
            time.sleep(1)
            return secrets.get(what[0])
        ble.active(False)
        ble.active(True)
        """
    assert told(at_desk(tmp_path, story, script, SERVE, FOREVER), SECURITY) == [(1, 1, 0, 0, 16)]
