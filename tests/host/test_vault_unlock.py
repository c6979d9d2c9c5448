"""What opens the vault without a question: a ticket, a key file, systemd's credential, the system's keyring."""

import os
import shutil
import sys
import time

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail

from host_tools import durable
from host_tools.outcome import ToolError
from host_tools.vault import keys as vault_keys
from host_tools.vault import ticket as vault_ticket
from host_tools.vault import unlock as vault_unlock
from host_tools.vault.keys import WrongSecret
from host_tools.vault.vault import Vault

from .vaults import FILE, OTHER, OWN, sealed_vault, slot

HOUR_S = 3600


@pytest.fixture
def vault(tmp_path, monkeypatch):
    for name in ("XDG_RUNTIME_DIR", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return sealed_vault(tmp_path / "vault", OTHER, FILE)


@pytest.fixture
def ring(monkeypatch):
    """The keyring of a desktop session."""

    class Ring(KeyringBackend):
        priority = 1

        def __init__(self):
            super().__init__()
            self.kept = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            del self.kept[service, username]

    before, ring = keyring.get_keyring(), Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def asking(*answers):
    left = list(answers)

    def ask(question):
        assert left, f"nobody is to be asked: {question}"
        return left.pop(0)

    return ask


def key_file(tmp_path, data=FILE.data, mode=0o600):
    path = tmp_path / "key"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def until():
    return int(time.time()) + HOUR_S


# Tickets.


def test_a_ticket_opens_the_vault_until_it_is_ended(vault, memory):
    vault_ticket.leave(vault.path, vault.files.keys, until())
    keys = vault_unlock.unlock(vault.path, None, None)
    assert (keys.data, keys.slot.person) == (vault.files.keys.data, "PC1")
    assert vault_ticket.end(vault.path) and not vault_ticket.end(vault.path)
    with pytest.raises(ToolError, match="nothing here opens it") as caught:
        vault_unlock.unlock(vault.path, None, None)
    assert "interlock vault unlock" in caught.value.advice
    assert not list(memory.rglob("*.ticket")) and not (vault.path / "ticket.json").exists()


def test_neither_half_of_a_ticket_opens_anything(vault, memory, tmp_path):
    vault_ticket.leave(vault.path, vault.files.keys, until())
    (mine,) = memory.rglob("*.ticket")
    assert mine.stat().st_mode & 0o077 == 0 and mine.parent.stat().st_mode & 0o077 == 0
    for half in (mine, vault.path / "ticket.json"):
        data = half.read_bytes()
        assert vault.files.keys.data not in data and vault.files.keys.data.hex().encode() not in data
        half.unlink()
        assert vault_ticket.use(vault.path) is None
        half.write_bytes(data)
        half.chmod(0o600)
    assert vault_ticket.use(vault.path) is not None
    other = sealed_vault(tmp_path / "other")
    shutil.copy(vault.path / "ticket.json", other.path / "ticket.json")
    shutil.copy(mine, mine.with_name(f"{other.files.keys.locks.vault}.ticket"))
    assert vault_ticket.use(other.path) is None


@pytest.mark.parametrize("clock", ["time", "_boot_s"])
def test_a_ticket_ends_by_itself_whichever_clock_says_so(vault, memory, monkeypatch, clock):
    vault_ticket.leave(vault.path, vault.files.keys, until())
    where = vault_ticket.time if clock == "time" else vault_ticket
    now = getattr(where, clock)
    monkeypatch.setattr(where, clock, lambda: now() + HOUR_S - 60)
    assert vault_ticket.use(vault.path) is not None
    monkeypatch.setattr(where, clock, lambda: now() + HOUR_S + 60)
    assert vault_ticket.use(vault.path) is None
    monkeypatch.setattr(where, clock, now)
    assert vault_ticket.use(vault.path) is None  # over is over


def test_a_ticket_is_worth_nothing_after_the_keys_changed(vault, memory):
    vault_ticket.leave(vault.path, vault.files.keys, until())
    with vault.locked():
        vault.files.lock_with(vault_keys.turning(vault_keys.without(vault.files.keys, 2), os.urandom))
    assert vault_ticket.use(vault.path) is None


def test_without_a_place_in_memory_no_ticket_is_left_and_that_is_said(vault, tmp_path, monkeypatch):
    with pytest.raises(ToolError, match="XDG_RUNTIME_DIR is not set"):
        vault_ticket.leave(vault.path, vault.files.keys, until())
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ToolError, match="cannot be read"):
        vault_ticket.leave(vault.path, vault.files.keys, until())
    (tmp_path / "open").mkdir(mode=0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "open"))
    with pytest.raises(ToolError, match="not for you alone"):
        vault_ticket.leave(vault.path, vault.files.keys, until())
    assert not (vault.path / "ticket.json").exists()


