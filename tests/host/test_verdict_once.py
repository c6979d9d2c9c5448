"""Wrong verdicts that were possible once, found by a story of `tests/property/true_story.py`, or by reading."""

from host_tools.clocks.exchange import Segment
from host_tools.judging.continuity import State, continuity
from host_tools.judging.evidence import gather
from host_tools.judging.verdict import Verdict, judge
from interlock.core import camera, frames, receiver, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import HOLSTER, OTHER, OWN, Book, holster, own
from .test_verdict import other, verdicts

SINCE_MOST_MS = (1 << 24) - 1
HOUR = 3_600_000


def test_an_ack_that_can_count_no_further_back_proves_no_start_after_the_event() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).event(5 * HOUR, frames.ARM, 6)
    weapon.ack(5 * HOUR + 40, 6, frames.PROVEN, SINCE_MOST_MS)
    assert verdicts([weapon.done(), own().done()])[0].row == "straddles"


def test_an_ack_that_counts_hours_back_is_as_sure_as_two_crystals_are() -> None:
    """Two clocks of 100 ppm drift 2.9 s apart in four hours."""
    near = holster().event(1000, frames.DRAW, 5).ack(4 * HOUR, 5, frames.PROVEN, 4 * HOUR - 500)
    assert verdicts([near.done(), own().done()])[0].verdict is Verdict.INDETERMINATE
    far = holster().event(6000, frames.DRAW, 5).ack(4 * HOUR, 5, frames.PROVEN, 4 * HOUR - 500)
    assert verdicts([far.done(), own().done()])[0].verdict is Verdict.BEFORE


def test_two_recordings_that_the_clocks_hardly_tell_apart_are_not_taken_for_one() -> None:
    """The first one ran at the event and was over when the ack was built, which is of the second."""
    weapon = holster().event(1000, frames.DRAW, 5).ack(1950, 5, frames.HEARD)
    weapon.ack(2400, 5, frames.PROVEN, since_ms=100)
    recorder = own().tally(900, True).heard(1320, 5).tally(1310, False).tally(2290, True).tally(9000, False)
    recorder.records.sort(key=lambda record: record.sequence)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is not Verdict.LATE


def test_a_frame_that_a_restarted_camera_hears_again_does_not_bound_its_clock_by_an_older_answer() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1040, 5, frames.HEARD).event(60_000, frames.REHOLSTER, 6)
    recorder = own().heard(1010, 5)
    recorder.boot = 2
    recorder.at(-498_000, records.BOOT, 1, 0, 1, 0)  # its clock begins anew at 1500 of the weapon's
    recorder.at(-497_900, records.HEARD, HOLSTER, 5, receiver.OWN_REPEAT, 0x10, bytes(4))
    for journal in (recorder.done(), recorder.done()._replace(records=recorder.done().records[1:])):
        evidence = gather([weapon.done(), journal])
        assert evidence.offset(Segment(HOLSTER, 1), Segment(OWN, 2), 1000.0) is None


def test_an_ack_says_nothing_of_an_event_that_came_after_it_and_was_not_aired() -> None:
    weapon = holster().event(1000, frames.ARM, 5).ack(1040, 5, frames.PROVEN, since_ms=9000)
    weapon.event(8000, frames.DRAW, 0).event(9000, frames.REHOLSTER, 6)
    recorder = own().heard(1010, 5)
    armed, drawn, _ = verdicts([weapon.done(), recorder.done(complete=False)])
    assert (armed.verdict, drawn.verdict) == (Verdict.BEFORE, Verdict.INDETERMINATE)


def test_what_was_on_when_the_cameras_unit_started_may_have_begun_before_the_event() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    weapon.at(2500, records.WITNESS, OTHER, 9, bytes(4)).event(3000, frames.ARM, 6).ack(3030, 6, frames.HEARD)
    started = Book(OWN, ROLE_CAMERA, -2000).at(2000, records.BOOT, 1, 0, 1, 0).tally(2100, True, seen_off=False)
    started.heard(3010, 6)
    witness = other().heard(1010, 5, kind=4).tally(2400, True).at(2410, records.AIRED, 9, 7).tally(9000, False)
    books = [weapon.done(), started.done(), witness.done()]
    assert verdicts(books, (OWN, OTHER))[0].verdict is Verdict.INDETERMINATE
    assert verdicts(books, (OTHER,))[0].verdict is Verdict.LATE


def test_a_start_that_may_lie_behind_the_return_and_ten_seconds_is_not_claimed_as_late() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1400, 5, frames.HEARD).event(3000, frames.REHOLSTER, 6)
    recorder = own().heard(1010, 5).tally(13_010, True).tally(20_000, False)
    found = verdicts([weapon.done(), recorder.done()])[0]
    assert (found.verdict, found.row) == (Verdict.INDETERMINATE, "return-unknown")


def test_a_recording_within_ten_seconds_of_the_return_is_late_though_the_weapon_was_out_again() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(3000, frames.REHOLSTER, 6)
    weapon.event(5000, frames.DRAW, 7).ack(5030, 7, frames.HEARD)
    recorder = own().heard(1010, 5).heard(5010, 7).tally(5900, True).tally(20_000, False)
    first, _, second = verdicts([weapon.done(), recorder.done()])
    assert (first.verdict, second.verdict) == (Verdict.LATE, Verdict.LATE)
    assert abs((first.late_by_ms or 0) - 4900) <= (first.late_by_u_ms or 0)


