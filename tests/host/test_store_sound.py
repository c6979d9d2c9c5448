"""What a store takes in is what either database can hold and every reader can show. What somebody else put into a file
hinders nothing beside it; what is broken off says what is there."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import journal_file
from host_tools.commands.import_ import Imported, take
from host_tools.commands.store import when
from host_tools.journal_items import Header
from host_tools.outcome import Exit, ToolError
from host_tools.program import app
from host_tools.roster.rules import RosterRow
from host_tools.store import forward as store_forward
from host_tools.store.rows import AnnotationRow
from host_tools.store.store import Store

from .journals import CHAINS, RAWS, life
from .postgres import Server, serving
from .test_store_everywhere import contents, everything


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from serving()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where no store is yet."""
    if request.param == "sqlite":
        return tmp_path / "force.sqlite"
    server: Server = request.getfixturevalue("server")
    return server.fresh()


def changed(path: Path, *statements: str) -> None:
    """What somebody does to a store with another tool, who first takes away what hinders them."""
    with closing(sqlite3.connect(path)) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert file.execute(statement).rowcount == 1, statement


def fill(store: Store, serial: str) -> None:
    """A row in every table."""
    raws, chains = life(20, serial=serial)
    store.learn_unit(serial, 1, 1, "one")
    for first in (0, 10):
        store.add(serial, first, chains[first], raws[first : first + 10], epoch=0, by="bob", utc_ms=10)
    store.note_head(serial, 20, chains[20], utc_ms=12)
    store.add_checkpoint(serial, 3, b"m3", b"s", b"k" * 60, by="bob", utc_ms=13)
    store.custody(serial, "bob", "pulled", "10 new", 14)
    store.replace_roster((), [RosterRow(serial, "PC1", "A", 100, 200)], by="bob", utc_ms=15)
    store.say(
        serial, [AnnotationRow(serial, 7, "training", "a drill", "bob", 16, b"r" * 32, None, b"k" * 32, bytes(64))]
    )


def two_units(path: Path) -> None:
    """A1, which is asked for first, and H1."""
    store = Store.open(path)
    fill(store, "A1")
    everything(store)
    store.close()


# Table, rows that are left out for it, why, and what was done to each of them.
POISON = [
    ("custody", 1, "detail", "detail = 'x' || char(0) || 'y'"),
    ("custody", 1, "who", "who = CAST(x'fc1b' AS TEXT)"),
    ("custody", 1, "mark or id", "mark = 'text'"),
    ("custody", 1, "mark or id", "id = 'text'"),
    ("custody", 1, "origin", "origin = 'bob''s'"),
    ("units", 1, "unit", "unit = 1099511627776"),
    ("units", 1, "name", "name = x'00'"),
    ("heads", 1, "utc_ms", "utc_ms = 100000000000000000"),
    ("heads", 1, "chain", "chain = x'00'"),
    ("checkpoints", 1, "public", "public = 7"),
    ("roster", 1, "to_s", "to_s = 1e9 + 0.5"),
    ("roster", 1, "team", "team = hex(zeroblob(6000))"),
    ("annotations", 1, "text", "text = char(27) || '[2J'"),
    ("annotations", 1, "key", "key = zeroblob(31)"),
    ("annotations", 1, "signature", "signature = 'text'"),
    ("records", 1, "raw", "raw = 'text' WHERE sequence = 3 AND"),
    ("records", 1, "sequence", "sequence = 9223372036854775807 WHERE sequence = 3 AND"),
    ("records", 10, "what brought it", "by = char(0) WHERE first = 0 AND"),
]


def test_rows_that_are_none_are_left_out_and_told_and_all_others_arrive(tmp_path: Path, place: Path | str) -> None:
    usb = tmp_path / "usb.sqlite"
    here = Store.open(usb)
    for number in range(len(POISON)):
        fill(here, f"A{number}")
    everything(here)
    for number, (table, rows, _, done_to_it) in enumerate(POISON):
        where = done_to_it if "WHERE" in done_to_it else f"{done_to_it} WHERE"
        changed(usb, f"UPDATE {table if rows == 1 else 'additions'} SET {where} serial = 'A{number}'")
    force = Store.open(place)
    done = here.forward(force)
    for number, (table, rows, why, _) in enumerate(POISON):
        told = [one for one in done.skipped if one.serial == f"A{number}"]
        assert (table, rows) in [(one.table, one.rows) for one in told if one.why.startswith(why)], (told, why)
    assert len(done.skipped) == len(POISON) + 1, "and the addition that brought ten"
    assert len(done.serials) == len(POISON) + 1 and force.journal("H1").complete
    arrived = contents(force)
    for name, held in contents(here).items():
        left = sum(one.rows for one in done.skipped if one.table == name)
        assert arrived[name] <= held and len(arrived[name]) == len(held) - left, name
        assert {row for row in held if row[0] == "H1"} <= arrived[name]
    again = here.forward(force)
    assert again.serials == () and not again.records and set(again.skipped) <= set(done.skipped)
    again = here.forward(force, thorough=True)
    assert again.serials == () and not again.records and again.skipped == done.skipped, "told again each time"
    here.close()
    force.close()


