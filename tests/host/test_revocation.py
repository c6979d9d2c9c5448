"""A unit that was lost counts no more: every key that it knows changes, nobody leaves service for it, and what it can
still do is told until nobody is left to whom it can."""

from dataclasses import replace as altered

import pytest

from host_tools.flows.pair import pair
from host_tools.flows.provision import provision
from host_tools.flows.pull import pull_unit
from host_tools.flows.rotate import replace, revoke, rotate
from host_tools.outcome import ToolError
from host_tools.vault import changes, keyring
from interlock.core import settings

from .air import deaf_in_group, hears, is_answered
from .flow_world import CAMERA, HOLSTER, STRIDES, World, lend, struck, sweep, two_units, world_copy
from .unit_model import ModelUnit


def add(world, *serials):
    for serial in serials:
        world.units[serial] = ModelUnit(serial)
        world.do(provision, world.label(serial), HOLSTER if serial[0] == "H" else CAMERA, signing="none")


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    """H1 with C1, and with C2 as a spare, which is H2's; C3 is another unit of the group."""
    world = two_units(tmp_path_factory.mktemp("crew"))
    add(world, "H2", "C2", "C3")
    world.do(pair, "H1", "C1")
    world.do(pair, "H2", "C2")
    world.do(pair, "H1", "C2", spare=True)
    return world


@pytest.fixture
def world(crew, tmp_path):
    return world_copy(crew, tmp_path / "world")


def held(world, serial):
    return world.units[serial].held


PAIRS = {"H1": "C1", "H2": "C2"}


def all_well(world, *lost):
    """Whoever is not lost takes the frames of all that are not, and its partner answers."""
    serials = [serial for serial in world.units if serial not in lost]
    assert not deaf_in_group([held(world, serial) for serial in serials])
    for holster, camera in PAIRS.items():
        if not {holster, camera} & set(lost):
            assert is_answered(held(world, holster), held(world, camera)), f"{holster} and {camera} lost each other"
    if not {"H1", "C2"} & set(lost):
        numbers = held(world, "C2").unit, held(world, "H1").unit
        assert is_answered(held(world, "H1"), held(world, "C2"), *numbers), "the spare would not do"


def forge(world, thief):
    """What the thief can air with what it holds: its own frames under each group key, and those of its partners."""
    stolen = thief if isinstance(thief, settings.Settings) else held(world, thief)
    for group in {stolen.group_key, stolen.group_other} - {settings.NO_KEY}:
        yield stolen.unit, stolen._replace(group_key=group)
        for partner in stolen.partners:
            yield partner.unit, stolen._replace(group_key=group, unit=partner.unit, unit_key=partner.unit_key)


def is_shut_out(world, thief, *lost):
    """Whether nobody takes anything that the thief can air."""
    return not any(
        hears(forged, held(world, serial))
        for unit, forged in forge(world, thief)
        for serial in world.units
        if serial not in lost and held(world, serial).unit != unit
    )


def test_before_a_revocation_a_stolen_unit_can_do_all_that_it_could(world):
    assert not is_shut_out(world, "C1", "C1") and not is_shut_out(world, "H1", "H1")


@pytest.mark.parametrize("lost", ["C1", "H1", "C3"])
def test_with_all_others_in_range_one_run_shuts_a_unit_out(world, lost):
    stolen = world.units.pop(lost)
    done = world.do(revoke, lost)
    assert done.serials == (lost,) and not done.exposures and not done.missing and not done.failures
    assert done.rotation.is_over and world.vault.force().epoch == 2
    world.units[lost] = stolen
    assert is_shut_out(world, lost, lost)
    assert all(partner.unit != stolen.held.unit for serial in world.units for partner in held(world, serial).partners
               if serial != lost)  # fmt: skip
    all_well(world, lost)
    entries = {serial: world.vault.unit(serial) for serial in world.vault.serials()}
    assert all(entry.unit_change is None for entry in entries.values())
    partners = {"C1": {"H1"}, "H1": {"C1", "C2"}, "C3": set()}[lost]
    old = {partner.unit: partner.unit_key for partner in stolen.held.partners}
    assert {serial for serial in partners if entries[serial].unit_key != old[entries[serial].number]} == partners


def test_what_it_can_still_do_is_told_until_the_last_unit_was_reached(world):
    stolen = world.units.pop("H1")
    away = {serial: world.units.pop(serial) for serial in ("C1", "C2", "H2", "C3")}
    done = world.do(revoke, "H1")
    (exposure,) = done.exposures
    assert exposure.partners == ("C1", "C2") and exposure.forgeable == (("C2", "H2"),)
    assert exposure.group == ("C1", "C2", "C3", "H2") and done.missing == ("C1", "C2", "C3", "H2")
    for serials, partners, forgeable, group in (
        (("C1",), ("C2",), (("C2", "H2"),), ("C1", "C2", "C3", "H2")),
        (("C1", "C2"), (), (("C2", "H2"),), ("C1", "C2", "C3", "H2")),
        (("H2",), (), (("C2", "H2"),), ("C1", "C2", "C3", "H2")),
        (("C2", "H2"), (), (), ("C1", "C2", "C3", "H2")),
        (("C3", "C1"), (), (), ("C1", "C2", "C3", "H2")),  # they send under the new key now
        (("C2", "C3", "H2"), (), (), ("C1",)),
        (("C1",), (), (), ()),
    ):
        world.units = {serial: away[serial] for serial in serials}
        done = world.do(revoke)
        told = done.exposures[0] if done.exposures else changes.Exposure("H1", (), (), ())
        assert (told.partners, told.forgeable, told.group) == (partners, forgeable, group), serials
        world.units = away | {"H1": stolen}
        all_well(world, "H1")
    assert is_shut_out(world, "H1", "H1") and done.rotation.is_over and not done.missing


