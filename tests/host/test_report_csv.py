"""The report as tables: every line has every column, a reader gets back what went in, and no cell is a formula."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.outcome import ToolError
from host_tools.reporting import tables_csv
from host_tools.reporting.model import Report

from .reports import report, use
from .rich_report import rich


def read(made: Report, name: str) -> list[dict[str, str]]:
    text = tables_csv.text(tables_csv.tables(made)[name])
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("name", sorted(tables_csv.tables(rich())))
def test_every_line_has_every_column_and_names_are_told_once(name: str) -> None:
    for made in (rich(), report([], [])):
        lines = list(csv.reader(io.StringIO(tables_csv.text(tables_csv.tables(made)[name]), newline=""), strict=True))
        assert len(set(lines[0])) == len(lines[0]) and all(len(line) == len(lines[0]) for line in lines)
    assert len(read(rich(), name)) > 0, "the rich report has something for every table"


def test_files_are_written_whole_for_their_owner_in_utf_8(tmp_path: Path) -> None:
    written = tables_csv.write(rich(), tmp_path)
    assert (
        {path.name for path in tmp_path.iterdir()} == {path.name for path in written} == set(tables_csv.tables(rich()))
    )
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in written)
    data = (tmp_path / "months.csv").read_bytes()
    assert data.startswith(b"month,name,uses,") and data.endswith(b"\r\n") and b"\n" not in data.replace(b"\r\n", b"")
    with pytest.raises(ToolError):
        tables_csv.write(rich(), tmp_path / "nowhere")


def test_the_headline_and_its_breakdowns_are_those_of_the_json() -> None:
    made = rich()
    facts: dict[str, Any] = json.loads(json.dumps(made.plain()))
    for line in read(made, "headline.csv"):
        count = facts["headline"][line["figures"]]
        for name in ("total", "before", "late", "unwitnessed", "indeterminate", "own_before", "exempt", "unbroken"):
            assert line[name] == str(count[name])
        p50 = count["late_by"]["p50_ms"]
        assert line["late_p50_ms"] == ("" if p50 is None else str(p50))
    for name, key, rows in (("months", "month", "months"), ("teams", "team", "teams"), ("weapons", "serial", "units")):
        lines = read(made, f"{name}.csv")
        assert [(line[key], line["uses"]) for line in lines] == [
            (row["key"], str(row["uses"])) for row in facts["breakdown"][rows]
        ]
        assert sum(int(line["discharges_before"]) for line in lines) == facts["headline"]["discharges"]["before"]


def test_events_and_uses_join_by_reference_and_give_the_headline_again() -> None:
    made = rich()
    uses, events = read(made, "uses.csv"), read(made, "events.csv")
    keys = [(line["use"], line["version"]) for line in uses]
    assert len(set(keys)) == len(keys) and {(line["use"], line["version"]) for line in events} <= set(keys)
    counted = [line for line in events if line["event"] == "discharge" and not line["coded"]]
    assert len(counted) == made.headline.discharges.total
    assert sum(line["verdict"] == "before" for line in counted) == made.headline.discharges.before
    assert sum(bool(line["exempt"]) for line in counted) == made.headline.discharges.exempt
    incidents = {line["incident"] for line in read(made, "incidents.csv")}
    assert {line["incident"] for line in uses} == incidents == {one.incident for one in made.uses}
    said = read(made, "annotations.csv")
    assert {line["event"] for line in said} <= {line["reference"] for line in events}
    assert said[0]["text"] == "the officer was attacked\nbefore the hand was at the camera"


def test_units_that_nobody_pulled_are_in_the_table_and_marked() -> None:
    units = {line["serial"]: line for line in read(rich(), "units.csv")}
    assert (
        units["H9"]["is_overdue"] == "true"
        and units["H9"]["overdue_days"] == ""
        and units["H9"]["last_pull"] == "never"
    )
    assert units["C4"]["overdue_days"] == "16" and units["H1"]["is_overdue"] == "false"
    assert units["C3"]["gaps"] == "40..55"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_back_as_it_went_in_and_is_no_formula(text: str) -> None:
    table = (("name", "number"), [(text, -1), (None, 2.5)])
    lines = list(csv.reader(io.StringIO(tables_csv.text(table), newline=""), strict=True))
    told = lines[1][0]
    assert told in (text, f"'{text}") and not told.startswith(tables_csv.FORMULA)
    assert (told != text) == text.startswith(tables_csv.FORMULA), "only what would be a formula is changed"
    assert lines[1][1] == "-1" and lines[2] == ["", "2.5"], "numbers stay numbers"


def test_hostile_names_are_guarded_in_every_table() -> None:
    hostile = use(1, None, "@SUM(1)", "ub", officer='=HYPERLINK("x")', name="+1", own_cameras=["-2", 'b,"c\r\nd'])
    made = replace(report([hostile], []), findings=[])
    line = read(made, "uses.csv")[0]
    assert (line["team"], line["officer"], line["name"]) == ("'@SUM(1)", '\'=HYPERLINK("x")', "'+1")
    assert line["own_cameras"] == "'-2; b,\"c\r\nd" and line["month"] == ""
    assert read(made, "teams.csv")[0]["team"] == "'@SUM(1)"
