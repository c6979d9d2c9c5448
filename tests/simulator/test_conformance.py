"""Scripts after MicroPython's documentation (`conformance/`), on every port and in pairs of ports: what they print.

Where ports differ, their bindings do; the difference is in the expected lines. Which rows of the documentation this
covers is the table of `simulator/CONFORMANCE.md`, which `test_conformance_table.py` holds against this.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from bumble import att
from bumble.core import UUID
from bumble.device import Connection, Peer

from simulator.boards.bench import Bench, Transcript, seats
from simulator.clock import now_us, run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import profile
from simulator.radio.air import Air

from .boards import play as play_board
from .ports import at, boot_s

SCRIPTS = Path(__file__).parent / "conformance"
PORTS = ("esp32", "rp2", "stm32wb")
PAIRS = [
    *((port, port) for port in PORTS),
    ("esp32", "rp2"),
    ("rp2", "stm32wb"),
    ("stm32wb", "esp32"),
    pytest.param("rp2", "esp32", marks=pytest.mark.deep),
    pytest.param("stm32wb", "rp2", marks=pytest.mark.deep),
    pytest.param("esp32", "stm32wb", marks=pytest.mark.deep),
]
PATIENCE_S = 30
each_pair = pytest.mark.parametrize("near, far", PAIRS)


def play(folder: Path, **ports: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Each script (by its name) on a board of this port until all have ended: what each printed, and what failed."""
    said: dict[str, list[str]] = {name: [] for name in ports}
    transcript = Transcript(lambda _, name, line: said[name].append(line))
    seated = seats([f"{port}:{SCRIPTS / name}.py" for name, port in ports.items()], "esp32")
    bench = Bench(seated, 1, folder, transcript, {})

    async def main() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await bench.play(Air(1))

    with seeded_entropy(1):
        run(main())
    return said, bench.failed


@each_pair
def test_a_peripheral_and_a_central_use_every_method_of_server_and_client(tmp_path: Path, near: str, far: str) -> None:
    said, failed = play(tmp_path, peripheral=near, central=far)
    assert not failed
    # BTstack's binding can supply a value from the handler and refuse nothing, and takes any handle for a connection.
    refuses = near != "rp2"
    assert said["peripheral"] == [
        "handles True",
        r"own value b'\x00G'",
        "central connected, 6 bytes of address",
        "mtu 185",
        "control point b'stored'",
        "control point b'given'",
        "control point b'update'",
        "central disconnected True",
        f"disconnect nobody {near == 'rp2'}",
    ]
    assert said["central"] == [
        "found it, type 4",
        "connected",
        "mtu 185",
        "services done 0",
        "['UUID(0x1800)', 'UUID(0x1801)', 'UUID(0x180d)']",
        "UUID(0x180d)",
        "characteristics done 0",
        "UUID(0x2a37) 18 UUID(0x2a39) 12",
        "True",
        "descriptors done 0",
        r"read b'\x00G'",
        "read done well",
        *(["read done refused"] if refuses else [r"read b'\x00G'", "read done well"]),
        "read b'beats per minute'",
        "read done well",
        "subscribed 0",
        r"notified True b'\x00G'",
        "written 0",
        r"notified True b'\x00H'",
        r"notified True b'\x00I'",
        "written 0",
        r"read b'\x00I'",
        "read done well",
        "disconnecting True",
        "disconnected True",
    ]


@each_pair
def test_an_observer_hears_what_a_broadcaster_says(tmp_path: Path, near: str, far: str) -> None:
    said, failed = play(tmp_path, broadcaster=near, observer=far)
    assert not failed
    assert said["broadcaster"] == ["over"]
    assert said["observer"] == [
        r"[(2, b'\x04\xffone'), (4, b'')] after 400 ms",
        r"[(0, b'\x04\xfftwo')] after 300 ms",
        r"[(0, b'\x04\xfftwo'), (4, b'\x05\xffmore')] after 300 ms",
        "[] after 400 ms",
        r"[(0, b'\x04\xfftwo')] after 400 ms",
        "still scanning True",
        "[(0, b''), (4, b'')]",
    ]


