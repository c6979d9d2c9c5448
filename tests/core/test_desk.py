"""What a session may do to a unit in service: its settings, its keys, its assignment, its modes; and what is kept of
it."""

import struct

from interlock.core import access, records, settings, wire
from interlock.core.settings import DEFAULT_POLICY, Settings
from interlock.desk import NOTES, NOTES_REFILL_MS, Desk
from tests.core.desk_world import CAMERA, FIGURES, HOLSTER, NEW, OLD, SPARE_CAMERA, STRANGER, UTC, World, config
from tests.core.session_world import LABEL, prepared, some_access

DAY_S = 86400


def give(host, held):
    """Reason of PREPARE, or of COMMIT."""
    reason, digest = host.ask(wire.PREPARE, prepared(held))
    return reason if reason != wire.OK else host.ask(wire.COMMIT, digest)[0]


def assigning(partner, until_s, officer=b"PC1234  ", zero=0):
    return struct.pack(wire.ASSIGN_FORM, partner, until_s, zero, officer)


# Settings in service.


def test_an_admin_changes_keys_partners_and_policy_in_service_and_never_who_the_unit_is():
    world = World()
    changed = config(2, (NEW, OLD), b"v" * 32, hold_ms=60000)
    fewer = Settings(*(tuple(config(3))[:7] + ([], DEFAULT_POLICY) + settings.DEFAULT_RECORDER))
    for held in (changed, fewer):
        assert give(world.admin(), held) == wire.OK
        assert settings.load(world.area) == world.adopted[-1] == held
    assert not world.desk.restart
    present = settings.load(world.area)
    for place, other in ((1, b"OTHERONE"), (2, 9), (3, settings.ROLE_CAMERA)):
        another = list(present)
        another[0], another[place] = 4, other
        assert give(world.admin(), Settings(*another)) == wire.BAD_SETTINGS
    assert settings.load(world.area) == present and len(world.adopted) == 2


def test_a_board_without_pins_for_both_roles_takes_no_settings_with_both():
    both = Settings(*(tuple(config(4))[:3] + (settings.ROLE_HOLSTER | settings.ROLE_CAMERA,) + tuple(config(4))[4:]))
    for plays_both, expected in ((False, wire.BAD_SETTINGS), (True, wire.OK)):
        world = World()
        world.desk.config, world.desk.plays_both = None, plays_both
        assert world.desk.check(wire.ADMIN, both) == expected


def test_the_counter_goes_on_when_the_units_own_key_changes():
    world = World()
    world.unit.counter += 7
    used = world.unit.counter
    assert give(world.admin(), config(2, unit_key=b"v" * 32)) == wire.OK
    assert world.unit.counter == used
    world.boot()
    assert world.unit.counter >= used


def test_each_figure_of_a_policy_that_changes_is_journalled_old_and_new():
    world = World()
    give(world.admin(), config(2, hold_ms=60000, covert=True))
    give(world.admin(), config(3, hold_ms=60000))
    told = [(FIGURES[place], before, after) for place, before, after in world.records(records.POLICY)]
    assert told == [("hold_ms", 30000, 60000), ("covert", 0, 1), ("covert", 1, 0)]
    give(world.admin(), config(4, (NEW, OLD), hold_ms=60000))  # keys alone are no policy
    assert len(world.records(records.POLICY)) == 3


def test_a_set_up_journals_in_what_its_policy_differs_from_the_default():
    world = World()
    world.desk = Desk(world.unit, world.area, LABEL, None, world.adopted.append, lambda: (0, 0), world._identify)
    granted = access.Granted(some_access(), b"k" * 16)
    assert world.desk.commit(wire.SETUP, config(2, on_draw=1), granted) == wire.OK
    assert world.records(records.POLICY) == [(FIGURES.index("on_draw"), 2, 1)]


def test_a_policy_that_cannot_be_journalled_does_not_change():
    world = World()
    host = world.admin()

    def fail(*_):
        raise OSError(5)

    world.unit.journal.append = fail
    assert give(host, config(2, hold_ms=60000)) == wire.FLASH_FAILED
    assert settings.load(world.area) == config() and world.adopted == []


def test_a_groups_key_is_changed_in_three_steps_without_taking_the_unit_out_of_service():
    world = World()
    seen = [world.status().epochs]
    for revision, group in enumerate(((OLD, NEW), (NEW, OLD), (NEW, settings.NO_KEY)), 2):
        assert give(world.admin(), config(revision, group)) == wire.OK
        held = world.adopted[-1]
        assert (held.group_key, held.group_other) == group and not world.desk.restart
        seen.append(world.status().epochs)
    assert seen == [1, 2, 2, 1]
    assert OLD not in bytes(world.area.data)


