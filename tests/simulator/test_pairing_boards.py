"""Two boards in MicroPython pair with each other: one serves and is asked, the other seeks and asks."""

import asyncio
from pathlib import Path

import pytest
from bumble import att, smp
from bumble.device import Connection, Device

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import profile
from simulator.radio.air import Air

from .links import advertise
from .pairing_world import (
    ACTION,
    FAILED,
    FOREVER,
    PAIRED,
    PAIRED_WITH_MITM,
    SECURITY,
    SEEK,
    keeper,
    pair_of_boards,
    told,
)

PORTS = [("esp32", "stm32wb"), ("stm32wb", "esp32")]
BOND = ("ble.config(bond=True)",)
INPUT, DISPLAY, COMPARISON = 2, 3, 4
NO_BOND = 0x100 + att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR
BOND_UNUSED = 0x100 + att.ATT_INSUFFICIENT_ENCRYPTION_ERROR
PAIR_AND_READ = """
    connect()
    discover()
    pair()
    print("read", value(0x1236), value(0x1237))
    """
AGAIN = """
    connect()
    discover()
    print("read", value(0x1236))
    print("secured", pair())
    print("read", value(0x1236))
    """


def forget(directory: Path, name: str) -> None:
    (directory / f"{name}.secrets").unlink()


@pytest.mark.parametrize("ports", PORTS)
@pytest.mark.parametrize("le_secure", [True, False])
def test_boards_pair_and_keep_a_bond(tmp_path: Path, ports: tuple[str, str], le_secure: bool) -> None:
    config = f"ble.config(bond=True, le_secure={le_secure})"
    served, seeking = pair_of_boards(tmp_path, (config,), (config, PAIR_AND_READ), ports=ports)
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED]
    assert f"read b'encrypted' {NO_BOND}" in seeking.output
    ours, theirs = (eval((tmp_path / f"{name}.secrets").read_text()) for name in ("served", "seeking"))
    assert [kind for kind, _ in sorted(ours)] == [kind for kind, _ in sorted(theirs)] == [1, 2, 10]


@pytest.mark.parametrize("le_secure", [True, False])
def test_what_one_gave_is_what_the_other_got(tmp_path: Path, le_secure: bool) -> None:
    config = f"ble.config(bond=True, le_secure={le_secure})"
    pair_of_boards(tmp_path, (config,), (config, PAIR_AND_READ), ports=("stm32wb", "stm32wb"))
    records: dict[str, dict[int, bytes]] = {}
    for name in ("served", "seeking"):
        secrets = eval((tmp_path / f"{name}.secrets").read_text())
        records[name] = {kind: record for (kind, _), record in secrets.items()}
    for giver, taker in (("served", "seeking"), ("seeking", "served")):
        given, got = records[giver][1], records[taker][2]
        assert given[7:] == got[7:]
        label, ltk, irk, csrk = given[8:10] + given[16:24], given[24:41], given[41:58], given[58:75]
        assert any(label) is not le_secure
        assert all(any(key[:16]) and key[16] & 1 for key in (ltk, irk, csrk))
    assert (records["served"][1][24:40] == records["seeking"][1][24:40]) is le_secure


@pytest.mark.parametrize(
    ("served_io", "seeking_io", "actions"),
    [(0, 2, (DISPLAY, INPUT)), (2, 0, (INPUT, DISPLAY)), (2, 2, (INPUT, INPUT)), (1, 4, (COMPARISON, COMPARISON))],
    ids=["served displays", "served asks", "both ask", "both compare"],
)
def test_boards_pair_by_their_users(tmp_path: Path, served_io: int, seeking_io: int, actions: tuple[int, int]) -> None:
    served, seeking = pair_of_boards(
        tmp_path,
        (f"ble.config(bond=True, mitm=True, io={served_io})",),
        (f"ble.config(bond=True, mitm=True, io={seeking_io})", PAIR_AND_READ),
    )
    asked = (told(served, ACTION), told(seeking, ACTION))
    assert tuple(action for ((_, action, _),) in asked) == actions
    assert asked[0][0][2] == asked[1][0][2]
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED_WITH_MITM]
    assert "read b'encrypted' b'authenticated'" in seeking.output


