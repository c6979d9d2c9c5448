"""A force's server: docks that overlap while it is killed and comes back, and what it must not be allowed to forget."""

import json
import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from host_tools.outcome import Exit, ToolError
from host_tools.program import app
from host_tools.store import postgres as store_postgres
from host_tools.store.opening import open_database
from host_tools.store.rows import AnnotationRow
from host_tools.store.schema import metadata
from host_tools.store.store import Store

from .dock_writer import RECORDS, SERIALS
from .docks import ENDS_S, Dock, missing
from .fullness import small_disk
from .journals import CHAINS, RAWS, SERIAL, life
from .postgres import Server, serving
from .report_shift import shift
from .test_store_commands import filled


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from serving()


def play(server: Server, docks: list[Dock], url: str, seed: int, cuts: int, victim: bool) -> None:
    """Kill the server so many times while they work, and in the end one of the docks, too."""
    chance = random.Random(seed)
    for number in range(cuts):
        until, enough = time.monotonic() + ENDS_S, sum(d.lines for d in docks) + chance.randint(1, 4)
        while sum(d.lines for d in docks) < enough and any(d.is_running for d in docks):
            assert time.monotonic() < until, "nothing is stored any more"
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        (server.kill if number % 2 else server.stop_at_once)()
        if victim and number == cuts - 1:
            docks[-1].kill()
        server.start()
        assert missing(url, *docks) == [], f"seed {seed}, after cut {number}"


@pytest.mark.parametrize(
    ("way", "cuts"),
    [("straight", 1), ("forwarding", 2)]
    + [pytest.param(w, 12, marks=pytest.mark.deep) for w in ("straight", "forwarding")],
)
def test_two_docks_on_the_same_units_lose_and_double_nothing_while_the_server_is_killed(
    server: Server, tmp_path: Path, way: str, cuts: int
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    url = server.fresh()
    Store.open(url).close()
    docks = [
        Dock(name, *([url] if way == "straight" else [str(tmp_path / f"{name}.sqlite"), url]))
        for name in ("north", "south")
    ]
    try:
        play(server, docks, url, seed, cuts, victim=cuts > 2)
        codes = [dock.ended() for dock in docks]
    finally:
        for dock in docks:
            dock.kill()
    assert codes[0] == 0 and missing(url, *docks) == []
    store = Store.open(url)
    assert [row.serial for row in store.units()] == sorted(SERIALS) and store.size() == RECORDS * len(SERIALS)
    assert all(store.journal(serial).complete for serial in SERIALS)
    if way == "forwarding":
        local = Store.open(tmp_path / "north.sqlite")
        assert not any(value for value in vars(local.forward(store, thorough=True)).values())
        rows = [row for row in store.custody_of(SERIAL) if row.who == "north"]
        assert rows == local.custody_of(SERIAL), "each once, in their order"
        local.close()
    store.close()


def test_writers_of_one_unit_wait_for_each_other_and_see_what_the_other_wrote(server: Server) -> None:
    url = server.fresh()
    stores = [Store.open(url) for _ in range(4)]
    failures: list[BaseException] = []

    def work(store: Store, number: int) -> None:
        try:
            for first in range(0, 60, 5):
                store.add(SERIAL, first, CHAINS[first], RAWS[first : first + 5], epoch=0, by=f"{number}", utc_ms=first)
                store.custody(SERIAL, f"{number}", "pulled", "", first)
        except BaseException as error:  # noqa: BLE001 (told in the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=work, args=args) for args in zip(stores, range(4), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    journal = stores[0].journal(SERIAL)
    assert journal.complete and stores[0].size() == 60 and len(stores[0].custody_of(SERIAL)) == 4 * 12
    assert len(journal.arrivals) == 12, "what another had brought meanwhile was known"
    for store in stores:
        store.close()


def test_a_reading_is_of_one_moment_while_others_write(server: Server) -> None:
    url = server.fresh()
    reader, writer = Store.open(url), Store.open(url)
    writer.add(SERIAL, 0, CHAINS[0], RAWS[:10], epoch=0, by="x", utc_ms=1)
    with reader._reading() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM records").scalar()
        writer.add(SERIAL, 10, CHAINS[10], RAWS[10:20], epoch=0, by="x", utc_ms=2)
        assert connection.exec_driver_sql("SELECT count(*) FROM records").scalar() == before == 10
        with pytest.raises(Exception, match="read-only"):
            connection.exec_driver_sql("CREATE TABLE t (a int)")
    assert reader.size() == 20
    reader.close()
    writer.close()


def test_what_the_server_rolled_back_for_others_sake_is_tried_again(server: Server) -> None:
    store = Store.open(server.fresh())
    tries = []

    def work(connection) -> str:  # type: ignore[no-untyped-def]
        tries.append(1)
        if len(tries) < 3:
            connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'in your way' USING ERRCODE = '40001'; END $$")
        return "done"

    assert store.write([SERIAL], work) == "done" and len(tries) == 3
    store.close()


def test_a_unit_that_another_holds_too_long_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_postgres, "BUSY_S", 0.2)
    url = server.fresh()
    one, two = Store.open(url), Store.open(url)

    def meanwhile(_) -> None:  # type: ignore[no-untyped-def]
        two.custody("C1", "x", "pulled", "another unit is free", 1)
        with pytest.raises(ToolError, match="another program held it") as busy:
            two.custody("H1", "x", "pulled", "", 1)
        assert busy.value.code == Exit.DEVICE

    one.write(["H1"], meanwhile)
    two.custody("H1", "x", "pulled", "now it is", 1)
    one.close()
    two.close()


