"""Who can open the vault: slots, a new data key, cuts and full disks at every step of it, and damage."""

import itertools
import json
import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools.outcome import ToolError
from host_tools.vault import files as vault_files
from host_tools.vault import keys as vault_keys
from host_tools.vault import sealed
from host_tools.vault.entries import PairEntry
from host_tools.vault.keys import WrongSecret
from host_tools.vault.slots import WORK, NewSlot, passphrase
from host_tools.vault.vault import Vault

from .fate import Killed
from .vaults import FILE, OTHER, OWN, Disk, content, filled, opened, sealed_vault, slot


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def turn(vault, number):
    with vault.locked():
        vault.files.lock_with(vault_keys.turning(vault_keys.without(vault.files.keys, number), os.urandom))


def test_each_slot_opens_the_same_vault_and_nothing_else_does(tmp_path):
    vault = sealed_vault(tmp_path / "vault", OTHER, FILE)
    held = content(vault)
    for secret in (OWN, OTHER, FILE):
        assert content(opened(vault.path, secret)) == held
    for wrong in (passphrase("correct horse batterx"), replace(FILE, data=b"G" * 32)):
        with pytest.raises(WrongSecret, match="does not open"):
            opened(vault.path, wrong)
    with pytest.raises(ToolError, match="is locked"):
        Vault.open(vault.path)


def test_a_passphrase_is_the_same_on_every_keyboard():
    composed, decomposed = "Stra\u00dfe nach K\u00f6ln", "Stra\u00dfe nach Ko\u0308ln"
    assert composed != decomposed and passphrase(composed) == passphrase(decomposed)


def test_a_person_is_asked_for_half_a_second_of_work_by_default():
    assert (WORK.n, WORK.r, WORK.p) == (2**17, 8, 1) and NewSlot(OWN, "PC1").work == WORK


def test_no_secret_is_in_the_clear_in_any_file_nor_in_a_repr(tmp_path):
    vault = sealed_vault(tmp_path / "vault", FILE)
    force, units, pairs, labels, _ = content(vault)
    secrets = [force.group_key, *(unit.unit_key for unit in units), *(unit.admin.key for unit in units)]
    secrets += [unit.technician_root for unit in units] + [unit.seal_keys[0] for unit in units]
    secrets += [pairs[0].key, labels[0][1], vault.files.keys.data, FILE.data, OWN.data]
    text = repr([vault.files.keys, vault.files.keys.locks, OWN, FILE, vault.labels()])
    for secret in secrets:
        for path in vault.path.rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            assert secret not in data and secret.hex().encode() not in data.lower(), path
        assert secret.hex() not in text and repr(secret) not in text


def test_a_file_opens_at_its_own_place_only(tmp_path):
    vault, other = sealed_vault(tmp_path / "vault"), sealed_vault(tmp_path / "other")
    h1, c1 = vault.path / "units" / "H1.json", vault.path / "units" / "C1.json"
    own = h1.read_bytes()
    for foreign in (c1, other.path / "units" / "H1.json"):
        h1.write_bytes(foreign.read_bytes())
        with pytest.raises(ToolError, match="not from this place"):
            vault.unit("H1")
    h1.write_bytes(own)
    assert vault.unit("H1").serial == "H1"


def test_a_file_in_clear_is_not_taken_for_one_of_a_sealed_vault(tmp_path):
    clear, vault = filled(Vault.create(tmp_path / "clear", "MPS")), sealed_vault(tmp_path / "vault")
    (vault.path / "units" / "H1.json").write_bytes((clear.path / "units" / "H1.json").read_bytes())
    with pytest.raises(ToolError, match="not sealed"):
        vault.unit("H1")
    (vault.path / "keys.json").unlink()
    with pytest.raises(ToolError, match=r"keys\.json is damaged: it is missing"):
        Vault.open(vault.path)


def test_the_same_content_is_never_written_under_the_same_key_twice(tmp_path):
    vault = sealed_vault(tmp_path / "vault")
    path = vault.path / "force.json"
    seen = set()
    for _ in range(20):
        with vault.locked():
            vault.save_force(vault.force())
        seen.add(sealed.parse(path.read_bytes()).salt)
    assert len(seen) == 20


def test_who_was_removed_has_the_new_key_in_no_way(tmp_path):
    vault = sealed_vault(tmp_path / "vault", OTHER, FILE)
    held, old = content(vault), vault_keys.unlock(vault.path, OTHER)
    turn(vault, 2)
    with pytest.raises(WrongSecret):
        opened(vault.path, OTHER)
    for secret in (OWN, FILE):  # the file's owner was not there
        assert content(opened(vault.path, secret)) == held
    for path in vault.files.secrets():
        found = sealed.parse(path.read_bytes())
        assert found.generation == 2
        with pytest.raises(sealed.NotOpened):
            found.open(old.data, f"{old.locks.vault} {path.relative_to(vault.path).as_posix()}")


