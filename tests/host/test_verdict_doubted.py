"""What rests on records that are altered, or that something contradicts, proves neither *before* nor *late*."""

from dataclasses import replace

import pytest

from host_tools.clocks.exchange import Segment
from host_tools.judging.continuity import State, continuity
from host_tools.judging.evidence import UnitJournal, gather
from host_tools.judging.table import BEST, End, Facts, Seen, Start, Verdict, Within, decide
from host_tools.judging.verdict import Judgement, judge
from interlock.core import frames
from tests.vectors.verdict_table import combinations

from .books import HOLSTER, OWN, Book, holster, own
from .report_shift import HOUR, T, held, made
from .test_verdict import verdicts

UTC_MS = T


def doubted(book: Book, first: int) -> UnitJournal:
    return book.done(complete=False)._replace(doubted=first)


def shown(weapon: UnitJournal, camera: UnitJournal) -> Judgement:
    """Of the first event."""
    return verdicts([weapon, camera])[0]


def weapon() -> Book:
    """0: the draw, 1: its ack, 2: the return."""
    return (
        holster().event(10_000, frames.DRAW, 5).ack(10_040, 5, frames.PROVEN, 4000).event(60_000, frames.REHOLSTER, 6)
    )


def recorder() -> Book:
    """0: it is on, 1 it hears the draw, 2: it is off."""
    return own().tally(6000, True).heard(10_020, 5).tally(70_000, False)


# The table.


def test_what_is_unsound_is_never_before_nor_late_and_never_better_than_if_it_were_sound() -> None:
    order = [Verdict.BEFORE, Verdict.LATE, Verdict.INDETERMINATE, Verdict.UNWITNESSED]
    for facts in combinations():
        sound, unsound = (decide(facts._replace(sound=is_sound))[1] for is_sound in (True, False))
        assert unsound not in (Verdict.BEFORE, Verdict.LATE)
        assert order.index(unsound) >= order.index(sound)


def test_what_is_unsound_has_its_own_row_that_counts_more_than_a_missing_journal() -> None:
    facts = Facts(Seen.JOURNAL, Start.BEFORE, End.REACHES, Within.YES)
    assert decide(facts._replace(sound=False)) == ("unsound", Verdict.INDETERMINATE)
    assert BEST.index("unsound") < BEST.index("not-covered") < BEST.index("late")


# The camera's journal.


def no_ack() -> Book:
    return holster().event(10_000, frames.DRAW, 5).ack(10_040, 5, frames.HEARD).event(60_000, frames.REHOLSTER, 6)


def test_a_recording_that_a_doubted_record_begins_is_nothing_but_indeterminate() -> None:
    camera = recorder()
    assert shown(no_ack().done(), camera.done()).row == "before-clocks"
    found = shown(no_ack().done(), doubted(camera, 0))
    assert (found.verdict, found.row) == (Verdict.INDETERMINATE, "unsound")
    assert f"the journal of unit {OWN} from record 0 on" in found.condition and "altered" in found.condition
    assert OWN in {cited.unit for cited in found.cited}


def test_the_doubted_record_itself_is_the_first_that_proves_nothing() -> None:
    camera = own().clock(0, UTC_MS).tally(6000, True).tally(70_000, False)
    weapon_set = holster().clock(0, UTC_MS).event(10_000, frames.DRAW, 5).event(60_000, frames.REHOLSTER, 6)
    assert shown(weapon_set.done(), camera.done()).verdict is Verdict.BEFORE
    assert shown(weapon_set.done(), doubted(camera, 1)).row == "unsound"


def test_a_late_recording_that_a_doubted_record_begins_is_not_late() -> None:
    camera = own().heard(10_020, 5).tally(14_000, True).tally(70_000, False)
    assert shown(no_ack().done(), camera.done()).verdict is Verdict.LATE
    assert shown(no_ack().done(), doubted(camera, 1)).row == "unsound"


def test_what_a_camera_wrote_before_the_doubted_record_stays_evidence_as_far_as_it_goes() -> None:
    """That it went off is doubted; that it was on, and went on up to the last sound record, is not."""
    camera = own().tally(6000, True).heard(10_020, 5).heard(20_000, 5).tally(70_000, False)
    found = shown(no_ack().done(), doubted(camera, 3))
    assert (found.verdict, found.row) == (Verdict.BEFORE, "before-clocks")
    assert [c.sequence for c in found.cited if c.unit == OWN] and max(c.sequence for c in found.cited) < 3
    early = own().tally(6000, True).heard(7000, 4).heard(8000, 4).heard(10_020, 5).tally(70_000, False)
    weapon_too = holster().event(6990, frames.DRAW, 4).ack(7040, 4, frames.HEARD).event(10_000, frames.ARM, 5)
    first, second = verdicts([weapon_too.done(), doubted(early, 3)])
    assert (first.verdict, second.verdict) == (Verdict.BEFORE, Verdict.INDETERMINATE)