def test_a_row_of_no_unit_is_told_and_hinders_none(tmp_path: Path, place: Path | str) -> None:
    usb = tmp_path / "usb.sqlite"
    two_units(usb)
    changed(usb, "UPDATE custody SET serial = CAST(x'fc' AS TEXT) WHERE serial = 'A1'")
    here, force = Store.open(usb), Store.open(place)
    done = here.forward(force)
    assert [(one.serial, one.table, one.rows) for one in done.skipped] == [("\\xfc", "custody", 1)]
    assert force.journal("H1").complete and force.journal("A1").complete
    here.close()
    force.close()


def test_what_the_other_database_refuses_all_the_same_hinders_no_other_row(
    tmp_path: Path, place: Path | str, server: Server
) -> None:
    """A force's administrator has a rule of its own, say."""
    dock, force = Store.open(tmp_path / "dock.sqlite"), Store.open(place)
    rule = (
        "ALTER TABLE custody ADD CHECK (detail <> '2')"
        if isinstance(place, str)
        else "CREATE TRIGGER theirs BEFORE INSERT ON custody WHEN NEW.detail = '2' BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with force.database.writing() as connection, connection.begin():
        connection.exec_driver_sql(rule)
    for number in range(5):
        dock.custody("H1", "alice", "pulled", str(number), number)
    dock.add("H1", 0, CHAINS[0], RAWS, epoch=0, by="alice", utc_ms=1)
    done = dock.forward(force)
    assert (done.custody, done.records) == (4, 60) and [(s.table, s.rows) for s in done.skipped] == [("custody", 1)]
    assert "cannot hold what it was given" in done.skipped[0].why
    assert [row.detail for row in force.custody_of("H1")] == ["0", "1", "3", "4"]
    dock.close()
    force.close()


@pytest.mark.parametrize(
    ("column", "work"),
    [
        ("detail", lambda s: s.learn_unit("H1", 2**40, 1, "one")),
        ("name", lambda s: s.learn_unit("H1", 1, 1, "x\0y")),
        ("name", lambda s: s.learn_unit("H1", 1, 1, "b\udcfcro")),
        ("serial", lambda s: s.learn_unit("no serial", 1, 1, "one")),
        ("utc_ms", lambda s: s.note_head("H1", 0, bytes(32), utc_ms=10**17)),
        ("utc_ms", lambda s: s.note_head("H1", 0, bytes(32), utc_ms=-1)),
        ("chain", lambda s: s.note_head("H1", 0, bytes(31), utc_ms=1)),
        ("by", lambda s: s.add("H1", 0, CHAINS[0], RAWS, epoch=0, by="x\x1b", utc_ms=1)),
        ("epoch", lambda s: s.add("H1", 0, CHAINS[0], RAWS, epoch=2**70, by="x", utc_ms=1)),
        ("message", lambda s: s.add_checkpoint("H1", 1, bytes(70_000), b"s", b"k", by="x", utc_ms=1)),
        ("to_s", lambda s: s.replace_roster((), [RosterRow("H1", "PC1", "A", 1, 10**12)], by="x", utc_ms=1)),
        ("text", lambda s: s.annotate("H1", 1, "other", "x" * 10_001, by="x", utc_ms=1)),
        ("who", lambda s: s.custody("H1", "\0", "pulled", "", 1)),
    ],
)
def test_nothing_is_written_that_no_store_could_hold(
    tmp_path: Path, column: str, work: Callable[[Store], object]
) -> None:
    store = Store.open(tmp_path / "s.sqlite")
    with pytest.raises(ToolError, match="cannot be stored") as refused:
        work(store)
    assert column in str(refused.value) or column == "detail"
    assert not any(contents(store).values())
    store.close()


def test_a_note_is_not_lost_over_a_name_that_is_no_text(tmp_path: Path, place: Path | str) -> None:
    store = Store.open(place)
    store.custody("H1", "alice", "exported", os.fsdecode(b"b\xfcro\0\x1b.ilj"), 1)
    assert [row.detail for row in store.custody_of("H1")] == ["b\\xfcro\\x00\\x1b.ilj"]
    with pytest.raises(ToolError, match="cannot hold what it was given"):
        store.custody_of("b\udcfcro")
    store.close()


def test_a_server_whose_database_cannot_hold_everybodys_name_is_refused(server: Server) -> None:
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(ToolError, match="texts as LATIN1") as refused:
        Store.open(server.url.replace("/postgres?", "/latin?"))
    assert "createdb --encoding=UTF8" in refused.value.advice


def test_what_a_server_holds_is_brought_into_a_file_too(tmp_path: Path, server: Server) -> None:
    force, file = Store.open(server.fresh()), Store.open(tmp_path / "s.sqlite")
    everything(force)
    assert force.forward(file).records == 20 and contents(file) == contents(force)
    assert force.forward(file, thorough=True).skipped == ()
    force.close()
    file.close()


# Compared thoroughly.


def test_thorough_finds_records_that_are_lacking_though_it_is_known_that_they_came(
    tmp_path: Path, place: Path | str
) -> None:
    """Somebody forwarded a doctored copy before, or the server lost rows of one table."""
    true, doctored = tmp_path / "true.sqlite", tmp_path / "doctored.sqlite"
    store = Store.open(true)
    everything(store)
    store.close()
    shutil.copy(true, doctored)
    changed(doctored, *(f"DELETE FROM records WHERE sequence = {number}" for number in (0, 5, 6, 19)))
    here, copy, force = Store.open(true), Store.open(doctored), Store.open(place)
    assert copy.forward(force).records == 16 and here.forward(force).records == 0
    assert force.journal("H1").gaps
    assert here.forward(force, thorough=True).records == 4 and contents(force) == contents(here)
    assert force.journal("H1").complete and not any(here.forward(force, thorough=True).serials)
    for one in (here, copy, force):
        one.close()


def test_records_of_which_nobody_knows_what_brought_them_are_told(tmp_path: Path, place: Path | str) -> None:
    usb = tmp_path / "usb.sqlite"
    two_units(usb)
    changed(usb, "DELETE FROM additions WHERE serial = 'A1' AND first = 10")
    here, force = Store.open(usb), Store.open(place)
    done = here.forward(force, thorough=True)
    assert [(one.serial, one.table, one.rows) for one in done.skipped] == [("A1", "records", 10)]
    assert done.records == 30
    here.close()
    force.close()


# Imports.


def breaking(monkeypatch: pytest.MonkeyPatch, store: Store, after: int, error: Exception) -> None:
    """After so many transactions the store fails."""
    write, left = Store.write, iter(range(after))

    def failing(this: Store, serials, work):  # type: ignore[no-untyped-def]
        if this is store and next(left, None) is None:
            raise error
        return write(this, serials, work)

    monkeypatch.setattr(Store, "write", failing)


@pytest.mark.parametrize("error", [ToolError("the disk is full", "Free some space.", Exit.DEVICE), KeyboardInterrupt()])
def test_an_import_that_is_broken_off_anywhere_is_noted_for_what_was_taken_and_goes_on(
    tmp_path: Path, error: Exception
) -> None:
    usb = tmp_path / "usb.sqlite"
    two_units(usb)
    for after in (0, 1, 2, 3, 5, 8, 11, 13, 16):
        with pytest.MonkeyPatch.context() as patch:
            store = Store.open(tmp_path / f"{after}.sqlite")
            breaking(patch, store, after, error)
            done = None
            try:
                done = take(store, usb, "clerk")
            except KeyboardInterrupt:
                pass
        held = contents(store)
        came = {str(row[0]) for name in held if name not in ("custody", "records") for row in held[name]}
        assert {serial for serial in came if "imported" in said(store, serial)} == came
        if done is not None and done.failure:
            assert done.serials == tuple(sorted(came)) and done.new == store.size() and "goes on" in str(done.advice)
        if after < 14:
            assert done is None or done.failure == "the disk is full"
        take(store, usb, "clerk")
        assert store.journal("A1").complete and store.journal("H1").complete and store.size() == 40
        assert all(said(store, serial).count("imported") in (1, 2) for serial in ("A1", "H1"))
        store.close()
    assert done is not None and done.failure is None, "the last one had enough"


def said(store: Store, serial: str) -> list[str]:
    return [row.what for row in store.custody_of(serial)]


def test_a_journal_file_is_taken_wholly_or_not_at_all(tmp_path: Path, place: Path | str) -> None:
    """The last record of the file is one that the database refuses."""
    raws, chains = life(2500)
    file = tmp_path / "H1.ilj"
    file.write_bytes(journal_file.join(Header(1, 7, b"H1      ", 0, chains[0], 0), raws))
    store = Store.open(place)
    with store.database.writing() as connection, connection.begin():
        connection.exec_driver_sql(
            "ALTER TABLE records ADD CONSTRAINT theirs CHECK (sequence < 2400)"
            if isinstance(place, str)
            else "CREATE TRIGGER theirs BEFORE INSERT ON records WHEN NEW.sequence >= 2400 "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    done = take(store, file, "clerk")
    assert "cannot hold" in str(done.failure) and done.new == 0 and not any(contents(store).values())
    with store.database.writing() as connection, connection.begin():
        connection.exec_driver_sql(
            "ALTER TABLE records DROP CONSTRAINT theirs" if isinstance(place, str) else "DROP TRIGGER theirs"
        )
    done = take(store, file, "clerk")
    assert (done.failure, done.new) == (None, 2500) and said(store, "H1") == ["imported"]
    store.close()


def test_files_whose_names_are_no_text_are_imported_and_named(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "here.sqlite")
    usb, file = (Path(os.fsdecode(bytes(tmp_path) + name)) for name in (b"/b\xfcro.sqlite", b"/b\xfcro.ilj"))
    two_units(usb)
    done = take(store, usb, "clerk")
    assert done == Imported("b\\xfcro.sqlite", "store", ("A1", "H1"), 40, 0, 2, 0)
    raws, chains = life(5, serial="B1")
    file.write_bytes(journal_file.join(Header(1, 7, b"B1      ", 0, chains[0], 0), raws))
    assert take(store, file, "clerk") == Imported("b\\xfcro.ilj", "journal", ("B1",), 5, 0, 0, 0)
    assert "b\\xfcro.sqlite" in store.custody_of("A1")[-1].detail and said(store, "B1") == ["imported"]
    file.write_bytes(b"nothing")
    assert "\\xfc" in take(store, file, "clerk").file
    store.close()


def test_a_dock_restored_from_its_backup_that_imports_its_old_disk_loses_nothing_of_either(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "a.sqlite")
    first.add("H1", 0, CHAINS[0], RAWS[:10], epoch=0, by="d", utc_ms=1)
    first.close()
    shutil.copy(tmp_path / "a.sqlite", tmp_path / "b.sqlite")
    one, two, force = (Store.open(tmp_path / name) for name in ("a.sqlite", "b.sqlite", "force.sqlite"))
    one.add("H1", 10, CHAINS[10], RAWS[10:20], epoch=0, by="d", utc_ms=2)
    one.annotate("H1", 3, "test", "life one", by="d", utc_ms=2)
    one.custody("H1", "d", "pulled", "10 new", 2)
    one.forward(force)
    one.close()
    two.add("H1", 20, CHAINS[20], RAWS[20:30], epoch=0, by="d", utc_ms=3)
    two.annotate("H1", 4, "other", "life two", by="d", utc_ms=3)
    assert take(two, tmp_path / "a.sqlite", "d").failure is None
    two.forward(force)
    assert [record.raw for record in force.journal("H1").records] == RAWS[:30] and contents(force) == contents(two)
    two.close()
    force.close()


def test_what_somebody_wrote_into_a_store_steers_no_terminal(tmp_path: Path) -> None:
    """Looked at where it is, without an import."""
    usb = tmp_path / "usb.sqlite"
    two_units(usb)
    changed(usb, "UPDATE custody SET detail = char(27) || '[1A' || char(27) || '[2K' WHERE serial = 'A1'")
    done = CliRunner().invoke(app, ["--store", str(usb), "store", "custody", "A1"], env={"COLUMNS": "200"})
    assert done.exit_code == 0 and "\x1b" not in done.stdout and "\\x1b[1A" in done.stdout


def test_a_time_that_is_none_can_be_shown() -> None:
    assert when(10**17) == f"{10**17} ms" and when(0) == "1970-01-01 00:00:00"


def test_the_batches_of_a_forward_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what additions brought, and not by what they say of it."""
    monkeypatch.setattr(store_forward, "BATCH_RECORDS", 15)
    two_units(tmp_path / "usb.sqlite")
    changed(tmp_path / "usb.sqlite", "UPDATE additions SET count = 0 WHERE serial = 'A1' AND first = 0")
    here, force = Store.open(tmp_path / "usb.sqlite"), Store.open(tmp_path / "force.sqlite")
    sizes: list[int] = []
    bring = store_forward._bring_records
    monkeypatch.setattr(store_forward, "_bring_records", lambda *words: sizes.append(bring(*words)) or sizes[-1])
    here.forward(force)
    assert max(sizes) <= 15 and sum(sizes) == 40
    here.close()
    force.close()
