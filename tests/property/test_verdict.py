"""Verdicts against the truth: whatever happened, whatever was lost, what is said is so; and what can be said, is."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from host_tools.clocks.exchange import PAIR_PPM
from host_tools.judging.continuity import State, continuity
from host_tools.judging.evidence import Evidence, gather
from host_tools.judging.table import BEST, GRACE_MS, ROWS, End, Facts, Seen, Start, Verdict, Within, best, decide, rank
from host_tools.judging.uses import Event, Use
from host_tools.judging.verdict import judge
from interlock.core import frames
from tests.vectors.verdict_table import combinations

from .true_story import Happening, Story, Take, journals, stories

EXAMPLES = 300
NEAR_MS = 200.0
"""What clocks tied by a round trip of 120 ms may leave open."""

facts = st.builds(
    Facts,
    st.sampled_from(Seen),
    st.sampled_from(Start),
    st.sampled_from(End),
    st.sampled_from(Within),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


# The table.


def test_every_combination_of_facts_meets_a_row_and_every_row_is_met() -> None:
    met = {decide(each)[0] for each in combinations()}
    assert met == {row.name for row in ROWS} == set(BEST) and len(BEST) == len(ROWS)


@given(facts)
def test_an_unproven_tally_an_unsound_record_a_doubtful_start_or_end_never_gives_before(each: Facts) -> None:
    _, verdict = decide(each)
    is_certain = each.proven and each.sound and each.start is Start.BEFORE and each.end is End.REACHES
    assert (verdict is Verdict.BEFORE) == (is_certain and each.seen in (Seen.ACK, Seen.JOURNAL))
    if verdict is Verdict.LATE:
        assert each.proven and each.sound and each.start is Start.AFTER and each.within is Within.YES


@given(st.lists(facts, max_size=5), facts)
def test_more_evidence_never_makes_less_of_what_is_certain(several: list[Facts], more: Facts) -> None:
    before, after = best(several), best([*several, more])
    assert rank(after[0]) <= rank(before[0])
    if before[1] is Verdict.BEFORE:
        assert after[1] is Verdict.BEFORE
    if before[1] is not Verdict.UNWITNESSED:
        assert after[1] is not Verdict.UNWITNESSED


@given(st.permutations(list(range(5))), st.lists(facts, min_size=5, max_size=5))
def test_the_order_of_recordings_and_cameras_says_nothing(order: list[int], several: list[Facts]) -> None:
    assert best([several[at] for at in order]) == best(several)


# Against the truth.


def _judged(evidence: Evidence, story: Story) -> Iterator[tuple[Use, Event, Happening]]:
    """Every event but the returns, with what it truly was."""
    events = [(use, event) for use in evidence.uses for event in use.events]
    for (use, event), true in zip(events, story.happenings, strict=True):
        if true.event != frames.REHOLSTER:
            yield use, event, true


def _numbered(story: Story) -> dict[int, Sequence[Take]]:
    return {number: told.takes for number, told in zip(story.numbers, story.cameras, strict=True)}


def _shows(takes: Sequence[Take], event: Happening) -> bool:
    return any(take.has(event.ms) for take in takes)


def _near_ms(event: Happening, edge_ms: float) -> float:
    return NEAR_MS + abs(edge_ms - event.ms) * PAIR_PPM / 1e6


def _is_decided(story: Story, event: Happening) -> bool:
    """Whether no begin or end of a recording is so near to the event, or to what counts as late, that clocks that are
    tied by a round trip at the event, and may drift apart from then on, cannot tell."""
    edges = [edge for told in story.cameras for take in told.takes for edge in (take.begin_ms, take.end_ms)]
    marks = (event.ms, story.back_of(event) + GRACE_MS)
    return all(abs(edge - mark) > _near_ms(event, edge) for edge in edges for mark in marks)


@given(stories())
@settings(max_examples=EXAMPLES)
def test_no_verdict_contradicts_what_truly_happened(story: Story) -> None:
    evidence = gather(journals(story))
    for use, event, true in _judged(evidence, story):
        for cameras in (story.numbers, story.numbers[:1], story.numbers[::-1]):
            takes = {number: _numbered(story)[number] for number in cameras}
            found = judge(evidence, use, event, cameras)
            note(f"{found}")
            if found.verdict is Verdict.BEFORE:
                assert found.camera is not None and _shows(takes[found.camera], true)
            elif found.verdict is Verdict.UNWITNESSED:
                assert not any(_shows(each, true) or story.lateness_of(each, true) for each in takes.values())
            elif found.verdict is Verdict.LATE:
                assert not any(_shows(each, true) for each in takes.values())
                assert found.camera is not None and found.late_by_ms is not None and found.late_by_u_ms is not None
                low, high = found.late_by_ms - found.late_by_u_ms - 1, found.late_by_ms + found.late_by_u_ms + 1
                assert any(low <= late <= high for late in story.lateness_of(takes[found.camera], true))
                assert min(late for each in takes.values() for late in story.lateness_of(each, true)) <= high
                if found.buffer_covers:
                    assert min(story.lateness_of(takes[found.camera], true)) <= 30_000
            assert found.row and found.condition and found.cited


@given(stories(is_calm=True))
@settings(max_examples=EXAMPLES)
def test_where_all_journals_are_here_and_acks_flowed_the_verdict_is_the_truth(story: Story) -> None:
    evidence = gather(journals(story))
    everybody = [take for told in story.cameras for take in told.takes]
    for use, event, true in _judged(evidence, story):
        if not _is_decided(story, true):
            continue
        found = judge(evidence, use, event, story.numbers)
        note(f"{true} {found}")
        late = story.lateness_of(everybody, true)
        expected = Verdict.BEFORE if _shows(everybody, true) else Verdict.LATE if late else Verdict.UNWITNESSED
        assert found.verdict is expected


@given(stories())
@settings(max_examples=EXAMPLES)
def test_the_order_of_cameras_changes_no_verdict_and_no_figure(story: Story) -> None:
    evidence = gather(journals(story))
    for use, event, _ in _judged(evidence, story):
        one, other = (judge(evidence, use, event, order) for order in (story.numbers, story.numbers[::-1]))
        assert (one.verdict, one.row, one.late_by_ms, one.late_by_u_ms) == (
            other.verdict,
            other.row,
            other.late_by_ms,
            other.late_by_u_ms,
        )


@given(stories())
@settings(max_examples=EXAMPLES)
def test_continuity_never_contradicts_what_truly_ran(story: Story) -> None:
    evidence = gather(journals(story))
    for use, event, true in _judged(evidence, story):
        found = judge(evidence, use, event, story.numbers)
        ran = continuity(evidence, use, event, found)
        assert (ran is None) == (found.verdict is not Verdict.BEFORE)
        if ran is None or found.camera is None:
            continue
        note(f"{ran}")
        (take,) = [take for take in _numbered(story)[found.camera] if take.has(true.ms)]
        if ran.state is State.UNBROKEN:
            assert take.end_ms >= story.back_of(true)
        elif ran.state is State.BROKEN:
            assert take.end_ms <= story.back_of(true) and ran.breaks and ran.reason


@given(stories(is_calm=True))
@settings(max_examples=EXAMPLES)
def test_where_all_is_here_every_break_is_told_with_its_length(story: Story) -> None:
    evidence = gather(journals(story))
    for use, event, true in _judged(evidence, story):
        found = judge(evidence, use, event, story.numbers)
        ran = continuity(evidence, use, event, found)
        if ran is None or found.camera is None:
            continue
        note(f"{found} {ran}")
        takes = _numbered(story)[found.camera]
        at = next(at for at, take in enumerate(takes) if take.has(true.ms))
        edges = [edge for take in takes for edge in (take.begin_ms, take.end_ms)]
        if any(abs(edge - story.back_of(true)) <= _near_ms(true, edge) for edge in edges):
            continue
        over = [take for take in takes[at:] if take.end_ms < story.back_of(true)]
        assert ran.state is (State.BROKEN if over else State.UNBROKEN)
        assert len(ran.breaks) == len(over)
        for (from_ms, to_ms), take, following in zip(ran.breaks, over, [*takes[at + 1 :], None], strict=False):
            is_back = following is not None and following.begin_ms < story.back_of(true)
            assert (to_ms is not None) == is_back
            if to_ms is not None and following is not None:
                gap_ms = following.begin_ms - take.end_ms
                assert to_ms - from_ms == pytest.approx(gap_ms, abs=3 + gap_ms * 3e-4 + 2e-4 * (take.end_ms - true.ms))
