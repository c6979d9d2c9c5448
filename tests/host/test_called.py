"""Commands that look at journals take a unit's name, in any case, as well as its serial."""

import json
from pathlib import Path

import pytest

from host_tools.naming import called, event_called
from host_tools.outcome import ToolError

from .lies import Force

NAMES = {"H1": "belt", "H2": "boot", "C1": "Boot"}


def test_a_serial_goes_before_a_name_in_any_case_and_what_nobody_is_called_stays() -> None:
    assert [called(NAMES, text) for text in ("H1", "h1", "BELT", "belt", "hat")] == ["H1", "H1", "H1", "H1", "hat"]
    assert called({"H1": "H2", "H2": "x"}, "h2") == "H2"
    assert (event_called(NAMES, "belt:7"), event_called(NAMES, "7")) == ("H1:7", "7")


def test_a_name_that_two_units_have_is_refused_with_their_serials() -> None:
    with pytest.raises(ToolError, match="2 units are called boot: H2, C1"):
        called(NAMES, "boot")


@pytest.fixture(scope="module")
def force(tmp_path_factory: pytest.TempPathFactory) -> Force:
    return Force(tmp_path_factory.mktemp("named")).pulled().with_vault()


def test_why_annotate_verify_and_export_take_names(force: Force, tmp_path: Path) -> None:
    number, desk = force.day.secret, force.desk
    by_serial, by_name = (desk.run("why", f"{unit}:{number}", "--json") for unit in ("H1", "Unit H1"))
    assert by_name.exit_code == 0 and json.loads(by_name.stdout) == json.loads(by_serial.stdout)

    said = desk.run("annotate", f"unit H1:{number}", "--code", "other", "--text", "asked", "--json")
    assert said.exit_code == 0 and [one["serial"] for one in json.loads(said.stdout)] == ["H1"], said.output

    checked = desk.run("verify", "unit H1", "c1", "--json")
    assert [one["serial"] for one in json.loads(checked.stdout)] == ["H1", "C1"]

    journal, bundle, audit = tmp_path / "one.ilj", tmp_path / "one.zip", tmp_path / "audit"
    assert desk.run("export", "unit h1", "--out", journal).exit_code == 0
    again = desk.run("export", "H1", "--out", tmp_path / "two.ilj")
    assert again.exit_code == 0 and journal.read_bytes() == (tmp_path / "two.ilj").read_bytes()
    made = desk.run("export", f"unit H1:{number}", "--bundle", bundle, "--json")
    assert made.exit_code == 0 and json.loads(made.stdout)["incident"].startswith("H1:"), made.output
    told = desk.run("export", "unit H1", "unit C1", "--audit", audit, "--json")
    assert json.loads(told.stdout)["units"] == 2, told.output


def test_what_nobody_is_called_is_told_as_it_was_written(force: Force) -> None:
    for arguments in (("why", "no one:3"), ("annotate", "no one:3", "--code", "other", "--text", "x")):
        done = force.desk.run(*arguments)
        assert isinstance(done.exception, ToolError) and "no one" in str(done.exception)
