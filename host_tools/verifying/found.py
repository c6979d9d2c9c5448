"""What one pass over a journal file finds (`walk.py`), before it is judged."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from interlock.core import records

from ..journal_items import Header
from .gaps import UNREADABLE, Told
from .roles import ROLE_OF

COLLECTED_MAX = 1 << 16
"""Holes, checkpoints, flash faults: more of one kind than any unit makes in its life."""

Held = Literal["sealed", "open", "chained", "loose"]
"""What holds a record: the seal under a secret key; the seal under the key that everybody knows; the chain alone, its
key not being here; its CRC32 alone, behind a hole, where anybody can have changed it."""


class Fault(NamedTuple):
    """Where something first is not as it was written. `sequence`: of the record that is due there, None outside of
    records; `cut`: the rest of the file is missing, and what is there is sound."""

    offset: int
    sequence: int | None
    reason: str
    cut: bool = False


class Hole(NamedTuple):
    """Records `first` to `last` are not in the file. `stated`: it says so itself; `offset`: of what comes instead."""

    first: int
    last: int
    stated: bool
    offset: int


class Stretch(NamedTuple):
    """Records `first` to `last`, and what holds them."""

    first: int
    last: int
    held: Held


@dataclass(frozen=True, slots=True)
class Mark:
    """A *checkpoint* record: an index was taken to sign `chain`, the chain value before record `following`."""

    index: int
    following: int
    chain: bytes


class Witness(Protocol):
    """Who listens on the way (`witnesses.py`). `heads` gets the first 4 bytes of each chain value."""

    kinds: frozenset[int]
    heads: bytearray

    def begin(self, position: int) -> None:
        """From here on the chain value is known: next in `heads` is that before record `position`."""

    def hear(self, said: Iterable[tuple[int, int, bytes]]) -> None:
        """The records of `kinds` that come next: type, sequence, payload of each."""

    def gap(self) -> None:
        """Records are missing here."""


@dataclass
class Walked:
    """What was found. `size`: bytes of the file; `records`: how many are in it, up to `fault`; `following`: the number
    behind the last; `chain`: the value there, None where a hole leaves it unknown; `seal_fault`: the first record whose
    seal does not fit; `strange_era`: that era, where its key is none of the vault's; `losses`, `flash_faults`: what the
    unit says of missing records, as `gaps.explain` takes it; `marks`: where one-time indices were taken; `stated`:
    chain values by header and breaks; `shows`: bits of the roles that its records are of (`identity.py`)."""

    header: Header | None = None
    records: int = 0
    following: int = 0
    chain: bytes | None = None
    epoch: int = 0
    size: int = 0
    torn: int = 0
    fault: Fault | None = None
    seal_fault: Fault | None = None
    strange_era: int = 0
    holes: list[Hole] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    losses: Told = field(default_factory=Told)
    flash_faults: Told = field(default_factory=Told)
    marks: list[Mark] = field(default_factory=list)
    stated: dict[int, bytes] = field(default_factory=dict)
    shows: int = 0

    def hold(self, first: int, following: int, held: Held) -> None:
        """Note what holds the records that were taken."""
        if following == first:
            return
        self.records += following - first
        if self.stretches and self.stretches[-1].held == held and self.stretches[-1].last == first - 1:
            first = self.stretches.pop().first
        self.stretches.append(Stretch(first, following - 1, held))

    def take_role(self, kind: int) -> bool:
        """Whether a record of this kind shows a role that none before it did."""
        before, self.shows = self.shows, self.shows | ROLE_OF.get(kind, 0)
        return self.shows != before

    def chain_from(self, first: int) -> None:
        """The loose records from `first` on, the last ones that were taken, are in chain."""
        loose = self.stretches.pop()
        if loose.first < first:
            self.stretches.append(Stretch(loose.first, first - 1, "loose"))
        self.stretches.append(Stretch(first, loose.last, "chained"))

    def collect(self, kind: int, fields: Any, sequence: int, chain: bytes) -> bool:
        """Keep what a record says that stands before `chain`; False: there is too much of it."""
        if kind == records.TORN:
            self.torn += fields.writes
        elif max(len(self.losses), len(self.flash_faults), len(self.marks)) == COLLECTED_MAX:
            return False
        elif kind == records.LOSS:
            self.losses.note(fields.first_kept, sequence)
        elif kind == records.CHECKPOINT:
            self.marks.append(Mark(fields.index, sequence + 1, chain))
        elif fields.kind in UNREADABLE:
            self.flash_faults.note(fields.sequence, sequence)
        return True

    def held_by(self, sequence: int) -> Held | None:
        """What holds this record; None: it is not here."""
        at = bisect_right(self.stretches, sequence, key=lambda stretch: stretch.first) - 1
        return self.stretches[at].held if at >= 0 and sequence <= self.stretches[at].last else None

    def loose_from(self, first: int) -> int:
        """The number behind the loose records that begin with `first`; `first` where there are none."""
        at = bisect_left(self.stretches, first, key=lambda stretch: stretch.first)
        while at < len(self.stretches) and self.stretches[at].held == "loose" and self.stretches[at].first == first:
            first = self.stretches[at].last + 1
            at += 1
        return first

    def count(self, held: Held) -> int:
        return sum(s.last - s.first + 1 for s in self.stretches if s.held == held)
