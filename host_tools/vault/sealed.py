"""One sealed file: what it holds is read, and could have been written, by holders of its key only.

Each writing draws 32 random bytes and derives a key of its own from them (HKDF-SHA256, RFC 5869), under which
ChaCha20-Poly1305 (RFC 8439) runs once: so no nonce ever comes twice, though the vault is restored from a copy and goes
on from there. The vault's id, the file's name and the key's generation are bound in: a file that is moved to another
place, or comes from another vault, does not open. That a file is an *older* one of the same place is not seen.
"""

import base64
import binascii
import json
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
SALT_BYTES = 32
_NONCE = bytes(12)  # each key is used once
_BEGINS = b'{"sealed": 1,'


class NotOpened(Exception):
    """Data that this key does not open: another key's, another place's, or changed."""


def derive(key: bytes, purpose: str, salt: bytes | None = None) -> bytes:
    """A key (32 bytes) for one purpose: HKDF-SHA256."""
    return HKDF(SHA256(), KEY_BYTES, salt, f"interlock vault {purpose}".encode()).derive(key)


def encrypt(key: bytes, salt: bytes, place: str, plain: bytes) -> bytes:
    """`plain` and 16 bytes more. `salt`: 32 random bytes, never the same twice under this key."""
    return ChaCha20Poly1305(derive(key, "box", salt)).encrypt(_NONCE, plain, place.encode())


def decrypt(key: bytes, salt: bytes, place: str, data: bytes) -> bytes:
    """What `encrypt` took. Raises NotOpened."""
    try:
        return ChaCha20Poly1305(derive(key, "box", salt)).decrypt(_NONCE, data, place.encode())
    except InvalidTag:
        raise NotOpened from None


@dataclass(frozen=True)
class Sealed:
    """A sealed file as it is on disk. `generation`: of the key that opens it."""

    generation: int
    salt: bytes
    data: bytes

    def encode(self) -> bytes:
        """Its bytes: one line of JSON."""
        values = {
            "sealed": 1,
            "generation": self.generation,
            "salt": self.salt.hex(),
            "data": base64.b64encode(self.data).decode(),
        }
        return json.dumps(values).encode() + b"\n"

    def open(self, key: bytes, place: str) -> bytes:
        """What was sealed under this key for this place. Raises NotOpened."""
        return decrypt(key, self.salt, f"{place} {self.generation}", self.data)


def seal(key: bytes, generation: int, place: str, plain: bytes) -> bytes:
    """The bytes of a sealed file. `place`: where it belongs: the vault's id and the file's name."""
    salt = os.urandom(SALT_BYTES)
    return Sealed(generation, salt, encrypt(key, salt, f"{place} {generation}", plain)).encode()


def is_sealed(data: bytes) -> bool:
    """Whether this is a sealed file (or was, before it was damaged)."""
    return data.startswith(_BEGINS)


def parse(data: bytes) -> Sealed:
    """The sealed file in `data`. Raises NotOpened when it is none, to the letter: each changed bit is one too many."""
    try:
        values = json.loads(data)
        found = Sealed(values["generation"], bytes.fromhex(values["salt"]), base64.b64decode(values["data"]))
        same = type(found.generation) is int and found.encode() == data
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise NotOpened from None
    if not same or len(found.salt) != SALT_BYTES:
        raise NotOpened
    return found