def test_capabilities_that_do_not_exist_are_none(tmp_path: Path) -> None:
    config = "ble.config(bond=True, mitm=True, io=7)"
    served, seeking = pair_of_boards(tmp_path, (config,), (config, PAIR_AND_READ))
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED]
    assert told(served, ACTION) == told(seeking, ACTION) == []


def test_a_wrong_passkey_fails_at_both(tmp_path: Path) -> None:
    served, seeking = pair_of_boards(
        tmp_path,
        ("ble.config(mitm=True, io=0)", "answers[3] = 1"),
        ("ble.config(mitm=True, io=2)", "answers[2] = 2", "connect()", "pair()"),
    )
    assert told(served, SECURITY) == told(seeking, SECURITY) == [FAILED]


@pytest.mark.parametrize("ports", PORTS)
@pytest.mark.parametrize("le_secure", [True, False])
def test_a_bond_outlives_the_power_of_both(tmp_path: Path, ports: tuple[str, str], le_secure: bool) -> None:
    config = f"ble.config(bond=True, mitm=True, io=4, le_secure={le_secure})"
    pair_of_boards(tmp_path, (config,), (config, PAIR_AND_READ), ports=ports)
    served, seeking = pair_of_boards(tmp_path, BOND, (*BOND, AGAIN), ports=ports)
    assert seeking.output[-2:] == ["secured (1, 1, 1, 1, 16)", "read b'encrypted'"]
    assert f"read {BOND_UNUSED}" in seeking.output
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED_WITH_MITM]
    assert told(served, ACTION) == told(seeking, ACTION) == []


def test_a_handler_may_pair_and_keeps_what_was_lent_to_it(tmp_path: Path) -> None:
    """The stack asks the handler for a secret within the handler."""
    script = """
        seeks = on_event
        def on_event(event, data):
            if event == 7:
                ble.gap_pair(data[0])
                print("lent", bytes(data[2]) == found[0][1])
            seeks(event, data)
        connect()
        until(lambda: security)
        """
    _, seeking = pair_of_boards(tmp_path, BOND, (*BOND, script))
    asked = [line.split()[0] for line in seeking.output if line.split()[0] in ("7", "lent", "28")]
    assert asked == ["7", "lent", "28"]
    assert "lent True" in seeking.output


def test_a_central_is_refused_by_a_peripheral_that_forgot_until_it_forgets_too(tmp_path: Path) -> None:
    pair_of_boards(tmp_path, BOND, (*BOND, PAIR_AND_READ))
    forget(tmp_path, "served")
    script = """
        connect()
        print("bond", pair(), pair())
        for key in [key for key in secrets if key[0] != 10]:
            secrets.pop(key)
        print("anew", pair())
        """
    served, seeking = pair_of_boards(tmp_path, BOND, (*BOND, script))
    assert [line for line in seeking.output if line[0] in "ab"] == [f"bond {FAILED} {FAILED}", f"anew {PAIRED}"]
    assert told(served, SECURITY) == [PAIRED]


def test_a_peripheral_forgets_a_central_that_forgot(tmp_path: Path) -> None:
    pair_of_boards(tmp_path, BOND, (*BOND, PAIR_AND_READ))
    forget(tmp_path, "seeking")
    served, seeking = pair_of_boards(tmp_path, BOND, (*BOND, PAIR_AND_READ))
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED]
    assert sum(line.startswith("30 ") and line.endswith("None") for line in served.output) == 4


@pytest.mark.parametrize("has_bond", [False, True])
def test_a_central_follows_its_peripherals_wish(tmp_path: Path, has_bond: bool) -> None:
    if has_bond:
        pair_of_boards(tmp_path, BOND, (*BOND, PAIR_AND_READ))
    wish = """
        ble.config(bond=True)
        def on_event(event, data):
            if event == 1:
                ble.gap_pair(data[0])
        """
    served, seeking = pair_of_boards(tmp_path, (wish,), (*BOND, "connect()", "until(lambda: security)"))
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED]
    written = [line for line in seeking.output if line.startswith("30 ")]
    assert bool(written) is not has_bond


def test_a_peripheral_can_ask_for_more_than_its_bond_is(tmp_path: Path) -> None:
    wish = """
        ble.config(bond=True, io=0)
        def on_event(event, data):
            if event == 28 and not data[2]:
                ble.config(mitm=True)
                ble.gap_pair(data[0])
        """
    script = """
        ble.config(bond=True, io=2)
        connect()
        discover()
        pair()
        until(lambda: len(security) == 2)
        print("read", value(0x1237))
        """
    served, seeking = pair_of_boards(tmp_path, (wish,), (script,))
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED, PAIRED_WITH_MITM]
    assert seeking.output[-1] == "read b'authenticated'"


