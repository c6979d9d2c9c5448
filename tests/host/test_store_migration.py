"""Stores of older programs become this one's, wholly or not at all; those of newer ones are left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event

from host_tools.outcome import ToolError
from host_tools.statements.weigh import weighed
from host_tools.store.rows import AnnotationRow
from host_tools.store.schema import VERSION, metadata
from host_tools.store.store import Store

from .journals import CHAINS, RAWS, life
from .old_store import OldStore, to_schema_3

C1_RAWS, C1_CHAINS = life(30, serial="C1")
OTHER, OTHER_CHAINS = life(12, salt=7)


def old_store(path: Path) -> Path:
    """Two units whose pulls came in turns, one with a conflict."""
    old = OldStore(path)
    old.insert("units", "H1", 1, 1, "one")
    old.insert("units", "C1", 2, 2, "two")
    old.insert("units", "H1", 1, 1, "renamed")
    old.add("H1", 0, CHAINS[0], RAWS[:20], "alice", 1000)
    old.add("C1", 0, C1_CHAINS[0], C1_RAWS, "alice", 1001)
    old.add("H1", 20, CHAINS[20], RAWS[20:40], "bob", 2000)
    old.add("H1", 10, OTHER_CHAINS[10], OTHER[10:12], "carol", 3000)
    old.insert("heads", "H1", 40, CHAINS[40], 2001)
    old.insert("heads", "C1", 30, C1_CHAINS[30], 1002)
    old.insert("checkpoints", "H1", 3, b"m", b"s", b"k" * 60, 2002, "bob")
    for number in range(3):
        old.insert("custody", "H1", "alice", "pulled", f"{number}", 1000 + number)
    old.close()
    return path


def check(store: Store) -> None:
    """All that `old_store` put there."""
    assert store.units() == [("C1", 2, 2, "two"), ("H1", 1, 1, "renamed")] and store.size() == 72
    journal = store.journal("H1")
    assert [(a.first, a.last, a.by, a.utc_ms) for a in journal.arrivals] == [
        (0, 19, "alice", 1000),
        (20, 39, "bob", 2000),
        (10, 11, "carol", 3000),
    ]
    assert [conflict.sequence for conflict in store.conflicts()] == [10, 11]
    assert {version.raw for version in store.conflicts()[0].versions} == {RAWS[10], OTHER[10]}
    assert [record.raw for record in store.journal("C1").records] == C1_RAWS and store.journal("C1").complete
    assert [row.detail for row in store.custody_of("H1")] == ["0", "1", "2"]
    assert store.last_pulled() == {"H1": 2001, "C1": 1002} and store.checkpoints("H1")[0].by == "bob"


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as file:
        names = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def test_an_older_store_becomes_this_ones_and_a_copy_of_it_stays(tmp_path: Path) -> None:
    path = old_store(tmp_path / "s.sqlite")
    before = tables(path)
    with pytest.raises(ToolError, match="an older interlock") as refused:
        Store.open(path, read_only=True)
    assert "interlock store migrate" in refused.value.advice and tables(path) == before
    store = Store.open(path)
    check(store)
    copy = tmp_path / "s.sqlite.schema-2"
    assert tables(copy) == before and copy.stat().st_mode & 0o077 == 0
    assert store.add("H1", 40, CHAINS[40], RAWS[40:], epoch=0, by="dan", utc_ms=4000).new == 20
    other = Store.open(tmp_path / "other.sqlite")
    assert store.forward(other).records == 92 and other.journal("H1").findings
    other.close()
    store.close()
    Store.open(path).close()
    assert sorted(p.name for p in tmp_path.glob("s.sqlite.schema*")) == ["s.sqlite.schema-2"]


def test_a_migrated_store_has_the_very_schema_of_a_new_one(tmp_path: Path) -> None:
    old_store(tmp_path / "old.sqlite")
    annotated_store(tmp_path / "later.sqlite")
    described = []
    for name in ("old.sqlite", "later.sqlite", "new.sqlite"):
        store = Store.open(tmp_path / name)
        with store._reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
            found = connection.exec_driver_sql("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
            described.append({tuple(row) for row in found})
            for table in metadata.sorted_tables:
                info = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").fetchall()
                described[-1] |= {(table.name, *row[1:]) for row in info}
            keys = connection.exec_driver_sql("PRAGMA foreign_key_list(records)").fetchall()
            described[-1] |= {tuple(row) for row in keys}
        store.close()
    assert described[0] == described[1] == described[2]


def annotated_store(path: Path) -> Path:
    """The same as a program of schema 3 left it, with what somebody said of a record."""
    old_store(path)
    to_schema_3(path)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(
            "INSERT INTO annotations SELECT 'H1', 1, origin, zeroblob(16), 7, 'training', 'a drill', 'dan', 5 "
            "FROM origins"
        )
    return path


def test_what_was_said_before_statements_were_signed_stays_and_is_shown_unsigned(tmp_path: Path) -> None:
    path = annotated_store(tmp_path / "s.sqlite")
    before = tables(path)
    with pytest.raises(ToolError, match=r"an older interlock .its schema is 3") as refused:
        Store.open(path, read_only=True)
    assert "interlock store migrate" in refused.value.advice and tables(path) == before
    store = Store.open(path)
    check(store)
    assert store.annotations() == [AnnotationRow("H1", 7, "training", "a drill", "dan", 5)]
    (said,) = weighed(store.annotations("H1"), lambda number: store.raws("H1", number), {})
    assert (said.signature, said.key, said.doubts) == ("none", None, ())
    signed = AnnotationRow("H1", 8, "test", "x", "eve", 6, b"r" * 32, b"a" * 32, b"k" * 32, b"s" * 64)
    store.say("H1", [signed])
    assert store.annotations()[1] == signed
    with pytest.raises(ToolError, match="append-only"), store._reading() as connection:
        connection.exec_driver_sql("UPDATE annotations SET signature = NULL")
    other = Store.open(tmp_path / "other.sqlite")
    assert store.forward(other).annotations == 2 and other.annotations() == store.annotations()
    other.close()
    store.close()
    copy = tmp_path / "s.sqlite.schema-3"
    assert tables(copy) == before and copy.stat().st_mode & 0o077 == 0


def cut_at_statements(path: Path, stride: int, copy: str) -> int:
    """Open the store at `path` again and again, each time cut some statements later, until it has this schema: how
    many cuts left it as it was. `copy`: the end of the copy's name, which no cut may leave behind."""
    before, cuts = tables(path), 0
    for last in range(0, 200, stride):
        seen = 0

        def cut(*_: object, last: int = last) -> None:
            nonlocal seen
            seen += 1
            if seen > last:
                raise KeyboardInterrupt

        event.listen(Engine, "before_cursor_execute", cut)
        try:
            Store.open(path).close()
            break
        except KeyboardInterrupt:
            cuts += 1
        finally:
            event.remove(Engine, "before_cursor_execute", cut)
        if tables(path) != before:
            break
        assert not list(path.parent.glob(f"*{copy}*")), f"cut at statement {last}"
    return cuts


