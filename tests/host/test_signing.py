"""A unit's signing key: made while nobody waits or everybody does, its public half kept once and published."""

import asyncio

import pytest

from host_tools import durable
from host_tools.flows import provision as provision_module
from host_tools.flows import reach, signing
from host_tools.flows.provision import provision
from host_tools.flows.pull import pull_unit
from host_tools.flows.status import status
from host_tools.flows.sync import sync
from host_tools.outcome import Exit, ToolError
from host_tools.vault.vault import Vault
from interlock.core import signer

from .flow_world import HOLSTER, World, lend, struck, sweep, two_units
from .unit_model import ModelUnit, put_in_service


async def set_up_and_wait(bench, label, report=lambda _: None, **named):
    """As the command does it."""
    done = await provision(bench, label, HOLSTER, **named)
    return await signing.wait(bench, done.serial, report) if done.signing.is_being_made else done.signing


def published(world):
    folder = world.home / "vault" / "public"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.mark.parametrize(("name", "signatures"), [("h5", 32), ("h5/h5", 1024), ("none", 0)])
def test_a_unit_is_set_up_with_the_key_that_was_asked_for(tmp_path, name, signatures):
    world = World(tmp_path, "H1")
    key = world.do(set_up_and_wait, world.label("H1"), signing=name)
    unit = world.units["H1"]
    if name == "none":
        assert key.state == "none" and unit.signer.state == signer.NONE and published(world) == {}
        return
    assert (key.state, key.params, key.index, key.remaining) == ("ready", name, 0, signatures)
    assert bytes.fromhex(key.public) == unit.signer.public
    assert world.vault.signing_keys("H1") == (unit.signer.public,)
    assert published(world) == {"H1-1.pub": unit.signer.public}
    assert (world.home / "vault/public/H1-1.pub").stat().st_mode & 0o444 == 0o444


def test_without_a_word_it_is_a_key_of_1024_signatures(tmp_path):
    world = World(tmp_path, "H1")
    done = world.do(provision, world.label("H1"), HOLSTER)
    assert (done.signing.state, done.signing.params, done.signing.total) == ("being made", "h10", 1024)


def test_progress_is_told_with_the_time_left(tmp_path):
    world = World(tmp_path, "H1")
    told = []
    world.do(set_up_and_wait, world.label("H1"), told.append, signing="h5")
    assert [at.done for at in told] == sorted(at.done for at in told) and told[0].total == 32
    assert told[0].eta_s is None and told[-1].eta_s > 0


def test_a_key_that_nobody_waited_for_is_fetched_by_whoever_comes_next(tmp_path):
    for command in (sync, status, pull_unit):
        world = World(tmp_path / command.__name__, "H1")
        world.do(provision, world.label("H1"), HOLSTER, signing="h5")
        assert world.vault.signing_keys("H1") == () and world.vault.unit("H1").key_due
        world.units["H1"].compute()
        world.do(command, "H1")
        assert world.vault.signing_keys("H1") == (world.units["H1"].signer.public,)
        assert not world.vault.unit("H1").key_due and len(published(world)) == 1
    again = world.do(provision, world.label("H1"), HOLSTER)
    assert again.already and (again.signing.state, again.signing.params) == ("ready", "h5")
    assert len(world.vault.signing_keys("H1")) == 1


def test_a_link_lost_while_waiting_is_made_anew(tmp_path):
    world = World(tmp_path, "H1")
    unit, links = world.units["H1"], []

    def lose(at):
        links[-1].drop()
        unit.deaf_until_s = asyncio.get_running_loop().time() + 3  # as after a weapon's use
        unit.boot()  # and as after a power cut

    key = world.do(set_up_and_wait, world.label("H1"), lose, signing="h5", on_link=links.append)
    assert key.state == "ready" and len(links) > 3
    assert world.vault.signing_keys("H1") == (unit.signer.public,)


