"""Stories played in the world, and what the units' journals say of them: each in the fast fidelity, which runs the same
firmware on the same air, and, slowly, in MicroPython VMs; the first two in VMs always."""

from pathlib import Path
from typing import Any

import pytest

from host_tools import journal_file, result
from interlock.core import camera, frames, holster, proof, records
from simulator.played import Run
from simulator.scenario import parse
from simulator.world import play

HOLSTER = {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"]}
CAMERA = {"id": "C1", "role": "camera", "at_m": [0.4, 0.3], "recorder": {"start_delay_ms": 900}}


IN_VMS = (
    "test_a_draw_is_recorded_on_every_profile",
    "test_an_officer_who_stops_the_recording_is_overruled_once",
    "test_a_docked_holster_is_emptied_without_a_draw_but_never_discharged_unseen",
)
played_in = ["vm"]


@pytest.fixture(params=["fast", pytest.param("vm", marks=pytest.mark.deep)], autouse=True)
def fidelity(request: pytest.FixtureRequest) -> None:
    """Of the stories that do not say one."""
    played_in[0] = "vm" if request.node.originalname in IN_VMS else request.param


def story(
    tmp_path: Path,
    *events: tuple[Any, ...],
    units: Any = (HOLSTER, CAMERA),
    fidelity: str | None = None,
    **top: Any,
) -> Run:
    """Play `(at_s, unit, do, {args})` events; `top` overrides the scenario's head."""
    table = {
        "name": "story",
        "duration_s": max(event[0] for event in events) + 20,
        "secret": "story",
        "policy": {"hold_ms": 5000},
        "unit": [dict(unit) for unit in units],
        "event": [{"at_s": e[0], "unit": e[1], "do": e[2], **(e[3] if len(e) > 3 else {})} for e in events],
        **top,
    }
    return play(parse(table, "story"), 1, tmp_path / "air.pcap", None, fidelity or played_in[0])


def said(run: Run, unit: str, kind: int) -> list[Any]:
    return [record.fields() for record in run.unit(unit).reading.records if record.kind == kind]


def modes(run: Run, unit: str) -> list[str]:
    """The modes that a camera unit went through."""
    names = [camera.MODE_NAMES[fields.mode] for fields in said(run, unit, records.RECORDER)]
    return [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]


def judged(run: Run) -> list[dict[str, Any]]:
    verdicts = {u.unit.id: journal_file.check(result.journal_of(u)) for u in run.units}
    uses: list[dict[str, Any]] = result.build(run, 0.0, verdicts)["uses"]
    return uses


@pytest.mark.parametrize("profile", ["esp32", "rp2"])
def test_a_draw_is_recorded_on_every_profile(tmp_path: Path, profile: str) -> None:
    run = story(tmp_path, (5, "H1", "draw"), (8, "H1", "discharge"), (10, "H1", "holster"), profile=profile)
    assert modes(run, "C1") == ["standby", "starting", "recording", "holding", "standby"]
    assert [use["verdict"] for use in judged(run)] == ["late", "before"]


def test_a_combined_unit_records_without_any_other_radio(tmp_path: Path) -> None:
    unit = {"id": "K1", "role": "combined", "at_m": [0, 0]}
    run = story(tmp_path, (5, "K1", "draw"), (8, "K1", "discharge"), (10, "K1", "holster"), units=[unit])
    assert modes(run, "K1") == ["standby", "starting", "recording", "holding", "standby"]
    assert [use["verdict"] for use in judged(run)] == ["late", "before"]
    assert said(run, "K1", records.ALERT) == []


def test_an_officer_who_stops_the_recording_is_overruled_once(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (5, "H1", "draw"),
        (8, "C1", "officer_stops"),
        (12, "C1", "officer_stops"),
        (14, "H1", "discharge"),
        (18, "H1", "holster"),
    )
    assert modes(run, "C1") == [
        "standby", "starting", "recording", "interrupted", "recording", "interrupted", "standby",
    ]  # fmt: skip
    assert [i.cause for i in run.unit("C1").recordings] == ["shutter", "shutter"]
    assert proof.ALERT_PROOF_LOST in [alert.code for alert in said(run, "H1", records.ALERT)]
    assert judged(run)[1]["verdict"] == "unwitnessed"


def test_a_recording_that_the_officer_began_is_before_and_stays_on(tmp_path: Path) -> None:
    run = story(tmp_path, (3, "C1", "officer_starts"), (6, "H1", "draw"), (9, "H1", "holster"))
    assert judged(run)[0]["verdict"] == "before"
    recording = run.unit("C1").recordings[-1]
    assert recording.cause == "hand" and recording.end_us is None


def test_a_sleeping_camera_starts_late_and_claims_no_buffer(tmp_path: Path) -> None:
    run = story(tmp_path, (3, "C1", "camera_falls_asleep"), (5, "H1", "draw"), (12, "H1", "holster"))
    draw = judged(run)[0]
    assert draw["verdict"] == "late" and draw["late_by_ms"] > 3000 and draw["buffer_covers"] is False


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("camera_dies", frames.REASON_ASLEEP), ("camera_is_full", frames.REASON_NO_TALLY)],
)
def test_a_camera_that_does_not_record_says_why_and_the_officer_is_alerted(
    tmp_path: Path, fault: str, reason: int
) -> None:
    run = story(tmp_path, (3, "C1", fault), (5, "H1", "draw"), (14, "H1", "holster"))
    refusals = [ack.kind_reason & 0xF for ack in said(run, "H1", records.ACK) if ack.kind_reason >> 4 == frames.REFUSED]
    assert refusals[0] == reason
    assert proof.ALERT_NOT_RECORDING in [alert.code for alert in said(run, "H1", records.ALERT)]
    assert judged(run)[0]["verdict"] == "unwitnessed"


