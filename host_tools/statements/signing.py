"""A person's own signing key: an Ed25519 key pair in that person's home, made there and never taken out of it.

`HOME/signing/XX.json`, XX being the person's id in hexadecimal digits, for its owner only: the public half in clear;
the private one sealed by the vault's own means (`vault/slots.py`, `vault/sealed.py`): under a passphrase (scrypt), or a
key file that lies elsewhere, for scripts. Person and public key are bound in: neither can be exchanged.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .. import durable
from ..outcome import ToolError
from ..store.rows import AnnotationRow
from ..vault import sealed, slots
from ..vault import unlock as vault_unlock
from ..vault.slots import NewSlot, Secret, Slot
from . import statement

FOLDER = "signing"
OPTION = "--signing-key-file FILE"
_TRIES = 3
_PRIVATE_BYTES = 32

Ask = Callable[[str], str]


@dataclass(frozen=True)
class Signer:
    """Somebody who can sign. `public`: 32 bytes; the private half is in no repr."""

    person: str
    public: bytes
    _private: Ed25519PrivateKey = field(repr=False)

    def sign(self, row: AnnotationRow) -> AnnotationRow:
        """The same statement with this person's key and signature. ValueError when it is another's."""
        if row.by != self.person:
            raise ValueError("nobody signs for somebody else")
        return row._replace(key=self.public, signature=self._private.sign(statement.encode(row)))


@dataclass(frozen=True)
class _Kept:
    """A key as it is on disk."""

    identity: str
    person: str
    public: bytes
    slot: Slot
    salt: bytes
    box: bytes

    @property
    def place(self) -> str:
        return f"signing key {self.identity} {self.person} {self.public.hex()}"


def path_of(home: Path, person: str) -> Path:
    """Where this person's key is, if there is one. In hexadecimal digits no person's id leads elsewhere, and none is
    another's on a disk that does not tell capitals apart."""
    return home / FOLDER / f"{person.encode().hex()}.json"


def make(home: Path, person: str, key_file: Path | None, ask: Ask | None, made_s: int) -> bytes:
    """A new key for this person; its public half (32 bytes). `ask`: a hidden question, None: nobody is to be asked.
    ToolError when there is one, or when nothing is to open it."""
    path = path_of(home, person)
    if path.exists():
        raise ToolError(
            f"{person} has a signing key here already",
            f"interlock annotate --show-key shows it. To give it up, move {path} away, and let the force know "
            f"(interlock vault unvouch {person}).",
        )
    secret = vault_unlock.new_secret(path.parent, key_file, ask, OPTION, "signing key")
    private, identity, data_key = Ed25519PrivateKey.generate(), os.urandom(16).hex(), os.urandom(sealed.KEY_BYTES)
    public, salt = private.public_key().public_bytes_raw(), os.urandom(sealed.SALT_BYTES)
    slot = NewSlot(secret, person).make(identity, 1, 1, data_key, made_s, os.urandom)
    kept = _Kept(identity, person, public, slot, salt, b"")
    box = sealed.encrypt(data_key, salt, kept.place, private.private_bytes_raw())
    values = {
        "interlock_signing_key": 1,
        "id": identity,
        "person": person,
        "public": public.hex(),
        "slot": slots.body(slot),
        "salt": salt.hex(),
        "box": box.hex(),
    }
    durable.make_private(path.parent)
    with durable.locked(path.parent):
        if path.exists():
            raise ToolError(f"another command made a signing key for {person} just now", "Run this again to see it.")
        durable.replace(path, json.dumps(values, indent=2).encode() + b"\n")
    return public


def public_of(home: Path, person: str) -> bytes | None:
    """The public half of this person's key; None: there is none here."""
    path = path_of(home, person)
    return _read(path, person).public if path.exists() else None


def unlock(home: Path, person: str, key_file: Path | None, ask: Ask | None) -> Signer | None:
    """This person's key, opened by a key file or a passphrase; None: there is none here. ToolError when nothing opens
    it."""
    path = path_of(home, person)
    if not path.exists():
        return None
    kept = _read(path, person)
    if kept.slot.kind == "key file":
        if key_file is None:
            raise ToolError(f"the signing key of {person} takes a key file", f"Give it: {OPTION}.")
        return _open(path, kept, vault_unlock.read_key_file(key_file, OPTION))
    if ask is None:
        raise ToolError(
            f"the signing key of {person} takes a passphrase, and nobody is there to be asked",
            "Run this on a terminal.",
        )
    for left in reversed(range(_TRIES)):
        again = "" if left == _TRIES - 1 else "That was another one. "
        try:
            return _open(path, kept, slots.passphrase(ask(f"{again}Passphrase of the signing key of {person}")))
        except WrongSecret:
            if not left:
                raise
    raise AssertionError("the last try either opens it or says why not")


class WrongSecret(ToolError):
    """This secret does not open the key."""


def _open(path: Path, kept: _Kept, secret: Secret) -> Signer:
    try:
        data_key = kept.slot.open(kept.identity, 1, secret)
    except sealed.NotOpened:
        raise WrongSecret(
            f"that does not open the signing key of {kept.person}", f"It takes the {kept.slot.kind} it was made with."
        ) from None
    try:
        private = Ed25519PrivateKey.from_private_bytes(sealed.decrypt(data_key, kept.salt, kept.place, kept.box))
    except (sealed.NotOpened, ValueError):
        raise _damaged(path) from None
    return Signer(kept.person, kept.public, private)


def _read(path: Path, person: str) -> _Kept:
    durable.check_private(path.parent)
    try:
        values: dict[str, Any] = json.loads(durable.read(path))
        kept = _Kept(
            slots.some_bytes(values["id"], 16).hex(),
            str(values["person"]),
            slots.some_bytes(values["public"], 32),
            slots.parse(values["slot"]),
            slots.some_bytes(values["salt"], sealed.SALT_BYTES),
            slots.some_bytes(values["box"], _PRIVATE_BYTES + 16),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(path) from None
    if kept.person != person:
        raise _damaged(path)
    return kept


def _damaged(path: Path) -> ToolError:
    return ToolError(
        f"{path} is no signing key, or damaged",
        "Restore it from a copy. Or move it away, make another (interlock annotate --new-key), and let the force know.",
    )
