"""The camera machine against a tiny recorder that does what a toggle shutter does."""

from interlock.core import camera, frames, proof
from interlock.core.camera import AGAIN, CANCEL, MACHINE, RETURN, TALLY_OFF, TALLY_ON, TRIGGER
from interlock.core.machine import deadline, due
from interlock.core.settings import DEFAULT_POLICY as POLICY
from interlock.core.ticks import PERIOD_MS, ticks_add, ticks_diff

START_MS = 900


class Story:
    """`obeys`: whether the recorder follows its shutter."""

    def __init__(self, tally=False, obeys=True, start=PERIOD_MS - 5000):
        self.now = start
        self.obeys = obeys
        self.tally_at = None
        self.state = camera.at_boot(tally, True, start)
        self.effects = []

    def on(self, event, data=None):
        self.state, effects = MACHINE.step(self.state, event, data, self.now, POLICY)
        self.effects += effects
        if (camera.PULSE,) in effects and self.obeys:
            assert self.state.tally == self.state.stopping, "a pulse that does the opposite of what is meant"
            self.tally_at = ticks_add(self.now, START_MS)
        return self

    def wait(self, ms):
        end = ticks_add(self.now, ms)
        while True:
            at = deadline(self.state, self.now)
            if self.tally_at is not None and (at is None or ticks_diff(self.tally_at, at) <= 0):
                at = self.tally_at
            if at is None or ticks_diff(at, end) > 0:
                break
            self.now = at
            if at == self.tally_at:
                self.tally_at = None
                self.on(TALLY_OFF if self.state.tally else TALLY_ON)
            else:
                self.state, event = due(self.state, self.now)
                if event is not None:
                    self.on(event, self.now)
        self.now = end
        return self

    def mode(self):
        return camera.MODE_NAMES[self.state.mode]

    def pulses(self):
        return self.effects.count((camera.PULSE,))

    def answer(self):
        return camera.answer(self.state, self.now)[:2]


def test_a_trigger_starts_the_recorder_and_only_the_tally_proves_it():
    story = Story().on(TRIGGER, 1)
    assert story.mode() == "starting" and story.answer() == (frames.HEARD, frames.REASON_STARTING)
    story.wait(START_MS)
    assert story.mode() == "recording" and story.answer() == (frames.PROVEN, frames.REASON_NONE)
    assert camera.answer(story.wait(500).state, story.now)[2] == 500


def test_it_holds_after_the_last_weapon_and_stops_what_it_started():
    story = Story().on(TRIGGER, 1).wait(5000).on(TRIGGER, 2).on(RETURN, 1)
    assert story.mode() == "recording"
    story.on(RETURN, 2)
    assert story.mode() == "holding"
    story.wait(POLICY.hold_ms + START_MS)
    assert story.mode() == "standby" and story.pulses() == 2 and not story.state.tally


def test_a_recording_that_an_officer_began_is_adopted_and_never_stopped():
    story = Story().on(TALLY_ON).wait(60000).on(TRIGGER, 1)
    assert story.mode() == "recording" and story.pulses() == 0
    story.on(RETURN, 1).wait(POLICY.hold_ms * 2)
    assert story.mode() == "standby" and story.pulses() == 0 and story.state.tally


def test_a_dead_recorder_is_refused_retried_and_alerted():
    story = Story(obeys=False).on(TRIGGER, 1).wait(POLICY.start_limit_ms)
    assert story.mode() == "fault" and story.answer() == (frames.REFUSED, frames.REASON_NO_TALLY)
    assert (camera.ALERT, proof.ALERT_NOT_RECORDING) in story.effects
    story.wait(camera.RETRY_MS)
    assert story.pulses() == 2
    story.obeys = True
    story.on(TALLY_ON)
    assert story.mode() == "recording"


