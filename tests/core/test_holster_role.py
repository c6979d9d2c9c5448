"""The holster unit's role over a real station: what is built ahead, and that no counter is aired twice."""

from interlock.core import frames, holster, lines, records, wire
from interlock.core.receiver import Receiver
from interlock.core.settings import REACH_JOURNAL, ROLE_CAMERA, ROLE_HOLSTER
from interlock.holster_role import HolsterRole
from interlock.placement import Placement
from tests.core.station_world import GROUP, Air, config_of, partner, policy_with

H, C = 1, 2


class Switch:
    """A contact whose changes the test makes."""

    settle_at = None
    noisy = False
    held_back = 0
    edges = 0
    pulse_ms = 8
    seen = 3

    def __init__(self, on=False):
        self.on = on
        self.edge_at = 0
        self.changes = 0

    def turn(self, on):
        self.on = on
        self.changes = 1

    def take(self):
        changes, self.changes = self.changes, 0
        return changes


class Seat:
    contacts = ()
    edge_at = 0
    faulty = noisy = False
    held_back = 0
    disagree_at = left_at = None

    def __init__(self):
        self.seated = True
        self.changes = 0

    def turn(self, seated):
        self.seated = seated
        self.changes = 1

    def take(self, now):
        changes, self.changes = self.changes, 0
        return changes


class Cell:
    low = doubts = False

    def check(self):
        return False


class Signal:
    off_at = None

    def alert(self, now):
        pass

    nudge = calm = tick = lambda *_: None


class Holstered:
    """A settled holster unit; `aired`: (event, counter) of each frame that the radio got."""

    def __init__(self):
        self.air = Air()
        self.member = self.air.add(config_of(H, ROLE_HOLSTER, [partner(C, ROLE_CAMERA)]), None, False)
        station = self.member.station
        self.seat = Seat()
        self.armed, self.discharge, self.dock, self.button = Switch(), Switch(), Switch(), Switch()
        switches = (self.armed, self.discharge, self.dock, self.button)
        self.role = HolsterRole(station, self.seat, *switches, Cell(), Signal())
        station.on_change = self.role.adopt
        self.aired = []
        self._advertise = station.radio.advertise
        station.radio.advertise = self._note
        self.wait(1000)

    def _note(self, frame, interval_ms):
        plain = frames.GroupKeys(GROUP).reveal(frame)
        unit = frames.unpack_unit(plain)
        self.aired.append((unit.event, unit.counter))
        return self._advertise(frame, interval_ms)

    def turn(self, prepare=True):
        self.role.react()
        self.role.tick()
        while prepare and self.role.prepare():
            pass
        return self

    def wait(self, ms):
        self.air.now += ms
        return self.turn()

    def recorded(self):
        return [(fields.event, fields.counter) for fields in self.member.records(records.EVENT) if fields.counter]


def test_three_edges_in_one_turn_are_three_frames_as_they_are_recorded():
    unit = Holstered()
    unit.seat.turn(False)
    unit.armed.turn(True)
    unit.discharge.turn(True)
    unit.turn()
    events = [event for event, _ in unit.aired]
    counters = [counter for _, counter in unit.aired]
    assert events == [frames.DRAW, frames.ARM, frames.DISCHARGE]
    assert len(set(counters)) == 3 and unit.aired == unit.recorded()


def test_a_draw_that_new_settings_keep_to_the_journal_is_not_aired_from_what_was_ready():
    for settled in (False, True):
        unit = Holstered()
        policy = policy_with(on_draw=REACH_JOURNAL)
        unit.member.station.go_by(config_of(H, ROLE_HOLSTER, [partner(C, ROLE_CAMERA)], policy, 2))
        if settled:
            unit.turn()
        unit.seat.turn(False)
        unit.turn()
        assert unit.aired == [], "whether or not the loop had a turn in between"
        unit.armed.turn(True)
        unit.turn()
        assert [event for event, _ in unit.aired] == [frames.ARM] and unit.aired == unit.recorded()


