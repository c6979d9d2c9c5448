"""The self-test's machine by itself: what it asks for, when it gives up waiting, what it finds and measures."""

import struct

from interlock.core import records, selftest
from interlock.core.machine import due
from interlock.core.selftest import (
    BEGIN,
    BORROW,
    GIVE_BACK,
    IDLE,
    KEEP,
    LATE,
    LATE_MS,
    MARGIN_MS,
    OFF,
    ON,
    OVER,
    PROBING,
    RESTARTING,
    RUN_MS,
    RUNNING,
    STARTING,
    STOPPING,
    TAKEN,
    UNDOING,
    UNSTICKING,
)
from interlock.core.settings import DEFAULT_POLICY
from interlock.core.ticks import PERIOD_MS, ticks_add, ticks_diff

START = PERIOD_MS - 2000  # ticks wrap early on
LIMIT_MS = DEFAULT_POLICY.start_limit_ms + MARGIN_MS


class Trial:
    """A test of a recorder. `asked`: what the machine wanted of the camera machine since it was last looked at."""

    def __init__(self, tally=False):
        self.now = START
        self.state = selftest.TrialState()
        self.asked = []
        self.on(BEGIN, tally)

    def on(self, event, data=True):
        self.state, effects = selftest.MACHINE.step(self.state, event, data, self.now, DEFAULT_POLICY)
        self.asked += [effect for (effect,) in effects]
        return self

    def after(self, ms):
        """Let time pass."""
        self.now = ticks_add(self.now, ms)
        return self

    def waited(self, ms, awake=True):
        """The wait is over after just so long."""
        assert due(self.after(ms - 1).state, self.now)[1] is None
        self.state, event = due(self.state, self.after(1).now)
        assert event == OVER
        return self.on(OVER, awake)

    def told(self):
        """(mode, finding, what was asked for)."""
        asked, self.asked = self.asked, []
        return self.state.mode, self.state.finding, asked


def running(start_ms=300):
    trial = Trial().after(start_ms).on(ON)
    assert trial.told() == (RUNNING, selftest.UNDER_WAY, [BORROW])
    return trial


def test_a_unit_that_tests_nothing_waits_for_nothing():
    idle = selftest.TrialState()
    assert due(idle, START) == (idle, None)
    assert (idle.mode, idle.finding, idle.start_ms, idle.stop_ms) == (IDLE, selftest.NOT_ASKED, 0, 0)
    assert selftest.unpack(selftest.pack(selftest.NEVER, 0, {}, 0, 0, 0)).findings == bytes(6)


def test_a_recorder_that_starts_and_stops_passes_and_both_are_measured():
    trial = Trial()
    assert trial.told() == (STARTING, selftest.UNDER_WAY, [BORROW]) and trial.state.pressed_at == START
    trial = running(300).waited(RUN_MS)
    assert trial.told() == (STOPPING, selftest.UNDER_WAY, [GIVE_BACK])
    assert ticks_diff(trial.state.wait_at, trial.now) == LIMIT_MS
    assert trial.after(450).on(OFF).told() == (IDLE, selftest.PASSED, [])
    assert (trial.state.start_ms, trial.state.stop_ms, trial.state.wait_at) == (300, 450, None)


def test_what_is_measured_is_at_least_a_millisecond_and_at_most_what_the_report_holds():
    for ms, told in ((0, 1), (1, 1), (2, 2), (selftest.MS_MAX, selftest.MS_MAX), (selftest.MS_MAX + 9, 0xFFFF)):
        trial = running(ms).waited(RUN_MS).after(ms).on(OFF)
        assert (trial.state.start_ms, trial.state.stop_ms) == (told, told)


def test_a_recorder_that_does_not_stop_is_stuck_on():
    trial = running().waited(RUN_MS)
    assert trial.waited(LIMIT_MS).told() == (IDLE, selftest.STUCK_ON, [GIVE_BACK])
    assert trial.state.stop_ms == 0 and trial.state.wait_at is None


def test_a_recording_that_ends_by_itself_is_halted():
    trial = running().after(500).on(OFF)
    assert trial.told() == (IDLE, selftest.HALTED, []) and trial.state.wait_at is None


def test_a_tally_after_the_limit_is_slow_and_the_recorder_stopped_all_the_same():
    trial = Trial().waited(LIMIT_MS)
    assert trial.told() == (LATE, selftest.UNDER_WAY, [BORROW])
    assert trial.after(700).on(ON).told() == (RUNNING, selftest.SLOW, [])
    assert trial.state.start_ms == LIMIT_MS + 700
    assert trial.waited(RUN_MS).told() == (STOPPING, selftest.SLOW, [GIVE_BACK])
    assert trial.after(100).on(OFF).told() == (IDLE, selftest.SLOW, []), "it did not pass"


