"""The closed loop: no silence, no false comfort."""

from interlock.core import proof
from interlock.core.machine import deadline, due
from interlock.core.proof import ACK_HEARD, ACK_PROVEN, ACK_REFUSED, BEGIN, END, MACHINE
from interlock.core.settings import DEFAULT_POLICY as POLICY
from interlock.core.ticks import PERIOD_MS, ticks_add, ticks_diff


class Story:
    def __init__(self, start=PERIOD_MS - 700):
        self.now = start
        self.state = proof.ProofState()
        self.alerts = []

    def on(self, event):
        self.state, effects = MACHINE.step(self.state, event, None, self.now, POLICY)
        self.alerts += [effect[1] for effect in effects if effect[0] == proof.ALERT]
        return self

    def wait(self, ms):
        end = ticks_add(self.now, ms)
        while True:
            at = deadline(self.state, self.now)
            if at is None or ticks_diff(at, end) > 0:
                break
            self.now = at
            self.state, event = due(self.state, self.now)
            self.on(event)
        self.now = end
        return self

    def mode(self):
        return proof.MODE_NAMES[self.state.mode]


def test_silence_alerts_twice_and_never_more():
    story = Story().on(BEGIN).wait(POLICY.heard_limit_ms)
    assert story.alerts == [proof.ALERT_NOT_HEARD]
    story.wait(60000)
    assert story.alerts == [proof.ALERT_NOT_HEARD, proof.ALERT_NOT_RECORDING] and story.mode() == "lost"


def test_heard_without_recording_alerts_at_the_start_limit():
    story = Story().on(BEGIN).wait(50).on(ACK_HEARD).wait(60000)
    assert story.alerts == [proof.ALERT_NOT_RECORDING]


def test_a_refusal_is_an_answer_but_no_proof():
    story = Story().on(BEGIN).wait(50).on(ACK_REFUSED).wait(60000)
    assert story.alerts == [proof.ALERT_NOT_RECORDING] and story.state.proven_at is None


def test_recording_in_time_alerts_nobody_while_it_is_renewed():
    story = Story().on(BEGIN).wait(60).on(ACK_HEARD).wait(900).on(ACK_PROVEN)
    for _ in range(50):
        story.wait(POLICY.renew_ms).on(ACK_PROVEN)
    assert story.alerts == [] and story.mode() == "proven"


def test_a_proof_that_is_not_renewed_is_lost_and_alerts():
    story = Story().on(BEGIN).on(ACK_PROVEN).wait(POLICY.proof_limit_ms)
    assert story.alerts == [proof.ALERT_PROOF_LOST] and story.mode() == "lost"


def test_a_camera_that_stops_alerts_at_once():
    assert Story().on(BEGIN).on(ACK_PROVEN).on(ACK_REFUSED).alerts == [proof.ALERT_PROOF_LOST]


def test_a_late_proof_still_counts():
    story = Story().on(BEGIN).wait(20000).on(ACK_PROVEN)
    assert story.mode() == "proven" and story.state.proven_at == story.now


def test_nothing_is_owed_after_the_use():
    story = Story().on(BEGIN).on(END).wait(60000)
    assert story.alerts == [] and story.mode() == "idle"
    assert story.on(ACK_PROVEN).mode() == "idle"
    story = Story().on(BEGIN).on(ACK_PROVEN).on(END)
    assert story.state.proven_at is None and deadline(story.state, story.now) is None
