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
    speaks = False
    toggles = True
    buffer_ms = proven_ms = None
    is_silent = is_wanted = is_kept = False

    def __init__(self):
        self.tally = Line()
        self.awake = Line(True)
        self.contacts = (self.tally, self.awake)
        self.pulses = 0

    def start(self, now):
        self.pulses += 1

    stop = start

    def hear(self, now):
        pass

    def tick(self, now):
        pass

    def deadline(self, now):
        return None


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


def test_the_recorder_is_told_to_stop_nothing_while_a_weapon_is_out_and_to_forget_its_orders_without_need():
    worn = Worn().wait(0)
    assert not (worn.recorder.is_kept or worn.recorder.is_wanted)
    worn.hear(frames.DRAW, 1).wait(0)
    assert worn.recorder.is_kept and worn.recorder.is_wanted
    worn.hear(frames.REHOLSTER, 2).wait(0)
    assert not worn.recorder.is_kept and worn.recorder.is_wanted, "it is being started still"
    worn.wait(worn.member.station.policy.start_limit_ms + 1).wait(60000)
    assert not (worn.recorder.is_kept or worn.recorder.is_wanted)


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


def test_a_self_test_that_sees_no_tally_leaves_no_recorder_recording():
    # One that toggles is pressed a second time; the others are told to stop.
    for toggles, expected in ((True, ["start", "start"]), (False, ["start", "stop"])):
        worn = Worn()
        told = []
        worn.recorder.toggles = toggles
        worn.recorder.start = lambda now, told=told: told.append("start")
        worn.recorder.stop = lambda now, told=told: told.append("stop")
        worn.role.lend(camera.TEST)
        worn.wait(6000)
        worn.role.lend(camera.TEST)
        assert told == expected


def test_a_recorder_that_talks_is_unproven_until_it_said_that_it_is_off_and_silence_is_not_that():
    for boots in (camera.at_boot(False, False, 0, is_known=False), camera.at_boot(True, True, 0)):
        assert not camera.is_believed(boots)
        silent, _ = camera.MACHINE.step(boots, camera.TALLY_OFF, -1 - 1500, 5000, policy_with())
        assert not camera.is_believed(silent)
        off, _ = camera.MACHINE.step(boots, camera.TALLY_OFF, 200, 5000, policy_with())
        assert camera.is_believed(off) and camera.tally_age_ms(off, 5000) == 200
    proven, _ = camera.MACHINE.step(off, camera.TALLY_ON, None, 6000, policy_with())
    silent, _ = camera.MACHINE.step(proven, camera.TALLY_OFF, -1 - 1500, 9000, policy_with())
    assert camera.tally_age_ms(silent, 9000) == 1500 and not silent.tally


def test_a_buffer_is_what_the_recorder_says_of_it_and_not_more_than_the_policy():
    for said, buffer_ms in ((None, 5000), (3000, 3000), (0, 0), (90000, 5000)):
        state = camera.at_boot(False, True, 0)
        state, _ = camera.MACHINE.step(state, camera.TALLY_ON, said, 60000, policy_with(buffer_ms=5000))
        assert state.buffer_ms == buffer_ms
