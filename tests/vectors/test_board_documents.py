"""`docs/boards/` and `firmware/README.md` say what the code says: commands, links, pins, secrets, nothing left out."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from host_tools.power import figures
from host_tools.wiring import circuits, draw, files, straps
from interlock.boards import INPUTS, OPTIONAL, SIGNALS
from interlock.core import access, settings
from simulator.profiles.costs import cost_names
from tests.boards import chips

from . import board_tables, tables
from .documents import FIRMWARE

ROOT = FIRMWARE.parent
DOCUMENTS = [FIRMWARE / "README.md", *sorted(files.DOCS.glob("*.md"))]
BOARDS = [pytest.param(board, id=board.name) for board in files.boards()]


def test_every_document_is_found_from_the_first():
    linked = {path.name for path in DOCUMENTS if f"({path.name})" in (files.DOCS / "README.md").read_text()}
    assert linked | {"README.md"} == {path.name for path in DOCUMENTS}


# Wiring.


def test_drawings_and_tables_are_what_the_boards_data_say():
    assert files.stale() == [], "run: python -m host_tools.wiring"


@pytest.mark.parametrize("board", BOARDS)
def test_a_drawing_is_sound_and_shows_every_pin_of_its_board(board):
    picture = ET.fromstring(draw.picture(board))
    texts = [element.text or "" for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    height = float(picture.attrib["height"])
    for signal in board.pins:
        assert signal in texts and draw.pin_name(board, signal) in texts, signal
    for element in picture.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 < float(element.attrib["x"]) < draw.WIDTH and 0 < float(element.attrib["y"]) < height, element.text
    assert any("nothing of this was built" in text for text in texts)


@pytest.mark.parametrize("board", BOARDS)
def test_a_line_rests_where_the_board_expects_it(board):
    """What pulls a contact is what its level needs: else it would be on by itself."""
    for signal, circuit in circuits.of(board):
        parts = circuits.parts_of(circuit, board, signal)
        if circuit.kind == circuits.CONTACT:
            assert ("to 3.3 V" in parts) == (signal in board.active_low), signal
        elif signal in INPUTS and circuit.kind != circuits.HALL:
            assert signal not in board.active_low and "to ground" in parts, signal
        elif signal not in INPUTS and signal != "battery":
            assert "to ground" in parts, "an output that rests off while the chip starts"


@pytest.mark.parametrize("board", BOARDS)
def test_what_a_chip_reads_at_reset_is_drawn_or_left_open_and_said(board):
    """A strap that nobody names is one that whoever solders does not know of."""
    chip = chips.RULES[board.name]
    known = {found.pin for found in straps.of(board)}
    known |= {board.pins[signal] for signal in straps.STRONG.get(board.name, ())}
    assert set(chip.taken.get("strap", ())) <= known
    assert known - {"EN"} <= {*chip.taken.get("strap", ()), *chip.only}
    assert ("EN" in known) == ("esp32" in board.name)
    section = files.WIRING.read_text("utf-8").split(f"<!-- board: {board.name} -->")[1].split(files.END)[0]
    picture = draw.picture(board)
    for found in straps.of(board):
        assert f"{straps.name(found)} {found.part}" in section
        assert (f">{straps.name(found)}<" in picture) == (found.part != straps.OPEN)


def ohms(text):
    number, unit = text.split()
    return float(number) * {"Ω": 1, "kΩ": 1e3, "MΩ": 1e6}[unit]


@pytest.mark.parametrize("board", BOARDS)
def test_a_line_that_rests_low_rests_low_on_a_chip_that_leaks(board):
    most = chips.RULES[board.name].pull_down_max_ohm
    for signal, circuit in circuits.of(board):
        found = re.findall(r"([\d.]+ k?Ω) to ground", circuits.parts_of(circuit, board, signal))
        if signal in ("discharge", "tally", "awake"):
            assert found and (most is None or ohms(found[-1]) <= most), signal


@pytest.mark.parametrize("board", BOARDS)
def test_a_pulse_reaches_its_pin_undivided(board):
    """An ESP32 takes 0.75 of its supply for high: behind 1 kΩ in series, 4.7 kΩ at the pin would leave 0.82 of it."""
    parts = circuits.parts_of(circuits.CIRCUITS["discharge"], board, "discharge")
    assert parts.index("to ground") < parts.index("in series")


@pytest.mark.parametrize("board", BOARDS)
def test_a_drawing_says_which_voltage_feeds_its_board(board):
    texts = re.findall(r">([^<]+)</text>", draw.picture(board))
    assert ("VSYS" in texts) == board.name.startswith("pico") == ("3V3" not in texts)
    assert texts[texts.index("10 µF + 100 nF") + 1] == ("cell +" if "VSYS" in texts else "3.3 V")
    assert ("3.3 V at 3V3(OUT)" in texts) == ("VSYS" in texts)


def test_there_is_a_circuit_for_every_signal_and_no_other():
    assert set(circuits.CIRCUITS) == set(SIGNALS + OPTIONAL)
    assert set(draw.DRAWN) == {circuit.kind for circuit in circuits.CIRCUITS.values()} | {circuits.HALL}


def test_a_hall_sensor_in_place_of_a_contact_is_drawn_as_one():
    board = next(board for board in files.boards() if board.name == "esp32_s3")
    was, board.halls = board.halls, {"seat_closes": (40000, 30000)}
    try:
        assert "Hall sensor" in draw.picture(board)
        assert dict(circuits.of(board))["seat_closes"].kind == circuits.HALL
    finally:
        board.halls = was


def test_a_drawing_that_is_out_of_date_is_noticed(tmp_path, monkeypatch):
    for path in files.DOCS.glob("wiring*"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(files, "DOCS", tmp_path)
    monkeypatch.setattr(files, "WIRING", tmp_path / "wiring.md")
    assert files.stale() == []
    drawing = tmp_path / "wiring-pico_w.svg"
    drawing.write_text(drawing.read_text(encoding="utf-8").replace("GPIO 13", "GPIO 3"), encoding="utf-8")
    table = tmp_path / "wiring.md"
    table.write_text(table.read_text(encoding="utf-8").replace("| `haptic` | GPIO 11 |", "| `haptic` | GPIO 1 |"))
    assert set(files.stale()) == {"wiring-pico_w.svg", "wiring.md"}
    files.write()
    assert files.stale() == []


# Bring-up.


def test_every_estimate_of_the_simulator_and_the_power_model_has_its_measurement():
    assert list(board_tables.COSTS) == cost_names()
    assert set(figures.NEEDED) <= set(board_tables.CURRENTS)
    for board in figures.boards():
        own = set(figures.load(board).by_name) - set(figures.SHARED)
        assert own <= set(board_tables.CURRENTS), board


def test_what_only_hardware_can_confirm_names_steps_that_there_are():
    steps = [int(n) for n in re.findall(r"^\| (\d+) \|", (files.DOCS / "bring-up.md").read_text("utf-8"), re.M)]
    assert steps == list(range(1, len(steps) + 1))
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", (files.DOCS / "hardware-only.md").read_text("utf-8"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1)) and len(rows) >= 25
    for number, where in rows:
        named = [int(n) for n in re.findall(r"\d+", where)]
        assert set(named) <= set(steps) and (named or where.strip("`") in (*board_tables.CURRENTS, "laboratory",
                                                                          "costs", "currents")), number  # fmt: skip


def test_the_tables_are_generated_and_fresh():
    ours = {"bring-up costs", "bring-up currents", "power modes", "power sources"}
    assert ours <= {part.name for part in tables.parts()}
    assert not ours & set(tables.stale()), "run: python -m tests.vectors.tables"


# Memory.


def number(text):
    return int(text.replace(",", ""))


def test_what_a_unit_holds_stands_beside_what_each_board_has():
    text = (files.DOCS / "memory.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| .* \| .* \| .* \| .* \|$", text, re.M)
    assert set(rows) >= {board.name for board in files.boards()}
    rows = re.findall(
        r"(?:in its dock, |asked for a).*?\| ([\d,]+); ([\d,]+) bytes", (FIRMWARE / "README.md").read_text("utf-8")
    )
    placed, loaded = (max(map(number, column)) for column in zip(*rows, strict=True))
    told = [number(found) for found in re.findall(r"^\| (?:loaded out|its bytecode).* ([\d,]+) \|$", text, re.M)]
    assert len(told) == 2 and told[0] * 1.05 > loaded and told[1] * 1.05 > placed, "a unit needs more by now"
    step = (files.DOCS / "bring-up.md").read_text(encoding="utf-8").split("## Memory")[1].split("##")[0]
    least = [number(found) for found in re.findall(r"([\d,]{6,}) (?:bytes|for)", step)]
    assert least[0] > told[0] * 1.5 and told[0] > least[1] > told[1] * 1.5, "half as much again, each"


# Physical access.

SECRETS = {
    "unit_key": "its own unit key",
    "group_key": "the group's key, during a change two",
    "group_other": "the group's key, during a change two",
    "partners": "its partners' unit keys, and the pair keys",
    "admin_key": "the admin key of this unit, two steps",
    "admin_old": "the admin key of this unit, two steps",
    "technician_root": "the technicians' root of this unit",
    "secret": "the label's secret",
}
PLAIN = {
    "revision", "serial", "unit", "role", "policy", "recorder", "recorder_id", "generation", "force", "name", "step",
    "label_open",
}  # fmt: skip


def test_every_secret_that_a_unit_stores_is_in_the_threat_notes():
    stored = {*settings.Settings._fields, *access.Access._fields, *access.Label._fields}
    assert stored <= set(SECRETS) | PLAIN, "what is new: a secret, or not?"
    text = (files.DOCS / "threats-physical.md").read_text(encoding="utf-8")
    for words in SECRETS.values():
        assert f"| {words} |" in text
    for more in (
        "seal key of the present epoch",
        "signing seeds from now on",
        "the GoPro's bond (`/gopro.bonds`), where one is the recorder",
    ):
        assert f"| {more} |" in text


def test_nothing_claims_a_measurement():
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bwe measured\b|\bour measurement\b", text), path.name
    assert "never run on a physical board" in Path(FIRMWARE / "README.md").read_text(encoding="utf-8")
