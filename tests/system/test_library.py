"""The library of scenarios: each fault shows, and the units do the right thing.

What needs no technician is played in the fast fidelity here and in VMs by `make test-deep`, which also plays all of it
twice, under different hash seeds and load, and compares.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host_tools.outcome import Exit
from interlock.core import frames, holster, lines, records, updating, watch
from simulator.played import Run

from .library_played import (
    ELSEWHERE,
    FAST,
    LIBRARY,
    RESTARTED,
    ROOT,
    TECHNICIAN,
    after_ms,
    alerts_s,
    alike,
    all_intact,
    count,
    played,
    uses,
    verdicts,
)


def test_every_scenario_of_the_library_is_looked_at():
    assert sorted(TECHNICIAN + FAST + ELSEWHERE) == sorted(path.stem for path in LIBRARY.glob("*.toml"))


fidelities = pytest.mark.parametrize("fidelity", ["fast", pytest.param("vm", marks=pytest.mark.deep)])


@fidelities
def test_in_jammed_air_the_holster_unit_alerts_and_the_camera_follows_as_soon_as_it_hears(fidelity: str):
    _, facts = played("bad_air", fidelity)
    jammed, lossy = uses(facts)
    assert after_ms(jammed, "frame") < 10 and 5000 < after_ms(jammed, "heard") < 6000
    assert alerts_s(facts, "H1")[0] == pytest.approx(7.0, abs=0.1), "two seconds without an answer"
    assert not [at for at in alerts_s(facts, "H1") if at > 11], "no alert once there is an answer"
    assert (lossy["verdict"], lossy["buffer_covers"]) == ("late", True)
    assert facts["air"]["lost"] > facts["air"]["received"] / 2, "half of everything is lost"
    assert all_intact(facts)


@fidelities
def test_of_every_camera_in_trouble_nothing_is_claimed_and_the_officer_is_told(fidelity: str):
    _, facts = played("bad_cameras", fidelity)
    slow, asleep, dead, full, dark, stuck = uses(facts)
    assert (slow["verdict"], asleep["verdict"]) == ("late", "late")
    assert after_ms(slow, "acked") == pytest.approx(2030, abs=150)
    assert after_ms(asleep, "acked") == pytest.approx(5010, abs=150)
    for use in (dead, full, dark):
        assert use["verdict"] == "unwitnessed" and use["acked_at_ms"] is None
    # A dark tally hides a recording that there is: not proven, so not claimed.
    assert dark["recording_at_ms"] is not None
    assert stuck["verdict"] == "before"
    told = [round(at) for at in alerts_s(facts, "H1")]
    assert told == [41, 71, 101, 131, 163], "each at the limit of a start, the last as its camera dies behind its tally"
    assert all_intact(facts)


@fidelities
def test_a_contact_that_fails_costs_a_recording_too_many_and_none_too_few(fidelity: str):
    run, facts = played("bad_sensors", fidelity)
    first, with_stuck, last = uses(facts)
    assert (first["verdict"], last["verdict"]) == ("late", "late")
    # The contact that stuck was taken for a draw ten seconds before the real one: the camera ran already.
    assert after_ms(with_stuck, "recording") < -8000
    assert len(verdicts(facts, "arm")) == 1, "a blip of the safety is no second arming"
    assert len(run.unit("C1").recordings) == 4, "the bouncing contact, too, was followed once at most"
    assert all_intact(facts)


@fidelities
def test_lines_that_cannot_be_believed_cost_a_few_recordings_and_hide_no_use(fidelity: str):
    run, _ = played("bad_lines", fidelity)
    unit = run.unit("H1")
    told = [
        record.fields() for record in unit.reading.records if record.kind == records.EVENT and record.fields().counter
    ]
    draws = [record.uptime_ms for record in unit.reading.records if record.kind == records.EVENT]
    assert len(draws) <= 40, "minutes of noise are not minutes of records"
    real = [event.at_us for event in run.weapon_events if event.event == "draw"]
    aired = [
        unit.when_us(record)
        for record in unit.reading.records
        if record.kind == records.EVENT and record.fields().event == frames.DRAW and record.fields().counter
    ]
    for at_us in real:
        assert any(0 <= aired_us - at_us < 100_000 for aired_us in aired), "each real draw is aired at once"
    assert len(aired) <= len(real) + 8, "what chatters starts a recording a few times, and no more"
    shots = [each for each in told if each.event == frames.DISCHARGE]
    assert len(shots) == 3, "a trigger that is held for five seconds is one; so is the first of the noise"
    causes = [record.fields().cause for record in unit.reading.records if record.kind == records.LINES]
    assert causes.count(lines.FAULT) == 4 and causes.count(lines.SOUND) == 2
    assert len(unit.warnings_us) == 4, "felt once each"


@fidelities
def test_a_power_cut_in_any_flash_operation_loses_no_use(fidelity: str):
    run, facts = played("power_cuts", fidelity)
    assert [unit["boots"] for unit in facts["units"]] == [3, 3]
    assert all_intact(facts)
    for use in uses(facts):
        assert use["recording_at_ms"] is not None and after_ms(use, "recording") < 5000
    assert after_ms(uses(facts)[-1], "heard") < 200, "both units are as they were"
    torn = count(run, "H1", records.TORN) + count(run, "C1", records.TORN)
    assert torn >= 1, "a torn write is told"


@fidelities
def test_a_unit_that_lost_power_in_a_use_goes_on_with_it(fidelity: str):
    run, facts = played("dead_batteries", fidelity)
    events = [record.fields() for record in run.unit("H1").reading.records if record.kind == records.EVENT]
    low = [bool(event.flags & frames.FLAG_LOW_BATTERY) for event in events if event.event == frames.DRAW]
    assert low == [True, False], "the first draw said that the cell is low"
    assert verdicts(facts) == ["late", "late"]
    assert after_ms(uses(facts, "arm")[0], "recording") < 0, "the camera ran on while its unit had no power"
    assert [unit["boots"] for unit in facts["units"]] == [2, 2]
    assert all_intact(facts)


@fidelities
def test_a_flood_fills_no_journal_hides_no_draw_and_starts_a_camera_once_by_replay(fidelity: str):
    run, facts = played("flood", fidelity)
    assert verdicts(facts) == ["late"] * 3
    for use in uses(facts):
        assert after_ms(use, "heard") < 200 and use["buffer_covers"]
    floods = [len(run.pdus_us[f"attacker {number}"]) / 3 for number in (1, 2, 3)]
    assert floods == pytest.approx([200 * 12, 200 * 6, 200 * 12], rel=0.1)
    # A delayed call cannot be told from a replay of an own weapon's old frame: it starts the own camera, once a minute
    # at most, and nobody else's.
    assert [len(run.unit(camera).recordings) for camera in ("C1", "C2")] == [3 + 1, 3]
    assert all(unit["records"] < 60 for unit in facts["units"])
    assert all_intact(facts)


@fidelities
def test_a_stack_that_fails_delays_a_camera_and_loses_none(fidelity: str):
    _, facts = played("tired_radio", fidelity)
    failing, stalled, refused, deaf, unregistered, wedged, dead, missed = uses(facts)
    assert 40 < after_ms(failing, "heard") < 500, "three reports were lost, and the handler is still registered"
    assert after_ms(stalled, "heard") < 31_000, "the scan that heard nobody was started anew"
    assert 200 < after_ms(refused, "frame") < 1000, "the frame that was refused is tried again"
    assert after_ms(deaf, "heard") < 1500
    assert 20 < after_ms(unregistered, "heard") < 5000, "the handler that was dropped is registered again"
    assert 500 < after_ms(wedged, "frame") < 600, "half a second of refusals, and the stack is started anew"
    assert dead["frame_at_ms"] is None and 3500 < after_ms(dead, "recording") < 6500, "the unit restarts, weapon out"
    assert after_ms(missed, "heard") < 100, "a stack that heard nothing had been started anew long before"
    assert all(use["buffer_covers"] for use in uses(facts)[:-2])
    assert [unit["boots"] for unit in facts["units"]] == [2, 1]
    assert all_intact(facts)


@fidelities
def test_what_a_stack_did_is_in_the_journal_at_once_or_counted_seldom(fidelity: str):
    run, _ = played("tired_radio", fidelity)
    told = {
        unit: [(r.fields().what, run.unit(unit).when_us(r)) for r in radio_records(run, unit)] for unit in ("H1", "C1")
    }
    restarts = [(what, at_us // 100_000) for what, at_us in told["H1"] if what != records.RADIO_REFUSED]
    assert restarts == [
        (records.RADIO_STACK, 1705),
        (records.RADIO_STACK, 1905),
        (records.RADIO_STACK, 1915),
        (records.RADIO_RESTART, 1935),
    ]
    kinds = [what for what, _ in told["C1"]]
    counted = [kind for kind in kinds if kind != records.RADIO_STACK]  # a stack's restart is told at once
    assert sorted(set(counted)) == sorted(counted), "each kind once in ten minutes"
    assert {records.RADIO_HANDLER, records.RADIO_SCAN, records.RADIO_REFUSED, records.RADIO_STACK} == set(kinds)
    handler = next(r.fields() for r in radio_records(run, "C1") if r.fields().what == records.RADIO_HANDLER)
    assert handler.count == 3


def radio_records(run: Run, unit: str) -> list[Any]:
    return [record for record in run.unit(unit).reading.records if record.kind == records.RADIO]


def said(run: Run, unit: str, kind: int) -> list[tuple[float, Any]]:
    """(seconds since the world began, fields) of a unit's records of one type."""
    one = run.unit(unit)
    return [(one.when_us(r) / 1e6, r.fields()) for r in one.reading.records if r.kind == kind]


