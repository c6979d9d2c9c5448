"""The holster machine, told as stories of events and what each airs or notes."""

from interlock.core import frames, holster, records
from interlock.core.holster import (
    ARM,
    ASK_MUTE,
    ASK_NORMAL,
    ASK_TEST,
    CONDITION,
    FIRE,
    HOT,
    LEFT,
    MACHINE,
    PRESS,
    SAFE,
    SEATED,
    STOW,
    UNSTOW,
)
from interlock.core.machine import deadline, due
from interlock.core.settings import DEFAULT_POLICY as POLICY
from interlock.core.settings import REACH_JOURNAL
from interlock.core.ticks import PERIOD_MS, ticks_add
from tests.core.station_world import policy_with


class Story:
    """A machine with a clock; collects (event, flags) of what it aired and noted."""

    def __init__(self, seated=True, armed=False, docked=False, start=0, policy=POLICY):
        self.now = start
        self.policy = policy
        self.state = holster.at_boot(seated, armed, docked, start, policy)
        self.said = []
        self.effects = []

    def on(self, event, data=None):
        self.state, effects = MACHINE.step(self.state, event, data, self.now, self.policy)
        self.effects += effects
        self.said += [effect[:3] for effect in effects if effect[0] in (holster.AIR, holster.NOTE)]
        return self

    def wait(self, ms):
        end = ticks_add(self.now, ms)
        while True:
            at = deadline(self.state, self.now)
            if at is None or (end - at) % PERIOD_MS > ms:
                break
            self.now = at
            self.state, event = due(self.state, self.now)
            self.on(event)
        self.now = end
        return self

    def aired(self):
        return [event for kind, event, _ in self.said if kind == holster.AIR]

    def mode(self):
        return holster.MODE_NAMES[self.state.mode]


def settled(**kw):
    return Story(**kw).wait(POLICY.settle_ms)


def test_a_use_from_draw_to_holster():
    story = settled()
    assert story.mode() == "holstered"
    story.on(LEFT).wait(300).on(ARM).wait(500).on(FIRE).wait(5000).on(FIRE).wait(2000).on(SAFE).on(SEATED)
    assert story.mode() == "discharged" and story.state.discharges == 2
    story.wait(POLICY.settle_ms)
    assert story.mode() == "reholstered"
    assert story.aired() == [frames.DRAW, frames.ARM, frames.DISCHARGE, frames.DISCHARGE, frames.REHOLSTER]
    story.wait(POLICY.report_ms)
    assert story.mode() == "holstered" and (holster.QUIET,) in story.effects


def test_the_whole_use_across_the_wrap_of_the_ticks():
    for before in (1, 500, 1500, 5000):
        story = settled(start=PERIOD_MS - before).on(LEFT).wait(300).on(ARM).wait(400).on(FIRE).wait(900)
        story.on(SAFE).on(SEATED).wait(POLICY.settle_ms + POLICY.report_ms)
        assert story.mode() == "holstered"
        assert story.aired() == [frames.DRAW, frames.ARM, frames.DISCHARGE, frames.REHOLSTER]


def test_the_first_edge_airs_at_once_and_bounce_airs_nothing_more():
    story = settled().on(LEFT)
    assert story.aired() == [frames.DRAW]
    for _ in range(5):
        story.wait(1).on(SEATED).wait(1).on(LEFT)
    assert story.wait(100).aired() == [frames.DRAW] and story.mode() == "drawn"


def test_a_spike_is_aired_and_its_end_says_that_it_was_never_confirmed():
    story = settled().on(LEFT).on(SEATED).wait(POLICY.settle_ms)
    assert story.said[-1] == (holster.AIR, frames.REHOLSTER, holster.FLAG_UNCONFIRMED)


def test_a_seat_shorter_than_the_settle_time_does_not_end_a_use():
    story = settled().on(LEFT).wait(50).on(SEATED).wait(POLICY.settle_ms - 1)
    assert story.mode() == "drawn"
    story.on(LEFT).wait(5000)
    assert story.mode() == "drawn" and story.aired() == [frames.DRAW]


