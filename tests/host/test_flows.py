"""Provision, pair, sync and status, walked step by step: cut or killed at every frame and every write, run again, and
everything is as if nothing had happened; in between the units are usable, and never half-trusted."""

import asyncio

import pytest

from host_tools.flows import reach
from host_tools.flows.pair import pair
from host_tools.flows.provision import provision
from host_tools.flows.pull import pull_unit
from host_tools.flows.scan import own_heard, scan
from host_tools.flows.status import status
from host_tools.flows.sync import sync
from host_tools.inbox import LinkLost
from host_tools.label import Label
from host_tools.outcome import Exit, ToolError
from host_tools.refused import Refused
from host_tools.store.store import Store
from host_tools.vault.credential import SetUp
from host_tools.vault.entries import COMMITTED
from host_tools.vault.vault import Vault
from interlock.core import access, settings, wire
from interlock.core.reading import Reading
from interlock.core.seal import ERA_SHIFT, next_key

from .flow_world import CAMERA, HOLSTER, World, lend, struck, sweep, two_units, world_copy
from .model_radio import utc_ms
from .unit_model import ModelUnit, put_in_service

# Provision.


def in_service(world, serial):
    """The unit is set up as the vault says, and its label opens it no more."""
    unit, entry = world.units[serial], world.vault.unit(serial)
    assert entry.state == COMMITTED
    assert unit.state == wire.STATE_IN_SERVICE and not unit.access.label_open
    assert unit.held == world.vault.settings_for(serial, entry.revision)
    assert (unit.access.admin_key, unit.access.step) == (entry.admin.key, entry.admin.step)
    assert unit.access.technician_root == entry.technician_root
    assert unit.access.force == b"MPS     " and unit.access.name.rstrip() == entry.name.encode()
    assert sealed(unit, entry.seal_keys)
    with pytest.raises(Refused) as caught:
        world.do(open_label, serial, unit.label.secret)
    assert caught.value.reason == wire.NO_CREDENTIAL


def sealed(unit, keys):
    """Whether the journal's seal is of an era that began with one of these keys."""
    for _ in range(unit.seal.epoch & (1 << ERA_SHIFT) - 1):
        keys = [next_key(key) for key in keys]
    return unit.seal.epoch >> ERA_SHIFT and unit.seal.key in keys


async def open_label(bench, serial, secret):
    async with reach.reach(bench, serial, SetUp(secret)) as session:
        await session.status()


def never_half_trusted(world, serial):
    """Whatever happened: a label that still opens belongs to a unit that the vault does not call set up, and the vault
    has every key that the unit has."""
    unit, vault = world.units[serial], world.vault
    if unit.is_new:
        unit.boot()
    if serial not in vault:
        assert unit.state == wire.STATE_BOXED
        return
    entry = vault.unit(serial)
    if entry.state == COMMITTED:
        assert unit.state == wire.STATE_IN_SERVICE
    if unit.access is not None:
        keys = {entry.admin.key, entry.admin.next_key}
        assert unit.access.admin_key in keys or unit.access.admin_old in keys
        assert unit.held.unit_key == entry.unit_key
        assert sealed(unit, entry.seal_keys), "the vault has not the key under which the journal is sealed"


def test_a_unit_is_set_up(tmp_path):
    world = World(tmp_path, "H1")
    done = world.do(provision, world.label("H1"), HOLSTER, signing="none")
    assert (done.signing.state, done.signing.params, done.signing.public) == ("none", None, None)
    assert (done.serial, done.number, done.name, done.already) == ("H1", 1, "holster 1", False)
    assert done.clock_uncertainty_ms < 50
    in_service(world, "H1")
    assert world.units["H1"].clock is not None
    store = Store.open(tmp_path / "journals.sqlite")
    assert [entry.what for entry in store.custody_of("H1")] == ["provisioned"]
    store.close()


