"""What goes into the store and comes out of it, as values. No database here."""

from dataclasses import dataclass
from typing import NamedTuple

from ..roster.rules import RosterRow

__all__ = [
    "CODES",
    "CONFIRMED",
    "WITHDRAWN",
    "Added",
    "AnnotationRow",
    "CheckpointRow",
    "Conflict",
    "CustodyRow",
    "Forwarded",
    "GoingOn",
    "Imported",
    "RosterRow",
    "Skipped",
    "UnitRow",
    "Version",
]

# What a person may say of an event. Which of them exempt, is for the force's rules and not for this program.
CODES = {
    "immediate_danger": "the officer's safety was in immediate danger",
    "sensor_fault": "the sensor told of something that did not happen",
    "test": "a test or check that was not announced by the button",
    "training": "training",
    "other": "something else; the text says what",
}
WITHDRAWN = "withdrawn"  # what was said of the event before does not hold any more
CONFIRMED = "confirmed"  # a second person stands by what was said


class UnitRow(NamedTuple):
    """A unit as it is known now. `unit`: its number, 0 when it was never said; `role`: likewise."""

    serial: str
    unit: int
    role: int
    name: str


class GoingOn(NamedTuple):
    """Where a pull continues: the next sequence, and the chain value there (None: nothing was pulled yet)."""

    next_sequence: int
    chain: bytes | None


class Added(NamedTuple):
    """`new` records are stored now, `known` were before; `conflicts` of the new ones stand under a sequence for which
    the store holds another record, too: both are kept."""

    new: int
    known: int
    conflicts: int


@dataclass(frozen=True)
class CheckpointRow:
    """What a unit signed (`core/checkpoint.py`). `public`: the key (60 bytes) that it signed with; `by`, `utc_ms`: who
    fetched it, and when by that host's clock."""

    serial: str
    index: int
    message: bytes
    signature: bytes
    public: bytes
    utc_ms: int
    by: str


class CustodyRow(NamedTuple):
    """Who did what with a unit or its journal; `utc_ms`: by that host's clock; `origin`: of the store in which it was
    noted first."""

    serial: str
    who: str
    what: str
    detail: str
    utc_ms: int
    origin: str = ""


class AnnotationRow(NamedTuple):
    """What a person said of a record. `code`: of CODES, WITHDRAWN or CONFIRMED; `utc_ms`: by that host's clock;
    `record`: SHA-256 of the record's bytes as that host had them; `about`: digest (`statements/statement.py`) of the
    statement that this one withdraws or confirms, None: all before, or none; `key`, `signature`: the person's Ed25519
    public key (32 bytes) and signature (64 bytes) over all of these. None: not known, or not signed. What of it is to
    be believed: `statements/weigh.py`."""

    serial: str
    sequence: int
    code: str
    text: str
    by: str
    utc_ms: int
    record: bytes | None = None
    about: bytes | None = None
    key: bytes | None = None
    signature: bytes | None = None


class Version(NamedTuple):
    """One of several records under one number. `chain`: the chain value before it as stated (32 bytes); `by`,
    `utc_ms`, `origin`: who brought it first, when by that host's clock, and into which store."""

    raw: bytes
    chain: bytes
    by: str
    utc_ms: int
    origin: str


class Conflict(NamedTuple):
    """More than one record of a unit under one number, in the order in which they came here."""

    serial: str
    sequence: int
    versions: tuple[Version, ...]


class Imported(NamedTuple):
    """Of one journal file: records that were not here and that were, and signatures that were not."""

    new: int
    known: int
    checkpoints: int


class Skipped(NamedTuple):
    """Rows that no store can hold, and that stay where they are. `why`: as `sound.fault` says it."""

    serial: str
    table: str
    rows: int
    why: str


@dataclass(frozen=True)
class Forwarded:
    """What arrived in the other store and was not there before; `serials`: of the units of which anything but custody
    arrived; `skipped`: what cannot arrive, as far as it was looked at."""

    records: int
    checkpoints: int
    custody: int
    heads: int
    roster: int
    annotations: int
    serials: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
