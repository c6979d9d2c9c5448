"""The store: whatever order journals come in and whatever is killed, it ends with the same evidence."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools import journal_file
from host_tools.journal_file import Altered, Header, Intact
from host_tools.outcome import ToolError
from host_tools.store import Added, GoingOn, Store
from host_tools.store_lines import Gap, StoredJournal
from interlock.core import records
from interlock.core.journal import chain_start, encode
from interlock.core.settings import ROLE_HOLSTER

SERIAL = "HOLSTER1"
RAW_SERIAL = b"HOLSTER1"
START = chain_start(RAW_SERIAL)


class Told:
    """Records of one unit as they would be, and the chain value before each and after the last."""

    def __init__(self, count: int, salt: int = 0, first: int = 0, chain: bytes = START) -> None:
        self.first, self.chains, self.raws = first, [chain], list[bytes]()
        for sequence in range(first, first + count):
            payload = records.pack(records.RESERVE, salt)
            raw, chain = encode(records.RESERVE, sequence, 1, sequence * 1000, payload, chain)
            self.raws.append(raw)
            self.chains.append(chain)

    def loss(self, first_kept: int) -> "Told":
        sequence = self.first + len(self.raws)
        payload = records.pack(records.LOSS, first_kept)
        raw, chain = encode(records.LOSS, sequence, 1, sequence * 1000, payload, self.chains[-1])
        self.raws.append(raw)
        self.chains.append(chain)
        return self

    def into(self, store: Store, begin: int | None = None, end: int | None = None) -> Added:
        """Add the records from sequence `begin` to before `end`."""
        begin = self.first if begin is None else begin
        at, to = begin - self.first, None if end is None else end - self.first
        return store.add(SERIAL, begin, self.chains[at], self.raws[at:to], by="PC1234", utc_ms=1_800_000_000_000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "home" / "journals.sqlite")
    opened.learn_unit(SERIAL, 7, ROLE_HOLSTER, "Holster 7")
    yield opened
    opened.close()


def rows(store: Store) -> list[tuple[object, ...]]:
    """All that a table of records holds, but for who brought it."""
    with sqlite3.connect(store.path) as connection:
        return connection.execute(
            "SELECT serial, sequence, digest, chain, after, raw FROM records ORDER BY sequence, digest"
        ).fetchall()


def test_what_went_in_comes_out_verified(store: Store) -> None:
    told = Told(50)
    assert told.into(store) == Added(50, 0, 0)
    store.note_head(SERIAL, 50, told.chains[-1], utc_ms=1_800_000_001_000)
    journal = store.journal(SERIAL)
    assert isinstance(journal.verdict, Intact) and journal.complete and journal.state == "intact"
    assert [record.raw for record in journal.records] == told.raws
    assert journal.header == Header(ROLE_HOLSTER, 7, RAW_SERIAL, 0, START) and journal.name == "Holster 7"
    assert journal.arrivals[0].by == "PC1234"


def test_the_export_is_the_journal_file_that_the_unit_itself_would_give(store: Store) -> None:
    told = Told(20)
    told.into(store)
    verdict = journal_file.check(store.export_ilj(SERIAL))
    assert isinstance(verdict, Intact) and [record.raw for record in verdict.records] == told.raws
    assert verdict.header == Header(ROLE_HOLSTER, 7, RAW_SERIAL, 0, START)


def test_a_pull_goes_on_where_the_last_one_ended(store: Store) -> None:
    told = Told(30)
    assert store.going_on(SERIAL) == GoingOn(0, None)
    told.into(store, 0, 12)
    assert store.going_on(SERIAL) == GoingOn(12, told.chains[12])
    told.into(store, 12)
    assert store.going_on(SERIAL) == GoingOn(30, told.chains[30])


parts = st.lists(st.tuples(st.integers(0, 19), st.integers(1, 20)), max_size=12)


@given(parts=parts)
@settings(max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_split_doubled_overlapping_or_out_of_order_gives_the_same_store(
    parts: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = Told(20)
    whole = Store.open(tmp_path_factory.mktemp("whole") / "s.sqlite")
    told.into(whole)
    split = Store.open(tmp_path_factory.mktemp("split") / "s.sqlite")
    held: set[int] = set()
    for begin, count in parts:
        came = set(range(begin, min(begin + count, 20)))
        assert told.into(split, begin, begin + count) == Added(len(came - held), len(came & held), 0)
        held |= came
    told.into(split)
    assert rows(split) == rows(whole)
    assert split.journal(SERIAL).records[-1].raw == told.raws[-1] and not split.journal(SERIAL).findings
    assert split.going_on(SERIAL) == whole.going_on(SERIAL) == GoingOn(20, told.chains[20])
    whole.close()
    split.close()


def test_records_that_are_none_or_out_of_sequence_are_refused_whole(store: Store) -> None:
    told = Told(5)
    broken = bytearray(told.raws[3])
    broken[-1] ^= 1
    for raws in ([*told.raws[:3], bytes(broken)], [told.raws[0], told.raws[2]], [told.raws[0] + b"\0"], [b""]):
        with pytest.raises(ToolError) as error:
            store.add(SERIAL, 0, START, raws, by="x", utc_ms=1)
        assert error.value.advice
    assert rows(store) == []


def test_a_record_that_does_not_continue_the_chain_is_kept_and_shown(store: Store) -> None:
    good, forged = Told(5), Told(1, salt=9, first=5, chain=bytes(32))
    store.add(SERIAL, 0, START, [*good.raws, *forged.raws], by="x", utc_ms=1)
    journal = store.journal(SERIAL)
    assert isinstance(journal.verdict, Altered) and journal.verdict.sequence == 5 and journal.state == "altered"
    assert len(journal.records) == 6 and any("record 5" in finding for finding in journal.findings)
    exported = journal_file.check(store.export_ilj(SERIAL))
    assert isinstance(exported, Altered) and exported.offset == journal.verdict.offset


# Gaps and conflicts.


def test_a_gap_that_the_unit_explains_is_shown_and_is_no_finding(store: Store) -> None:
    told = Told(40).loss(first_kept=20)
    told.into(store, 0, 10)
    told.into(store, 20)
    journal = store.journal(SERIAL)
    assert journal.gaps == (Gap(10, 19, True),) and not journal.findings and not journal.complete
    assert isinstance(journal.verdict, Intact) and len(journal.records) == 31
    assert len(journal_file.check(store.export_ilj(SERIAL)).records) == 21, "the newest contiguous segment"
    assert journal.header.first == 20


def test_a_gap_that_nothing_explains_is_a_finding(store: Store) -> None:
    told = Told(40)
    told.into(store, 0, 10)
    told.into(store, 20)
    journal = store.journal(SERIAL)
    assert journal.gaps == (Gap(10, 19, False),) and "10 to 19" in journal.findings[0]
    told.into(store, 8, 22)
    assert store.journal(SERIAL).complete, "another dock had what was missing"


def test_a_unit_that_was_rolled_back_tells_two_stories_and_both_are_kept(store: Store) -> None:
    first = Told(50)
    first.into(store)
    store.note_head(SERIAL, 50, first.chains[-1], utc_ms=1)
    second = Told(10, salt=5, first=30, chain=first.chains[30])
    assert second.into(store) == Added(10, 0, 10)
    store.note_head(SERIAL, 40, second.chains[-1], utc_ms=2)
    journal = store.journal(SERIAL)
    assert journal.state == "contradictory" and not journal.complete
    assert [conflict.sequence for conflict in journal.conflicts] == list(range(30, 40))
    assert journal.conflicts[0].raws == (second.raws[0], first.raws[30])
    assert [record.raw for record in journal.records] == first.raws[:30] + second.raws, "where the unit is now"
    assert len(journal.branches) == 1 and journal.branches[0].begins == 30
    assert [record.raw for record in journal.branches[0].records] == first.raws
    assert any("rolled back" in finding for finding in journal.findings)
    assert store.going_on(SERIAL) == GoingOn(40, second.chains[-1]), "pulls go on on the line of now"


def test_a_journal_that_begins_anew_under_the_same_serial_is_a_conflict(store: Store) -> None:
    Told(20).into(store)
    assert Told(5, salt=3).into(store).conflicts == 5
    journal = store.journal(SERIAL)
    assert len(journal.conflicts) == 5 and len(journal.records) == 5 and len(journal.branches[0].records) == 20


def test_a_journal_shorter_than_an_end_that_the_unit_stated_is_a_finding(store: Store) -> None:
    told = Told(30)
    told.into(store, 0, 25)
    store.note_head(SERIAL, 30, told.chains[30], utc_ms=1)
    assert any("before record 30" in finding for finding in store.journal(SERIAL).findings)
    told.into(store, 25)
    assert not store.journal(SERIAL).findings
    store.note_head(SERIAL, 30, bytes(32), utc_ms=2)
    assert store.journal(SERIAL).findings, "another chain value at the same place"


@pytest.mark.parametrize("sequences", ["sequence >= 25", "sequence = 10", "sequence < 5", "sequence >= 0"])
def test_rows_taken_out_of_the_file_are_missed(store: Store, sequences: str) -> None:
    Told(30).into(store)
    tampered(store, f"DELETE FROM records WHERE {sequences}")
    assert store.journal(SERIAL).findings


def test_a_byte_changed_in_the_file_is_found(store: Store) -> None:
    told = Told(30)
    told.into(store)
    changed = bytearray(told.raws[12])
    changed[14] ^= 0x40
    tampered(store, "UPDATE records SET raw = ? WHERE sequence = 12", bytes(changed))
    journal = store.journal(SERIAL)
    assert isinstance(journal.verdict, Altered) and journal.verdict.sequence == 12
    assert len(journal.records) == 29, "the others are evidence all the same"


def tampered(store: Store, statement: str, *values: object) -> None:
    """Change the file with other tools, past the triggers."""
    with sqlite3.connect(store.path) as connection:
        for verb in ("update", "delete"):
            connection.execute(f"DROP TRIGGER records_no_{verb}")
        connection.execute(statement, values)


@pytest.mark.parametrize("table", ["units", "additions", "records", "heads", "custody", "schema"])
def test_nothing_can_be_changed_or_deleted_by_accident(store: Store, table: str) -> None:
    Told(3).into(store)
    store.note_head(SERIAL, 3, bytes(32), utc_ms=1)
    store.custody(SERIAL, "PC1234", "pulled", "3 new", 1)
    with sqlite3.connect(store.path) as connection:
        column = connection.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


# Units and custody.


def test_what_a_unit_is_now_is_known_and_what_it_was_is_kept(store: Store) -> None:
    store.learn_unit(SERIAL, 9, ROLE_HOLSTER, "Renamed")
    store.learn_unit(SERIAL, 9, ROLE_HOLSTER, "Renamed")
    assert [tuple(row) for row in store.units()] == [(SERIAL, 9, ROLE_HOLSTER, "Renamed")]
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM units").fetchone() == (2,)


def test_records_of_a_unit_that_nobody_introduced_are_taken_and_listed(store: Store) -> None:
    told = Told(2)
    store.add("STRANGER", 0, told.chains[0], told.raws, by="x", utc_ms=1)
    assert [row.serial for row in store.units()] == [SERIAL, "STRANGER"]
    assert len(store.journal("STRANGER").records) == 2


def test_a_unit_that_was_never_pulled_has_an_empty_journal_and_an_unknown_one_is_an_error(store: Store) -> None:
    assert store.journal(SERIAL).state == "not pulled"
    for ask in (lambda: store.export_ilj(SERIAL), lambda: store.journal("NOBODY")):
        with pytest.raises(ToolError):
            ask()


def test_custody_is_told_in_order_and_by_unit(store: Store) -> None:
    store.custody(SERIAL, "PC1234", "pulled", "3 new", 5)
    store.custody("OTHER", "PC1", "pulled", "", 6)
    store.custody(SERIAL, "PC9", "exported", "to a stick", 7)
    assert [(row.who, row.what, row.utc_ms) for row in store.custody_of(SERIAL)] == [
        ("PC1234", "pulled", 5),
        ("PC9", "exported", 7),
    ]


# Kills, and several at once.

WRITER = """
import sys
from pathlib import Path
from host_tools.store import Store
from tests.host.test_store import Told
store = Store.open(Path(sys.argv[1]))
told, step = Told(400), int(sys.argv[2])
for begin in range(int(sys.argv[3]), 400, step):
    told.into(store, begin, begin + step)
    print(begin + step, flush=True)