def test_the_last_key_stays_and_there_is_an_end_to_keys(tmp_path):
    vault = sealed_vault(tmp_path / "vault")
    with pytest.raises(ToolError, match="the only key"):
        turn(vault, 1)
    with pytest.raises(ToolError, match="no key number 7"):
        turn(vault, 7)
    with vault.locked():
        for _ in range(vault_keys.SLOTS_MAX - 1):
            vault.files.lock_with(vault_keys.adding(vault.files.keys, slot(), 0, os.urandom))
        with pytest.raises(ToolError, match="16 keys already"):
            vault_keys.adding(vault.files.keys, slot(), 0, os.urandom)
    assert content(opened(vault.path)) == content(vault)


def test_a_command_that_began_before_the_keys_changed_writes_nothing(tmp_path):
    vault = sealed_vault(tmp_path / "vault", OTHER)
    late = opened(vault.path)
    turn(vault, 2)
    with pytest.raises(ToolError, match="new keys since this one began"), late.locked():
        raise AssertionError("it has no business in here")
    with pytest.raises(ToolError, match="new keys since this one began"):
        late.force()
    assert content(opened(vault.path)) == content(vault)


def test_a_command_that_began_before_a_key_was_added_goes_on(tmp_path):
    vault = sealed_vault(tmp_path / "vault")
    late = opened(vault.path)
    with vault.locked():
        vault.files.lock_with(vault_keys.adding(vault.files.keys, slot(OTHER, "PC2"), 0, os.urandom))
    turn(late, 1)
    assert content(opened(vault.path, OTHER)) == content(late)


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("what", ["turn", "encrypt"])
def test_a_cut_or_a_full_disk_at_any_step_of_new_keys_leaves_a_vault_that_opens(tmp_path, disk, what, is_full):
    steps = 0
    for at in itertools.count():
        path = tmp_path / str(at)
        vault = sealed_vault(path, OTHER) if what == "turn" else filled(Vault.create(path, "MPS"))
        held = content(vault)
        disk.strike(at, is_full)
        try:
            if what == "turn":
                turn(vault, 2)
            else:
                fresh = vault_keys.fresh(slot(), 0, os.urandom, is_partly_clear=True)
                with vault.locked():
                    vault.files.lock_with(fresh)
        except (Killed, ToolError) as error:
            assert isinstance(error, ToolError) == is_full
        if not disk.mend():
            break
        steps += 1
        is_begun = (path / "keys.json").exists()
        again = opened(path) if is_begun else Vault.open(path)
        assert content(again) == held, at
        with again.locked():
            again.save_force(again.force())  # whoever changes it next ends what was begun
        if is_begun:
            assert not again.files.keys.locks.is_moving
            assert {left.name for left in path.rglob(".*.new")} <= {".keys.json.new"}  # nothing in clear
            assert content(opened(path)) == held
            at_one = {sealed.parse(file.read_bytes()).generation for file in again.files.secrets()}
            assert at_one == {again.files.keys.locks.generation}
    assert steps > 15  # else fate struck nothing


@pytest.mark.parametrize("is_full", [False, True])
def test_a_cut_or_a_full_disk_while_a_vault_is_made_leaves_none_or_a_whole_one(tmp_path, disk, is_full):
    for at in itertools.count():
        path = tmp_path / str(at) / "vault"
        fresh = vault_keys.fresh(slot(), 0, os.urandom)
        disk.strike(at, is_full)
        try:
            Vault.create(path, "MPS", keys=fresh)
        except (Killed, ToolError) as error:
            assert isinstance(error, ToolError) == is_full
        if not disk.mend():
            break
        if not (path / "force.json").exists():
            Vault.create(path, "MPS", keys=fresh)
        assert opened(path).force().name == "MPS"
    assert at > 5


def test_what_a_killed_command_left_beside_is_no_vault_and_in_nobodys_way(tmp_path):
    (tmp_path / ".vault.new" / "units").mkdir(parents=True)
    (tmp_path / ".vault.new" / "units" / "H7.json").write_bytes(b"half")
    assert opened(sealed_vault(tmp_path / "vault").path).serials() == ["C1", "H1"]
    assert not (tmp_path / ".vault.new").exists()


def test_of_two_commands_that_make_the_same_vault_the_second_leaves_the_firsts(tmp_path):
    path = tmp_path / "vault"
    (path / "units").mkdir(parents=True)
    with pytest.raises(ToolError, match="cannot be made"), vault_files.made(path, None) as late:
        late.write(late.path / "force.json", b"{}")
        (tmp_path / ".vault.new").rename(tmp_path / ".late")  # the other one's place beside is another moment's
        held = content(sealed_vault(path))
        (tmp_path / ".late").rename(tmp_path / ".vault.new")
    assert content(opened(path)) == held


