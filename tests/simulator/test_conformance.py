"""Scripts after MicroPython's documentation (`conformance/`), on every port and in pairs of ports: what they print.

Where ports differ, their bindings do; the difference is in the expected lines. Which rows of the documentation this
covers is the table of `simulator/README.md`, checked at the end.
"""

import ast
import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.boards.bench import Bench, Transcript, seats
from simulator.clock import now_us, run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.radio.air import Air

from .boards import play as play_board
from .ports import at, boot_s

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "conformance"
README = ROOT / "simulator" / "README.md"
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
    served = ("read done refused", encrypted, "read b'dear diary'", "read done well")
    assert said["secretive_central"] == ["no secrets yet", *served, "new secrets True", *served, "new secrets False"]


def play_secretive(folder: Path, near: str, far: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Where one port cannot bond its script fails at once, and the other would wait for it for ever."""
    if near != far and "rp2" in (near, far):
        lonely = "secretive_peripheral" if near == "rp2" else "secretive_central"
        return play(folder, **{lonely: "rp2"})
    return play(folder, secretive_peripheral=near, secretive_central=far)


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


# The table of simulator/README.md.

DOUBLES = ROOT / "simulator" / "doubles"
MODULES = {"bluetooth": "", "simpins": "machine.", "machine": "machine.", "time": "time.", "os": "os."} | {
    module: f"{module}." for module in ("esp32", "rp2", "pyb")
}
"""The doubles of the table, and how its names begin; `simpins.py` holds the `Pin` of `machine`."""
EVENTS = (
    *("CENTRAL_CONNECT", "CENTRAL_DISCONNECT", "GATTS_WRITE", "GATTS_READ_REQUEST", "SCAN_RESULT", "SCAN_DONE"),
    *("PERIPHERAL_CONNECT", "PERIPHERAL_DISCONNECT", "GATTC_SERVICE_RESULT", "GATTC_SERVICE_DONE"),
    *("GATTC_CHARACTERISTIC_RESULT", "GATTC_CHARACTERISTIC_DONE", "GATTC_DESCRIPTOR_RESULT", "GATTC_DESCRIPTOR_DONE"),
    *("GATTC_READ_RESULT", "GATTC_READ_DONE", "GATTC_WRITE_DONE", "GATTC_NOTIFY", "GATTC_INDICATE"),
    *("GATTS_INDICATE_DONE", "MTU_EXCHANGED", "L2CAP_ACCEPT", "L2CAP_CONNECT", "L2CAP_DISCONNECT", "L2CAP_RECV"),
    *("L2CAP_SEND_READY", "CONNECTION_UPDATE", "ENCRYPTION_UPDATE", "GET_SECRET", "SET_SECRET", "PASSKEY_ACTION"),
)
"""All that the documentation names, in the order of their codes, from 1 on."""


def table_rows() -> list[tuple[list[str], list[str]]]:
    """(names, tests) of each row."""
    text = README.read_text(encoding="utf-8").split("<!-- conformance -->")[1].split("<!-- /conformance -->")[0]
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [(re.findall("`([^`]+)`", row[0]), re.findall(r"\btest_\w+", row[-1])) for row in cells]


def public_names(body: list[ast.stmt]) -> set[str]:
    """Classes, functions and methods that a script sees; under an `if`, too."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.If):
            names |= public_names([*node.body, *node.orelse])
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{name}" for name in public_names(node.body)}
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Call)):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name) and target.id.islower()}
    return {name for name in names if not name.split(".")[-1].startswith("_")}


def test_every_row_of_the_table_names_tests_that_exist() -> None:
    defined = {
        node.name
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    rows = table_rows()
    assert len(rows) > 40
    assert [names for names, tests in rows if not tests] == []
    assert {test for _, tests in rows for test in tests} - defined == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_of_a_double_has_a_row(module: str) -> None:
    tree = ast.parse((DOUBLES / f"{module}.py").read_text(encoding="utf-8"))
    listed = {name for names, _ in table_rows() for name in names}
    helpers = {"BLE", "call_hard", "call_soft", "find_pin", "wakers"}  # `simpins.py` serves `machine.py`
    missing = {MODULES[module] + name for name in public_names(tree.body) - helpers} - listed
    assert missing == set(), "add rows to simulator/README.md"


def test_every_event_has_a_row_and_its_code_in_the_scripts() -> None:
    listed = {name for names, _ in table_rows() for name in names}
    codes = {f"_IRQ_{event}": code for code, event in enumerate(EVENTS, 1)}
    assert set(codes) == {name for name in listed if name.startswith("_IRQ_")}
    for path in SCRIPTS.glob("*.py"):
        for name, code in re.findall(r"^(_IRQ_\w+) = const\((\d+)\)", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert codes[name] == int(code), path.name


def test_the_readmes_example_prints_what_it_says() -> None:
    block = README.read_text(encoding="utf-8").split("<!-- example -->")[1].split("<!-- /example -->")[0]
    command, output = (part.strip("\n") for part in re.findall(r"```\n(.*?)```", block, re.DOTALL))
    assert command.startswith(".venv/bin/python ")
    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.rstrip() == output.rstrip(), "costs or the air have changed: paste what it prints now"
