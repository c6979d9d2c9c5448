"""Signing keys and checkpoints while the power fails: no one-time index signs twice, a key that was begun gets
finished, a signature that was told to be there stays until the next one is begun."""

from contextlib import suppress
from typing import Any

from interlock.core import checkpoint, lms, records, settings, signer, trees, wire
from interlock.core.keylog import KeyLog
from interlock.core.notary import Notary
from interlock.core.signer import Signer
from interlock.station import Station
from tests.core.signer_world import ENTROPY, TABLE, TINY_TWO, made

from .audit import SERIAL, Verified, readable
from .chip import Chip
from .station_story import StationStory

SLICE = 256  # hashes in a turn
TRIES = 2  # where the flash fails once, the next turn goes on


class KeyStory:
    """A signing key is made: one of `old` was there before, and signed (0: none), and one of `params` replaces it."""

    recovering = True
    outlives_death = False  # nothing is finished then

    def __init__(self, port: str, params: int, old: int = 0) -> None:
        self.chip = Chip(port, signer.SECTORS)
        self.params, self.old = params, old
        self.public = made(params).public  # what comes of that entropy, however often the power fails
        self.is_made = False
        self.is_begun = False
        self.old_public: bytes | None = None
        if old:
            held = self.open()
            held.generate(old, b"old entropy".ljust(32, b"."))
            finish(held)
            self.old_public = held.public
            held.sign(b"message under index %d" % held.take(None))
            finish(held)

    def copy(self) -> "KeyStory":
        other = KeyStory.__new__(KeyStory)
        other.__dict__.update(self.__dict__, chip=self.chip.copy())
        return other

    def open(self) -> Signer:
        return Signer(self.chip.area(0, signer.SECTORS), 0, TABLE)

    def live(self, life: int) -> None:
        held = self.open()
        for _ in range(TRIES):
            with suppress(OSError):
                if not self.is_begun or held.state == signer.NONE:
                    held.generate(self.params, ENTROPY)
                    self.is_begun = True
                finish(held)
        assert (held.state, held.params) == (signer.READY, self.params), "the key was not finished"
        # A cut between the top's leaf and its signature burns a whole bottom tree.
        assert held.index % 4 == 0 and (held.index == 0 or self.params == TINY_TWO), "indices are gone"
        assert held.public == self.public, "another key than its entropy gives"
        self.is_made = True

    def check(self) -> None:
        held = Signer(self.chip.cells(0, signer.SECTORS), 0, TABLE)
        if self.is_made:
            assert (held.state, held.public) == (signer.READY, self.public), "a finished key is gone"
        elif self.is_begun:
            assert held.state in (signer.GENERATING, signer.READY), "a key that was begun is forgotten"
        else:
            # In `generate`: the old key, none, or the new one.
            assert held.public in (None, self.old_public, self.public), "a key out of nowhere"
        signed = held.signed()
        assert signed is None or lms.verify(held.public or b"", *signed), "what is given as signed does not verify"


def finish(held: Signer) -> None:
    """Work until nothing is due."""
    while held.work(SLICE):
        pass


class CheckpointStory(StationStory):
    """A unit in service that is asked for checkpoints in each life. `count`: how many; `used`: indices before."""

    def __init__(self, port: str, params: int = TINY_TWO, count: int = 2, used: int = 0) -> None:
        self.params, self.count, self.used = params, count, used
        self.taken: set[int] = set()
        self.secrets: list[bytes] = []  # of the indices, one by one
        self.complete: tuple[bytes, bytes] | None = None  # the newest that was told
        self.last_seen: int | None = None  # by the host
        super().__init__(port, uses=1)

    def copy(self) -> "CheckpointStory":
        other: CheckpointStory = super().copy()
        other.taken = set(self.taken)
        return other

    def open(self) -> Station:
        station = super().open()
        station.signer = Signer(self.keep(), settings.SIGNER_FIRST, TABLE)
        return station

    def begin(self, number: int, left_bytes: int) -> None:
        super().begin(number, left_bytes)
        station = self.open()
        self.boots = station.journal.boot
        station.signer.generate(self.params, ENTROPY)
        sector = signer.BOTTOM_SECRETS if self.params == TINY_TWO else signer.SECRETS
        secret = KeyLog(self.keep(), settings.SIGNER_FIRST + sector, signer.SECRET_BYTES).secret
        assert secret is not None
        while len(self.secrets) < 32:
            self.secrets.append(secret)
            secret = trees.next_secret(secret)
        finish(station.signer)
        for _ in range(self.used):
            self.last_seen = station.signer.take(None)
            self.taken.add(self.last_seen)
            finish(station.signer)

    def work(self, station: Station) -> None:
        self.failed = False
        super().work(station)
        notary = Notary(station.signer, station, SERIAL)
        for i in range(self.count):
            for _ in range(TRIES):
                try:
                    finish(station.signer)
                except OSError:
                    self.failed = True
            self._check_spent(station.signer.index)
            self.ask(station, notary, bytes([i]) * 16)

    def _check_spent(self, index: int) -> None:
        """Who takes the unit apart now can sign with no index that was taken; after a failure from the next boot on."""
        if self.failed:
            return
        cells = self.chip.read(0, settings.SECTORS * self.chip.sector_size)
        for spent, secret in enumerate(self.secrets[:index]):
            assert not readable(cells, secret), f"the secret of index {spent} can be read"

    def ask(self, station: Station, notary: Notary, nonce: bytes) -> None:
        """A host asks for a checkpoint, and pulls it."""
        reason, index, _ = notary.checkpoint(wire.ADMIN, self.last_seen, nonce)
        if reason == wire.FLASH_FAILED:
            self.failed = True  # the index may be gone; nothing is signed with it
            return
        if reason == wire.EXHAUSTED:
            assert len(self.taken) >= 3, "exhausted too early"
            return
        assert reason == wire.OK, f"refused with {reason}"
        assert index not in self.taken, f"index {index} signs twice"
        self.taken.add(index)
        following, chain = station.journal.sequence, station.journal.head
        self.complete = None  # there is place for one only
        try:
            while station.signer.is_signing:
                station.signer.work(SLICE)
        except OSError:
            self.failed = True
            return
        reason, both = notary.signed()
        assert reason == wire.OK
        message, signature = both[: checkpoint.MESSAGE_BYTES], both[checkpoint.MESSAGE_BYTES :]
        said = checkpoint.unpack(message)
        assert (said.index, said.following, said.chain, said.nonce) == (index, following, chain, nonce)
        self.complete, self.last_seen = (message, signature), index

    def check(self) -> Verified:
        held = super().check()
        key = Signer(self.chip.cells(0, settings.SECTORS), settings.SIGNER_FIRST, TABLE)
        signed = key.signed()
        assert signed is None or lms.verify(key.public or b"", *signed), "what is given as signed does not verify"
        assert self.complete in (None, signed), "a signature that was complete is gone"
        assert not self.taken or key.index > max(self.taken), "an index that was used is to be used again"
        told = [record.fields().index for record in held.records if record.kind == records.CHECKPOINT]
        assert told == sorted(set(told)), "the journal tells of an index twice"
        if signed is not None:
            self._check_anchor(held, checkpoint.unpack(signed[0]))
        return held

    def _check_anchor(self, held: Verified, said: Any) -> None:
        """What was signed is the journal's end behind the record that says so."""
        at = said.following - 1 - held.first
        if at >= 0:
            record = held.records[at]
            assert record.kind == records.CHECKPOINT and record.fields().index == said.index
            assert held.chains[at] == said.chain, "the chain that was signed is not the journal's"