def test_rotate_goes_on_with_a_revocation_as_revoke_does(world):
    stolen, away = world.units.pop("C1"), world.units.pop("H2")
    world.do(revoke, "C1")
    world.units["H2"] = away
    done = world.do(rotate)
    assert not done.begun and done.rotation.is_over and not done.missing
    assert is_shut_out(world, stolen.held) and not world.do(revoke).exposures


def test_revoking_twice_changes_nothing_more(world):
    world.do(revoke, "C3")
    before = world.vault.book()
    done = world.do(revoke, "C3")
    assert done.serials == ("C3",) and not done.visits and world.vault.book() == before
    world.units.clear()
    assert world.do(revoke).serials == ("C3",), "nothing is due, so nobody has to be in range"


@pytest.mark.parametrize(("step", "knows"), [("accept", False), ("accept", True), ("speak", True)])
def test_a_unit_lost_in_the_middle_of_a_rotation_takes_no_key_of_it_along(world, step, knows):
    lost, away = world.units["C3"], world.units["H2"]
    if step == "accept":
        world.do(rotate, ["C3"] if knows else ["H1"])
    else:
        del world.units["H2"]
        world.do(rotate)
        crew, world.units = world.units, {"H2": away}
        world.do(rotate)
        world.units = crew | world.units
    change = world.vault.force().group_change
    assert change.step == step and (change.key in (lost.held.group_key, lost.held.group_other)) == knows
    del world.units["C3"]
    done = world.do(revoke, "C3")
    assert not done.exposures and done.rotation.is_over
    assert (world.vault.force().group_key == change.key) != knows, "a key that it does not know is good"
    assert is_shut_out(world, lost.held)
    all_well(world)


def test_a_key_that_was_only_offered_to_the_lost_unit_is_taken_as_known(world):
    """The link was cut after the offer: whether the unit has it, nobody knows."""
    vault = world.vault
    with vault.locked():
        vault.save_force(keyring.begin(vault.force(), vault.entropy))
        offered = vault.settings_for("C3", 9)
        vault.give("C3", offered, settings.digest(held(world, "C3")))
    del world.units["C3"]
    done = world.do(revoke, "C3")
    assert not done.exposures and world.vault.force().group_key not in (offered.group_key, offered.group_other)


def test_a_unit_of_an_older_vault_is_taken_to_know_all_that_it_was_to_hold(world):
    vault = world.vault
    with vault.locked():
        for serial in vault.serials():
            vault.save_unit(altered(vault.unit(serial), held=None))
    stolen = world.units.pop("C1")
    done = world.do(revoke, "C1")
    assert not done.exposures and is_shut_out(world, stolen.held)
    all_well(world, "C1")


def test_a_second_loss_before_the_first_is_through(world):
    gone = {serial: world.units.pop(serial) for serial in ("C1", "H2")}
    away = world.units.pop("C3")
    world.do(revoke, "C1")
    world.do(revoke, "H2")
    world.units["C3"] = away
    done = world.do(revoke)
    assert done.serials == ("C1", "H2") and not done.exposures and done.rotation.is_over
    assert all(is_shut_out(world, unit.held) for unit in gone.values())
    numbers = held(world, "C2").unit, held(world, "H1").unit
    assert is_answered(held(world, "H1"), held(world, "C2"), *numbers)


def test_a_revoked_unit_has_no_way_back_and_can_still_be_read(world):
    world.do(revoke, "C3")
    for flow, arguments in (
        (pair, ("H1", "C3")),
        (provision, (world.label("C3"), CAMERA)),
        (rotate, (["C3"],)),
    ):
        with pytest.raises(ToolError, match="C3 is revoked"):
            world.do(flow, *arguments)
    assert world.do(pull_unit, "C3").failure is None
    assert lend(world, "PC7").serials() == ["C1", "C2", "H1", "H2"]


def test_a_technician_revokes_and_replaces_nothing(world):
    lent = lend(world, "PC7")
    for flow, arguments in ((revoke, ("C1",)), (replace, ("C1", "C3"))):
        with pytest.raises(ToolError, match="PC7's vault"):
            world.do(flow, *arguments, vault=lent)
    with pytest.raises(ToolError, match="C9 is not in the vault"):
        world.do(revoke, "C9")


