"""`interlock update` against model units that run the firmware's own end of it: what people and programs are told, what
is refused before and after it is sent, what is gone on from."""

import asyncio
from pathlib import Path

import pytest

from host_tools.flows import update as flow
from host_tools.outcome import Exit, ToolError
from host_tools.release_file import load
from interlock.core import updating
from interlock_loader.container import LOADER
from tests.update.device import Device
from tests.update.releases import digest, forbids_itself, public, release

FILE = release(sizes=(900, 40000))


@pytest.fixture
def fleet(desk, tmp_path):
    """H1 with release 1.0.0 in slot a, and the key that signs releases in the vault."""
    set_up(desk, "H1", "--force", "MPS")
    assert desk.run("release", "--trust", put(tmp_path / "signs.pub", public()))[0] == 0
    desk.file = lambda data=FILE, name="new.ilu": put(tmp_path / name, data)
    return desk


def set_up(desk, serial, *arguments):
    code = desk.run("provision", desk.unit(serial), "--role", "holster", "--signing", "none", *arguments)[0]
    assert code == 0
    desk.units[serial].device = Device()


def put(path, data):
    path.write_bytes(data)
    return str(path)


def notes(team, serial):
    return [note[:2] for note in team.units[serial].device.notes]


def test_a_unit_is_given_a_release_and_confirms_it(fleet):
    told = fleet.json("update", "H1", fleet.file())
    (unit,) = told["units"]
    assert (unit["outcome"], unit["was"], unit["version"], unit["running"]) == (
        "confirmed",
        [1, 0, 0],
        [2, 0, 0],
        [2, 0, 0],
    )
    assert unit["sent"] == len(FILE) and unit["went_on_from"] == 0 and unit["seconds"] > 0
    assert fleet.units["H1"].device.runs == (2, 0, 0) and not fleet.units["H1"].device.on_trial
    assert ("update", "1.0.0 to 2.0.0: confirmed") in [
        (line["what"], line["detail"]) for line in fleet.json("store", "custody", "H1")
    ]


def test_again_it_is_there_already_and_nothing_is_sent(fleet):
    fleet.json("update", "H1", fleet.file())
    before = bytes(fleet.units["H1"].device.chip.data)
    (unit,) = fleet.json("update", "H1", fleet.file())["units"]
    assert (unit["outcome"], unit["sent"]) == ("already", 0)
    assert bytes(fleet.units["H1"].device.chip.data) == before
    code, out, _ = fleet.run("update", "H1", fleet.file())
    assert code == 0 and "runs 2.0.0 already" in out


def test_of_several_files_each_unit_gets_the_one_for_its_board(fleet):
    set_up(fleet, "H2")
    files = fleet.file(release(board="pico_w"), "pico.ilu"), fleet.file()
    told = fleet.json("update", "--all", *files)
    assert [unit["outcome"] for unit in told["units"]] == ["confirmed", "confirmed"]
    code, _, err = fleet.run("update", "H1", fleet.file(release((3, 0, 0), board="pico_w")))
    assert code == Exit.USAGE and "is a board esp32_s3" in err and "pico_w" in err


def test_a_link_that_breaks_in_the_middle_is_made_anew_and_what_was_sent_stays(fleet):
    links = []

    def cut(link):
        links.append(link)
        if len(links) in (1, 2):
            asyncio.get_running_loop().call_later(3.0, link.drop)

    fleet.on_link = cut
    (unit,) = fleet.json("update", "H1", fleet.file())["units"]
    assert unit["outcome"] == "confirmed" and len(links) >= 3
    assert unit["sent"] <= len(FILE) + 2 * updating.DATA_BYTES


def test_a_transfer_that_was_broken_off_by_a_power_cut_is_gone_on_from(fleet):
    device = fleet.units["H1"].device
    device.begin(FILE)
    device.send(FILE, until=30000)
    device.boot()
    (unit,) = fleet.json("update", "H1", fleet.file())["units"]
    assert unit["outcome"] == "confirmed" and 10000 < unit["went_on_from"] <= 31000
    assert unit["sent"] == len(FILE) - unit["went_on_from"]


def test_a_release_that_does_not_work_falls_back_and_that_is_a_finding(fleet):
    fleet.units["H1"].is_sound = False
    told = fleet.json("update", "H1", fleet.file(), code=Exit.FINDINGS)
    assert (told["units"][0]["outcome"], told["units"][0]["running"]) == ("fell back", [1, 0, 0])
    assert fleet.units["H1"].device.runs == (1, 0, 0)
    code, out, _ = fleet.run("update", "H1", fleet.file())
    assert code == Exit.FINDINGS and "went back to 1.0.0" in out


def test_a_unit_that_is_not_heard_again_is_said_to_be_on_trial(fleet, monkeypatch):
    monkeypatch.setattr(flow, "AFTER_RESET_S", 1.0)
    monkeypatch.setattr(flow, "PATIENCE_S", 1.0)
    unit = fleet.units["H1"]
    boot = unit.start_device

    def carried_away():
        boot()
        fleet.units.pop("H1", None)

    unit.start_device = carried_away
    fleet.units["H1"] = unit
    monkeypatch.setattr(unit, "boot", lambda: (setattr(unit, "is_new", False), setattr(unit, "deaf_until_s", 1e9)))
    (told,) = fleet.json("update", "H1", fleet.file())["units"]
    assert told["outcome"] == "on trial"


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (FILE[:-1], 2, "is cut short"),
        (FILE + b"x", 2, "followed by something else"),
        (FILE[:100], 2, "no release file"),
        (b"PK\x03\x04" + FILE, 2, "no release file"),
        (b"", 2, "no release file"),
        (release(signed_by=None), 2, "is not signed"),
        (release(signed_by=b"T"), 1, "is not signed by the release key at hand"),
        (FILE[:-1] + bytes([FILE[-1] ^ 1]), 1, "was altered"),
        (FILE[:20] + b"X" + FILE[21:], 1, "is not signed by the release key at hand"),
    ],
)
def test_a_file_that_is_not_a_whole_signed_release_is_refused_before_any_unit_hears_of_it(tmp_path, data, code, says):
    with pytest.raises(ToolError, match=says) as refused:
        load(Path(put(tmp_path / "new.ilu", data)), public())
    assert refused.value.code == code and refused.value.advice


