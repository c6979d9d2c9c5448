"""Every figure of every board has a value, a unit, a kind and a source, and the files say nothing else."""

import shutil
import tomllib

import pytest

from host_tools.outcome import ToolError
from host_tools.power import figures
from interlock.boards import esp32_s3

FILES = [figures.FOLDER / "power.toml", *(figures.FOLDER / board / "power.toml" for board in figures.boards())]
ENTRIES = [
    pytest.param(path, name, entry, id=f"{path.parent.name}-{name}")
    for path in FILES
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8"))["figures"].items()
]


def test_there_are_figures_of_every_board_that_the_firmware_has():
    found = {path.stem for path in (figures.FOLDER.parent / "interlock" / "boards").glob("*.py")}
    boards = {name for name in found if name != "__init__" and not name.startswith("on_")}
    assert set(figures.boards()) == boards and esp32_s3.BOARD.name in boards


@pytest.mark.parametrize(("path", "name", "entry"), ENTRIES)
def test_a_figure_says_what_it_is_and_whose(path, name, entry):
    assert set(entry) <= {"unit", "min", "typ", "max", "whole", "at_v", "kind", "source"}
    assert entry["kind"] in figures.KINDS and len(entry["source"]) > 15
    assert entry.get("min", 0) <= entry["typ"] <= entry.get("max", entry["typ"])
    if entry["kind"] == "datasheet":
        assert any(word in entry["source"] for word in ("Datasheet", "W25Q")), "which document?"
    if entry["kind"] == "report":
        assert any(sign in entry["source"] for sign in ("#", "glenn20", "FNB58", "as awake_idle")), "whose?"


@pytest.mark.parametrize("board", figures.boards())
def test_a_board_s_figures_are_whole_and_in_milliamperes_and_milliseconds(board):
    found = figures.load(board)
    assert found.board == board and found.radio_note
    assert 2 < found["awake_idle"].typ < 60, "mA"
    assert 0 < found["deep_sleep"].typ < 3, "mA"
    assert 0.05 < found["poll"].typ < 1, "ms of each 5"
    # What is more cannot take less.
    assert found["awake_idle"].typ <= found["awake_run"].typ
    assert found["deep_sleep"].high < found["awake_idle"].low


def test_what_was_measured_at_five_volts_is_converted_to_the_cell_by_power():
    entry = tomllib.loads((figures.FOLDER / "pico_w" / "power.toml").read_text())["figures"]["awake_run"]
    assert figures.load("pico_w")["awake_run"].typ == pytest.approx(entry["typ"] * 5.0 / 3.7)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('source = ""', "not sound"),
        ('kind = "guess"', "not sound"),
        ("max = 1", "not sound"),
        ("typ = true and false", "cannot be read"),
        ('unit = "horsepower"', "lacks"),
    ],
)
def test_a_file_that_says_nonsense_is_refused_with_its_place(tmp_path, line, why):
    shutil.copytree(figures.FOLDER / "esp32_c3", tmp_path / "esp32_c3")
    shutil.copy(figures.FOLDER / "power.toml", tmp_path)
    path = tmp_path / "esp32_c3" / "power.toml"
    key = line.split()[0]
    lines = path.read_text().split("\n")
    at = lines.index("[figures.awake_idle]")
    places = [i for i in range(at, at + 8) if lines[i].startswith(f"{key} =")]
    lines[places[0]] = line
    path.write_text("\n".join(lines))
    with pytest.raises(ToolError, match=why) as refused:
        figures.load("esp32_c3", tmp_path)
    assert "power.toml" in str(refused.value)


def test_an_unknown_board_is_named_with_what_is_known(tmp_path):
    with pytest.raises(ToolError) as refused:
        figures.load("esp32s3")
    assert "esp32_s3" in refused.value.advice
    with pytest.raises(ToolError, match="no figures"):
        figures.boards(tmp_path)