def test_units_with_as_many_pairs_as_they_hold_change_their_partners_keys_one_after_the_other(tmp_path):
    world = World(tmp_path)
    holsters, cameras = [f"H{number}" for number in range(7)], ["C1", "C2"]
    add(world, *holsters, *cameras)
    for holster in holsters:
        world.do(pair, holster, "C1")
    for holster in holsters[:3]:
        world.do(pair, holster, "C2", spare=True)
    most = []
    for unit in world.units.values():
        unit.commit = watched(unit.commit, most)
    stolen = world.units.pop("C2")
    done = world.do(revoke, "C2")
    assert not done.exposures and not done.missing and is_shut_out(world, stolen.held)
    assert max(most) == 8, "C1 has a place for one change at a time"
    assert all(is_answered(held(world, holster), held(world, "C1")) for holster in holsters)


def watched(commit, most):
    def wrapped(credential, wanted, granted):
        most.append(len(wanted.partners))
        return commit(credential, wanted, granted)

    return wrapped


# Replacement.


def test_a_unit_is_replaced_in_all_its_pairs(world):
    stolen = world.units.pop("C2")
    done = world.do(replace, "C2", "C3")
    assert done.pairs == (("H1", "C3"), ("H2", "C3")) and not done.unfinished and not done.revoked.exposures
    assert is_answered(held(world, "H2"), held(world, "C3"))
    standings = {partner.unit: partner.standing for partner in held(world, "C3").partners}
    assert standings == {held(world, "H1").unit: settings.SPARE, held(world, "H2").unit: settings.PAIRED}
    assert is_shut_out(world, stolen.held) and world.vault.unit("C3").number == held(world, "C3").unit
    again = world.do(replace, "C2", "C3")
    assert again.pairs == done.pairs and not again.revoked.visits


def test_a_replacement_goes_on_as_units_come_into_range(world):
    away = {serial: world.units.pop(serial) for serial in list(world.units)}
    stolen = away.pop("H2")
    add(world, "H3")
    away["H3"] = world.units["H3"]
    done = world.do(replace, "H2", "H3")
    assert done.unfinished == (("H3", "C2"),) and done.revoked.missing
    world.units = away
    done = world.do(revoke)
    assert not done.missing and is_answered(held(world, "H3"), held(world, "C2")) and is_shut_out(world, stolen.held)


def test_what_cannot_replace_a_unit_is_refused_and_nothing_is_changed(world):
    before = world.vault.book()
    for old, new, says in (("C1", "H2", "a holster unit"), ("C1", "C1", "that unit"), ("C1", "C9", "not in the vault")):
        with pytest.raises(ToolError, match=says):
            world.do(replace, old, new)
    assert world.vault.book() == before
    world.do(revoke, "C3")
    with pytest.raises(ToolError, match="is revoked"):
        world.do(replace, "C1", "C3")


# Struck.


async def shut_out(bench):
    """What is to be: C1 replaced by C3, and nothing else is left to do."""
    return await replace(bench, "C1", "C3")


@pytest.mark.usefixtures("fated_writes", "impatient")
@STRIDES
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
def test_a_replacement_struck_at_any_step_and_run_again(crew, tmp_path, kill, stride):
    strokes = 0
    for at, home in sweep(tmp_path, stride, stride // 2 * kill):
        world = world_copy(crew, home)
        stolen = world.units.pop("C1")
        went_on = struck(world, at, kill, shut_out)
        strokes += went_on
        all_well(world, "C1")
        done = world.do(shut_out)
        assert not done.revoked.exposures and not done.revoked.missing and not done.unfinished
        all_well(world, "C1")
        assert is_answered(held(world, "H1"), held(world, "C3")) and is_shut_out(world, stolen.held)
        for serial, unit in world.units.items():
            entry = world.vault.unit(serial)
            assert unit.held == entry.held == world.vault.settings_for(serial, entry.revision)
        if not went_on:
            break
    assert strokes * stride > 200


def learn_too_late(monkeypatch):
    """Nobody waits for a confirmation."""
    monkeypatch.setattr(keyring, "surely", lambda *_: True)


def forget_too_early(monkeypatch):
    """Listeners drop a key when the next one is to be spoken, not when it is."""
    true = keyring._partners

    def hasty(other, pair_keys, spare):
        change = other.unit_change
        if change is not None and change.step == "speak":
            other = altered(other, unit_key=change.key, unit_change=None)
        return true(other, pair_keys, spare)

    monkeypatch.setattr(keyring, "_partners", hasty)


@pytest.mark.parametrize("wrong", [learn_too_late, forget_too_early])
def test_were_a_step_taken_too_early_a_pair_would_lose_each_other(world, monkeypatch, wrong):
    """The mutants: what these tests would see."""
    wrong(monkeypatch)
    crew, world.units = world.units, {"H2": world.units["H2"]}
    world.do(revoke, "H1")
    world.units = crew
    assert not is_answered(held(world, "H2"), held(world, "C2"))
