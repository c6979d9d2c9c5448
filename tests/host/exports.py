"""A force's home with three units that really seal and sign, for tests of what is exported of it."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.exporting import files
from host_tools.reporting.asked import Asked, Beside, Named
from host_tools.reporting.holdings import StoreHoldings
from host_tools.statements import statement
from host_tools.store.rows import AnnotationRow
from host_tools.store.store import Store
from host_tools.vouched import Vouched
from interlock.core import records
from interlock.core.settings import ROLE_CAMERA

from .adversary import careful, taken_apart
from .sealed_world import Unit, crew, works
from .test_verify_command import NOW, name_of, store_of

ASKED = Asked(NOW + 5000)


@lru_cache(maxsize=1)
def _units() -> tuple[Unit, Unit, Unit]:
    """The force's, after all that `Force` tells of them. Made once, and copied."""
    units = crew()
    for unit in units:
        unit.record(records.CLOCK, 2, NOW - 100_000, 20, 0)
        if unit.role & ROLE_CAMERA:
            unit.films()
    works(*units, uses=3)
    for unit in units[1:]:
        unit.stops()
        unit.record(records.RESERVE, unit.ceiling)
    units[0].uses()
    return units


class Force:
    """Its store at `place`: three uses that the own camera shows, of which the first two are signed, and one that
    nobody heard. H1 is the weapon, C1 its own camera, C2 a colleague's."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.units = deepcopy(_units())
        store_of(place, *self.units).close()

    @property
    def weapon(self) -> Unit:
        return self.units[0]

    @property
    def holdings(self) -> StoreHoldings:
        return StoreHoldings(self.place)

    @property
    def beside(self) -> Beside:
        units = {name_of(unit): Named(unit.number, unit.role, f"[b]{name_of(unit)}") for unit in self.units}
        keys = {name_of(unit): (unit.signer.public,) for unit in self.units}
        return Beside("MPS", units, (("H1", "C1"),), {}, keys)

    def open(self) -> Store:
        return Store.open(self.place)


def said(store: Store, serial: str, sequence: int, by: str, text: str = "as trained") -> tuple[AnnotationRow, Vouched]:
    """A person says, and signs, that an event was training; the key that the force may vouch for."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(by.encode()).digest())
    public = key.public_key().public_bytes_raw()
    record = statement.record_digest(store.raws(serial, sequence)[0])
    row = AnnotationRow(serial, sequence, "training", text, by, NOW, record, None, public)
    row = row._replace(signature=key.sign(statement.encode(row)))
    store.say(serial, [row])
    return row, Vouched(public)


def sum_anew(folder: Path) -> None:
    """Whoever changes files can change their sums, too."""
    files.write_sums(folder)


def edit(path: Path, *changes: tuple[tuple[str | int, ...], object]) -> None:
    """Other values at these places of a JSON file."""
    facts = json.loads(path.read_bytes())
    for place, value in changes:
        found = facts
        for step in place[:-1]:
            found = found[step]
        found[place[-1]] = value
    path.write_text(json.dumps(facts, indent=1, sort_keys=True), encoding="utf-8")


def content(folder: Path) -> Mapping[str, str]:
    """SHA-256 of every file."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name, _ in files.names_in(folder)}


def tampered(place: Path, statement: str, *values: object) -> None:
    """Whoever has the database's file can do anything to it."""
    with closing(sqlite3.connect(place)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(statement, values)
        database.commit()


def forge_tail(force: Force) -> None:
    """In the store, a record of C2 behind its last signature is another one, and all fits that needs no key."""
    pulled = taken_apart(force.units[2].file())
    last = pulled.raws[-1]
    forged = careful(pulled, [*pulled.raws[:-1], last[:10] + bytes([last[10] ^ 1]) + last[11:]])
    for table in ("records", "additions", "heads"):
        tampered(force.place, f"DELETE FROM {table} WHERE serial = 'C2'")
    store = force.open()
    following, chain = len(forged.raws), forged.chains[-1]
    store.add("C2", 0, forged.header.chain, forged.raws, epoch=0, by="PC1", utc_ms=NOW)
    store.note_head("C2", following, chain, utc_ms=NOW + 4000)
    store.close()
