"""`make check` types the firmware once for each port, against that port's stubs and with its own boards and drivers."""

import configparser
import re
from pathlib import Path

import pytest

from simulator.profiles import CHIPS

ROOT = Path(__file__).parents[2]
CONFIGS = {"esp32": "mypy.ini", "rp2": "mypy-rp2.ini", "stm32": "mypy-stm32.ini"}
PORTS = {"esp32": "esp32", "rp2": "rp2", "stm32wb": "stm32"}  # a profile's port, and what the stubs call it
# Nobody imports these on a board, or they are the same file for another one.
UNTYPED = ("manifest.py", "boards/TEMPLATE/board.py", "boards/pico2_w/_boot.py")


def config(port: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "firmware" / CONFIGS[port])
    return parser["mypy"]


def typed(port: str) -> set[str]:
    """What is checked for this port, as paths below firmware/."""
    skipped = re.compile(config(port)["exclude"])
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "firmware").rglob("*.py")]
    return {name.removeprefix("firmware/") for name in files if not skipped.search(name)}


def test_every_file_of_the_firmware_is_typed_for_some_port():
    every = {path.relative_to(ROOT / "firmware").as_posix() for path in (ROOT / "firmware").rglob("*.py")}
    missed = every - set.union(*(typed(port) for port in CONFIGS))
    assert [name for name in missed if not name.endswith(UNTYPED)] == []


@pytest.mark.parametrize("chip", CHIPS.values(), ids=list(CHIPS))
def test_a_board_is_typed_with_its_own_ports_stubs_and_no_others(chip):
    module, driver = f"interlock/boards/{chip.board}.py", f"interlock/drivers/flash_{chip.port}.py"
    for port in CONFIGS:
        assert (module in typed(port)) == (driver in typed(port)) == (port == PORTS[chip.port]), port


@pytest.mark.parametrize("port", CONFIGS)
def test_a_check_is_strict_knows_one_ports_stubs_and_is_in_make_check(port: str):
    found = config(port)
    assert found["strict"] == "True" and found["custom_typeshed_dir"] == f"typings/{port}"
    assert found["mypy_path"].split(":") == ["firmware", f"typings/{port}"]
    assert f"mypy --config-file firmware/{CONFIGS[port]}\n" in (ROOT / "Makefile").read_text()
