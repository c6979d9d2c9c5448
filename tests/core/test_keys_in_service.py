"""Keys that change while units are in service: whatever unit is reached first, everybody goes on hearing everybody who
belongs, and who was revoked is nobody."""

from interlock.core import access, frames, receiver, records, settings, wire
from interlock.core.reading import Reading
from interlock.core.settings import DEFAULT_POLICY, NO_KEY, PAIRED, SPARE, Partner, Settings
from interlock.desk import Desk
from interlock.station import Station
from tests.core.flash import RamFlash
from tests.core.session_world import Host, prepared, some_access

UTC = 1795000000000
OLD, NEW = b"g" * 32, b"h" * 32
HOLSTER, CAMERA, SPARE_CAMERA, STRANGER = 1, 2, 3, 4


class Silence:
    address_mode = None

    def __getattr__(self, name):
        return lambda *_: True


def unit_key(number, version=0):
    return bytes([number, version]) * 16


def partner(number, standing=PAIRED, version=0):
    role = settings.ROLE_HOLSTER if number == HOLSTER else settings.ROLE_CAMERA
    return Partner(number, role, standing, unit_key(number, version), b"p" * 32)


class Team:
    """A holster with its camera and a spare one, and a camera of somebody else; each with its own desk."""

    def __init__(self):
        self.now = 1000
        self.stations = {}
        self.desks = {}
        self.make(HOLSTER, [partner(CAMERA), partner(SPARE_CAMERA, SPARE)])
        self.make(CAMERA, [partner(HOLSTER)])
        self.make(SPARE_CAMERA, [partner(HOLSTER, SPARE)])
        self.make(STRANGER, [])
        for desk in self.desks.values():
            assert desk.set_clock(wire.ADMIN, self.uptime(), UTC, 20) == wire.OK

    def uptime(self):
        return self.stations[HOLSTER].uptime_ms()

    def make(self, number, partners):
        area = RamFlash(settings.SECTORS)
        role = settings.ROLE_HOLSTER if number == HOLSTER else settings.ROLE_CAMERA
        serial = b"UNIT%04d" % number
        held = Settings(
            1, serial, number, role, unit_key(number), OLD, NO_KEY, partners, DEFAULT_POLICY, *settings.DEFAULT_RECORDER
        )
        settings.store(area, held)
        access.store(area, some_access())
        station = Station(held, RamFlash(8, 1024), area, Silence(), lambda: self.now, 1)
        self.stations[number] = station
        label = access.Label(serial, b"s" * 16)
        self.desks[number] = Desk(station, area, label, held, station.go_by, lambda: (0, 0), lambda _, how: how)

    def change(self, number, **fields):
        """An admin session with a unit that gives it other settings."""
        present = self.stations[number].config
        names = ("revision", "serial", "unit", "role", "unit_key", "group_key", "group_other", "partners", "policy")
        names += ("recorder", "recorder_id")
        fields["revision"] = present.revision + 1
        held = Settings(*[fields.get(names[i], present[i]) for i in range(len(names))])
        host = Host(self.desks[number]).open_admin()
        reason, digest = host.ask(wire.PREPARE, prepared(held))
        assert reason == wire.OK
        assert host.ask(wire.COMMIT, digest)[0] == wire.OK and not self.desks[number].restart

    def assign(self, number, other, until_s=UTC // 1000 + 3600):
        assert self.desks[number].assign(wire.TECHNICIAN, other, until_s, b"PC1234  ") == wire.OK

    def aired(self, number):
        """The next frame of a unit."""
        station = self.stations[number]
        event = frames.OUT if number == HOLSTER else frames.RECORDING
        return station.frame(event, 0, station.use_counter())

    def kind(self, number, frame):
        """What a frame is to a unit, or None."""
        self.now += 1000
        station = self.stations[number]
        heard = station.receiver.hear(frame, self.now, station.slot())
        while station.receiver.tidy():
            pass
        return None if heard is None else heard.kind

    def hearing(self):
        """{(who hears, whom): as what}."""
        found = {}
        for sender in self.stations:
            frame = self.aired(sender)
            for number in self.stations:
                if number != sender:
                    found[number, sender] = self.kind(number, frame)
        return found


def belonging(mates=((HOLSTER, CAMERA), (CAMERA, HOLSTER))):
    """What everybody is to everybody: these hear each other as their own, the others as the group."""
    numbers = (HOLSTER, CAMERA, SPARE_CAMERA, STRANGER)
    return {(a, b): receiver.OWN if (a, b) in mates else receiver.GROUP for a in numbers for b in numbers if a != b}


def test_while_a_groups_key_changes_everybody_hears_everybody_whoever_is_reached_first():
    orders = ((1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3))
    for order in orders:
        team = Team()
        assert team.hearing() == belonging()
        for group in ((OLD, NEW), (NEW, OLD), (NEW, NO_KEY)):
            for number in order:
                team.change(number, group_key=group[0], group_other=group[1])
                assert team.hearing() == belonging(), (order, group, number)


def test_a_round_that_is_begun_too_early_is_noticed_by_the_test_above():
    team = Team()
    team.change(HOLSTER, group_key=NEW, group_other=OLD)
    assert team.hearing() != belonging()


def test_a_unit_that_was_left_out_is_nobody_once_the_key_has_changed():
    team = Team()
    left_out = [number for number in team.stations if number != STRANGER]
    for group in ((OLD, NEW), (NEW, OLD), (NEW, NO_KEY)):
        for number in left_out:
            team.change(number, group_key=group[0], group_other=group[1])
    frame = team.aired(STRANGER)
    assert [team.kind(number, frame) for number in left_out] == [None, None, None]
    assert team.kind(STRANGER, team.aired(HOLSTER)) is None


def test_an_own_frame_is_heard_even_from_a_unit_that_missed_the_change_of_the_groups_key():
    team = Team()
    team.change(CAMERA, group_key=NEW, group_other=NO_KEY)
    assert team.kind(CAMERA, team.aired(HOLSTER)) == receiver.OWN


def test_a_units_own_key_changes_without_a_frame_that_its_partner_does_not_take():
    team = Team()
    both = [partner(HOLSTER), partner(HOLSTER, version=1)]
    assert team.kind(CAMERA, team.aired(HOLSTER)) == receiver.OWN
    team.change(CAMERA, partners=both)
    assert team.kind(CAMERA, team.aired(HOLSTER)) == receiver.OWN
    before = team.stations[HOLSTER].counter
    team.change(HOLSTER, unit_key=unit_key(HOLSTER, 1))
    assert team.stations[HOLSTER].counter == before
    assert team.kind(CAMERA, team.aired(HOLSTER)) == receiver.OWN
    team.change(CAMERA, partners=both[1:])
    assert team.kind(CAMERA, team.aired(HOLSTER)) == receiver.OWN


def test_once_a_partner_spoke_under_its_new_key_who_knows_the_old_one_is_not_the_partner():
    team = Team()
    team.change(CAMERA, partners=[partner(HOLSTER), partner(HOLSTER, version=1)])
    holster = team.stations[HOLSTER]
    stolen = frames.UnitKeys(unit_key(HOLSTER), HOLSTER)
    team.change(HOLSTER, unit_key=unit_key(HOLSTER, 1))
    assert team.kind(CAMERA, team.aired(HOLSTER)) == receiver.OWN
    forged = frames.build_unit(stolen, holster.groups[0], frames.DRAW, 0, holster.counter + 1, bytes(4), holster.slot())
    assert team.kind(CAMERA, forged) is None


def test_an_assigned_spare_is_the_only_partner_until_the_paired_one_is_taken_back():
    team = Team()
    team.assign(HOLSTER, SPARE_CAMERA)
    team.assign(SPARE_CAMERA, HOLSTER)
    spares = ((HOLSTER, SPARE_CAMERA), (SPARE_CAMERA, HOLSTER), (CAMERA, HOLSTER))
    assert team.hearing() == belonging(spares)
    team.assign(HOLSTER, 0, 0)
    team.assign(SPARE_CAMERA, 0, 0)
    assert team.hearing() == belonging()


def test_an_assignment_whose_time_is_over_ends_in_the_dock_and_is_journalled():
    team = Team()
    camera = team.stations[SPARE_CAMERA]
    team.assign(SPARE_CAMERA, HOLSTER, UTC // 1000 + 60)
    team.now += 59000
    camera.lapse()
    assert team.kind(SPARE_CAMERA, team.aired(HOLSTER)) == receiver.OWN
    team.now += 1000
    camera.lapse()
    camera.lapse()
    assert team.kind(SPARE_CAMERA, team.aired(HOLSTER)) == receiver.GROUP
    told = [record.fields().partner for record in Reading(camera.flash).records if record.kind == records.ASSIGNED]
    assert told == [HOLSTER, 0]


def test_an_assignment_holds_through_a_change_of_keys():
    team = Team()
    team.assign(SPARE_CAMERA, HOLSTER)
    team.change(SPARE_CAMERA, group_key=NEW, group_other=OLD)
    assert team.kind(SPARE_CAMERA, team.aired(HOLSTER)) == receiver.OWN
    team.change(SPARE_CAMERA, partners=[])  # and ends with the partner
    assert team.kind(SPARE_CAMERA, team.aired(HOLSTER)) == receiver.GROUP