print("done", flush=True)
"""


def writer(path: Path, step: int, begin: int = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(step), str(begin)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_a_writer_killed_at_any_instant_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    reported = 0
    for kill in range(12):
        store = Store.open(path)
        going = store.going_on(SERIAL).next_sequence
        store.close()
        assert going >= reported, f"kill {kill}"
        process = writer(path, 1, going)
        assert process.stdout is not None
        for _ in range(10 + kill):
            line = process.stdout.readline().strip()
            reported = reported if line in ("", "done") else int(line)
        time.sleep(kill * 0.0007)  # anywhere in a transaction
        process.send_signal(signal.SIGKILL)
        for line in process.stdout.read().split():
            reported = reported if line == "done" else max(reported, int(line))
        process.wait()
    told = Told(400)
    store = Store.open(path)
    assert reported >= 100
    kept = store.journal(SERIAL)
    assert len(kept.records) >= reported and not kept.findings
    told.into(store)
    whole = Store.open(tmp_path / "whole.sqlite")
    told.into(whole)
    assert rows(store) == rows(whole)


def test_several_processes_may_make_and_fill_one_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "home" / "s.sqlite"
    processes = [writer(path, step) for step in (20, 27, 50)]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0 and out.endswith("done\n")
    store = Store.open(path)
    journal = store.journal(SERIAL)
    assert len(journal.records) == 400 and not journal.findings and not journal.conflicts


# Permissions and failures.


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_nobody_else_may_read_the_store(store: Store) -> None:
    Told(3).into(store)
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    files = list(store.path.parent.iterdir())
    assert len(files) > 1, "the write-ahead log is there"
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_store_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store.open(path).close()
    path.chmod(0o644)
    Store.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_opened_to_read_cannot_be_written_and_says_so(store: Store) -> None:
    Told(3).into(store)
    reader = Store.open(store.path, read_only=True)
    assert len(reader.journal(SERIAL).records) == 3
    with pytest.raises(ToolError, match="may not be written") as error:
        Told(9).into(reader)
    assert error.value.advice
    reader.close()
    assert len(store.journal(SERIAL).records) == 3


def test_a_store_that_another_program_holds_is_waited_for_and_then_named(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from host_tools import store_schema

    monkeypatch.setattr(store_schema, "BUSY_S", 0.2)
    impatient = Store.open(store.path)
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(ToolError, match="another program") as error:
        Told(3).into(impatient)
    assert "Wait" in error.value.advice
    assert impatient.journal(SERIAL).records == (), "reading goes on meanwhile"
    holder.execute("ROLLBACK")
    assert Told(3).into(impatient).new == 3
    impatient.close()


FULL = """
import resource, sys
from pathlib import Path
from host_tools.outcome import ToolError
from host_tools.store import Store
from tests.host.test_store import SERIAL, Told
store, told = Store.open(Path(sys.argv[1])), Told(4000)
told.into(store, 0, 50)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
stored = 50
try:
    while stored < 4000:
        told.into(store, stored, stored + 50)
        stored += 50
