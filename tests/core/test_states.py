"""What is read from the states of the two machines, and what they begin with."""

from interlock.core import frames, records
from interlock.core.camera_state import (
    FAULT,
    HOLDING,
    INTERRUPTED,
    NOBODY,
    RECORDING,
    STANDBY,
    STARTING,
    UNPROVEN,
    CameraState,
    answer,
    is_believed,
    readiness,
    saturate,
    tally_age_ms,
)
from interlock.core.camera_state import at_boot as camera_at_boot
from interlock.core.holster_state import FLAG_FUNCTION_TEST, STOWED, UNKNOWN, HolsterState, flags_of
from interlock.core.holster_state import at_boot as holster_at_boot
from interlock.core.ticks import PERIOD_MS, ticks_add
from tests.core.station_world import policy_with

NOW = PERIOD_MS - 7


def at(ms):
    return ticks_add(NOW, ms)


def camera(**fields):
    state = CameraState()
    state.tally_at, state.awake_at, state.buffer_ms = at(-1234), at(-99999), 4321
    for name, value in fields.items():
        setattr(state, name, value)
    return state


def values(state):
    return {field: getattr(state, field) for field in state.FIELDS}


def test_a_new_camera_state_has_seen_nothing():
    assert values(CameraState()) == {
        "mode": STANDBY,
        "tally": False,
        "seen_off": True,
        "ours": False,
        "stopping": False,
        "testing": False,
        "restarts": 0,
        "weapons": (),
        "cause": NOBODY,
        "tally_at": 0,
        "awake": True,
        "awake_at": 0,
        "buffer_ms": 0,
        "limit_at": None,
        "hold_at": None,
        "lease_at": None,
        "retry_at": None,
    }


def test_a_new_holster_state_is_seated_safe_and_in_no_mode():
    plain = ("settle", "confirm", "refractory", "report", "renew")
    expected = {"mode": UNKNOWN, "seated": True, "armed": False, "docked": False, "confirmed": False}
    expected.update({"discharges": 0, "conditions": 0, "duty": records.MODE_NORMAL})
    expected.update({name + "_at": None for name in plain})
    expected.update({"duty_until": None, "mute_until": None, "cancel_by": None, "press_by": None})
    assert values(HolsterState()) == expected


def test_a_holster_settles_after_its_time_unless_it_begins_docked():
    policy = policy_with(settle_ms=1001)
    for seated in (True, False):
        for armed in (True, False):
            state = holster_at_boot(seated, armed, False, NOW, policy)
            assert (state.seated, state.armed, state.docked) == (seated, armed, False)
            assert (state.mode, state.settle_at) == (UNKNOWN, at(1001))
    state = holster_at_boot(True, False, True, NOW, policy)
    assert (state.mode, state.docked, state.settle_at) == (STOWED, True, None)


def test_flags_join_conditions_arming_and_an_announced_test():
    state = HolsterState()
    assert flags_of(state) == 0
    state.conditions = 2
    assert flags_of(state) == 2
    state.armed = True
    assert flags_of(state) == 2 | frames.FLAG_ARMED
    state.duty = records.MODE_FUNCTION_TEST
    assert flags_of(state) == 2 | frames.FLAG_ARMED | FLAG_FUNCTION_TEST
    state.duty = records.MODE_TEST
    assert flags_of(state) == 2 | frames.FLAG_ARMED


def test_a_tally_at_boot_proves_only_if_its_begin_was_seen():
    for tally, believed, known, seen_off in (
        (False, False, True, True),
        (False, False, False, False),
        (True, False, True, False),
        (True, True, True, True),
        (False, True, False, True),
    ):
        state = camera_at_boot(tally, True, NOW, believed, is_known=known)
        assert (state.tally, state.seen_off, state.tally_at, state.awake, state.awake_at) == (
            tally,
            seen_off,
            NOW,
            True,
            NOW,
        )
        assert (state.mode, state.testing, state.hold_at, state.limit_at) == (STANDBY, False, None, None)
    assert camera_at_boot(False, False, NOW).awake is False and camera_at_boot(True, True, NOW).seen_off is False


