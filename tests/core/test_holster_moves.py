"""Each guard and each action of the holster machine by itself: what it asks, what it changes, what it asks for.

The state it is given differs from a new one in every field, so that a change of any would show.
"""

from interlock.core import frames, records
from interlock.core.holster_moves import ACTIONS, GUARDS
from interlock.core.holster_state import (
    AIR,
    BEACON,
    FLAG_AT_BOOT,
    FLAG_FUNCTION_TEST,
    FLAG_TEST,
    FLAG_UNCONFIRMED,
    MODED,
    NOTE,
    NOTE_CONDITION,
    NOTE_HOLSTERED,
    NOTE_SAFE,
    NOTE_STOWED,
    PRESS_TWICE_MS,
    QUIET,
    USE_BEGINS,
    USE_ENDS,
    HolsterState,
)
from interlock.core.settings import DEFAULT_POLICY, REACH_GROUP, REACH_JOURNAL
from interlock.core.ticks import PERIOD_MS, ticks_add
from tests.core.station_world import policy_with

NOW = PERIOD_MS - 7  # every deadline is behind the wrap
LATER, BEFORE = ticks_add(NOW, 1), ticks_add(NOW, -1)
COND = 4
FLAGS = COND | frames.FLAG_ARMED
POLICY = policy_with(
    settle_ms=1001,
    confirm_ms=52,
    refractory_ms=203,
    report_ms=3004,
    renew_ms=2005,
    cancel_ms=10006,
    mute_ms=600007,
    test_ms=60008,
)


def at(ms):
    return ticks_add(NOW, ms)


def busy(**fields):
    """A state with something in every field."""
    state = HolsterState()
    state.mode, state.seated, state.armed, state.docked, state.confirmed = 2, None, True, None, None
    state.discharges, state.conditions, state.duty = 3, COND, records.MODE_NORMAL
    for place, (timer, _) in enumerate(HolsterState.TIMERS):
        setattr(state, timer, at(500000 + place))
    for name, value in fields.items():
        setattr(state, name, value)
    return state


def done(name, data=None, policy=POLICY, **fields):
    """(what the action changes, its effects) of such a state."""
    state, effects = busy(**fields), []
    before = state.copy()
    ACTIONS[name](state, data, NOW, policy, effects)
    changes = {}
    for field in HolsterState.FIELDS:
        if getattr(state, field) is not getattr(before, field) and getattr(state, field) != getattr(before, field):
            changes[field] = getattr(state, field)
    return changes, effects


def agrees(name, data=None, policy=POLICY, **fields):
    return GUARDS[name](busy(**fields), data, NOW, policy)


def moded(mode, cause, ms=0):
    return (MODED, mode, cause, ms)


def both(one, other):
    """MicroPython has no `{**one, **other}`."""
    joined = dict(one)
    joined.update(other)
    return joined


