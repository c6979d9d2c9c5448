"""Which slot starts: the table of `slots.py`, against what a unit's owner would ask of it."""

from hypothesis import given
from hypothesis import strategies as st

from interlock_loader import slots
from interlock_loader.slots import (
    ARRIVES,
    BOOT,
    CONFIRMED,
    CRASHED,
    EXPECT,
    FIRST,
    HEALTHY,
    INSTALLED,
    NONE,
    TRIAL,
    TRIES,
    TRIES_TO_GO_BELOW,
    gives_up,
    pack,
    step,
    unpack,
)

OLD, NEW = (0, 1, 0), (0, 2, 0)
BOTH = (OLD, NEW)


# Each slot holds what was healthy here once.
PROVEN = FIRST._replace(proven=3)  # an update was confirmed, some time


def after(state, *events, versions=BOTH):
    for event, data in events:
        state = step(state, event, data, versions)
    return state


ON_TRIAL = after(FIRST, (INSTALLED, 1))
PLAIN, BAD = (BOOT, False), (BOOT, True)


def test_a_release_on_trial_is_tried_three_times_and_then_left():
    state = ON_TRIAL
    for _ in range(TRIES):
        state = after(state, PLAIN)
        assert (state.active, state.standing) == (1, TRIAL)
    state = after(state, PLAIN)
    assert (state.active, state.standing, state.fell_from) == (0, CONFIRMED, NEW)
    assert after(state, *[PLAIN] * 20) == state


def test_a_release_that_is_healthy_once_stays():
    state = after(ON_TRIAL, PLAIN, PLAIN, PLAIN, (HEALTHY, OLD), *[PLAIN] * 20)
    assert (state.active, state.standing, state.floor, state.fell_from) == (1, CONFIRMED, OLD, NONE)


def test_power_cuts_are_no_witness_against_a_confirmed_release():
    assert after(FIRST, *[PLAIN] * 100) == FIRST


def test_three_resets_in_a_row_that_nobody_meant_are():
    state = after(PROVEN, BAD, PLAIN, BAD)
    assert (state.active, state.tries, state.bad_boots) == (0, 2, 2)
    state = after(state, BAD)
    assert (state.active, state.standing, state.fell_from) == (1, CONFIRMED, OLD)


def test_what_only_arrived_is_never_more_than_tried():
    """Nobody switched to it: when the confirmed one fails it has three boots like any other, and then goes."""
    received = after(PROVEN, (ARRIVES, 1))
    assert received.proven == 1
    state = after(received, BAD, BAD, BAD)
    assert (state.active, state.standing, state.tries, state.fell_from) == (1, TRIAL, 1, OLD)
    state = after(state, PLAIN, PLAIN)
    assert (state.active, state.standing, state.tries) == (1, TRIAL, 3)
    state = after(state, PLAIN)
    assert (state.active, state.standing, state.fell_from) == (0, CONFIRMED, NEW)


def test_what_was_healthy_once_is_not_tried_again():
    state = after(PROVEN, (ARRIVES, 1), (INSTALLED, 1), PLAIN, (HEALTHY, OLD))
    assert state.proven == 3
    back = after(state, *[BAD] * 3)
    assert (back.active, back.standing) == (0, CONFIRMED)


def test_another_release_in_a_slot_takes_nothing_over_from_the_one_before():
    fallen = after(ON_TRIAL, *[PLAIN] * 4)
    assert fallen.failed == 2
    assert after(fallen, (ARRIVES, 1)).failed == 0
    assert after(PROVEN, (INSTALLED, 1)).proven == 1


def test_what_was_left_because_it_is_no_longer_whole_is_told_as_well():
    assert after(ON_TRIAL, PLAIN, versions=(OLD, None)).fell_from == slots.NOT_WHOLE


def test_a_crash_is_told_from_a_restart_that_was_meant():
    crashed = after(FIRST, (CRASHED, b"mark"))
    assert crashed.expected == slots.BY_CRASH
    assert after(crashed, PLAIN, (EXPECT, None)).expected == 1


def test_a_lone_release_that_was_never_tried_starts_all_the_same():
    state = after(PROVEN, (ARRIVES, 1), *[PLAIN] * 9, versions=(None, NEW))
    assert (state.active, state.standing) == (1, TRIAL)


def test_a_healthy_boot_between_them_begins_the_count_anew():
    assert after(FIRST, BAD, BAD, (HEALTHY, OLD), BAD, BAD).active == 0


def test_a_reset_that_was_meant_does_not_count():
    state = FIRST
    for _ in range(20):
        state = after(state, (EXPECT, None), BAD)
    assert (state.active, state.tries, state.expected) == (0, 0, 0)


def test_an_exception_counts_once_whatever_the_reset_behind_it_looks_like():
    state = after(FIRST, (CRASHED, b"mark"), BAD)
    assert (state.tries, state.crash) == (1, b"mark")
    state = after(state, (CRASHED, b"mark"), BAD, (CRASHED, b"mark"), BAD)
    assert (state.active, state.fell_from) == (1, OLD)


def test_what_is_below_the_floor_is_gone_back_to_only_when_the_other_one_fails_again_and_again():
    state = after(ON_TRIAL, PLAIN, (HEALTHY, NEW))
    assert state.floor == NEW
    state = after(state, *[BAD] * (TRIES_TO_GO_BELOW - 1))
    assert state.active == 1
    assert after(state, BAD).active == 0


