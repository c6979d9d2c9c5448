"""Each guard and each action of the camera machine by itself: what it asks, what it changes, what it asks for.

The state it is given differs from a new one in every field, so that a change of any would show.
"""

from interlock.core.camera_moves import ACTIONS, GUARDS
from interlock.core.camera_state import (
    ALERT,
    CHANGED,
    EXPIRED,
    LOAN_MS,
    NOBODY,
    PULSE,
    RECORDING,
    RETRY_MS,
    SEVERAL,
    WEAPONS_MAX,
    CameraState,
)
from interlock.core.proof import ALERT_INTERRUPTED, ALERT_NOT_RECORDING
from interlock.core.ticks import PERIOD_MS, ticks_add
from tests.core.station_world import policy_with

NOW = PERIOD_MS - 7  # every deadline is behind the wrap
POLICY = policy_with(start_limit_ms=5001, hold_ms=30002, lease_ms=600003, buffer_ms=30004, stop_after_hold=True)


def at(ms):
    return ticks_add(NOW, ms)


WEAPONS = ((5, at(900)), (6, at(800)))
SOME = "some"  # in place of a truth or a number: any change shows


def busy(**fields):
    """A state with something in every field."""
    state = CameraState()
    for field in CameraState.FIELDS:
        setattr(state, field, SOME)
    state.mode, state.weapons, state.restarts, state.cause = RECORDING, WEAPONS, 3, 5
    state.tally_at, state.awake_at = at(-70000), at(-60000)
    for name, value in fields.items():
        setattr(state, name, value)
    return state


def done(name, data=None, policy=POLICY, **fields):
    """(what the action changes, its effects) of such a state."""
    state, effects = busy(**fields), []
    before = state.copy()
    ACTIONS[name](state, data, NOW, policy, effects)
    names = [field for field in CameraState.FIELDS if getattr(state, field) != getattr(before, field)]
    return {field: getattr(state, field) for field in names}, effects


def agrees(name, data=None, **fields):
    return GUARDS[name](busy(**fields), data, NOW, POLICY)


PULSED = {"limit_at": at(5001), "retry_at": None}
RESTS = ("limit_at", "hold_at", "retry_at")


def with_pulse(**changes):
    changes.update(PULSED)
    return changes


def test_each_action_changes_its_fields_and_no_others_and_asks_for_its_effects():
    pulse = [(PULSE,)]
    resting = {"ours": False, "cause": NOBODY, "stopping": False, "testing": False, "restarts": 0}
    for timer in RESTS:
        resting[timer] = None
    cases = (
        ("start", with_pulse(ours=True, stopping=False, hold_at=None), pulse),
        ("borrow", {"testing": True, "restarts": 0}, []),
        ("restart", with_pulse(restarts=4), pulse),
        ("stop", with_pulse(stopping=True), pulse),
        ("adopt", {"ours": False}, []),
        ("awake", {"awake": True, "awake_at": NOW}, []),
        ("asleep", {"awake": False}, []),
        ("no limit", {"limit_at": None, "retry_at": None, "stopping": False}, []),
        ("no hold", {"hold_at": None, "cause": SEVERAL}, []),
        ("hold no longer", {"hold_at": NOW}, []),
        ("rest", resting, []),
        ("retry later", {"stopping": False, "retry_at": at(RETRY_MS)}, []),
        ("doubt tally", {"seen_off": False, "stopping": False, "testing": False, "ours": False}, []),
        ("changed", {}, [(CHANGED, RECORDING)]),
        ("alert interrupted", {}, [(ALERT, ALERT_INTERRUPTED)]),
        ("alert not recording", {}, [(ALERT, ALERT_NOT_RECORDING)]),
    )
    for name, changes, effects in cases:
        assert done(name) == (changes, effects), name
    told = {name for name, _, _ in cases}
    assert set(ACTIONS) == told | {
        "add weapon", "add trigger", "drop weapon", "drop expired", "tally on", "tally off", "hold"
    }  # fmt: skip


def test_a_recording_is_ours_to_stop_only_where_the_policy_stops_it():
    assert done("start", policy=policy_with(stop_after_hold=False))[0]["ours"] is False


def test_a_hold_lasts_as_the_policy_says_and_a_loan_as_a_test_may():
    assert done("hold", testing=False) == ({"hold_at": at(30002), "restarts": 0}, [])
    assert done("hold", testing=True) == ({"hold_at": at(LOAN_MS), "restarts": 0}, [])


