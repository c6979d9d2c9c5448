"""The vault: private, whole after any cut, one writer at a time, and silent about what it holds."""

import json
import os
from dataclasses import replace

import pytest

from host_tools import durable
from host_tools.flows.pair import check_roles
from host_tools.outcome import ToolError
from host_tools.vault import keyring
from host_tools.vault.entries import COMMITTED, AdminKey, PairEntry
from host_tools.vault.vault import Vault
from interlock.core import access, settings

NOW_MS = 1_790_000_000_000


class Counting:
    """Random bytes that tests can tell apart."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return bytes([self.count]) * size


@pytest.fixture
def vault(tmp_path):
    return Vault.create(tmp_path / "vault", "MPS", Counting())


def add(vault, serial, role, state=COMMITTED):
    with vault.locked():
        entry = vault.new_unit(serial, serial.encode().ljust(8), role, None)
        vault.save_unit(replace(entry, state=state))
    return vault.unit(serial)


def test_a_vault_is_for_its_owner_only(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    for path in [vault.path, *vault.path.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_vault_that_others_may_read_is_refused_with_the_remedy(vault):
    path = vault.path / "force.json"
    path.chmod(0o640)
    with pytest.raises(ToolError, match="others than you") as caught:
        Vault.open(vault.path)
    assert f"chmod -R go-rwx {path}" in caught.value.advice
    path.chmod(0o600)
    vault.path.chmod(0o755)
    with pytest.raises(ToolError, match="others than you"):
        Vault.open(vault.path)


def test_no_vault_and_a_second_one_are_refused(tmp_path, vault):
    with pytest.raises(ToolError, match="no vault") as caught:
        Vault.open(tmp_path / "other")
    assert "provision" in caught.value.advice
    with pytest.raises(ToolError, match="already"):
        Vault.create(vault.path, "MPS")


def test_units_get_numbers_and_keys_of_their_own(vault):
    one, two = add(vault, "H1", settings.ROLE_HOLSTER), add(vault, "C1", settings.ROLE_CAMERA)
    assert (one.number, two.number) == (1, 2)
    assert one.name == "holster 1"
    assert len({one.unit_key, one.admin.key, one.technician_root, two.unit_key, two.admin.key}) == 5
    assert vault.serials() == ["C1", "H1"] and "H1" in vault and "../force" not in vault
    assert Vault.open(vault.path).unit("H1") == one


def test_a_unit_holds_the_keys_of_its_own_pairs_and_of_no_other_unit(vault):
    for serial, role in (("H1", settings.ROLE_HOLSTER), ("H2", settings.ROLE_HOLSTER), ("C1", settings.ROLE_CAMERA)):
        add(vault, serial, role)
    keys = {"H1": b"1" * 32, "H2": b"2" * 32}
    with vault.locked():
        for holster, key in keys.items():
            vault.save_pair(PairEntry(holster, "C1", "committed", key, None))
    told = {serial: settings.encode(vault.settings_for(serial, 1)) for serial in ("H1", "H2", "C1")}
    secrets = {serial: (vault.unit(serial).admin.key, vault.unit(serial).technician_root) for serial in told}
    for mine, other in (("H1", "H2"), ("H2", "H1")):
        assert keys[mine] in told[mine] and keys[mine] in told["C1"]
        assert keys[other] not in told[mine] and vault.unit(other).unit_key not in told[mine]
        assert not any(secret in told[mine] for serial in told if serial != mine for secret in secrets[serial])


def test_settings_are_what_the_core_can_store(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    built = vault.settings_for("H1", 3)
    assert settings.decode(settings.encode(built)) == built
    assert built.revision == 3 and built.serial == b"H1      " and built.partners == []


def held(vault, serial):
    return [partner.pair_key for partner in vault.settings_for(serial, 1).partners]


def test_a_pairs_keys_go_to_the_holster_first_and_leave_it_last(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    add(vault, "C1", settings.ROLE_CAMERA)
    old, new = b"o" * 32, b"n" * 32
    expected = {
        "prepared": ([old, new], [old]),
        "holster": ([old, new], [new]),
        "camera": ([new], [new]),
        "committed": ([new], [new]),
    }
    for state, keys in expected.items():
        with vault.locked():
            vault.save_pair(PairEntry("H1", "C1", state, new, None if state == "committed" else old))
        assert (held(vault, "H1"), held(vault, "C1")) == keys
    with vault.locked():
        vault.save_pair(PairEntry("H1", "C1", "prepared", new, None))
    assert (held(vault, "H1"), held(vault, "C1")) == ([new], [])
    partner = vault.settings_for("H1", 1).partners[0]
    camera = vault.unit("C1")
    assert (partner.unit, partner.role, partner.unit_key) == (camera.number, camera.role, camera.unit_key)


def test_a_pair_that_no_unit_could_hold_is_not_written(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    for number in range(9):
        add(vault, f"C{number}", settings.ROLE_CAMERA)
    with vault.locked():
        for number in range(7):
            vault.save_pair(PairEntry("H1", f"C{number}", "committed", b"k" * 32, None))
        with pytest.raises(ToolError, match="more than 7 pairs"):
            vault.save_pair(PairEntry("H1", "C7", "prepared", b"k" * 32, None))
        vault.save_pair(PairEntry("H1", "C5", "prepared", b"n" * 32, b"k" * 32))
        with pytest.raises(ToolError, match="no place for another key"):
            vault.save_pair(PairEntry("H1", "C6", "prepared", b"n" * 32, b"k" * 32))
    assert vault.pair("H1", "C7") is None and vault.pair("H1", "C6").state == "committed"


def test_roles_decide_who_can_be_a_pair(vault):
    for serial, role in (("H1", settings.ROLE_HOLSTER), ("C1", settings.ROLE_CAMERA), ("X1", settings.ROLE_COMBINED)):
        add(vault, serial, role)
    check_roles(vault, "H1", "C1")
    check_roles(vault, "X1", "C1")
    check_roles(vault, "H1", "X1")
    for holster, camera in (("C1", "H1"), ("H1", "H1"), ("C1", "X1")):
        with pytest.raises(ToolError):
            check_roles(vault, holster, camera)


def test_the_offered_step_is_tried_first(vault):
    entry = add(vault, "H1", settings.ROLE_HOLSTER)
    assert [(admin.step, admin.key) for admin in vault.admins("H1", "PC1")] == [(1, entry.admin.key)]
    with vault.locked():
        vault.offer("H1", b"x" * 32)
        assert [admin.step for admin in vault.admins("H1", "PC1")] == [2, 1]
        vault.moved("H1", 2, b"x" * 32)
    assert vault.unit("H1").admin == AdminKey(2, b"x" * 32)


def test_a_technicians_vault_reads_and_does_no_more(vault, tmp_path):
    entry = add(vault, "H1", settings.ROLE_HOLSTER)
    add(vault, "H2", settings.ROLE_HOLSTER, "prepared")
    add(vault, "C1", settings.ROLE_CAMERA)
    with vault.locked():
        pair = PairEntry("H1", "C1", COMMITTED, b"\xa7" * 32, None)
        vault.save_pair(pair)
        seal_key = vault.new_seal_key("H1")
    expires_s = NOW_MS // 1000 + 86400
    assert vault.lend(tmp_path / "lent", "PC7", expires_s) == 2
    lent = Vault.open(tmp_path / "lent")
    credential = lent.technician("H1", "PC7", NOW_MS)
    assert credential.key == access.technician_key(entry.technician_root, b"PC7     ", expires_s)
    assert (credential.person, credential.expires_s, lent.person) == ("PC7", expires_s, "PC7")
    assert lent.name("H1") == (1, settings.ROLE_HOLSTER, "holster 1")
    text = "".join(path.read_text() for path in lent.path.rglob("*.json"))
    assert credential.key.hex() in text, "or this looks at nothing"
    keys = (entry.unit_key, entry.admin.key, entry.technician_root, vault.force().group_key, pair.key, seal_key)
    for secret in keys:
        assert secret.hex() in "".join(path.read_text() for path in vault.path.rglob("*.json"))
        assert secret.hex() not in text
    for forbidden in (lambda: lent.unit("H1"), lambda: lent.admins("H1", "PC7"), lambda: lent.settings_for("H1", 1)):
        with pytest.raises(ToolError, match="PC7's vault"):
            forbidden()
    with pytest.raises(ToolError, match="expired"):
        lent.technician("H1", "PC7", (expires_s + 1) * 1000)


def test_every_seal_key_that_was_given_is_kept_in_order(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    with vault.locked():
        given = tuple(vault.new_seal_key("H1") for _ in range(3))
    assert len(set(given)) == 3 and all(len(key) == 16 for key in given)
    assert Vault.open(vault.path).unit("H1").seal_keys == given


def test_a_public_key_is_believed_when_it_was_asked_for_and_then_published(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    first, second = b"1" * 60, b"2" * 60
    assert not vault.learn_key("H1", first) and vault.signing_keys("H1") == ()
    with vault.locked():
        vault.expect_key("H1")
    assert vault.learn_key("H1", first) and vault.learn_key("H1", first)
    assert not vault.learn_key("H1", second)
    with vault.locked():
        vault.expect_key("H1")
    assert vault.learn_key("H1", first), "the one before is still its own"
    assert vault.learn_key("H1", second) and vault.signing_keys("H1") == (first, second)
    files = {path.name: path for path in (vault.path / "public").iterdir()}
    assert {name: path.read_bytes() for name, path in files.items()} == {"H1-1.pub": first, "H1-2.pub": second}
    files["H1-1.pub"].unlink()
    vault.learn_key("H1", second)
    assert files["H1-1.pub"].read_bytes() == first


def test_a_vault_of_an_older_program_is_read_and_goes_on(vault, tmp_path):
    entry = add(vault, "H1", settings.ROLE_HOLSTER)
    vault.lend(tmp_path / "lent", "PC7", NOW_MS // 1000 + 86400)
    for path in (vault.path / "units/H1.json", tmp_path / "lent/units/H1.json"):
        values = json.loads(path.read_text())
        for name in ("seal_keys", "signing_keys", "key_due"):
            values.pop(name, None)
        path.write_text(json.dumps(values))
    assert vault.unit("H1") == entry and entry.seal_keys == entry.signing_keys == () and not entry.key_due
    assert Vault.open(tmp_path / "lent").signing_keys("H1") == ()
    with vault.locked():
        key = vault.new_seal_key("H1")
    assert vault.unit("H1").seal_keys == (key,)


def test_the_forces_vault_makes_a_credential_for_an_hour(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    assert vault.technician("H1", "PC1", NOW_MS).expires_s == NOW_MS // 1000 + 3600


def test_what_a_unit_was_offered_counts_as_held_only_when_it_proves_it(vault):
    add(vault, "C1", settings.ROLE_CAMERA)
    first = vault.settings_for("C1", 2)
    second = first._replace(revision=3, policy=first.policy._replace(hold_ms=1))
    third = second._replace(revision=4)
    with vault.locked():
        vault.confirm("C1", first)
        vault.give("C1", second, settings.digest(first))
        entry = Vault.open(vault.path).unit("C1")
        assert (entry.held, entry.given, entry.revision) == (first, second, 3)
        assert not keyring.surely(entry, lambda held: held.policy.hold_ms == 1)
        vault.give("C1", third, settings.digest(second))  # the offer had come through, its answer had not
        assert vault.unit("C1").held == second and vault.unit("C1").given == third
        assert keyring.surely(vault.unit("C1"), lambda held: held.policy.hold_ms == 1)
        vault.give("C1", third, b"strange?")  # set by another copy of the vault: nothing is known of it
        assert vault.unit("C1").held is None and not keyring.surely(vault.unit("C1"), lambda _: True)
        vault.confirm("C1", third)
    assert vault.unit("C1").held == third and vault.unit("C1").given is None


def test_a_pair_of_a_unit_that_is_gone_is_told_with_the_remedy(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    add(vault, "C1", settings.ROLE_CAMERA)
    with vault.locked():
        vault.save_pair(PairEntry("H1", "C1", "committed", b"k" * 32, None))
    (vault.path / "units" / "C1.json").unlink()
    with pytest.raises(ToolError, match=r"H1\+C1.json names a unit") as caught:
        vault.book()
    assert "move this one out" in caught.value.advice


def test_an_unknown_unit_is_named_with_the_known_ones(vault):
    add(vault, "H1", settings.ROLE_HOLSTER)
    with pytest.raises(ToolError, match="H9 is not in the vault") as caught:
        vault.unit("H9")
    assert "H1" in caught.value.advice


def test_damaged_files_are_refused_without_their_content(vault):
    entry = add(vault, "H1", settings.ROLE_HOLSTER)
    path = vault.path / "units" / "H1.json"
    values = json.loads(path.read_text())
    damages = [path.read_text()[:-40], "[]", "{}"]
    for name, wrong in (("seal_keys", "zz"), ("seal_keys", ["00" * 15]), ("signing_keys", [3]), ("key_due", "no")):
        damages.append(json.dumps(values | {name: wrong}))
    for name in ("unit_key", "state", "number", "policy", "admin"):
        damages.append(json.dumps(values | {name: "zz"}))
        damages.append(json.dumps({key: value for key, value in values.items() if key != name}))
    for damage in damages:
        path.write_text(damage)
        with pytest.raises(ToolError, match="damaged") as caught:
            vault.unit("H1")
        assert entry.unit_key.hex() not in str(caught.value) + caught.value.advice


def test_two_commands_do_not_change_it_at_once(vault):
    other = Vault.open(vault.path)
    with vault.locked(), vault.locked(), pytest.raises(ToolError, match="another interlock command"), other.locked():
        pass
    with other.locked():
        pass


def test_nothing_secret_in_any_repr(vault):
    entry = add(vault, "H1", settings.ROLE_HOLSTER)
    with vault.locked():
        vault.offer("H1", b"q" * 32)
        seal_key = vault.new_seal_key("H1")
    pair = PairEntry("H1", "C1", "prepared", b"p" * 32, b"o" * 32)
    seen = [
        entry,
        vault.unit("H1"),
        vault.force(),
        pair,
        vault.admins("H1", "PC1"),
        vault.technician("H1", "P", NOW_MS),
    ]
    with vault.locked():
        vault.confirm("H1", vault.settings_for("H1", 2))
        vault.save_force(keyring.begin(vault.force(), lambda _: b"g" * 32))
    seen += [vault.unit("H1"), vault.force(), vault.book()]
    text = repr(seen) + str(seen)
    keys = (entry.unit_key, entry.admin.key, entry.technician_root, vault.force().group_key, seal_key)
    for secret in (*keys, b"q" * 32, b"p" * 32, b"o" * 32, b"g" * 32):
        assert secret.hex() not in text and repr(secret) not in text


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(vault, monkeypatch, call):
    before = add(vault, "H1", settings.ROLE_HOLSTER)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with vault.locked():
        if call == "replace":
            monkeypatch.setattr("pathlib.Path.replace", fail)
        else:
            monkeypatch.setattr(durable.os, call, fail)
        with pytest.raises(ToolError, match="No space left"):
            vault.save_unit(replace(before, revision=9))
        monkeypatch.undo()
    assert vault.unit("H1") == before
    with vault.locked():
        vault.save_unit(replace(before, revision=9))
    assert vault.unit("H1").revision == 9


def test_a_write_is_on_disk_before_it_takes_the_place(vault, monkeypatch):
    calls = []
    fsync, rename = os.fsync, os.replace
    monkeypatch.setattr(durable.os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle)))
    monkeypatch.setattr("pathlib.Path.replace", lambda self, to: (calls.append("replace"), rename(self, to)))
    durable.replace(vault.path / "units" / "H1.json", b"{}")
    assert calls == ["fsync", "replace", "fsync"]