def partner_changes(run: Run, unit: str) -> list[tuple[int, int, int]]:
    """(second, mode, detail) of each change of the partner that this unit watches."""
    return [(round(at_s), f.mode, f.detail) for at_s, f in said(run, unit, records.PARTNER)]


@fidelities
def test_an_announced_function_test_is_coded_and_one_that_took_too_long_is_a_use(fidelity: str):
    run, facts = played("function_test", fidelity)
    for name in ("draw", "arm", "discharge"):
        assert [use["coded"] for use in uses(facts, name)] == ["function test", None, None]
    assert verdicts(facts) == ["late"] * 3 and verdicts(facts, "discharge") == ["before"] * 3
    assert len(run.unit("C1").recordings) == 3, "a test is recorded like any other use"
    modes = [(round(at_s), f.cause, f.seconds) for at_s, f in said(run, "H1", records.MODE)]
    assert {f.mode for _, f in said(run, "H1", records.MODE)} == {records.MODE_FUNCTION_TEST}
    assert modes == [
        (6, records.MODE_BY_BUTTON, 60),
        (19, records.MODE_USE_OVER, 0),
        (46, records.MODE_BY_BUTTON, 60),
        (106, records.MODE_TIME_OVER, 0),
    ]
    assert [round(ms / 1000) for ms in facts["units"][0]["warnings_at_ms"]] == [6, 46], (
        "the officer feels that it is on"
    )
    flags = [f.flags & holster.FLAG_FUNCTION_TEST for _, f in said(run, "H1", records.EVENT) if f.counter]
    assert [bool(flag) for flag in flags] == [True] * 4 + [True] * 2 + [False] * 2 + [False] * 4
    assert all_intact(facts)