def test_a_technician_changes_no_settings_and_moves_no_key():
    world = World()
    before = bytes(world.area.data)
    host = world.technician()
    assert host.ask(wire.PREPARE, prepared(config(2)))[0] == wire.NOT_ALLOWED
    assert host.ask(wire.COMMIT, bytes(8))[0] == wire.NOT_ALLOWED
    assert host.ask(wire.RATCHET, bytes(4))[0] == wire.NOT_ALLOWED
    assert host.ask(wire.MAKE_KEY, bytes(33))[0] == wire.NOT_ALLOWED
    assert bytes(world.area.data) == before


# Assignment.


def test_admin_and_technician_assign_a_paired_or_a_spare_partner_and_take_it_back():
    world = World()
    world.set_clock()
    for opens, credential in ((world.technician, wire.TECHNICIAN), (world.admin, wire.ADMIN)):
        for partner in (CAMERA, SPARE_CAMERA):
            until_s = UTC + 9 * 3600
            assert opens().ask(wire.ASSIGN, assigning(partner, until_s))[0] == wire.OK
            assert world.records(records.ASSIGNED)[-1] == (partner, until_s, credential, b"PC1234  ")
            assert (world.status().assigned, world.status().until_s) == (partner, until_s)
        assert opens().ask(wire.ASSIGN, assigning(0, 12345))[0] == wire.OK
        assert (world.status().assigned, world.status().until_s) == (0, 0)


def test_only_a_partner_that_can_do_what_the_unit_needs_is_assigned():
    for role, fitting in (
        (settings.ROLE_HOLSTER, (CAMERA, SPARE_CAMERA)),
        (settings.ROLE_CAMERA, (HOLSTER,)),
        (settings.ROLE_COMBINED, (CAMERA, SPARE_CAMERA, HOLSTER)),
    ):
        world = World(config(role=role))
        host = world.technician()
        for partner in (CAMERA, SPARE_CAMERA, HOLSTER, STRANGER, 0xFFFF):
            wanted = wire.OK if partner in fitting else wire.BAD_ASSIGNMENT
            assert host.ask(wire.ASSIGN, assigning(partner, UTC))[0] == wanted


def test_an_assignment_ends_in_the_future_and_within_32_days_as_far_as_the_unit_knows_the_time():
    world = World()
    host = world.technician()
    for until_s, wanted in ((0, wire.BAD_ASSIGNMENT), (1, wire.OK), (0xFFFFFFFF, wire.OK)):
        assert host.ask(wire.ASSIGN, assigning(CAMERA, until_s))[0] == wanted
    world.set_clock()
    for ahead_s, wanted in ((0, wire.BAD_ASSIGNMENT), (1, wire.OK), (32 * DAY_S, wire.OK)):
        assert host.ask(wire.ASSIGN, assigning(CAMERA, UTC + ahead_s))[0] == wanted
    assert host.ask(wire.ASSIGN, assigning(CAMERA, UTC + 32 * DAY_S + 1))[0] == wire.BAD_ASSIGNMENT
    world.boot()  # without a clock, but what is past stays past
    assert world.technician().ask(wire.ASSIGN, assigning(CAMERA, UTC - 1))[0] == wire.BAD_ASSIGNMENT


def test_a_byte_that_means_nothing_yet_is_refused():
    world = World()
    assert world.technician().ask(wire.ASSIGN, assigning(CAMERA, UTC, zero=1))[0] == wire.BAD_ASSIGNMENT
    assert world.records(records.ASSIGNED) == []


def test_an_assignment_outlives_restarts_and_the_ring():
    world = World()
    world.technician().ask(wire.ASSIGN, assigning(SPARE_CAMERA, UTC))
    for _ in range(3):
        for _ in range(400):
            world.unit.record(records.ALERT, b"\x01")
            world.unit.tidy()
        world.boot()
        assert world.status().assigned == SPARE_CAMERA
    world.technician().ask(wire.ASSIGN, assigning(0, 0))
    world.boot()
    assert world.status().assigned == 0


def test_an_assignment_that_cannot_be_journalled_is_none():
    world = World()
    host = world.technician()

    def fail(*_):
        raise OSError(5)

    world.unit.journal.append = fail
    assert host.ask(wire.ASSIGN, assigning(CAMERA, UTC))[0] == wire.FLASH_FAILED
    assert world.unit.assigned[0] == 0