@each_pair
def test_lines_go_through_a_uart_service_and_back(tmp_path: Path, near: str, far: str) -> None:
    said, failed = play(tmp_path, uart_peripheral=near, uart_central=far)
    assert not failed
    lines = [b"hello\n", b"the quick brown fox jumps\n", b"over the dog\n"]
    assert said["uart_peripheral"] == [*(f"line {line!r}" for line in lines), "the visitor left"]
    assert said["uart_central"] == [repr(b"".join(lines).upper())]


@each_pair
def test_indications_arrive_and_are_acknowledged(tmp_path: Path, near: str, far: str) -> None:
    said, failed = play(tmp_path, indicator=near, indicated=far)
    assert not failed
    acknowledged = "acknowledged True 0"
    assert said["indicator"] == [acknowledged, acknowledged, "own value b'stored'", acknowledged, "gone"]
    assert said["indicated"] == ["subscribed 0 0", "[b'stored', b'given', b'update']"]


@each_pair
def test_secrets_in_a_file_outlive_a_reset_or_the_port_knows_no_bonds(tmp_path: Path, near: str, far: str) -> None:
    said, failed = play_secretive(tmp_path, near, far)
    for name, port in (("secretive_peripheral", near), ("secretive_central", far)):
        if port == "rp2":
            assert failed.pop(name) == "ended by ValueError: unknown config param"
    assert not failed
    if "rp2" in (near, far):
        return
    encrypted = "encrypted 1 0 1 16"
    assert said["secretive_peripheral"] == [
        "no secrets yet",
        *("central connected", encrypted, "central disconnected"),
        *("central connected", encrypted, "central disconnected"),
        "kept True",
    ]
    served = ("read done refused", encrypted, "read b'dear diary'", "read done well", "write done refused")
    assert said["secretive_central"] == ["no secrets yet", *served, "new secrets True", *served, "new secrets False"]


