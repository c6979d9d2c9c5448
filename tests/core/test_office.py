"""What serves technicians comes when one may come, piece by piece, and goes when nobody needs it; what cannot be loaded
stops nothing."""

from interlock import office
from interlock.core import records, settings, signer, wire
from interlock.core.reading import Reading
from interlock.unit import Unit
from tests.core.office_world import World
from tests.core.session_world import ADMIN_KEY, SERIAL, Host
from tests.core.unit_life import Silence

H5 = 2


def test_a_desk_comes_in_turns_and_goes_when_nobody_is_expected():
    world = World()
    assert world.office.desk is None and world.office.session(world.now) is None
    world.office.turn(True, False)
    assert world.office.desk is None and world.office.deadline() == world.now  # the weapon is looked at in between
    world.turns(True)
    assert world.office.desk is not None and world.office.deadline() is None
    world.turns(False)
    assert world.office.desk is None and world.made == 1
    world.turns(True)
    assert world.made == 2


def test_it_stays_while_somebody_is_here_or_a_weapon_is_in_use():
    world = World()
    world.turns(True)
    world.turns(False, is_needed=True)
    assert world.office.desk is not None
    half = World()
    half.office.turn(True, False)
    half.turns(False, 20, is_needed=True)  # a weapon came while it was loaded: nothing more is
    assert half.office.desk is None and half.made == 0
    assert half.office.deadline() is None  # the loop sleeps, for however long the use lasts
    half.office.turn(True, False)
    assert half.office.desk is not None


def test_it_stays_until_nothing_would_be_forgotten_with_it():
    world = World()
    world.turns(True)
    desk = world.office.desk
    desk.refused(wire.ADMIN, wire.BAD_PROOF)
    world.turns(False)
    assert world.office.desk is desk and desk.wait_s(wire.ADMIN) > 0
    for _ in range(40):
        world.now += 600000
        desk.tidy(world.now)
        world.turns(False)
    assert world.office.desk is None


def test_a_technicians_requests_are_counted_over_the_end_of_a_visit():
    world = World()
    world.turns(True)
    desk = world.office.desk
    desk.set_clock(wire.TECHNICIAN, world.unit.uptime_ms(), 1795000000000, 100)
    world.turns(False)
    assert world.office.desk is desk
    world.now += 600000
    desk.tidy(world.now)
    world.turns(False)
    assert world.office.desk is None


def test_a_key_that_is_being_made_keeps_the_notary_and_not_the_desk():
    world = World()
    world.turns(True)
    assert world.office.desk.make_key(H5, bytes(32)) == wire.OK
    world.turns(False)
    assert world.office.desk is None
    state = wire.unpack_key(world.unit.notary().key())
    assert state.state == 1 and world.office.work()
    while world.office.work():
        pass
    assert wire.unpack_key(world.unit.notary().key()).state == 2
    world.turns(False)
    assert world.office.work() is False  # nobody is there to be asked


def test_a_signature_a_day_is_one_a_day_whoever_came_and_went_in_between():
    world = World()
    world.turns(True)
    assert world.office.desk.make_key(H5, bytes(32)) == wire.OK
    while world.office.work():
        pass
    assert world.office.desk.checkpoint(wire.TECHNICIAN, None, bytes(16))[0] == wire.OK
    while world.office.work():
        pass
    world.turns(False)
    world.now += 3600 * 1000
    world.turns(True)
    assert world.office.desk.checkpoint(wire.TECHNICIAN, 0, bytes(16))[0] == wire.TOO_SOON
    world.now += 20 * 3600 * 1000
    assert world.office.desk.checkpoint(wire.TECHNICIAN, 0, bytes(16))[0] == wire.OK


def test_a_session_works_at_a_desk_that_came_a_second_time():
    world = World()
    for _ in range(2):
        world.turns(True)
        session = world.office.session(world.now)
        assert session is not None
        host = Host(world.office.desk).open_admin()
        assert host.ask(wire.PING)[0] == wire.OK
        world.turns(False)
        world.now += 1000


def test_what_cannot_be_loaded_is_journalled_once_and_tried_again_each_minute():
    for error in (MemoryError, ImportError, OSError, ValueError):
        tries = []

        def fail(error=error, tries=tries):
            tries.append(error)
            raise error()

        world = World(fail)
        world.turns(True, 10)
        assert world.office.desk is None and len(tries) == 1
        world.now += office.AGAIN_MS
        world.turns(True, 10)
        assert len(tries) == 2 and world.office.session(world.now) is None
        assert [fields.sector for fields in world.faults()] == [2]
        world.turns(False)
        assert world.office.deadline() is None


