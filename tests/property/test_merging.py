"""Journals joined in any order, pulled in pieces, cut anywhere, forked: the same evidence, or an honest hole."""

import random
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from host_tools.judging.evidence import UnitJournal, gather
from host_tools.judging.table import Verdict
from host_tools.judging.verdict import judge
from interlock.core.layout import Record, decode

from .true_story import WEAPON, Story, journals, stories

EXAMPLES = 150
Told = tuple[str, str, int | None, int | None, int | None, tuple[tuple[int, int], ...]]


def told(books: Sequence[UnitJournal], cameras: Sequence[int]) -> dict[int, Told]:
    """By the event's record: what is judged of it, by which row, and which records are cited."""
    evidence = gather(books)
    found = {}
    for use in evidence.uses:
        for event in use.events:
            seen = judge(evidence, use, event, cameras)
            cited = tuple((one.unit, one.sequence) for one in seen.cited)
            late = seen.late_by_ms, seen.late_by_u_ms
            found[event.sequence] = (seen.verdict.value, seen.row, *late, seen.camera, cited)
    return found


@given(stories(), st.randoms(use_true_random=False))
@settings(max_examples=EXAMPLES)
def test_the_order_in_which_journals_come_changes_nothing(story: Story, chance: random.Random) -> None:
    books = journals(story)
    shuffled = list(books)
    chance.shuffle(shuffled)
    assert told(shuffled, story.numbers) == told(books, story.numbers)


@given(stories(), st.lists(st.integers(0, 60), max_size=4))
@settings(max_examples=EXAMPLES)
def test_a_journal_that_was_pulled_in_pieces_is_the_same_journal(story: Story, cuts: list[int]) -> None:
    """Pieces overlap, as those of several docks do; each record is kept once, by its number, as it came."""
    books = journals(story)
    pieced = [book._replace(records=_pieces(book.records, cuts)) for book in books]
    assert told(pieced, story.numbers) == told(books, story.numbers)


def _pieces(whole: Sequence[Record], cuts: Sequence[int]) -> tuple[Record, ...]:
    edges = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    held: dict[int, bytes] = {}
    for first, last in reversed(list(pairwise(edges))):
        for record in whole[max(0, first - 2) : last]:
            held.setdefault(record.sequence, record.raw)
    decoded = [decode(raw, 0) for _, raw in sorted(held.items())]
    return tuple(record for record in decoded if record is not None)


@given(stories(is_calm=True), st.integers(0, 60), st.data())
@settings(max_examples=EXAMPLES)
def test_a_cut_journal_of_a_camera_gives_the_same_verdict_or_an_honest_hole(
    story: Story, cut: int, data: st.DataObject
) -> None:
    """Whatever is cut off its end, or out of its middle, no verdict turns into another one that sounds certain."""
    books = journals(story)
    number = data.draw(st.sampled_from(story.numbers))
    end = data.draw(st.integers(cut, 60))
    cut_out = [_without(book, cut, end) if book.unit == number else book for book in books]
    assume(cut_out != books)
    _hold(told(books, story.numbers), told(cut_out, story.numbers))


@given(stories(is_calm=True), st.data())
@settings(max_examples=EXAMPLES)
def test_a_missing_camera_gives_the_same_verdict_or_an_honest_hole(story: Story, data: st.DataObject) -> None:
    books = journals(story)
    number = data.draw(st.sampled_from(story.numbers))
    _hold(told(books, story.numbers), told([book for book in books if book.unit != number], story.numbers))


@given(stories(is_calm=True), st.integers(1, 20))
@settings(max_examples=EXAMPLES)
def test_a_weapons_journal_that_was_cut_tells_less_and_nothing_else(story: Story, kept: int) -> None:
    """What acks proved of the events that are left may be gone; nothing is claimed that the whole does not say."""
    books = journals(story)
    (weapon,) = [book for book in books if book.unit == WEAPON]
    shorter = weapon._replace(records=weapon.records[:kept], complete=False)
    part = told([shorter if book is weapon else book for book in books], story.numbers)
    _hold(told(books, story.numbers), part)


@given(stories(is_calm=True), st.integers(1, 60), st.data())
@settings(max_examples=EXAMPLES)
def test_of_a_forked_journal_each_version_gives_what_its_own_records_prove(
    story: Story, fork: int, data: st.DataObject
) -> None:
    """An older image of a camera goes on by itself: its branch lacks what came after, and is never complete."""
    books = journals(story)
    number = data.draw(st.sampled_from(story.numbers))
    branch = [
        book._replace(records=book.records[:fork], complete=False) if book.unit == number else book for book in books
    ]
    _hold(told(books, story.numbers), told(branch, story.numbers))


def _without(book: UnitJournal, first: int, end: int) -> UnitJournal:
    kept = tuple(record for at, record in enumerate(book.records) if not first <= at <= end)
    return book._replace(records=kept, complete=book.complete and len(kept) == len(book.records))


def _hold(whole: dict[int, Told], part: dict[int, Told]) -> None:
    """Every event that is still told is judged as before, or left open; or it is late by as much, less sharply."""
    assert set(part) <= set(whole)
    for number, (verdict, _, late_ms, u_ms, *_) in part.items():
        if verdict == Verdict.INDETERMINATE:
            continue
        known, _, known_ms, known_u_ms, *_ = whole[number]
        assert verdict == known
        if late_ms is not None and u_ms is not None and known_ms is not None and known_u_ms is not None:
            assert abs(late_ms - known_ms) <= u_ms + known_u_ms + 1