@pytest.mark.usefixtures("fated_writes", "impatient")
@pytest.mark.parametrize(
    ("mtu", "stride"),
    [(247, 5), pytest.param(247, 1, marks=pytest.mark.deep), pytest.param(23, 7, marks=pytest.mark.deep)],
)
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
def test_provision_struck_at_every_step_and_run_again(tmp_path, kill, mtu, stride):
    for at, home in sweep(tmp_path, stride):
        world = World(home, "H1")
        world.mtu = mtu
        went_on = struck(world, at, kill, provision, world.label("H1"), HOLSTER)
        never_half_trusted(world, "H1")
        world.do(provision, world.label("H1"), HOLSTER)
        in_service(world, "H1")
        if not went_on:
            break
    assert at > 40


def test_setting_up_again_changes_nothing_and_says_so(tmp_path):
    world = World(tmp_path, "H1")
    world.do(provision, world.label("H1"), HOLSTER)
    before = world.units["H1"].held
    done = world.do(provision, world.label("H1"), HOLSTER)
    assert done.already and world.units["H1"].held == before
    in_service(world, "H1")


def test_a_policy_reaches_a_unit_in_service_and_another_role_does_not(tmp_path):
    world = World(tmp_path, "C1")
    world.do(provision, world.label("C1"), CAMERA)
    policy = settings.DEFAULT_POLICY._replace(buffer_ms=60_000)
    assert world.do(provision, world.label("C1"), CAMERA, policy=policy).revision == 2
    assert world.units["C1"].held.policy.buffer_ms == 60_000
    with pytest.raises(ToolError, match="in service as a camera"):
        world.do(provision, world.label("C1"), HOLSTER)


def test_a_half_set_up_unit_may_still_get_another_role(tmp_path, impatient):
    for at in (22, 26, 30, 40):
        world = World(tmp_path / str(at), "C1")
        struck(world, at, True, provision, world.label("C1"), HOLSTER)
        if world.vault.serials() and world.vault.unit("C1").state == COMMITTED:
            continue
        world.do(provision, world.label("C1"), CAMERA, "front desk")
        in_service(world, "C1")
        assert world.units["C1"].held.role == CAMERA


def test_somebody_elses_half_set_up_is_overcome(tmp_path, impatient):
    world = World(tmp_path, "H1")
    other = World(tmp_path / "other")
    other.units = world.units
    at = 0
    while world.units["H1"].state != wire.STATE_LABEL_OPEN:  # until a stroke hits between commit and the admin session
        at += 1
        world.units["H1"] = ModelUnit("H1")
        other.home = tmp_path / f"other {at}"
        Vault.create(other.home / "vault", "OTHER")
        struck(other, at, True, provision, world.label("H1"), HOLSTER)
        world.units["H1"].boot()
    world.do(provision, world.label("H1"), HOLSTER)
    in_service(world, "H1")
    assert world.units["H1"].held.revision > 1


def test_another_forces_unit_is_refused_with_advice(tmp_path):
    world, other = World(tmp_path / "a", "H1"), World(tmp_path / "b")
    world.do(provision, world.label("H1"), HOLSTER)
    other.units = world.units
    with pytest.raises(Refused) as caught:
        other.do(provision, world.label("H1"), HOLSTER)
    assert caught.value.reason == wire.NO_CREDENTIAL and "another vault" in caught.value.advice


def test_an_erased_unit_is_not_silently_set_up_again(tmp_path):
    world = World(tmp_path, "H1")
    world.do(provision, world.label("H1"), HOLSTER)
    world.units["H1"] = ModelUnit("H1")
    with pytest.raises(ToolError, match="does not know its key any more"):
        world.do(provision, world.label("H1"), HOLSTER)


def test_a_wrong_label_is_refused_and_leaves_no_trace_in_the_vault(tmp_path):
    world = World(tmp_path, "H1")
    with pytest.raises(Refused, match="wrong secret"):
        world.do(provision, Label("H1", bytes(16)), HOLSTER)
    assert world.vault.serials() == []
    world.do(provision, world.label("H1"), HOLSTER)


def test_a_unit_that_is_not_there_is_missed_in_time(tmp_path):
    with pytest.raises(LinkLost, match="H1 was not heard") as caught:
        World(tmp_path).do(provision, Label("H1", bytes(16)), HOLSTER)
    assert caught.value.code == Exit.DEVICE


