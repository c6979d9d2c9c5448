"""Verdicts from journals alone, on small journals written by hand."""

from host_tools.judging.evidence import Evidence, UnitJournal, gather
from host_tools.judging.verdict import Judgement, Verdict, judge
from interlock.core import camera, frames, records
from interlock.core.settings import ROLE_CAMERA

from .books import HOLSTER, OTHER, OWN, Book, holster, own


def other() -> Book:
    return Book(OTHER, ROLE_CAMERA, -3)


def verdicts(books: list[UnitJournal], cameras: tuple[int, ...] = (OWN,)) -> list[Judgement]:
    evidence: Evidence = gather(books)
    return [judge(evidence, use, event, cameras) for use in evidence.uses for event in use.events]


def test_an_ack_to_the_event_that_reaches_back_before_it_proves_before_without_any_clock() -> None:
    book = holster().event(1000, frames.DISCHARGE, 5).ack(1040, 5, frames.PROVEN, since_ms=3000)
    assert verdicts([book.done(), own().done()])[0].verdict is Verdict.BEFORE


def test_an_ack_whose_recording_may_have_begun_on_either_side_of_the_event_decides_nothing() -> None:
    book = holster().event(1000, frames.DRAW, 5).ack(1950, 5, frames.PROVEN, since_ms=20)
    assert verdicts([book.done(), own().done()])[0].verdict is Verdict.INDETERMINATE


def test_an_ack_after_one_that_said_not_yet_proves_late_without_any_clock() -> None:
    book = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).ack(1950, 5, frames.PROVEN, since_ms=20)
    first = verdicts([book.done(), own().done()])[0]
    assert first.verdict is Verdict.LATE and first.late_by_ms is not None and first.late_by_u_ms is not None
    assert first.late_by_ms - first.late_by_u_ms <= 930 <= first.late_by_ms + first.late_by_u_ms


def test_late_is_measured_by_the_tighter_of_ack_and_journal() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).ack(1950, 5, frames.PROVEN, 20)
    recorder = own().heard(1010, 5).tally(1925, True, buffer_ms=30000).tally(9000, False)
    first = verdicts([weapon.done(), recorder.done()])[0]
    assert first.verdict is Verdict.LATE and first.late_by_u_ms is not None and first.late_by_u_ms < 30
    assert first.buffer_covers is True


def test_a_recording_in_the_camera_journal_alone_proves_before_when_clear_of_the_clocks() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-20000, True).heard(1010, 5).tally(9000, False)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.BEFORE


def test_a_recording_that_straddles_the_event_by_the_clocks_is_indeterminate() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1400, 5, frames.HEARD)
    recorder = own().heard(1200, 5).tally(1200, True).tally(9000, False)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_no_recording_in_any_journal_is_unwitnessed() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.REFUSED)
    recorder = own().heard(1010, 5)
    assert verdicts([weapon.done(), recorder.done(), other().done()], (OWN, OTHER))[0].verdict is Verdict.UNWITNESSED


def test_a_recording_that_ended_before_the_event_does_not_serve_it() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-5000, True).tally(-1000, False).heard(1010, 5)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.UNWITNESSED


def test_a_recording_that_starts_long_after_the_return_does_not_serve_it() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(3000, frames.REHOLSTER, 6)
    recorder = own().heard(1010, 5).tally(20000, True)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.UNWITNESSED


def test_a_missing_or_gapped_camera_journal_is_indeterminate_unless_the_protocol_proves_it() -> None:
    silent = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    assert verdicts([silent.done()])[0].verdict is Verdict.INDETERMINATE
    assert verdicts([silent.done(), own().heard(1010, 5).done(complete=False)])[0].verdict is Verdict.INDETERMINATE
    proven = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.PROVEN, since_ms=9000)
    assert verdicts([proven.done()])[0].verdict is Verdict.BEFORE


