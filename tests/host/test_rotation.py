"""The group's key is changed while everybody stays in service: cut anywhere and run again, at no instant is a unit deaf
to another, and nobody is taken a key from that another still needs."""

import pytest

from host_tools.flows.pair import pair
from host_tools.flows.policy import set_policy
from host_tools.flows.provision import provision
from host_tools.flows.rotate import rotate, rotation
from host_tools.outcome import ToolError
from host_tools.vault import keyring
from interlock.core import settings

from .air import deaf_in_group, is_answered
from .flow_world import CAMERA, HOLSTER, STRIDES, lend, struck, sweep, two_units, world_copy
from .unit_model import ModelUnit


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    """Two officers: H1 with C1, H2 with C2."""
    world = two_units(tmp_path_factory.mktemp("crew"))
    for serial, role in (("H2", HOLSTER), ("C2", CAMERA)):
        world.units[serial] = ModelUnit(serial)
        world.do(provision, world.label(serial), role, signing="none")
    world.do(pair, "H1", "C1")
    world.do(pair, "H2", "C2")
    return world


@pytest.fixture
def world(crew, tmp_path):
    return world_copy(crew, tmp_path / "world")


def helds(world):
    return [unit.held for unit in world.units.values()]


def all_well(world):
    """Everybody takes everybody's frames, and each holster's camera answers it."""
    held = {serial: unit.held for serial, unit in world.units.items()}
    pairs = [pair for pair in (("H1", "C1"), ("H2", "C2")) if set(pair) <= set(held)]
    assert not deaf_in_group(helds(world)) and all(is_answered(held[h], held[c]) for h, c in pairs)


def test_with_everybody_in_range_one_run_goes_through_all_steps(world):
    before = world.vault.force()
    done = world.do(rotate)
    force = world.vault.force()
    assert done.begun and done.rotation.is_over and not done.missing and not done.failures
    assert force.epoch == before.epoch + 1 and force.group_change is None
    assert force.group_key != before.group_key
    assert {(held.group_key, held.group_other) for held in helds(world)} == {(force.group_key, settings.NO_KEY)}
    assert [visit.serial for visit in done.visits] == ["C1", "C2", "H1", "H2"] * 3
    assert {visit.what for visit in done.visits} == {("group key",)}
    all_well(world)


def test_a_step_waits_for_the_one_that_is_missing_and_nobody_is_deaf_meanwhile(world):
    away = world.units["C2"]
    del world.units["C2"]
    done = world.do(rotate)
    assert (done.begun, done.rotation.step, done.rotation.lagging, done.missing) == (True, "accept", ("C2",), ("C2",))
    world.units["C2"] = away
    all_well(world)
    others = {serial: world.units.pop(serial) for serial in ("H1", "C1", "H2")}
    done = world.do(rotate)
    assert (done.begun, done.rotation.step, done.rotation.lagging) == (False, "speak", ("C1", "H1", "H2"))
    assert [visit.serial for visit in done.visits] == ["C2", "C2"], "it learned the key, and by that all knew it"
    world.units |= others
    all_well(world)
    away = world.units.pop("C2")
    done = world.do(rotate)
    assert done.rotation.step == "settled" and done.rotation.lagging == ("C2",)
    world.units["C2"] = away
    all_well(world)
    done = world.do(rotate)
    assert not done.begun and done.rotation.is_over and [visit.serial for visit in done.visits] == ["C2"]
    all_well(world)


def test_another_rotation_begins_only_when_this_one_is_over(world):
    away = world.units.pop("C2")
    world.do(rotate)
    change = world.vault.force().group_change
    assert not world.do(rotate).begun and world.vault.force().group_change == change
    world.units["C2"] = away
    assert world.do(rotate).rotation.is_over and world.vault.force().epoch == 2
    assert world.do(rotate).begun and world.vault.force().epoch == 3


def test_a_unit_that_is_left_behind_keeps_its_partner_and_comes_back_later(world):
    away = world.units.pop("C2")
    done = world.do(rotate, leave_behind=True)
    assert done.rotation.step == "settled" and done.rotation.lagging == ("C2",) and done.missing == ("C2",)
    all_well(world)
    world.units["C2"] = away
    old, new = away.held, world.units["H1"].held
    assert (new.unit, old.unit) in deaf_in_group(helds(world))
    done = world.do(rotate)
    assert not done.begun and done.rotation.is_over
    all_well(world)