def test_a_weapon_that_is_out_has_a_lease_and_the_earliest_lease_is_the_deadline():
    changes, effects = done("add weapon", 7, cause=NOBODY)
    new = (7, at(600003))
    assert changes == {"weapons": WEAPONS + (new,), "cause": 7, "testing": False, "lease_at": at(800)}
    assert effects == []
    assert done("add weapon", 5)[0] == {
        "weapons": (WEAPONS[1], (5, at(600003))),
        "testing": False,
        "lease_at": at(800),
    }
    assert done("add weapon", 7)[0]["cause"] == SEVERAL and done("add weapon", 6)[0]["cause"] == SEVERAL
    many = tuple([(sender, at(sender)) for sender in range(1, WEAPONS_MAX + 1)])
    assert done("add weapon", 9, weapons=many)[0]["weapons"] == many[1:] + ((9, at(600003)),)
    assert done("add weapon", 9, weapons=many)[0]["lease_at"] == at(2)


def test_a_trigger_of_a_weapon_that_is_known_to_be_out_is_another_use():
    assert done("add trigger", 7, cause=NOBODY)[0]["cause"] == 7
    assert done("add trigger", 5)[0]["cause"] == SEVERAL
    assert done("add trigger", 5, weapons=((5, at(1)),))[0]["weapons"] == ((5, at(600003)),)


def test_a_weapon_that_is_back_is_dropped_with_its_lease():
    assert done("drop weapon", 6) == ({"weapons": WEAPONS[:1], "lease_at": at(900)}, [])
    assert done("drop weapon", 5, weapons=WEAPONS[:1]) == ({"weapons": (), "lease_at": None}, [])
    assert done("drop weapon", 9) == ({"lease_at": at(800)}, [])


def test_leases_that_are_over_are_dropped_and_told():
    weapons = ((5, at(-1)), (6, at(10)), (7, NOW), (8, at(1)))
    changes, effects = done("drop expired", weapons=weapons)
    assert changes == {"weapons": ((6, at(10)), (8, at(1))), "lease_at": at(1)}
    assert effects == [(EXPIRED, 5), (EXPIRED, 7)]


def test_a_recording_holds_what_passed_in_standby_up_to_the_buffer():
    def buffer_ms(off_for_ms, awake_for_ms, told=None):
        fields = {"tally_at": at(-off_for_ms), "awake_at": at(-awake_for_ms)}
        changes, effects = done("tally on", told, **fields)
        assert (changes["tally"], changes["tally_at"], effects) == (True, NOW, [])
        assert set(changes) == {"tally", "tally_at", "buffer_ms"}
        return changes["buffer_ms"]

    assert buffer_ms(70000, 60000) == 30004
    assert buffer_ms(20000, 60000) == 20000 and buffer_ms(60000, 10000) == 10000
    assert buffer_ms(70000, 60000, 15000) == 15000 and buffer_ms(70000, 60000, 40000) == 30004
    assert buffer_ms(70000, 60000, 0) == 0 and buffer_ms(-5, 60000) == 0


def test_a_tally_that_goes_off_is_as_old_as_the_last_proof_and_silence_is_not_seen_off():
    for data, when, seen_off in ((None, 0, True), (0, 0, True), (300, -300, True), (-1, 0, False), (-301, -300, False)):
        changes, effects = done("tally off", data, seen_off=False)
        assert (changes["tally"], changes["tally_at"], effects) == (False, at(when), [])
        assert changes.get("seen_off", False) is seen_off and set(changes) <= {"tally", "tally_at", "seen_off"}
        assert "seen_off" not in done("tally off", data, seen_off=True)[0]


def test_guards_of_the_tally_and_of_who_may_stop():
    for one in (True, False):
        assert agrees("tally on", tally=one) is one and agrees("stopping", stopping=one) is one
        assert agrees("borrowed", testing=one) is one
        for other in (True, False):
            assert agrees("tally on, seen off", tally=one, seen_off=other) is (one and other)
            assert agrees("borrowed, not stopping", testing=one, stopping=other) is (one and not other)
            for tally in (True, False):
                assert agrees("ours", ours=one, testing=other, tally=tally) is ((one or other) and tally)


def test_guards_of_weapons_and_leases():
    assert agrees("other weapons out", 5) and not agrees("other weapons out", 5, weapons=WEAPONS[:1])
    assert agrees("other weapons out", 6, weapons=WEAPONS[:1]) and not agrees("other weapons out", 5, weapons=())
    assert agrees("weapons out") and not agrees("weapons out", weapons=())
    for restarts in (0, 1):
        assert agrees("weapons out, first stop", restarts=restarts) is (restarts == 0)
    assert not agrees("weapons out, first stop", restarts=0, weapons=())
    for until, answer in ((at(1), True), (NOW, False), (at(-1), False)):
        assert agrees("leases left", weapons=((5, at(-5)), (6, until))) is answer
    assert not agrees("leases left", weapons=())


def test_guards_of_what_a_recording_is_for():
    for cause, data, answer in ((5, 5, True), (SEVERAL, 5, False), (6, 5, False)):
        assert agrees("for this draw only", data, cause=cause) is answer
        assert agrees("held for this draw only", data, cause=cause, hold_at=NOW) is answer
        assert agrees("held for this draw only", data, cause=cause, hold_at=None) is False
