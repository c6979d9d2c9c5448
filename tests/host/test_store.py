"""The store: whatever is cut, doubled or torn apart on the way, what was reported stored is there, verbatim."""

import random
import sqlite3
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools import journal_file
from host_tools.outcome import ToolError
from host_tools.store.store import Store
from interlock.core.layout import UNKNOWN

from .journals import CHAINS, RAWS, SERIAL, life


def opened(folder: Path) -> Store:
    store = Store.open(folder / "s.sqlite")
    store.learn_unit(SERIAL, 1, 1, "one")
    return store


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 30)), max_size=12), chance=st.randoms())
def test_chunks_in_any_order_doubled_and_overlapping_end_with_the_same_journal(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int]], chance: random.Random
) -> None:
    store = opened(tmp_path_factory.mktemp("store"))
    chunks = [(first, RAWS[first : first + length]) for first, length in cuts] + [
        (first, RAWS[first : first + 20]) for first in (0, 20, 40)
    ]
    chance.shuffle(chunks)
    new = sum(store.add(SERIAL, first, CHAINS[first], raws, epoch=0, by="x", utc_ms=1).new for first, raws in chunks)
    held = store.journal(SERIAL)
    assert new == 60 and [record.raw for record in held.records] == RAWS and not held.findings
    going = store.going_on(SERIAL)
    assert (going.next_sequence, going.chain) == (60, CHAINS[60])
    store.close()


@settings(max_examples=25, deadline=None)
@given(hole=st.integers(1, 50), behind=st.integers(1, 8), parts=st.lists(st.integers(1, 20), max_size=6))
def test_records_behind_a_hole_are_a_segment_of_their_own_until_the_chain_is_stated_again(
    tmp_path_factory: pytest.TempPathFactory, hole: int, behind: int, parts: list[int]
) -> None:
    store = opened(tmp_path_factory.mktemp("store"))
    store.add(SERIAL, 0, CHAINS[0], RAWS[:hole], epoch=0, by="x", utc_ms=1)
    first, end = hole + 1, hole + 1 + behind
    at = first
    for size in [*parts, 99]:
        raws = RAWS[at : min(at + size, end)]
        assert store.add(SERIAL, at, UNKNOWN, raws, epoch=0, by="x", utc_ms=2).conflicts == 0
        at += len(raws)
    going = store.going_on(SERIAL)
    assert (going.next_sequence, going.chain) == (end, UNKNOWN)
    store.add(SERIAL, end, CHAINS[end], RAWS[end:], epoch=0, by="x", utc_ms=3)
    held = store.journal(SERIAL)
    assert [(s.first, s.last, s.chain) for s in held.segments] == [
        (0, hole - 1, CHAINS[0]),
        (first, end - 1, UNKNOWN),
        (end, 59, CHAINS[end]),
    ]
    assert [gap[:2] for gap in held.gaps] == [(hole, hole)] and not held.conflicts and len(held.findings) == 1
    assert isinstance(journal_file.check(store.export_ilj(SERIAL)), journal_file.Intact)
    # Somebody else has them from before, with what is known of them.
    store.add(SERIAL, 0, CHAINS[0], RAWS, epoch=0, by="y", utc_ms=4)
    whole = store.journal(SERIAL)
    assert [record.raw for record in whole.records] == RAWS and not whole.findings and len(whole.segments) == 1
    assert store.add(SERIAL, first, UNKNOWN, RAWS[first:], epoch=0, by="x", utc_ms=5).new == 0
    store.close()


def test_checkpoints_are_kept_once_each_and_contradicting_ones_beside_each_other(tmp_path: Path) -> None:
    store = opened(tmp_path)
    key, other = b"k" * 60, b"o" * 60
    assert store.last_index(SERIAL, key) is None
    for index, message, public in ((3, b"m3", key), (5, b"m5", key), (3, b"m3", key), (9, b"m9", other)):
        assert store.add_checkpoint(SERIAL, index, message, b"s", public, by="x", utc_ms=1)
    assert [(row.index, row.message) for row in store.checkpoints(SERIAL)] == [(3, b"m3"), (5, b"m5"), (9, b"m9")]
    assert (store.last_index(SERIAL, key), store.last_index(SERIAL, other)) == (5, 9)
    assert not store.add_checkpoint(SERIAL, 3, b"another", b"s", key, by="y", utc_ms=2)
    assert not store.add_checkpoint(SERIAL, 3, b"m3", b"s", key, by="y", utc_ms=3)
    assert store.add_checkpoint(SERIAL, 5, b"m5", b"another signature", key, by="y", utc_ms=3)
    assert [row.message for row in store.checkpoints(SERIAL)] == [b"m3", b"m5", b"m9", b"another", b"m5"]
    assert store.checkpoints("H2") == []
    store.close()


def test_a_checkpoint_can_be_neither_changed_nor_deleted(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add_checkpoint(SERIAL, 3, b"m3", b"s", b"k" * 60, by="x", utc_ms=1)
    store.close()
    with sqlite3.connect(tmp_path / "s.sqlite") as file:
        for change in ("update checkpoints set message = x''", "delete from checkpoints"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                file.execute(change)


def test_the_ends_that_are_known_are_all_of_them(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add(SERIAL, 0, CHAINS[0], RAWS[:10], epoch=0, by="x", utc_ms=1)
    assert [store.ends_at(SERIAL, n) for n in (10, 11)] == [{CHAINS[10]}, frozenset()]
    other, chains = life(10, salt=7)
    store.add(SERIAL, 0, chains[0], other, epoch=0, by="x", utc_ms=2)
    store.add(SERIAL, 20, UNKNOWN, RAWS[20:25], epoch=0, by="x", utc_ms=2)
    assert [store.ends_at(SERIAL, n) for n in (10, 20, 25)] == [{CHAINS[10], chains[10]}, frozenset(), frozenset()]
    store.close()


def test_a_record_that_contradicts_another_is_kept_beside_it(tmp_path: Path) -> None:
    other, chains = life(10, salt=7)
    store = opened(tmp_path)
    store.add(SERIAL, 0, CHAINS[0], RAWS[:10], epoch=0, by="x", utc_ms=1)
    added = store.add(SERIAL, 0, chains[0], other, epoch=0, by="x", utc_ms=2)
    assert added.conflicts == 10
    held = store.journal(SERIAL)
    assert held.findings and len(held.conflicts) == 10
    store.close()


def test_what_is_no_sound_record_is_refused_whole(tmp_path: Path) -> None:
    store = opened(tmp_path)
    bad = bytearray(RAWS[1])
    bad[-1] ^= 1
    for raws in ([RAWS[0], bytes(bad)], [RAWS[0], RAWS[2]], [RAWS[0][:-1]]):
        with pytest.raises((ToolError, ValueError)):
            store.add(SERIAL, 0, CHAINS[0], raws, epoch=0, by="x", utc_ms=1)
    assert store.going_on(SERIAL).next_sequence == 0
    store.close()


def test_the_store_is_for_its_owner_only(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert stat.S_IMODE((tmp_path / "s.sqlite").stat().st_mode) == 0o600
    store.close()


def test_a_file_that_is_no_store_or_of_a_newer_program_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, whatever its name\n" * 30)
    with pytest.raises(ToolError) as refused:
        Store.open(tmp_path / "text")
    assert refused.value.advice
    assert (tmp_path / "text").read_text().startswith("no database")
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("create table something (a)")
    with pytest.raises(ToolError):
        Store.open(tmp_path / "other.sqlite")
