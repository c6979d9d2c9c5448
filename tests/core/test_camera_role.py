"""The camera unit's role over a real station: which frames start a recorder, and what is told of those that do not."""

from interlock.camera_role import GUEST_STARTS, UNREAD_MS, CameraRole
from interlock.core import camera, frames, receiver, records, selftest
from interlock.core.settings import REACH_OWN, ROLE_CAMERA, ROLE_HOLSTER
from tests.core.station_world import Air, config_of, partner, policy_with

H, C = 1, 2


class Line:
    """A contact that nothing moves."""

    def __init__(self, on=False):
        self.on = on

    def take(self):
        return 0

    def read(self):
        return self.on


class Recorder:
    off_at = None

    def __init__(self):
        self.tally = Line()
        self.awake = Line(True)
        self.pulses = 0

    def pulse(self, now):
        self.pulses += 1

    def tick(self, now):
        pass


class Signal:
    off_at = None

    def alert(self, now):
        pass

    calm = tick = lambda *_: None


class Worn:
    """A camera unit of holster H with this policy."""

    def __init__(self, **figures):
        self.air = Air()
        config = config_of(C, ROLE_CAMERA, [partner(H, ROLE_HOLSTER)], policy_with(**figures))
        self.member = self.air.add(config, None, True)
        self.recorder = Recorder()
        self.role = CameraRole(self.member.station, self.recorder, Signal(), Line())

    def hear(self, event, counter, sender=H, kind=receiver.OWN, flags=0):
        self.role.hear(receiver.Heard(kind, sender, counter, event, flags, b"head", 0))
        return self

    def wait(self, ms):
        self.air.now += ms
        self.role.tick()
        return self

    def heard(self):
        return [(fields.sender, fields.kind) for fields in self.member.records(records.HEARD)]


def test_a_frame_that_nobody_can_read_starts_the_recorder_once_it_lasts_longer_than_any_announcement():
    worn = Worn().hear(None, 5).wait(100).hear(None, 5, kind=receiver.OWN_REPEAT)
    assert worn.recorder.pulses == 0 and worn.heard() == []
    worn.wait(UNREAD_MS).hear(None, 5, kind=receiver.OWN_REPEAT)
    assert worn.recorder.pulses == 1 and worn.heard() == [(H, receiver.OWN)]


def test_announcements_that_nobody_can_read_start_nothing_however_many_there_are():
    worn = Worn()
    for counter in range(1, 50):
        for _ in range(6):
            worn.hear(None, counter, kind=receiver.OWN).wait(20)
        worn.wait(20000)
    assert worn.recorder.pulses == 0


def test_renewals_of_a_colleague_who_is_not_followed_are_told_once():
    worn = Worn(on_draw=REACH_OWN, on_arm=REACH_OWN, on_discharge=REACH_OWN)
    worn.hear(frames.DRAW, 1, 9, receiver.GROUP)
    for counter in range(2, 100):
        worn.wait(2000).hear(frames.OUT, counter, 9, receiver.GROUP)
    assert worn.heard() == [(9, records.HEARD_POLICY)] and worn.recorder.pulses == 0
    worn.hear(frames.ARM, 100, 9, receiver.GROUP, frames.FLAG_ARMED)
    assert len(worn.heard()) == 2


def test_strangers_start_a_recorder_so_often_and_then_seldom():
    worn = Worn()
    for i in range(GUEST_STARTS + 2):
        worn.hear(frames.DRAW, 1, 10 + i, receiver.GROUP).hear(frames.REHOLSTER, 2, 10 + i, receiver.GROUP)
        worn.role.state = camera.at_boot(False, True, worn.air.now)
    assert worn.recorder.pulses == GUEST_STARTS
    assert [kind for _, kind in worn.heard()].count(records.HEARD_LIMITED) == 2
    worn.hear(frames.DRAW, 3, H)
    assert worn.recorder.pulses == GUEST_STARTS + 1, "no limit for the own weapon"


def test_a_weapon_whose_return_went_unheard_is_back_when_its_unit_says_that_it_is_holstered():
    worn = Worn().hear(frames.DRAW, 1, 9, receiver.GROUP)
    assert worn.role.busy()
    worn.hear(frames.PRESENT, 2, 9, receiver.GROUP)
    assert worn.role.state.weapons == ()


def test_a_repeat_after_a_restart_of_the_unit_is_followed_once():
    worn = Worn().hear(frames.DRAW, 5, kind=receiver.OWN_REPEAT).hear(frames.DRAW, 5, kind=receiver.OWN_REPEAT)
    assert worn.recorder.pulses == 1 and len(worn.heard()) == 1


def cut_in_a_test(*recorder):
    """A camera unit whose power was cut in a self-test; `recorder`: (mode, tally) of the records since."""
    worn = Worn()
    station = worn.member.station
    begun = bytes([1]) + selftest.pack(records.TEST_BEGUN, selftest.RECORDER, {}, 0, 0, 0)
    station.record(records.SELF_TEST, begun)
    for mode, tally in recorder:
        station.record(records.RECORDER, records.pack(records.RECORDER, mode, tally, 1, 0, 0))
    worn.member.boot()
    return worn


def test_a_self_test_that_the_power_cut_is_over_once_the_recorder_rested():
    assert cut_in_a_test().member.station.was_testing
    on = (camera.STARTING, 0), (camera.HOLDING, 1)
    assert cut_in_a_test(*on).member.station.was_testing
    # An officer's own recording, days later, is nobody's loan.
    assert not cut_in_a_test(*on, (camera.STANDBY, 0), (camera.STANDBY, 1)).member.station.was_testing
    assert not cut_in_a_test((camera.STANDBY, 0), (camera.STANDBY, 1)).member.station.was_testing
    assert not cut_in_a_test(*on, (camera.UNPROVEN, 1)).member.station.was_testing


def test_a_recording_that_a_cut_test_began_is_ended_though_its_tally_came_after_the_boot():
    def begun(tally_ms):
        worn = cut_in_a_test((camera.STARTING, 0))
        worn.role = CameraRole(worn.member.station, worn.recorder, Signal(), Line())
        worn.wait(tally_ms)
        worn.recorder.tally.on = True
        worn.role._step(camera.TALLY_ON, None)
        return worn

    late = begun(1500)
    assert late.role.state.mode == camera.HOLDING and late.recorder.pulses == 0
    assert late.wait(60000).recorder.pulses == 1 and late.role.state.stopping
    by_hand = begun(20000)
    assert by_hand.wait(3600000).recorder.pulses == 0 and by_hand.role.state.mode == camera.STANDBY


def test_a_tally_that_a_self_test_found_stuck_on_is_announced_as_unproven_and_refused():
    worn = Worn()
    for event, tally in ((camera.TEST, False), (camera.TALLY_ON, True), (camera.TEST_OVER, True)):
        worn.recorder.tally.on = tally
        worn.role._step(event, None)
    worn.wait(60000)
    assert worn.role.says() == (frames.READY, frames.READY_UNPROVEN), "its holster's officer is warned before any draw"
    pressed = worn.recorder.pulses
    worn.hear(frames.DRAW, 5)
    assert worn.recorder.pulses == pressed, "a press might stop what records"
    assert camera.answer(worn.role.state, worn.air.now)[:2] == (frames.REFUSED, frames.REASON_UNPROVEN)