def test_an_ack_in_a_sound_journal_does_not_suffer_from_its_cameras_doubted_one() -> None:
    assert shown(weapon().done(), doubted(recorder(), 0)).row == "before-protocol"


def test_a_camera_whose_journal_is_doubted_proves_no_absence_though_it_is_called_complete() -> None:
    camera = own().heard(10_020, 5)
    assert shown(no_ack().done(), camera.done()).verdict is Verdict.UNWITNESSED
    assert shown(no_ack().done(), camera.done()._replace(doubted=1)).verdict is Verdict.INDETERMINATE


def test_of_a_cloned_camera_nothing_that_it_wrote_counts() -> None:
    camera = recorder().clock(80_000, UTC_MS)
    weapon_set = no_ack().clock(80_000, UTC_MS)
    evidence = gather([weapon_set.done(), doubted(camera, 0)])
    assert evidence.offset(Segment(HOLSTER, 1), Segment(OWN, 1), 10_000.0) is None
    assert evidence.measured(Segment(HOLSTER, 1), Segment(OWN, 1), 10_000.0) is None
    assert shown(weapon_set.done(), doubted(camera, 0)).row == "unsound"


# The weapon's journal.


def test_a_doubted_ack_proves_nothing() -> None:
    found = shown(doubted(weapon(), 1), own().done(complete=False))
    assert (found.verdict, found.row) == (Verdict.INDETERMINATE, "unsound")
    assert f"the journal of unit {HOLSTER} from record 1 on" in found.condition
    assert (HOLSTER, 1) in {(cited.unit, cited.sequence) for cited in found.cited}


def test_a_doubted_ack_beside_a_whole_journal_of_its_camera_changes_nothing_of_what_that_says() -> None:
    """Else an ack put in later would make *indeterminate* of what nobody recorded."""
    tied = weapon().clock(80_000, UTC_MS)
    camera = own().heard(10_020, 5).clock(80_000, UTC_MS)
    assert shown(doubted(tied, 1), camera.done()).verdict is Verdict.UNWITNESSED


def test_a_recording_beside_a_doubted_event_is_indeterminate_and_the_event_stays() -> None:
    tied, camera = weapon().clock(80_000, UTC_MS), recorder().clock(80_000, UTC_MS)
    found = verdicts([doubted(tied, 0), camera.done()])
    assert len(found) == len(verdicts([tied.done(), camera.done()]))
    assert (found[0].verdict, found[0].row) == (Verdict.INDETERMINATE, "unsound")


def test_a_doubted_event_that_nobody_recorded_stays_unwitnessed() -> None:
    """Else whoever alters the weapon's journal would have it out of the figure."""
    unseen = no_ack()
    assert shown(doubted(unseen, 0), own().heard(10_020, 5).done()).verdict is Verdict.UNWITNESSED


def test_a_doubted_return_makes_nothing_late() -> None:
    """Put later, it would make late what began when the weapon was long back."""
    unseen = holster().event(10_000, frames.DRAW, 5).ack(10_040, 5, frames.HEARD).event(90_000, frames.REHOLSTER, 6)
    camera = own().heard(10_020, 5).tally(50_000, True).tally(120_000, False)
    assert shown(unseen.done(), camera.done()).verdict is Verdict.LATE
    assert shown(doubted(unseen, 2), camera.done()).row == "return-unknown"
    soon = own().heard(10_020, 5).tally(15_000, True).tally(120_000, False)
    assert shown(doubted(unseen, 2), soon.done()).verdict is Verdict.LATE  # 10 s from what is sound


def test_a_doubted_not_yet_proves_no_late_begin() -> None:
    acks = holster().event(10_000, frames.DRAW, 5).ack(10_040, 5, frames.PROVEN, 30)
    acks.ack(10_045, 5, frames.HEARD)
    assert shown(doubted(acks, 1), own().done(complete=False)).verdict is Verdict.INDETERMINATE


def test_a_not_yet_that_is_put_in_behind_an_ack_makes_it_no_late_one() -> None:
    acks = holster().event(10_000, frames.DRAW, 5).event(12_000, frames.ARM, 6).ack(12_040, 6, frames.PROVEN, 2030)
    acks.ack(12_040, 5, frames.HEARD)
    assert shown(acks.done(), own().done()).verdict is Verdict.LATE
    assert shown(doubted(acks, 3), own().done()).row == "straddles"


def test_a_later_use_that_is_doubted_takes_no_recording_from_the_one_before() -> None:
    weapon_out = holster().event(10_000, frames.DRAW, 5).ack(10_040, 5, frames.HEARD).event(20_000, frames.ARM, 6)
    weapon_out.skip(1).event(19_900, frames.DRAW, 7)
    camera = own().heard(10_020, 5).tally(19_990, True).tally(20_500, False)
    assert verdicts([weapon_out.done(), camera.done()])[1].verdict is Verdict.UNWITNESSED
    assert verdicts([doubted(weapon_out, 4), camera.done()])[1].row == "straddles"