def test_nobody_is_left_behind_whose_visit_failed(world, monkeypatch, impatient):
    unit = world.units["C2"]
    monkeypatch.setattr(unit, "commit", lambda *_: 14)  # its flash fails
    done = world.do(rotate, leave_behind=True)
    assert [failed.serial for failed in done.failures] == ["C2"] and "flash" in done.failures[0].failure
    assert done.rotation.step == "accept"
    all_well(world)
    monkeypatch.undo()
    assert world.do(rotate).rotation.is_over


def test_named_units_are_visited_alone_and_looked_at_even_if_nothing_is_due(world):
    done = world.do(rotate, ["H1"])
    assert [visit.serial for visit in done.visits] == ["H1"] and done.missing == ("C1", "C2", "H2")
    unit = world.units["H1"]
    strange = unit.held._replace(revision=unit.held.revision + 1, policy=unit.held.policy._replace(hold_ms=1))
    settings.store(unit.settings_flash, strange)
    unit.held = strange  # as another copy of the vault would have it
    assert world.do(rotate, ["H1"]).rotation.step == "accept"
    assert unit.held.policy.hold_ms == settings.DEFAULT_POLICY.hold_ms
    assert world.units["C2"].held.group_other == settings.NO_KEY


def test_a_unit_that_is_not_there_is_told_and_the_others_are_not_kept_waiting_for_it(world, impatient):
    del world.units["C2"]
    done = world.do(rotate, ["C2", "H1"])
    assert [failed.serial for failed in done.failures] == ["C2"] and "not heard" in done.failures[0].failure
    assert [visit.serial for visit in done.visits] == ["H1"]


def test_a_unit_that_is_set_up_in_the_middle_joins_in_the_middle(world):
    away = world.units.pop("C2")
    world.do(rotate)
    world.units |= {"C3": ModelUnit("C3"), "C2": away}
    world.do(provision, world.label("C3"), CAMERA, signing="none")
    all_well(world)
    assert world.units["C3"].held.group_other != settings.NO_KEY
    assert world.do(rotate).rotation.is_over
    all_well(world)


def test_a_pair_that_gets_a_new_key_in_the_middle_and_a_policy_do_not_disturb(world):
    away = world.units.pop("C2")
    world.do(rotate)
    assert world.do(pair, "H1", "C1", rekey=True).visits == ("H1", "C1", "H1")
    world.do(set_policy, {"hold_ms": 60000})
    assert world.vault.force().group_change is not None
    world.units["C2"] = away
    all_well(world)
    assert world.do(rotate).rotation.is_over
    assert {held.policy.hold_ms for held in helds(world)} == {60000}
    all_well(world)


def test_a_technician_rotates_nothing_and_an_empty_vault_says_so(world, tmp_path):
    with pytest.raises(ToolError, match="PC7's vault"):
        world.do(rotate, vault=lend(world, "PC7"))
    from .flow_world import World

    with pytest.raises(ToolError, match="no unit in service"):
        World(tmp_path / "empty").do(rotate)


@pytest.mark.usefixtures("fated_writes", "impatient")
@STRIDES
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
def test_rotation_struck_at_any_step_and_run_again(crew, tmp_path, kill, stride):
    strokes, stages = 0, set()
    for at, home in sweep(tmp_path, stride, stride // 2 * kill):
        world = world_copy(crew, home)
        went_on = struck(world, at, kill, rotate)
        all_well(world)
        strokes += went_on
        stage = rotation(world.vault).step
        stages.add(stage)
        was_over = rotation(world.vault).is_over  # not begun, or through: then another one begins
        epoch = world.vault.force().epoch
        done = world.do(rotate)
        assert done.rotation.is_over and not done.missing and done.begun == was_over
        assert world.vault.force().epoch == epoch + (was_over or stage != "settled")
        all_well(world)
        for serial, unit in world.units.items():
            entry = world.vault.unit(serial)
            assert unit.held == entry.held == world.vault.settings_for(serial, entry.revision) and entry.given is None
            assert (unit.access.admin_key, unit.access.step) == (entry.admin.key, entry.admin.step)
        if not went_on:
            break
    assert strokes * stride > 180 and stages == {"accept", "speak", "settled"}


def test_were_a_step_taken_too_early_somebody_would_be_deaf(world, monkeypatch):
    """The mutant: what these tests would see."""
    monkeypatch.setattr(keyring, "lagging", lambda _: [])
    away = world.units.pop("C2")
    world.do(rotate)
    world.units["C2"] = away
    assert deaf_in_group(helds(world))
