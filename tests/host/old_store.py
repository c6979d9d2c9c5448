"""A store as interlock wrote it before its schema had the number 3: what SQLite itself said of such a file."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config

from host_tools.store.sqlite import Sqlite
from interlock.core.layout import chain_next, decode

_TABLES = """
CREATE TABLE schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE units (serial VARCHAR NOT NULL, id INTEGER NOT NULL, unit INTEGER NOT NULL, role INTEGER NOT NULL,
    name VARCHAR NOT NULL, PRIMARY KEY (id));
CREATE INDEX units_by_serial ON units (serial, id);
CREATE TABLE additions (serial VARCHAR NOT NULL, id INTEGER NOT NULL, first BIGINT NOT NULL, count INTEGER NOT NULL,
    "by" VARCHAR NOT NULL, utc_ms BIGINT NOT NULL, PRIMARY KEY (id));
CREATE INDEX additions_by_serial ON additions (serial, id);
CREATE TABLE heads (serial VARCHAR NOT NULL, id INTEGER NOT NULL, following BIGINT NOT NULL, chain BLOB NOT NULL,
    utc_ms BIGINT NOT NULL, PRIMARY KEY (id));
CREATE INDEX heads_by_serial ON heads (serial, id);
CREATE TABLE checkpoints (serial VARCHAR NOT NULL, id INTEGER NOT NULL, "index" BIGINT NOT NULL, message BLOB NOT NULL,
    signature BLOB NOT NULL, public BLOB NOT NULL, utc_ms BIGINT NOT NULL, "by" VARCHAR NOT NULL, PRIMARY KEY (id),
    UNIQUE (serial, public, message, signature));
CREATE INDEX checkpoints_by_serial ON checkpoints (serial, id);
CREATE TABLE custody (serial VARCHAR NOT NULL, id INTEGER NOT NULL, who VARCHAR NOT NULL, what VARCHAR NOT NULL,
    detail VARCHAR NOT NULL, utc_ms BIGINT NOT NULL, PRIMARY KEY (id));
CREATE INDEX custody_by_serial ON custody (serial, id);
CREATE TABLE records (serial VARCHAR NOT NULL, sequence BIGINT NOT NULL, digest BLOB NOT NULL, chain BLOB NOT NULL,
    "after" BLOB NOT NULL, epoch BIGINT NOT NULL, addition INTEGER NOT NULL, raw BLOB NOT NULL,
    PRIMARY KEY (serial, sequence, digest), FOREIGN KEY(addition) REFERENCES additions (id));
CREATE INDEX records_by_addition ON records (serial, addition);
"""
_NAMES = ("schema", "units", "additions", "heads", "checkpoints", "custody", "records")


class OldStore:
    """Written to directly, as the program did then; numbers count over all units."""

    def __init__(self, path: Path, version: int = 2) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.executescript(_TABLES)
        for table in _NAMES:
            for verb in ("UPDATE", "DELETE"):
                self._file.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the store is append-only'); END"
                )
        self._file.execute("INSERT INTO schema VALUES (?)", (version,))

    def insert(self, table: str, *values: object) -> int:
        """A row with the next number; that number."""
        (number,) = self._file.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()
        serial, *rest = values
        marks = ", ".join("?" * (len(rest) + 2))
        self._file.execute(f"INSERT INTO {table} VALUES ({marks})", (serial, number, *rest))
        return int(number)

    def add(self, serial: str, first: int, chain: bytes, raws: Sequence[bytes], by: str, utc_ms: int) -> None:
        addition = self.insert("additions", serial, first, len(raws), by, utc_ms)
        for sequence, raw in enumerate(raws, first):
            record = decode(raw, 0)
            assert record is not None
            after = chain_next(chain, record.chained)
            digest = hashlib.sha256(chain + raw).digest()[:16]
            row = (serial, sequence, digest, chain, after, 0, addition, raw)
            self._file.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            chain = after

    def close(self) -> None:
        self._file.close()


def to_schema_3(path: Path) -> None:
    """Let the old store at `path` be as the program wrote it that knew annotations and no signatures: by the script
    that made it so."""
    database = Sqlite(path, False)
    config = Config()
    config.set_main_option("script_location", "host_tools:migrations")
    with database.writing() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    database.engine.dispose()
