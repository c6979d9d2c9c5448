"""What a report is made of, out of a store and a vault. The database and the ciphers are imported when they are used.

A store's journals are read again wherever they are needed, in any process or on any machine that reaches the place: a
path, or the URL of a server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..auditing.places import InStore
from ..store.lines import StoredJournal
from ..store.rows import AnnotationRow, RosterRow, UnitRow
from .asked import Beside, Named

if TYPE_CHECKING:
    from ..store.store import Store
    from ..vault.vault import Vault


@dataclass(frozen=True)
class StoreHoldings:
    """The store at `at`, a path or a URL, opened for each question and only to be read. Every method raises ToolError
    with advice when it cannot be."""

    at: Path | str

    @contextmanager
    def _opened(self) -> "Iterator[Store]":
        from ..store.store import Store

        store = Store.open(self.at, read_only=True)
        try:
            yield store
        finally:
            store.close()

    def units(self) -> list[UnitRow]:
        """Every unit that it knows, by serial."""
        with self._opened() as store:
            return store.units()

    def oddities(self) -> list[str]:
        """What is wrong with the store itself, in words."""
        with self._opened() as store:
            nameless = store.nameless()
        return [f"the store holds rows of {nameless} units without a serial: somebody changed it"] if nameless else []

    def place(self, serial: str) -> InStore:
        return InStore(self.at, serial)

    def journal(self, serial: str) -> StoredJournal:
        """All that is held of this unit, verified anew."""
        with self._opened() as store:
            return store.journal(serial)

    def annotations(self) -> list[AnnotationRow]:
        """All that was ever said, by unit and as it was said."""
        with self._opened() as store:
            return store.annotations()

    def roster(self) -> list[RosterRow]:
        """The rows that stand."""
        with self._opened() as store:
            return store.roster()


@dataclass(frozen=True)
class NoHoldings:
    """Nothing was pulled yet."""

    def units(self) -> list[UnitRow]:
        return []

    def place(self, serial: str) -> InStore:
        raise KeyError(serial)

    def journal(self, serial: str) -> StoredJournal:
        raise KeyError(serial)

    def annotations(self) -> list[AnnotationRow]:
        return []

    def roster(self) -> list[RosterRow]:
        return []


def beside_of(vault: "Vault | None") -> Beside:
    """What a vault of any kind knows beside journals. Only the force's own has pairs. A spare is nobody's own but while
    it is assigned, which the weapon's journal says of each use."""
    if vault is None:
        return Beside()
    pairs = None
    if vault.person is None:
        pairs = tuple(sorted((pair.holster, pair.camera) for pair in vault.pairs() if not pair.spare))
    return Beside(
        force=vault.force().name,
        units={serial: Named(*vault.name(serial)) for serial in vault.serials()},
        pairs=pairs,
        people=vault.people(),
        keys={serial: vault.signing_keys(serial) for serial in vault.serials()},
    )
