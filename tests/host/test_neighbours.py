"""Which units are judged together, and what is asked of a force's cameras that are elsewhere."""

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from host_tools.journal_items import Header
from host_tools.reporting.asked import Beside, Named
from host_tools.reporting.holdings import StoreHoldings
from host_tools.reporting.neighbours import (
    Neighbourhood,
    Seen,
    absent,
    look,
    neighbourhoods,
    outsiders,
    own_cameras,
    read_ms,
)
from host_tools.store.store import Store
from host_tools.verifying.mentions import mentions
from interlock.core import records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import HOLSTER, OWN, Book, holster, other, own


def seen(unit: int, *named: int) -> Seen:
    return Seen(f"U{unit:03}", Header(1, unit, bytes(8), 0, bytes(32)), frozenset(named))


T = 1_800_000_000_000
NOTHING = Beside()


def together(*units: Seen, beside: Beside = NOTHING) -> list[tuple[str, ...]]:
    return [(*found.serials, *found.missing) for found in neighbourhoods(units, beside)]


def mentioned(book: Book) -> frozenset[int]:
    return mentions(book.raws)


def test_a_journal_speaks_of_whom_it_heard_answered_was_assigned_to_and_had_near() -> None:
    assert mentioned(own().heard(0, 5)) == {HOLSTER}
    assert mentioned(holster().ack(0, 5, 1)) == {OWN}
    assert mentioned(own().at(0, records.ANSWER, 7, 5, 0)) == {7}
    assert mentioned(holster().at(0, records.WITNESS, 8, 5, bytes(4))) == {8}
    assert mentioned(holster().at(0, records.MET, 9, 5, bytes(4))) == {9}
    assert mentioned(holster().at(0, records.PARTNER, 10, 1, 0)) == {10}
    assert mentioned(own().at(0, records.EXPIRY, 11)) == {11}
    assert mentioned(own().at(0, records.TIME_HEARD, 12, 5)) == {12}
    assert mentioned(own().at(0, records.ASSIGNED, 13, 0, 2, b"PC1     ")) == {13}


def test_lists_of_units_are_read_whole_and_nobody_is_no_unit() -> None:
    book = other()
    add = {
        records.PEERS: records.pack_peers({21: 4, 22: 5})[0],
        records.CREW: records.pack_crew([(23, 0, 1), (24, 1, 0)]),
    }
    assert mentions(_raw(kind, payload) for kind, payload in add.items()) == {21, 22, 23, 24}
    assert mentioned(book.at(0, records.ASSIGNED, 0, 0, 2, bytes(8)).tally(0, True)) == frozenset()


def _raw(kind: int, payload: bytes) -> bytes:
    from interlock.core.layout import encode
    from interlock.core.seal import OpenSeal

    return encode(kind, 0, 1, 0, payload, bytes(32), OpenSeal())[0]


@given(st.lists(st.binary(max_size=90)))
def test_bytes_that_are_no_records_name_somebody_or_nobody(raws: list[bytes]) -> None:
    assert all(0 < unit < 1 << 16 for unit in mentions(raws))


def test_units_that_speak_of_each_other_over_any_number_of_others_are_together() -> None:
    assert together(seen(1, 2), seen(2, 3), seen(3), seen(4, 5), seen(5), seen(6)) == [
        ("U001", "U002", "U003"),
        ("U004", "U005"),
        ("U006",),
    ]


def test_units_are_together_that_only_a_third_that_was_never_pulled_joins() -> None:
    assert together(seen(1, 99), seen(2, 99), seen(3)) == [("U001", "U002"), ("U003",)]


def test_two_serials_of_one_number_are_together_by_the_store_and_by_the_force() -> None:
    double = seen(1)._replace(serial="OTHER")
    assert together(seen(1), double) == [("OTHER", "U001")]
    known = Beside(units={"U001": Named(7, ROLE_CAMERA, ""), "U002": Named(2, ROLE_CAMERA, "")})
    assert together(seen(1), seen(2, 7), beside=known) == [("U001", "U002")]


def test_pairs_are_together_and_a_unit_that_was_never_pulled_is_with_its_pair() -> None:
    known = {f"U{n:03}": Named(n, ROLE_CAMERA, "") for n in (1, 2, 3)}
    beside = Beside(units=known, pairs=(("U001", "U003"),))
    found = neighbourhoods([seen(1), seen(2)], beside)
    assert found == [Neighbourhood(("U001",), ("U003",)), Neighbourhood(("U002",), ())]


