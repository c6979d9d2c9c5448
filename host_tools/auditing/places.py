"""Where journals are found: in files, in the store, and in what was exported of one (`exporting/in_dossier.py`). Each
can be read again from its beginning, in any process."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .. import journal_file
from ..journal_items import HEADER_BYTES, Header, Malformed, Signed, Source
from ..outcome import Exit, ToolError
from ..store.lines import Arrival, Stored, StoredJournal, assemble
from ..store.rows import CustodyRow


@dataclass(frozen=True)
class InFile:
    """A journal file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes, for who shares work out."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise unreadable(self.path, error) from error

    def open(self) -> BinaryIO:
        """ToolError with advice when it cannot be read."""
        try:
            return self.path.open("rb")
        except OSError as error:
            raise unreadable(self.path, error) from error


@dataclass(frozen=True)
class Remembered:
    """What a store knows of a unit beside its records: how many ends it stated, numbers with more than one record,
    versions. `read_ms`: UTC of the last pull to its end, None for none; `known_to`: the highest end that fits."""

    name: str
    heads: int
    conflicts: int
    versions: int
    read_ms: int | None
    known_to: int
    arrivals: tuple[Arrival, ...]

    def came_ms(self, sequence: int) -> int | None:
        """UTC when this record first came to a host."""
        return min((a.utc_ms for a in self.arrivals if a.first <= sequence <= a.last), default=None)


class Loaded(NamedTuple):
    """A unit's journal out of a store, with all that it signed."""

    journal: StoredJournal
    signed: tuple[Signed, ...]

    def open(self) -> BinaryIO:
        """The main line as a journal file, without what was signed."""
        journal = self.journal
        first, *later = journal.segments or (None,)
        runs = [journal_file.Run(s.first, s.chain, s.epoch, s.raws) for s in later if s is not None]
        last = journal.segments[-1] if journal.segments else None
        is_sound = last is not None and isinstance(last.verdict, journal_file.Intact)
        after = last.after if last is not None and is_sound else None
        return BytesIO(journal_file.join(journal.header, first.raws if first is not None else [], runs, after=after))

    def remembered(self) -> Remembered:
        journal = self.journal
        following = journal.segments[-1].last + 1 if journal.segments else 0
        fit = [head.following for head in journal.heads if head.following <= following and not journal.told]
        return Remembered(
            journal.name,
            len(journal.heads),
            len(journal.conflicts),
            1 + len(journal.branches),
            max((head.utc_ms for head in journal.heads), default=None),
            max(fit, default=0),
            journal.arrivals,
        )


class Kept(NamedTuple):
    """All that is kept of one unit: its journal, what it signed, and who did what with it."""

    stored: Stored
    signed: tuple[Signed, ...]
    custody: tuple[CustodyRow, ...]

    def loaded(self) -> Loaded:
        return Loaded(assemble(*self.stored), self.signed)


class Holding(ABC):
    """A place that keeps a unit's journal record by record, beside what the unit signed and who had it."""

    serial: str

    @property
    @abstractmethod
    def name(self) -> str: ...

    @abstractmethod
    def kept(self) -> Kept:
        """All of it. ToolError with advice when it cannot be read."""

    def load(self) -> Loaded:
        return self.kept().loaded()

    def open(self) -> BinaryIO:
        return self.load().open()


@dataclass(frozen=True)
class InStore(Holding):
    """The journal of the unit `serial` in a store."""

    store: Path | str
    serial: str

    @property
    def name(self) -> str:
        return "the store"

    def header(self) -> Header:
        """Whose it is; where it begins is not looked at."""
        from ..store.store import Store

        store = Store.open(self.store, read_only=True)
        try:
            return store.header(self.serial)
        finally:
            store.close()

    def kept(self) -> Kept:
        from ..store.store import Store  # brings the database: who checks files needs none

        store = Store.open(self.store, read_only=True)
        try:
            rows, unfit = store.signed(self.serial)
            signed = tuple(Signed(row.message, row.signature, row.public) for row in rows)
            stored = store.stored(self.serial)
            stored = stored._replace(unfit=(*stored.unfit, *unfit))
            return Kept(stored, signed, tuple(store.custody_of(self.serial)))
        finally:
            store.close()


Place = InFile | Holding


def unreadable(what: object, error: OSError) -> ToolError:
    return ToolError(f"{what} cannot be read: {error.strerror}", "Check the path and its permissions.", Exit.USAGE)


def header_of(place: Place) -> Header | None:
    """Whose journal it says it is; None: it does not. Of one that is kept row by row only whose it is, quickly."""
    if isinstance(place, InStore):
        return place.header()
    try:
        with place.open() as stream:
            return Source(stream, HEADER_BYTES).header()
    except Malformed:
        return None
    except OSError as error:
        raise unreadable(place.name, error) from error
