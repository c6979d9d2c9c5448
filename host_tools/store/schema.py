"""The store's tables, the same in SQLite and PostgreSQL. How they are opened: `database.py`; how older ones became
these: `migrations/`. What may stand in a row: `sound.py`.

Each table is keyed by unit first, and no statement joins two units: so a force's store shards by serial. Everything is
append-only: triggers refuse updates and deletions, so that no defect of a command can undo evidence. (They stop no
forger, who can open the file with other tools; the journals' hash chains are what shows such changes.)

Rows of a unit are numbered in the order in which they came into this store (`id`). A row keeps `origin`, the store in
which it was made first, and `mark`, random bytes by which it is known wherever it was forwarded to: so whatever is
forwarded twice, by whichever way, is there once, and two copies of one store that went on apart lose nothing.
"""

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

VERSION = 4
MARK_BYTES = 16
DIGEST_BYTES = 16

metadata = MetaData()

# Alembic's own: the schema's version as four digits. Not append-only.
alembic_version = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))
# The name of this store: 32 hexadecimal digits, one row.
origins = Table("origins", metadata, Column("origin", String(32), primary_key=True))


def _of_units(name: str, *more: SchemaItem) -> Table:
    table = Table(
        name,
        metadata,
        Column("serial", String, primary_key=True),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("origin", String(32), nullable=False),
        Column("mark", LargeBinary(MARK_BYTES), nullable=False),
        *more,
        UniqueConstraint("serial", "mark", name=f"{name}_by_mark"),
    )
    Index(f"{name}_by_origin", table.c.serial, table.c.origin, table.c.id)
    return table


# What a unit is. The newest row of a serial holds; the older ones say what it was.
units = _of_units(
    "units",
    Column("unit", Integer, nullable=False),
    Column("role", Integer, nullable=False),
    Column("name", String, nullable=False),
)
# One call of `Store.add` that brought something new: who brought it, and when by that host's clock.
additions = _of_units(
    "additions",
    Column("first", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("by", String, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
)
# `raw`: the record's bytes as the unit stored them; `chain`: the chain value before it as it was stated, `after`: the
# one that follows from both (both 32 zero bytes behind a hole in the unit's flash, where nobody knows them); `epoch`:
# of its seal, as stated; `digest`: SHA-256(chain | raw)[:16]; `addition`: the first that brought it. Two rows of one
# sequence are a conflict.
records = Table(
    "records",
    metadata,
    Column("serial", String, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("digest", LargeBinary(DIGEST_BYTES), primary_key=True),
    Column("chain", LargeBinary(32), nullable=False),
    Column("after", LargeBinary(32), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("addition", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    ForeignKeyConstraint(["serial", "addition"], ["additions.serial", "additions.id"], name="records_came_by"),
)
Index("records_by_addition", records.c.serial, records.c.addition)
# The end of a journal as a unit stated it and as all up to it was pulled.
heads = _of_units(
    "heads",
    Column("following", BigInteger, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
)
# What a unit signed, whether the signature is good or not; `public`: the key that it was signed with. Two messages of
# one key and index are evidence that the key was copied.
checkpoints = _of_units(
    "checkpoints",
    Column("index", BigInteger, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("by", String, nullable=False),
)
custody = _of_units(
    "custody",
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
)
# `stands`: 1 that the unit is this officer's from then until then, 0 that it is not any more. The newest holds.
roster = _of_units(
    "roster",
    Column("officer", String, nullable=False),
    Column("team", String, nullable=False),
    Column("from_s", BigInteger, nullable=False),
    Column("to_s", BigInteger, nullable=False),
    Column("stands", Integer, nullable=False),
    Column("by", String, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
)
# What a person said of a record. It alters none, and is altered by none: a later one says that it holds no more.
# `record`, `about`: SHA-256 of the record, and of the statement that this one is about; `key`, `signature`: Ed25519.
# Older programs wrote none of the four.
annotations = _of_units(
    "annotations",
    Column("sequence", BigInteger, nullable=False),
    Column("code", String, nullable=False),
    Column("text", String, nullable=False),
    Column("by", String, nullable=False),
    Column("utc_ms", BigInteger, nullable=False),
    Column("record", LargeBinary(32), nullable=True),
    Column("about", LargeBinary(32), nullable=True),
    Column("key", LargeBinary(32), nullable=True),
    Column("signature", LargeBinary(64), nullable=True),
)
# What is forwarded, in this order: an end of a journal never before its records; custody first, so that what is noted
# of the forwarding itself is the newest of it.
FORWARDED = (custody, units, additions, heads, checkpoints, roster, annotations)

_POSTGRES_GUARD = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the store is append-only' USING ERRCODE = 'insufficient_privilege'; END $$
"""


def guards(tables: list[str], dialect: str) -> Iterator[str]:
    """The statements that make these tables append-only."""
    if dialect == "postgresql":
        yield _POSTGRES_GUARD.format(name="interlock_append_only")
    for table in tables:
        if dialect == "postgresql":
            yield (
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION interlock_append_only()"
            )
            continue
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the store is append-only'); END"
            )