def test_a_tally_that_is_stuck_proves_nothing(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (0, "C1", "tally_sticks", {"level": "on"}),
        (5, "H1", "draw"),
        (12, "H1", "holster"),
    )
    assert modes(run, "C1")[-1] == "unproven" and run.unit("C1").recordings == []
    assert judged(run)[0]["verdict"] != "before"


def test_a_holster_unit_that_loses_power_in_a_use_calls_again_and_reuses_no_counter(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (5, "H1", "draw"),
        (8, "H1", "battery_change", {"off_s": 3.0}),
        (20, "H1", "discharge"),
        (24, "H1", "holster"),
    )
    events = said(run, "H1", records.EVENT)
    aired = [event.counter for event in events if event.counter]
    assert aired == sorted(set(aired)) and aired[1] > 256
    assert [e.flags & holster.FLAG_AT_BOOT for e in events if e.event == frames.OUT] == [holster.FLAG_AT_BOOT]
    assert judged(run)[1]["verdict"] == "before"


def test_a_camera_unit_that_loses_power_is_missed_and_comes_back(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (5, "H1", "draw"),
        (9, "C1", "battery_change", {"off_s": 10.0}),
        (30, "C1", "officer_stops"),
        (40, "H1", "discharge"),
        (45, "H1", "holster"),
    )
    assert said(run, "H1", records.ALERT)[0].code == proof.ALERT_PROOF_LOST
    assert modes(run, "C1")[3:6] == ["standby", "recording", "interrupted"], "its journal saw this recording begin"
    assert judged(run)[1]["verdict"] == "before"


def test_a_broken_seat_contact_is_a_draw_and_a_fault_but_never_silence(tmp_path: Path) -> None:
    run = story(tmp_path, (5, "H1", "seat_contact_sticks"), (9, "H1", "seat_contact_mends"))
    events = said(run, "H1", records.EVENT)
    assert frames.DRAW in [event.event for event in events]
    assert any(e.event == holster.NOTE_CONDITION and e.flags & frames.FLAG_SENSOR_FAULT for e in events)
    assert modes(run, "C1")[2] == "recording"


def test_a_docked_holster_is_emptied_without_a_draw_but_never_discharged_unseen(tmp_path: Path) -> None:
    run = story(tmp_path, (3, "H1", "dock"), (5, "H1", "draw"), (12, "H1", "discharge"), (20, "H1", "holster"))
    draw, discharge = judged(run)
    assert draw["journalled"] is False
    assert discharge["journalled"] is True and discharge["acked_at_ms"] is not None


