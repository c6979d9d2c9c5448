"""Sealed vaults for tests: quick to open, and struck at every step that reaches the disk."""

import errno
import os
from dataclasses import replace

from host_tools import durable
from host_tools.label import Label
from host_tools.vault import keys as vault_keys
from host_tools.vault import people
from host_tools.vault.entries import COMMITTED, PairEntry
from host_tools.vault.slots import NewSlot, Secret, Work, passphrase
from host_tools.vault.vault import Vault
from host_tools.vouched import Vouched
from interlock.core import settings

from .fate import Fate

QUICK = Work(2, 1, 1)
OWN = passphrase("correct horse battery")
OTHER = passphrase("staple of another kind")
FILE = Secret("key file", b"F" * 32)


def slot(secret=OWN, person="PC1", role="admin"):
    return NewSlot(secret, person, role, QUICK)


def sealed_vault(path, *more):
    """A vault with two units, a pair and a label, opened by OWN and by what else is given."""
    vault = Vault.create(path, "MPS", keys=vault_keys.fresh(slot(), 0, os.urandom))
    filled(vault)
    with vault.locked():
        for secret in more:
            vault.files.lock_with(vault_keys.adding(vault.files.keys, slot(secret, "PC2"), 0, os.urandom))
    return vault


def filled(vault):
    with vault.locked():
        for serial, role in (("H1", settings.ROLE_HOLSTER), ("C1", settings.ROLE_CAMERA)):
            entry = vault.new_unit(serial, serial.encode().ljust(8), role, None)
            vault.save_unit(replace(entry, state=COMMITTED))
            vault.new_seal_key(serial)
        vault.save_pair(PairEntry("H1", "C1", "committed", os.urandom(32), None))
        vault.keep_label(Label("H9", os.urandom(16)))
        people.vouch(vault, "PC7", people.Voucher(Vouched(os.urandom(32), 5), "PC1", 9))
    return vault


def opened(path, secret=OWN):
    return Vault.open(path, keys=vault_keys.unlock(path, secret))


def content(vault):
    """All that a vault holds."""
    units = [vault.unit(serial) for serial in vault.serials()]
    labels = [(label.serial, label.secret) for label in vault.labels()]
    return vault.force(), units, vault.pairs(), labels, people.entries_of(vault)


class Disk:
    """A disk on which fate strikes: at a step that makes something durable, the command dies (Killed), or the disk is
    full from there on."""

    def __init__(self, monkeypatch):
        self.fate = Fate()
        self.is_full = False
        sync, opens = os.fsync, os.open

        def fsync(handle):
            self.step()
            sync(handle)

        def open_file(path, flags, *rest):
            if flags & os.O_CREAT and not os.fspath(path).endswith("lock"):
                self.step()
            return opens(path, flags, *rest)

        monkeypatch.setattr(durable.os, "fsync", fsync)
        monkeypatch.setattr(durable.os, "open", open_file)

    def strike(self, at, is_full=False):
        self.fate, self.is_full = Fate(at, kill=not is_full), is_full

    def mend(self):
        """The next command runs undisturbed; whether this one was struck."""
        struck = self.fate.at is not None and self.fate.steps > self.fate.at
        self.fate, self.is_full = Fate(), False
        return struck

    def step(self):
        self.fate.step()
        if self.is_full and self.fate.steps > self.fate.at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
