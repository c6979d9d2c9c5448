"""What a campaign's folder keeps, whatever ends the command: whole lines, one campaign, one command at a time."""

import json
from pathlib import Path

import pytest

from host_tools.campaign import journal
from host_tools.outcome import ToolError

from .campaigns import made_up, planned, tiny


@pytest.fixture
def campaign(tmp_path):
    """(plan, identity, folder)"""
    whole = planned(tmp_path, "loss=0,0.5")
    path = tiny(tmp_path)
    return whole, journal.identity(whole, path, path.read_bytes(), "some code"), tmp_path / "out"


def kept(campaign):
    plan, this, folder = campaign
    with journal.opened(folder, plan, this) as runs:
        return dict(runs.lines)


def add(campaign, *jobs):
    plan, this, folder = campaign
    with journal.opened(folder, plan, this) as runs:
        for loss, seed in jobs:
            runs.add(made_up({"loss": loss}, seed))


def test_what_was_added_is_there_again(campaign):
    assert kept(campaign) == {}
    add(campaign, (0.5, 2), (0, 1))
    add(campaign, (0, 2))
    assert kept(campaign) == {
        (1, 2): made_up({"loss": 0.5}, 2),
        (0, 1): made_up({"loss": 0}, 1),
        (0, 2): made_up({"loss": 0}, 2),
    }


def test_a_line_is_in_the_file_before_the_next_is_made(campaign):
    plan, this, folder = campaign
    with journal.opened(folder, plan, this) as runs:
        for seed in (1, 2, 3):
            runs.add(made_up({"loss": 0}, seed))
            assert (folder / journal.RUNS).read_bytes().count(b"\n") == seed


def test_cut_anywhere_the_whole_lines_stay_and_it_goes_on(campaign):
    add(campaign, (0, 1), (0, 2))
    path = campaign[2] / journal.RUNS
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in (0, 1, first - 1, first, first + 1, first + 40, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert list(kept(campaign)) == [(0, 1)] * (cut >= first)
        add(campaign, (0, 3))
        assert list(kept(campaign)) == [(0, 1)] * (cut >= first) + [(0, 3)]


@pytest.mark.parametrize("line", [b"nonsense\n", b"{}\n", b'{"values": {"loss": 7}, "seed": 1}\n', b"[]\n", b"\xff\n"])
def test_a_whole_line_that_is_no_run_is_named_with_its_number(campaign, line):
    add(campaign, (0, 1))
    path = campaign[2] / journal.RUNS
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(ToolError, match=r"line 2") as refused:
        kept(campaign)
    assert "Delete the line" in refused.value.advice


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 2), ("vary", {}), ("scenario_sha256", "0"), ("fidelity", "fast"), ("code", "other"), ("format", 2)],
)
def test_the_folder_of_another_campaign_is_refused_and_says_what_differs(campaign, name, value):
    plan, this, folder = campaign
    add(campaign, (0, 1))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ToolError, match=f"differs in: {name}") as refused:
        kept((plan, this | {name: value}, folder))
    assert "--out" in refused.value.advice
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_more_runs_are_the_same_campaign(campaign, tmp_path):
    _, this, folder = campaign
    add(campaign, (0, 1))
    more = planned(tmp_path, "loss=0,0.5", runs=9)
    path = tiny(tmp_path)
    assert journal.identity(more, path, path.read_bytes(), "some code") == this
    assert list(kept((more, this, folder))) == [(0, 1)]


def test_runs_without_a_word_of_what_they_are_and_a_broken_word_are_refused(campaign):
    folder = campaign[2]
    add(campaign, (0, 1))
    (folder / journal.IDENTITY).write_text("{")
    with pytest.raises(ToolError, match="cannot be read"):
        kept(campaign)
    (folder / journal.IDENTITY).write_text("[]")
    with pytest.raises(ToolError, match="another campaign"):
        kept(campaign)
    (folder / journal.IDENTITY).unlink()
    with pytest.raises(ToolError, match="holds runs and no"):
        kept(campaign)


def test_two_commands_do_not_work_in_one_folder(campaign):
    plan, this, folder = campaign
    with journal.opened(folder, plan, this), pytest.raises(ToolError, match="another interlock command"):
        kept(campaign)


def test_a_folder_in_which_nothing_can_be_kept_is_an_error_with_advice(campaign, tmp_path):
    plan, this, _ = campaign
    (tmp_path / "file").write_text("")
    for taken in ("lock", journal.RUNS):
        (tmp_path / f"{taken} taken" / taken / "by a folder").mkdir(parents=True)
    for folder in ("file", "file/out", "lock taken", f"{journal.RUNS} taken"):
        with pytest.raises(ToolError) as refused:
            kept((plan, this, tmp_path / folder))
        assert "--out" in refused.value.advice


def test_a_disk_that_is_full_is_an_error_that_says_how_to_go_on(campaign):
    plan, this, folder = campaign
    with journal.opened(folder, plan, this) as runs, Path("/dev/full").open("wb", buffering=0) as full:
        runs._file = full
        with pytest.raises(ToolError, match="No space left") as refused:
            runs.add(made_up({"loss": 0}, 1))
    assert "goes on where it was" in refused.value.advice


def test_the_file_is_json_a_line(campaign):
    add(campaign, (0, 1), (0.5, 1))
    lines = (campaign[2] / journal.RUNS).read_text().splitlines()
    assert [json.loads(line)["values"] for line in lines] == [{"loss": 0}, {"loss": 0.5}]