def test_the_command_says_what_is_wrong_with_a_file_and_sends_nothing(fleet):
    got, _, err = fleet.run("update", "H1", fleet.file(FILE[:-1] + bytes([FILE[-1] ^ 1])))
    assert got == Exit.FINDINGS and "is not what was signed" in err and notes(fleet, "H1") == []


def test_a_file_whose_minimum_is_above_its_own_version_is_sent_nowhere(fleet):
    got, _, err = fleet.run("update", "H1", fleet.file(forbids_itself()))
    assert got == Exit.USAGE and "its minimum is 9.9.9" in err and notes(fleet, "H1") == []


def test_a_unit_whose_loader_is_older_than_the_release_says_so_and_runs_on(fleet):
    told = fleet.json("update", "H1", fleet.file(release(loader=LOADER + 1)), code=Exit.DEVICE)
    assert "needs a newer loader" in told["failures"][0]["failure"]
    assert "interlock flash" in told["failures"][0]["advice"]
    assert fleet.units["H1"].device.runs == (1, 0, 0)


def test_a_unit_that_trusts_another_key_is_told_apart_before_a_byte_is_sent(fleet):
    fleet.units["H1"].device = Device(key=public(b"T"))
    told = fleet.json("update", "H1", fleet.file(), code=Exit.DEVICE)
    assert "not signed by the release key" in told["failures"][0]["failure"]
    fleet.units["H1"].device = Device(key=b"")
    told = fleet.json("update", "H1", fleet.file(), code=Exit.DEVICE)
    assert "no release key" in told["failures"][0]["failure"]
    assert notes(fleet, "H1") == []


def test_a_stolen_key_of_somebody_elses_does_not_make_the_unit_take_it(fleet):
    """The host lies about the key: the unit verifies by its own."""
    file = release(signed_by=b"T")
    device = fleet.units["H1"].device
    device.begin(file)
    assert device.send(file).finding == updating.BAD_SIGNATURE and device.runs == (1, 0, 0)


def test_older_releases_are_sent_only_when_meant_and_never_below_the_floor(fleet):
    raising = release((2, 0, 0), minimum=(1, 9, 0))
    assert fleet.json("update", "H1", fleet.file(raising))["units"][0]["outcome"] == "confirmed"
    older = fleet.file(release((1, 9, 5)), "older.ilu")
    code, _, err = fleet.run("update", "H1", older)
    assert code == Exit.USAGE and "newer than 1.9.5" in err and "--older" in err
    assert fleet.json("update", "H1", older, "--older")["units"][0]["outcome"] == "confirmed"
    told = fleet.json("update", "H1", fleet.file(release((1, 8, 0)), "old.ilu"), "--older", code=Exit.DEVICE)
    assert "older than the unit may go back to (1.9.0)" in told["failures"][0]["failure"]


def test_a_unit_without_slots_says_so(fleet):
    fleet.units["H1"].device = None
    told = fleet.json("update", "H1", fleet.file(), code=Exit.DEVICE)
    assert "no slots" in told["failures"][0]["failure"]


def test_a_technicians_laptop_updates_nothing(fleet, tmp_path):
    fleet.lend("PC7", tmp_path / "laptop")
    fleet.home = tmp_path / "laptop"
    code, _, err = fleet.run("update", "H1", fleet.file())
    assert code == Exit.USAGE and "PC7's vault" in err


def test_without_a_key_or_a_file_the_command_says_what_to_do(fleet):
    code, _, err = fleet.run("update", "H1")
    assert code == Exit.USAGE and "no release file" in err
    (fleet.home / "vault" / "releases" / "trusted.json").unlink()
    code, _, err = fleet.run("update", "H1", fleet.file())
    assert code == Exit.USAGE and "--new-key" in err
    key = put(fleet.home.parent / "other.pub", public())
    assert fleet.json("update", "H1", fleet.file(), "--public-key", key)["units"][0]["outcome"] == "confirmed"


def test_a_unit_that_lies_about_its_progress_ends_the_command(fleet):
    device = fleet.units["H1"].device
    device.update.progress = lambda: updating.struct.pack(
        updating.PROGRESS_FORM, updating.RECEIVING, 0, len(FILE) + 9, 0
    )
    told = fleet.json("update", "H1", fleet.file(), code=Exit.DEVICE)
    assert "awaits more than there is" in told["failures"][0]["failure"]


def test_people_are_warned_of_a_board_whose_files_do_not_survive_a_cut():
    assert not flow.is_power_proof("nucleo_wb55")
    assert flow.is_power_proof("esp32_s3") and flow.is_power_proof("pico_w") and flow.is_power_proof("a board to come")


def test_the_head_of_a_release_is_what_the_units_know_it_by(tmp_path):
    assert load(Path(put(tmp_path / "new.ilu", FILE)), public()).digest == digest(FILE)