def play_secretive(folder: Path, near: str, far: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Where one port cannot bond its script fails at once, and the other would wait for it for ever."""
    if near != far and "rp2" in (near, far):
        lonely = "secretive_peripheral" if near == "rp2" else "secretive_central"
        return play(folder, **{lonely: "rp2"})
    return play(folder, secretive_peripheral=near, secretive_central=far)


@pytest.mark.parametrize("port", PORTS)
def test_a_script_hears_of_its_connections_new_parameters(port: str) -> None:
    """No port has a way to ask for them: a central that is no board changes them."""

    async def story(connection: Connection) -> None:
        await connection.update_parameters(60, 60, 2, 4000)
        await asyncio.sleep(1)

    assert visit(port, "updated", story) == ["interval 48 latency 2 timeout 400 status 0", "over"]


@pytest.mark.parametrize("port", PORTS)
def test_a_stranger_is_refused_what_asks_for_security(port: str) -> None:
    """Nobody authorizes with NimBLE (its ble_att_svr.c leaves that to be written): it refuses nobody for it."""
    refused = []

    async def story(connection: Connection) -> None:
        peer = Peer(connection)
        await peer.discover_services()
        (service,) = peer.get_services_by_uuid(UUID.from_16_bits(0x1820))
        values = await service.discover_characteristics()
        for value in values[:3]:
            refused.append(await is_refused(value.read_value()))
        for value in values[3:]:
            refused.append(await is_refused(value.write_value(b"x", with_response=True)))

    authorizes = port == "rp2"
    assert visit(port, "guarded", story) == [str([b""] * 5 + [b"" if authorizes else b"x"])]
    assert refused == [True, True, authorizes] * 2


async def is_refused(attempt: Awaitable[object]) -> bool:
    try:
        await attempt
    except att.ATT_Error:
        return True
    return False


def visit(port: str, name: str, story: Callable[[Connection], Awaitable[None]]) -> list[str]:
    """What this script prints that advertises its own name: a laptop connects to it, does this, and leaves."""

    async def main() -> list[str]:
        air = Air(1)
        board, laptop = VirtualBoard(name, profile(port), air, 1, SCRIPTS / f"{name}.py"), Laptop("laptop", air, 1)
        await board.power_on()
        await laptop.power_on()
        try:
            async with asyncio.timeout(PATIENCE_S):
                connection = await laptop.device.connect(name)
                await story(connection)
                await connection.disconnect()
                await board.ended()
        finally:
            await board.power_off()
        return board.output

    with seeded_entropy(1):
        return run(main())


@pytest.mark.parametrize("port", PORTS)
def test_one_board_alone_is_configured_and_its_attempts_find_nobody(tmp_path: Path, port: str) -> None:
    said, failed = play(tmp_path, radio=port)
    assert not failed
    is_btstack = port == "rp2"
    assert said["radio"] == [
        "one True active False",
        "scan OSError [Errno 19] ENODEV",
        "True True",
        "mac 0 6",
        "random 1 3 True",
        "public True",
        "b'a name'",
        "mtu 100",
        "unknown ValueError unknown config param / ValueError unknown config param",
        "both TypeError can't specify pos and kw args",
        "too long OSError [Errno 22] EINVAL" if is_btstack else "too long OSError -18",
        "flags 0x2 0x4 0x8 0x10 0x20",
        "UUID(0x2908) UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')",
        r"True b'\x08)'",
        f"nobody {is_btstack}",
        "not there None" if is_btstack else "not there (8, 65535, 700)",
        "cancelled (7, 0, 0)" if is_btstack else "cancelled (8, 65535, 0)",
        "wrong ValueError invalid addr",
        "scanned ()",
        "unheard {}",
        "False OSError [Errno 19] ENODEV",
    ]


@pytest.mark.parametrize("port", PORTS)
def test_time_is_kept_as_documented(tmp_path: Path, port: str) -> None:
    said, failed = play(tmp_path, timekeeper=port)
    assert not failed
    epoch = "(1970, 1, 1, 0, 0, 0, 3, 1)" if port == "rp2" else "(2000, 1, 1, 0, 0, 0, 5, 1)"
    assert said["timekeeper"] == [
        "slept 1500",
        "short True",
        "cpu True",
        "wrap 1073741823 0 100 1",
        f"epoch {epoch}",
        "leap (2024, 2, 29, 12, 30, 15, 3, 60)",
        "date 2 2 True",
    ]


@pytest.mark.parametrize("port", PORTS)
def test_the_chip_does_what_every_port_documents(tmp_path: Path, port: str) -> None:
    """Light sleep lasts at least as long as it says; the second life is ended by its watchdog, again and again."""

    async def story(board: VirtualBoard) -> None:
        button, cell = {"stm32wb": ("C6", "C2"), "rp2": (4, 26), "esp32": (4, 6)}[port]
        board.adc_mv[cell] = 1650
        for _ in range(2):
            board.set_pin(button, 0)
            at(board, now_us(asyncio.get_running_loop()) / 1e6 + boot_s(port) + 1, button, 1, 0, step_s=0.02)
            boots = board.boots
            async with asyncio.timeout(PATIENCE_S):
                while board.boots == boots:
                    await asyncio.sleep(0.001)
                    board.check()

    lines = play_board(tmp_path, (SCRIPTS / "chip.py").read_text(), story, port=port).output
    life = [
        "light 0 1",
        "pulse 20000",
        "edges [0, 0]",
        "beats 10",
        "cell 50",
        f"id {({'esp32': 6, 'rp2': 8, 'stm32wb': 12})[port]} freq {'tuple' if port == 'stm32wb' else 'int'}",
        "rtc (2026, 5, 4) (12, 30, 2)",
        "idle True",
        f"light sleep 2 {port != 'rp2'}",
    ]
    assert lines == ["power-up True 0 0", *life, "soft", "power-up False 0 0", *life, "again"]


@pytest.mark.parametrize("port", PORTS)
def test_files_and_blocks_are_stored_as_documented(tmp_path: Path, port: str) -> None:
    said, failed = play(tmp_path, storage=port)
    assert not failed
    is_nor = port != "stm32wb"  # whose driver rewrites a page whatever was there
    assert said["storage"] == [
        "['b.txt', 'folder', 'storage.py'] ['c.bin']",
        "[('c.bin', 32768)] 5 8",
        "['one', 'two']",
        "gone 2",
        {"esp32": "journal factory", "rp2": "16", "stm32wb": "128"}[port],
        f"block {4096 if is_nor else 512} 0 True",
        f"page {'0xc0' if is_nor else '0xcc'} 0",
    ]