@pytest.mark.parametrize("ports", [("esp32", "rp2"), ("rp2", "esp32")])
def test_with_a_board_that_has_no_pairing_it_begins_and_never_ends(tmp_path: Path, ports: tuple[str, str]) -> None:
    wish = """
        if hasattr(ble, "gap_pair"):
            ble.config(bond=True)
            serves = on_event
            def on_event(event, data):
                if event == 1:
                    ble.gap_pair(data[0])
                serves(event, data)
        """
    seek = """
        connect()
        discover()
        if hasattr(ble, "gap_pair"):
            ble.gap_pair(link)
        for _ in range(40):
            time.sleep(1)
        print("still", link, value(0x1235))
        """
    served, seeking = pair_of_boards(tmp_path, (wish,), (seek,), ports=ports)
    able = served if ports[0] == "esp32" else seeking
    assert told(able, SECURITY) == [FAILED]
    assert seeking.output[-1] == "still 1 b'plain'"


def test_keys_change_on_an_encrypted_link(tmp_path: Path) -> None:
    served, seeking = pair_of_boards(tmp_path, BOND, (*BOND, PAIR_AND_READ, 'print("again", pair(), value(0x1236))'))
    assert f"again {PAIRED} b'encrypted'" in seeking.output
    assert told(served, SECURITY) == told(seeking, SECURITY) == [PAIRED] * 2


def test_a_bonded_central_is_known_under_its_next_address(tmp_path: Path) -> None:
    private = "ble.config(addr_mode=2, bond=True)"
    connected = []
    for script in (PAIR_AND_READ, AGAIN):
        served, seeking = pair_of_boards(tmp_path, BOND, ("print('mac', ble.config('mac')[1].hex())", private, script))
        (public,) = (line.split()[1] for line in seeking.output if line.startswith("mac"))
        connected += [line.split()[2:] for line in served.output if line.startswith("1 ")]
    assert connected[0][0] == "1" and connected[1] == ["0", public]
    assert told(served, SECURITY) == [PAIRED]


def test_a_fresh_bond_is_known_under_its_next_address_at_once(tmp_path: Path) -> None:
    again = """
        ble.gap_disconnect(link)
        until(lambda: link is None)
        ble.config(addr_mode=2)
        connect()
        """
    served, _ = pair_of_boards(tmp_path, BOND, ("ble.config(addr_mode=2, bond=True)", PAIR_AND_READ, again))
    assert [line.split()[2] for line in served.output if line.startswith("1 ")] == ["1", "0"]


def test_the_stack_has_one_procedure_at_a_time(tmp_path: Path) -> None:
    script = """
        connect()
        print("pair", errno_of(ble.gap_pair, link), errno_of(ble.gap_pair, link))
        until(lambda: security)
        """
    _, seeking = pair_of_boards(tmp_path, BOND, (*BOND, script))
    assert "pair 0 114" in seeking.output


def test_a_central_is_not_asked_to_answer_a_pairing(tmp_path: Path) -> None:
    async def main() -> bytes:
        air = Air(1)
        laptop = Laptop("laptop", air)
        board = VirtualBoard(
            "seeking", profile("esp32"), air, 1, keeper(tmp_path, "seeking", SEEK, "connect()", FOREVER)
        )
        await laptop.power_on()
        connected: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        laptop.device.on(Device.EVENT_CONNECTION, connected.set_result)
        heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        laptop.device.host.on("l2cap_pdu", lambda _, channel, pdu: channel == smp.SMP_CID and heard.set_result(pdu))
        await advertise(laptop.device)
        await board.power_on()
        async with asyncio.timeout(5):
            connection = await connected
            request = smp.SMP_Pairing_Request_Command(3, 0, smp.AuthReq.SC, 16, 0, 0)  # type: ignore[arg-type]
            connection.send_l2cap_pdu(smp.SMP_CID, bytes(request))
            answer = await heard
        board.check()
        await board.power_off()
        return answer

    with seeded_entropy(1):
        assert run(main()) == bytes((smp.CommandCode.PAIRING_FAILED, smp.ErrorCode.COMMAND_NOT_SUPPORTED))