def test_a_ticket_is_never_left_on_a_disk(vault, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    if vault_ticket._file_system(tmp_path) in ("tmpfs", "ramfs"):
        pytest.skip("this host's temporary folder is in memory itself")
    with pytest.raises(ToolError, match="would stay on the disk"):
        vault_ticket.leave(vault.path, vault.files.keys, until())
    assert not list((tmp_path / "run").rglob("*")) and not (vault.path / "ticket.json").exists()


# Key files, and what systemd hands over.


def test_a_key_file_opens_the_vault_and_nobody_is_asked(vault, tmp_path):
    assert vault_unlock.unlock(vault.path, key_file(tmp_path), asking()).slot.kind == "key file"


def test_a_key_file_that_is_none_is_told_and_no_passphrase_is_asked_for_instead(vault, tmp_path):
    with pytest.raises(ToolError, match="no key file at"):
        vault_unlock.unlock(vault.path, tmp_path / "none", asking())
    with pytest.raises(ToolError, match="it has 31 bytes"):
        vault_unlock.unlock(vault.path, key_file(tmp_path, FILE.data[:31]), asking())
    with pytest.raises(WrongSecret, match="this key file does not open"):
        vault_unlock.unlock(vault.path, key_file(tmp_path, b"G" * 32), asking())
    if sys.platform != "win32":
        with pytest.raises(ToolError, match="others than you"):
            vault_unlock.unlock(vault.path, key_file(tmp_path, mode=0o644), asking())


def test_a_new_key_file_is_private_random_and_not_in_the_vault(vault, tmp_path):
    one = vault_unlock.make_key_file(tmp_path / "one", vault.path)
    two = vault_unlock.make_key_file(tmp_path / "two", vault.path)
    assert len(one.data) == 32 and one.data != two.data
    assert (tmp_path / "one").read_bytes() == one.data and (tmp_path / "one").stat().st_mode & 0o077 == 0
    for inside in (vault.path / "key", vault.path / "units" / ".." / "key", vault.path):
        with pytest.raises(ToolError, match="lie in the vault"):
            vault_unlock.make_key_file(inside, vault.path)
    with pytest.raises(ToolError, match="exists already"):
        vault_unlock.make_key_file(tmp_path / "one", vault.path)
    with pytest.raises(ToolError, match="no folder"):
        vault_unlock.make_key_file(tmp_path / "nowhere" / "key", vault.path)


def test_a_service_gets_the_vault_open_from_systemd(vault, tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert vault_unlock.unlock(vault.path, None, asking(OWN.data.decode())).slot.kind == "passphrase"
    (folder / "interlock-vault").write_bytes(FILE.data)
    (folder / "interlock-vault").chmod(0o440)  # as systemd shows it: access is by a list
    assert vault_unlock.unlock(vault.path, None, asking()).slot.kind == "key file"


# The system's keyring.


def test_the_keyring_of_a_login_opens_the_vault(vault, ring):
    secret = vault_unlock.into_keyring(vault.files.keys.locks.vault)
    with vault.locked():
        vault.files.lock_with(vault_keys.adding(vault.files.keys, slot(secret, "PC3"), 0, os.urandom))
    assert vault_unlock.unlock(vault.path, None, asking()).slot.person == "PC3"
    ring.kept.clear()
    with pytest.raises(ToolError, match="has no key for this vault"):
        vault_unlock.unlock(vault.path, None, None)
    assert vault_unlock.unlock(vault.path, None, asking(OWN.data.decode())).slot.person == "PC1"


def test_without_a_keyring_that_is_said(vault, ring):
    keyring.set_keyring(fail.Keyring())
    for call in (vault_unlock.into_keyring, vault_unlock.from_keyring):
        with pytest.raises(ToolError, match="keyring cannot be used"):
            call(vault.files.keys.locks.vault)


# People.


def test_a_person_has_three_tries(vault):
    right = OWN.data.decode()
    assert vault_unlock.unlock(vault.path, None, asking("wrong one", "wrong two", right)).slot.person == "PC1"
    with pytest.raises(WrongSecret):
        vault_unlock.unlock(vault.path, None, asking("wrong one", "wrong two", "wrong three", right))


def test_a_new_passphrase_is_long_and_typed_twice(tmp_path):
    def new(*answers):
        return vault_unlock.new_secret(tmp_path / "vault", None, asking(*answers))

    with pytest.raises(ToolError, match="at least 10 characters"):
        new("too short", "too short", "too short")
    with pytest.raises(ToolError, match="differ"):
        new("too short", *("long enough now", "long enough not") * 2)
    assert new("too short", "long enough now", "x", "long enough now", "long enough now").data == b"long enough now"
    assert new("long enough now", "long enough now").data == b"long enough now"
    with pytest.raises(ToolError, match="never without a lock"):
        vault_unlock.new_secret(tmp_path / "vault", None, None)


def test_a_folder_is_no_key_file_and_nobody_is_told_to_close_it(tmp_path):
    with pytest.raises(ToolError, match="is a folder") as caught:
        vault_unlock.read_key_file(tmp_path)
    assert "chmod" not in caught.value.advice


def test_a_vault_in_clear_has_nothing_to_open(tmp_path):
    Vault.create(tmp_path / "clear", "MPS")
    assert vault_unlock.unlock(tmp_path / "clear", None, asking()) is None


def test_a_key_file_on_a_stick_that_knows_no_owners_is_refused_before_it_opens_anything(vault, tmp_path, monkeypatch):
    replace = durable.replace

    def on_fat(path, data):
        replace(path, data)
        path.chmod(0o755)  # as a mounted FAT shows each file, whatever was asked for

    monkeypatch.setattr(durable, "replace", on_fat)
    with pytest.raises(ToolError, match="FAT") as refused:
        vault_unlock.make_key_file(tmp_path / "interlock.key", vault.path)
    assert "a copy on the stick" in refused.value.advice and not (tmp_path / "interlock.key").exists()