@given(
    st.dictionaries(st.integers(1, 20), st.frozensets(st.integers(1, 20), max_size=3)),
    st.sets(st.tuples(st.integers(1, 20), st.integers(1, 20)), max_size=4),
    st.randoms(use_true_random=False),
)
def test_each_unit_is_in_one_neighbourhood_the_same_in_any_order_and_who_is_named_is_there(
    told: dict[int, frozenset[int]], pairs: set[tuple[int, int]], shuffled: random.Random
) -> None:
    units = [seen(unit, *named) for unit, named in told.items()]
    known = {f"U{n:03}": Named(n, ROLE_CAMERA, "") for pair in pairs for n in pair}
    beside = Beside(units=known, pairs=tuple((f"U{a:03}", f"U{b:03}") for a, b in pairs))
    found = neighbourhoods(units, beside)
    where = {serial: place for place, around in enumerate(found) for serial in (*around.serials, *around.missing)}
    assert sum(len(around.serials) + len(around.missing) for around in found) == len(where)
    assert set(where) == {unit.serial for unit in units} | set(known)
    for unit in units:
        assert all(where[f"U{other:03}"] == where[unit.serial] for other in unit.mentions if f"U{other:03}" in where)
    assert all(where[holster] == where[camera] for holster, camera in beside.pairs or ())
    shuffled.shuffle(units)
    assert neighbourhoods(units, beside) == found


FORCE = Beside(
    units={"U001": Named(1, ROLE_HOLSTER, "H"), "U002": Named(2, ROLE_CAMERA, "C"), "U003": Named(3, ROLE_CAMERA, "D")}
)


HERE = Neighbourhood(("U001",), ())


def test_a_camera_elsewhere_counts_with_its_last_whole_pull_and_as_never_pulled_without() -> None:
    pulled, never = absent({"U002": 77, "U003": None}, FORCE, HERE)
    assert (pulled.serial, pulled.pulled, pulled.read_ms, pulled.name) == ("U002", True, 77, "C")
    assert (never.serial, never.pulled, never.read_ms) == ("U003", False, None)
    assert [camera.pulled for camera in absent({}, FORCE, HERE)] == [False, False]


def test_no_camera_of_the_neighbourhood_and_no_weapon_is_elsewhere() -> None:
    assert [held.serial for held in absent({}, FORCE, Neighbourhood(("U002",), ("U003",)))] == []


def test_journals_are_asked_for_their_last_pull_only_where_there_are_several_neighbourhoods() -> None:
    two = [HERE, Neighbourhood(("U002",), ("U003",))]
    assert outsiders(two, FORCE) == ["U002"]
    assert outsiders(two[:1], FORCE) == outsiders(two, Beside()) == []


def test_a_journal_with_a_gap_or_a_finding_was_never_read_whole(tmp_path: Path) -> None:
    whole, gapped, cut = own().clock(0, T), other().clock(0, T).skip(3).clock(9, T + 9), holster().clock(0, T)
    store = Store.open(tmp_path / "s.sqlite")
    for book in (whole, gapped, cut):
        store.learn_unit(book.serial, book.unit, book.role, "")
        for record, chain in zip(book.records, [*book.chains[: len(book.records) - 1], book.chains[-2]], strict=True):
            store.add(book.serial, record.sequence, chain, [record.raw], epoch=0, by="PC1", utc_ms=T)
        store.note_head(book.serial, book.records[-1].sequence + 1, book.chains[-1], utc_ms=T + 5)
    store.note_head(cut.serial, 9, bytes(32), utc_ms=T + 6)
    store.close()
    holdings = StoreHoldings(tmp_path / "s.sqlite")
    assert [read_ms(holdings, f"UNIT{n}") for n in (2, 3, 1)] == [("UNIT2", T + 5), ("UNIT3", None), ("UNIT1", None)]


def test_whose_a_stored_journal_is_is_told_without_reading_it_as_of_the_whole(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "s.sqlite")
    zeros = Book(7, 1)
    zeros.serial = "Z7"
    starts = {"UNIT2": own().clock(0, T), "Z7": zeros.clock(0, T)}
    for serial, book in starts.items():
        store.learn_unit(serial, book.unit, book.role, "")
        store.add(serial, 0, book.chains[0], book.raws, epoch=0, by="PC1", utc_ms=T)
    store.learn_unit("EMPTY", 9, 2, "")
    for serial in (*starts, "EMPTY"):
        assert store.header(serial)[:3] == store.journal(serial).header[:3]
    store.close()


def test_a_look_finds_who_is_named_in_any_version_of_a_journal(tmp_path: Path) -> None:
    one, other_version = own().clock(0, T).heard(5, 7), own().clock(0, T).at(5, records.EXPIRY, 44)
    store = Store.open(tmp_path / "s.sqlite")
    store.learn_unit(one.serial, one.unit, one.role, "")
    for book in (one, other_version):
        store.add(book.serial, 0, book.chains[0], book.raws, epoch=0, by="PC1", utc_ms=T)
    store.close()
    found = look(StoreHoldings(tmp_path / "s.sqlite"), one.serial)
    assert found.mentions == {HOLSTER, 44} and found.header[:3] == (one.role, one.unit, one.serial_bytes)


def test_own_cameras_follow_the_pairs_and_are_unknown_without_them() -> None:
    numbers = {"U001": (1, ROLE_HOLSTER), "U002": (2, ROLE_CAMERA), "U004": (4, ROLE_HOLSTER)}
    assert own_cameras(Beside(), numbers) is None
    assert own_cameras(Beside(pairs=(("U001", "U002"), ("U001", "GONE"))), numbers) == {1: [2], 4: []}