def test_a_low_battery_is_journalled_and_rides_on_the_frames(tmp_path: Path) -> None:
    run = story(tmp_path, (1, "H1", "battery", {"mv": 3300}), (40, "H1", "draw"), (44, "H1", "holster"))
    heard = [h for h in said(run, "C1", records.HEARD) if h.event_flags >> 4 == frames.DRAW]
    assert heard[0].event_flags & frames.FLAG_LOW_BATTERY
    own = {event.event: event.flags & frames.FLAG_LOW_BATTERY for event in said(run, "H1", records.EVENT)}
    assert own[frames.DRAW], "and of the unit's own journal"


def test_units_whose_clocks_nobody_set_know_their_partners_only(tmp_path: Path) -> None:
    units = [
        HOLSTER,
        CAMERA,
        {"id": "H2", "role": "holster", "at_m": [2, 0], "cameras": ["C2"]},
        {"id": "C2", "role": "camera", "at_m": [2.4, 0.3]},
    ]
    run = story(tmp_path, (5, "H1", "draw"), (5, "H2", "draw"), (9, "H1", "holster"), (9, "H2", "holster"), units=units)
    assert [use["own_verdict"] for use in judged(run)] == ["late", "late"]
    for camera_id, number in (("C1", 1), ("C2", 3)):
        assert {heard.sender for heard in said(run, camera_id, records.HEARD)} == {number}


def test_a_draw_in_test_mode_or_kept_by_policy_starts_no_camera_and_is_journalled(tmp_path: Path) -> None:
    policy = {"hold_ms": 5000, "on_draw": 0}
    run = story(tmp_path, (5, "H1", "draw"), (9, "H1", "holster"), (20, "H1", "draw"), (22, "H1", "arm"), policy=policy)
    kept, drawn, armed = judged(run)
    assert kept["journalled"] and kept["frame_at_ms"] is None and kept["verdict"] == "unwitnessed"
    assert drawn["frame_at_ms"] is None and drawn["verdict"] == armed["verdict"] == "late"
    assert len(run.unit("C1").recordings) == 1 and kept["coded"] is None, "a policy is no exemption"


def test_a_lossy_air_costs_time_and_nothing_else(tmp_path: Path) -> None:
    run = story(tmp_path, (5, "H1", "draw"), (8, "H1", "arm"), (10, "H1", "holster"), loss=0.6)
    assert [use["verdict"] for use in judged(run)] == ["late", "before"]
    assert said(run, "H1", records.ALERT) == []


def test_a_bouncing_safety_is_no_second_arming(tmp_path: Path) -> None:
    clicks = [(6.0 + i, "H1", "arm" if i % 2 == 0 else "safe") for i in range(20)]
    run = story(tmp_path, (5, "H1", "draw"), *clicks, (30, "H1", "holster"))
    events = [event.event for event in said(run, "H1", records.EVENT)]
    assert events.count(frames.ARM) == 10 and events.count(holster.NOTE_SAFE) == 10


def test_a_contact_that_the_loop_meets_open_in_its_bounce_is_one_arming_and_one_end_of_it(tmp_path: Path) -> None:
    """As a live world once had it: closed, met open, closed for good; and armed, open for a moment, still armed."""
    bounce = ((7, "H1", "safety_blips"), (7.005, "H1", "arm"))
    off, mended = {"line": "armed", "level": "off"}, {"line": "armed"}
    gap = ((9, "H1", "line_sticks", off), (9.015, "H1", "line_mends", mended))
    run = story(tmp_path, (5, "H1", "draw"), *bounce, *gap, (12, "H1", "holster"))
    armings = (frames.ARM, holster.NOTE_SAFE)
    events = [event for event in said(run, "H1", records.EVENT) if event.event in armings]
    assert [event.event for event in events] == [*armings]
    aired = {frame.counter for frame in run.frames if frame.source == "H1" and frame.event == frames.ARM}
    assert len(aired) == 1


def test_a_weapon_that_is_out_for_long_never_airs_a_counter_that_a_power_cut_could_repeat(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (5, "H1", "draw"),
        (900, "H1", "battery_change", {"off_s": 2.0}),
        (910, "H1", "discharge"),
        (915, "H1", "holster"),
        fidelity="fast",
    )
    aired = [frame for frame in run.frames if frame.source == "H1" and frame.counter is not None]
    assert len(aired) > 400 and len({frame.counter for frame in aired}) == len(aired)