@fidelities
def test_who_wears_a_unit_feels_once_that_its_partner_is_not_there_or_not_fit(fidelity: str):
    run, facts = played("readiness", fidelity)
    asleep, awake, away, back, anew = partner_changes(run, "H1")[1:]
    assert 40 < asleep[0] < 53 and asleep[1:] == (watch.POOR, frames.READY_ASLEEP)
    assert 83 < awake[0] < 96 and awake[1] == watch.GOOD
    assert 130 < away[0] < 155 and away[1] == watch.MISSING, "three were not heard"
    assert 220 < back[0] < 245 and back[1] == watch.GOOD
    assert 450 < anew[0] < 455 and anew[1] == watch.GOOD, "it starts anew, and asks at once"
    missing, heard, flat, gone, there = partner_changes(run, "C1")[1:]
    assert 160 < missing[0] < 185 and missing[1] == watch.MISSING
    assert 220 < heard[0] < 245 and heard[1] == watch.GOOD
    assert 280 < flat[0] < 335 and flat[1:] == (watch.POOR, frames.FLAG_LOW_BATTERY)
    assert 390 < gone[0] < 420 and gone[1] == watch.MISSING
    assert 450 < there[0] < 475 and there[1] == watch.GOOD
    # A short buzz for each change to the worse; nothing lights up, and nothing is alerted.
    for unit, worse in (("H1", [asleep, away]), ("C1", [missing, flat, gone])):
        told = next(u for u in facts["units"] if u["id"] == unit)
        assert [round(ms / 1000) for ms in told["warnings_at_ms"]] == [change[0] for change in worse]
        assert told["alerts_at_ms"] == []
    assert facts["uses"] == [] and not run.unit("C1").recordings, "nothing is recorded without a weapon"
    assert all_intact(facts)


