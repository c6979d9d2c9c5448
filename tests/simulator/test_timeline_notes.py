"""What units' journals note beside states: marks on their lanes, and blue words above."""

import pytest

from interlock.core import camera, frames, holster, proof, records, watch
from simulator.played import Frame
from simulator.timeline.lanes import lanes
from simulator.timeline.notes import Sign

from .test_timeline import HOLSTER_RECORDS, S, ack, alert, drawn, event, lane, recorder, run_of, unit_run, use


def partner(mode, detail=0, unit=2):
    return records.PARTNER, records.pack(records.PARTNER, unit, mode, detail)


def mode(which, seconds, cause=0):
    return records.MODE, records.pack(records.MODE, which, cause, seconds)


def notes_of(*entries, unit="H1", name="holster unit", **changes):
    run = run_of(holster_boots=((300_000, list(entries)),), **changes)
    return [(note.at_us // 1000, note.sign, note.words) for note in lane(run, unit, name).notes]


def test_a_partner_that_is_not_fit_is_a_warning_with_its_reason_and_its_return_is_news_then_only():
    assert notes_of(
        (1000, partner(watch.GOOD)),
        (3000, partner(watch.POOR, frames.READY_ASLEEP)),
        (4000, partner(watch.MISSING)),
        (5000, partner(watch.GOOD)),
        (6000, partner(watch.UNKNOWN)),
        (7000, partner(watch.POOR, 99, unit=77)),
    ) == [
        (1000, Sign.FIT, ""),
        (3000, Sign.WARNED, "warned: C1 asleep or off"),
        (4000, Sign.WARNED, "warned: C1 missing"),
        (5000, Sign.FIT, "C1 is back"),
        (7000, Sign.WARNED, "warned: unit 77 state 99"),
    ]


def test_modes_begin_and_end_and_a_draw_is_cancelled():
    assert notes_of(
        (1000, mode(records.MODE_FUNCTION_TEST, 60)),
        (9000, mode(records.MODE_FUNCTION_TEST, 0)),
        (10_000, event(frames.DRAW)),
        (12_000, event(frames.CANCEL)),
    ) == [
        (1000, Sign.MODE, "function test"),
        (9000, Sign.MODE, "function test over"),
        (12_000, Sign.CANCELLED, "draw cancelled"),
    ]


@pytest.mark.parametrize(
    ("code", "kind", "is_late"),
    [
        (proof.ALERT_NOT_HEARD, frames.HEARD, True),
        (proof.ALERT_NOT_RECORDING, frames.PROVEN, True),
        (proof.ALERT_NOT_RECORDING, frames.HEARD, False),
        (proof.ALERT_PROOF_LOST, frames.PROVEN, False),
    ],
)
def test_an_ack_is_late_when_it_comes_after_the_alert_that_it_was_missing(code, kind, is_late):
    found = notes_of((10_000, event(frames.DRAW)), (12_000, alert(code)), (13_000, ack(kind)), (14_000, ack(kind)))
    assert found == ([(13_000, Sign.LATE, "late ack")] if is_late else [])


def test_an_ack_of_the_next_use_is_not_late_for_the_one_before():
    entries = [(10_000, event(frames.DRAW)), (12_000, alert(proof.ALERT_NOT_HEARD))]
    entries += [(14_000, event(frames.REHOLSTER)), (20_000, event(frames.DRAW)), (20_009, ack(frames.HEARD))]
    assert notes_of(*entries) == []


def test_a_recording_stopped_by_hand_is_one_mark_and_no_alert_beside_it():
    run = run_of()
    unit = run.units[1].unit
    entries = [(11_000, alert(proof.ALERT_INTERRUPTED)), (11_000, recorder(camera.INTERRUPTED))]
    stopped = unit_run(unit, (300_000, [*entries, (12_000, alert(proof.ALERT_NOT_RECORDING))]))
    run.units[1] = stopped
    found = lane(run, "C1", "camera unit")
    assert [(note.at_us // 1000, note.sign) for note in found.notes] == [(11_000, Sign.STOPPED)]
    assert found.alerts_us == (12_000_000,)


def test_a_draw_that_is_kept_to_the_journal_calls_nobody():
    tried = records.pack(records.EVENT, frames.DRAW, holster.FLAG_TEST, 0, 0, records.AGO_NONE, 0, 0)
    run = run_of(holster_boots=((300_000, [(10_002, (records.EVENT, tried))]),))
    assert [str(span.look) for span in lane(run, "H1", "holster unit").spans] == ["no power", "idle"]


def test_announcements_are_marked_among_what_is_aired():
    announced = [
        Frame("C1", 5 * S, frames.READY, 4),
        Frame("C1", 6 * S, frames.ANSWER, 5),
        Frame("C1", 7 * S, None, None),
        Frame("H1", 8 * S, frames.PRESENT_TIME, 5),
    ]
    found = {found.unit: found.announced_us for found in lanes(run_of(frames=announced)) if found.name == "air"}
    assert found == {"C1": (5 * S, 6 * S), "H1": (8 * S,)}


def test_the_picture_says_it_in_words_and_in_its_legend(tmp_path):
    entries = [
        *HOLSTER_RECORDS[:1],
        (5000, partner(watch.MISSING)),
        *HOLSTER_RECORDS[1:],
    ]
    run = run_of(holster_boots=((300_000, entries),))
    said = drawn(tmp_path, run, [use(cancelled=True)])
    assert "H1 warned: C1 missing" in said and "H1: draw at 10 s, cancelled" in said
    assert {str(sign) for sign in Sign} <= set(said)
    said = drawn(tmp_path, run, [use(coded="function test")])
    assert "H1: draw at 10 s, function test" in said
