"""CONTRIBUTING.md is true: whoever does what its walks say, and nothing else, has a board, a record, a command.

Each walk is done in a copy of the tree. Every day its changes are applied and its quick commands typed; those that end
in `# long` are typed by `make test-deep`.
"""

from pathlib import Path

import pytest

from . import fresh, walking
from .reading import ROOT, blocks

WALKS = ("## Add a board", "## Add a record", "## Add a command")
TEMPLATE = ROOT / "firmware" / "boards" / "TEMPLATE" / "README.md"


@pytest.mark.parametrize("heading", WALKS)
def test_a_walk_that_is_followed_to_the_letter_passes_its_own_checks(heading: str, tmp_path: Path) -> None:
    typed = walking.follow(walking.walk(heading), fresh.copy(tmp_path / "tree"), with_long=False)
    assert any("pytest" in line for line in typed), "a walk ends with tests"


@pytest.mark.deep
@pytest.mark.parametrize("heading", WALKS)
def test_nothing_else_breaks_by_what_a_walk_adds(heading: str, tmp_path: Path) -> None:
    steps = walking.walk(heading)
    assert any(line.endswith(walking.DEEP) for line in walking.commands(steps, with_long=True))
    walking.follow(steps, fresh.copy(tmp_path / "tree"), with_long=True)


@pytest.mark.deep
@pytest.mark.parametrize("left_out", ["firmware/JOURNAL.md", "tests/core/test_journal.py"])
def test_a_step_that_is_left_out_shows(left_out: str, tmp_path: Path) -> None:
    steps = [
        block
        for block in walking.walk("## Add a record")
        if block.kind != "diff" or walking.changes(block)[0] != left_out
    ]
    with pytest.raises(AssertionError, match="ended with 1"):
        walking.follow(steps, fresh.copy(tmp_path / "tree"), with_long=False)


def test_a_change_that_fits_nowhere_or_twice_is_told(tmp_path: Path) -> None:
    (block,) = (one for one in walking.walk("## Add a command") if one.lines[0] == "+++ host_tools/menu.py")
    path = tmp_path / "host_tools" / "menu.py"
    path.parent.mkdir()
    for text, times in (("nothing\n", 0), ('            "status": "What a unit says of itself",\n' * 2, 2)):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError, match=f"stands {times} times in host_tools/menu.py"):
            walking.follow([block], tmp_path, with_long=False)
        assert path.read_text(encoding="utf-8") == text


def test_every_file_that_a_walk_adds_is_named_where_its_reader_sees_it() -> None:
    text = walking.DOCUMENT.read_text(encoding="utf-8")
    named = [name for block in blocks(walking.DOCUMENT) if (name := walking.new_file(block))]
    assert named and [name for name in named if f"**{name}**" not in text] == []


def test_the_boards_walk_and_the_templates_checklist_name_the_same_files() -> None:
    checklist = TEMPLATE.read_text(encoding="utf-8")
    steps = walking.walk("## Add a board")
    for name in {walking.changes(block)[0] for block in steps if block.kind == "diff"}:
        assert f"`{name.replace('esp32_mine', 'NAME')}`" in checklist, name
