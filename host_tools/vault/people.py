"""For whose signing keys the force vouches: `people/HEX.json`, HEX being the person's id in hexadecimal digits.

Nothing is ever taken out: a statement that was made while the force vouched stays that person's when it does so no
more. Technicians' and auditors' vaults have copies, as of the day they were made.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import ed25519
from ..outcome import ToolError
from ..vouched import Vouched
from .fields import Damaged, Fields

if TYPE_CHECKING:
    from .vault import Vault

FOLDER = "people"
_OWN = "Vouch on the computer that has the force's vault; vaults made for others get it when they are made anew."


@dataclass(frozen=True)
class Voucher:
    """A key, from when until when it counts; `by`, `utc_ms`: who vouched for it, and when by that host's clock (that
    is the key's `known_ms`)."""

    vouched: Vouched
    by: str
    utc_ms: int


@dataclass(frozen=True)
class PersonEntry:
    """A person and all keys that the force ever vouched for, the newest last."""

    person: str
    keys: tuple[Voucher, ...]


def path_of(vault: Path, person: str) -> Path:
    """Of the vault in this folder: the person's file."""
    return vault / FOLDER / f"{person.encode().hex()}.json"


def entry_bytes(entry: PersonEntry) -> bytes:
    keys = [
        {
            "key": voucher.vouched.key.hex(),
            "from_ms": voucher.vouched.from_ms,
            "until_ms": voucher.vouched.until_ms,
            "by": voucher.by,
            "utc_ms": voucher.utc_ms,
        }
        for voucher in entry.keys
    ]
    return json.dumps({"version": 1, "person": entry.person, "keys": keys}, indent=2).encode() + b"\n"


def entry(path: Path, data: bytes) -> PersonEntry:
    """What the file at `path` holds. Damaged when it is another person's, or none."""
    fields = Fields(path, data)
    person = fields.text("person")
    if path_of(path.parent.parent, person).name != path.name:
        raise Damaged(path, f"it holds the keys of {person}")
    return PersonEntry(person, tuple(_voucher(inner) for inner in fields.items("keys")))


def _voucher(fields: Fields) -> Voucher:
    until_ms = fields.number("until_ms") if fields.is_there("until_ms") else None
    vouched = Vouched(fields.key("key", ed25519.KEY_BYTES), fields.number("from_ms"), until_ms)
    return Voucher(vouched, fields.text("by"), fields.number("utc_ms"))


def entries_of(vault: "Vault") -> list[PersonEntry]:
    """Of all people, by name."""
    found = [entry(path, vault.files.read(path)) for path in (vault.path / FOLDER).glob("*.json")]
    return sorted(found, key=lambda one: one.person)


def vouched(vault: "Vault") -> dict[str, tuple[Vouched, ...]]:
    """By person."""
    return {
        one.person: tuple(voucher.vouched._replace(known_ms=voucher.utc_ms) for voucher in one.keys)
        for one in entries_of(vault)
    }


def vouch(vault: "Vault", person: str, voucher: Voucher) -> PersonEntry:
    """Vouch that this key is the person's; nothing changes where the force does already. ToolError when it is somebody
    else's, when the force stopped vouching for it, or when this is not the force's own vault."""
    vault.check_own("word of the force's to give", _OWN)
    key = voucher.vouched.key
    with vault.locked():
        everybody = entries_of(vault)
        holder = next((one.person for one in everybody if key in [had.vouched.key for had in one.keys]), person)
        if holder != person:
            raise ToolError(
                f"that is the key of {holder}",
                "Two people with one key could not be told apart: let each make their own (interlock annotate "
                "--new-key). Nothing was changed.",
            )
        now = next((one for one in everybody if one.person == person), PersonEntry(person, ()))
        held = next((had for had in now.keys if had.vouched.key == key), None)
        if held is not None and held.vouched.until_ms is not None:
            raise ToolError(
                f"the force stopped vouching for that key of {person}",
                "Let a new one be made (interlock annotate --new-key). Nothing was changed.",
            )
        if held is None:
            now = replace(now, keys=(*now.keys, voucher))
            _write(vault, now)
        return now


def unvouch(vault: "Vault", person: str, key: bytes | None, until_ms: int, is_stolen: bool) -> PersonEntry:
    """Vouch no longer for this key of the person's, or (None) for all of them: what is dated from `until_ms` on counts
    no more; `is_stolen`: nothing that it signed does, whatever its date. ToolError when there is no such key."""
    vault.check_own("word of the force's to take back", _OWN)
    with vault.locked():
        now = next((one for one in entries_of(vault) if one.person == person), None)
        if now is None or (key is not None and key not in [had.vouched.key for had in now.keys]):
            what = f"any key of {person}" if key is None else f"that key of {person}"
            raise ToolError(f"the force never vouched for {what}", "interlock vault people lists all.")
        now = replace(now, keys=tuple(_ended(had, key, until_ms, is_stolen) for had in now.keys))
        _write(vault, now)
        return now


def _ended(had: Voucher, key: bytes | None, until_ms: int, is_stolen: bool) -> Voucher:
    term = had.vouched
    if key not in (None, term.key):
        return had
    if is_stolen:
        return replace(had, vouched=term._replace(until_ms=term.from_ms))
    return had if term.until_ms is not None else replace(had, vouched=term._replace(until_ms=until_ms))


def _write(vault: "Vault", now: PersonEntry) -> None:
    vault.files.write(path_of(vault.path, now.person), entry_bytes(now))
