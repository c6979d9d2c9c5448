"""Seal keys that evolve while the power fails: whoever knows the first key can check every record, and of past keys
nothing can be read in the flash once recovery is through."""

from typing import Any

from interlock.core import keylog
from interlock.core.journal import SEAL_FEW, SEAL_QUIET_MS, Journal
from interlock.core.keylog import KeyLog
from interlock.core.seal import ERA_SHIFT, KEY_BYTES, Seal, first_epoch

from .audit import SERIAL, Verified, era_key, key_of, readable
from .stories import SECTORS, JournalStory


class SealStory(JournalStory):
    """A journal under a key that the vault gave. `evolved`: keys that are past before the first life; `unsealed`:
    records under the present one then; `gives`: whether each life is given the key of a new era; `quiet`: whether
    there is quiet within a life."""

    first_sector = keylog.SECTORS

    def __init__(
        self,
        port: str,
        begin: tuple[int, int],
        count: int,
        *,
        evolved: int = 0,
        unsealed: int = 0,
        gives: bool = False,
        quiet: bool = False,
        sector_bytes: int | None = None,
    ) -> None:
        self.evolved, self.unsealed, self.gives, self.quiet = evolved, unsealed, gives, quiet
        self.epoch = 0  # the newest that was reported as in use
        super().__init__(port, begin, count, tidy_every=4 if quiet else 0, sector_bytes=sector_bytes)

    def keys(self) -> Any:
        return self.chip.area(0, keylog.SECTORS)

    def open(self) -> Journal:
        return Journal(self.ring(), SERIAL, self.carry, Seal(self.keys(), 0))

    def _fill(self, number: int, left_bytes: int) -> None:
        log = self.open()
        self._give(log, 0)
        for _ in range(self.evolved):
            log.change_key(0)
        super()._fill(number, left_bytes)
        log = self.open()
        log.change_key(0)
        for _ in range(self.unsealed):
            self.known.append(log, 200, b"", 0)
        self.epoch = log.seal.epoch

    def live(self, life: int) -> None:
        self.recovering = True
        log = self.open()
        self._check_facts(log)
        # As a unit boots (`Unit.write_boot`) and in its first turn (`Unit.reserve`).
        self._try(log.seal.destroy_past)
        for kind, payload in self.carry():
            self.known.append(log, kind, payload, 0)
        if log.is_seal_overdue():
            self._try(lambda: log.change_key(0))
        self._note_epoch(log)
        self._check_destroyed(log)
        self.recovering = False
        for i in range(self.count):
            self.step(log, i)
        self._check_destroyed(log)

    def step(self, log: Journal, i: int) -> None:
        if self.gives and i == 3:
            self._try(lambda: self._give(log, i))
        super().step(log, i)
        if log.is_seal_overdue():
            self._try(lambda: log.change_key(i))
        if self.quiet and i % (SEAL_FEW + 1) == SEAL_FEW:
            self._try(lambda: log.tidy(i + SEAL_QUIET_MS))
        self._note_epoch(log)

    def _give(self, log: Journal, now_ms: int) -> None:
        seal: Any = log.seal
        seal.give(era_key(first_epoch(seal.next_epoch()) >> ERA_SHIFT))
        log.change_key(now_ms)

    def _try(self, work: Any) -> None:
        """What fails while the power stays on is due again; until then something may be left."""
        try:
            work()
        except OSError:
            self.failed = True

    failed = False

    def _note_epoch(self, log: Journal) -> None:
        assert log.seal.epoch >= self.epoch, f"epoch {self.epoch:#x} was in use, and now it is {log.seal.epoch:#x}"
        self.epoch = log.seal.epoch
        assert log.seal.key == key_of(self.epoch), "the key in use is not that of its epoch"

    def _check_destroyed(self, log: Journal) -> None:
        if self.failed:
            self.failed = False
            return
        cells = self.chip.read(0, keylog.SECTORS * self.chip.sector_size)
        for past in past_epochs(log.seal.epoch, self.evolved):
            assert not readable(cells, key_of(past)), f"the key of epoch {past:#x} is past and can be read"

    def check(self) -> None:
        held: Verified = self.known.check(self.chip.cells(self.first_sector, SECTORS))
        keys = KeyLog(self.chip.cells(0, keylog.SECTORS), 0, KEY_BYTES)
        if self.epoch == 0:
            return
        assert keys.number is not None and keys.secret == key_of(keys.number), "no key, or none of the vault's"
        if keys.number != held.epoch:
            # The next key is there, and the journal has not said so: the present one must be, too.
            assert keys.number in (held.epoch + 1, first_epoch(held.epoch)), "a key that does not come next"
            assert keys.previous == (held.epoch, key_of(held.epoch)), "the key that records need is gone"


def past_epochs(present: int, evolved: int) -> list[int]:
    """Those that came before: the first one of each era, and the last ones as far as stories let keys evolve."""
    past = []
    for era in range(1, (present >> ERA_SHIFT) + 1):
        first = era << ERA_SHIFT
        past += [first, *range(first + max(1, evolved - 4), first + 8 + evolved)]
    return [epoch for epoch in past if epoch < present]