OVER = {"discharges": 0, "confirmed": False, "settle_at": None, "report_at": None}
PLAIN = (
    ("level out", {"seated": False, "settle_at": None, "confirm_at": at(52)}, []),
    ("level in", {"seated": True, "settle_at": at(1001)}, []),
    ("level safe", {"armed": False}, []),
    ("settle", {"settle_at": at(1001)}, []),
    ("no settle", {"settle_at": None}, []),
    ("cancel allowed", {"cancel_by": at(10006)}, []),
    ("no cancel", {"cancel_by": None}, []),
    ("remember press", {"press_by": at(PRESS_TWICE_MS)}, []),
    ("begin use", both(OVER, {"cancel_by": None, "press_by": None, "renew_at": at(2005)}), [(USE_BEGINS,)]),
    ("begin unaired", OVER, []),
    (
        "end use",
        {"renew_at": None, "settle_at": None, "confirm_at": None, "report_at": at(3004)},
        [(USE_ENDS,)],
    ),
    ("count discharge", {"discharges": 4, "refractory_at": at(203)}, []),
    ("goes on", {"refractory_at": at(203)}, []),
    ("renew later", {"renew_at": at(2005)}, []),
    ("report again", {"report_at": at(3004), "cancel_by": None}, []),
    ("confirm", {"confirmed": True}, []),
    ("undock", {"docked": False}, []),
    ("quiet", {}, [(QUIET,)]),
    ("air draw", {}, [(AIR, frames.DRAW, FLAGS)]),
    ("air arm", {}, [(AIR, frames.ARM, FLAGS)]),
    ("air arm, order fault", {}, [(AIR, frames.ARM, FLAGS | frames.FLAG_ORDER_FAULT)]),
    ("air discharge", {}, [(AIR, frames.DISCHARGE, FLAGS)]),
    ("air discharge, order fault", {}, [(AIR, frames.DISCHARGE, FLAGS | frames.FLAG_ORDER_FAULT)]),
    ("air out", {}, [(AIR, frames.OUT, FLAGS | FLAG_AT_BOOT)]),
    ("air still out", {}, [(AIR, frames.OUT, FLAGS)]),
    ("air stow", {}, [(AIR, frames.STOW, FLAGS)]),
    ("air cancel", {}, [(AIR, frames.CANCEL, FLAGS)]),
    ("beacon", {}, [(BEACON, frames.OUT, FLAGS)]),
    ("note draw", {}, [(NOTE, frames.DRAW, FLAGS)]),
    ("note arm", {}, [(NOTE, frames.ARM, FLAGS)]),
    ("note reholster", {}, [(NOTE, frames.REHOLSTER, FLAGS)]),
    ("note holstered", {}, [(NOTE, NOTE_HOLSTERED, FLAGS)]),
    ("note stowed", {}, [(NOTE, NOTE_STOWED, FLAGS)]),
    ("note safe", {}, [(NOTE, NOTE_SAFE, FLAGS)]),
    ("mute", {"mute_until": at(600007)}, [moded(records.MODE_MUTE, records.MODE_BY_BUTTON, 600007)]),
    ("mute over", {}, [moded(records.MODE_MUTE, records.MODE_TIME_OVER)]),
    ("normal", {"mute_until": None}, [moded(records.MODE_MUTE, records.MODE_BY_SESSION)]),
    ("use over: modes end", {"mute_until": None}, [moded(records.MODE_MUTE, records.MODE_USE_OVER)]),
    (
        "armed: modes end",
        {"cancel_by": None, "mute_until": None},
        [moded(records.MODE_MUTE, records.MODE_ARMED)],
    ),
    (
        "discharged: modes end",
        {"cancel_by": None, "mute_until": None},
        [moded(records.MODE_MUTE, records.MODE_DISCHARGED)],
    ),
    (
        "no press counts",
        {"press_by": None, "mute_until": None},
        [moded(records.MODE_MUTE, records.MODE_BUTTON_NOISY)],
    ),
    ("mode over", {}, []),
)


def test_each_action_changes_its_fields_and_no_others_and_asks_for_its_effects():
    for name, changes, effects in PLAIN:
        assert done(name) == (changes, effects), name


def test_levels_and_facts_are_taken_as_they_come():
    assert done("level armed", armed=False) == ({"armed": True}, [])
    assert done("dock", True) == ({"docked": True}, []) and done("dock", False) == ({"docked": False}, [])
    conditions = {"conditions": 2}, [(NOTE, NOTE_CONDITION, 2 | frames.FLAG_ARMED)]
    assert done("take conditions", 2) == conditions
    assert done("settle if seated", seated=True) == ({"settle_at": at(1001)}, [])
    assert done("settle if seated", seated=False) == ({}, [])
    assert done("count discharge", discharges=255)[0] == {"refractory_at": at(203)}
    assert done("cancel allowed", policy=policy_with(cancel_ms=0)) == ({"cancel_by": None}, [])


def test_a_mode_is_begun_for_its_time_and_ends_the_one_before():
    cases = (("take test", records.MODE_TEST), ("take function test", records.MODE_FUNCTION_TEST))
    for name, mode in cases:
        for asked, ms in ((5000, 5000), (60009, 60008), (0, 1), (None, 1), (1, 1)):
            changes = {"duty": mode, "duty_until": at(ms), "press_by": None}
            assert done(name, asked) == (changes, [moded(mode, records.MODE_BY_SESSION, ms)])
    was = records.MODE_TEST
    changes, effects = done("announce test", duty=was)
    assert changes == {"duty": records.MODE_FUNCTION_TEST, "duty_until": at(60008), "press_by": None}
    by = records.MODE_BY_BUTTON
    assert effects == [moded(was, by), moded(records.MODE_FUNCTION_TEST, by, 60008)]
    assert done("take test", 9, duty=records.MODE_FUNCTION_TEST)[1][0] == moded(
        records.MODE_FUNCTION_TEST, records.MODE_BY_SESSION
    )


def test_muting_lasts_as_asked_and_allowed_and_not_at_all_where_it_is_not():
    by = records.MODE_BY_SESSION
    for asked, ms in ((1, 1), (5000, 5000), (700000, 600007)):
        assert done("take mute", asked) == ({"mute_until": at(ms)}, [moded(records.MODE_MUTE, by, ms)])
    for asked in (0, None):
        assert done("take mute", asked) == ({}, [])
    never = policy_with(mute_ms=0)
    assert done("mute", policy=never) == done("take mute", 5000, policy=never) == ({}, [])