def test_a_slot_that_somebody_put_in_is_found_out(tmp_path):
    vault = sealed_vault(tmp_path / "vault")
    keys = vault.files.keys
    path = vault.path / "keys.json"
    # Whoever has no data key can make a slot for themselves, and a digest that fits, and wait for the next data key.
    forged = vault_keys.adding(replace(keys, data=os.urandom(32)), slot(OTHER, "MALLORY"), 0, os.urandom)
    path.write_bytes(vault_keys.encode(forged))
    with pytest.raises(ToolError, match="without the vault's key changed who can open it"):
        opened(vault.path)


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2**24, "r": 8, "p": 1},
        {"n": 2**17, "r": 2**20, "p": 1},
        {"n": 2**17, "r": 8, "p": 2**20},
        {"n": 1000, "r": 8, "p": 1},
        {"n": 0, "r": 8, "p": 1},
        {"n": True, "r": 8, "p": 1},
        {"n": "131072", "r": 8, "p": 1},
        {"n": 16},
        None,
    ],
)
def test_work_that_would_cost_gigabytes_is_refused_before_it_is_done(tmp_path, change):
    vault = sealed_vault(tmp_path / "vault")
    path = vault.path / "keys.json"
    values = json.loads(path.read_bytes())
    values["slots"][0]["scrypt"] = change
    path.write_bytes(vault_keys._text(values))
    with pytest.raises(ToolError, match="no keys that this program knows"):
        opened(vault.path)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    vault = sealed_vault(tmp_path_factory.mktemp("fuzzed") / "vault")
    return vault, content(vault)


def spoilt(data):
    """What a disk, or somebody, may make of a file."""
    at = st.integers(0, len(data) - 1)
    flipped = st.tuples(at, st.integers(0, 7)).map(
        lambda where: data[: where[0]] + bytes([data[where[0]] ^ 1 << where[1]]) + data[where[0] + 1 :]
    )
    return st.one_of(
        flipped, at.map(lambda size: data[:size]), st.binary(max_size=64).map(lambda more: data + more + b"x")
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", ["keys.json", "force.json", "units/H1.json", "pairs/H1+C1.json", "labels/H9.json"])
def test_a_file_that_was_spoilt_is_told_as_such(fuzzed, name, data):
    vault, held = fuzzed
    path = vault.path / name
    whole = path.read_bytes()
    path.write_bytes(data.draw(spoilt(whole)))
    try:
        with pytest.raises(ToolError, match=r"damaged|locked") as caught:
            content(opened(vault.path))
        assert caught.value.advice and path.name in str(caught.value)
    finally:
        path.write_bytes(whole)
    assert content(opened(vault.path)) == held


@pytest.mark.parametrize("name", ["force.json", "units/C1.json", "units/H1.json", "pairs/H1+C1.json", "labels/H9.json"])
def test_whichever_file_is_damaged_all_others_are_kept_from_who_was_removed(tmp_path, name):
    vault = sealed_vault(tmp_path / "vault", OTHER)
    path = vault.path / name
    path.write_bytes(path.read_bytes().replace(b'"data": "', b'"data": "A', 1))
    vault.files.tell = lambda _: None
    turn(vault, 2)
    assert vault.files.left_behind() == [path] and vault.files.keys.locks.is_moving
    others = [other for other in vault.files.secrets() if other != path]
    assert {sealed.parse(other.read_bytes()).generation for other in others} == {2}


def test_one_damaged_file_does_not_keep_the_others_from_their_new_key(tmp_path):
    vault = sealed_vault(tmp_path / "vault", OTHER, FILE)
    path = vault.path / "pairs" / "H1+C1.json"
    path.write_bytes(path.read_bytes().replace(b'"data": "', b'"data": "AAAA'))
    told = []
    vault.files.tell = told.append
    turn(vault, 2)
    again = opened(vault.path)
    assert again.unit("H1") == vault.unit("H1") and "H1+C1.json is damaged" in told[0]
    with pytest.raises(ToolError, match="could not be finished"):  # it would leave the file two keys behind
        turn(again, 3)
    with again.locked():
        again.save_unit(replace(again.unit("H1"), revision=7))
    assert again.unit("H1").revision == 7
    with again.locked():  # the pair is made anew in its place, and the change of keys ends
        again.files.write(path, b"{}")
        again.save(PairEntry("H1", "C1", "committed", b"k" * 32, None))
    with again.locked():
        assert not again.files.keys.locks.is_moving
