"""The store: all journals that were pulled, verbatim, in SQLite. Append-only, and idempotent by unit and sequence.

What `add` reported as stored survives a kill at any instant and a power cut (write-ahead log, synced at each commit).
Several processes may write at once: each waits its turn. Records are checked for form before and decoded only after
they are stored; what they amount to is worked out anew at each look (`store_lines.py`). Tables: `store_schema.py`.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import DBAPIError

from interlock.core.layout import UNKNOWN, chain_next, decode

from . import journal_file, store_lines
from .outcome import Exit, ToolError
from .store_lines import Arrival, Head, Row, StoredJournal
from .store_schema import WRITES, additions, checkpoints, custody, heads, open_engine, records, told, units
from .stream import epoch_behind

_DIGEST_BYTES = 16


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
    """Who did what with a unit or its journal; `utc_ms`: by that host's clock."""

    serial: str
    who: str
    what: str
    detail: str
    utc_ms: int


class Store:
    """Every method raises ToolError with advice when the file fails; then nothing of the call was stored."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine

    @classmethod
    def open(cls, path: Path, read_only: bool = False) -> "Store":
        """The store at `path`; made, for its owner only, when there is none and it may be written."""
        return cls(path, open_engine(path, read_only))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            raise told(self.path, error) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its beginning: what it reads stays true until it ends."""
        try:
            with self._engine.connect().execution_options(**WRITES) as connection, connection.begin():
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            raise told(self.path, error) from error

    # Units.

    def learn_unit(self, serial: str, unit: int, role: int, name: str) -> None:
        """Note what a unit is. What it was before stays in the file."""
        row = UnitRow(serial, unit, role, name)
        with self._writing() as connection:
            if _unit(connection, serial) != row:
                connection.execute(insert(units).values(row._asdict()))

    def units(self) -> list[UnitRow]:
        """Every unit that was ever learned of or whose records are here, by serial."""
        with self._reading() as connection:
            known = set(connection.scalars(select(units.c.serial).distinct()))
            known |= set(connection.scalars(select(additions.c.serial).distinct()))
            return [_unit(connection, serial) or UnitRow(serial, 0, 0, "") for serial in sorted(known)]

    # Records in.

    def going_on(self, serial: str) -> GoingOn:
        """Behind the newest record that came, on its line."""
        with self._reading() as connection:
            newest = select(func.max(records.c.addition)).where(records.c.serial == serial).scalar_subquery()
            row = connection.execute(
                select(records.c.sequence, records.c.after)
                .where(records.c.serial == serial, records.c.addition == newest)
                .order_by(records.c.sequence.desc())
                .limit(1)
            ).first()
            if row is None:
                return GoingOn(0, None)
            while row is not None:  # more than once only when something older was filled in last
                sequence, after = row
                row = connection.execute(
                    select(records.c.sequence, records.c.after)
                    .where(records.c.serial == serial, records.c.sequence == sequence + 1, records.c.chain == after)
                    .order_by(records.c.addition)
                    .limit(1)
                ).first()
            return GoingOn(sequence + 1, after)

    def add(
        self, serial: str, first: int, chain: bytes, raws: Sequence[bytes], *, epoch: int, by: str, utc_ms: int
    ) -> Added:
        """Store `raws`, the records from sequence `first` on, all or nothing; `chain`: the chain value before them,
        UNKNOWN behind a hole in the unit's flash; `epoch`: of the first one's seal.

        `by`, `utc_ms`: who brought them, and when by this host's clock. ToolError when one is no record or out of
        sequence. A record that does not continue the chain is stored: it is evidence, and `journal` says so."""
        rows = _rows(serial, first, chain, epoch, raws)
        if not rows:
            return Added(0, 0, 0)
        with self._writing() as connection:
            held = connection.execute(
                select(records.c.sequence, records.c.digest, records.c.raw).where(
                    records.c.serial == serial, records.c.sequence.between(first, first + len(rows) - 1)
                )
            ).all()
            known = {(sequence, digest) for sequence, digest, _ in held}
            if chain == UNKNOWN:  # what came before the hole was there is the same record
                digests = {(row["sequence"], row["raw"]): row["digest"] for row in rows}
                known |= {(n, digests[n, raw]) for n, _, raw in held if (n, raw) in digests}
            taken = {sequence for sequence, _ in known}
            new = [row for row in rows if (row["sequence"], row["digest"]) not in known]
            if new:
                addition = connection.execute(
                    insert(additions).values(serial=serial, first=first, count=len(rows), by=by, utc_ms=utc_ms)
                ).inserted_primary_key
                assert addition is not None
                connection.execute(insert(records), [row | {"addition": addition[0]} for row in new])
            return Added(len(new), len(rows) - len(new), sum(row["sequence"] in taken for row in new))

    def note_head(self, serial: str, following: int, chain: bytes, *, utc_ms: int) -> None:
        """The unit's journal ended here, and all up to it was pulled: it can never be shorter again."""
        with self._writing() as connection:
            connection.execute(insert(heads).values(serial=serial, following=following, chain=chain, utc_ms=utc_ms))

    def add_checkpoint(
        self, serial: str, index: int, message: bytes, signature: bytes, public: bytes, *, by: str, utc_ms: int
    ) -> bool:
        """Keep what a unit signed, sound or not; whether no other message of this key and index is here."""
        row = CheckpointRow(serial, index, message, signature, public, utc_ms, by)
        with self._writing() as connection:
            same = (checkpoints.c.serial == serial, checkpoints.c.public == public, checkpoints.c.index == index)
            held = connection.execute(select(checkpoints.c.message, checkpoints.c.signature).where(*same)).all()
            if (message, signature) not in [tuple(pair) for pair in held]:
                connection.execute(insert(checkpoints).values(vars(row)))
            return all(other == message for other, _ in held)

    # Records out.

    def journal(self, serial: str) -> StoredJournal:
        """All that is held of this unit, verified anew from the raw bytes."""
        with self._reading() as connection:
            found = connection.execute(
                select(*(records.c[name] for name in Row._fields))
                .where(records.c.serial == serial)
                .order_by(records.c.sequence, records.c.addition)
            ).all()
            stated = connection.execute(
                select(heads.c.following, heads.c.chain, heads.c.utc_ms)
                .where(heads.c.serial == serial)
                .order_by(heads.c.id)
            ).all()
            came = connection.execute(
                select(
                    additions.c.first, additions.c.first + additions.c["count"] - 1, additions.c.by, additions.c.utc_ms
                )
                .where(additions.c.serial == serial)
                .order_by(additions.c.id)
            ).all()
            unit = _unit(connection, serial) or UnitRow(serial, 0, 0, "")
        if not found and not stated and unit.unit == 0:
            raise ToolError(f"the store knows no unit {serial}", "interlock verify lists those that it knows.")
        return store_lines.assemble(
            serial, unit[1:], [Row(*row) for row in found], [Head(*h) for h in stated], [Arrival(*a) for a in came]
        )

    def checkpoints(self, serial: str) -> list[CheckpointRow]:
        """All that this unit signed and somebody fetched, in the order in which it came."""
        with self._reading() as connection:
            found = connection.execute(
                select(*(checkpoints.c[name] for name in CheckpointRow.__dataclass_fields__))
                .where(checkpoints.c.serial == serial)
                .order_by(checkpoints.c.id)
            ).all()
            return [CheckpointRow(*row) for row in found]

    def last_index(self, serial: str, public: bytes) -> int | None:
        """The highest index that was seen of this key; None: nothing."""
        with self._reading() as connection:
            return connection.execute(
                select(func.max(checkpoints.c.index)).where(
                    checkpoints.c.serial == serial, checkpoints.c.public == public
                )
            ).scalar()

    def ends_at(self, serial: str, following: int) -> frozenset[bytes]:
        """The chain values that are known in front of this sequence number: more than one where the unit told more
        than one story."""
        with self._reading() as connection:
            before = select(records.c.after).where(records.c.serial == serial, records.c.sequence == following - 1)
            behind = select(records.c.chain).where(records.c.serial == serial, records.c.sequence == following)
            return frozenset(connection.scalars(before.union(behind))) - {UNKNOWN}

    def export_ilj(self, serial: str) -> bytes:
        """The whole journal as a journal file: its main line, with a break where records are missing, and all that the
        unit signed. What was altered is exported as it is: the file's check says where."""
        journal = self.journal(serial)
        if not journal.segments:
            raise ToolError(f"nothing was pulled of {serial} yet", "Pull it first: interlock pull.", Exit.USAGE)
        first, *later = journal.segments
        runs = [journal_file.Run(s.first, s.chain, s.epoch, s.raws) for s in later]
        signed = [journal_file.Signed(row.message, row.signature, row.public) for row in self.checkpoints(serial)]
        return journal_file.join(journal.header, first.raws, runs, signed)

    # Custody.

    def custody(self, serial: str, who: str, what: str, detail: str, utc_ms: int) -> None:
        """Note who did what with this unit or its journal."""
        with self._writing() as connection:
            connection.execute(insert(custody).values(CustodyRow(serial, who, what, detail, utc_ms)._asdict()))

    def custody_of(self, serial: str) -> list[CustodyRow]:
        """All that was noted, oldest first."""
        with self._reading() as connection:
            found = connection.execute(
                select(custody.c.serial, custody.c.who, custody.c.what, custody.c.detail, custody.c.utc_ms)
                .where(custody.c.serial == serial)
                .order_by(custody.c.id)
            ).all()
            return [CustodyRow(*row) for row in found]


def _unit(connection: Connection, serial: str) -> UnitRow | None:
    row = connection.execute(
        select(units.c.serial, units.c.unit, units.c.role, units.c.name)
        .where(units.c.serial == serial)
        .order_by(units.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else UnitRow(*row)


def _rows(serial: str, first: int, chain: bytes, epoch: int, raws: Sequence[bytes]) -> list[dict[str, object]]:
    """The rows to insert, but for their addition."""
    rows: list[dict[str, object]] = []
    for number, raw in enumerate(raws, first):
        record = decode(raw, 0)
        if record is None or len(record.raw) != len(raw) or record.sequence != number:
            raise ToolError(
                f"what was handed to the store as record {number} of {serial} is none",
                "Nothing of this part was stored. Pull again, and report this if it stays.",
            )
        after = chain if chain == UNKNOWN else chain_next(chain, record.chained)
        digest = hashlib.sha256(chain + raw).digest()[:_DIGEST_BYTES]
        row = {"serial": serial, "sequence": number, "digest": digest, "chain": chain, "after": after}
        rows.append(row | {"epoch": epoch, "raw": bytes(raw)})
        chain, epoch = after, epoch_behind(record, epoch)
    return rows
