"""What a store promises, in a file and on a server alike."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from host_tools.outcome import ToolError
from host_tools.roster.rules import RosterRow
from host_tools.statements.weigh import weighed
from host_tools.store import forward as store_forward
from host_tools.store.rows import WITHDRAWN, AnnotationRow
from host_tools.store.schema import metadata
from host_tools.store.store import Store
from interlock.core.layout import UNKNOWN

from .docks import Dock, missing
from .journals import CHAINS, RAWS, SERIAL, life
from .postgres import Server, serving

Opener = Callable[[], Store]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from serving()


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path | str]:
    """Gives a place where no store is yet."""
    if request.param == "sqlite":
        return lambda: tmp_path_factory.mktemp("store") / "s.sqlite"
    server: Server = request.getfixturevalue("server")
    return server.fresh


@pytest.fixture
def fresh(places: Callable[[], Path | str]) -> Iterator[Opener]:
    """Opens a new store."""
    yield from opening(places)


@pytest.fixture
def docks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    """Opens a dock's: a file, whatever the force's is in."""
    yield from opening(lambda: tmp_path_factory.mktemp("dock") / "s.sqlite")


def opening(places: Callable[[], Path | str]) -> Iterator[Opener]:
    opened: list[Store] = []

    def fresh() -> Store:
        opened.append(Store.open(places()))
        return opened[-1]

    yield fresh
    for store in opened:
        store.close()


def filled(store: Store, until: int = 60) -> Store:
    store.learn_unit(SERIAL, 1, 1, "one")
    store.add(SERIAL, 0, CHAINS[0], RAWS[:until], epoch=0, by="alice", utc_ms=1)
    return store


def contents(store: Store) -> dict[str, set[tuple[object, ...]]]:
    """All rows of all tables, without what is each store's own: its numbers."""
    found: dict[str, set[tuple[object, ...]]] = {}
    with store._reading() as connection:
        for table in metadata.sorted_tables:
            if "serial" in table.c:
                columns = [column for column in table.c if column.name not in ("id", "addition")]
                found[table.name] = {
                    tuple(row) for row in connection.execute(table.select().with_only_columns(*columns))
                }
    return found


def test_what_is_added_twice_in_parts_is_there_once(fresh: Opener) -> None:
    store = filled(fresh(), 30)
    assert store.add(SERIAL, 20, CHAINS[20], RAWS[20:40], epoch=0, by="bob", utc_ms=2) == (10, 10, 0)
    assert store.add(SERIAL, 0, CHAINS[0], RAWS[:40], epoch=0, by="bob", utc_ms=3) == (0, 40, 0)
    store.note_head(SERIAL, 40, CHAINS[40], utc_ms=4)
    journal = store.journal(SERIAL)
    assert [record.raw for record in journal.records] == RAWS[:40] and journal.complete
    assert [(a.first, a.last, a.by) for a in journal.arrivals] == [(0, 29, "alice"), (20, 39, "bob")]
    assert store.going_on(SERIAL) == (40, CHAINS[40]) and store.last_pulled() == {SERIAL: 4}
    assert store.units() == [(SERIAL, 1, 1, "one")] and store.size() == 40
    assert store.ends_at(SERIAL, 40) == {CHAINS[40]}


def test_records_that_contradict_each_other_are_both_kept_with_who_brought_them(fresh: Opener) -> None:
    store = filled(fresh(), 10)
    other, chains = life(10, salt=7)
    assert store.add(SERIAL, 4, chains[4], other[4:6], epoch=0, by="bob", utc_ms=2).conflicts == 2
    store.add(SERIAL, 12, UNKNOWN, RAWS[12:14], epoch=0, by="bob", utc_ms=3)
    store.add(SERIAL, 0, CHAINS[0], RAWS[:14], epoch=0, by="alice", utc_ms=4)
    found = store.conflicts()
    assert [(c.serial, c.sequence) for c in found] == [(SERIAL, 4), (SERIAL, 5)], "records 12 and 13 are each one"
    assert [(v.raw, v.by, v.utc_ms, v.origin) for v in found[0].versions] == [
        (RAWS[4], "alice", 1, store.origin),
        (other[4], "bob", 2, store.origin),
    ]
    assert store.conflicts(SERIAL) == found and store.conflicts("H2") == []
    assert [c.sequence for c in store.journal(SERIAL).conflicts] == [4, 5]