def test_a_recorder_without_a_tally_is_pressed_a_second_time_so_that_it_does_not_go_on():
    trial = Trial().waited(LIMIT_MS).waited(LATE_MS)
    assert trial.told() == (UNDOING, selftest.NO_TALLY, [BORROW, BORROW])
    assert trial.waited(LIMIT_MS).told() == (IDLE, selftest.NO_TALLY, [])
    assert trial.state.start_ms == 0 and trial.state.wait_at is None


def test_a_tally_that_comes_with_the_second_press_is_slow():
    trial = Trial().waited(LIMIT_MS).waited(LATE_MS).after(50).on(ON)
    assert trial.told() == (RUNNING, selftest.SLOW, [BORROW, BORROW])
    assert trial.waited(RUN_MS).told() == (STOPPING, selftest.SLOW, [GIVE_BACK])


def test_a_recorder_that_is_asleep_has_no_voltage_and_is_not_pressed_again():
    trial = Trial().waited(LIMIT_MS).waited(LATE_MS, awake=False)
    assert trial.told() == (IDLE, selftest.NO_VOLTAGE, [BORROW]) and trial.state.wait_at is None


def test_a_tally_that_was_on_and_goes_off_was_a_recording_which_goes_on():
    trial = Trial(tally=True)
    assert trial.told() == (PROBING, selftest.UNDER_WAY, [BORROW])
    assert trial.after(40).on(OFF).told() == (RESTARTING, selftest.UNDER_WAY, [BORROW])
    assert ticks_diff(trial.state.wait_at, trial.now) == LIMIT_MS
    assert trial.after(60).on(ON).told() == (IDLE, selftest.RECORDING, [KEEP])
    assert trial.state.wait_at is None and trial.state.start_ms == 0


def test_a_recording_that_does_not_come_back_shows_no_tally():
    trial = Trial(tally=True).after(40).on(OFF)
    assert trial.waited(LIMIT_MS).told() == (IDLE, selftest.NO_TALLY, [BORROW, BORROW])
    assert trial.state.wait_at is None


def test_a_tally_that_was_on_and_stays_on_is_stuck_and_the_recorder_is_left_as_it_was():
    for ends in ("off", "never"):
        trial = Trial(tally=True).waited(LIMIT_MS)
        assert trial.told() == (UNSTICKING, selftest.STUCK_ON, [BORROW, BORROW])
        trial = trial.after(10).on(OFF) if ends == "off" else trial.waited(LIMIT_MS)
        assert trial.told() == (IDLE, selftest.STUCK_ON, []) and trial.state.wait_at is None


def test_a_weapon_ends_it_wherever_it_is():
    trials = (Trial(), running(), running().waited(RUN_MS), Trial().waited(LIMIT_MS), Trial(tally=True))
    for trial in trials:
        trial.told()
        assert trial.on(TAKEN).told() == (IDLE, selftest.IN_USE, []) and trial.state.wait_at is None
    idle = selftest.TrialState()
    after, effects = selftest.MACHINE.step(idle, TAKEN, True, START, DEFAULT_POLICY)
    assert (after.mode, after.finding, effects) == (IDLE, selftest.NOT_ASKED, []), "none is under way"


def test_the_longest_test_ends_within_what_a_host_waits_for():
    trial = Trial().waited(LIMIT_MS).waited(LATE_MS).after(LIMIT_MS - 1).on(ON).waited(RUN_MS).waited(LIMIT_MS)
    longest_ms = selftest.longest_ms(DEFAULT_POLICY.start_limit_ms)
    assert trial.told()[0] == IDLE
    assert ticks_diff(trial.now, START) == longest_ms - 1
    assert selftest.longest_ms(0) == 3 * MARGIN_MS + LATE_MS + RUN_MS


def test_a_report_tells_of_each_part_that_was_asked_for_at_its_place():
    found = {part: 32 + i for i, part in enumerate(selftest.PARTS)}
    report = selftest.unpack(selftest.pack(records.TEST_DONE, selftest.ALL, found, 3900, 300, 450))
    assert report == (records.TEST_DONE, selftest.ALL, bytes(range(32, 38)), 3900, 300, 450)
    report = selftest.unpack(selftest.pack(selftest.NEVER, selftest.FLASH, {selftest.FLASH: 38}, 1 << 20, 1, 2))
    assert report.findings == b"\x00\x00\x26\x00\x00\x00" and report.cell_mv == selftest.MS_MAX
    assert (report.phase, report.parts, report.start_ms, report.stop_ms) == (0, selftest.FLASH, 1, 2)


def test_a_report_of_another_size_is_none():
    body = selftest.pack(records.TEST_DONE, selftest.ALL, {}, 1, 2, 3)
    assert len(body) == struct.calcsize(selftest.REPORT_FORM) and selftest.unpack(body) is not None
    assert selftest.unpack(body[:-1]) is None and selftest.unpack(body + b"\x00") is None is selftest.unpack(b"")
