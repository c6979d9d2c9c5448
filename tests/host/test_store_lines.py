"""What the rows of a unit amount to: the quick ways of nearly every journal come to what the long ways do."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools import journal_file
from host_tools.journal_file import Altered, Intact
from host_tools.store import lines
from host_tools.store.lines import Head, Row, StoredJournal, assemble
from interlock.core.layout import UNKNOWN
from tests.bench.force import Unit

from .books import Book, holster
from .forces import group

IDENTITY = (1, 1, "")


def rows_of(book: Book, first: int = 0) -> list[Row]:
    chains = zip(book.chains, book.chains[1:], book.records, strict=False)
    return [Row(record.sequence, before, after, 0, record.raw, 1) for before, after, record in chains][first:]


def journal(count: int, seed: int = 0) -> Book:
    book, chance = holster(), random.Random(seed)
    for number in range(count):
        book.tally(number * 100, chance.random() < 0.5)
    return book


def long_way(rows: list[Row], heads: list[Head], monkeypatch: pytest.MonkeyPatch) -> StoredJournal:
    """The same without the quick ways: rows that are looked at one by one, as if something were odd."""
    with monkeypatch.context() as patch:
        patch.setattr(lines, "pairwise", lambda _: [(Row(5, b"", b"", 0, b"", 0), Row(5, b"", b"", 0, b"", 0))])
        runs = lines.runs_of(rows)
    with monkeypatch.context() as patch:
        patch.setattr(lines, "runs_of", lambda _: runs)
        return assemble("UNIT1", IDENTITY, rows, heads, [])


def plain(journal: StoredJournal) -> list[object]:
    """All of it, records by their bytes: two of them are never equal."""
    verdicts = [journal.verdict, *(segment.verdict for segment in journal.segments)]
    told = [(type(verdict), verdict.header, [record.raw for record in verdict.records]) for verdict in verdicts]
    segments = [segment._replace(verdict=None) for segment in journal.segments]  # type: ignore[arg-type]
    raws = [record.raw for record in journal.records]
    return [raws, told, segments, journal.header, journal.gaps, journal.conflicts, journal.branches, journal.told]


@pytest.mark.parametrize("count", [1, 2, 40])
def test_an_unbroken_journal_is_one_run_either_way(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    book = journal(count)
    rows, heads = rows_of(book), [Head(count, book.chains[-1], 5, "a")]
    found = assemble("UNIT1", IDENTITY, rows, heads, [])
    assert plain(found) == plain(long_way(rows, heads, monkeypatch))
    assert found.complete and len(found.records) == count and isinstance(found.verdict, Intact)


@given(st.integers(2, 30), st.data())
def test_rows_in_any_order_amount_to_the_same(count: int, data: st.DataObject) -> None:
    rows = rows_of(journal(count))
    shuffled = data.draw(st.permutations(rows))
    found, again = (assemble("UNIT1", IDENTITY, some, [], []) for some in (rows, shuffled))
    assert plain(found) == plain(again) and found.findings == again.findings == ()


@given(st.integers(2, 30), st.data())
def test_a_row_that_was_changed_is_altered_at_that_record(count: int, data: st.DataObject) -> None:
    rows = rows_of(journal(count))
    place = data.draw(st.integers(0, count - 1))
    raw = bytearray(rows[place].raw)
    raw[data.draw(st.integers(2, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    rows[place] = rows[place]._replace(raw=bytes(raw))
    found = assemble("UNIT1", IDENTITY, rows, [], [])
    assert isinstance(found.verdict, Altered) and found.state == "altered"
    assert len(found.verdict.records) <= place


@given(st.integers(2, 30), st.data())
def test_a_chain_value_that_was_changed_is_found_with_the_record_that_does_not_lead_to_it(
    count: int, data: st.DataObject
) -> None:
    rows = rows_of(journal(count))
    place = data.draw(st.integers(0, count - 1))
    wrong = bytes([rows[place].after[0] ^ 1]) + rows[place].after[1:]
    rows[place] = rows[place]._replace(after=wrong)
    if place + 1 < count:
        rows[place + 1] = rows[place + 1]._replace(chain=wrong)
    found = assemble("UNIT1", IDENTITY, rows, [], [])
    assert isinstance(found.verdict, Altered) and found.verdict.sequence in (place, place + 1)


@given(st.integers(1, 20), st.integers(0, 25), st.booleans())
def test_a_head_fits_only_where_the_journal_came_by_it(count: int, following: int, is_true: bool) -> None:
    book = journal(count)
    chain = book.chains[following] if is_true and following <= count else bytes([1]) * 32
    found = assemble("UNIT1", IDENTITY, rows_of(book), [Head(following, chain, 5, "a")], [])
    assert (not found.told) == (is_true and following <= count)


def unit() -> Unit:
    return group(0).units[0]


def test_a_file_is_the_same_whoever_reckons_its_last_chain_value() -> None:
    one = unit()
    assert journal_file.join(one.header, one.raws, after=one.pulls[-1].after) == one.file()
    run = journal_file.Run(len(one.raws) + 5, UNKNOWN, 0, one.raws[:3])
    apart = journal_file.join(one.header, one.raws, [run], after=UNKNOWN)
    assert apart == journal_file.join(one.header, one.raws, [run])
