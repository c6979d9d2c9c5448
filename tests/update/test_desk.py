"""What a unit in service makes of the requests: lazily, for admins with slots only, and whatever is wrong with it costs
the unit nothing."""

import sys

from interlock.core import records, updating, wire
from interlock.core.reading import Reading
from interlock.desk import Desk
from interlock.update import Update
from tests.core.desk_world import World

from .device import Device
from .releases import digest, release


def desk_of(world, keeper):
    return Desk(world.unit, world.area, world.desk.label, world.desk.config, None, lambda: (0, 0), None, keeper=keeper)


class NoKeeper:
    """A loader that is not what it was."""

    @property
    def state(self):
        raise RuntimeError("nobody thought of this")


def test_a_unit_without_slots_says_that_it_takes_no_release():
    world = World()
    assert world.desk.update(wire.UPDATE_STATE, b"") == (wire.NOT_ALLOWED, b"")


def test_whatever_is_wrong_with_updating_the_unit_goes_on():
    world = World()
    desk = desk_of(world, NoKeeper())
    assert desk.update(wire.UPDATE_STATE, b"") == (wire.FLASH_FAILED, b"")
    assert desk.work() is False and not desk.restart
    device = Device()
    desk = desk_of(world, device.keeper)
    desk._update.held = device.update
    file = release()
    device.begin(file)
    device.send(file, until=4000)
    device.update._check = lambda: 1 // 0
    assert desk.work() is False and desk._update.held is None


def test_an_update_that_was_broken_off_is_forgotten_in_time_and_gone_on_from_later():
    file = release()
    for until in (0, 4000, None):
        world, device = World(), Device()
        desk = desk_of(world, device.keeper)
        desk._update.held = device.update
        device.begin(file)
        progress = device.send(file, until=until) if until != 0 else None
        taken = progress.taken if progress else 0
        for minutes, is_idle in ((5, False), (29, False), (31, True)):
            assert desk.is_idle(minutes * 60000) == is_idle, until
        device.now = 31 * 60000
        device.state()  # somebody asked
        assert not desk.is_idle(40 * 60000) and desk.is_idle(42 * 60000)
        desk.let_go()
        assert desk._update.held is None
        device.update = Update(device.keeper, device.files, device._note, device.now)  # as the next desk's
        _, progress = device.begin(file)
        assert progress.taken == taken
        assert device.finish(file)


def test_an_update_that_still_computes_or_was_switched_to_is_not_forgotten():
    world, device, file = World(), Device(), release()
    desk = desk_of(world, device.keeper)
    desk._update.held = device.update
    device.begin(file)
    device.send(file, until=1)
    while updating.unpack_progress(device.update.progress()).phase == updating.HEAD:
        part = updating.unpack_progress(device.update.progress()).taken
        device.ask(wire.UPDATE_DATA, updating.struct.pack(updating.DATA_FORM, part) + file[part : part + 400])
    assert not desk.is_idle(60 * 60000)  # the signature is being checked
    device.work()
    assert desk.is_idle(60 * 60000)
    assert device.finish(file) and not desk.is_idle(1 << 27)


def test_what_became_of_a_release_is_journalled_with_what_runs_meanwhile_and_a_switch_restarts_the_unit():
    world, device, file = World(), Device(), release()
    desk = desk_of(world, device.keeper)
    device.update._note = desk._note_update
    desk._update.held = device.update
    assert device.begin(file)[0] == wire.OK and device.send(file).phase == updating.READY
    assert not desk.restart
    reason, _ = desk.update(wire.UPDATE_SWITCH, digest(file))
    assert reason == wire.OK and desk.restart
    told = [record.fields() for record in Reading(world.flash).records if record.kind == records.UPDATE]
    assert [fields.phase for fields in told] == [updating.READY, updating.SWITCHED]
    assert {(f.slot, f.major, f.minor, f.patch, f.digest) for f in told} == {(1, 2, 0, 0, digest(file)[:8])}


def test_the_slots_show_in_the_units_status():
    world, device = World(), Device()
    desk = desk_of(world, device.keeper)
    flags = wire.unpack_status(desk.status()).flags
    assert not flags & (wire.FLAG_SLOT_B | wire.FLAG_ON_TRIAL | wire.FLAG_GAVE_UP)
    assert device.finish(release())
    device.boot()
    flags = wire.unpack_status(desk_of(world, device.keeper).status()).flags
    assert flags & wire.FLAG_SLOT_B and flags & wire.FLAG_ON_TRIAL
    while device.on_trial:
        device.boot(is_reset=True)
    flags = wire.unpack_status(desk_of(world, device.keeper).status()).flags
    assert flags & wire.FLAG_GAVE_UP and not flags & (wire.FLAG_SLOT_B | wire.FLAG_ON_TRIAL)


def test_a_unit_that_is_not_updated_loads_nothing_of_it():
    kept = {name: sys.modules.pop(name) for name in ("interlock.update", "interlock.release_files")}
    try:
        World().desk.status()
        assert "interlock.update" not in sys.modules and "interlock.release_files" not in sys.modules
    finally:
        sys.modules.update(kept)