# Modes.


def asked(host, mode, seconds):
    return host.ask(wire.MODE, struct.pack(wire.MODE_FORM, mode, seconds))[0]


def test_a_mode_is_entered_for_no_longer_than_the_policy_says():
    world = World()
    host = world.technician()
    assert asked(host, records.MODE_TEST, 0) == wire.OK
    assert asked(host, records.MODE_FUNCTION_TEST, 60) == wire.OK
    assert asked(host, records.MODE_TEST, 61) == wire.BAD_MODE
    assert asked(host, records.MODE_MUTE, 600) == wire.OK
    assert asked(host, records.MODE_MUTE, 601) == wire.BAD_MODE
    assert asked(host, records.MODE_NORMAL, 5) == wire.OK
    assert asked(host, 99, 1) == wire.BAD_MODE
    wanted = [(records.MODE_TEST, 60), (records.MODE_FUNCTION_TEST, 60), (records.MODE_MUTE, 600)]
    assert world.modes == wanted + [(records.MODE_NORMAL, 0)]


def test_where_alerts_may_not_be_muted_a_session_cannot_either_and_a_camera_unit_has_no_modes():
    world = World(config(mute_ms=0))
    assert asked(world.admin(), records.MODE_MUTE, 1) == asked(world.admin(), records.MODE_MUTE, 0) == wire.BAD_MODE
    camera = World(config(role=settings.ROLE_CAMERA), has_modes=False)
    assert asked(camera.admin(), records.MODE_TEST, 1) == wire.BAD_MODE
    assert world.modes == camera.modes == []


def test_a_placement_lasts_no_longer_than_a_test_and_is_of_holsters_only():
    world = World()
    asked_of = []

    def place(credential, what, seconds):
        asked_of.append((credential, what, seconds))
        return wire.OK, b"lines"

    host = world.technician()
    assert host.ask(wire.PLACE, struct.pack(wire.PLACE_FORM, wire.PLACE_BEGIN, 0)) == (wire.NOT_ALLOWED, b"")
    world.desk.placement = place
    for what, seconds, reason in (
        (wire.PLACE_BEGIN, 61, wire.BAD_MODE),
        (wire.PLACE_BEGIN, 0, wire.OK),
        (wire.LOOK, 9, wire.OK),
        (wire.PLACE_END, 0, wire.OK),
    ):
        assert host.ask(wire.PLACE, struct.pack(wire.PLACE_FORM, what, seconds))[0] == reason
    who = wire.TECHNICIAN
    assert asked_of == [(who, wire.PLACE_BEGIN, 60), (who, wire.LOOK, 9), (who, wire.PLACE_END, 0)]


def test_a_technicians_word_does_not_wash_the_journal_out():
    world = World()
    world.set_clock()
    desk, first = world.desk, world.unit.journal.sequence
    said = []
    for i in range(300):
        said.append(desk.set_clock(wire.TECHNICIAN, world.unit.uptime_ms(), world.unit.utc_ms(), 5))
        said.append(desk.assign(wire.TECHNICIAN, CAMERA, world.unit.utc_ms() // 1000 + 3600 + i, b"PC1     "))
    assert said == [wire.OK] * NOTES + [wire.TOO_OFTEN] * (600 - NOTES)
    assert world.unit.journal.sequence - first < 2 * NOTES
    assert desk.set_clock(wire.ADMIN, world.unit.uptime_ms(), world.unit.utc_ms(), 5) == wire.OK, (
        "its key is the vault's"
    )
    world.now += 2 * NOTES_REFILL_MS
    desk.tidy(world.now)
    again = [desk.assign(wire.TECHNICIAN, CAMERA, UTC + 7200, b"PC1     ") for _ in range(3)]
    assert again == [wire.OK, wire.OK, wire.TOO_OFTEN]


def test_a_board_that_cannot_have_a_kind_of_recorder_takes_no_settings_with_it():
    for kind, which in ((settings.UART, bytes(8)), (settings.GOPRO, b"1234" + bytes(4))):
        wanted = config(4, role=settings.ROLE_CAMERA)
        wanted = Settings(*(tuple(wanted)[:9] + (kind, which)))
        for can, expected in ((False, wire.BAD_SETTINGS), (True, wire.OK)):
            world = World(config(role=settings.ROLE_CAMERA))
            world.desk.has_recorder = lambda kind, can=can: can
            assert give(world.admin(), wanted) == expected
            # A driver is made at a start, so the unit starts anew when the session is over.
            assert world.desk.restart == can
