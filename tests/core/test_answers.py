"""What a holster unit knows of its cameras in a use, and when its officer is told."""

from interlock.answers import Answers
from interlock.core import frames, records
from interlock.core.settings import DEFAULT_POLICY as POLICY
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from tests.core.station_world import Air, config_of, partner

H, C, D = 1, 2, 3
HEARD = frames.Ack(frames.HEARD, frames.REASON_STARTING, 0, 0, 0, b"head")
PROVEN = frames.Ack(frames.PROVEN, 0, 1000, 30, 0, b"head")
REFUSED = frames.Ack(frames.REFUSED, frames.REASON_ASLEEP, 0, 0, 0, b"head")


class Signal:
    def __init__(self):
        self.alerts = 0
        self.lit = False

    def alert(self, now):
        self.alerts += 1
        self.lit = True

    def calm(self):
        self.lit = False


class Use:
    """A use of a holster with these cameras, its first frame on the air."""

    def __init__(self, cameras=(C,)):
        self.air = Air()
        partners = [partner(camera, ROLE_CAMERA) for camera in cameras]
        self.member = self.air.add(config_of(H, ROLE_HOLSTER, partners), None, False)
        self.signal = Signal()
        self.answers = Answers(self.member.station, self.signal)
        self.answers.begin()
        self.answers.expect(1, True)

    def wait(self, ms):
        for _ in range(ms // 100):
            self.air.now += 100
            self.answers.tick(self.air.now)
        return self

    def take(self, ack, camera=C):
        self.answers.take(camera, 1, ack)
        return self

    def told(self):
        return [fields.code for fields in self.member.records(records.ALERT)]

    def summed(self):
        self.answers.end(0)
        return self.member.records(records.USE)[-1]


def test_no_answer_alerts_at_each_limit_and_proof_calms():
    use = Use().wait(POLICY.start_limit_ms)
    assert use.signal.alerts == 2 and use.signal.lit
    assert len(use.told()) == 2, "and each is a record"
    use.take(PROVEN)
    assert not use.signal.lit and use.answers.is_proven()


def test_a_late_answer_is_counted_once_for_each_limit_that_it_missed():
    use = Use().wait(POLICY.start_limit_ms + 500).take(HEARD).take(PROVEN).take(PROVEN)
    summed = use.summed()
    assert summed.late == 2 and summed.acks == 3 and summed.alerts == 2
    assert summed.heard_ms == summed.recording_ms == POLICY.start_limit_ms + 500
    assert Use().take(HEARD).take(PROVEN).summed().late == 0


def test_a_dead_second_camera_takes_no_proof_away_from_the_first():
    use = Use((C, D))
    for _ in range(40):
        use.take(PROVEN, C).take(REFUSED, D).wait(2000)
    assert use.told() == [] and use.answers.is_proven()
    assert use.summed().late == 0


def test_a_proof_that_its_own_camera_takes_back_is_lost_unless_another_has_one():
    use = Use((C, D)).take(PROVEN, C).take(PROVEN, D).take(REFUSED, C)
    assert use.answers.is_proven()
    use.take(REFUSED, D)
    assert not use.answers.is_proven() and use.signal.lit


def test_muted_alerts_are_journalled_and_come_back_if_their_reason_lasts():
    use = Use()
    use.answers.mute(True)
    use.wait(POLICY.start_limit_ms)
    assert use.signal.alerts == 0 and len(use.told()) == 2
    use.answers.mute(False)
    assert use.signal.lit
    calm = Use()
    calm.answers.mute(True)
    calm.wait(POLICY.start_limit_ms).take(PROVEN)
    calm.answers.mute(False)
    assert calm.signal.alerts == 0


def test_an_ack_to_a_frame_of_the_use_before_proves_nothing_in_this_one():
    use = Use()
    pair = frames.PairKeys(b"P" * 32, H, C)
    old = pair.build(1, PROVEN)
    assert use.answers.hear(old) is not None
    use.answers.end(0)
    use.answers.begin()
    use.answers.expect(2, True)
    assert use.answers.hear(old) is None
    assert use.answers.hear(pair.build(2, PROVEN)) is not None


def test_own_cameras_are_no_witnesses():
    use = Use()
    for camera in (C, 7, 8):
        use.answers.witness(Heard(camera))
    assert use.summed().witnesses == 2


class Heard:
    counter = 5
    body = b"head"

    def __init__(self, sender):
        self.sender = sender
