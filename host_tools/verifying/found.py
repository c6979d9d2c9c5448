"""What one pass over a journal file finds (`walk.py`), before it is judged."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from ..journal_items import Header

Held = Literal["sealed", "open", "chained", "loose"]
"""What holds a record: the seal under a secret key; the seal under the key that everybody knows; the chain alone, its
key not being here; its CRC32 alone, behind a hole."""


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

    def note(self, kind: int, sequence: int, payload: bytes) -> None:
        """A record of one of `kinds`."""

    def gap(self) -> None:
        """Records are missing here."""


@dataclass
class Walked:
    """What was found. `size`: bytes of the file; `records`: how many are in it, up to `fault`; `following`: the number
    behind the last; `chain`: the value there, None where a hole leaves it unknown; `seal_fault`: the first record whose
    seal does not fit; `strange_era`: that era, where its key is none of the vault's; `kept`: what the newest *loss*
    record says; `flash_faults`: kind and number of each *flash fault*; `marks`: where one-time indices were taken;
    `stated`: chain values by header and breaks."""

    header: Header | None = None
    records: int = 0
    following: int = 0
    chain: bytes | None = None
    epoch: int = 0
    size: int = 0
    torn: int = 0
    kept: int = 0
    fault: Fault | None = None
    seal_fault: Fault | None = None
    strange_era: int = 0
    holes: list[Hole] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    flash_faults: list[tuple[int, int]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    stated: dict[int, bytes] = field(default_factory=dict)

    def is_held(self, first: int, last: int, held: Held) -> bool:
        """Whether one thing holds all of these records."""
        return any(s.first <= first and last <= s.last and s.held == held for s in self.stretches)

    def count(self, held: Held) -> int:
        return sum(s.last - s.first + 1 for s in self.stretches if s.held == held)
