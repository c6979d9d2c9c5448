"""Two boards, one script each, in the real VM: one is the central, the other the peripheral. Errors: test_gattc*.py."""

import asyncio
from pathlib import Path
from textwrap import dedent

import pytest

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.profiles import PROFILES, profile
from simulator.radio.air import Air

COMMON = """
    import bluetooth, simrt, time
    from bluetooth import UUID
    SERVICE, VALUE, BELL = UUID("6e400001-b5a3-f393-e0a9-e50e24dcca9e"), UUID(0x2A6E), UUID(0x2A6F)
    ble = bluetooth.BLE()
    ble.active(True)
    log = []
    def copy(item):
        return bytes(item) if isinstance(item, memoryview) else UUID(item) if isinstance(item, UUID) else item
    def irq(event, data):
        log.append((event,) + tuple([copy(item) for item in data]))
    ble.irq(irq)
    def until(event):
        while not any([item[0] == event for item in log]):
            simrt.rest()
        while True:
            item = log.pop(0)
            if item[0] == event:
                return item[1:]
    """
PERIPHERAL = """
    ((value, bell),) = ble.gatts_register_services(((SERVICE, ((VALUE, 0x02 | 0x04 | 0x08), (BELL, 0x10 | 0x20))),))
    ble.gatts_write(value, b"cold")
    ble.gap_advertise(30000, b"\\x02\\x01\\x06")
    """
CENTRAL = """
    def find():
        ble.gap_scan(0, 30000, 30000)
        kind, address = until(5)[:2]
        ble.gap_scan(None)
        return kind, address
    def connect():
        ble.gap_connect(*find())
        return until(7)[0]
    def handles(conn):
        ble.gattc_discover_services(conn, SERVICE)
        _, start, end, _ = until(9)
        until(10)
        ble.gattc_discover_characteristics(conn, start, end)
        found = until(11)[2], until(11)[2]
        until(12)
        return found
    """


def play(
    tmp_path: Path, peripheral: str, central: str, port: str, *, seconds: float = 8
) -> tuple[list[str], list[str]]:
    """What the peripheral and the central print; both scripts go on where the ones above end."""
    paths = []
    for name, text in (
        ("peripheral", dedent(COMMON) + dedent(PERIPHERAL) + dedent(peripheral)),
        ("central", dedent(COMMON) + dedent(CENTRAL) + dedent(central)),
    ):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / "main.py")
        paths[-1].write_text(text)

    async def scene() -> tuple[list[str], list[str]]:
        air = Air(1)
        near, far = (VirtualBoard(path.parent.name, profile(port), air, 1, path) for path in paths)
        for metres, board in enumerate((near, far)):
            air.place(board.name, metres, 0)
            await board.power_on()
        await asyncio.sleep(seconds)
        for board in (near, far):
            print(board.name, *board.output, sep="\n")
            board.check()
            await board.power_off()
        return near.output, far.output

    with seeded_entropy(1):
        return run(scene())


@pytest.mark.parametrize("port", PROFILES)
def test_services_characteristics_and_descriptors_are_found_in_order(tmp_path: Path, port: str) -> None:
    central = """
        conn = connect()
        def ask(done, discover, *args):
            log.clear()
            discover(conn, *args)
            while not log or log[-1][0] != done:
                simrt.rest()
            print(log.pop() == (done, conn, 0), {item[1] for item in log} <= {conn})
        ask(10, ble.gattc_discover_services)
        print([(item[0], item[4]) for item in log])
        start, end = log[-1][2:4]
        ask(12, ble.gattc_discover_characteristics, start, end)
        print([(event, last - start if last != end else "end", at - start, flags, uuid)
            for event, _, last, at, flags, uuid in log])
        _, _, last, at = log[-1][:4]
        ask(14, ble.gattc_discover_descriptors, at, last)
        print([(event, handle - at, uuid) for event, _, handle, uuid in log])
        ask(10, ble.gattc_discover_services, SERVICE)
        print(len(log), log[0][2:4] == (start, end))
        ask(12, ble.gattc_discover_characteristics, start, end, VALUE)
        print([(item[2] - start, item[5]) for item in log])
        ask(10, ble.gattc_discover_services, UUID(0x1234))
        print(log)
        """
    _, output = play(tmp_path, "", central, port)
    assert output == [
        "True True",
        "[(9, UUID(0x1800)), (9, UUID(0x1801)), (9, UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e'))]",
        "True True",
        "[(11, 2, 2, 14, UUID(0x2a6e)), (11, 'end', 4, 48, UUID(0x2a6f))]",
        "True True",
        "[(13, 1, UUID(0x2902))]",
        "True True",
        "1 True",
        "True True",
        "[(2, UUID(0x2a6e))]",
        "True True",
        "[]",
    ]


@pytest.mark.parametrize("port", PROFILES)
def test_a_value_is_read_and_written_with_and_without_response(tmp_path: Path, port: str) -> None:
    peripheral = """
        for _ in range(2):
            until(3)
            print(ble.gatts_read(value))
        """
    central = """
        conn = connect()
        at = handles(conn)[0]
        ble.gattc_read(conn, at)
        print(until(15) == (conn, at, b"cold"), until(16) == (conn, at, 0))
        ble.gattc_write(conn, at, b"warm", 1)
        print(until(17) == (conn, at, 0))
        ble.gattc_read(conn, at)
        print(until(15)[2], until(16)[2])
        ble.gattc_write(conn, at, bytearray(b"hot"))
        time.sleep_ms(200)
        print(log)
        """
    near, far = play(tmp_path, peripheral, central, port)
    assert near == ["b'warm'", "b'hot'"]
    assert far == ["True True", "True", "b'warm' 0", "[]"]