def test_a_recorder_that_is_started_again_before_it_had_stopped_begins_a_new_recording() -> None:
    """The weapon came while a stop was on its way: the unit does not write down that the tally was off meanwhile."""
    weapon = holster().event(1000, frames.DRAW, 5).ack(1040, 5, frames.HEARD).ack(1950, 5, frames.PROVEN, 20)
    weapon.event(9000, frames.REHOLSTER, 6)
    recorder = own().tally(-60_000, True).at(-20_000, records.RECORDER, camera.HOLDING, 1, 1, 40_000, 0)
    recorder.at(950, records.RECORDER, camera.HOLDING, 1, 0, 60_950, 0).heard(1010, 5)
    recorder.at(1012, records.RECORDER, camera.STARTING, 1, 0, 61_012, 0)
    recorder.at(1925, records.RECORDER, camera.RECORDING, 1, 1, 0, 0).tally(30_000, False)
    evidence = gather([weapon.done(), recorder.done()])
    first, second = evidence.recordings[OWN]
    assert first.proven and first.end_ms == 501_012 and first.ended_by_ms == second.start_ms == 501_925
    use = evidence.uses[0]
    found = judge(evidence, use, use.events[0], [OWN])
    assert found.row == "before-clocks", "it still ran when the weapon was heard"
    went_on = continuity(evidence, use, use.events[0], found)
    assert went_on is not None and went_on.state is State.BROKEN
    ((from_ms, to_ms),) = went_on.breaks
    assert 1012 <= from_ms <= 1925 and to_ms is not None and abs(to_ms - 1925) <= 20


def test_how_late_it_was_is_as_sure_as_the_weapons_own_clock_is() -> None:
    """100 s by a clock of 100 ppm are 10 ms more or less, on a board that is weapon and camera in one, too."""
    both = Book(HOLSTER, ROLE_HOLSTER | ROLE_CAMERA).event(1000, frames.DRAW, 5)
    both.tally(101_000, True).tally(150_000, False).event(200_000, frames.REHOLSTER, 6)
    found = verdicts([both.done()], (HOLSTER,))[0]
    assert (found.verdict, found.late_by_ms) == (Verdict.LATE, 100_000) and 10 <= (found.late_by_u_ms or 0) <= 13


def test_how_late_it_was_grows_less_sure_the_longer_ago_the_two_units_spoke() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(5 * HOUR, frames.REHOLSTER, 6)
    recorder = own().heard(1010, 5).tally(4 * HOUR, True).tally(6 * HOUR, False)
    found = verdicts([weapon.done(), recorder.done()])[0]
    assert found.verdict is Verdict.LATE and 4_200 <= (found.late_by_u_ms or 0) <= 4_500


def test_an_ack_is_not_taken_for_a_recording_beside_a_gap_that_may_have_had_its_own() -> None:
    """It began and ended before the event; the one that the journal still has began after it."""
    weapon = holster().event(500, frames.ARM, 5).ack(990, 5, frames.PROVEN, since_ms=60)
    weapon.event(1000, frames.DRAW, 0).event(3000, frames.REHOLSTER, 6)
    recorder = own().heard(990, 5).tally(1050, True).tally(9000, False)
    assert verdicts([weapon.done(), recorder.done(complete=False)])[1].verdict is Verdict.INDETERMINATE


def test_an_ack_that_counts_from_the_restart_of_its_unit_proves_no_start_after_the_event() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).event(3000, frames.ARM, 6).ack(3040, 6, frames.PROVEN, since_ms=900)
    started = Book(OWN, ROLE_CAMERA, -2000).at(2000, records.BOOT, 1, 0, 1, 0).tally(2100, True).heard(3010, 6)
    draw, arm = verdicts([weapon.event(9000, frames.REHOLSTER, 7).done(), started.done()])[:2]
    assert (draw.verdict, arm.verdict) == (Verdict.INDETERMINATE, Verdict.BEFORE)


def test_an_event_of_which_nobody_knows_how_old_it_was_is_not_proven_to_be_after_a_start() -> None:
    most = records.AGO_NONE - 1
    weapon = holster().at(70_000, records.EVENT, frames.DRAW, 0, 5, most, 0, records.AGO_NONE, 0)
    weapon.ack(70_040, 5, frames.PROVEN, since_ms=66_000)
    assert verdicts([weapon.done(), own().done()])[0].verdict is Verdict.INDETERMINATE


def test_a_recording_that_went_on_over_a_restart_of_its_unit_began_when_the_unit_before_saw_it_begin() -> None:
    """The ack counts from the restart, at 1202; the recording began at 1100."""
    weapon = holster().event(1000, frames.DRAW, 5).event(1200, frames.ARM, 6)
    weapon.event(1600, frames.REHOLSTER, 7).ack(1602, 7, frames.PROVEN, since_ms=398)
    recorder = own().at(-480_000, records.RECORDER, camera.STANDBY, 0, 1, 0, 0).tally(1100, True).heard(1201, 6)
    recorder.boot = 2
    recorder.at(-500_000, records.BOOT, 1, 0, 1, 0).tally(-500_000, True)
    recorder.at(-499_601, records.HEARD, HOLSTER, 7, 1, 0x40, bytes(4))
    found = verdicts([weapon.done(), recorder.done()])[0]
    assert found.verdict is Verdict.LATE and found.late_by_ms is not None and found.late_by_u_ms is not None
    assert found.late_by_ms - found.late_by_u_ms <= 100 <= found.late_by_ms + found.late_by_u_ms


def test_an_ack_to_an_earlier_frame_is_no_recording_that_may_have_gone_on_until_a_later_event() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1040, 5, frames.PROVEN, 3000).event(60_000, frames.DISCHARGE, 9)
    draw, discharge = verdicts([weapon.done(), own().done()])
    assert (draw.row, discharge.row) == ("before-protocol", "no-recording")