def test_arm_and_discharge_air_from_every_mode_with_the_order_fault_where_a_step_is_missing():
    for make in (settled, Story, lambda: settled(docked=True), lambda: settled().on(STOW, False)):
        for event, expected in ((ARM, frames.ARM), (FIRE, frames.DISCHARGE)):
            said = make().on(event).said[-1]
            assert said[1] == expected and said[2] & frames.FLAG_ORDER_FAULT
    drawn = settled().on(LEFT)
    assert not drawn.on(ARM).said[-1][2] & frames.FLAG_ORDER_FAULT
    assert not drawn.on(FIRE).said[-1][2] & frames.FLAG_ORDER_FAULT
    assert settled().on(LEFT).on(FIRE).said[-1][2] & frames.FLAG_ORDER_FAULT


def test_discharge_pulses_within_the_refractory_time_of_the_last_one_are_one_discharge():
    story = settled().on(LEFT).on(ARM)
    story.on(FIRE)
    for _ in range(100):  # the weapon pulses as long as the trigger is held
        story.wait(POLICY.refractory_ms - 1).on(FIRE)
    assert story.state.discharges == 1
    story.wait(POLICY.refractory_ms).on(FIRE)
    assert story.state.discharges == 2


def test_a_weapon_found_out_at_boot_becomes_a_use_after_the_settle_time():
    story = Story(seated=False)
    assert story.mode() == "unknown" and story.aired() == []
    story.wait(POLICY.settle_ms)
    assert story.mode() == "drawn" and story.aired() == [frames.OUT]
    assert Story(seated=False, armed=True).wait(POLICY.settle_ms).mode() == "armed"


def test_an_edge_while_unknown_does_not_wait():
    assert Story().on(LEFT).aired() == [frames.DRAW]


def test_stowing_ends_a_bare_draw_only():
    story = settled().on(LEFT).on(STOW, True)
    assert story.mode() == "stowed" and story.aired() == [frames.DRAW, frames.STOW]
    assert settled().on(LEFT).on(ARM).on(STOW, True).mode() == "armed"
    assert settled().on(LEFT).on(ARM).on(FIRE).on(SAFE).on(STOW, True).mode() == "discharged"


def test_a_docked_holster_may_be_emptied_and_filled_without_a_draw():
    story = settled().on(STOW, True).on(LEFT).wait(100).on(SEATED).wait(5000)
    assert story.mode() == "stowed" and story.aired() == []
    story.on(UNSTOW, True).wait(POLICY.settle_ms)
    assert story.mode() == "holstered"


def test_a_holster_stowed_by_button_returns_to_duty_with_its_weapon():
    story = settled().on(LEFT).on(STOW, False).wait(60000)
    assert story.mode() == "stowed"
    story.on(SEATED).wait(POLICY.settle_ms)
    assert story.mode() == "holstered"


def test_a_weapon_that_is_out_says_so_until_it_is_back():
    story = settled().on(LEFT).wait(POLICY.renew_ms * 5)
    assert len([e for e in story.effects if e[0] == holster.BEACON]) == 5
    story.on(SEATED).wait(POLICY.settle_ms)
    before = len(story.effects)
    story.wait(POLICY.renew_ms * 5)
    assert [e for e in story.effects[before:] if e[0] == holster.BEACON] == []


def test_conditions_are_noted_on_change_and_ride_on_frames():
    story = settled().on(CONDITION, frames.FLAG_LOW_BATTERY).on(CONDITION, frames.FLAG_LOW_BATTERY)
    notes = [s for s in story.said if s[1] == holster.NOTE_CONDITION]
    assert notes == [(holster.NOTE, holster.NOTE_CONDITION, frames.FLAG_LOW_BATTERY)]
    assert story.on(LEFT).said[-1] == (holster.AIR, frames.DRAW, frames.FLAG_LOW_BATTERY)


def test_what_would_be_aired_is_known_before_it_happens():
    story = settled()
    assert holster.airs(story.state, LEFT, story.now, POLICY) == (frames.DRAW, 0)
    story.on(LEFT)
    assert holster.airs(story.state, LEFT, story.now, POLICY) is None
    assert holster.airs(story.state, ARM, story.now, POLICY) == (frames.ARM, frames.FLAG_ARMED)
    for event in HOT:
        expected = holster.airs(story.state, event, story.now, POLICY)
        _, effects = MACHINE.step(story.state, event, None, story.now, POLICY)
        assert [e[1:] for e in effects if e[0] == holster.AIR] == ([expected] if expected else [])


