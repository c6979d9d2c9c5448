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


def test_what_a_weapon_heard_of_a_witness_counts_only_with_the_witnesss_own_journal() -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030, 5, frames.REFUSED)
    weapon.at(2500, records.WITNESS, OTHER, 9, bytes(4)).event(5000, frames.ARM, 7)
    here = [weapon.done(), own().heard(1010, 5).heard(5010, 7).done()]
    silent = other().heard(1010, 5, kind=4).heard(5010, 7, kind=4).done()
    assert verdicts(here, (OWN, OTHER))[1].verdict is Verdict.INDETERMINATE
    assert verdicts([*here, silent], (OWN, OTHER))[1].verdict is Verdict.UNWITNESSED


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


def test_a_clock_that_is_behind_is_called_behind_and_not_ahead_by_less_than_nothing() -> None:
    weapon = holster().event(900_000, frames.DRAW, 5).ack(900_030, 5, frames.HEARD)
    recorder = own().tally(1000, True).heard(10_010, 5).tally(19_000, False)
    says = [cited.says for cited in verdicts([weapon.done(), recorder.done()])[0].cited]
    assert any("its clock is behind by at least" in text for text in says) and not any("-" in text for text in says)


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


# A return that was journalled so late that its record cannot say when it was.


def returned_late() -> Book:
    """Drawn at 10 s, back at 20 s, which is journalled at 200 s: its edge was 65 s before that, or more."""
    weapon = holster().event(10_000, frames.DRAW, 5).ack(10_030, 5, frames.REFUSED)
    return weapon.at(200_000, records.EVENT, frames.REHOLSTER, 0, 7, records.AGO_NONE - 1, 0, records.AGO_NONE, 0)


def late_by(begin_ms: int) -> str:
    recorder = own().heard(10_010, 5).tally(500, False).tally(begin_ms, True).tally(900_000, False)
    return verdicts([returned_late().done(), recorder.done()])[0].row


def test_a_return_that_was_journalled_too_late_leaves_open_what_may_have_begun_too_late_for_it() -> None:
    assert late_by(15_000) == "late", "within 10 s of the last moment at which it was out"
    assert late_by(100_000) == "return-unknown", "it was back at 20 s, for all that is known"
    assert late_by(160_000) == "too-late", "later than the return may have been, and 10 s more"


def test_a_judgement_beside_such_a_return_says_that_it_was_then_or_before() -> None:
    recorder = own().heard(10_010, 5).tally(500, False).tally(100_000, True).tally(900_000, False)
    found = verdicts([returned_late().done(), recorder.done()])[0]
    assert "65 s or more before its record" in found.condition
    assert any(cited.says.endswith("then or before") for cited in found.cited)


# Who was assigned, where records are missing.


def assigned(weapon: Book) -> Book:
    return weapon.at(200, records.ASSIGNED, OTHER, 1_900_000_000, 1, b"PC1     ")


def carried(weapon: Book, ms: int, *middle: int) -> Book:
    """The head of a sector."""
    weapon.at(ms, records.RESERVE, 900)
    for kind in middle:
        assert kind == records.ASSIGNED
        weapon.at(ms, kind, OTHER, 1_900_000_000, 1, b"PC2     ")
    return weapon.at(ms, records.CONFIG, 1, bytes(8))


def who(weapon: Book) -> tuple[str | None, bool]:
    use = gather([weapon.event(10_000, frames.DRAW, 5).done()]).uses[-1]
    return (None if use.assigned is None else use.assigned.officer), use.is_assigned_known


def test_an_assignment_does_not_outlive_a_gap_in_which_it_may_have_ended() -> None:
    assert who(assigned(holster())) == ("PC1", True)
    assert who(assigned(holster()).skip(40)) == (None, False)
    assert who(holster().skip(3).alert(100, 1)) == (None, False), "nor is it known before the first record"


def test_behind_a_gap_the_head_of_a_sector_says_who_is_assigned() -> None:
    assert who(carried(assigned(holster()).skip(40), 300)) == (None, True)
    assert who(carried(assigned(holster()).skip(40), 300, records.ASSIGNED)) == ("PC2", True)
    alone = assigned(holster()).skip(40).at(300, records.CONFIG, 1, bytes(8))
    assert who(alone) == (None, False), "new settings say nothing of it"
    begun = (
        assigned(holster()).skip(40).at(300, records.RESERVE, 900).alert(310, 1).at(320, records.CONFIG, 1, bytes(8))
    )
    assert who(begun) == (None, False), "nor do two records that are of no one head"


def test_a_start_says_anew_who_is_assigned() -> None:
    assert who(assigned(holster()).reboot()) == (None, True)
    assert who(assigned(holster().reboot())) == ("PC1", True)


# An event whose record came so long after it that it cannot say when it was.


def fired_late(draws: bool = True) -> Book:
    """Drawn at 10 s, discharged at some moment up to 135 s, which is journalled, and aired, at 200 s."""
    weapon = holster()
    if draws:
        weapon.event(10_000, frames.DRAW, 5).ack(10_040, 5, frames.REFUSED)
    late = records.AGO_NONE - 1
    weapon.at(200_000, records.EVENT, frames.DISCHARGE, 0, 6, late, late, records.AGO_NONE, 0)
    return weapon.ack(200_100, 6, frames.REFUSED).event(210_000, frames.REHOLSTER, 7)


def beside_late(begin_ms: int, end_ms: int) -> Judgement:
    recorder = own().tally(-20_000, False).heard(10_010, 5).tally(begin_ms, True).tally(end_ms, False)
    recorder.heard(max(end_ms, 20_000) + 1000, 6)
    return verdicts([fired_late().done(), recorder.done()])[1]


def test_an_event_that_was_then_or_before_is_before_and_after_only_what_surely_is() -> None:
    assert beside_late(9000, 190_000).row == "before-clocks", "on since before the edge that came before it"
    assert beside_late(50_000, 190_000).row == "straddles"
    assert beside_late(5000, 60_000).row == "end-straddles"
    assert beside_late(2000, 8000).row == "ended-before"
    found = beside_late(140_000, 190_000)
    assert found.row == "late" and found.late_by_ms is not None and found.late_by_u_ms is not None
    assert found.late_by_ms - found.late_by_u_ms <= 5600 and found.late_by_ms + found.late_by_u_ms >= 130_000
    assert found.buffer_covers is False


def test_the_frame_of_such_an_event_was_on_the_air_no_sooner_than_its_edge_may_have_been() -> None:
    (use,) = gather([fired_late().done()]).uses
    discharge = use.events[1]
    assert (discharge.low_ms, discharge.aired_ms, discharge.is_older) == (10_000, 10_000, True)
    (alone,) = gather([fired_late(draws=False).done()]).uses
    assert alone.events[0].low_ms == 0, "not before its unit started"