def test_a_recording_on_a_clock_that_nothing_ties_to_the_weapon_is_indeterminate() -> None:
    weapon = holster().event(1000, frames.DRAW, 5)
    recorder = own().tally(500, True).tally(9000, False)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_a_tally_never_seen_off_proves_nothing() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.REFUSED)
    recorder = own().tally(-9000, True, seen_off=False).heard(1010, 5)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_a_witness_serves_when_the_own_camera_does_not() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.REFUSED)
    weapon.at(2500, records.WITNESS, OTHER, 9, bytes(4)).event(5000, frames.ARM, 7)
    witness = other().heard(1010, 5, kind=4).tally(2400, True, buffer_ms=30000).at(2410, records.AIRED, 9, 7)
    books = [weapon.done(), own().heard(1010, 5).done(), witness.heard(5010, 7, kind=4).tally(9000, False).done()]
    draw, arm = verdicts(books, (OWN, OTHER))
    assert draw.verdict is Verdict.LATE and abs((draw.late_by_ms or 0) - 1400) <= 60
    assert arm.verdict is Verdict.BEFORE
    assert [j.verdict for j in verdicts(books, (OWN,))] == [Verdict.UNWITNESSED] * 2


def test_stale_frames_are_no_exchange() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().heard(400_000, 5, kind=3).tally(500, True)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_a_reboot_ends_what_a_camera_can_prove() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-9000, True)
    recorder.boot = 2
    recorder.at(-8000, records.BOOT, 1, 0, 1, 0).heard(1010, 5)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_a_tally_that_did_not_follow_is_believed_up_to_its_last_sound_record_only() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-9000, True).at(-2000, records.RECORDER, camera.HOLDING, 1, 1, 7000, 0)
    recorder.at(500, records.RECORDER, camera.UNPROVEN, 1, 0, 9500, 0).heard(1010, 5).tally(9000, False)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_a_recording_of_whose_end_the_journal_does_not_know_is_neither_proof_nor_its_absence() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(60000, frames.DISCHARGE, 9)
    recorder = own().heard(1010, 5).tally(2000, True)
    draw, discharge = verdicts([weapon.done(), recorder.done()])
    assert draw.verdict is Verdict.LATE
    assert discharge.verdict is Verdict.INDETERMINATE


def test_a_use_without_a_journalled_return_is_not_served_by_a_recording_long_after_it() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().heard(1010, 5).tally(90_000, True).tally(99_000, False)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_a_recording_of_a_later_use_does_not_serve_an_earlier_one_that_has_no_end() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    weapon.boot = 2
    weapon.at(0, records.BOOT, 1, 0, 1, 0).event(50_000, frames.DRAW, 300).ack(50_030, 300, frames.HEARD)
    recorder = own().heard(1010, 5).heard(90_010, 300).tally(90_900, True).tally(99_000, False)
    first, second = verdicts([weapon.done(), recorder.done()])
    assert first.verdict is Verdict.UNWITNESSED and second.verdict is Verdict.LATE


def test_late_is_not_claimed_while_another_camera_may_have_been_before() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.REFUSED)
    weapon.at(2500, records.WITNESS, OTHER, 9, bytes(4))
    doubtful = own().tally(-9000, True, seen_off=False).heard(1010, 5).tally(9000, False)
    witness = other().heard(1010, 5, kind=4).tally(2400, True).at(2410, records.AIRED, 9, 7).tally(9000, False)
    books = [weapon.done(), doubtful.done(), witness.done()]
    assert verdicts(books, (OWN, OTHER))[0].verdict is Verdict.INDETERMINATE
    assert verdicts(books, (OTHER,))[0].verdict is Verdict.LATE


def test_a_tally_that_went_off_when_it_was_told_to_was_sound_up_to_then() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-9000, True).at(-2000, records.RECORDER, camera.HOLDING, 1, 1, 7000, 0)
    recorder.heard(1010, 5).at(4000, records.RECORDER, camera.HOLDING, 1, 0, 13000, 0).tally(4050, False)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.BEFORE


