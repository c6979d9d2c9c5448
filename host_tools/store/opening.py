"""A store's database: found by its place, made when it is empty, brought from an older schema to this one.

A place is a path (SQLite, `sqlite.py`) or a URL (PostgreSQL, `postgres.py`).
"""

import re
import secrets
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text

from ..outcome import ToolError
from .database import Database, Place
from .schema import VERSION, alembic_version, guards, metadata, origins

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SCHEMA = "the schema"  # a lock beside those of units, which are named by serials


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