# Pair.


def shared(world):
    holster, camera = world.units["H1"], world.units["C1"]
    return holster.keys_with(camera), camera.keys_with(holster)


def test_a_pair_is_made_and_checked_and_given_a_new_key(tmp_path):
    world = two_units(tmp_path)
    done = world.do(pair, "H1", "C1")
    assert (done.visits, done.already, done.rekeyed) == (("H1", "C1"), False, False)
    ours, theirs = shared(world)
    assert ours == theirs == [world.vault.pair("H1", "C1").key]
    again = world.do(pair, "H1", "C1")
    assert again.already and shared(world) == (ours, theirs)
    rekeyed = world.do(pair, "H1", "C1", rekey=True)
    assert rekeyed.rekeyed and rekeyed.visits == ("H1", "C1", "H1")
    assert shared(world)[0] == shared(world)[1] == [world.vault.pair("H1", "C1").key] != ours
    camera = world.vault.unit("C1")
    partner = world.units["H1"].held.partners[0]
    assert (partner.unit, partner.role, partner.unit_key) == (camera.number, CAMERA, camera.unit_key)


@pytest.mark.usefixtures("fated_writes", "impatient")
@pytest.mark.parametrize("rekey", [False, True], ids=["first key", "new key"])
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.deep)])
def test_pair_struck_at_every_step_and_run_again(tmp_path, kill, rekey, stride):
    start = two_units(tmp_path / "start")
    if rekey:
        start.do(pair, "H1", "C1")
    for at, home in sweep(tmp_path, stride):
        world = world_copy(start, home)
        before = world.vault.pair("H1", "C1")
        went_on = struck(world, at, kill, pair, "H1", "C1", rekey=rekey)
        ours, theirs = shared(world)
        if rekey:
            assert set(ours) & set(theirs), "no key in common: the camera would not follow its weapon"
        assert set(theirs) <= set(ours), "the camera has a key that the holster has not"
        world.do(pair, "H1", "C1", rekey=False)
        entry = world.vault.pair("H1", "C1")
        assert entry.state == "committed" and entry.old_key is None
        assert shared(world) == ([entry.key], [entry.key])
        assert entry.key != (before.key if before else None) or at < 3
        for serial in ("H1", "C1"):
            in_service(world, serial)
        if not went_on:
            break
    assert at > 40


def test_a_second_pair_made_while_a_first_is_half_made_breaks_neither(tmp_path, impatient):
    start = two_units(tmp_path / "start", "C2")
    start.do(pair, "H1", "C1")
    for at in range(0, 80, 4):
        world = world_copy(start, tmp_path / str(at))
        struck(world, at, True, pair, "H1", "C1", rekey=True)
        world.do(pair, "H1", "C2")
        ours, theirs = shared(world)
        assert set(ours) & set(theirs) and set(theirs) <= set(ours)
        world.do(pair, "H1", "C1")
        assert len(shared(world)[0]) == len(shared(world)[1]) == 1
        assert len(world.units["H1"].held.partners) == 2


def test_units_that_cannot_be_a_pair_are_refused_before_any_is_touched(tmp_path):
    world = two_units(tmp_path)
    world.units["H2"] = ModelUnit("H2")
    for holster, camera, says in (("C1", "H1", "not a holster"), ("H1", "H1", "itself"), ("H2", "C1", "not in the")):
        with pytest.raises(ToolError, match=says):
            world.do(pair, holster, camera)
    assert shared(world) == ([], []) and world.vault.pairs() == []


# The admin's key.


