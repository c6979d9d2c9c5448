"""Answers of a camera that contradict each other, or its own journal: no proof, and never a figure that cannot be."""

from hypothesis import given
from hypothesis import strategies as st

from host_tools.judging.candidates import candidates
from host_tools.judging.continuity import ACKS_AND_GAPS, ACKS_CONTRADICTED, ACKS_ONLY, Continuity, State, continuity
from host_tools.judging.contradictions import contradictions
from host_tools.judging.evidence import Evidence, UnitJournal, gather
from host_tools.judging.uses import Use
from host_tools.judging.verdict import Judgement, Verdict, judge
from interlock.core import frames, records

from .books import OWN, Book, holster, own
from .report_shift import HOUR, T, held, made

BACK_MS = 30_000


def drawn(*acks: tuple[int, int, int]) -> Book:
    """A draw at 1 s, and acks to it: (ms, kind, since ms)."""
    weapon = holster().event(1000, frames.DRAW, 5)
    for ms, kind, since_ms in acks:
        weapon.ack(ms, 5, kind, since_ms)
    return weapon.event(BACK_MS, frames.REHOLSTER, 6)


def judged(*journals: UnitJournal) -> tuple[Evidence, Use, Judgement]:
    evidence = gather(journals)
    (use,) = evidence.uses
    return evidence, use, judge(evidence, use, use.events[0], [OWN])


def answered(recorder: Book, ms: int, kind: int = frames.PROVEN) -> Book:
    return recorder.at(ms, records.ANSWER, 1, 5, kind << 4)


LYING = ((1030, frames.HEARD, 0), (1050, frames.PROVEN, 4000))


def test_an_answer_that_it_recorded_already_when_it_had_answered_not_yet_proves_nothing() -> None:
    _, _, found = judged(drawn(*LYING).done())
    assert (found.verdict, found.row, found.start) == (Verdict.INDETERMINATE, "contradicted", None)
    assert found.condition == (
        "two answers of the camera contradict each other: neither proves anything: one came that said not yet "
        "recording, and 20 ms later one that said recording for 4.000 s when it was built"
    )
    assert [cited.sequence for cited in found.cited] == [0, 1, 2]


def test_an_answer_by_which_it_began_earlier_than_by_one_before_proves_nothing() -> None:
    evidence, use, found = judged(drawn((1500, frames.PROVEN, 20), (3000, frames.PROVEN, 9000)).done())
    assert found.verdict is Verdict.INDETERMINATE
    ((_, answer, before),) = contradictions(evidence, use)
    assert (answer.since_ms, before.since_ms if before else None) == (9000, 20)


def test_a_not_yet_to_an_earlier_event_contradicts_it_as_well() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(5000, frames.ARM, 6)
    weapon.ack(5030, 6, frames.PROVEN, 60_000).event(BACK_MS, frames.REHOLSTER, 7)
    evidence = gather([weapon.done()])
    (use,) = evidence.uses
    assert judge(evidence, use, use.events[1], [OWN]).row == "contradicted"


def test_where_the_journal_of_the_camera_is_whole_it_alone_decides_beside_such_answers() -> None:
    on = own().tally(-3000, True).heard(1010, 5).tally(40_000, False)
    assert judged(drawn(*LYING).done(), on.done())[2].row == "before-clocks"
    off = own().tally(500, False).heard(1010, 5)
    assert judged(drawn(*LYING).done(), off.done())[2].row == "no-recording"


def test_such_answers_are_a_finding_of_the_weapon_that_names_both_records_and_the_camera() -> None:
    report = made(held(drawn(*LYING)), held(own().clock(0, T).heard(1010, 5).tally(500, False)))
    (text,) = [finding.text for finding in report.findings if "cannot be true" in finding.text]
    assert text == (
        "record 2: UNIT2 answered: recording for 4.000 s when it was built. By record 1, 20 ms earlier, it had "
        "answered: not yet recording. Both cannot be true, and neither proves anything"
    )


def test_an_answer_that_no_recording_in_the_whole_journal_of_its_camera_fits_is_a_finding() -> None:
    weapon = holster().clock(0, T).event(1000, frames.DRAW, 5).ack(1030, 5, frames.PROVEN, 2000)
    weapon.ack(1100, 5, frames.PROVEN, 2070).event(BACK_MS, frames.REHOLSTER, 6)
    recorder = answered(own().clock(-9000, T - 9000).tally(-6000, True).heard(1010, 5), 1020).tally(40_000, False)
    report = made(held(weapon), held(recorder, T + 10 * HOUR))
    (text,) = [found.text for found in report.findings if "has no recording" in found.text]
    assert text == (
        "record 2: UNIT2 answered: recording for 2.000 s when it was built. Its own journal, which is whole, has "
        "no recording that began then (1 more of its acks contradict something, too)"
    )
    true = drawn((1030, frames.PROVEN, 7020))
    assert not list(contradictions(*judged(true.done(), recorder.done())[:2]))
    assert not list(contradictions(*judged(weapon.done(), recorder.done(complete=False))[:2]))


# Whether it went on.


def went_on(weapon: Book, *recorders: UnitJournal) -> Continuity:
    evidence, use, found = judged(weapon.done(), *recorders)
    assert found.row == "before-protocol"
    told = continuity(evidence, use, use.events[0], found)
    assert told is not None
    return told


def test_beside_an_ack_that_fits_no_recording_the_journal_tells_all_the_same_whether_one_went_on() -> None:
    weapon = drawn((1030, frames.PROVEN, 2000))
    recorder = answered(own().tally(-6000, True).heard(1010, 5), 1020)
    on, stopped = recorder.tally(40_000, False).done(), None
    told = went_on(weapon, on)
    assert told.state is State.UNBROKEN and {cited.unit for cited in told.cited} == {1, OWN}
    recorder = answered(own().tally(-6000, True).heard(1010, 5), 1020)
    stopped = recorder.tally(9000, False).done()
    assert went_on(weapon, stopped).state is State.BROKEN


def test_nobody_is_told_that_no_journal_is_here_when_one_is() -> None:
    weapon = drawn((1030, frames.PROVEN, 2000))
    assert went_on(weapon).reason == ACKS_ONLY
    silent = answered(own().tally(500, False).heard(1010, 5), 1020)
    assert went_on(weapon, silent.done()).reason == ACKS_CONTRADICTED
    assert went_on(weapon, silent.done(complete=False)).reason == ACKS_AND_GAPS


# Whatever was answered.

kinds = st.sampled_from((frames.HEARD, frames.PROVEN, frames.REFUSED))
acks = st.lists(st.tuples(st.integers(1001, 29_000), kinds, st.integers(0, 40_000)), max_size=6)
tallies = st.lists(st.integers(-20_000, 40_000), max_size=4, unique=True)


@given(acks, tallies, st.booleans(), st.booleans())
def test_no_recording_begins_after_it_began(
    told: list[tuple[int, int, int]], edges: list[int], is_on: bool, complete: bool
) -> None:
    weapon = drawn(*sorted(told))
    recorder = own()
    for ms, on in zip(sorted(edges), (is_on, not is_on) * 2, strict=False):
        recorder.tally(ms, on)
    evidence, use, found = judged(weapon.done(), recorder.heard(40_010, 5).done(complete))
    for one in candidates(evidence, use, use.events[0], OWN):
        assert one.start is None or one.start.low <= one.start.high
        assert one.end is None or one.end.low <= one.end.high
    assert "± -" not in found.condition