def test_a_doubted_later_event_moves_no_ack() -> None:
    """Its frame is said to have been aired before the ack was built, so as to make the ack's recording late."""
    acks = holster().event(10_000, frames.DRAW, 5).ack(30_000, 6, frames.PROVEN, 15_000)
    acks.event(29_000, frames.ARM, 6).event(60_000, frames.REHOLSTER, 7)
    assert shown(acks.done(), own().done()).verdict is Verdict.LATE
    assert shown(doubted(acks, 2), own().done()).verdict is Verdict.INDETERMINATE


# Clocks.


@pytest.mark.parametrize(("weapons", "cameras"), [(0, None), (1, None), (None, 1)])
def test_an_exchange_of_which_one_record_is_doubted_ties_no_clocks(weapons: int | None, cameras: int | None) -> None:
    pair = no_ack().done()._replace(doubted=weapons), recorder().done()._replace(doubted=cameras)
    assert gather(pair).offset(Segment(HOLSTER, 1), Segment(OWN, 1), 10_000.0) is None
    whole = gather([no_ack().done(), recorder().done()])
    assert whole.offset(Segment(HOLSTER, 1), Segment(OWN, 1), 10_000.0) is not None


@pytest.mark.parametrize("which", [0, 1])
def test_a_clock_that_a_doubted_record_sets_ties_nothing(which: int) -> None:
    pair = [holster().clock(0, UTC_MS).done(), own().clock(0, UTC_MS).done()]
    here, there = Segment(HOLSTER, 1), Segment(OWN, 1)
    assert gather(pair).offset(here, there, 10_000.0) is not None
    pair[which] = pair[which]._replace(doubted=0)
    evidence = gather(pair)
    assert evidence.offset(here, there, 10_000.0) is None
    # It still says when, for who reads it.
    assert evidence.clocks[here.unit].span(1, 10_000.0) is not None


def of_report(weapon: Book, first: int | None, read_ms: int) -> str:
    """The verdict of the only event; the weapon is pulled ten hours after T, its camera at `read_ms`."""
    findings = () if first is None else ("altered",)
    told = replace(held(weapon), findings=findings, doubted=first)
    return made(told, held(own().clock(0, T), read_ms)).uses[0].events[0].verdict


def test_a_doubted_clock_does_not_say_that_a_cameras_journal_reaches_over_the_use() -> None:
    unset = holster().event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6).clock(30_000, T)
    assert of_report(unset, None, T + 10 * HOUR) == Verdict.UNWITNESSED
    assert of_report(unset, 2, T + 10 * HOUR) == Verdict.INDETERMINATE


def test_a_doubted_record_does_not_say_how_long_ago_the_use_was() -> None:
    long_ago = holster().event(10_000, frames.DRAW, 5).event(20_000, frames.REHOLSTER, 6).alert(20 * HOUR, 1)
    assert of_report(long_ago, None, T + HOUR) == Verdict.UNWITNESSED
    assert of_report(long_ago, 2, T + HOUR) == Verdict.INDETERMINATE


# Continuity.


def test_a_recording_whose_end_is_doubted_is_not_known_to_have_gone_on() -> None:
    camera = recorder().clock(75_000, UTC_MS)
    journals = [weapon().done(), doubted(camera, 2)]
    evidence = gather(journals)
    (use,) = evidence.uses
    found = judge(evidence, use, use.events[0], [OWN])
    assert found.verdict is Verdict.BEFORE
    ran = continuity(evidence, use, use.events[0], found)
    assert ran is not None and ran.state is State.UNKNOWN


def test_a_recording_that_is_said_to_have_gone_on_by_a_doubted_record_is_not_known_to_have() -> None:
    camera = own().tally(6000, True).heard(10_020, 5).heard(20_000, 5).tally(70_000, False)
    evidence = gather([no_ack().done(), doubted(camera, 3)])
    (use,) = evidence.uses
    ran = continuity(evidence, use, use.events[0], judge(evidence, use, use.events[0], [OWN]))
    assert ran is not None and ran.state is State.UNKNOWN and "altered" in ran.reason


def test_that_a_recording_was_back_does_not_follow_from_a_doubted_record() -> None:
    camera = own().tally(6000, True).heard(10_020, 5).tally(20_000, False).tally(25_000, True).tally(70_000, False)
    evidence = gather([no_ack().done(), doubted(camera, 3)])
    (use,) = evidence.uses
    ran = continuity(evidence, use, use.events[0], judge(evidence, use, use.events[0], [OWN]))
    assert ran is not None and ran.state is State.BROKEN
    assert [to_ms for _, to_ms in ran.breaks] == [None] and all(cited.sequence < 3 for cited in ran.cited)


def test_until_a_doubted_return_nothing_is_known_to_have_gone_on() -> None:
    evidence = gather([doubted(no_ack(), 2), recorder().done()])
    (use,) = evidence.uses
    found = judge(evidence, use, use.events[0], [OWN])
    assert found.verdict is Verdict.BEFORE
    ran = continuity(evidence, use, use.events[0], found)
    assert ran is not None and ran.state is State.UNKNOWN
