"""Pairing, bonds and encrypted values of a board in MicroPython, with a laptop as its central."""

import asyncio
from pathlib import Path

import pytest
from bumble import att, hci, smp
from bumble.core import ProtocolError

from .pairing_world import (
    ACTION,
    FAILED,
    FOREVER,
    NO_BOND,
    PAIRED,
    PAIRED_WITH_MITM,
    PASSKEY,
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
INPUT, DISPLAY, COMPARISON = 2, 3, 4


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("le_secure", [True, False])
def test_what_needs_encryption_is_read_after_pairing_only(tmp_path: Path, port: str, le_secure: bool) -> None:
    async def story(desk: Desk) -> None:
        assert await desk.values[0].read_value() == b"plain"
        assert await refusal_of(desk, 1) == NO_BOND
        with pytest.raises(att.ATT_Error):
            await desk.values[3].write_value(b"x", with_response=True)
        await desk.pair()
        assert await desk.values[1].read_value() == b"encrypted"
        await desk.values[3].write_value(b"x", with_response=True)
        assert await refusal_of(desk, 2) == NO_BOND  # nobody in between was excluded

    board = at_desk(tmp_path, story, *configured(bond=True, le_secure=le_secure), port=port)
    assert told(board, SECURITY) == [PAIRED]


@pytest.mark.parametrize("le_secure", [True, False])
@pytest.mark.parametrize(
    ("io", "laptop_io", "action"),
    [(0, Io.KEYBOARD_INPUT_ONLY, DISPLAY), (2, Io.DISPLAY_OUTPUT_ONLY, INPUT)],
    ids=["the board displays", "the board asks"],
)
def test_a_passkey_keeps_out_who_is_in_between(
    tmp_path: Path, le_secure: bool, io: int, laptop_io: Io, action: int
) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(laptop_io), True
        await desk.pair()
        assert await desk.values[2].read_value() == b"authenticated"

    board = at_desk(tmp_path, story, *configured(bond=True, mitm=True, io=io, le_secure=le_secure))
    assert told(board, ACTION) == [(1, action, 0)]
    assert told(board, SECURITY) == [PAIRED_WITH_MITM]


def test_both_compare_the_same_number(tmp_path: Path) -> None:
    users: list[User] = []

    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.DISPLAY_OUTPUT_AND_YES_NO_INPUT), True
        users.append(desk.user)
        await desk.pair()
        assert await desk.values[2].read_value() == b"authenticated"

    board = at_desk(tmp_path, story, *configured(bond=True, mitm=True, io=1))
    ((number,),) = (user.compared for user in users)
    assert told(board, ACTION) == [(1, COMPARISON, number)]
    assert told(board, SECURITY) == [PAIRED_WITH_MITM]


def test_a_passkey_of_zeros_is_one(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.KEYBOARD_INPUT_ONLY, passkey=0), True
        desk.user.passkey = _Zero()
        await desk.pair()

    script = configured(bond=True, mitm=True, io=0)
    board = at_desk(tmp_path, story, "answers[3] = 0\n" + script[0], *script[1:])
    assert told(board, SECURITY) == [PAIRED_WITH_MITM]


class _Zero(int):
    """Bumble's laptop would take 0 for nothing typed."""

    def __bool__(self) -> bool:
        return True


@pytest.mark.parametrize("le_secure", [True, False])
def test_a_wrong_passkey_pairs_nobody(tmp_path: Path, le_secure: bool) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.KEYBOARD_INPUT_ONLY, PASSKEY + 1), True
        with pytest.raises(ProtocolError) as failure:
            await desk.pair()
        assert failure.value.error_code == smp.ErrorCode.CONFIRM_VALUE_FAILED
        await asyncio.sleep(0.1)
        assert await refusal_of(desk, 1) == NO_BOND
        desk.user.passkey = PASSKEY
        await desk.pair()
        assert await desk.values[2].read_value() == b"authenticated"

    board = at_desk(tmp_path, story, *configured(bond=True, mitm=True, io=0, le_secure=le_secure))
    assert told(board, SECURITY) == [FAILED, PAIRED_WITH_MITM]


def test_a_user_who_says_no_hears_it_from_the_call_only(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.DISPLAY_OUTPUT_AND_YES_NO_INPUT), True
        with pytest.raises(ProtocolError) as failure:
            await desk.pair()
        assert failure.value.error_code == smp.ErrorCode.NUMERIC_COMPARISON_FAILED
        await asyncio.sleep(1)

    script = configured(bond=True, mitm=True, io=1)
    board = at_desk(tmp_path, story, "answers[4] = 0\n" + script[0], *script[1:])
    assert "refused -1036" in board.output
    assert told(board, SECURITY) == []