@pytest.mark.parametrize("statement", ["UPDATE {} SET serial = 'x'", "DELETE FROM {}"])
def test_nothing_that_is_stored_can_be_changed_or_deleted(fresh: Opener, statement: str) -> None:
    store = everything(fresh())
    before = contents(store)
    for table in before:
        with (
            pytest.raises(DBAPIError, match="append-only"),
            store.database.writing() as connection,
            connection.begin(),
        ):
            connection.execute(text(statement.format(table)))
    assert contents(store) == before and all(before.values())


def everything(store: Store, who: str = "alice", salt: int = 0) -> Store:
    """A row in each table at least."""
    raws, chains = life(20, salt)
    store.learn_unit(SERIAL, 1, 1, f"one of {who}")
    store.add(SERIAL, 0, chains[0], raws[:12], epoch=0, by=who, utc_ms=10)
    store.add(SERIAL, 12, chains[12], raws[12:], epoch=0, by=who, utc_ms=11)
    store.note_head(SERIAL, 20, chains[20], utc_ms=12)
    store.add_checkpoint(SERIAL, 3, b"m3", b"s", b"k" * 60, by=who, utc_ms=13)
    store.custody(SERIAL, who, "pulled", "20 new", 14)
    store.replace_roster((), [RosterRow(SERIAL, "PC1", "A", 100, 200)], by=who, utc_ms=15)
    signed = (b"r" * 32, None, b"k" * 32, b"s" * 64)
    store.say(SERIAL, [AnnotationRow(SERIAL, 7, "training", f"said {who}", who, 16, *signed)])
    return store


def test_the_roster_holds_each_row_once_and_lets_go_of_it(fresh: Opener) -> None:
    store = fresh()
    early, late = RosterRow("H1", "PC1", "A", 100, 200), RosterRow("C1", "PC1", "A", 150, 300)
    assert store.replace_roster((), [late, early, early], by="x", utc_ms=1)[1] == 2
    assert store.replace_roster((), [early], by="y", utc_ms=2)[1] == 0
    assert store.roster() == [early, late] and store.roster(200) == [late] and store.roster(None, 150) == [early]
    assert store.withdraw_roster([early, RosterRow("H9", "PC1", "A", 1, 2)], by="y", utc_ms=3) == 1
    assert store.roster() == [late]
    assert store.replace_roster((), [early], by="x", utc_ms=4)[1] == 1 and store.roster() == [early, late]


def test_an_annotation_stands_until_it_is_withdrawn_and_stays_on_record(fresh: Opener) -> None:
    store = fresh()
    store.annotate("H1", 7, "training", "drill", by="a", utc_ms=5)
    store.annotate("H1", 8, "other", "rain", by="a", utc_ms=6)
    store.annotate("H1", 7, WITHDRAWN, "no drill", by="b", utc_ms=7)
    store.annotate("H1", 7, "sensor_fault", "loose", by="b", utc_ms=4)  # this clock went back: the order is the store's
    rows = store.annotations("H1")
    assert (
        [row.code for row in rows]
        == ["training", "other", WITHDRAWN, "sensor_fault"]
        == [row.code for row in store.annotations()]
    )
    standing = weighed(rows, lambda number: store.raws("H1", number), {})
    assert [(said.row.sequence, said.row.code) for said in standing] == [(8, "other"), (7, "sensor_fault")]
    with pytest.raises(ToolError, match="no code"):
        store.annotate("H1", 7, "whatever", "", by="a", utc_ms=1)


def test_custody_is_told_in_the_order_in_which_it_was_noted(fresh: Opener) -> None:
    store = fresh()
    for number, utc_ms in enumerate((5, 4, 9)):
        store.custody("H1", "alice", "pulled", str(number), utc_ms)
    assert [(row.detail, row.origin) for row in store.custody_of("H1")] == [(str(n), store.origin) for n in range(3)]
    assert store.custody_of("H2") == []


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_reported(places: Callable[[], Path | str]) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance, place = random.Random(seed), places()
    for _ in range(2):
        dock = Dock("north", str(place))
        enough = chance.randint(1, 5)
        while dock.lines < enough and dock.is_running:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.02))
        dock.kill()
        assert dock.lines and missing(place, dock) == [], f"seed {seed}"