def test_a_tally_that_stayed_on_when_it_was_told_to_stop_is_doubted_from_its_last_sound_record() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-9000, True).at(-2000, records.RECORDER, camera.HOLDING, 1, 1, 7000, 0)
    recorder.heard(1010, 5).at(4000, records.RECORDER, camera.HOLDING, 1, 0, 13000, 0)
    pulled_meanwhile = recorder.done()
    recorder.at(9000, records.RECORDER, camera.UNPROVEN, 1, 0, 18000, 0).tally(9500, False)
    assert verdicts([weapon.done(), pulled_meanwhile])[0].verdict is Verdict.INDETERMINATE
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.INDETERMINATE


def test_what_was_on_before_a_gap_in_the_journal_is_not_taken_to_have_been_on_behind_it() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-9000, True).skip(3).heard(1010, 5).tally(4000, False)
    assert verdicts([weapon.done(), recorder.done(complete=False)])[0].verdict is Verdict.INDETERMINATE


def test_a_gap_in_the_weapons_journal_ends_a_use() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).skip(4).event(9000, frames.DISCHARGE, 11)
    assert [len(use.events) for use in gather([weapon.done()]).uses] == [1, 1]


def test_clocks_that_were_set_order_what_no_exchange_did() -> None:
    weapon = holster().clock(0, 1_800_000_000_000).event(60_000, frames.DRAW, 5)
    running = own().clock(0, 1_800_000_000_000).tally(30_000, True).tally(90_000, False)
    close = own().clock(0, 1_800_000_000_000).tally(59_000, True).tally(90_000, False)
    assert verdicts([weapon.done(), running.done()])[0].verdict is Verdict.BEFORE
    assert verdicts([weapon.done(), close.done()])[0].verdict is Verdict.INDETERMINATE, "hosts' clocks may be off"


def test_an_exchange_counts_more_than_clocks_that_contradict_it() -> None:
    weapon = holster().clock(0, 1_800_000_000_000).event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().clock(0, 1_800_000_900_000).tally(-20_000, True).heard(1010, 5).tally(9000, False)
    assert verdicts([weapon.done(), recorder.done()])[0].verdict is Verdict.BEFORE


# What a judgement tells of itself.


def test_a_judgement_cites_the_event_the_proof_and_the_exchange_that_ties_the_clocks() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD)
    recorder = own().tally(-20_000, True).heard(1010, 5).tally(9000, False)
    found = verdicts([weapon.done(), recorder.done()])[0]
    assert found.row == "before-clocks"
    told = {(cited.unit, cited.sequence): cited for cited in found.cited}
    assert set(told) == {(HOLSTER, 0), (HOLSTER, 1), (OWN, 0), (OWN, 1), (OWN, 2)}
    assert "ahead by at most" in told[OWN, 1].says and abs((told[OWN, 1].here_ms or 0) - 1010) <= 20


def test_a_judgement_by_utc_cites_the_syncs_of_both_units() -> None:
    weapon = holster().clock(0, 1_800_000_000_000).event(60_000, frames.DRAW, 5)
    running = own().clock(0, 1_800_000_000_000).tally(30_000, True).tally(90_000, False)
    found = verdicts([weapon.done(), running.done()])[0]
    assert [(c.unit, c.kind) for c in found.cited if c.kind == records.CLOCK] == [
        (HOLSTER, records.CLOCK),
        (OWN, records.CLOCK),
    ]


def test_a_journal_that_ends_before_the_event_or_has_a_gap_is_cited_at_that_place() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.HEARD).event(60_000, frames.DISCHARGE, 9)
    short = own().heard(1010, 5).tally(1500, False).done(complete=False)
    discharge = verdicts([weapon.done(), short])[1]
    assert discharge.row == "not-covered" and "ends 58.5 s before the event" in discharge.condition
    assert [(c.unit, c.sequence) for c in discharge.cited] == [(HOLSTER, 2), (OWN, 1)]
    gapped = own().heard(1010, 5).skip(3).tally(70_000, False).done(complete=False)
    draw = verdicts([weapon.done(), gapped])[0]
    assert "records 1 to 3 of the camera's unit are missing" in draw.condition
    assert verdicts([weapon.done()])[0].condition == "no journal of the camera's unit is here"