def test_whichever_step_the_unit_has_the_vault_finds_it(tmp_path):
    world = two_units(tmp_path)
    unit, vault = world.units["H1"], world.vault
    for _ in range(3):
        entry = vault.unit("H1")
        with vault.locked():
            vault.offer("H1", b"never taken".ljust(32))
        world.do(sync, "H1", jump=True)
        assert vault.unit("H1").admin.step == entry.admin.step + 1 == unit.access.step
    # The unit moved on, and its answer never came.
    taken = b"taken".ljust(32)
    entry = vault.unit("H1")
    moved = unit.access._replace(admin_key=taken, admin_old=entry.admin.key, step=entry.admin.step + 1)
    unit.access = access.store(unit.settings_flash, moved)
    with vault.locked():
        vault.offer("H1", taken)
    world.do(sync, "H1", jump=True)
    assert vault.unit("H1").admin.step == entry.admin.step + 2 == unit.access.step
    # It moved on to a key that was then written over in the vault: the old step opens it still, after its pause.
    entry = vault.unit("H1")
    moved = unit.access._replace(admin_key=b"lost".ljust(32), admin_old=entry.admin.key, step=entry.admin.step + 1)
    unit.access = access.store(unit.settings_flash, moved)
    with vault.locked():
        vault.offer("H1", b"another".ljust(32))
    world.do(sync, "H1", jump=True)
    assert vault.unit("H1").admin.key == unit.access.admin_key


# Clock and status.


def test_a_clock_is_set_and_its_error_told(tmp_path):
    world = two_units(tmp_path)
    unit = world.units["H1"]
    unit.clock = None
    assert world.do(sync, "H1").was_off_ms is None
    done = world.do(sync, "H1")
    assert abs(done.was_off_ms) <= done.uncertainty_ms + 100_000 and done.uncertainty_ms < 60

    async def off(bench, serial):
        unit.loop = asyncio.get_running_loop()
        unit.clock = (unit.uptime_ms(), utc_ms() + 700)
        return await sync(bench, serial)

    assert abs(world.do(off, "H1").was_off_ms - 700) <= done.uncertainty_ms


def test_a_clock_that_would_jump_needs_the_forces_vault(tmp_path):
    world = two_units(tmp_path)
    unit = world.units["H1"]
    unit.clock = (unit.uptime_ms(), 1_700_000_000_000)
    with pytest.raises(Refused) as caught:
        world.do(sync, "H1")
    assert caught.value.reason == wire.CLOCK_JUMP and "--jump" in caught.value.advice
    world.do(sync, "H1", jump=True)
    lent = lend(world, "PC7")
    with pytest.raises(ToolError, match="PC7's vault"):
        world.do(sync, "H1", jump=True, vault=lent)


def test_a_technician_reads_and_pulls_and_sets_nothing_up(tmp_path):
    world = two_units(tmp_path)
    lent = lend(world, "PC7")
    told = world.do(status, "H1", vault=lent, person="PC7")
    assert (told.name, told.status.unit, told.unpulled) == ("holster 1", 1, told.status.following)
    assert world.do(pull_unit, "H1", vault=lent, person="PC7").failure is None
    with pytest.raises(ToolError, match="PC7's vault"):
        world.do(pair, "H1", "C1", vault=lent)
    with pytest.raises(ToolError, match="PC7's vault"):
        world.do(provision, world.label("H1"), HOLSTER, vault=lent)
    last = [record.fields() for record in Reading(world.units["H1"].journal_flash).records if record.kind == 7][-1]
    assert (last.credential, last.person, last.number) == (wire.TECHNICIAN, b"PC7     ", 1_790_000_000 + 86_400)


def test_scan_tells_own_units_from_others(tmp_path):
    world = two_units(tmp_path)
    world.units["X9"] = ModelUnit("X9")

    async def both(bench):
        return await scan(bench.radio, bench.vault, 1), await own_heard(bench.radio, bench.vault, 1)

    heard, own = world.do(both)
    assert [(unit.serial, unit.state, unit.name) for unit in heard] == [
        ("C1", "in service", "camera 2"),
        ("H1", "in service", "holster 1"),
        ("X9", "boxed", None),
    ]
    assert sorted(sighting.serial for sighting in own) == ["C1", "H1"]


def test_a_pretender_is_passed_over(tmp_path):
    world = two_units(tmp_path)
    pretender = ModelUnit("XX")
    put_in_service(pretender)
    pretender.serial = "H1"  # in the open only: it can prove nothing
    world.units = {"fake": pretender} | world.units
    assert world.do(status, "H1").status.unit == 1
    del world.units["H1"]
    with pytest.raises(Refused):
        world.do(status, "H1")
