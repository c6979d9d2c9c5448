"""What people see while something lasts and when it is done: bars, lines, tables; names that they give units."""

import io

import pytest
from rich.console import Console

from host_tools import naming
from host_tools.commands import progress
from host_tools.commands.tables import table
from host_tools.outcome import ToolError

NAMES = {"H1": "holster 1", "H2": "spare", "C1": "front desk", "C2": "spare"}


class Vault:
    def serials(self):
        return sorted(NAMES)

    def name(self, serial):
        return 1, 1, NAMES[serial]


@pytest.mark.parametrize("text", ["H1", "h1", "holster 1", "HOLSTER 1"])
def test_a_unit_is_called_by_its_serial_in_any_case_or_by_its_name(text):
    assert naming.serial_of(Vault(), text) == "H1"


@pytest.mark.parametrize(
    ("text", "says", "advises"),
    [
        ("spare", "2 units are called spare: C2, H2", "Give the serial"),
        ("H7", "H7 is not in the vault", "Known here: C1, C2, H1, H2"),
        ("holser 1", "not in the vault", "Do you mean H1 (holster 1)?"),
        ("front dsk", "not in the vault", "Do you mean C1 (front desk)?"),
    ],
)
def test_what_is_no_unit_is_told_with_those_that_may_be_meant(text, says, advises):
    with pytest.raises(ToolError) as error:
        naming.serial_of(Vault(), text)
    assert says in str(error.value) and advises in error.value.advice


def test_each_unit_is_taken_once_whatever_it_is_called():
    assert naming.serials_of(Vault(), ["front desk", "c1", "H1"]) == ["C1", "H1"]


def test_without_a_terminal_there_is_a_line_now_and_then_with_the_time_that_is_left(capsys, monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    with progress.working("H1: self-test", total=8) as step:
        for done in range(1, 9):
            now_s[0] += 2.0
            step(done)
        step.say("H1: done")
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines() == [
        "H1: self-test: 3 of 8, 10 s left",
        "H1: self-test: 6 of 8, 4 s left",
        "H1: done",
    ]


def test_nothing_is_said_to_programs(capsys):
    with progress.working("it", total=2, quiet=True) as step:
        step(1)
        step.say("half")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("done", "total", "spent_s", "left_s"), [(2, 8, 4, 12), (0, 8, 4, None), (2, None, 4, None)])
def test_the_time_that_is_left_is_told_where_it_is_known(done, total, spent_s, left_s):
    assert progress.eta_s(done, total, spent_s) == left_s


@pytest.mark.parametrize("columns", range(8, 100, 4))
def test_a_table_of_any_width_cuts_nothing_off(columns):
    out = io.StringIO()
    shown = table("unit", "name", "new", "result", right=("new",), title="Pulled")
    shown.add_row("IL000123", "front desk", "12345", "[yellow]not complete[/] (rolled back, rewritten)")
    shown.add_row("C1", "camera 2", "7", "complete")
    Console(file=out, width=columns).print(shown)
    lines = out.getvalue().splitlines()
    said = "".join(out.getvalue().split())
    for word in ("IL000123", "12345", "C1", "complete", "desk"):
        assert word in said, f"{word} is cut at {columns} columns"
    assert "…" not in said and max(map(len, lines)) <= columns
