"""What is written in the lives that `sweep.py` cuts short, and what must be true after every cut: the journal."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from interlock.core import layout, records
from interlock.core.journal import Journal

from .audit import SERIAL, Acknowledged, check_loss_told, in_quiet
from .chip import Chip

SECTORS = 4
UNKNOWN_TYPE = 200  # of a newer firmware: kept like any other


def fill(ring: Any, number: int, left_bytes: int, append: Callable[[], object]) -> None:
    """Append empty records until the newest sector on `ring` has this number and so few bytes left; -1: none at all."""
    record_bytes = layout.padded(layout.OVERHEAD_BYTES)
    newest, free = _newest(ring)
    while newest < number or (newest == number and ring.sector_bytes - free > left_bytes):
        append()
        free += record_bytes
        if free > ring.sector_bytes - record_bytes or newest < 0:
            newest, free = _newest(ring)


def _newest(ring: Any) -> tuple[int, int]:
    """Number of the newest sector, and how much of it is used."""
    sectors = [layout.read_sector(ring, index) for index in range(ring.size // ring.sector_bytes)]
    return max([(sector.head.number, sector.free) for sector in sectors if sector.head is not None], default=(-1, 0))


class JournalStory:
    """A bare journal with carried facts, on `sectors` of a chip of this port.

    `begin`: (number of the newest sector, bytes left in it) before the first life; `count`: records of each life;
    `tidy_every`: quiet work after so many records, 0 for never; `rests`: whether a life begins with quiet; `payloads`:
    their sizes, in turn; `stuck`: where in the ring there is a cell that does not become blank any more, once it began.
    """

    first_sector = 0
    outlives_death = True

    def __init__(
        self,
        port: str,
        begin: tuple[int, int],
        count: int,
        tidy_every: int = 0,
        payloads: tuple[int, ...] = (4, 0, 13, 64),
        *,
        rests: bool = False,
        stuck: int | None = None,
        sector_bytes: int | None = None,
    ) -> None:
        self.chip = Chip(port, self.first_sector + SECTORS, sector_bytes)
        self.count, self.tidy_every, self.payloads = count, tidy_every, payloads
        self.rests = rests
        self.known = Acknowledged()
        self.facts = {records.RESERVE: 0, records.PEERS: 0}
        self.recovering = True
        self._fill(*begin)
        self.check()
        if stuck is not None:
            self.chip.stuck = frozenset({self.first_sector * self.chip.sector_size + stuck})
            self.known.worn = 1

    def copy(self) -> Any:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, chip=self.chip.copy(), known=self.known.copy(), facts=dict(self.facts))
        return other

    def ring(self) -> Any:
        return self.chip.area(self.first_sector, SECTORS)

    def open(self) -> Journal:
        return Journal(self.ring(), SERIAL, self.carry)

    def carry(self) -> list[tuple[int, bytes]]:
        return [
            (records.RESERVE, records.pack(records.RESERVE, self.facts[records.RESERVE])),
            (records.PEERS, records.pack_peers({9: self.facts[records.PEERS], 12: 1})[0]),
            (records.CONFIG, records.pack(records.CONFIG, 1, b"CONFIG  ")),
        ]

    def _fill(self, number: int, left_bytes: int) -> None:
        log, ring = self.open(), self.ring()
        fill(ring, number, left_bytes, lambda: self.known.append(log, UNKNOWN_TYPE, b"", 0))

    def live(self, life: int) -> None:
        self.recovering = True
        log = self.open()
        self._check_facts(log)
        for kind, payload in self.carry():
            self.known.append(log, kind, payload, 0)
        if self.rests:
            self.rest(log)
        self.recovering = False
        for i in range(self.count):
            self.step(log, i)
        if self.tidy_every:
            self.rest(log)

    def rest(self, log: Journal) -> None:
        with suppress(OSError):
            in_quiet(log, self.count)
            check_loss_told(log, self.chip.cells(self.first_sector, SECTORS))

    def step(self, log: Journal, i: int) -> None:
        if i % 5 == 0:
            self._raise_fact(log, records.RESERVE if i % 2 else records.PEERS)
        size = self.payloads[i % len(self.payloads)]
        self.known.append(log, records.EVENT if size == 13 else UNKNOWN_TYPE, bytes([i & 0xFF]) * size, i)
        if self.tidy_every and i % self.tidy_every == 0:
            with suppress(OSError):
                log.tidy(i)

    def _raise_fact(self, log: Journal, kind: int) -> None:
        wanted = self.facts[kind] + 1
        if kind == records.RESERVE:
            payload = records.pack(records.RESERVE, wanted)
        else:
            payload = records.pack_peers({9: wanted})[0]
        if self.known.append(log, kind, payload, 1):
            self.facts[kind] = wanted

    def _check_facts(self, log: Journal) -> None:
        """What was reported before the cut is found by recovery; what was under way may be."""
        ceiling = max([r.fields().ceiling for r in log.recent if r.kind == records.RESERVE], default=0)
        marks = [dict(r.fields()).get(9, 0) for r in log.recent if r.kind == records.PEERS]
        for kind, found in ((records.RESERVE, ceiling), (records.PEERS, max(marks, default=0))):
            assert self.facts[kind] <= found <= self.facts[kind] + 1, f"fact {kind}: {found}, not {self.facts[kind]}"
            self.facts[kind] = found

    def check(self) -> None:
        self.known.check(self.chip.cells(self.first_sector, SECTORS))
