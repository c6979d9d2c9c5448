"""Rows that no journal can hold, put into the store by whoever has its file: found, named, and in nobody's way."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from host_tools.outcome import Exit, ToolError
from host_tools.program import app
from host_tools.reporting.making import make
from host_tools.reporting.model import Report
from host_tools.store import unfit
from host_tools.store.lines import Arrival, Row, assemble
from host_tools.verifying.outcomes import Altered
from interlock.core.layout import UNKNOWN

from .exports import ASKED, Force, tampered

IMPOSSIBLE = [
    ("UPDATE units SET unit = 'x' WHERE serial = 'C2'", "notes of what it is"),
    ("UPDATE units SET unit = 70000 WHERE serial = 'C2'", "notes of what it is"),
    ("UPDATE units SET role = -1 WHERE serial = 'C2'", "notes of what it is"),
    ("UPDATE units SET name = X'ff' WHERE serial = 'C2'", "notes of what it is"),
    ("UPDATE records SET raw = 'text' WHERE serial = 'C2' AND sequence = 9", "records"),
    ("UPDATE records SET raw = 5 WHERE serial = 'C2' AND sequence = 9", "records"),
    ("UPDATE records SET chain = X'00' WHERE serial = 'C2' AND sequence = 9", "records"),
    ("UPDATE records SET after = 'x' WHERE serial = 'C2' AND sequence = 9", "records"),
    ("UPDATE records SET epoch = -1 WHERE serial = 'C2' AND sequence = 0", "records"),
    ("UPDATE records SET epoch = 1.5 WHERE serial = 'C2' AND sequence = 0", "records"),
    ("UPDATE records SET sequence = sequence + 5000000000 WHERE serial = 'C2' AND sequence > 30", "records"),
    ("UPDATE records SET sequence = 'x' WHERE serial = 'C2' AND sequence = 30", "records"),
    ("UPDATE heads SET utc_ms = 10000000000000000 WHERE serial = 'C2'", "ends that it stated"),
    ("UPDATE heads SET following = 'x' WHERE serial = 'C2'", "ends that it stated"),
    ("UPDATE heads SET chain = 7 WHERE serial = 'C2'", "ends that it stated"),
    ("UPDATE additions SET utc_ms = 10000000000000000 WHERE serial = 'C2'", "notes of who brought records"),
    ("UPDATE additions SET utc_ms = 'x' WHERE serial = 'C2'", "notes of who brought records"),
    ("UPDATE additions SET count = 'x' WHERE serial = 'C2'", "notes of who brought records"),
    ("UPDATE additions SET first = -3 WHERE serial = 'C2'", "notes of who brought records"),
    ("UPDATE additions SET by = X'00' WHERE serial = 'C2'", "notes of who brought records"),
    ("UPDATE checkpoints SET message = 'x' WHERE serial = 'C2'", "checkpoints"),
    ("UPDATE checkpoints SET signature = 5 WHERE serial = 'C2'", "checkpoints"),
    ("UPDATE checkpoints SET public = zeroblob(70000) WHERE serial = 'C2'", "checkpoints"),
]


def reported(force: Force) -> Report:
    return make(force.holdings, force.beside, ASKED)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return reported(Force(tmp_path_factory.mktemp("untouched") / "journals.sqlite"))


@pytest.mark.parametrize(("statement", "what"), IMPOSSIBLE)
def test_a_row_that_can_be_none_is_a_finding_of_its_unit_and_the_rest_of_the_report_stands(
    tmp_path: Path, untouched: Report, statement: str, what: str
) -> None:
    force = Force(tmp_path / "journals.sqlite")
    tampered(force.place, statement)
    report = reported(force)
    told = [(finding.serial, finding.text) for finding in report.findings]
    assert {serial for serial, _ in told} == {"C2"}, told
    assert any(f"of its {what} in the store" in text and "was changed" in text for _, text in told), told
    assert [unit.serial for unit in report.units] == [unit.serial for unit in untouched.units]
    assert [unit for unit in report.units if unit.serial != "C2"] == [
        unit for unit in untouched.units if unit.serial != "C2"
    ]
    own, before = (
        [(event.reference, event.own_verdict) for use in one.uses for event in use.events]
        for one in (report, untouched)
    )
    assert own == before != []


@pytest.mark.parametrize("command", ["report", "verify"])
def test_the_commands_end_with_that_finding(tmp_path: Path, command: str) -> None:
    force = Force(tmp_path / "home" / "journals.sqlite")
    tampered(force.place, "UPDATE records SET raw = 'text' WHERE serial = 'C2' AND sequence = 9")
    done = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), command, "--json"])
    assert done.exit_code == Exit.FINDINGS, (done.output, done.exception)
    assert "1 of its records in the store are none, of the first raw is no such value" in done.stdout


def test_a_journal_with_such_rows_is_not_exported_as_if_it_were_whole(tmp_path: Path) -> None:
    force = Force(tmp_path / "journals.sqlite")
    tampered(force.place, "UPDATE records SET raw = 'text' WHERE serial = 'C2' AND sequence = 9")
    store = force.open()
    with pytest.raises(ToolError, match="C2 cannot be exported whole") as refused:
        store.export_ilj("C2")
    assert refused.value.code == Exit.FINDINGS and store.export_ilj("C1")
    store.close()


def test_the_newest_row_of_what_a_unit_is_that_can_be_one_holds(tmp_path: Path) -> None:
    force = Force(tmp_path / "journals.sqlite")
    store = force.open()
    before = next(row for row in store.units() if row.serial == "C2")
    store.learn_unit("C2", before.unit, before.role, "renamed")
    store.close()
    tampered(force.place, "UPDATE units SET role = 'x' WHERE serial = 'C2' AND name = 'renamed'")
    store = force.open()
    assert next(row for row in store.units() if row.serial == "C2") == before
    store.close()


VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(1 << 33), 1 << 33), st.floats(), st.text(max_size=2)),
    *(st.binary(max_size=3), st.just(bytes(32)), st.just(0)),
)


@given(st.lists(st.tuples(*[VALUES] * 5), max_size=4), st.lists(st.integers(0, 3), max_size=4))
def test_rows_that_are_looked_at_together_are_sorted_as_one_by_one(
    rows: list[tuple[object, ...]], sound: list[int]
) -> None:
    rows += [(n, bytes(32), bytes(32), 0, b"x") for n in sound]
    alone = [unfit.sort_out(unfit.RECORDS._replace(bulk=None), [row]).fit for row in rows]
    assert unfit.sort_out(unfit.RECORDS, rows).fit == [row for fit in alone for row in fit]


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), max_size=6)


@given(SPANS, st.sets(st.integers(0, 40), max_size=20))
def test_records_that_came_and_are_gone_are_counted_once_each(spans: list[tuple[int, int]], here: set[int]) -> None:
    arrivals = [Arrival(first, first + more, "PC1", 0) for first, more in spans]
    rows = [Row(n, UNKNOWN, UNKNOWN, 0, b"", 1) for n in sorted(here)]
    gone = sorted({n for a in arrivals for n in range(a.first, a.last + 1)} - here)
    told = [one for one in assemble("C2", (1, 1, ""), rows, [], arrivals).told if isinstance(one, Altered)]
    assert [(one.first, one.last) for one in told] == ([(gone[0], gone[-1])] if gone else [])
    assert all(one.reason.startswith(f"{len(gone)} records that were stored are gone") for one in told)


def test_an_arrival_of_billions_of_records_costs_no_hours() -> None:
    told = assemble("C2", (1, 1, ""), [], [], [Arrival(0, (1 << 32) - 1, "PC1", 0)]).findings
    assert any(text.startswith("altered between records 0 and 4294967295: 4294967296 records") for text in told)
