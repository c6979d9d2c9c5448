"""A store in one file, for one computer: SQLite with a write-ahead log, synced at each commit. Several processes may
write at once: each waits its turn."""

import os
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from .. import durable
from ..outcome import Exit, ToolError
from .database import BUSY_S, UNFIT, Database, Refused
from .sound import plain

_RETRY_S = 0.05
_WRITES = {"interlock_writes": True}  # execution option: take the write lock at once, so that no writer waits in vain


class Sqlite(Database):
    failures = (DBAPIError, sqlite3.Error, *UNFIT)
    migrates_alone = True

    def __init__(self, path: Path, read_only: bool) -> None:
        self.path = path
        self.shown = plain(str(path))
        if read_only and not path.exists():
            raise ToolError(
                f"there is no store at {path}", "Pull a journal first (interlock pull), or give --home DIR."
            )
        if not read_only:
            _make_file(path)
        self.engine = _engine(path, read_only)

    def prepare(self) -> None:
        _set_wal(self.path)

    def reading(self) -> Connection:
        return self.engine.connect()

    def writing(self) -> Connection:
        return self.engine.connect().execution_options(**_WRITES)

    def lock(self, connection: Connection, names: Iterable[str]) -> None:
        """SQLite has one writer at a time, of all units: it is us."""

    def keep_copy(self, connection: Connection, version: int) -> Path:
        """Beside the file, for its owner only. Nobody writes meanwhile: `connection` holds the write lock."""
        copy = self.path.with_name(f"{self.path.name}.schema-{version}")
        number = 1
        while copy.exists():
            number += 1
            copy = self.path.with_name(f"{self.path.name}.schema-{version}-{number}")
        fresh = copy.with_name(f".{copy.name}.new")
        try:
            fresh.unlink(missing_ok=True)  # of a command that was killed
            os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(fresh)) as target:
                source.backup(target)
            fresh.replace(copy)
            durable.sync(copy.parent)
        except (OSError, sqlite3.Error) as error:
            fresh.unlink(missing_ok=True)
            raise ToolError(
                f"no copy of {self.path} could be made before its schema is changed: {error}",
                "Free as much space as the file takes, then run this again. Nothing was changed.",
                Exit.DEVICE,
            ) from error
        return copy

    def told(self, error: Any) -> ToolError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, (*UNFIT, sqlite3.IntegrityError)):
            return Refused(self.shown, str(cause))
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        code = sqlite3.SQLITE_BUSY if code in _LOCKED else code
        happened, advice = _ADVICE.get(code, (str(cause), "Report this, with the command that was run."))
        return ToolError(f"the store {self.shown} failed: {happened}", advice, Exit.DEVICE)


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
    uri = f"file:{quote(os.fsencode(path.resolve()))}"
    if read_only:
        # On a read-only medium SQLite cannot make its shared memory; a file that nobody can write needs none.
        waiting = path.with_name(path.name + "-wal")
        frozen = not os.access(path.parent, os.W_OK) and not (waiting.exists() and waiting.stat().st_size)
        uri += "?mode=ro&immutable=1" if frozen else "?mode=ro"

    def connect() -> sqlite3.Connection:
        # isolation_level None: transactions begin where we say so, not at the first statement that writes.
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        connection.text_factory = _text
        return connection

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


def _text(data: bytes) -> str:
    """What somebody else wrote into a file may be no UTF-8: that hides no row."""
    return data.decode("utf-8", "backslashreplace")


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