def test_a_recording_stopped_by_hand_is_restarted_once_and_never_fought_over():
    story = Story().on(TRIGGER, 1).wait(5000).on(TALLY_OFF)
    assert story.mode() == "interrupted" and story.answer() == (frames.REFUSED, frames.REASON_INTERRUPTED)
    assert (camera.ALERT, proof.ALERT_INTERRUPTED) in story.effects
    story.wait(START_MS)
    assert story.mode() == "recording" and story.pulses() == 2
    story.on(TALLY_OFF).wait(60000)
    assert story.mode() == "interrupted" and story.pulses() == 2


def test_a_tally_that_is_on_at_boot_proves_nothing_until_it_was_seen_off():
    story = Story(tally=True).on(TRIGGER, 1)
    assert story.mode() == "unproven" and story.answer() == (frames.REFUSED, frames.REASON_UNPROVEN)
    assert story.pulses() == 0
    story.on(TALLY_OFF).wait(START_MS)
    assert story.mode() == "recording"


def test_a_tally_that_does_not_follow_a_stop_is_doubted():
    story = Story().on(TRIGGER, 1).wait(5000)
    story.obeys = False
    story.on(RETURN, 1).wait(POLICY.hold_ms + POLICY.start_limit_ms)
    assert story.mode() == "unproven"
    story.on(TRIGGER, 1)
    assert story.answer() == (frames.REFUSED, frames.REASON_UNPROVEN)


def test_a_draw_while_the_recorder_is_being_stopped_starts_it_again():
    story = Story().on(TRIGGER, 1).wait(5000).on(RETURN, 1).wait(POLICY.hold_ms)
    assert story.state.stopping
    story.on(TRIGGER, 1)
    assert story.mode() == "starting" and story.answer()[0] == frames.HEARD
    story.wait(START_MS)
    assert not story.state.tally and story.state.mode == camera.STARTING
    story.wait(START_MS)
    assert story.mode() == "recording"


def test_a_tally_that_did_not_follow_a_stop_proves_nothing_to_the_next_draw():
    story = Story().on(TRIGGER, 1).wait(5000)
    story.obeys = False
    story.on(RETURN, 1).wait(POLICY.hold_ms).on(TRIGGER, 1).wait(POLICY.start_limit_ms)
    assert story.mode() == "unproven" and story.answer() == (frames.REFUSED, frames.REASON_UNPROVEN)
    assert (camera.ALERT, proof.ALERT_NOT_RECORDING) in story.effects


def test_a_tally_that_is_on_without_accessory_voltage_is_not_believed():
    recording = Story().on(TRIGGER, 1).wait(5000).on(camera.ASLEEP)
    assert recording.mode() == "unproven" and recording.answer() == (frames.REFUSED, frames.REASON_UNPROVEN)
    standing_by = Story().on(TALLY_ON).on(camera.ASLEEP).on(TRIGGER, 1)
    assert standing_by.mode() == "unproven"


def test_a_recorder_that_dies_has_stopped():
    story = Story().on(TRIGGER, 1).wait(5000).on(TALLY_OFF).on(camera.ASLEEP).wait(POLICY.start_limit_ms - START_MS)
    assert "interrupted" in (camera.MODE_NAMES[e[1]] for e in story.effects if e[0] == camera.CHANGED)


def test_a_weapon_not_heard_of_for_its_lease_is_let_go_and_journalled():
    story = Story().on(TRIGGER, 1).wait(POLICY.lease_ms - 1)
    assert story.mode() == "recording"
    story.wait(1)
    assert story.mode() == "holding" and (camera.EXPIRED, 1) in story.effects


def test_a_renewed_lease_keeps_the_recording_for_hours():
    story = Story().on(TRIGGER, 1)
    for _ in range(600):
        story.wait(20000).on(AGAIN, 1)
    assert story.mode() == "recording" and story.pulses() == 1


def test_the_recorder_is_never_told_to_stop_while_any_weapon_is_out():
    story = Story().on(TRIGGER, 1).on(TRIGGER, 2).wait(5000).on(RETURN, 1).wait(POLICY.hold_ms * 3)
    assert story.mode() == "recording" and story.pulses() == 1