# From store to store.


def test_all_is_forwarded_once_and_only_what_is_new_the_next_time(docks: Opener, fresh: Opener) -> None:
    dock, force = everything(docks()), fresh()
    done = dock.forward(force)
    assert (done.records, done.checkpoints, done.custody, done.heads, done.roster, done.annotations, done.serials) == (
        20, 1, 1, 1, 1, 1, (SERIAL,),
    )  # fmt: skip
    assert contents(force) == contents(dock) and force.origin != dock.origin
    assert force.journal(SERIAL).complete and force.export_ilj(SERIAL) == dock.export_ilj(SERIAL)
    for thorough in (False, True):
        again = dock.forward(force, thorough=thorough)
        assert again.serials == () and not any(v for v in vars(again).values() if isinstance(v, int))
    dock.custody(SERIAL, "alice", "forwarded", "", 20)
    again = dock.forward(force)
    assert (again.custody, again.records, again.serials) == (1, 0, ())
    assert [row.what for row in force.custody_of(SERIAL)] == ["pulled", "forwarded"]


def test_two_docks_that_overlap_are_each_remembered_and_no_record_is_there_twice(docks: Opener, fresh: Opener) -> None:
    north, south, force = everything(docks(), "north"), everything(docks(), "south"), fresh()
    assert north.forward(force).records == 20
    done = south.forward(force)
    assert done.records == 0 and done.heads == done.roster == 1 and done.serials == (SERIAL,)
    journal = force.journal(SERIAL)
    assert journal.complete and len(journal.records) == 20 == force.size()
    assert [(a.first, a.last, a.by) for a in journal.arrivals] == [
        (0, 11, "north"), (0, 11, "south"), (12, 19, "north"), (12, 19, "south"),
    ]  # fmt: skip
    assert {(row.who, row.origin) for row in force.custody_of(SERIAL)} == {
        ("north", north.origin),
        ("south", south.origin),
    }
    assert len(force.checkpoints(SERIAL)) == 1 and len(force.roster()) == 1
    assert {row.by for row in force.annotations()} == {"north", "south"}


def test_a_dock_that_was_offline_is_no_unit_that_was_put_back(docks: Opener, fresh: Opener) -> None:
    early, late, force = docks(), docks(), fresh()
    for dock, end, utc_ms in ((early, 10, 1000), (late, 20, 2000)):
        dock.add(SERIAL, 0, CHAINS[0], RAWS[:end], epoch=0, by="x", utc_ms=utc_ms)
        dock.note_head(SERIAL, end, CHAINS[end], utc_ms=utc_ms)
    late.forward(force)
    early.forward(force)
    assert force.journal(SERIAL).complete
    assert [a.utc_ms for a in force.journal(SERIAL).arrivals] == [1000, 2000]
    early.note_head(SERIAL, 4, CHAINS[4], utc_ms=3000)
    early.forward(force)
    assert any("at a later pull" in finding for finding in force.journal(SERIAL).findings)


def test_the_version_that_was_pulled_last_is_the_main_one_whenever_it_was_forwarded(
    docks: Opener, fresh: Opener
) -> None:
    other, chains = life(20, salt=7)
    early, late, force = docks(), docks(), fresh()
    early.add(SERIAL, 0, CHAINS[0], RAWS[:20], epoch=0, by="x", utc_ms=1000)
    late.add(SERIAL, 0, chains[0], other, epoch=0, by="y", utc_ms=2000)
    late.forward(force)
    early.forward(force)
    journal = force.journal(SERIAL)
    assert [record.raw for record in journal.records] == other and len(journal.conflicts) == 20
    assert [(v.by, v.origin) for v in force.conflicts()[0].versions] == [("y", late.origin), ("x", early.origin)]


