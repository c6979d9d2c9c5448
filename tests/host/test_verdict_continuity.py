"""Did the recording that shows an event go on until the weapon was back?"""

from host_tools.judging.continuity import Continuity, State, continuity
from host_tools.judging.evidence import gather
from host_tools.judging.verdict import judge
from interlock.core import camera, frames, records
from interlock.core.settings import ROLE_CAMERA

from .books import OWN, Book, holster, own

T = 1_800_000_000_000


def ran(recorder: Book, weapon: Book | None = None) -> Continuity:
    weapon = weapon or holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(
        30_000, frames.REHOLSTER, 6
    )
    evidence = gather([weapon.done(), recorder.done()])
    use = evidence.uses[0]
    found = continuity(evidence, use, use.events[0], judge(evidence, use, use.events[0], [OWN]))
    assert found is not None and found.cited and found.reason
    return found


def test_a_recording_that_ran_until_the_return_is_unbroken() -> None:
    assert ran(own().tally(-9000, True).heard(1010, 5).tally(40_000, False)).state is State.UNBROKEN


def test_a_recording_that_was_stopped_and_started_again_is_broken_from_when_to_when() -> None:
    found = ran(own().tally(-9000, True).heard(1010, 5).tally(5000, False).tally(7000, True).tally(40_000, False))
    assert found.state is State.BROKEN
    ((from_ms, to_ms),) = found.breaks
    assert abs(from_ms - 5000) <= 20 and to_ms is not None and abs(to_ms - 7000) <= 20
    assert "it ended 4005 ms into the use, and was back 2000 ms later" in found.reason


def test_a_recording_that_stopped_for_good_is_broken_without_an_end() -> None:
    found = ran(own().tally(-9000, True).heard(1010, 5).tally(5000, False))
    assert found.state is State.BROKEN and found.breaks[0][1] is None


def test_what_only_acks_show_or_a_journal_does_not_tell_to_its_end_is_unknown() -> None:
    acked = holster().event(1000, frames.DRAW, 5).ack(1040, 5, frames.PROVEN, 9000).event(30_000, frames.REHOLSTER, 6)
    assert ran(own(), acked).state is State.UNKNOWN
    pulled_early = ran(own().tally(-9000, True).heard(1010, 5).alert(5000, 1))
    assert pulled_early.state is State.UNKNOWN and "does not say how long it went on" in pulled_early.reason
    doubted = own().tally(-9000, True).heard(1010, 5).at(5000, records.RECORDER, camera.RECORDING, 1, 1, 14_000, 0)
    doubted.at(8000, records.RECORDER, camera.UNPROVEN, 1, 0, 17_000, 0).tally(40_000, False)
    assert (ran(doubted).state, ran(doubted).reason) == (State.UNKNOWN, "from then on the tally proves nothing")


def test_of_a_use_whose_return_nobody_wrote_down_it_is_unknown_how_long_it_had_to_go_on() -> None:
    out = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    assert ran(own().tally(-9000, True).heard(1010, 5).tally(40_000, False), out).state is State.UNKNOWN


def test_an_altered_return_breaks_no_recording_that_may_have_run_until_the_true_one() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(9000, frames.ARM, 6)
    weapon.event(60_000, frames.REHOLSTER, 7)
    recorder = own().tally(-9000, True).heard(1010, 5).tally(40_000, False)
    evidence = gather([weapon.done()._replace(doubted=3), recorder.done()])
    (use,) = evidence.uses
    found = continuity(evidence, use, use.events[0], judge(evidence, use, use.events[0], [OWN]))
    assert found is not None and found.state is State.UNKNOWN


def test_whether_it_was_broken_is_unknown_where_the_return_was_journalled_too_late_to_say_when_it_was() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(9000, frames.ARM, 6)
    weapon.at(200_000, records.EVENT, frames.REHOLSTER, 0, 7, records.AGO_NONE - 1, 0, records.AGO_NONE, 0)
    stopped = ran(own().tally(-9000, True).heard(1010, 5).tally(40_000, False), weapon)
    assert stopped.state is State.UNKNOWN and "journalled too late" in stopped.reason
    assert ran(own().tally(-9000, True).heard(1010, 5).tally(5000, False), weapon).state is State.BROKEN
    assert ran(own().tally(-9000, True).heard(1010, 5).tally(150_000, False), weapon).state is State.UNBROKEN


def test_one_that_was_on_again_when_the_unit_started_behind_a_gap_was_not_so_before_the_other_ended() -> None:
    """Nobody knows since when it was on: not since before the end that was seen."""
    recorder = own().tally(-9000, True).heard(1010, 5).tally(5000, False)
    recorder.skip(3)
    recorder.boot = 2
    # Its new clock is tied by what the two said to each other in the same use.
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(12_000, frames.ARM, 6)
    weapon.ack(12_030, 6, frames.HEARD).event(30_000, frames.REHOLSTER, 7)
    recorder.at(9000, records.BOOT, 1, 0, 1, 0).at(9010, records.RECORDER, camera.RECORDING, 1, 1, 10, 0)
    found = ran(recorder.heard(12_010, 6).tally(40_000, False), weapon)
    assert found.state is State.BROKEN
    ((from_ms, to_ms),) = found.breaks
    assert abs(from_ms - 5000) <= 20 and to_ms is not None and 5000 <= to_ms <= 9020


def test_a_recording_that_its_unit_found_on_when_it_started_anew_tells_nothing_of_the_time_before() -> None:
    weapon = holster().clock(0, T).event(1000, frames.DRAW, 5).ack(1040, 5, frames.PROVEN, 176)
    weapon.event(5000, frames.REHOLSTER, 6)
    recorder = Book(OWN, ROLE_CAMERA, 500_000).tally(-9000, False)
    recorder.base_ms = -12_000
    recorder.boot += 1
    recorder.at(12_000, records.BOOT, 1, 0, 1, 0).tally(12_100, True).clock(12_200, T + 12_200)
    found = ran(recorder, weapon)
    assert found.state is State.UNKNOWN and "found it on" in found.reason
