"""Backups and mirrors: complete, whole or refused, and what a backup that is too old can no longer do."""

import itertools
import os
from contextlib import ExitStack
from dataclasses import replace

import pytest

from host_tools import durable
from host_tools.flows.status import status
from host_tools.flows.sync import sync
from host_tools.outcome import ToolError
from host_tools.refused import Refused
from host_tools.vault import backup
from host_tools.vault import keys as vault_keys
from host_tools.vault.check import check
from host_tools.vault.vault import Vault

from .fate import Killed
from .flow_world import HOLSTER, World, provision, world_copy
from .vaults import FILE, OTHER, OWN, Disk, content, filled, opened, sealed_vault, slot

NOW_S = 1_790_000_000


@pytest.fixture
def vault(tmp_path):
    return sealed_vault(tmp_path / "vault", OTHER)


def kept(vault, path, secret=FILE):
    backup.write(vault, path, slot(secret), NOW_S)
    return path


def restored(found, path):
    backup.restore(found, path, vault_keys.fresh(slot(), NOW_S, os.urandom))
    return opened(path)


def test_a_backup_holds_all_and_only_what_opens_it_shows_it(vault, tmp_path):
    path = kept(vault, tmp_path / "b")
    with vault.locked():
        vault.files.write_open(vault.path / "public" / "H1-1.pub", b"p" * 60)
    kept(vault, path)
    found = backup.read(path, FILE)
    assert (found.force, found.made_s, found.units) == ("MPS", NOW_S, ("C1", "H1"))
    again = restored(found, tmp_path / "again")
    assert content(again) == content(vault) and (again.path / "public" / "H1-1.pub").read_bytes() == b"p" * 60
    assert again.files.keys.locks.vault != vault.files.keys.locks.vault and check(again).findings == ()
    for wrong in (OWN, OTHER, vault_keys.Secret("key file", b"G" * 32)):
        with pytest.raises(ToolError, match="does not open the backup"):
            backup.read(path, wrong)
    data = path.read_bytes()
    for unit in content(vault)[1]:
        for secret in (unit.unit_key, unit.admin.key, unit.technician_root, unit.seal_keys[0]):
            assert secret not in data and secret.hex().encode() not in data
            assert secret.hex() not in repr(found) and repr(secret) not in repr(found)


def test_a_backup_waits_for_a_command_that_changes_the_vault(vault, tmp_path, monkeypatch):
    other, waits = opened(vault.path), []
    with ExitStack() as stack:
        stack.enter_context(other.locked())
        other.save_unit(replace(other.unit("H1"), revision=8))

        def sleep(_):
            waits.append(1)
            if len(waits) == 3:
                other.save_unit(replace(other.unit("C1"), revision=9))
                stack.close()

        monkeypatch.setattr(durable.time, "sleep", sleep)
        kept(vault, tmp_path / "b")
    again = restored(backup.read(tmp_path / "b", FILE), tmp_path / "again")
    assert len(waits) == 3 and (again.unit("H1").revision, again.unit("C1").revision) == (8, 9)


def test_every_spoilt_bit_of_a_backup_is_told(vault, tmp_path):
    path = kept(vault, tmp_path / "b")
    whole = path.read_bytes()
    for at in [*range(64), *range(64, len(whole), 97), *range(len(whole) - 40, len(whole))]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(ToolError, match=r"damaged|no backup"):
            backup.read(path, FILE)
    for size in (0, 1, 100, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ToolError, match=r"damaged|no backup"):
            backup.read(path, FILE)