@pytest.mark.parametrize("port", PROFILES)
def test_notifications_and_indications_arrive_and_the_stack_confirms(tmp_path: Path, port: str) -> None:
    peripheral = """
        conn = until(1)[0]
        time.sleep(1)
        ble.gatts_notify(conn, bell, b"ding")
        ble.gatts_write(bell, b"dong")
        ble.gatts_notify(conn, bell)
        ble.gatts_indicate(conn, bell, b"ring")
        print(until(20) == (conn, bell, 0))
        ble.gatts_write(bell, b"nobody", True)
        until(3)
        ble.gatts_write(bell, b"subscribers", True)
        """
    central = """
        conn = connect()
        at, bell = handles(conn)
        print([until(18) == (conn, bell, text) for text in (b"ding", b"dong")], until(19) == (conn, bell, b"ring"))
        ble.gattc_write(conn, bell + 1, b"\\x01\\x00", 1)
        print(until(17)[2])
        ble.gattc_write(conn, at, b"subscribed", 1)
        print(until(18)[2])
        """
    near, far = play(tmp_path, peripheral, central, port)
    assert near == ["True"]
    assert far == ["[True, True] True", "0", "b'subscribers'"]


@pytest.mark.parametrize("port", PROFILES)
def test_both_sides_learn_the_mtu_when_the_central_has_asked(tmp_path: Path, port: str) -> None:
    central = """
        print(ble.config("mtu"))
        conn = connect()
        ble.gattc_exchange_mtu(conn)
        print(until(21) == (conn, 100))
        try:
            ble.gattc_exchange_mtu(conn)
            time.sleep_ms(500)
            print(log)
        except OSError as error:
            print(error.errno)
        """
    peripheral = "ble.config(mtu=100); conn = until(1)[0]; print(until(21) == (conn, 100))"
    near, far = play(tmp_path, peripheral, central, port)
    assert near == ["True"]
    assert far == [str(profile(port).mtu), "True", "[]" if port == "rp2" else "114"]


@pytest.mark.parametrize("port", PROFILES)
@pytest.mark.parametrize("who", ["central", "peripheral"])
def test_either_side_can_end_it_and_both_hear_of_it(tmp_path: Path, port: str, who: str) -> None:
    leave = "time.sleep_ms(500); print(ble.gap_disconnect(conn)); "
    peripheral = "conn, kind, address = until(1); " + (leave if who == "peripheral" else "")
    peripheral += "gone = until(2); print(gone[0] == conn, gone[1:] == (kind, address) or gone[1:])"
    central = "conn = connect(); " + (leave if who == "central" else "")
    central += "gone = until(8); print(gone[0] == conn, gone[1]); print(ble.gap_disconnect(conn))"
    near, far = play(tmp_path, peripheral, central, port)
    is_btstack = port == "rp2"
    left = ["True"] if who == "peripheral" else []
    assert near == [*left, f"True {(255, bytes(6))}" if is_btstack else "True True"]
    left = ["True"] if who == "central" else []
    assert far == [*left, "True 255" if is_btstack else "True 0", str(is_btstack)]


@pytest.mark.parametrize("port", PROFILES)
def test_nobody_there_ends_an_attempt_as_the_port_does(tmp_path: Path, port: str) -> None:
    """On rp2 it has no end, and the binding takes the failure for a connection."""
    central = """
        before = time.ticks_ms()
        ble.gap_connect(0, b"nobody", 1500)
        if simrt.profile == "rp2":
            time.sleep(5)
            print(log)
            ble.gap_connect(None)
            print(until(7))
        else:
            print(until(8), time.ticks_diff(time.ticks_ms(), before))
            ble.gap_connect(0, b"nobody")
            ble.gap_connect(None)
            print(until(8))
            try:
                ble.gap_connect(None)
            except OSError as error:
                print(error.errno)
        print(connect() > 0)
        """
    _, far = play(tmp_path, "", central, port)
    if port == "rp2":
        assert far == ["[]", f"(0, 0, {bytes(6)})", "True"]
    else:
        nobody = f"(65535, 255, {bytes(6)})"
        waited_ms = int(far[0].rpartition(" ")[2])
        assert 1500 <= waited_ms <= 1510
        assert far == [f"{nobody} {waited_ms}", nobody, "114", "True"]


def test_what_the_handler_of_a_central_is_lent_is_rubbish_afterwards(tmp_path: Path) -> None:
    central = """
        kept = []
        conn = connect()
        ble.irq(lambda event, data: kept.append((event, data[-1])))
        ble.gattc_discover_services(conn)
        time.sleep(1)
        print([item[1] for item in kept if item[0] == 9])
        del kept[:]
        ble.gattc_read(conn, 3)
        time.sleep(1)
        print([bytes(item[1]) for item in kept if item[0] == 15])
        """
    _, far = play(tmp_path, "", central, "esp32")
    assert far == ["[UUID(0xeeee), UUID(0xeeee), UUID(0xeeee)]", r"[b'\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee']"]


@pytest.mark.parametrize("port", PROFILES)
def test_a_board_can_be_a_peripheral_and_a_central_at_once_where_it_has_two_connections(
    tmp_path: Path, port: str
) -> None:
    """The middle one is both; on rp2 the second connection is refused."""
    central = """
        ble.gap_advertise(30000, b"\\x02\\x01\\x06")
        first = until(1)[0]
        ble.gap_advertise(None)
        try:
            ble.gap_connect(0, b"nobody")
            print("begun")
        except OSError as error:
            print(error.errno)
        """
    peripheral = """
        ble.gap_advertise(None)
        ble.gap_scan(0, 30000, 30000)
        ble.gap_connect(*until(5)[:2])
        until(7)
        """
    _, far = play(tmp_path, peripheral, central, port)
    assert far == ["12" if port == "rp2" else "begun"]
