"""The store: all journals that were pulled, verbatim, in a file (SQLite) or on a force's server (PostgreSQL).
Append-only, and idempotent by unit and sequence.

What `add` reported as stored survives a kill at any instant and a power cut. Several processes may write at once, of
one unit, too. Records are checked for form before and decoded only after they are stored; what they amount to is worked
out anew at each look (`lines.py`). Tables: `schema.py`; how they are opened: `database.py`; from one
store to another: `forward.py`.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, func, select

from interlock.core.layout import UNKNOWN

from .. import journal_file
from ..journal_items import Header
from ..outcome import Exit, ToolError
from ..verifying.outcomes import Altered
from . import conflicts as store_conflicts
from . import kept as store_kept
from . import lines as store_lines
from . import said as store_said
from . import taking as store_taking
from .database import Database, Place, origin_of
from .lines import Row, Stored, StoredJournal
from .numbers import insert_new
from .opening import open_database
from .rows import (
    Added,
    AnnotationRow,
    CheckpointRow,
    Conflict,
    CustodyRow,
    Forwarded,
    GoingOn,
    Imported,
    RosterRow,
    UnitRow,
)
from .schema import additions, checkpoints, heads, records, units

if TYPE_CHECKING:
    from .forward import Note, Report
    from .runs import Runs

__all__ = ["AnnotationRow", "CheckpointRow", "CustodyRow", "Forwarded", "RosterRow", "Store", "UnitRow"]

_TRIES = 5  # of a transaction that the database rolled back for others' sake
_PAUSE_S = 0.05

T = TypeVar("T")


class Store:
    """Every method raises ToolError with advice when the database fails; then nothing of the call was stored. `place`:
    as it was opened; `shown`: the same without a password; `origin`: its own name, 32 hexadecimal digits."""

    def __init__(self, place: Place, database: Database) -> None:
        self.place = place
        self.database = database
        self.origin = self._read(origin_of)

    @classmethod
    def open(cls, place: Place, read_only: bool = False, migrate: bool = False) -> "Store":
        """The store at `place`, a path or a URL; made, a file for its owner only, when there is none and it may be
        written. `migrate`: bring it to this program's schema, on a server, too."""
        return cls(place, open_database(place, read_only, migrate))

    @property
    def shown(self) -> str:
        return self.database.shown

    def close(self) -> None:
        self.database.engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One transaction, all of one moment."""
        try:
            with self.database.reading() as connection, connection.begin():
                yield connection
        except self.database.failures as error:
            raise self.database.told(error) from error

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._reading() as connection:
            return work(connection)

    def write(self, serials: Iterable[str], work: Callable[[Connection], T]) -> T:
        """`work` in one transaction that is the only one to write of these units: what it reads stays true until it
        ends. It may be done more than once, and then counts once."""
        names = list(serials)
        for tried in range(1, _TRIES + 1):
            try:
                with self.database.writing() as connection, connection.begin():
                    self.database.lock(connection, names)
                    return work(connection)
            except self.database.failures as error:
                if tried == _TRIES or not self.database.is_passing(error):
                    raise self.database.told(error) from error
            time.sleep(random.uniform(0, _PAUSE_S * 2**tried))
        raise AssertionError("the last try returns or raises")

    # Units.

    def learn_unit(self, serial: str, unit: int, role: int, name: str) -> None:
        """Note what a unit is. What it was before stays in the file."""
        row = UnitRow(serial, unit, role, name)
        if self._read(lambda connection: store_taking.unit_of(connection, serial)) != row:
            self.write([serial], lambda connection: store_taking.learn(connection, self.origin, row))

    def units(self) -> list[UnitRow]:
        """Every unit that was ever learned of or whose records are here, by serial."""
        with self._reading() as connection:
            unit = store_taking.unit_of
            known = sorted(serial for serial in _serials(connection) if isinstance(serial, str))
            return [unit(connection, serial) or UnitRow(serial, 0, 0, "") for serial in known]

    def nameless(self) -> int:
        """How many units go by a serial that is not even text: somebody changed the file. `units` leaves them out."""
        return self._read(lambda connection: sum(not isinstance(serial, str) for serial in _serials(connection)))

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
        rows = store_taking.record_rows(serial, first, chain, epoch, raws)
        if not rows:
            return Added(0, 0, 0)
        return self.write([serial], lambda connection: store_taking.add(connection, self.origin, rows, by, utc_ms))

    def take_journal(self, parts: "Runs", file: str, *, by: str, utc_ms: int) -> Imported:
        """Store what a journal file holds, all or nothing, and note in the unit's chain of custody that it came from
        the file of this name. `by`, `utc_ms`: as for `add`."""
        return self.write(
            [parts.serial],
            lambda connection: store_taking.take_journal(connection, self.origin, parts, file, by, utc_ms),
        )

    def note_head(self, serial: str, following: int, chain: bytes, *, utc_ms: int) -> None:
        """The unit's journal ended here, and all up to it was pulled: it can never be shorter again."""
        row = {"following": following, "chain": chain, "utc_ms": utc_ms}
        self.write([serial], lambda connection: insert_new(connection, heads, serial, self.origin, [row]))

    def add_checkpoint(
        self, serial: str, index: int, message: bytes, signature: bytes, public: bytes, *, by: str, utc_ms: int
    ) -> bool:
        """Keep what a unit signed, sound or not; whether no other message of this key and index is here."""
        row = CheckpointRow(serial, index, message, signature, public, utc_ms, by)
        return self.write([serial], lambda connection: store_taking.add_checkpoint(connection, self.origin, row))

    # Records out.

    def journal(self, serial: str) -> StoredJournal:
        """All that is held of this unit, verified anew from the raw bytes."""
        return store_lines.assemble(*self.stored(serial))

    def header(self, serial: str) -> Header:
        """Whose journal it is; where it begins is not looked at."""
        with self._reading() as connection:
            first = records.c.serial == serial, records.c.sequence == 0
            begins = [
                Row(0, chain, UNKNOWN, 0, b"", 0) for chain in connection.scalars(select(records.c.chain).where(*first))
            ]
            unit = store_taking.unit_of(connection, serial) or UnitRow(serial, 0, 0, "")
        return Header(unit.role, unit.unit, store_lines.serial_bytes(serial, begins), 0, UNKNOWN)

    def stored(self, serial: str) -> Stored:
        """All that is held of this unit, as it is kept."""
        found = self._read(lambda connection: store_kept.stored(connection, serial))
        if found is None:
            raise ToolError(f"the store knows no unit {serial}", "interlock verify lists those that it knows.")
        return found

    def checkpoints(self, serial: str) -> list[CheckpointRow]:
        """All that this unit signed and somebody fetched, each once, in the order in which it came."""
        return self.signed(serial)[0]

    def signed(self, serial: str) -> tuple[list[CheckpointRow], tuple[Altered, ...]]:
        """The same, and what is to be said of rows that can be no checkpoint."""
        return self._read(lambda connection: store_kept.signed(connection, serial))

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

    def size(self) -> int:
        """How many records are here, of all units."""
        return self._read(lambda connection: connection.execute(select(func.count()).select_from(records)).scalar_one())

    def last_pulled(self, until_ms: int | None = None) -> dict[str, int]:
        """Of each unit that was ever pulled to its end: when that was last, UTC in ms by that host's clock. `until_ms`:
        what is dated later does not count."""
        asked = select(heads.c.serial, func.max(heads.c.utc_ms)).group_by(heads.c.serial)
        if until_ms is not None:
            asked = asked.where(heads.c.utc_ms <= until_ms)
        with self._reading() as connection:
            return {row.serial: row[1] for row in connection.execute(asked)}

    def raws(self, serial: str, sequence: int) -> tuple[bytes, ...]:
        """The bytes of all records that are here under this number, each once, as they came."""
        asked = select(records.c.raw).where(records.c.serial == serial, records.c.sequence == sequence)
        with self._reading() as connection:
            return tuple(dict.fromkeys(map(bytes, connection.scalars(asked.order_by(records.c.addition)))))

    def conflicts(self, serial: str | None = None) -> list[Conflict]:
        """Numbers under which more than one record is here, by unit and number."""
        return self._read(lambda connection: store_conflicts.conflicts(connection, serial))

    def export_ilj(self, serial: str) -> bytes:
        """The whole journal as a journal file: its main line, with a break where records are missing, and all that the
        unit signed. What was altered is exported as it is: the file's check says where. ToolError when the store holds
        what no journal can hold."""
        stored = self.stored(serial)
        if stored.unfit:
            raise ToolError(
                f"what the store holds of {serial} cannot be exported whole: {stored.unfit[0].text}",
                "Keep the store as it is: that is a finding. interlock verify and interlock report tell of the rest.",
                Exit.FINDINGS,
            )
        journal = store_lines.assemble(*stored)
        if not journal.segments:
            raise ToolError(f"nothing was pulled of {serial} yet", "Pull it first: interlock pull.", Exit.USAGE)
        first, *later = journal.segments
        runs = [journal_file.Run(s.first, s.chain, s.epoch, s.raws) for s in later]
        signed = [journal_file.Signed(row.message, row.signature, row.public) for row in self.checkpoints(serial)]
        return journal_file.join(journal.header, first.raws, runs, signed)

    # What people noted: `said.py`.

    def custody(self, serial: str, who: str, what: str, detail: str, utc_ms: int) -> None:
        """Note who did what with this unit or its journal."""
        row = CustodyRow(serial, who, what, detail, utc_ms)
        self.write([serial], lambda connection: store_said.note_custody(connection, self.origin, row))

    def custody_of(self, serial: str) -> list[CustodyRow]:
        """All that was noted, oldest first, as far as the hosts' clocks tell."""
        return self._read(lambda connection: store_said.custody_of(connection, serial))

    def withdraw_roster(self, rows: Iterable[RosterRow], *, by: str, utc_ms: int) -> int:
        """Let these stand no more; how many did."""
        return self._say_roster(list(rows), False, by, utc_ms)

    def replace_roster(
        self, gone: Iterable[RosterRow], rows: Iterable[RosterRow], *, by: str, utc_ms: int
    ) -> tuple[int, int]:
        """Let `gone` stand no more and `rows` stand, both or neither; how many did, and how many did not."""
        old, new = list(gone), list(rows)

        def say(connection: Connection) -> tuple[int, int]:
            withdrawn = store_said.say_roster(connection, self.origin, old, False, by, utc_ms)
            return withdrawn, store_said.say_roster(connection, self.origin, new, True, by, utc_ms)

        return self.write({row.serial for row in (*old, *new)}, say)

    def _say_roster(self, rows: list[RosterRow], stands: bool, by: str, utc_ms: int) -> int:
        def say(connection: Connection) -> int:
            return store_said.say_roster(connection, self.origin, rows, stands, by, utc_ms)

        return self.write({row.serial for row in rows}, say)

    def roster(self, from_s: int | None = None, to_s: int | None = None) -> list[RosterRow]:
        """The rows that stand and have time in common with `from_s` .. `to_s` (seconds since 1970, UTC; None: open),
        by `from_s` and serial."""
        rows = self._read(store_said.roster_rows)
        known = [row for row in rows if (from_s is None or row.to_s > from_s) and (to_s is None or row.from_s < to_s)]
        return sorted(known, key=lambda row: (row.from_s, row))

    def annotate(self, serial: str, sequence: int, code: str, text: str, *, by: str, utc_ms: int) -> None:
        """Note what a person says of a record: a code of CODES and words; WITHDRAWN: what was said before does not
        hold. Evidence stays what it is."""
        self.say(serial, [AnnotationRow(serial, sequence, code, text, by, utc_ms)])

    def say(self, serial: str, rows: Sequence[AnnotationRow]) -> None:
        """The same with all that a statement may carry: of one unit, all or nothing."""
        self.write([serial], lambda connection: store_said.annotate(connection, self.origin, rows))

    def annotations(self, serial: str | None = None) -> list[AnnotationRow]:
        """All that was ever said, by unit and as it was said; `statements/weigh.py` tells what of it holds."""
        return self._read(lambda connection: store_said.annotation_rows(connection, serial))

    # To another store.

    def forward(
        self, to: "Store", report: "Report | None" = None, *, thorough: bool = False, note: "Note | None" = None
    ) -> Forwarded:
        """Bring all that is here and not in `to` there. Broken off anywhere and done again, nothing is lost or doubled;
        others may write in both meanwhile. A row that no store can hold is left out and told, and hinders no other.

        `report`: how many units of how many are done; `thorough`: compare every row, not only each unit's last ones;
        `note`: what is noted in the chain of custody there, together with the first of a unit's rows that arrives.
        Raises `forward.BrokenOff`, a ToolError that says what arrived before."""
        from .forward import forward

        return forward(self, to, report or (lambda *_: None), thorough, note)


def _serials(connection: Connection) -> set[object]:
    """Of units that were learned of, and of those whose records came."""
    return {
        *connection.scalars(select(units.c.serial).distinct()),
        *connection.scalars(select(additions.c.serial).distinct()),
    }
