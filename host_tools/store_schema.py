"""The store's tables, how the file is opened, and what its errors mean to people. Used by `store.py` only.

Everything is append-only: triggers refuse updates and deletions, so that no defect of a command can undo evidence.
(They stop no forger, who can open the file with other tools; the journals' hash chains are what shows such changes.)
"""

import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import DBAPIError

from . import durable
from .outcome import Exit, ToolError

VERSION = 2
BUSY_S = 15.0  # how long a command waits for another one that writes
_RETRY_S = 0.05
WRITES = {"interlock_writes": True}  # execution option: take the write lock at once, so that no writer waits in vain

metadata = MetaData()

schema = Table("schema", metadata, Column("version", Integer, primary_key=True))
# What a unit is. The newest row of a serial holds; the older ones say what it was.
units = Table(
    "units",
    metadata,
    Column("serial", String, nullable=False),
    Column("id", Integer, primary_key=True),
    Column("unit", Integer, nullable=False),
    Column("role", Integer, nullable=False),
    Column("name", String, nullable=False),
)
# One call of `Store.add` that brought something new: who brought it, and when by that host's clock.
additions = Table(
    "additions",
    metadata,
    Column("serial", String, nullable=False),
    Column("id", Integer, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("by", String, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
)
# `raw`: the record's bytes as the unit stored them; `chain`: the chain value before it as it was stated, `after`: the
# one that follows from both (both 32 zero bytes behind a hole in the unit's flash, where nobody knows them); `epoch`:
# of its seal, as stated; `digest`: SHA-256(chain | raw)[:16]. Two rows of one sequence are a conflict.
records = Table(
    "records",
    metadata,
    Column("serial", String, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("digest", LargeBinary(16), primary_key=True),
    Column("chain", LargeBinary(32), nullable=False),
    Column("after", LargeBinary(32), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("addition", ForeignKey("additions.id"), nullable=False),
    Column("raw", LargeBinary, nullable=False),
)
# The end of a journal as a unit stated it and as all up to it was pulled.
heads = Table(
    "heads",
    metadata,
    Column("serial", String, nullable=False),
    Column("id", Integer, primary_key=True),
    Column("following", BigInteger, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
)
# What a unit signed, whether the signature is good or not, each of it once; `public`: the key that it was signed with.
# Two messages of one key and index are evidence that the key was copied.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("serial", String, nullable=False),
    Column("id", Integer, primary_key=True),
    Column("index", BigInteger, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    UniqueConstraint("serial", "public", "message", "signature"),
)
custody = Table(
    "custody",
    metadata,
    Column("serial", String, nullable=False),
    Column("id", Integer, primary_key=True),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
)
for _table in (units, additions, heads, checkpoints, custody):
    Index(f"{_table.name}_by_serial", _table.c.serial, _table.c.id)
Index("records_by_addition", records.c.serial, records.c.addition)


def open_engine(path: Path, read_only: bool = False) -> Engine:
    """The database at `path`, made when there is none. Raises ToolError with advice."""
    if not read_only:
        _make_file(path)
    elif not path.exists():
        raise ToolError(f"there is no store at {path}", "Pull a journal first (interlock pull), or give --home DIR.")
    engine = _engine(path, read_only)
    try:
        if not read_only:
            _set_wal(path)
            _make_tables(engine)
        with engine.connect() as connection:
            version = _version(connection)
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        raise told(path, error) from error
    if version == VERSION:
        return engine
    engine.dispose()
    if version is None:
        raise ToolError(f"{path} is no store, but some other database", "Name another place with --home DIR.")
    is_newer = version > VERSION
    raise ToolError(
        f"{path} was written by {'a newer' if is_newer else 'an older'} interlock (its schema is {version}, this one "
        f"knows {VERSION})",
        "Update this program. Nothing was changed."
        if is_newer
        else "Keep it, and the program that wrote it: it holds journals of an older format. Name another place for new "
        "ones with --home DIR. Nothing was changed.",
    )


def _make_file(path: Path) -> None:
    """An empty file that only its owner may read. SQLite gives the files beside it the same permissions."""
    durable.make_private(path.parent)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if sys.platform != "win32" and path.stat().st_mode & 0o077:
            path.chmod(0o600)  # copied here by somebody: it says who drew a weapon when
    except OSError as error:
        raise ToolError(
            f"{path} cannot be opened for writing: {error.strerror}",
            "Check its owner and permissions, or name another place with --home DIR.",
        ) from error


def _engine(path: Path, read_only: bool) -> Engine:
    uri = f"file:{quote(str(path.resolve()))}"
    if read_only:
        # On a read-only medium SQLite cannot make its shared memory; a file that nobody can write needs none.
        waiting = path.with_name(path.name + "-wal")
        frozen = not os.access(path.parent, os.W_OK) and not (waiting.exists() and waiting.stat().st_size)
        uri += "?mode=ro&immutable=1" if frozen else "?mode=ro"

    def connect() -> sqlite3.Connection:
        # isolation_level None: transactions begin where we say so, not at the first statement that writes.
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite+pysqlite://", creator=connect)

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("interlock_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_tables(engine: Engine) -> None:
    """In an empty database only, all or nothing; of several commands one does it."""
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        if inspect(connection).get_table_names():
            return
        metadata.create_all(connection)
        for table in metadata.sorted_tables:
            for verb in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} "
                    f"BEGIN SELECT RAISE(ABORT, 'the store is append-only'); END"
                )
        connection.execute(insert(schema).values(version=VERSION))


def _version(connection: Connection) -> int | None:
    """Of the schema; None: this is no store."""
    with connection.begin():
        if not inspect(connection).has_table(schema.name):
            return None
        return connection.execute(select(schema.c.version)).scalar()


def _set_wal(path: Path) -> None:
    """Write-ahead logging: readers and one writer at a time, and a commit is one append and one sync.

    SQLite does not wait for others in every step of this change, so we do."""
    until = time.monotonic() + BUSY_S
    with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(_RETRY_S)


_ADVICE = {
    sqlite3.SQLITE_BUSY: (
        f"another program held it for more than {BUSY_S:g} s",
        "Wait until that command is done, then run this one again.",
    ),
    sqlite3.SQLITE_FULL: (
        "the disk is full",
        "Free some space and run the command again. What was reported as stored is stored.",
    ),
    sqlite3.SQLITE_READONLY: ("it may not be written", "Check its permissions, and whether the disk is read-only."),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "Check the path (--home DIR), its owner and its permissions."),
    sqlite3.SQLITE_IOERR: (
        "the disk reports an error, or is full",
        "Check the disk and its free space, then run the command again. What was reported as stored is stored.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "it is not a store",
        "Was it written over by something else? Move it away (do not delete it: it may be evidence) and restore a "
        "copy, or pull again.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "its structure is damaged",
        "Keep the file as it is (it is evidence) and restore a copy, or pull again into another --home.",
    ),
}
_LOCKED = (sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY)


def told(path: Path, error: DBAPIError | sqlite3.Error) -> ToolError:
    """The error as people need it. The transaction was rolled back: nothing of it is in the store."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    code = sqlite3.SQLITE_BUSY if code in _LOCKED else code
    happened, advice = _ADVICE.get(code, (str(cause), "Report this, with the command that was run."))
    return ToolError(f"the store {path} failed: {happened}", advice, Exit.DEVICE)