def test_what_ends_a_mode_says_why_and_ends_no_other():
    ends = {"duty": records.MODE_NORMAL, "duty_until": None}
    causes = (
        ("mode over", records.MODE_TIME_OVER, True, True),
        ("use over: modes end", records.MODE_USE_OVER, True, True),
        ("normal", records.MODE_BY_SESSION, True, True),
        ("armed: modes end", records.MODE_ARMED, True, False),
        ("discharged: modes end", records.MODE_DISCHARGED, True, False),
        ("no press counts", records.MODE_BUTTON_NOISY, False, True),
    )
    for name, cause, ends_test, ends_function_test in causes:
        for mode, is_ended in ((records.MODE_TEST, ends_test), (records.MODE_FUNCTION_TEST, ends_function_test)):
            changes, effects = done(name, duty=mode, mute_until=None)
            kept = {field: value for field, value in changes.items() if field in ends}
            assert (kept, effects) == ((ends, [moded(mode, cause)]) if is_ended else ({}, [])), (name, mode)


def test_what_is_journalled_only_says_that_it_was_in_test_mode():
    for name, event in (("note draw", frames.DRAW), ("note arm", frames.ARM), ("note reholster", frames.REHOLSTER)):
        assert done(name, duty=records.MODE_TEST)[1] == [(NOTE, event, FLAGS | FLAG_TEST)]
        announced = [(NOTE, event, FLAGS | FLAG_FUNCTION_TEST)]
        assert done(name, duty=records.MODE_FUNCTION_TEST)[1] == announced


def test_a_return_without_any_sign_of_a_draw_says_that_it_was_not_confirmed():
    nothing = {"confirmed": False, "discharges": 0, "armed": False}
    assert done("air reholster", **nothing)[1] == [(AIR, frames.REHOLSTER, COND | FLAG_UNCONFIRMED)]
    for sign in ({"confirmed": True}, {"discharges": 1}):
        assert done("air reholster", **both(nothing, sign))[1] == [(AIR, frames.REHOLSTER, COND)]
    assert done("air reholster", **both(nothing, {"armed": True}))[1] == [(AIR, frames.REHOLSTER, FLAGS)]


def test_deadlines_that_guards_ask_for_are_over_at_their_tick():
    for name, field in (("can be cancelled", "cancel_by"), ("pressed before", "press_by")):
        for deadline, answer in ((LATER, True), (NOW, False), (BEFORE, False), (None, False)):
            assert agrees(name, seated=True, **{field: deadline}) is answer
    assert not agrees("can be cancelled", seated=False, cancel_by=LATER)
    for name in ("not refractory", "not refractory, armed"):
        for deadline, answer in ((LATER, False), (NOW, True), (BEFORE, True), (None, True)):
            assert agrees(name, refractory_at=deadline) is answer
    assert not agrees("not refractory, armed", armed=False, refractory_at=None)


def test_guards_of_levels_and_counts():
    for seated in (True, False):
        assert agrees("seated", seated=seated) is seated and agrees("not seated", seated=seated) is not seated
        for docked in (True, False):
            assert agrees("seated, not docked", seated=seated, docked=docked) is (seated and not docked)
    for armed in (True, False):
        assert agrees("armed", armed=armed) is armed
        for discharges in (0, 1):
            answer = not armed and discharges == 0
            assert agrees("bare draw", armed=armed, discharges=discharges) is answer
    assert agrees("changed", COND + 1) and not agrees("changed", COND)


def test_what_the_policy_keeps_to_the_journal_and_what_test_mode_does():
    silent = policy_with(on_draw=REACH_JOURNAL, on_arm=REACH_JOURNAL)
    for policy, is_kept in ((silent, True), (DEFAULT_POLICY, False)):
        assert agrees("arming not aired", policy=policy) is is_kept
        for duty in (records.MODE_NORMAL, records.MODE_FUNCTION_TEST, records.MODE_TEST):
            is_silent = is_kept or duty == records.MODE_TEST
            assert agrees("draw not aired", policy=policy, duty=duty) is is_silent
            assert agrees("draw aired", policy=policy, duty=duty) is not is_silent
            for seated in (True, False):
                answer = not seated and duty == records.MODE_TEST and not is_kept
                assert agrees("out in test", policy=policy, duty=duty, seated=seated) is answer
    assert DEFAULT_POLICY.on_draw == DEFAULT_POLICY.on_arm == REACH_GROUP


def test_every_guard_and_action_is_spoken_of_here():
    told = {name for name, _, _ in PLAIN}
    told |= {"level armed", "dock", "take conditions", "settle if seated", "take test", "take function test"}
    told |= {"announce test", "take mute", "air reholster"}
    assert told == set(ACTIONS)