def test_commits_wait_for_the_disk_whatever_the_server_is_set_to(server: Server) -> None:
    url = server.fresh()
    for weak, used in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
        server.sql(f"ALTER ROLE interlock SET synchronous_commit = {weak}")
        database = open_database(url)
        with database.writing() as connection, connection.begin():
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == used
        database.engine.dispose()
    server.sql("ALTER ROLE interlock RESET synchronous_commit")
    server.stop_at_once()
    server.start(fsync="off")
    try:
        with pytest.raises(ToolError, match="does not wait for its disk"):
            Store.open(url)
        Store.open(url, read_only=True).close()
    finally:
        server.stop_at_once()
        server.start()


def test_what_cannot_be_a_store_on_a_server_is_told_without_the_password(server: Server) -> None:
    named = server.url.replace("interlock@", "interlock:opensesame@")
    for url, shows in (
        (named.replace("/postgres?", "/nowhere?"), "does not exist"),
        ("postgresql://x:opensesame@127.0.0.1:1/y?connect_timeout=2", "does not answer"),
        ("postgresql://x@127.0.0.1:1/y?password=opensesame", "does not answer"),
    ):
        with pytest.raises(ToolError) as told:
            Store.open(url)
        assert shows in str(told.value) and told.value.code == Exit.DEVICE
        assert "opensesame" not in str(told.value) + told.value.advice
    for url in ("mysql://x/y", "postgresql+nothing://x/y"):
        with pytest.raises(ToolError, match="cannot be in") as refused:
            Store.open(url)
        assert refused.value.code == Exit.USAGE
    url = server.fresh()
    with pytest.raises(ToolError, match="is empty"):
        Store.open(url, read_only=True)
    server.sql(f"CREATE TABLE {url.rpartition('%3D')[2]}.something (a int)")
    with pytest.raises(ToolError, match="some other database"):
        Store.open(url)


