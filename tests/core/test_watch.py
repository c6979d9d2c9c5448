"""The watch machine: a partner is good, poor or missing, and each change is told once."""

from interlock.core.settings import DEFAULT_POLICY as POLICY
from interlock.core.watch import (
    AWAY,
    CHANGED,
    FIT,
    GOOD,
    MACHINE,
    MISSED,
    MISSES_MAX,
    MISSING,
    POOR,
    UNFIT,
    UNKNOWN,
    WARN,
    WatchState,
)


def told(*events):
    """(mode, effects) after events, each (event, data)."""
    state, effects = WatchState(), []
    for event, data in events:
        state, more = MACHINE.step(state, event, data, 0, POLICY)
        effects += more
    return state.mode, effects


def test_a_partner_heard_is_good_and_told_once():
    assert told((FIT, 0), (FIT, 0)) == (GOOD, [(CHANGED, GOOD, 0)])


def test_two_misses_are_nothing_and_the_third_warns_once():
    two = ((FIT, 0),) + ((MISSED, 0),) * (MISSES_MAX - 1)
    assert told(*two) == (GOOD, [(CHANGED, GOOD, 0)])
    mode, effects = told(*(two + ((MISSED, 0),) * 4))
    assert mode == MISSING and effects[1:] == [(CHANGED, MISSING, 0), (WARN,)]


def test_a_frame_in_between_makes_misses_begin_anew():
    mode, _ = told((FIT, 0), (MISSED, 0), (MISSED, 0), (FIT, 0), (MISSED, 0), (MISSED, 0))
    assert mode == GOOD


def test_an_unfit_partner_warns_for_each_reason_once():
    mode, effects = told((UNFIT, 3), (UNFIT, 3), (UNFIT, 4), (UNFIT, 4))
    assert mode == POOR and effects == [(CHANGED, POOR, 3), (WARN,), (CHANGED, POOR, 4), (WARN,)]


def test_a_partner_never_heard_is_missing_too():
    assert told(*(((MISSED, 0),) * MISSES_MAX))[0] == MISSING


def test_a_partner_that_was_put_away_is_not_expected_and_not_warned_of():
    mode, effects = told((FIT, 0), (AWAY, 0), (AWAY, 0))
    assert mode == UNKNOWN and (WARN,) not in effects and len(effects) == 2


def test_misses_are_counted_no_further_than_they_matter():
    state = WatchState()
    for _ in range(100):
        state, _ = MACHINE.step(state, MISSED, 0, 0, POLICY)
    assert state.misses == MISSES_MAX


def test_whatever_comes_after_a_reason_has_none_of_its_own_but_another_reason():
    poor = ((UNFIT, 3),)
    for events, mode in (
        (((FIT, 0),), GOOD),
        (((AWAY, 0),), UNKNOWN),
        (((MISSED, 0),) * MISSES_MAX, MISSING),
    ):
        assert told(*(poor + events)) == (mode, [(CHANGED, POOR, 3), (WARN,), (CHANGED, mode, 0)] + warned(mode))
    assert told(*(((MISSED, 0),) * MISSES_MAX + poor))[1][-2:] == [(CHANGED, POOR, 3), (WARN,)]


def warned(mode):
    return [(WARN,)] if mode == MISSING else []


def test_whatever_is_heard_makes_misses_begin_anew():
    for heard in (((FIT, 0),), ((UNFIT, 3),), ((UNFIT, 4), (UNFIT, 4)), ((AWAY, 0),), ((FIT, 0), (FIT, 0))):
        events = ((UNFIT, 3),) + ((MISSED, 0),) * (MISSES_MAX - 1) + heard
        mode, _ = told(*events)
        assert told(*(events + ((MISSED, 0),) * (MISSES_MAX - 1)))[0] == mode
        assert told(*(events + ((MISSED, 0),) * MISSES_MAX))[0] == MISSING


def test_a_unit_begins_with_partners_of_whom_nothing_is_known():
    state = WatchState()
    assert (state.mode, state.misses, state.detail) == (UNKNOWN, 0, 0)
    assert told((AWAY, 0)) == (UNKNOWN, []) == told(*(((MISSED, 0),) * (MISSES_MAX - 1)))
    assert told((FIT, 0), (AWAY, 0))[1][-1] == (CHANGED, UNKNOWN, 0)
