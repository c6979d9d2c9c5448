"""A force's store: PostgreSQL by URL, for many computers at once.

A writing takes an advisory lock for each of its units, then reads at READ COMMITTED: so it sees all that the holder
before it committed. (At REPEATABLE READ it would see what was there when it began to wait, and write numbers that are
taken.) A reading is at REPEATABLE READ, since a journal's end must not be newer than its records. Writers of one unit
lock it before all else and those of several in one order, so they wait for each other and never in a ring; what the
server rolls back all the same is tried again (`Store`)."""

import hashlib
import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError

from ..outcome import Exit, ToolError
from .database import BUSY_S, UNFIT, Database, Refused

CONNECT_S = 10
GONE_S = 20  # without a word from the server
_REFUSED = ("22", "23", "54")  # data exception, integrity constraint violation, program limit exceeded
_RETRIED = ("40001", "40P01")  # serialization_failure, deadlock_detected
_MORE = {"connect_timeout": CONNECT_S, "keepalives_idle": GONE_S, "tcp_user_timeout": GONE_S * 1000}


class Postgres(Database):
    def __init__(self, place: str, read_only: bool) -> None:
        url = _url(place)
        from psycopg import Error

        self.failures = (DBAPIError, DisconnectionError, Error, *UNFIT)
        self.shown = _without_secrets(url)
        self.engine = _engine(url, read_only)

    def prepare(self) -> None:
        """A server that does not wait for its disk forgets what it reported as stored; a database of another encoding
        cannot hold what people wrote."""
        with self.reading() as connection, connection.begin():
            encoding = connection.execute(text("SELECT current_setting('server_encoding')")).scalar()
            if encoding != "UTF8":
                raise ToolError(
                    f"the database of {self.shown} holds texts as {encoding}, and not everybody's name is one",
                    "Let its administrator make one that holds them all: createdb --encoding=UTF8 --template=template0 "
                    "NAME. Nothing was changed.",
                )
            if connection.execute(text("SELECT current_setting('fsync')")).scalar() == "off":
                raise ToolError(
                    f"the server of {self.shown} does not wait for its disk (fsync = off): what it reports as stored "
                    "may be gone after a power cut",
                    "Let its administrator set fsync = on. Nothing was changed.",
                    Exit.DEVICE,
                )

    def reading(self) -> Connection:
        return self.engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def writing(self) -> Connection:
        return self.engine.connect()

    def lock(self, connection: Connection, names: Iterable[str]) -> None:
        for name in sorted(set(names)):
            key = int.from_bytes(hashlib.sha256(b"interlock store\0" + name.encode()).digest()[:8], "big", signed=True)
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})

    def keep_copy(self, connection: Connection, version: int) -> None:
        """Copies of a force's database are its administrator's: the change of schema is one transaction."""

    def told(self, error: Any) -> ToolError:
        from psycopg import DataError

        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None) or ""
        for begins, (happened, advice) in _ADVICE.items():
            if state.startswith(begins):
                return ToolError(f"the store {self.shown} failed: {happened}", advice, Exit.DEVICE)
        line = " ".join(str(cause).split())
        if state.startswith(_REFUSED) or isinstance(cause, (*UNFIT, DataError)):
            return Refused(self.shown, line)
        if not state or (isinstance(error, DBAPIError) and error.connection_invalidated):
            return ToolError(
                f"the store {self.shown} does not answer: {line}",
                "Check the URL, the network and the server, then run this again. What was reported as stored is "
                "stored. Without --store everything goes into the store of this computer, and interlock store forward "
                "brings it there later.",
                Exit.DEVICE,
            )
        return ToolError(
            f"the store {self.shown} failed: {line}", "Report this, with the command that was run.", Exit.DEVICE
        )

    def is_passing(self, error: Any) -> bool:
        return getattr(getattr(error, "orig", None), "sqlstate", None) in _RETRIED


def _url(place: str) -> URL:
    try:
        url = make_url(place)
    except (ArgumentError, ValueError) as error:
        raise ToolError("what --store names is no URL", _EXAMPLE) from error
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ToolError(f"a store cannot be in {url.drivername}", f"It is in a file or in PostgreSQL. {_EXAMPLE}")
    try:
        import psycopg  # noqa: F401

        # What goes wrong is told once, by us.
        logging.getLogger("psycopg").setLevel(logging.ERROR)
    except ImportError as error:
        raise ToolError(
            "a store in PostgreSQL needs its driver, which is not installed (psycopg is missing)",
            "Install it: pip install 'interlock[postgres]'.",
        ) from error
    return url.set(drivername="postgresql+psycopg")


_EXAMPLE = (
    "Give --store postgresql://USER@HOST/DATABASE, and keep the password out of it: libpq finds it in ~/.pgpass, or in "
    "the file that PGPASSFILE names."
)


def _without_secrets(url: URL) -> str:
    hidden = {name: "hidden" for name in url.query if "password" in name}
    shown = url.set(drivername="postgresql").update_query_dict(hidden)
    return shown.render_as_string(hide_password=True)


def _engine(url: URL, read_only: bool) -> Engine:
    more = {name: value for name, value in _MORE.items() if name not in url.query}
    engine = create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True, connect_args=more)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {round(BUSY_S * 1000)}")
            cursor.execute(f"SET default_transaction_read_only = {'on' if read_only else 'off'}")
            # A commit that is not on disk is none; stricter ones of the server's stay.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
            )
        connection.commit()

    return engine


_ADVICE = {
    "53100": (
        "the server's disk is full",
        "Let its administrator free some space, then run this again. What was reported as stored is stored.",
    ),
    "53": ("the server has no connection or memory left", "Wait a little, then run this again."),
    "55P03": (
        f"another program held it for more than {BUSY_S:g} s",
        "Wait until that command is done, then run this one again.",
    ),
    "57P": (
        "the server shuts down or starts",
        "Run this again when it answers. What was reported as stored is stored.",
    ),
    "40": ("the server rolled it back for others' sake, again and again", "Run this again."),
    "42501": (
        "this user may not do that there, or something tried to change what is append-only",
        "Writers need INSERT and SELECT on all tables of the store, whoever makes the store CREATE on its schema.",
    ),
    "25006": ("it may only be read", "Is the server a standby? Name the one that takes writes."),
    "3D000": ("there is no such database", "Let its administrator make it: createdb NAME."),
}