except ToolError as error:
    print(stored, "|", error, "|", error.advice)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on files' sizes")
def test_a_full_disk_is_named_and_costs_nothing_that_was_stored(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    stored, happened, advice = done.stdout.split(" | ")
    assert 50 < int(stored) < 4000 and "disk" in happened and "run the command again" in advice
    store = Store.open(path)
    assert len(store.journal(SERIAL).records) == int(stored) and not store.journal(SERIAL).findings
    told = Told(4000)
    told.into(store, int(stored))
    assert len(store.journal(SERIAL).records) == 4000


def test_what_is_no_store_is_left_alone(tmp_path: Path) -> None:
    text, foreign = tmp_path / "text", tmp_path / "foreign.sqlite"
    text.write_bytes(b"these are my notes, not a database at all\n" * 50)
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE photos (name)")
    for path in (text, foreign, tmp_path):
        before = path.read_bytes() if path.is_file() and path == text else None
        with pytest.raises(ToolError) as error:
            Store.open(path)
        assert error.value.advice
        assert before is None or path.read_bytes() == before
    with pytest.raises(ToolError, match="no store"):
        Store.open(tmp_path / "none.sqlite", read_only=True)
    assert not (tmp_path / "none.sqlite").exists()


def test_a_store_of_a_newer_program_is_refused_unchanged(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute("DROP TRIGGER schema_no_update")
        connection.execute("UPDATE schema SET version = 99")
    for read_only in (False, True):
        with pytest.raises(ToolError, match="newer interlock") as error:
            Store.open(store.path, read_only=read_only)
        assert "Update" in error.value.advice


def test_a_damaged_store_is_an_error_with_advice_and_stays_as_evidence(store: Store) -> None:
    Told(2000).into(store)
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096 : len(data) // 2] = os.urandom(len(data) // 2 - 4096)
    store.path.write_bytes(data)
    with pytest.raises(ToolError) as error:
        opened = Store.open(store.path)
        try:
            journal: StoredJournal = opened.journal(SERIAL)
            assert journal.findings
            raise ToolError("found all the same", "advice")
        finally:
            opened.close()
    assert error.value.advice