def test_a_dock_needs_to_insert_into_the_tables_of_units_alone_and_cannot_rename_the_store(server: Server) -> None:
    url = server.fresh()
    schema = url.rpartition("%3D")[2]
    store = Store.open(url)
    name = store.origin
    store.close()
    server.sql(f"CREATE ROLE dock LOGIN; GRANT USAGE ON SCHEMA {schema} TO dock")
    server.sql(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO dock")
    server.sql(f"REVOKE INSERT ON {schema}.origins, {schema}.alembic_version FROM dock")
    dock = Store.open(url.replace("interlock@", "dock@"))
    assert dock.add(SERIAL, 0, CHAINS[0], RAWS, epoch=0, by="x", utc_ms=1).new == 60 and dock.origin == name
    for table, value in (("origins", "'00'"), ("alembic_version", "'0099'")):
        with pytest.raises(ProgrammingError, match="permission denied"), dock.database.writing() as connection:
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({value})")
    dock.close()


def test_a_reader_needs_no_right_to_write_and_a_newer_schema_is_refused(server: Server) -> None:
    url = server.fresh()
    schema = url.rpartition("%3D")[2]
    store = Store.open(url)
    store.learn_unit(SERIAL, 1, 1, "one")
    store.close()
    server.sql(f"CREATE ROLE auditor LOGIN; GRANT USAGE ON SCHEMA {schema} TO auditor")
    server.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO auditor")
    auditor = url.replace("interlock@", "auditor@")
    reading = Store.open(auditor, read_only=True)
    assert [row.serial for row in reading.units()] == [SERIAL]
    reading.close()
    writing = Store.open(auditor)
    with pytest.raises(ToolError, match="may not do that there"):
        writing.custody(SERIAL, "x", "looked", "", 1)
    writing.close()
    server.sql(f"UPDATE {schema}.alembic_version SET version_num = '0099'")
    with pytest.raises(ToolError, match="a newer interlock"):
        Store.open(url)


def test_a_server_of_schema_3_is_brought_to_this_one_when_it_is_asked_for(server: Server) -> None:
    """Made as the program of schema 3 made it: the same tables, without the four columns."""
    url = server.fresh()
    schema = url.rpartition("%3D")[2]
    store = Store.open(url)
    store.annotate(SERIAL, 7, "training", "a drill", by="dan", utc_ms=5)
    store.close()
    for column in ("record", "about", "key", "signature"):
        server.sql(f"ALTER TABLE {schema}.annotations DROP COLUMN {column}")
    server.sql(f"UPDATE {schema}.alembic_version SET version_num = '0003'")
    with pytest.raises(ToolError, match=r"an older interlock .its schema is 3") as refused:
        Store.open(url)
    assert "interlock store migrate" in refused.value.advice
    store = Store.open(url, migrate=True)
    assert store.annotations() == [AnnotationRow(SERIAL, 7, "training", "a drill", "dan", 5)]
    signed = AnnotationRow(SERIAL, 8, "test", "x", "eve", 6, b"r" * 32, b"a" * 32, b"k" * 32, b"s" * 64)
    store.say(SERIAL, [signed])
    assert store.annotations()[1] == signed
    with store._reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_a_server_whose_disk_is_full_loses_nothing_and_the_dock_goes_on_later(server: Server, tmp_path: Path) -> None:
    raws, chains = life(7000)
    dock = Store.open(tmp_path / "dock.sqlite")
    for first in range(0, 7000, 500):
        dock.add(SERIAL, first, chains[first], raws[first : first + 500], epoch=0, by="x", utc_ms=first)
    dock.note_head(SERIAL, 7000, chains[7000], utc_ms=7000)
    with small_disk(server.folder / "tiny", 1400) as enlarge:
        shutil.chown(server.folder / "tiny", server.folder.owner())
        server.sql(f"CREATE TABLESPACE tiny LOCATION '{server.folder}/tiny'")
        url = server.fresh()
        force = Store.open(f"{url}%20-cdefault_tablespace%3Dtiny")
        with pytest.raises(ToolError, match="the server's disk is full") as full:
            dock.forward(force)
        assert full.value.code == Exit.DEVICE and "What was reported as stored is stored" in full.value.advice
        before = force.size()
        assert before % 500 == 0 and 0 < before < 7000 and dock.size() == 7000
        assert not force.journal(SERIAL).findings and dock.journal(SERIAL).complete
        enlarge()
        assert dock.forward(force).records == 7000 - before
        assert force.journal(SERIAL).complete and force.size() == 7000
        force.close()
        server.sql(f"DROP SCHEMA {url.rpartition('%3D')[2]} CASCADE")
        server.sql("DROP TABLESPACE tiny")
    dock.close()


def test_commands_say_of_a_servers_store_what_they_say_of_the_file_it_came_from(server: Server, tmp_path: Path) -> None:
    file, url = tmp_path / "home" / "journals.sqlite", server.fresh()
    filled(file, shift())

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "--as", "clerk", *words])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    assert json.loads(run("store", "forward", url, "--json"))["serials"] == ["UNIT1", "UNIT2", "UNIT3"]
    for command in ("verify", "report"):
        here, there = (json.loads(run(*where, command, "--json")) for where in ((), ("--store", url)))
        for told in (here, there) if command == "report" else ():
            del told["made"], told["made_utc_ms"]
        assert here == there
    event = json.loads(run("report", "--json"))["uses"][0]["events"][0]["reference"]
    run("--store", url, "annotate", event, "--code", "training", "--text", "a drill")
    run("--store", url, "export", "UNIT1", "--out", str(tmp_path / "UNIT1.ilj"))
    assert run("import", str(tmp_path / "UNIT1.ilj")) and json.loads(run("annotate", "--json")) == []
    whats = [row["what"] for row in json.loads(run("--store", url, "store", "custody", "UNIT1", "--json"))]
    assert whats == ["pulled", "forwarded", "annotated", "exported"]
