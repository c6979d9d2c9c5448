"""Vaults for others, made out of the force's own: a technician's, and an auditor's.

A technician's opens units until a date, as far as a technician may, and proves nothing of journals but by public keys.
An auditor's opens no unit at all, and checks journals as the force's own does: it has the keys that their seals began
with. So whoever holds it could also *make* a seal, as the force could: it is for those who are to be trusted with that.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.core import access

from ..outcome import ToolError
from . import entries, people
from .credential import person_bytes
from .entries import COMMITTED, Force, LentEntry, UnitEntry, WatchedEntry
from .files import made
from .keys import Keys

if TYPE_CHECKING:
    from .vault import Vault


def technician(vault: "Vault", path: Path, person: str, expires_s: int, keys: Keys | None) -> int:
    """Make a technician's vault at `path`; how many units it can read."""
    units = _units(vault, (COMMITTED,))
    files = []
    for unit in units:
        key = access.technician_key(unit.technician_root, person_bytes(person), expires_s)
        lent = LentEntry(unit.serial, unit.number, unit.role, unit.name, key, unit.signing_keys)
        files.append((unit.serial, entries.lent_bytes(lent)))
    _make(vault, path, Force(vault.force().name, None, 0, person, expires_s, kind="technician"), files, keys)
    return len(units)


def auditor(vault: "Vault", path: Path, person: str, keys: Keys | None) -> int:
    """Make an auditor's vault at `path`; how many units' journals it can check: revoked ones as well."""
    units = _units(vault, (COMMITTED, entries.REVOKED))
    files = [
        (
            unit.serial,
            entries.watched_bytes(
                WatchedEntry(
                    unit.serial, unit.serial_raw, unit.number, unit.role, unit.name, unit.seal_keys, unit.signing_keys
                )
            ),
        )
        for unit in units
    ]
    _make(vault, path, Force(vault.force().name, None, 0, person, None, kind="auditor"), files, keys)
    return len(units)


def _units(vault: "Vault", states: tuple[str, ...]) -> list[UnitEntry]:
    vault.check_own("authority to make credentials")
    units = [entry for entry in map(vault.unit, vault.serials()) if entry.state in states]
    if not units:
        raise ToolError("the vault has no unit that is set up", "Set one up first: interlock provision.")
    return units


def _make(vault: "Vault", path: Path, force: Force, units: Iterable[tuple[str, bytes]], keys: Keys | None) -> None:
    with made(path, keys) as files:
        for entry in people.entries_of(vault):
            files.write(people.path_of(files.path, entry.person), people.entry_bytes(entry))
        for serial, data in units:
            files.write(files.path / "units" / f"{serial}.json", data)
        files.write(files.path / "force.json", entries.force_bytes(force))
