"""The store: whatever is cut, doubled or torn apart on the way, what was reported stored is there, verbatim."""

import random
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.outcome import ToolError
from host_tools.store import Store
from interlock.core import journal, records

SERIAL = "H1"
RAW_SERIAL = b"H1      "


def life(count: int, salt: int = 0) -> tuple[list[bytes], list[bytes]]:
    """(raw records, chain value before each and after the last) of a journal."""
    chain = journal.chain_start(RAW_SERIAL)
    raws, chains = [], [chain]
    for i in range(count):
        raw, chain = journal.encode(records.RESERVE, i, 1, i * 10, records.pack(records.RESERVE, i + salt), chain)
        raws.append(raw)
        chains.append(chain)
    return raws, chains


RAWS, CHAINS = life(60)


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
    new = sum(store.add(SERIAL, first, CHAINS[first], raws, by="x", utc_ms=1).new for first, raws in chunks)
    held = store.journal(SERIAL)
    assert new == 60 and [record.raw for record in held.records] == RAWS and not held.findings
    going = store.going_on(SERIAL)
    assert (going.next_sequence, going.chain) == (60, CHAINS[60])
    store.close()


def test_a_record_that_contradicts_another_is_kept_beside_it(tmp_path: Path) -> None:
    other, chains = life(10, salt=7)
    store = opened(tmp_path)
    store.add(SERIAL, 0, CHAINS[0], RAWS[:10], by="x", utc_ms=1)
    added = store.add(SERIAL, 0, chains[0], other, by="x", utc_ms=2)
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
            store.add(SERIAL, 0, CHAINS[0], raws, by="x", utc_ms=1)
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


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.host.test_store import CHAINS, RAWS, SERIAL, opened
store = opened(Path(sys.argv[1]))
for first in range(store.going_on(SERIAL).next_sequence, 60):
    store.add(SERIAL, first, CHAINS[first], [RAWS[first]], by="x", utc_ms=1)
    print(first, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    chance = random.Random(3)
    script = WRITER.format(root=str(Path.cwd()))
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=str(Path.cwd())
        )
        assert writer.stdout is not None
        reported = -1
        for _ in range(chance.randint(1, 12)):
            line = writer.stdout.readline()
            reported = int(line) if line else reported
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        reported = int(rest[-1]) if rest else reported
        store = opened(tmp_path)
        held = store.journal(SERIAL)
        assert len(held.records) > reported and not held.findings
        assert [record.raw for record in held.records] == RAWS[: len(held.records)]
        store.close()
