"""From schema 2, which was in SQLite only and knew no Alembic: every table keyed by unit first, rows with the store
that made them and a mark, and tables for the roster and annotations. All rows are taken over, under their numbers.
Marks follow from the rows: two copies of one old store, each brought here by itself, are known for what they share.
"""

import hashlib
import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = None
branch_labels = None
depends_on = None

_TAKEN_OVER = {
    "units": "unit, role, name",
    "additions": 'first, count, "by", utc_ms',
    "heads": "following, chain, utc_ms",
    "checkpoints": '"index", message, signature, public, utc_ms, "by"',
    "custody": "who, what, detail, utc_ms",
}
_RECORDS = 'serial, sequence, digest, chain, "after", epoch, addition, raw'


def upgrade() -> None:
    connection = op.get_bind()
    assert connection.dialect.name == "sqlite", "schema 2 was in SQLite only"
    _put_aside()
    _make_tables()
    origin = secrets.token_hex(16)
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.create_function("mark_of", -1, _mark, deterministic=True)
    op.execute(f"INSERT INTO origins (origin) VALUES ('{origin}')")
    for table, fields in _TAKEN_OVER.items():
        op.execute(
            f"INSERT INTO {table} (serial, id, origin, mark, {fields}) "
            f"SELECT serial, id, '{origin}', mark_of('{table}', serial, id, {fields}), {fields} FROM old_{table}"
        )
    op.execute(f"INSERT INTO records ({_RECORDS}) SELECT {_RECORDS} FROM old_records")
    for table in ("records", *_TAKEN_OVER):
        old, new = (connection.execute(sa.text(f"SELECT count(*) FROM {t}")).scalar() for t in (f"old_{table}", table))
        assert old == new, f"{new} of {old} rows of {table} were taken over"
        op.execute(f"DROP TABLE old_{table}")
    op.execute("DROP TABLE schema")
    for table in ("origins", "records", "roster", "annotations", *_TAKEN_OVER):
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the store is append-only'); END"
            )


def _mark(*values: object) -> bytes:
    return hashlib.sha256(repr(values).encode("utf-8", "backslashreplace")).digest()[:16]


def _put_aside() -> None:
    for table in ("schema", "records", *_TAKEN_OVER):
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}")
    for table in _TAKEN_OVER:
        op.execute(f"DROP INDEX {table}_by_serial")
    op.execute("DROP INDEX records_by_addition")
    for table in ("records", *_TAKEN_OVER):
        op.execute(f"ALTER TABLE {table} RENAME TO old_{table}")


def _make_tables() -> None:
    op.create_table("origins", sa.Column("origin", sa.String(32), primary_key=True))
    _of_units("units", _number("unit", sa.Integer()), _number("role", sa.Integer()), _text("name"))
    _of_units("additions", _number("first"), _number("count", sa.Integer()), _text("by"), _number("utc_ms"))
    op.create_table(
        "records",
        sa.Column("serial", sa.String(), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(16), primary_key=True),
        _bytes("chain", 32),
        _bytes("after", 32),
        _number("epoch"),
        _number("addition"),
        _bytes("raw"),
        sa.ForeignKeyConstraint(["serial", "addition"], ["additions.serial", "additions.id"], name="records_came_by"),
    )
    op.create_index("records_by_addition", "records", ["serial", "addition"])
    _of_units("heads", _number("following"), _bytes("chain", 32), _number("utc_ms"))
    _of_units(
        "checkpoints",
        _number("index"),
        *(_bytes(name) for name in ("message", "signature", "public")),
        _number("utc_ms"),
        _text("by"),
    )
    _of_units("custody", *(_text(name) for name in ("who", "what", "detail")), _number("utc_ms"))
    _of_units(
        "roster",
        *(_text(name) for name in ("officer", "team")),
        *(_number(name) for name in ("from_s", "to_s")),
        _number("stands", sa.Integer()),
        _text("by"),
        _number("utc_ms"),
    )
    said = (_text(name) for name in ("code", "text", "by"))
    _of_units("annotations", _number("sequence"), *said, _number("utc_ms"))


def _of_units(name: str, *more: "sa.Column[Any]") -> None:
    op.create_table(
        name,
        sa.Column("serial", sa.String(), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("origin", sa.String(32), nullable=False),
        _bytes("mark", 16),
        *more,
        sa.UniqueConstraint("serial", "mark", name=f"{name}_by_mark"),
    )
    op.create_index(f"{name}_by_origin", name, ["serial", "origin", "id"])


def _number(name: str, kind: "sa.types.TypeEngine[Any] | None" = None) -> "sa.Column[Any]":
    return sa.Column(name, kind or sa.BigInteger(), nullable=False)


def _text(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.String(), nullable=False)


def _bytes(name: str, size: int | None = None) -> "sa.Column[Any]":
    return sa.Column(name, sa.LargeBinary(size), nullable=False)
