"""Profiles: every figure has its source, and COSTS.md holds the table that they print."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from interlock.boards import SIGNALS
from simulator.profiles import CHIPS, PROFILES, Profile, profile
from simulator.profiles.costs import chips_table, cost_names, table
from simulator.wiring import wiring

DOCUMENT = Path(__file__).parents[2] / "simulator" / "COSTS.md"


def test_asking_for_a_port_that_is_not_there_says_which_are():
    with pytest.raises(ValueError, match="esp32, rp2, stm32wb"):
        profile("zephyr")


@pytest.mark.parametrize("port", CHIPS)
def test_every_cost_has_a_source(port):
    assert [name for name in cost_names() if name not in profile(port).sources] == []


@pytest.mark.parametrize("port", CHIPS)
def test_every_source_is_of_a_figure(port):
    assert set(profile(port).sources) <= {field.name for field in fields(Profile)}


@pytest.mark.parametrize("port", CHIPS)
def test_the_journal_lies_in_the_flash_and_begins_and_ends_with_a_sector(port):
    p = profile(port)
    assert p.journal_offset + p.journal_bytes <= p.flash_bytes
    assert p.journal_offset % 4096 == p.journal_bytes % 4096 == 0


@pytest.mark.parametrize("port", CHIPS)
def test_every_port_has_a_firmware_board_whose_pins_it_knows(port):
    board, p = wiring(port), profile(port)
    assert board.name == p.board and set(SIGNALS) <= set(board.pins)
    assert all(pin in p.pins or pin in p.pin_names.values() for pin in board.pins.values())
    assert board.pins["battery"] in p.adc_pins


def test_the_port_that_is_not_power_proof_says_so():
    assert {name: wiring(name).power_proof for name in PROFILES} == {
        "esp32": True,
        "rp2": True,
        "stm32wb": False,
    }


def test_what_the_doubles_are_told_can_cross_the_line():
    from simulator.hardware.wire import decode, encode

    for p in CHIPS.values():
        told, _ = decode(encode(p.facts()))
        assert dict(told)["tick_us"] == p.tick_us
        assert dict(dict(told)["machine"]) == dict(p.machine)


def test_the_readme_has_the_table_of_costs():
    text = DOCUMENT.read_text(encoding="utf-8")
    for marker, made in (("costs", table()), ("chips", chips_table())):
        held = text.split(f"<!-- {marker} -->\n")[1].split(f"\n<!-- /{marker} -->")[0]
        assert held.strip() == made, "write it with: python -m simulator.profiles --write"


def test_the_generator_prints_the_table():
    done = subprocess.run([sys.executable, "-m", "simulator.profiles"], capture_output=True, text=True, timeout=60)
    assert done.stdout == table() + "\n\n" + chips_table() + "\n"


def test_a_cost_is_one_row_with_a_figure_of_every_port():
    (row,) = [line for line in table().splitlines() if line.startswith("| `sha256_block`")]
    assert [cell.strip() for cell in row.split("|")[3:6]] == ["12", "60", "45"]