def test_a_made_safe_and_fired_weapon_says_on_the_air_what_the_journal_says():
    unit = Holstered()
    unit.seat.turn(False)
    unit.armed.turn(True)
    unit.turn()
    unit.armed.turn(False)
    unit.discharge.turn(True)
    unit.turn()
    assert unit.aired == unit.recorded()
    flags = [fields.flags for fields in unit.member.records(records.EVENT) if fields.event == frames.DISCHARGE]
    assert flags[0] & frames.FLAG_ORDER_FAULT and not flags[0] & frames.FLAG_ARMED


def test_made_safe_is_journalled_as_of_the_edge_that_opened_the_line():
    unit = Holstered()
    unit.seat.turn(False)
    unit.armed.turn(True)
    unit.turn().wait(1000)
    unit.armed.turn(False)
    unit.armed.edge_at = unit.air.now - 22
    unit.turn()
    agos = [fields.edge_ago_ms for fields in unit.member.records(records.EVENT) if fields.event == holster.NOTE_SAFE]
    assert agos == [22]


def test_frames_built_ahead_are_taken_by_a_camera_as_new():
    unit = Holstered()
    ear = Receiver(C, [frames.GroupKeys(GROUP)], [unit.member.station.keys], {})
    unit.seat.turn(False)
    unit.turn()
    heard = ear.hear(unit.member.radio.on, 0, 0)
    assert (heard.event, heard.counter) == (frames.DRAW, unit.member.station.counter)


def announced():
    """A holster unit whose officer has announced a function test."""
    unit = Holstered()
    for on in (True, False, True, False):
        unit.button.turn(on)
        unit.wait(100)
    assert unit.role.state.duty == records.MODE_FUNCTION_TEST
    return unit


def test_a_placement_that_nobody_began_ends_no_function_test_of_the_officer():
    unit = announced()
    Placement(unit.role).ask(wire.TECHNICIAN, wire.PLACE_END, 0)
    assert unit.role.state.duty == records.MODE_FUNCTION_TEST


def test_a_button_that_is_noisy_takes_back_the_function_test_that_it_announced_and_its_presses_are_none():
    unit = announced()
    unit.button.noisy = True
    for on in (True, False, True, False):
        unit.button.turn(on)
        unit.wait(100)
    assert unit.role.state.duty == records.MODE_NORMAL
    told = [(fields.mode, fields.cause, fields.seconds) for fields in unit.member.records(records.MODE)]
    assert told[1:] == [(records.MODE_FUNCTION_TEST, records.MODE_BUTTON_NOISY, 0)]
    unit.seat.turn(False)
    unit.turn()
    (flags,) = [fields.flags for fields in unit.member.records(records.EVENT) if fields.event == frames.DRAW]
    assert not flags & (holster.FLAG_FUNCTION_TEST | frames.FLAG_SENSOR_FAULT)


def test_a_fault_of_dock_or_button_is_journalled_and_one_of_the_weapons_lines_is_in_every_frame_too():
    for name, is_in_frames in (("dock", False), ("button", False), ("armed", True), ("seat", True)):
        unit = Holstered()
        getattr(unit, name).noisy = True
        unit.wait(10).wait(10)
        (told,) = unit.member.records(records.LINES)
        assert lines.faults(told.lines) == lines.NOISY
        assert bool(unit.role.state.conditions & frames.FLAG_SENSOR_FAULT) == is_in_frames


def test_a_lone_pulse_is_a_discharge_and_a_record_says_which_of_the_use_was_not_confirmed():
    unit = Holstered()
    unit.seat.turn(False)
    unit.turn()
    for _ in range(2):
        unit.wait(3000)
        unit.discharge.turn(True)
        unit.discharge.edge_at = unit.air.now
        unit.turn()
        unit.discharge.turn(False)
        for _ in range(30):
            unit.wait(100)
    told = [(fields.event, fields.discharges) for fields in unit.member.records(records.EVENT)]
    doubt = holster.NOTE_UNCONFIRMED
    assert told[-4:] == [(frames.DISCHARGE, 1), (doubt, 1), (frames.DISCHARGE, 2), (doubt, 2)]
