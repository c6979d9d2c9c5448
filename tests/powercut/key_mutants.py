"""Damage to the code that keeps keys, as `mutants.py` has it for records: the seal's, and those that sign."""

import struct
from binascii import crc32
from typing import Any

from pytest import MonkeyPatch

from interlock.core import records, seal, signer, trees
from interlock.core.journal import Journal
from interlock.core.keylog import KeyLog
from interlock.core.seal import Seal
from interlock.core.signer import Signer

from .mutants import Mutants, cuts

OF_KEYS = Mutants()

# The seal.


def _forget_past(self: Any) -> None:
    self.previous, self._doomed = None, []


@OF_KEYS.add("a past key is not destroyed", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(KeyLog, "drop", _forget_past)


@OF_KEYS.add("the present key is destroyed before the next one is there", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    put = KeyLog.put

    def hasty(self: Any, number: int, secret: bytes) -> None:
        if self._at is not None:
            self._write(self._at, self._zeros)
        put(self, number, secret)

    patch.setattr(KeyLog, "put", hasty)


@OF_KEYS.add("a key is destroyed before the record that announces the next one", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    def hasty(self: Any, uptime_ms: int) -> None:
        self.seal.prepare()
        self.seal.begin()
        self.append(records.SEAL, records.pack(records.SEAL, self.seal.epoch), uptime_ms)
        self._unsealed = 0

    patch.setattr(Journal, "change_key", hasty)


@OF_KEYS.add("the epoch is taken from the newest key, not from the journal", cuts, "nor.seal-given")
def _(patch: MonkeyPatch) -> None:
    def settle(self: Any, epoch: int) -> None:
        if self._log.number is not None:
            self._use(self._log.number, self._log.secret)

    patch.setattr(Seal, "settle", settle)


@OF_KEYS.add("nothing is destroyed at boot", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Seal, "destroy_past", lambda self: None)


@OF_KEYS.add("half a key that a cut left is overlooked", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    opening = KeyLog._open

    def blind(self: Any) -> None:
        opening(self)
        self._doomed = [at for at in self._doomed if self._crc_fits(at)]

    def crc_fits(self: Any, at: int) -> bool:
        data: bytes = self._read(at)
        return bool(struct.unpack(">I", data[-4:])[0] == crc32(data[:-4]))

    patch.setattr(KeyLog, "_open", blind)
    patch.setattr(KeyLog, "_crc_fits", crc_fits, raising=False)


@OF_KEYS.add("a change of key that a cut broke off is not finished", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(Seal, "is_changing", lambda self: False)


@OF_KEYS.add("records are sealed with the key of the epoch before", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    use = Seal._use

    def late(self: Any, epoch: int, key: bytes) -> None:
        mac = self._mac
        use(self, epoch, key)
        self._mac = mac

    patch.setattr(Seal, "_use", late)


@OF_KEYS.add("keys do not evolve one way: the next one is the same", cuts, "nor.seal-many")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(seal, "next_key", lambda key: key)


@OF_KEYS.add("a sector of keys is erased that holds the one in force", cuts, "nor.seal-sector")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(KeyLog, "_in_force", lambda self, sector: False)
    claim = KeyLog._claim

    def hasty(self: Any) -> int:
        if self._used[self._sector] == self._slots:
            self._erase(self._sector)
        return claim(self)

    patch.setattr(KeyLog, "_claim", hasty)


# The signer.


@OF_KEYS.add("an index is put away after it has signed", cuts, "rp2.checkpoint")
def _(patch: MonkeyPatch) -> None:
    sign = Signer._sign

    def take(self: Any, last_seen: int | None) -> int:
        number: int = self._log.number
        self._taken = number, signer.leaf_seed(self._log.secret)
        return number

    def signing(self: Any, tree: Any, index: int, seed: bytes, message: bytes) -> Any:
        yield from sign(self, tree, index, seed, message)
        self._log.put(index + 1, signer.next_secret(self._log.secret))
        self._log.drop()

    patch.setattr(Signer, "take", take)
    patch.setattr(Signer, "_sign", signing)


@OF_KEYS.add("the secret of an index that was used is not destroyed", cuts, "rp2.checkpoint")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(KeyLog, "drop", _forget_past)


@OF_KEYS.add("a torn leaf is taken for a whole one", cuts, "rp2.key")
def _(patch: MonkeyPatch) -> None:
    opening = trees.StoredTree._open

    def hasty(self: Any) -> None:
        opening(self)
        if self.root is None and self._is_begun:
            self.done = min(self.done + 1, self.size)

    patch.setattr(trees.StoredTree, "_open", hasty)


@OF_KEYS.add("a signature is given that was not finished", cuts, "rp2.checkpoint")
def _(patch: MonkeyPatch) -> None:
    patch.setattr(signer, "is_intact", lambda flash, offset, count: True)


@OF_KEYS.add("a key that was begun is forgotten by a reboot", cuts, "rp2.key")
def _(patch: MonkeyPatch) -> None:
    opening = Signer._open

    def forgetful(self: Any) -> None:
        opening(self)
        if self._tree.root is None:
            self.params = 0

    patch.setattr(Signer, "_open", forgetful)