def test_two_copies_of_one_store_that_went_on_apart_lose_nothing(tmp_path: Path, fresh: Opener) -> None:
    """A dock was restored from its backup: both go on under one name, with the same numbers for different rows."""
    first = filled(Store.open(tmp_path / "a.sqlite"), 10)
    first.close()
    (tmp_path / "b.sqlite").write_bytes((tmp_path / "a.sqlite").read_bytes())
    force = fresh()
    one, two = Store.open(tmp_path / "a.sqlite"), Store.open(tmp_path / "b.sqlite")
    one.add(SERIAL, 10, CHAINS[10], RAWS[10:20], epoch=0, by="one", utc_ms=2)
    two.add(SERIAL, 20, CHAINS[20], RAWS[20:30], epoch=0, by="two", utc_ms=2)
    assert one.origin == two.origin
    assert one.forward(force).records == 20 and two.forward(force).records == 10
    one.custody(SERIAL, "one", "pulled", "", 3)
    assert one.forward(force).custody == 1
    assert [record.raw for record in force.journal(SERIAL).records] == RAWS[:30]
    one.close()
    two.close()


def test_by_way_of_a_third_store_the_same_arrives(docks: Opener, fresh: Opener) -> None:
    dock, laptop, force = everything(docks()), everything(docks(), "bob", salt=7), fresh()
    dock.forward(laptop)
    laptop.forward(force)
    assert contents(force) == contents(laptop) and len(force.conflicts()) == 20
    assert dock.forward(force).serials == () and laptop.forward(force).serials == ()


class Broken(Exception):
    """As if the process were killed here."""


def test_a_forward_that_breaks_off_anywhere_goes_on_where_it_was(
    docks: Opener, fresh: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_forward, "BATCH_RECORDS", 5)
    monkeypatch.setattr(store_forward, "BATCH_ROWS", 2)
    dock, force = everything(docks()), fresh()
    for first in range(20, 60, 4):
        dock.add(SERIAL, first, CHAINS[first], RAWS[first : first + 4], epoch=0, by="x", utc_ms=first)
    dock.note_head(SERIAL, 60, CHAINS[60], utc_ms=99)
    write, arrived, steps = Store.write, 0, 0
    for after in (0, 1, 2, 3, 1, 1, 99):
        writes = iter(range(after))

        def breaking(store: Store, serials, work, writes=writes):  # type: ignore[no-untyped-def]
            if store is force and next(writes, None) is None:
                raise Broken
            return write(store, serials, work)

        monkeypatch.setattr(Store, "write", breaking)
        try:
            arrived += dock.forward(force).records
        except Broken:
            steps += 1
        held = force.journal(SERIAL) if force.size() else None
        assert held is None or not held.findings, "no end of the journal is there before its records"
    assert steps == 6 and contents(force) == contents(dock) and force.journal(SERIAL).complete


STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 59), st.integers(1, 30), st.booleans()), max_size=12
)


@pytest.mark.parametrize("examples", [4, pytest.param(30, marks=pytest.mark.deep)])
def test_whatever_two_docks_add_and_in_whatever_order_they_forward_the_same_set_arrives(
    docks: Opener, fresh: Opener, examples: int
) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS, order=st.permutations([0, 1, 0, 1]))
    def holds(steps: list[tuple[int, int, int, int, bool]], order: list[int]) -> None:
        both, force = [docks(), docks()], fresh()
        told: dict[int, set[tuple[int, bytes]]] = {0: set(), 1: set()}
        lives = [life(60), life(60, salt=7)]
        for dock, story, first, length, forwards in steps:
            raws, chains = lives[story]
            part = raws[first : first + length]
            both[dock].add(SERIAL, first, chains[first], part, epoch=0, by=f"{dock}", utc_ms=first)
            told[dock] |= set(enumerate(part, first))
            if forwards:
                both[dock].forward(force)
        for dock in order:
            both[dock].forward(force)
        rows = contents(force)
        assert {(sequence, raw) for _, sequence, _, _, _, _, raw in rows["records"]} == told[0] | told[1]
        assert len(rows["records"]) == force.size(), "nothing is there twice"
        assert rows["additions"] == contents(both[0])["additions"] | contents(both[1])["additions"]
        numbers = [number for number, _ in told[0] | told[1]]
        assert [c.sequence for c in force.conflicts()] == sorted({n for n in numbers if numbers.count(n) > 1})
        for store in (*both, force):
            store.close()

    holds()
