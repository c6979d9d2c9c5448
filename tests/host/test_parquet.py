"""Records and events as Parquet: what DuckDB reads there is what the store holds and the report says."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from host_tools.exporting import columns, parquet
from host_tools.exporting.columns import EVENTS, RECORDS, month_of, record_rows
from host_tools.exporting.parquet import MANIFEST, Written, partition, write
from host_tools.outcome import ToolError
from host_tools.reporting.asked import Beside
from host_tools.reporting.holdings import NoHoldings, StoreHoldings
from host_tools.reporting.making import make
from host_tools.store.store import Store
from host_tools.workers.executor import Pool
from interlock.core import records
from tests.bench.force import Group

from . import forces
from .books import Book, holster

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'interlock[parquet]'")
duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install duckdb")

T = 1_800_000_000_000
Exported = tuple[Path, Written, list[Group], StoreHoldings]


def query(folder: Path, kind: str, asked: str) -> list[tuple]:
    """`asked`: of the table t."""
    found = f"read_parquet('{folder}/{kind}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
    return duckdb.sql(f"with t as (select * from {found}) {asked}").fetchall()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    groups = [forces.group(0), forces.group(1)]
    folder = tmp_path_factory.mktemp("parquet")
    holdings = StoreHoldings(forces.stored(folder, groups))
    told = write(holdings, forces.beside_of(groups), folder / "out", asked=forces.asked(groups))
    return folder / "out", told, groups, holdings


def test_every_record_of_the_store_is_there_once_and_verbatim(exported: Exported) -> None:
    folder, told, groups, _ = exported
    assert query(folder, "records", "select count(*), count(distinct serial) from t") == [(told.records, 8)]
    raws = {(unit.serial, n): raw for group in groups for unit in group.units for n, raw in enumerate(unit.raws)}
    assert {(s, n): bytes(raw) for s, n, raw in query(folder, "records", "select serial, sequence, raw from t")} == raws


def test_the_path_says_unit_and_month_and_the_time_is_in_that_month(exported: Exported) -> None:
    folder, told, *_ = exported
    assert query(folder, "records", "select count(*) from t where unit <> serial") == [(0,)]
    outside = "strftime(make_timestamp(utc_ms * 1000), '%Y-%m') <> month"
    assert query(folder, "records", f"select count(*), count(*) filter ({outside}) from t") == [(told.records, 0)]
    assert query(folder, "records", "select distinct month from t") == [("2027-01",)]


def test_sql_over_the_events_comes_to_the_headline_of_the_report(exported: Exported) -> None:
    folder, told, groups, holdings = exported
    headline = make(holdings, forces.beside_of(groups), forces.asked(groups)).headline
    asked = """select event, count(*), count(*) filter (verdict = 'before'), count(*) filter (verdict = 'late'),
        count(*) filter (verdict = 'late' and buffer_covers), count(*) filter (own_verdict = 'before')
        from t where counts group by event"""
    found = {event: tuple(counts) for event, *counts in query(folder, "events", asked)}
    for event, count in (("discharge", headline.discharges), ("arm", headline.arms), ("draw", headline.draws)):
        figures = (count.total, count.before, count.late, count.late_covered, count.own_before)
        assert found.get(event, (0, 0, 0, 0, 0)) == figures
    tests = "select count(*) from t where coded = 'function test' and event = 'discharge'"
    assert query(folder, "events", tests) == [(headline.function_tests.discharges,)] == [(8,)]
    assert told.events == query(folder, "events", "select count(*) from t")[0][0]


def test_fields_are_json_and_what_is_asked_most_has_columns(exported: Exported) -> None:
    folder, *_ = exported
    asked = "select name, fields, event, counter, other_unit from t where serial = 'C00000' and event = 'discharge'"
    for name, fields, event, counter, sender in query(folder, "records", asked):
        assert name == "trigger heard" and json.loads(fields)["counter"] == counter
        assert json.loads(fields)["sender"] == sender and event == "discharge"
    heard = "select count(*) from t where name = 'trigger heard'"
    both = """select count(*) from t join t as h on h.counter = t.counter and h.unit_number = t.other_unit
        where t.name = 'trigger heard' and h.name = 'event'"""
    assert query(folder, "records", both) == query(folder, "records", heard) != [(0,)]


def test_schemas_are_the_same_in_every_file(exported: Exported) -> None:
    import pyarrow.parquet as pq

    folder, *_ = exported
    for kind, stated in (("records", RECORDS), ("events", EVENTS)):
        found = {tuple(pq.read_schema(path).names) for path in (folder / kind).rglob("*.parquet")}
        assert found == {tuple(stated)}


def test_done_again_nothing_changes_and_any_number_of_workers_writes_the_same(exported: Exported) -> None:
    folder, told, groups, holdings = exported
    before = files(folder)
    with Pool(2) as pool:
        again = write(holdings, forces.beside_of(groups), folder, pool, asked=forces.asked(groups))
    assert again == told and files(folder) == before


def test_files_of_what_is_held_no_more_go(tmp_path: Path) -> None:
    def kept(name: str, *books: Book) -> StoreHoldings:
        (tmp_path / name).mkdir()
        store = Store.open(tmp_path / name / "s.sqlite")
        for book in books:
            store.learn_unit(book.serial, book.unit, book.role, "")
            store.add(book.serial, 0, book.chains[0], book.raws, epoch=0, by="PC1", utc_ms=T)
        store.close()
        return StoreHoldings(tmp_path / name / "s.sqlite")

    out = tmp_path / "out"
    write(kept("a", holster().event(0, 1, 5)), Beside(), out)
    assert (out / "records/unit=UNIT1/month=unknown/records.parquet").exists()
    write(kept("b", holster().event(0, 1, 5).clock(5, T)), Beside(), out)
    assert sorted(files(out)) == [MANIFEST, "records/unit=UNIT1/month=2027-01/records.parquet"]
    assert not (out / "records/unit=UNIT1/month=unknown").exists()


@dataclass(frozen=True)
class BrokenOff:
    """Holdings of which somebody presses Ctrl-C when the journal of `at` is due."""

    whole: StoreHoldings
    at: str

    def __getattr__(self, name: str) -> object:
        return getattr(self.whole, name)

    def journal(self, serial: str) -> object:
        if serial == self.at:
            raise KeyboardInterrupt
        return self.whole.journal(serial)


def test_broken_off_the_list_of_files_says_that_they_are_not_whole_and_done_again_that_they_are(
    exported: Exported, tmp_path: Path
) -> None:
    *_, groups, holdings = exported
    broken = BrokenOff(holdings, sorted(row.serial for row in holdings.units())[-1])

    def said() -> dict[str, object]:
        return json.loads((tmp_path / "out" / MANIFEST).read_text())

    for was_whole in (False, True):  # the first run ever, and one over files of an earlier one
        with pytest.raises(KeyboardInterrupt):
            write(broken, forces.beside_of(groups), tmp_path / "out")
        assert said()["is_whole"] is False and bool(said()["files"]) is was_whole
        assert any((tmp_path / "out").rglob("*.parquet"))
        assert not any((tmp_path / "out").rglob("*.new"))
        told = write(holdings, forces.beside_of(groups), tmp_path / "out")
        assert said()["is_whole"] is True and sum(said()["files"].values()) == told.records


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ToolError) as caught:
        write(NoHoldings(), Beside(), tmp_path)
    assert caught.value.advice and files(tmp_path) == {"letter.txt": b"dear"}


@pytest.mark.parametrize("text", ["[]", "{", '{"files": 5}', '{"files": {"a": "b"}}'])
def test_a_list_of_files_that_is_none_is_an_error_with_advice(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ToolError) as caught:
        write(NoHoldings(), Beside(), tmp_path)
    assert caught.value.advice


def test_a_list_of_files_removes_nothing_outside_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "vault.json"
    outside.write_text("keys")
    out = tmp_path / "out"
    out.mkdir()
    named = {"../vault.json": 1, str(outside): 1, "records/../../vault.json": 1, "records/../..//vault.json": 1}
    (out / MANIFEST).write_text(json.dumps({"files": named}))
    write(NoHoldings(), Beside(), out)
    assert outside.read_text() == "keys" and json.loads((out / MANIFEST).read_text()) == {"is_whole": True, "files": {}}


@pytest.mark.parametrize("serial", ["../../etc", "..", "a/b", "a=b", "x" * 300, "ß\n\0", "%2e%2e", "", "C:\\x", "CON "])
def test_whatever_a_serial_is_its_files_stay_in_their_folder(serial: str) -> None:
    path = partition("records", serial, "2027-01")
    assert len(path.split("/")) == 4 and path.startswith("records/unit=") and path.isascii()
    assert not set(path) & set("\\\0\n:") and ".." not in path.split("/") and len(path.split("/")[1]) <= 255


def test_serials_apart_stay_apart_and_duckdb_reads_them_back(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    serials = ["a b", "a%20b", "A/B", "x=y"]
    for serial in serials:
        path = tmp_path / partition("records", serial, "2027-01")
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table({"serial": [serial]}), path)
    assert sorted(query(tmp_path, "records", "select serial, unit from t")) == sorted((s, s) for s in serials)


def test_bytes_that_are_no_record_are_kept_and_called_so(exported: Exported) -> None:
    journal = exported[3].journal("H00000")
    (segment,) = journal.segments
    torn = replace(journal, segments=(segment._replace(raws=(*segment.raws[:-1], b"\x01torn")),))
    *_, (month, row) = record_rows(torn)
    named = dict(zip(RECORDS, row, strict=True))
    assert month == "unknown" and named["name"] == "unreadable" and named["raw"] == b"\x01torn"
    assert named["sequence"] == segment.last and named["kind"] is None


def test_records_of_another_version_of_the_journal_are_there_as_such(tmp_path: Path) -> None:
    one, other = (
        holster().clock(0, T).event(10_000, 1, 5),
        holster().clock(0, T).event(20_000, 1, 5).event(30_000, 4, 6),
    )
    store = Store.open(tmp_path / "s.sqlite")
    store.learn_unit(one.serial, one.unit, one.role, "")
    for book in (one, other):
        store.add(book.serial, 0, book.chains[0], book.raws, epoch=0, by="PC1", utc_ms=T)
    store.close()
    write(StoreHoldings(tmp_path / "s.sqlite"), Beside(), tmp_path / "out")
    found = query(tmp_path / "out", "records", "select version, sequence, uptime_ms from t order by version, sequence")
    assert found == [(1, 0, 0), (1, 1, 20_000), (1, 2, 30_000), (2, 1, 10_000)]


def test_lists_in_records_are_lists_and_bytes_are_hexadecimal() -> None:
    book = Book(1, 1).at(0, records.SESSION, 2, b"PC1234  ", 5)
    assert json.loads(columns._text(book.records[0].fields()._asdict()))["person"] == b"PC1234  ".hex()
    crew = records.unpack(records.CREW, records.pack_crew([(7, 1, 2), (8, 3, 4)]))
    assert json.loads(columns._text(crew)) == [[7, 1, 2], [8, 3, 4]]


def test_months_are_those_of_utc() -> None:
    assert month_of(None) == "unknown" and month_of(0) == "1970-01"
    assert month_of(1_798_761_599_999) == "2026-12" and month_of(1_798_761_600_000) == "2027-01"


def test_without_pyarrow_the_advice_is_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ToolError) as caught:
        parquet.write(NoHoldings(), Beside(), tmp_path)
    assert "interlock[parquet]" in caught.value.advice