def test_a_tally_that_sticks_after_the_stop_pulse_is_never_before(tmp_path: Path) -> None:
    for second_draw in (14, 19):
        run = story(
            tmp_path,
            (5, "H1", "draw"),
            (10, "H1", "holster"),
            (12.5, "C1", "tally_sticks", {"level": "on"}),
            (second_draw, "H1", "draw"),
            (second_draw + 6, "H1", "discharge"),
            (second_draw + 8, "H1", "holster"),
            policy={"hold_ms": 2000},
        )
        assert [use["verdict"] for use in judged(run)][1:] == ["indeterminate", "indeterminate"]
        assert said(run, "H1", records.ALERT)


def test_a_tally_that_is_on_without_accessory_voltage_is_never_before(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (5, "H1", "draw"),
        (8, "C1", "tally_sticks", {"level": "on"}),
        (9, "C1", "camera_dies"),
        (12, "H1", "discharge"),
        (15, "H1", "holster"),
    )
    assert judged(run)[1]["verdict"] == "indeterminate"


@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.deep)])
def test_a_combined_unit_airs_each_counter_once(tmp_path: Path, stride: int) -> None:
    units = [
        {"id": "X1", "role": "combined", "at_m": [0, 0]},
        {"id": "C2", "role": "camera", "at_m": [1, 0]},
        {"id": "X3", "role": "combined", "at_m": [2, 0]},
    ]
    for late_ms in range(0, 8, stride):
        run = story(
            tmp_path,
            (5, "X3", "draw"),
            (10, "X3", "holster"),
            (12, "X1", "tally_sticks", {"level": "on"}),
            (14, "X3", "draw"),
            (18.159 + late_ms / 1000, "X1", "draw"),
            (22, "X1", "holster"),
            units=units,
            policy={"hold_ms": 2000},
            clocks=True,
            fidelity="fast",
        )
        aired = [frame.counter for frame in run.frames if frame.source == "X1" and frame.counter]
        assert len(aired) == len(set(aired))
        journalled = [e.counter for e in said(run, "X1", records.EVENT) if e.event == frames.DRAW]
        heard = [
            h.counter for h in said(run, "C2", records.HEARD) if (h.sender, h.event_flags >> 4) == (1, frames.DRAW)
        ]
        assert journalled == heard


def test_two_discharges_close_together_are_told_apart_and_one_without_power_is_not_invented(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (5, "H1", "draw"),
        (8, "H1", "discharge"),
        (8.5, "H1", "discharge"),
        (12, "H1", "battery_change", {"off_s": 0.3}),
        (12.1, "H1", "discharge"),
        (16, "H1", "discharge"),
        (20, "H1", "holster"),
    )
    uses = judged(run)
    assert [use["journalled"] for use in uses] == [True, True, True, False, True]
    assert all(use["frame_at_ms"] >= use["at_ms"] for use in uses if use["journalled"])
    assert uses[3]["verdict"] == "indeterminate"


def test_a_small_pre_event_buffer_covers_no_more_than_it_holds(tmp_path: Path) -> None:
    camera_unit = {**CAMERA, "recorder": {"start_delay_ms": 900, "buffer_ms": 300}}
    run = story(tmp_path, (40, "H1", "draw"), (45, "H1", "holster"), units=(HOLSTER, camera_unit))
    assert judged(run)[0]["buffer_covers"] is False


def test_a_blip_of_the_armed_contact_is_no_second_arming(tmp_path: Path) -> None:
    run = story(
        tmp_path,
        (5, "H1", "draw"),
        (6, "H1", "arm"),
        (8, "H1", "discharge"),
        (9, "H1", "safety_blips"),
        (12, "H1", "holster"),
    )
    assert [e.event for e in said(run, "H1", records.EVENT)].count(frames.ARM) == 1


def test_nothing_is_recorded_without_cause_and_only_announcements_are_aired(tmp_path: Path) -> None:
    run = story(tmp_path, (60, "H1", "battery", {"mv": 3900}))
    assert {frame.event for frame in run.frames} <= {*frames.READINESS, *frames.PRESENCE}
    assert run.unit("C1").recordings == [] and run.unit("H1").warnings_us == []