def test_the_claimed_buffer_is_no_longer_than_the_standby_before_it():
    story = Story().wait(7000).on(TRIGGER, 1).wait(5000)
    assert story.state.buffer_ms == 7000 + START_MS
    story = Story().wait(3600000).on(TRIGGER, 1).wait(5000)
    assert story.state.buffer_ms == POLICY.buffer_ms


def test_a_recorder_that_just_woke_up_has_no_buffer_to_claim():
    story = Story().on(camera.ASLEEP).wait(3600000).on(TRIGGER, 1).wait(300).on(camera.AWAKE).wait(600)
    assert story.mode() == "recording" and story.state.buffer_ms == 600


def test_old_ticks_saturate_instead_of_wrapping():
    story = Story()
    for _ in range(60):
        story.now = ticks_add(story.now, 6 * 3600 * 1000)
        story.state = camera.saturate(story.state, story.now)
    assert camera.tally_age_ms(story.state, story.now) == PERIOD_MS >> 2


def test_a_step_never_changes_the_state_it_was_given():
    state = Story().on(TRIGGER, 1).wait(5000).state
    key = state.key()
    for event in camera.EVENT_NAMES:
        MACHINE.step(state, event, 2, 99, POLICY)
    assert state.key() == key


def test_a_cancelled_draw_is_not_held():
    story = Story().on(TRIGGER, 1).wait(2000)
    pulses = story.pulses()
    story.on(CANCEL, 1).wait(10)
    assert story.pulses() == pulses + 1 and story.wait(START_MS).mode() == "standby"


def test_a_cancel_shortens_no_other_use():
    other = Story().on(TRIGGER, 1).wait(2000).on(TRIGGER, 2).on(CANCEL, 2)
    assert other.mode() == "recording"
    other.on(RETURN, 1).wait(POLICY.hold_ms - 1)
    assert other.mode() == "holding" and other.state.tally
    earlier = Story().on(TRIGGER, 1).wait(2000).on(RETURN, 1).wait(1000).on(TRIGGER, 1).wait(10).on(CANCEL, 1)
    assert earlier.wait(POLICY.hold_ms - 1).state.tally


def test_a_camera_unit_that_restarts_in_a_recording_still_proves_it_from_then_on():
    state = camera.at_boot(True, True, 1000, was_believed=True)
    state, _ = MACHINE.step(state, AGAIN, 1, 1500, POLICY)
    assert state.mode == camera.RECORDING
    assert camera.answer(state, 1500)[:3] == (frames.PROVEN, frames.REASON_NONE, 500)
    state, _ = MACHINE.step(camera.at_boot(True, True, 1000), AGAIN, 1, 1500, POLICY)
    assert state.mode == camera.UNPROVEN


def test_a_weapon_out_and_back_while_the_recorder_stops_starts_no_recording():
    story = Story().on(TRIGGER, 1).wait(2000).on(RETURN, 1).wait(POLICY.hold_ms)
    assert story.state.stopping
    story.on(TRIGGER, 1).on(RETURN, 1).wait(START_MS + POLICY.start_limit_ms)
    assert story.mode() == "standby" and story.pulses() == 2


def test_readiness_says_what_a_draw_would_find():
    assert camera.readiness(camera.at_boot(False, True, 0)) == frames.READY_OK
    assert camera.readiness(camera.at_boot(False, False, 0)) == frames.READY_ASLEEP
    assert camera.readiness(camera.at_boot(True, True, 0)) == frames.READY_UNPROVEN
    running = Story().on(TALLY_ON)
    assert camera.readiness(running.state) == frames.READY_RECORDING
    dead = Story(obeys=False).on(TRIGGER, 1)
    assert camera.readiness(dead.state) == frames.READY_STARTING
    assert camera.readiness(dead.wait(POLICY.start_limit_ms).state) == frames.READY_NO_TALLY


def test_a_cancel_shortens_no_use_of_the_same_weapon_whose_end_went_unheard():
    story = Story().on(TRIGGER, 1).wait(2000).on(TRIGGER, 1).on(CANCEL, 1)
    assert story.wait(POLICY.hold_ms - 1).state.tally