def test_a_migration_to_signatures_that_is_cut_at_any_statement_leaves_the_old_store_or_the_new_one(
    tmp_path: Path,
) -> None:
    path = annotated_store(tmp_path / "s.sqlite")
    assert cut_at_statements(path, 1, "schema-3") > 8
    store = Store.open(path)
    assert [row.text for row in store.annotations()] == ["a drill"]
    store.close()


@pytest.mark.parametrize("stride", [9, pytest.param(1, marks=pytest.mark.deep)])
def test_a_migration_that_is_cut_at_any_statement_leaves_the_old_store_or_the_new_one(
    tmp_path: Path, stride: int
) -> None:
    path = old_store(tmp_path / "s.sqlite")
    assert cut_at_statements(path, stride, "schema-2") * stride > 60, "that many statements it takes"
    store = Store.open(path)
    check(store)
    store.close()
    assert [p.name for p in tmp_path.glob("*schema-2*")] == ["s.sqlite.schema-2"]


@pytest.mark.parametrize(("version", "says"), [(1, "Keep it"), (VERSION + 1, "Update this program")])
def test_a_store_of_another_age_is_left_alone(tmp_path: Path, version: int, says: str) -> None:
    path = tmp_path / "s.sqlite"
    OldStore(path, version).close()
    before = tables(path)
    for read_only in (False, True):
        with pytest.raises(ToolError, match=r"(an older|a newer) interlock") as refused:
            Store.open(path, read_only)
        assert says in refused.value.advice
    assert tables(path) == before


def test_a_store_with_a_newer_migration_is_left_alone(tmp_path: Path) -> None:
    Store.open(tmp_path / "s.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(ToolError, match=r"a newer interlock .its schema is 99"):
        Store.open(tmp_path / "s.sqlite")


def test_two_copies_of_one_older_store_have_their_rows_in_common(tmp_path: Path) -> None:
    """A laptop's and its backup's, each brought to this schema by itself."""
    old = OldStore(tmp_path / "a.sqlite")
    old.add("H1", 0, CHAINS[0], RAWS[:20], "d", 1)
    old.insert("custody", "H1", "d", "pulled", "20 new", 1)
    old._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old._file.close()
    (tmp_path / "b.sqlite").write_bytes((tmp_path / "a.sqlite").read_bytes())
    force, one, two = (Store.open(tmp_path / f"{name}.sqlite") for name in ("force", "a", "b"))
    assert one.forward(force).records == 20 and not any(two.forward(force).serials)
    assert [row.what for row in force.custody_of("H1")] == ["pulled"] and len(force.journal("H1").arrivals) == 1
    for store in (force, one, two):
        store.close()