def test_what_a_draw_an_arming_and_a_discharge_would_air_is_told_together_in_their_order():
    story = settled()
    fault = frames.FLAG_ORDER_FAULT
    armed, fired = (frames.ARM, frames.FLAG_ARMED | fault), (frames.DISCHARGE, fault)
    assert holster.airs_next(story.state, story.now, POLICY) == ((frames.DRAW, 0), armed, fired)
    quiet = policy_with(on_draw=REACH_JOURNAL)
    assert holster.airs_next(story.state, story.now, quiet) == (None, armed, fired)
    story.on(LEFT).on(FIRE)
    told = holster.airs_next(story.state, story.now, POLICY)
    assert told == (None, (frames.ARM, frames.FLAG_ARMED), None), "the trigger is still held"
    story.wait(POLICY.refractory_ms)
    assert holster.airs_next(story.state, story.now, POLICY)[2] == fired


def test_a_step_never_changes_the_state_it_was_given():
    state = settled().state
    key = state.key()
    for event in holster.EVENT_NAMES:
        MACHINE.step(state, event, 2, 99, POLICY)
    assert state.key() == key


def pressed(story, times=1):
    for _ in range(times):
        story.on(PRESS).wait(200)
    return story


def moded(story):
    return [effect[1:] for effect in story.effects if effect[0] == holster.MODED]


def test_a_false_draw_is_cancelled_within_ten_seconds_once_the_weapon_is_seated_again():
    story = settled().on(LEFT).wait(3000).on(SEATED).wait(100).on(PRESS)
    assert story.aired() == [frames.DRAW, frames.CANCEL] and story.mode() == "reholstered"
    assert (holster.USE_ENDS,) in story.effects
    assert story.wait(POLICY.report_ms).mode() == "holstered"


def test_a_draw_can_be_cancelled_after_its_re_holster_and_only_once():
    story = settled().on(LEFT).wait(3000).on(SEATED).wait(POLICY.settle_ms + 500).on(PRESS).on(PRESS)
    assert story.aired() == [frames.DRAW, frames.REHOLSTER, frames.CANCEL]


def test_after_ten_seconds_nothing_is_cancelled():
    story = settled().on(LEFT).wait(POLICY.cancel_ms).on(SEATED).wait(10).on(PRESS)
    assert frames.CANCEL not in story.aired()


def test_no_draw_is_cancelled_while_the_weapon_is_out_or_after_it_was_armed_or_discharged():
    assert frames.CANCEL not in settled().on(LEFT).wait(100).on(PRESS).aired()
    armed = settled().on(LEFT).on(ARM).wait(300).on(SAFE).on(SEATED).on(PRESS)
    fired = settled().on(LEFT).on(FIRE).wait(300).on(SEATED).on(PRESS)
    assert frames.CANCEL not in armed.aired() + fired.aired()


def test_two_presses_announce_a_function_test_which_codes_one_use():
    story = pressed(settled(), 2)
    assert moded(story) == [(records.MODE_FUNCTION_TEST, records.MODE_BY_BUTTON, POLICY.test_ms)]
    story.on(LEFT).on(ARM).wait(300).on(FIRE).wait(500).on(SAFE).on(SEATED).wait(POLICY.settle_ms)
    assert story.aired() == [frames.DRAW, frames.ARM, frames.DISCHARGE, frames.REHOLSTER]
    assert all(flags & holster.FLAG_FUNCTION_TEST for kind, _, flags in story.said if kind == holster.AIR)
    story.wait(POLICY.report_ms).on(LEFT)
    assert not story.said[-1][2] & holster.FLAG_FUNCTION_TEST


def test_one_press_announces_nothing_and_the_second_may_not_come_too_late():
    story = settled().on(PRESS).wait(holster.PRESS_TWICE_MS).on(PRESS)
    assert moded(story) == []


def test_a_function_test_that_does_not_come_is_over_after_its_time():
    story = pressed(settled(), 2).wait(POLICY.test_ms)
    assert moded(story)[-1] == (records.MODE_FUNCTION_TEST, records.MODE_TIME_OVER, 0)
    assert not story.on(LEFT).said[-1][2] & holster.FLAG_FUNCTION_TEST