def test_a_backup_never_takes_the_place_of_another_file_nor_a_vault_that_of_another(vault, tmp_path):
    (tmp_path / "letter").write_text("Dear Sir")
    with pytest.raises(ToolError, match="is no backup"):
        kept(vault, tmp_path / "letter")
    assert (tmp_path / "letter").read_text() == "Dear Sir"
    held, found = content(vault), backup.read(kept(vault, tmp_path / "b"), FILE)
    with pytest.raises(ToolError, match="there is a vault"):
        restored(found, vault.path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes").write_text("mine")
    with pytest.raises(ToolError, match="not empty"):
        restored(found, tmp_path / "other")
    assert content(opened(vault.path)) == held and (tmp_path / "other" / "notes").exists()


@pytest.mark.parametrize("is_full", [False, True])
def test_a_cut_or_a_full_disk_while_it_is_made_or_restored_leaves_the_old_or_the_new(
    vault, tmp_path, monkeypatch, is_full
):
    path = kept(vault, tmp_path / "b")
    disk = Disk(monkeypatch)
    for at in itertools.count():
        home = tmp_path / str(at) / "vault"
        disk.strike(at, is_full)
        try:
            backup.write(vault, path, slot(FILE), NOW_S)
            restored(backup.read(path, FILE), home)
        except (Killed, ToolError) as error:
            assert isinstance(error, ToolError) == is_full
        if not disk.mend():
            break
        found = backup.read(path, FILE)
        if not (home / "force.json").exists():
            restored(found, home)
        assert content(opened(home)) == content(vault)
    assert at > 10


def test_a_backup_opens_a_unit_as_admin_until_the_second_admin_session_after_it(tmp_path):
    world = World(tmp_path / "home", "H1")
    world.do(provision, world.label("H1"), HOLSTER, signing="none")
    kept(world.vault, tmp_path / "b")
    found = backup.read(tmp_path / "b", FILE)
    for sessions in range(4):
        is_too_old = backup.stale(found, world.vault) == ["H1"]
        assert is_too_old == (sessions >= 2)
        lost = restored(found, tmp_path / f"restored {sessions}")
        twin = world_copy(world, tmp_path / f"twin {sessions}")  # what is done there is not done here
        assert twin.do(status, "H1", vault=lost)  # journals are read with any backup
        if is_too_old:
            with pytest.raises(Refused):
                twin.do(sync, "H1", jump=True, vault=lost)
        else:
            assert twin.do(sync, "H1", jump=True, vault=lost)
        world.do(sync, "H1", jump=True)


def test_what_is_damaged_or_does_not_fit_is_found(vault):
    assert check(vault).findings == () and check(vault).files == 6
    (vault.path / "units" / "C1.json").unlink()
    assert "names a unit that is not in the vault" in check(vault).findings[0]
    path = vault.path / "units" / "H1.json"
    path.write_bytes(path.read_bytes()[:-5])
    assert "H1.json is damaged" in check(vault).findings[0]


def test_a_number_that_two_units_have_is_found(vault):
    with vault.locked():
        vault.save_unit(replace(vault.unit("C1"), number=1))
    assert check(vault).findings == ("2 units have the number 1",)


def test_one_key_alone_is_remarked_and_a_vault_in_clear_too(tmp_path):
    assert "one key alone" in check(sealed_vault(tmp_path / "vault")).remarks[0]
    assert "not encrypted" in check(filled(Vault.create(tmp_path / "clear", "MPS"))).remarks[0]


# Mirrors.


def mirrored(vault, place):
    place.mkdir()
    with vault.locked():
        keys = vault.files.keys
        vault.files.lock_with(replace(keys, locks=replace(keys.locks, mirror=str(place))))
        vault.files.bring_mirror()
    return place


def back(place, path):
    def whole(copy):
        assert check(opened(copy)).findings == ()

    backup.copy_back(place, path, whole)
    return opened(path)


def test_a_mirror_has_each_change_at_once(vault, tmp_path):
    place = mirrored(vault, tmp_path / "mirror")
    with vault.locked():
        vault.offer("H1", b"n" * 32)
        assert content(back(place, tmp_path / "first")) == content(vault)  # before the unit is asked to move on
        vault.moved("H1", 2, b"n" * 32)
        vault.drop_label("H9")
        vault.save_unit(replace(vault.unit("C1"), revision=5))
    assert content(back(place, tmp_path / "second")) == content(vault)
    with vault.locked():
        vault.files.lock_with(vault_keys.turning(vault_keys.without(vault.files.keys, 2), os.urandom))
    third = back(place, tmp_path / "third")
    assert content(third) == content(vault)
    with pytest.raises(vault_keys.WrongSecret):
        opened(third.path, OTHER)


def test_a_mirror_that_was_away_is_told_and_made_up_for(vault, tmp_path):
    place = mirrored(vault, tmp_path / "mirror")
    told = []
    vault.files.tell = told.append
    place.rename(tmp_path / "away")
    with vault.locked():
        vault.offer("H1", b"n" * 32)
    assert told and "mirror is behind" in told[0] and not place.exists()
    (tmp_path / "away").rename(place)
    with vault.locked():
        pass
    assert content(back(place, tmp_path / "again")) == content(vault)


def test_a_mirror_that_missed_one_of_two_quick_changes_or_the_end_of_a_label_gets_it(vault, tmp_path):
    place = mirrored(vault, tmp_path / "mirror")
    vault.files.tell = lambda _: None
    with vault.locked():
        vault.moved("H1", 2, b"a" * 32)
    place.rename(tmp_path / "away")
    with vault.locked():
        vault.moved("H1", 3, b"b" * 32)  # as many bytes, in the same second
    vault.drop_label("H9")
    (tmp_path / "away").rename(place)
    with vault.locked():
        pass
    assert content(back(place, tmp_path / "again")) == content(vault) and vault.labels() == []


def test_another_forces_backup_is_not_written_over(vault, tmp_path):
    other = filled(Vault.create(tmp_path / "other", "CITY", keys=vault_keys.fresh(slot(), 0, os.urandom)))
    file = tmp_path / "x.backup"
    for made_s in (1, 2):
        backup.write(other, file, slot(OTHER), made_s)
    held = file.read_bytes()
    with pytest.raises(ToolError, match="of another vault"):
        backup.write(vault, file, slot(OTHER), 3)
    assert file.read_bytes() == held


def test_a_damaged_mirror_is_no_vault(vault, tmp_path):
    place = mirrored(vault, tmp_path / "mirror")
    path = place / "units" / "H1.json"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ToolError, match=r"H1\.json is damaged"):
        backup.copy_back(place, tmp_path / "again", lambda copy: opened(copy).unit("H1"))
    assert not (tmp_path / "again").exists()
    with pytest.raises(ToolError, match="no mirror"):
        backup.copy_back(tmp_path / "nowhere", tmp_path / "again", lambda _: None)
