"""What a store asks of its database, whichever it is: SQLite (`sqlite.py`) or PostgreSQL (`postgres.py`). `opening.py`
finds it.

A reading sees one moment; a writing holds its units' locks until it ends, so what it reads stays true; what `commit`
returned from survives a kill and a power cut.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from ..outcome import Exit, ToolError
from .schema import origins

BUSY_S = 15.0  # how long a command waits for another one that writes

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


def origin_of(connection: Connection) -> str:
    """The store's own name."""
    return str(connection.execute(select(origins.c.origin).limit(1)).scalar_one())