def test_a_unit_that_stays_away_while_its_key_is_made_is_given_up_with_advice(tmp_path):
    world = World(tmp_path, "H1")
    unit, links = world.units["H1"], []

    def leave(at):
        links[-1].drop()
        unit.deaf_until_s = 1e9

    with pytest.raises(ToolError, match="its key was being made") as caught:
        world.do(set_up_and_wait, world.label("H1"), leave, signing="h5", on_link=links.append)
    assert "by itself" in caught.value.advice and caught.value.code == Exit.DEVICE
    unit.compute()
    world.do(sync, "H1")
    assert world.vault.signing_keys("H1") == (unit.signer.public,)


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("stride", [8, pytest.param(2, marks=pytest.mark.deep)])
def test_setting_up_with_a_key_struck_at_every_step_and_run_again(tmp_path, monkeypatch, kill, stride):
    monkeypatch.setattr(provision_module, "AFTER_RESET_S", 3.0)
    monkeypatch.setattr(reach, "SCAN_S", 5.0)
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    write = durable.replace

    def fated(path, data):
        World.acting.step()
        write(path, data)
        World.acting.step()

    monkeypatch.setattr(durable, "replace", fated)
    for at, home in sweep(tmp_path, stride, int(kill) * stride // 2):
        world = World(home, "H1")
        went_on = struck(world, at, kill, set_up_and_wait, world.label("H1"), signing="h5")
        before = world.vault.signing_keys("H1") if world.vault.serials() else ()
        key = world.do(set_up_and_wait, world.label("H1"), signing="h5")
        public = world.units["H1"].signer.public
        assert key.state == "ready" and world.vault.signing_keys("H1") == (public,)
        assert before in ((), (public,)), "a key that was fetched was made anew"
        assert published(world) == {"H1-1.pub": public}
        assert not world.vault.unit("H1").key_due
        if not went_on:
            break
    assert at > 50


def test_another_kind_of_key_takes_the_place_of_the_one_there_is_and_both_stay_published(tmp_path):
    world = two_units(tmp_path, signing="h5")
    first = world.units["H1"].signer.public
    assert world.do(set_up_and_wait, world.label("H1"), signing="h5").public == first.hex()
    key = world.do(set_up_and_wait, world.label("H1"), signing="h5/h5")
    second = world.units["H1"].signer.public
    assert key.params == "h5/h5" and second != first
    assert world.vault.signing_keys("H1") == (first, second)
    assert published(world) | {"H1-1.pub": first, "H1-2.pub": second} == published(world)
    done = world.do(pull_unit, "H1")
    assert (done.checkpoint.outcome, done.checkpoint.index, done.findings) == ("signed", 0, ())


def test_a_key_that_is_nearly_used_up_is_followed_by_another_of_the_kind_that_is_the_default(tmp_path):
    world = two_units(tmp_path, signing="h5")
    unit = world.units["H1"]
    for _ in range(29):
        unit.signer.take(None)
    assert world.do(provision, world.label("H1"), HOLSTER).signing.state == "being made"
    assert unit.signer.params == signing.PARAMS["h10"]


def test_another_kind_while_one_is_being_made_has_to_wait_and_keeps_no_set_up_from_its_end(tmp_path):
    world = World(tmp_path, "H1")
    world.do(provision, world.label("H1"), HOLSTER, signing="h5")
    done = world.do(provision, world.label("H1"), HOLSTER, signing="h5/h5")
    assert (done.signing.state, done.signing.params, done.already) == ("being made", "h5", True)
    world.units["H1"].compute()
    done = world.do(provision, world.label("H1"), HOLSTER, signing="h5/h5")
    assert (done.signing.state, done.signing.params) == ("being made", "h5/h5")
    assert len(world.vault.signing_keys("H1")) == 1


def test_each_set_up_gives_the_journal_another_seal_key_that_the_vault_has_before(tmp_path):
    world = World(tmp_path, "H1")
    struck(world, 20, True, provision, world.label("H1"), HOLSTER)
    world.do(provision, world.label("H1"), HOLSTER, signing="none")
    keys = world.vault.unit("H1").seal_keys
    assert len(set(keys)) == len(keys) >= 1 and all(len(key) == 16 for key in keys)
    world.do(provision, world.label("H1"), HOLSTER)
    assert world.vault.unit("H1").seal_keys == keys, "no set-up, no new era"


def test_the_vault_keeps_no_seal_key_where_others_look(tmp_path):
    world = two_units(tmp_path, signing="h5")
    lent = lend(world, "PC7")
    entry = world.vault.unit("H1")
    text = "".join(path.read_text() for path in lent.path.rglob("*.json"))
    assert entry.seal_keys[0].hex() not in text and entry.signing_keys[0].hex() in text
    assert lent.signing_keys("H1") == entry.signing_keys
    assert entry.seal_keys[0].hex() not in repr(entry)


def test_a_technician_sees_the_key_and_keeps_none(tmp_path):
    world = two_units(tmp_path, signing="h5")
    lent = lend(world, "PC7")
    told = world.do(status, "H1", vault=lent, person="PC7")
    assert (told.signing.state, told.signing.remaining) == ("ready", 32)
    assert not (lent.path / "public").exists()


def test_a_key_is_made_from_the_hosts_entropy_and_the_units(tmp_path):
    """Were one of the two known, the key would not be."""
    publics = set()
    for home, unit_seed, host_seed in (("a", 1, 1), ("b", 2, 1), ("c", 1, 2)):
        world = World(tmp_path / home, "H1")
        world.units["H1"] = ModelUnit("H1", unit_seed)
        put_in_service(world.units["H1"])

        async def make(bench, seed):
            async with reach.admin(bench, "H1") as session:
                await session.make_key(signing.PARAMS["h5"], bytes([seed]) * 32)

        hand_over(world)
        world.do(make, host_seed)
        world.units["H1"].compute()
        publics.add(world.units["H1"].signer.public)
    assert len(publics) == 3


def hand_over(world):
    """Let the vault know the unit that `put_in_service` made."""
    from dataclasses import replace

    from host_tools.vault.entries import COMMITTED, AdminKey

    from .unit_model import ADMIN_KEY, ROOT

    vault = Vault.open(world.home / "vault")
    with vault.locked():
        entry = vault.new_unit("H1", b"H1      ", HOLSTER, None)
        vault.save_unit(replace(entry, state=COMMITTED, admin=AdminKey(1, ADMIN_KEY), technician_root=ROOT))