def test_a_slot_that_is_not_whole_is_left_at_once():
    assert after(ON_TRIAL, PLAIN, versions=(OLD, None)).active == 0
    assert after(ON_TRIAL, *[PLAIN] * 9, versions=(None, NEW)).active == 1


def test_when_both_fail_they_take_turns():
    state, started = ON_TRIAL, []
    for _ in range(12):
        state = after(state, PLAIN)
        started.append(state.active)
        state = after(state, (CRASHED, b"mark"))
    assert started == [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_only_when_each_has_had_its_tries_a_unit_pauses():
    state, paused = ON_TRIAL, []
    for _ in range(7):
        state = after(state, PLAIN, (CRASHED, b"mark"))
        paused.append(gives_up(state, BOTH))
    assert paused == [False] * 5 + [True] + [False]


def test_a_new_release_forgets_what_was_held_against_its_slot():
    fallen = after(ON_TRIAL, *[PLAIN] * 4)
    assert fallen.failed == 2
    state = after(fallen, (INSTALLED, 1))
    assert (state.failed, state.standing, state.tries, state.fell_from) == (0, TRIAL, 0, NONE)


def test_a_lost_state_tries_the_newest_release():
    """It may have been received only. The one before it is what there is to go back to."""
    state = slots.unknown((OLD, NEW), (NONE, NONE))
    assert (state.active, state.standing, state.proven) == (1, TRIAL, 0)
    assert after(state, *[PLAIN] * 4).active == 0
    assert slots.unknown((NEW, OLD), (NONE, NONE)).active == 0


def test_of_a_lost_state_a_lone_release_is_the_one_that_ran():
    state = slots.unknown((None, OLD), (None, NONE))
    assert (state.active, state.standing, state.proven) == (1, CONFIRMED, 2)
    assert slots.unknown((None, None), (None, None)).active == 0


def test_a_lost_state_keeps_the_highest_floor_that_all_releases_are_above():
    assert slots.unknown((OLD, NEW), (OLD, NONE)).floor == OLD
    assert slots.unknown((OLD, NEW), (NONE, NEW)).floor == OLD, "what may only have arrived forbids nothing"
    assert slots.unknown((None, NEW), (None, NEW)).floor == NEW


versions = st.sampled_from([None, OLD, NEW])
events = st.one_of(
    st.tuples(st.just(BOOT), st.booleans()),
    st.tuples(st.just(CRASHED), st.binary(min_size=4, max_size=4)),
    st.tuples(st.sampled_from([INSTALLED, ARRIVES]), st.integers(0, 1)),
    st.tuples(st.just(HEALTHY), st.sampled_from([NONE, OLD, NEW])),
    st.tuples(st.just(EXPECT), st.none()),
)


@given(st.lists(st.tuples(events, st.tuples(versions, versions)), max_size=40))
def test_a_unit_never_starts_nothing_while_something_whole_is_there(story):
    """And its state can be kept, its floor never falls, and no slot is left before it has had its tries."""
    state = FIRST
    for (event, data), there in story:
        before, state = state, step(state, event, data, there)
        assert unpack(pack(state)) == state
        assert state.floor >= before.floor
        if event != BOOT:
            assert event == INSTALLED or state.active == before.active
            continue
        assert there[state.active] is not None or there == (None, None)
        if state.active != before.active and there[before.active] is not None:
            assert before.tries >= (TRIES if data is False or before.standing == TRIAL else TRIES - 1)
        assert (state.standing == CONFIRMED) == bool(state.proven & 1 << state.active), "confirmed by its health alone"


@given(st.lists(events, max_size=30), st.integers(0, 1), st.booleans())
def test_a_slot_that_was_never_healthy_and_hangs_for_good_is_left_after_three_boots(story, hangs, is_reset):
    """It may hang before it has a watchdog of its own: only on trial does the loader's guard it."""
    state = FIRST
    for event in [*story, (ARRIVES, hangs)]:
        if state.active != hangs or event[0] != HEALTHY:
            state = after(state, event)
    ran = 0
    for _ in range(3 * TRIES_TO_GO_BELOW):
        state = after(state, (BOOT, is_reset))
        ran = ran + 1 if state.active == hangs else 0
        assert not ran or state.standing == TRIAL
        assert ran <= TRIES_TO_GO_BELOW


@given(st.lists(events, max_size=30))
def test_whatever_happened_a_release_that_works_is_running_after_a_few_boots(story):
    """One slot works (healthy at each boot), the other one crashes at each."""
    for works in (0, 1):
        state = after(FIRST, *story)
        for _ in range(TRIES_TO_GO_BELOW + 1):
            state = after(state, PLAIN)
            if state.active == works:
                state = after(state, (HEALTHY, NONE))
                break
            state = after(state, (CRASHED, b"mark"))
        assert state.active == works
        assert after(state, *[PLAIN] * 5).active == works


@given(st.binary(max_size=40))
def test_rubbish_is_no_state(data):
    assert unpack(data) is None


def test_a_changed_bit_is_noticed():
    good = pack(ON_TRIAL)
    for at in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            assert unpack(bytes(bad)) is None