def test_in_test_mode_a_draw_is_journalled_and_not_aired():
    story = settled().on(ASK_TEST, 30000).on(LEFT)
    assert story.aired() == [] and story.mode() == "unaired"
    assert story.said[-1] == (holster.NOTE, frames.DRAW, holster.FLAG_TEST)
    story.wait(500).on(SEATED).wait(POLICY.settle_ms)
    assert story.mode() == "holstered" and story.aired() == []


def test_test_mode_ends_at_arm_and_at_discharge():
    for event, code in ((ARM, frames.ARM), (FIRE, frames.DISCHARGE)):
        story = settled().on(ASK_TEST, 30000).on(LEFT).wait(100).on(event)
        assert story.aired() == [code] and (holster.USE_BEGINS,) in story.effects
        assert story.state.duty == records.MODE_NORMAL
        assert story.wait(POLICY.renew_ms).state.renew_at is not None


def test_a_weapon_that_is_out_when_test_mode_ends_is_a_use():
    story = settled().on(ASK_TEST, 5000).on(LEFT).wait(5000)
    assert story.aired() == [frames.OUT] and story.mode() == "drawn"
    story = settled().on(ASK_TEST, 5000).on(LEFT).on(ASK_NORMAL)
    assert story.aired() == [frames.OUT] and story.mode() == "drawn"


def test_no_mode_lasts_longer_than_policy_lets_it():
    story = settled().on(ASK_TEST, 10**9).wait(POLICY.test_ms)
    assert story.state.duty == records.MODE_NORMAL
    story = settled().on(ASK_MUTE, 10**9).wait(POLICY.mute_ms)
    assert story.state.mute_until is None and moded(story)[-1] == (records.MODE_MUTE, records.MODE_TIME_OVER, 0)


def test_a_press_with_the_weapon_out_mutes_until_arm_discharge_or_the_end_of_the_use():
    for event, cause in ((ARM, records.MODE_ARMED), (FIRE, records.MODE_DISCHARGED)):
        story = settled().on(LEFT).wait(100).on(PRESS).wait(100).on(event)
        assert moded(story) == [
            (records.MODE_MUTE, records.MODE_BY_BUTTON, POLICY.mute_ms),
            (records.MODE_MUTE, cause, 0),
        ]
    story = settled().on(LEFT).wait(100).on(PRESS).wait(100).on(SEATED).wait(POLICY.settle_ms)
    assert moded(story)[-1] == (records.MODE_MUTE, records.MODE_USE_OVER, 0)


def test_a_policy_that_keeps_draws_to_the_journal_airs_the_arming_and_what_follows():
    story = Story(policy=policy_with(on_draw=REACH_JOURNAL)).wait(POLICY.settle_ms).on(LEFT)
    assert story.aired() == [] and story.said[-1] == (holster.NOTE, frames.DRAW, 0)
    story.on(ARM).wait(300).on(FIRE).wait(300).on(SAFE).on(SEATED).wait(POLICY.settle_ms)
    assert story.aired() == [frames.ARM, frames.DISCHARGE, frames.REHOLSTER]


def test_a_discharge_is_aired_whatever_the_policy():
    silent = policy_with(on_draw=REACH_JOURNAL, on_arm=REACH_JOURNAL)
    story = Story(policy=silent).wait(POLICY.settle_ms).on(LEFT).on(ARM).wait(300).on(FIRE)
    assert story.aired() == [frames.DISCHARGE] and not story.said[-1][2] & frames.FLAG_ORDER_FAULT


def test_a_weapon_that_leaves_again_when_test_mode_is_over_is_a_draw():
    story = settled().on(ASK_TEST, 3000).on(LEFT).wait(2500).on(SEATED).wait(600).on(LEFT)
    assert story.aired() == [frames.DRAW] and story.mode() == "drawn"


def test_an_empty_holster_that_is_taken_on_duty_is_no_draw_until_a_weapon_was_in_it():
    story = settled().on(STOW, True).on(LEFT).wait(5000).on(UNSTOW, True).wait(60000)
    assert story.aired() == [] and story.mode() == "stowed"
    story.on(SEATED).wait(POLICY.settle_ms)
    assert story.mode() == "holstered" and story.on(LEFT).aired() == [frames.DRAW]
