"""The picture of a run: what its lanes hold, that it is drawn for every kind of run, and drawn the same twice."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.core import camera, frames, holster, proof, records
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from simulator.body_camera import Interval
from simulator.played import Happening, Run, UnitRun, WeaponEvent
from simulator.scenario import parse
from simulator.timeline import draw
from simulator.timeline.lanes import Lane, Look, lanes, weapon_uses
from simulator.timeline.page import fit, text_width
from tests.core.flash import RamFlash

S = 1_000_000
BOOT_US = 300_000


def event(code, discharges=0):
    return records.EVENT, records.pack(records.EVENT, code, 0, 1, 0, 0, 0, discharges)


def ack(kind):
    return records.ACK, records.pack(records.ACK, 2, 1, kind << 4, 0, 0, b"head")


def recorder(mode):
    return records.RECORDER, records.pack(records.RECORDER, mode, 0, 1, 0, 0)


def alert(code):
    return records.ALERT, records.pack(records.ALERT, code)


def proven(mode):
    return records.PROOF, records.pack(records.PROOF, mode)


def journal(*boots):
    """What a unit's flash reads after boots of (virtual ms, (type, payload)) records, and when each boot began."""
    flash, zeros = RamFlash(8), {}
    for number, (zero_us, entries) in enumerate(boots, 1):
        zeros[number] = zero_us
        log = Journal(flash, b"SERIAL01", list)
        for at_ms, (kind, payload) in [(zero_us // 1000, boot()), *entries]:
            log.append(kind, payload, at_ms - zero_us // 1000)
    return Reading(flash), zeros


def boot():
    return records.BOOT, records.pack(records.BOOT, 1, 0, 1, 0)


def scenario_of(cameras, name="Hand-made"):
    units = [{"id": "H1", "role": "holster", "at_m": [0.0, 0.0], "cameras": ["C1"]}]
    units += [{"id": f"C{i + 1}", "role": "camera", "at_m": [1.0, 0.0], "recorder": {}} for i in range(cameras)]
    table = {"name": name, "about": "Made by hand.", "profile": "esp32", "duration_s": 60, "secret": "s"}
    return parse({**table, "loss": 0.0, "unit": units, "event": []}, "test")


def unit_run(unit, *boots, recordings=()):
    reading, zeros = journal(*boots)
    return UnitRun(unit, reading, 0, zeros, [], list(recordings))


HOLSTER_RECORDS = [
    (1300, event(holster.NOTE_HOLSTERED)),
    (10_002, event(frames.DRAW)),
    (10_009, ack(frames.HEARD)),
    (10_909, ack(frames.PROVEN)),
    (10_909, proven(proof.PROVEN)),
    (20_000, event(frames.REHOLSTER)),
]
CAMERA_RECORDS = [
    (400, recorder(camera.STANDBY)),
    (10_005, recorder(camera.STARTING)),
    (10_905, recorder(camera.RECORDING)),
    (20_005, recorder(camera.HOLDING)),
    (30_005, recorder(camera.STANDBY)),
]
RECORDING = Interval(10_904_000, 30_004_000, 0, True, "shutter")


def run_of(cameras=1, holster_boots=((BOOT_US, HOLSTER_RECORDS),), recordings=(RECORDING,), happenings=(), **changes):
    scenario = scenario_of(cameras)
    units = [unit_run(scenario.units[0], *holster_boots)]
    units += [unit_run(unit, (BOOT_US, CAMERA_RECORDS), recordings=recordings) for unit in scenario.units[1:]]
    events = [WeaponEvent("H1", "draw", 10 * S), WeaponEvent("H1", "holster", 20 * S)]
    pdus = {"H1": [10_002_000 + i * 25_000 for i in range(40)], "C1": [10_007_000, 10_907_000]}
    run = Run(scenario, 7, "a VM", 60 * S, units, events, list(happenings), [], pdus, {})
    return replace(run, **changes)


def use(name="draw", at_ms=10_000.0, verdict="late", **facts):
    plain = {
        "unit": "H1",
        "event": name,
        "at_ms": at_ms,
        "frame_at_ms": at_ms + 2,
        "heard_at_ms": at_ms + 9,
        "recording_at_ms": 10_904.0,
        "acked_at_ms": 10_909.0,
        "recording_unit": "C1",
        "witnesses": [],
        "verdict": verdict,
        "late_by_ms": 904 if verdict == "late" else None,
        "late_by_u_ms": 5 if verdict == "late" else None,
        "buffer_covers": True if verdict == "late" else None,
        "cancelled": False,
        "coded": None,
    }
    return plain | facts


NOTHING = dict.fromkeys(("heard_at_ms", "recording_at_ms", "acked_at_ms", "recording_unit"))


def lane(run, unit, name) -> Lane:
    return next(found for found in lanes(run) if (found.unit, found.name) == (unit, name))


def looks(run, unit, name):
    return [(span.start_us // 1000, str(span.look)) for span in lane(run, unit, name).spans]


def words(path: Path):
    return re.findall(r"<text [^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


def drawn(tmp_path, run, uses):
    path = tmp_path / "timeline.svg"
    draw(run, uses, (path,))
    return words(path)


def test_the_weapon_lane_is_what_really_happened():
    assert looks(run_of(), "H1", "weapon") == [(0, "holstered"), (10_000, "drawn"), (20_000, "holstered")]


def test_a_weapon_made_safe_is_drawn_and_no_longer_armed():
    events = [WeaponEvent("H1", what, at_s * S) for what, at_s in (("draw", 10), ("arm", 11), ("discharge", 12))]
    run = run_of(weapon_events=events, happenings=[Happening("H1", "safe", 13 * S)])
    assert looks(run, "H1", "weapon") == [(0, "holstered"), (10_000, "drawn"), (11_000, "armed"), (13_000, "drawn")]
    assert lane(run, "H1", "weapon").discharges_us == (12 * S,)


def test_the_holster_units_lane_is_what_its_journal_knew():
    assert looks(run_of(), "H1", "holster unit") == [
        (0, "no power"),
        (300, "idle"),
        (10_002, "calling"),
        (10_009, "heard"),
        (10_909, "proven"),
        (20_000, "idle"),
    ]


def test_an_alert_stays_until_a_late_ack():
    entries = [
        (10_002, event(frames.DRAW)),
        (12_002, alert(proof.ALERT_NOT_HEARD)),
        (13_000, ack(frames.HEARD)),
        (15_002, alert(proof.ALERT_NOT_RECORDING)),
        (15_002, proven(proof.LOST)),
        (15_100, ack(frames.REFUSED)),
        (17_000, proven(proof.PROVEN)),
        (20_000, event(frames.REHOLSTER)),
    ]
    run = run_of(holster_boots=[(BOOT_US, entries)])
    assert looks(run, "H1", "holster unit")[2:] == [
        (10_002, "calling"),
        (12_002, "alert"),
        (13_000, "heard"),
        (15_002, "alert"),
        (17_000, "proven"),
        (20_000, "idle"),
    ]
    assert lane(run, "H1", "holster unit").alerts_us == (12_002_000, 15_002_000)


def test_nothing_is_known_between_power_off_and_the_next_boot():
    boots = [(BOOT_US, HOLSTER_RECORDS[:3]), (15 * S, [(17_000, event(frames.OUT))])]
    run = run_of(holster_boots=boots, happenings=[Happening("H1", "battery change 4.0", 11 * S)])
    assert looks(run, "H1", "holster unit")[-4:] == [
        (10_009, "heard"),
        (11_000, "no power"),
        (15_000, "idle"),
        (17_000, "calling"),
    ]


def test_the_camera_lane_shows_its_start_and_how_far_the_buffer_reaches_back():
    spans = {str(s.look): (s.start_us, s.end_us) for s in lane(run_of(), "C1", "camera").spans}
    assert spans["pre-event buffer"] == (0, 10_904_000)
    assert spans["starting"] == (10_004_000, 10_904_000)
    assert spans["recording"] == (10_904_000, 30_004_000)


def test_a_sleeping_camera_is_asleep_until_it_is_woken():
    late = Interval(13_904_000, None, 13_004_000, True, "shutter")
    run = run_of(recordings=[late], happenings=[Happening("C1", "camera falls asleep", 5 * S)])
    assert looks(run, "C1", "camera") == [
        (0, "standby"),
        (5000, "asleep"),
        (10_004, "standby"),
        (13_004, "pre-event buffer"),
        (10_004, "starting"),
        (13_904, "recording"),
    ]


def test_a_sleeping_camera_that_is_switched_on_stands_by_and_a_dead_one_does_not():
    happened = [("camera falls asleep", 5), ("camera wakes", 9), ("camera dies", 11), ("camera wakes", 12)]
    run = run_of(recordings=[], happenings=[Happening("C1", text, at_s * S) for text, at_s in happened])
    assert looks(run, "C1", "camera") == [(0, "standby"), (5000, "asleep"), (9000, "standby"), (11_000, "dead")]


def test_a_dead_camera_is_dead_until_it_revives():
    happened = [("camera dies", 5), ("camera falls asleep", 6), ("camera revives", 9)]
    run = run_of(recordings=[], happenings=[Happening("C1", text, at_s * S) for text, at_s in happened])
    assert looks(run, "C1", "camera") == [(0, "standby"), (5000, "dead"), (9000, "standby")]


@pytest.mark.parametrize("mode", camera.MODE_NAMES)
def test_every_mode_of_the_camera_unit_has_a_look(mode):
    assert Look(camera.MODE_NAMES[mode])


def test_what_one_weapon_did_until_it_was_back_is_one_use():
    events = [use(), use("arm", 12_000.0, "before"), use("draw", 40_000.0, "unwitnessed", **NOTHING)]
    found = weapon_uses(run_of(), events)
    assert [(len(u.events), u.start_us, u.end_us) for u in found] == [(2, 10 * S, 20 * S), (1, 40 * S, 60 * S)]


def test_it_says_what_was_judged_and_how_many_milliseconds_it_took(tmp_path):
    uses = [use(), use("arm", 12_000.0, "before"), *[use("discharge", at, "before") for at in (13_000.0, 14_000.0)]]
    found = drawn(tmp_path, run_of(), uses)
    assert "draw: late by 904 ± 5 ms, buffer covers" in found
    assert {"arm: before", "2 discharges: before"} <= set(found)
    assert "frame +2 ms  ·  heard +9 ms  ·  recording C1 +904 ms  ·  acked +909 ms" in found


def test_it_says_that_it_is_simulated(tmp_path):
    found = drawn(tmp_path, run_of(), [use()])
    assert "Hand-made" in found
    assert "seed 7  ·  profile esp32  ·  60 s of virtual time" in found
    assert any("virtual time; latencies are unverified on boards" in text for text in found)


def test_what_never_happened_is_said(tmp_path):
    found = drawn(tmp_path, run_of(recordings=[]), [use(verdict="unwitnessed", **NOTHING)])
    assert "draw: unwitnessed" in found
    assert "frame +2 ms  ·  not heard  ·  no recording  ·  not acked" in found


def test_a_tally_that_lied_is_said_to_have_lied(tmp_path):
    lie = use(verdict="before", recording_at_ms=None, recording_unit=None)
    assert "the tally lied: no camera recorded" in drawn(tmp_path, run_of(recordings=[]), [lie])


@pytest.mark.parametrize("verdict", ["before", "late", "unwitnessed", "indeterminate"])
def test_every_verdict_can_be_drawn(tmp_path, verdict):
    assert any(text.startswith(f"draw: {verdict}") for text in drawn(tmp_path, run_of(), [use(verdict=verdict)]))


def test_a_run_without_uses_is_only_the_overview(tmp_path):
    found = drawn(tmp_path, run_of(weapon_events=[]), [])
    assert "holster unit" in found and not any("logarithmic" in text for text in found)


def test_of_many_uses_the_first_six_are_shown_closely(tmp_path):
    events = [WeaponEvent("H1", "draw", at * S) for at in range(2, 20, 2)]
    events += [WeaponEvent("H1", "holster", at * S + S) for at in range(2, 20, 2)]
    found = drawn(tmp_path, run_of(weapon_events=events), [use(at_ms=at * 1000.0) for at in range(2, 20, 2)])
    assert "The first 6 of 9 uses, in logarithmic time since the first event" in found
    assert "H1: draw at 12 s" in found and "H1: draw at 14 s" not in found


def test_a_group_of_twelve_is_drawn_whole_above_and_its_main_actors_below(tmp_path):
    witnesses = [f"C{i}" for i in range(2, 12)]
    found = drawn(tmp_path, run_of(cameras=11), [use(witnesses=witnesses)])
    assert found.count("C11") == 1 and found.count("C3") == 2


def test_crowded_happenings_get_rows_of_their_own(tmp_path):
    crowd = [Happening("C1", f"officer stops {i}", 30 * S + i) for i in range(5)]
    run = run_of(happenings=crowd)
    path = tmp_path / "timeline.svg"
    draw(run, [], (path,))
    found = re.findall(r'<text [^>]*y="([^"]+)"[^>]*>C1 officer', path.read_text(encoding="utf-8"))
    assert len(found) == 5 and len(set(found)) == 5


def test_the_same_run_is_the_same_picture(tmp_path):
    paths = [tmp_path / name for name in ("a.svg", "b.svg", "a.png", "b.png")]
    draw(run_of(), [use()], (paths[0], paths[2]))
    draw(run_of(), [use()], (paths[1], paths[3]))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[2].read_bytes() == paths[3].read_bytes()
    assert paths[2].read_bytes().startswith(b"\x89PNG")


def test_a_text_that_is_too_long_is_cut_to_its_width():
    text = "a long sentence about nothing " * 5
    assert fit("short", 2.0) == "short"
    assert text_width(fit(text, 2.0)) <= 2.0 and fit(text, 2.0).endswith(" …")