@fidelities
def test_two_weapons_drawn_in_one_millisecond_have_one_camera_until_the_last_is_back(fidelity: str):
    run, facts = played("two_officers", fidelity)
    draws = uses(facts)
    assert [use["unit"] for use in draws] == ["H1", "H2", "H3"] and {use["at_ms"] for use in draws} == {10_000}
    for use in draws:
        assert use["own_verdict"] == "late" and after_ms(use, "frame") < 10
        assert after_ms(use, "heard") < 300 and after_ms(use, "acked") < 1200
    assert [use["own_verdict"] for use in uses(facts, "discharge")] == ["before"]
    (recording,) = run.unit("C1").recordings
    assert 36 < (recording.end_us or 0) / 1e6 < 37.5, "settled, then held: H1 was back for 17 seconds by then"
    assert [use["witnesses"] for use in draws] == [["C3"], ["C3"], ["C1"]], "each is a stranger's witness"
    assert all_intact(facts)


@fidelities
def test_eight_cameras_witness_a_use_whose_own_camera_records_and_one_whose_own_is_dead(fidelity: str):
    run, facts = played("eight_witnesses", fidelity)
    eight = sorted(f"C{number}" for number in range(2, 10))
    assert all(use["witnesses"] == eight and use["lone"] is False for use in facts["uses"])
    assert verdicts(facts) == ["late", "late"] and verdicts(facts, "arm") == ["before", "before"]
    alone = [use["own_verdict"] for use in facts["uses"] if use["at_ms"] > 40_000]
    assert alone == ["unwitnessed", "unwitnessed"], "a witness is not the own camera"
    assert [round(at) for at in alerts_s(facts, "H1")] == [50], "and never silences its alert"
    sums = [f for _, f in said(run, "H1", records.USE)]
    assert [(f.witnesses, f.alerts) for f in sums] == [(8, 0), (8, 1)]
    assert all_intact(facts)


@pytest.mark.deep
def test_wrong_clocks_move_no_clock_far_and_are_told():
    _, facts = played("clock_chaos", "vm")
    visits = {(v["do"], v["unit"], round(v["at_ms"] / 1000)): v for v in facts["technician"]}
    assert not visits["sync", "H1", 170]["succeeded"], "an hour is more than a technician may move a clock"
    assert visits["sync", "H1", 200]["succeeded"] and visits["sync", "H1", 305]["succeeded"]
    # A unit without a clock believes an hour; then no technician's credential is valid there any more.
    assert visits["sync", "C1", 335]["succeeded"] and "expired" in visits["sync", "C1", 350]["note"]
    assert verdicts(facts) == ["late"] * 3 and all_intact(facts)


@pytest.mark.deep
def test_a_laptop_that_dies_leaves_nothing_half_done():
    _, facts = played("host_killed", "vm")
    outcomes = [(v["do"], v["unit"], v["succeeded"]) for v in facts["technician"]]
    assert ("pair", "H1", False) in outcomes and ("pull", "H1", False) in outcomes
    assert [ok for do, _, ok in outcomes[-4:]] == [True] * 4
    assert verdicts(facts) == ["late"] and verdicts(facts, "arm") == ["before"]
    assert uses(facts)[0]["acked_at_ms"] is not None, "the pairing that was begun and done again holds"
    assert all_intact(facts)


@pytest.mark.deep
def test_two_docks_serve_four_units_and_keep_each_record_once():
    _, facts = played("two_docks", "vm")
    assert all(visit["succeeded"] for visit in facts["technician"])
    assert all_intact(facts) and len(facts["journals"]) == 4
    assert [use["own_verdict"] for use in uses(facts)] == ["late", "late"]


@pytest.mark.deep
def test_a_weapon_that_changes_hands_is_answered_by_its_new_camera():
    run, facts = played("shift_change", "vm")
    early, late = uses(facts)
    assert [run.own_cameras("H1", round(use["at_ms"] * 1000)) for use in (early, late)] == [("C1",), ("C2",)]
    for use in (early, late):
        assert use["own_verdict"] == "late" and use["buffer_covers"] and after_ms(use, "acked") < 1500
    assert verdicts(facts, "discharge") == ["before"] and all_intact(facts)