def test_a_loan_that_a_restart_broke_off_is_ended_after_its_time():
    state = camera_at_boot(True, True, NOW, True, 5000, 300)
    assert (state.mode, state.testing, state.hold_at, state.limit_at) == (HOLDING, True, at(5000), None)
    for late_ms, limit in ((300, at(300)), (6000, at(5000)), (0, at(0))):
        state = camera_at_boot(False, True, NOW, False, 5000, late_ms)
        assert (state.mode, state.testing, state.hold_at, state.limit_at) == (STANDBY, True, at(5000), limit)
    assert camera_at_boot(False, True, NOW, False, 5000).limit_at == NOW


def test_the_answer_is_proof_only_of_a_recording_that_is_believed():
    heard, refused = frames.HEARD, frames.REFUSED
    nothing = (heard, frames.REASON_NONE, 0, 0)
    for mode in (RECORDING, HOLDING):
        believed = {"mode": mode, "tally": True, "seen_off": True}
        assert answer(camera(**believed), NOW) == (frames.PROVEN, frames.REASON_NONE, 1234, 4321)
        for doubt in ({"tally": False}, {"seen_off": False}):
            doubted = dict(believed)
            doubted.update(doubt)
            assert answer(camera(**doubted), NOW) == nothing
        assert answer(camera(stopping=True, **believed), NOW) == (heard, frames.REASON_STARTING, 0, 0)
    cases = (
        ({"mode": STANDBY}, nothing),
        ({"mode": STANDBY, "tally": True}, nothing),
        ({"mode": STARTING}, (heard, frames.REASON_STARTING, 0, 0)),
        ({"mode": INTERRUPTED}, (refused, frames.REASON_INTERRUPTED, 0, 0)),
        ({"mode": FAULT}, (refused, frames.REASON_NO_TALLY, 0, 0)),
        ({"mode": FAULT, "awake": False}, (refused, frames.REASON_ASLEEP, 0, 0)),
        ({"mode": UNPROVEN, "tally": True}, (refused, frames.REASON_UNPROVEN, 0, 0)),
        ({"mode": FAULT, "stopping": True}, (heard, frames.REASON_STARTING, 0, 0)),
    )
    for fields, said in cases:
        assert answer(camera(**fields), NOW) == said, fields


def test_readiness_says_the_first_thing_that_is_in_the_way():
    cases = (
        ({}, frames.READY_OK),
        ({"tally": True}, frames.READY_RECORDING),
        ({"tally": True, "awake": False}, frames.READY_RECORDING),
        ({"tally": True, "seen_off": False}, frames.READY_UNPROVEN),
        ({"tally": True, "mode": STARTING}, frames.READY_STARTING),
        ({"tally": True, "stopping": True}, frames.READY_STARTING),
        ({"awake": False}, frames.READY_ASLEEP),
        ({"awake": False, "mode": STARTING}, frames.READY_ASLEEP),
        ({"mode": STARTING}, frames.READY_STARTING),
        ({"stopping": True, "mode": FAULT}, frames.READY_STARTING),
        ({"mode": INTERRUPTED}, frames.READY_INTERRUPTED),
        ({"mode": FAULT}, frames.READY_NO_TALLY),
        ({"mode": HOLDING}, frames.READY_OK),
    )
    for fields, said in cases:
        assert readiness(camera(**fields)) == said, fields


def test_a_tally_is_believed_when_it_was_seen_off_and_no_stop_is_on_its_way():
    assert is_believed(camera()) and not is_believed(camera(seen_off=False))
    assert not is_believed(camera(stopping=True))


def test_the_age_of_a_tally_is_never_negative():
    assert tally_age_ms(camera(), NOW) == 1234 and tally_age_ms(camera(tally_at=at(9)), NOW) == 0


def test_what_lies_further_back_than_a_quarter_period_reads_as_that():
    quarter = PERIOD_MS >> 2
    for field in ("tally_at", "awake_at"):
        state = camera(**{field: at(-quarter)})
        assert saturate(state, NOW) is state
        state = camera(**{field: at(-quarter - 1)})
        kept = saturate(state, NOW)
        assert getattr(kept, field) == at(-quarter) and getattr(state, field) == at(-quarter - 1)
        other = "awake_at" if field == "tally_at" else "tally_at"
        assert getattr(kept, other) == getattr(state, other)
