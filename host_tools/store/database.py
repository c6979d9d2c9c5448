"""A store's database: found by its place, made when it is empty, brought from an older schema to this one.

A place is a path (SQLite, `sqlite.py`) or a URL (PostgreSQL, `postgres.py`). What the two have in common is
said here: a reading sees one moment; a writing holds its units' locks until it ends, so what it reads stays true; what
`commit` returned from survives a kill and a power cut.
"""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from ..outcome import Exit, ToolError
from .schema import VERSION, alembic_version, guards, metadata, origins

BUSY_S = 15.0  # how long a command waits for another one that writes
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SCHEMA = "the schema"  # a lock beside those of units, which are named by serials

UNFIT = (UnicodeError, OverflowError)  # raised by a database's driver for what it cannot even send

Place = Path | str


class Refused(ToolError):
    """What was to be written, or looked for, is nothing that this database can hold."""

    def __init__(self, shown: str, why: str) -> None:
        super().__init__(
            f"the store {shown} cannot hold what it was given: {why}",
            "Nothing of this was stored. Report this, with the command that was run.",
            Exit.DEVICE,
        )


class Database(ABC):
    """`shown`: the place as people may read it, without a password; `failures`: what it raises when it fails."""

    engine: Engine
    shown: str
    failures: tuple[type[Exception], ...] = (DBAPIError, *UNFIT)
    migrates_alone = False  # whether opening it is enough to bring it to this schema

    @abstractmethod
    def prepare(self) -> None:
        """Before the first writing: what must be there to be opened."""

    @abstractmethod
    def reading(self) -> Connection:
        """For one transaction that sees one moment."""

    @abstractmethod
    def writing(self) -> Connection:
        """For one transaction that writes, once it has locked its units."""

    @abstractmethod
    def lock(self, connection: Connection, names: Iterable[str]) -> None:
        """Be the only writer of these units until the transaction ends."""

    @abstractmethod
    def keep_copy(self, connection: Connection, version: int) -> Path | None:
        """Before a change of schema: a copy of all, where that is ours to make."""

    @abstractmethod
    def told(self, error: Any) -> ToolError:
        """The error as people need it. The transaction was rolled back: nothing of it is in the store."""

    def is_passing(self, error: Any) -> bool:
        """Whether the database asks for the same transaction once more: it rolled it back for others' sake."""
        return False


def open_database(place: Place, read_only: bool = False, migrate: bool = False) -> Database:
    """The database at `place`, made when there is none and it may be written. `migrate`: bring it to this schema, also
    where others use it. Raises ToolError with advice."""
    from .postgres import Postgres
    from .sqlite import Sqlite

    is_url = isinstance(place, str) and URL.match(place)
    database: Database = Postgres(str(place), read_only) if is_url else Sqlite(Path(place), read_only)
    try:
        if not read_only:
            database.prepare()
            _make(database)
        with database.reading() as connection, connection.begin():
            version = _version(connection)
        if version is not None and 1 < version < VERSION and not read_only and (migrate or database.migrates_alone):
            version = _migrate(database)
    except database.failures as error:
        database.engine.dispose()
        raise database.told(error) from error
    except ToolError:
        database.engine.dispose()
        raise
    if version == VERSION:
        return database
    database.engine.dispose()
    raise _unfit(database.shown, version)


def _unfit(shown: str, version: int | None) -> ToolError:
    if version is None:
        return ToolError(f"{shown} is no store, but some other database", "Name another place with --store or --home.")
    if version == 0:
        return ToolError(f"{shown} is empty: nothing was ever stored", "Pull a journal first (interlock pull).")
    if version > VERSION:
        return ToolError(
            f"{shown} was written by a newer interlock (its schema is {version}, this one knows {VERSION})",
            "Update this program. Nothing was changed.",
        )
    happened = f"{shown} was written by an older interlock (its schema is {version}, this one knows {VERSION})"
    if version == 1:
        return ToolError(
            happened,
            "Keep it, and the program that wrote it: it holds journals of an older format. Name another place for new "
            "ones with --home DIR. Nothing was changed.",
        )
    return ToolError(happened, "Bring it to this schema: interlock store migrate. Nothing was changed.")


def _make(database: Database) -> None:
    """In an empty database only, all or nothing; of several commands one does it."""
    with database.writing() as connection, connection.begin():
        database.lock(connection, [_SCHEMA])
        if inspect(connection).get_table_names():
            return
        metadata.create_all(connection)
        kept = [table.name for table in metadata.sorted_tables if table is not alembic_version]
        for statement in guards(kept, connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.execute(alembic_version.insert().values(version_num=f"{VERSION:04}"))
        connection.execute(origins.insert().values(origin=secrets.token_hex(16)))


def _version(connection: Connection) -> int | None:
    """Of the schema; 0: of an empty database; None: this is no store."""
    names = set(inspect(connection).get_table_names())
    if not names:
        return 0
    if {alembic_version.name, origins.name} <= names:
        return int(connection.execute(select(alembic_version.c.version_num)).scalar() or 0)
    if {"schema", "additions"} <= names:
        return connection.execute(text("SELECT version FROM schema")).scalar()
    return None


def _migrate(database: Database) -> int:
    """All or nothing; of several commands one does it. The version that it has now."""
    from ..migrations import upgrade

    copy: Path | None = None
    try:
        with database.writing() as connection, connection.begin():
            database.lock(connection, [_SCHEMA])
            version = _version(connection)
            assert version is not None, "it was a store a moment ago"
            if version < VERSION:
                copy = database.keep_copy(connection, version)
                upgrade(connection)
            assert _version(connection) == VERSION, "the scripts lead to this program's schema"
    except BaseException:
        if copy is not None:
            copy.unlink(missing_ok=True)  # the store is as it was
        raise
    return VERSION


def origin_of(connection: Connection) -> str:
    """The store's own name."""
    return str(connection.execute(select(origins.c.origin).limit(1)).scalar_one())