@pytest.mark.deep
def test_a_self_test_finds_what_no_draw_has_shown_yet_and_leaves_the_recorder_to_a_weapon():
    run, facts = played("self_test", "vm")
    tests = [(v["unit"], v["note"]) for v in facts["technician"] if v["do"] == "selftest"]
    assert [unit for unit, _ in tests] == ["H1", "C1", "C2", "C3", "C4", "C1"]
    notes = [note for _, note in tests]
    assert notes[:2] == ["nothing failed"] * 2 and notes[5] == "a weapon came first"
    assert "tally stays on" in notes[2] and "no tally" in notes[3] and "no tally" in notes[4]
    # The test's own, and the draw's: a tally that is on keeps a shutter from being pressed, a dead one cannot be.
    assert [len(run.unit(unit).recordings) for unit in ("C2", "C3", "C4")] == [1, 2, 0]
    assert all(recording.end_us is not None for unit in ("C2", "C3") for recording in run.unit(unit).recordings[:1])
    assert len([at for at in run.unit("H1").lights_us if 24e6 < at < 28e6]) == 6, "it blinked to be found"
    assert verdicts(facts) == ["before"], "the test's recording is the weapon's"
    assert verdicts(facts, "discharge") == ["before"] and len(run.unit("C1").recordings) == 2


@pytest.mark.deep
def test_units_are_updated_over_the_air_whatever_breaks_off_and_give_up_what_does_not_work():
    run, facts = played("update", "vm")
    broken, resumed, given_up = [v for v in facts["technician"] if v["do"] == "update"]
    assert not broken["succeeded"] and broken["note"] == "the laptop died meanwhile"
    assert resumed["note"].startswith("0.1.0 to 0.2.0: confirmed") and "gone on from byte" in resumed["note"]
    assert given_up["note"].startswith("0.1.0 to 0.3.0: fell back")
    told = {
        unit: [record.fields() for record in run.unit(unit).reading.records if record.kind == records.UPDATE]
        for unit in ("H1", "C1")
    }
    whole = [updating.READY, updating.SWITCHED]
    assert [fields.phase for fields in told["H1"]] == [*whole, updating.CONFIRMED]
    assert [fields.phase for fields in told["C1"]] == [*whole, updating.FELL_BACK]
    boots = {
        unit: [record.fields()[1:] for record in run.unit(unit).reading.records if record.kind == records.BOOT][-1]
        for unit in ("H1", "C1")
    }
    assert boots == {"H1": (0, 2, 0), "C1": (0, 1, 0)}
    assert verdicts(facts) and verdicts(facts, "arm") == ["before"] and all_intact(facts)


@pytest.mark.deep
def test_an_officers_day_is_proven():
    _, facts = played("patrol_day", "vm")
    assert verdicts(facts) == ["late", "late"] and verdicts(facts, "discharge") == ["before"]
    assert all(use["buffer_covers"] for use in uses(facts))
    assert all(visit["succeeded"] for visit in facts["technician"]) and all_intact(facts)


@pytest.mark.deep
@pytest.mark.parametrize("name", FAST)
def test_both_fidelities_tell_the_same_story(name: str):
    within_ms = 1.0 if name in RESTARTED else 0.0
    fast, vm = (played(name, fidelity)[1]["uses"] for fidelity in ("fast", "vm"))
    assert len(fast) == len(vm)
    for one, other in zip(fast, vm, strict=True):
        apart = {key: (one[key], other[key]) for key in one if not alike(key, one[key], other[key], within_ms)}
        assert not apart, f"{one['unit']} {one['event']} at {one['at_ms']} ms, fast and VM: {apart}"


@pytest.mark.deep
@pytest.mark.parametrize("name", ["clock_chaos", "crowd", "power_cuts", "two_docks", "update"])
def test_twice_the_same_under_other_hash_seeds_and_load(name: str, tmp_path: Path):
    fidelity = "fast" if name == "crowd" else "vm"
    runs = [_start(name, fidelity, tmp_path / seed, seed) for seed in ("1", "2")]  # at the same time: load
    results = []
    for folder, process in runs:
        a_visit_failed = name in ("clock_chaos", "host_killed", "update")
        assert process.wait() == (Exit.DEVICE if a_visit_failed else 0)
        facts = json.loads((folder / "result.json").read_text())
        del facts["wall_s"]
        results.append((facts, (folder / "air.pcap").read_bytes(), (folder / "timeline.svg").read_bytes()))
    assert results[0] == results[1]


def _start(name: str, fidelity: str, folder: Path, hash_seed: str) -> tuple[Path, "subprocess.Popen[bytes]"]:
    interlock = str(Path(sys.executable).parent / "interlock")
    command = [interlock, "simulate", str(LIBRARY / f"{name}.toml")]
    return folder, subprocess.Popen(
        [*command, "--fidelity", fidelity, "--out", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        stdout=subprocess.DEVNULL,
    )