def test_the_peers_no_is_an_event(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.DISPLAY_OUTPUT_AND_YES_NO_INPUT, agrees=False), True
        with pytest.raises(ProtocolError):
            await desk.pair()
        await asyncio.sleep(1)

    assert told(at_desk(tmp_path, story, *configured(mitm=True, io=1)), SECURITY) == [FAILED]


def test_a_peripheral_asks_its_central_for_security(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        desk.connection.on(desk.connection.EVENT_SECURITY_REQUEST, asked.set_result)
        async with asyncio.timeout(5):
            assert await asked == smp.AuthReq.BONDING | smp.AuthReq.SC
        await desk.pair()

    script = """
        ble.config(bond=True)
        def pair():
            print("pair", errno_of(ble.gap_pair, 1), errno_of(ble.gap_pair, 1), errno_of(ble.gap_pair, 2))
        time.sleep(2)
        pair()
        """
    board = at_desk(tmp_path, story, SERVE, script, FOREVER)
    assert "pair 0 114 107" in board.output
    assert told(board, SECURITY) == [PAIRED]


def test_a_passkey_out_of_turn_is_refused(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.KEYBOARD_INPUT_ONLY), True
        await desk.pair()

    asleep = """
        ble.active(False)
        print("asleep", errno_of(ble.gap_pair, 1), errno_of(ble.gap_passkey, 1, 3, 1))
        ble.active(True)
        """
    script = """
        ble.config(mitm=True, io=0)
        answers.clear()
        print("before", errno_of(ble.gap_passkey, 1, 3, 1), errno_of(ble.gap_passkey, 1, 1, 1))
        def on_event(event, data):
            if event == 31:
                wrong = [errno_of(ble.gap_passkey, 1, *what) for what in ((2, 1), (4, 1), (3, 1000000), (3, -1))]
                print("asked", *wrong, errno_of(ble.gap_passkey, 1, 3, 271828), errno_of(ble.gap_passkey, 1, 3, 1))
        """
    board = at_desk(tmp_path, story, asleep, SERVE, script, FOREVER)
    said = ["asleep -30 2", "before 2 22", "asked 22 22 22 22 0 114"]
    assert [line for line in board.output if line[0] in "ab"] == said


def test_a_peer_that_falls_silent_is_given_up_after_30_s(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        request = smp.SMP_Pairing_Request_Command(3, 0, smp.AuthReq.SC, 16, 0, 0)  # type: ignore[arg-type]
        desk.connection.send_l2cap_pdu(smp.SMP_CID, bytes(request))
        await asyncio.sleep(29)
        assert told(desk.board, SECURITY) == []
        await asyncio.sleep(2)
        assert told(desk.board, SECURITY) == [FAILED]
        await desk.pair()

    at_desk(tmp_path, story)


def test_a_central_cannot_encrypt_before_the_boards_user_has_agreed(tmp_path: Path) -> None:
    class Hasty(User):
        async def compare_numbers(self, number: int, digits: int) -> bool:
            connection = desks[0].connection
            device = desks[0].laptop.device
            refused: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            connection.on(connection.EVENT_CONNECTION_ENCRYPTION_FAILURE, refused.set_result)
            ltk = device.smp_manager.sessions[connection.handle].ltk
            await device.send_async_command(hci.HCI_LE_Enable_Encryption_Command(connection.handle, bytes(8), 0, ltk))
            async with asyncio.timeout(5):
                assert await refused == hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR
            self.compared.append(number)
            return False

    desks: list[Desk] = []

    async def story(desk: Desk) -> None:
        desks.append(desk)
        desk.user, desk.mitm = Hasty(Io.DISPLAY_OUTPUT_AND_YES_NO_INPUT), True
        with pytest.raises(ProtocolError):
            await desk.pair()
        assert len(desk.user.compared) == 1
        assert await refusal_of(desk, 2) == NO_BOND

    script = configured(bond=True, mitm=True, io=1)
    board = at_desk(tmp_path, story, "answers.clear()\n" + script[0], *script[1:])
    assert told(board, SECURITY) == [FAILED]


def test_slow_users_have_30_s_each(tmp_path: Path) -> None:
    class Slow(User):
        async def get_number(self) -> int | None:
            await asyncio.sleep(20)
            return self.passkey

    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = Slow(Io.KEYBOARD_INPUT_ONLY), True
        async with asyncio.timeout(60):
            await desk.connection.pair()

    script = """
        ble.config(mitm=True, io=0, le_secure=False)
        answers.clear()
        asked = []
        def on_event(event, data):
            if event == 31:
                asked.append(data[0])
        while not asked:
            simrt.rest()
        time.sleep(20)
        ble.gap_passkey(asked[0], 3, 271828)
        """
    board = at_desk(tmp_path, story, SERVE, script, FOREVER)
    assert told(board, SECURITY) == [(1, 1, 1, 0, 16)]


def test_a_connection_that_breaks_in_the_middle_says_so_first(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.KEYBOARD_INPUT_ONLY), True
        pairing = asyncio.ensure_future(desk.connection.pair())
        await asyncio.sleep(1)
        await desk.connection.disconnect()
        await asyncio.sleep(1)
        pairing.cancel()

    script = configured(mitm=True, io=0)
    board = at_desk(tmp_path, story, "answers.clear()\n" + script[0], *script[1:])
    assert [line.split()[0] for line in board.output if line.split()[0] in ("2", "28", "31")] == ["31", "28", "2"]
    assert told(board, SECURITY) == [FAILED]


def test_rubbish_from_a_peer_is_survived(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for rubbish in (b"\1", b"\3" + bytes(16), b"\x0d" + bytes(16), b"\x7f", b"\x0b\5", b"\5\x08", b"\7" + bytes(3)):
            desk.connection.send_l2cap_pdu(smp.SMP_CID, rubbish)
        await asyncio.sleep(1)
        await desk.pair()

    assert told(at_desk(tmp_path, story), SECURITY) == [(1, 1, 0, 0, 16)]


@pytest.mark.parametrize(("port", "is_refused"), [("esp32", False), ("stm32wb", False), ("rp2", True)])
def test_with_btstack_a_subscription_needs_what_a_write_needs(tmp_path: Path, port: str, is_refused: bool) -> None:
    async def story(desk: Desk) -> None:
        (value,) = desk.values
        if is_refused:
            with pytest.raises(att.ATT_Error) as refusal:
                await value.subscribe()
            assert refusal.value.error_code == att.ATT_INSUFFICIENT_ENCRYPTION_ERROR
        else:
            await value.subscribe()

    serve = """
        ble.gatts_register_services(((bluetooth.UUID(1), ((bluetooth.UUID(2), 0x10 | 0x08 | 0x1000),)),))
        ble.gap_advertise(30000, b"\\x02\\x01\\x06")
        """
    at_desk(tmp_path, story, serve, FOREVER, port=port)


def test_a_peripheral_takes_no_security_request(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        desk.laptop.device.host.on(
            "l2cap_pdu", lambda _, channel, pdu: channel == smp.SMP_CID and heard.set_result(pdu)
        )
        desk.connection.send_l2cap_pdu(smp.SMP_CID, b"\x0b\x01")
        async with asyncio.timeout(5):
            assert await heard == bytes((smp.CommandCode.PAIRING_FAILED, smp.ErrorCode.COMMAND_NOT_SUPPORTED))

    at_desk(tmp_path, story)


def test_pairing_is_the_seeds(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        desk.user, desk.mitm = User(Io.DISPLAY_OUTPUT_AND_YES_NO_INPUT), True
        await desk.pair()

    def play(seed: int) -> list[str]:
        (tmp_path / "unit.secrets").unlink(missing_ok=True)
        return at_desk(tmp_path, story, *configured(bond=True, mitm=True, io=1), seed=seed).output

    first = play(1)
    assert play(1) == first
    assert play(2) != first


def test_a_port_without_pairing_has_no_such_methods_and_keeps_encrypted_values_to_itself(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert await refusal_of(desk, 1) == att.ATT_INSUFFICIENT_ENCRYPTION_ERROR
        assert await refusal_of(desk, 2) == att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(40):
                await desk.connection.pair()
        assert await desk.values[0].read_value() == b"plain"
        key = hci.HCI_LE_Enable_Encryption_Command(desk.connection.handle, bytes(8), 0, bytes(16))
        refused = asyncio.get_running_loop().create_future()
        desk.connection.on(desk.connection.EVENT_CONNECTION_ENCRYPTION_FAILURE, refused.set_result)
        await desk.laptop.device.send_async_command(key)
        assert await refused == hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR
        assert await refusal_of(desk, 1) == att.ATT_INSUFFICIENT_ENCRYPTION_ERROR

    script = """
        for key in ("bond", "mitm", "io", "le_secure"):
            try:
                ble.config(**{key: True})
                print("accepted", key)
            except ValueError:
                pass
        print("pairing", hasattr(ble, "gap_pair"), hasattr(ble, "gap_passkey"))
        """
    board = at_desk(tmp_path, story, script, SERVE, FOREVER, port="rp2")
    assert board.output[0] == "pairing False False"
    assert not any(line.split()[0] in ("28", "29", "30") for line in board.output)