def test_a_unit_whose_signer_cannot_be_loaded_boots_and_says_so():
    class NoNotary(Unit):
        def notary(self):
            raise MemoryError

    world = World()
    unit = NoNotary(SERIAL, world.flash, world.area, Silence(), lambda: world.now)
    unit.write_boot(1)
    held = office.Office(unit, world.make)
    assert held.desk is None and held.work() is False
    assert [fields.sector for fields in world.faults()] == [0]


def test_a_use_that_comes_after_a_failed_load_wakes_nobody_each_minute():
    def fail():
        raise MemoryError

    world = World(fail)
    world.turns(True, 5)
    world.turns(False, is_needed=True)
    world.now += office.AGAIN_MS
    world.turns(False, is_needed=True)
    assert world.office.deadline() is None


def test_a_failed_load_that_cannot_be_journalled_stops_nothing():
    class NoMemory(Unit):
        has_room = False

        def notary(self):
            raise MemoryError

        def record(self, kind, payload):
            if kind == records.FAULT and not self.has_room:
                raise MemoryError
            return Unit.record(self, kind, payload)

    world = World()
    unit = NoMemory(SERIAL, world.flash, world.area, Silence(), lambda: world.now)
    unit.write_boot(1)
    held = office.Office(unit, world.make)
    assert not world.faults()
    unit.has_room = True
    for _ in range(3):
        world.now += office.AGAIN_MS
        held.turn(True, False)
        assert len(world.faults()) == 1


def test_what_a_cut_left_is_finished_also_by_a_signer_that_could_not_be_loaded_at_the_start():
    class Later(Unit):
        tries = 0

        def notary(self):
            self.tries += 1
            if self.tries < 3:
                raise MemoryError
            return Unit.notary(self)

    world = World()
    world.turns(True)
    assert world.office.desk.make_key(H5, bytes(32)) == wire.OK  # and the power is cut
    unit = Later(SERIAL, world.flash, world.area, Silence(), lambda: world.now)
    unit.write_boot(1)
    held = office.Office(unit, world.make)
    assert unit.tries == 1
    for tries, pause_ms in ((2, office.AGAIN_MS), (3, office.OWED_MS)):
        held.turn(False, True)
        assert held.deadline() is None  # a weapon is in use
        held.turn(False, False)
        assert held.deadline() == world.now + pause_ms and unit.tries == tries - 1
        world.now += pause_ms
        held.turn(False, False)
        assert unit.tries == tries
    while held.work():
        pass
    assert wire.unpack_key(unit.notary().key()).state == signer.READY
    for _ in range(3):
        held.turn(False, False)
    assert held.work() is False and held.deadline() is None


def test_a_worn_unit_whose_signer_does_not_fit_tries_it_each_hour_and_at_once_when_somebody_comes():
    class NoNotary(Unit):
        tries = 0

        def notary(self):
            self.tries += 1
            raise MemoryError

    world = World()
    unit = NoNotary(SERIAL, world.flash, world.area, Silence(), lambda: world.now)
    held = office.Office(unit, world.make)
    for _ in range(600):  # ten hours, a turn each minute
        world.now += 60000
        held.turn(False, False)
    assert 9 <= unit.tries <= 12
    before = unit.tries
    for tries in (1, 2, 3):
        held.turn(True, False)
        assert unit.tries == before + tries
        world.now += office.AGAIN_MS


def rotted_keys(world):
    found = [record.fields() for record in Reading(world.flash).records if record.kind == records.FAULT]
    return [fields for fields in found if fields.kind == records.FAULT_SIGNING]


def test_each_key_that_rots_in_a_boot_is_told_and_told_once():
    world = World()
    for told in (1, 2):
        world.turns(True)
        assert world.office.desk.make_key(H5, bytes(32)) == wire.OK
        while world.office.work():
            pass
        assert world.office.desk.checkpoint(wire.ADMIN, None, bytes(16))[0] == wire.OK
        while world.office.work():
            pass
        world.area.erase((settings.SIGNER_FIRST + signer.HEAD) * world.area.sector_bytes)
        for _ in range(3):
            world.turns(False)
            world.turns(True)
            world.office.work()
            assert len(rotted_keys(world)) == told


def test_an_admin_key_stays_the_one_in_force():
    world = World()
    world.turns(True)
    assert world.office.desk.access.admin_key == ADMIN_KEY
