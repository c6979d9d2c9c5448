"""One person's way into the vault: a slot, and what opens it.

An X25519 key pair, whose private half is sealed under what the person has (a passphrase by scrypt, RFC 7914; a key file
or a secret in the system's keyring by HKDF), and the data key, wrapped for its public half by HPKE (RFC 9180): so the
data key can be changed for somebody who is not there.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ..outcome import ToolError
from .sealed import KEY_BYTES, SALT_BYTES, NotOpened, decrypt, derive, encrypt

PASSPHRASE_CHARACTERS_MIN = 10
PASSPHRASE_CHARACTERS_MAX = 1024
_SCRYPT_BYTES_MAX = 256 * 1024 * 1024  # what a file may make us allocate: twice our own figure
_SCRYPT_LANES_MAX = 4
_PRIVATE_BYTES = 32 + 16
_WRAPPED_BYTES = 32 + KEY_BYTES + 16  # HPKE: encapsulated key, data key, tag
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

Entropy = Callable[[int], bytes]
Kind = Literal["passphrase", "key file", "keyring"]
KINDS: tuple[Kind, ...] = ("passphrase", "key file", "keyring")
Role = Literal["admin", "dock", "recovery"]
ROLES: tuple[Role, ...] = ("admin", "dock", "recovery")


class Work(NamedTuple):
    """scrypt's cost (RFC 7914): `n` a power of two; 128 n r bytes of memory."""

    n: int
    r: int
    p: int


WORK = Work(2**17, 8, 1)  # 128 MiB and about half a second, for each guess as well


@dataclass(frozen=True)
class Secret:
    """What opens a slot: `data`: the passphrase's bytes, or 32 random ones."""

    kind: Kind
    data: bytes = field(repr=False)


def passphrase(text: str) -> Secret:
    """Any text as typed: keyboards and systems write one character in several ways, so it is brought to one (NFKC)."""
    return Secret("passphrase", unicodedata.normalize("NFKC", text).encode())


def check_passphrase(text: str) -> None:
    """ToolError when it is too short for a new one."""
    if not PASSPHRASE_CHARACTERS_MIN <= len(text) <= PASSPHRASE_CHARACTERS_MAX:
        raise ToolError(
            f"a passphrase has at least {PASSPHRASE_CHARACTERS_MIN} characters",
            "Several words that nobody would put together are easy to keep and hard to guess.",
        )


@dataclass(frozen=True)
class Slot:
    """One person's way in. `role`: what it is for, as the log notes it: it limits nothing; `made_s`: seconds since
    1970, UTC; `work`: None where nothing is to be guessed."""

    number: int
    kind: Kind
    person: str
    role: Role
    made_s: int
    work: Work | None
    salt: bytes
    public: bytes
    private: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)

    def place(self, vault: str) -> str:
        """What its private half is bound to."""
        return f"{vault} slot {self.number} {self.kind}"

    def open(self, vault: str, generation: int, secret: Secret) -> bytes:
        """The data key. Raises NotOpened."""
        private = decrypt(_slot_key(secret, self.salt, self.work), self.salt, self.place(vault), self.private)
        try:
            key = X25519PrivateKey.from_private_bytes(private)
            return _SUITE.decrypt(self.wrapped, key, _wrap_info(vault, generation, self.number))
        except (InvalidTag, ValueError):
            raise NotOpened from None

    def wrapping(self, vault: str, generation: int, data_key: bytes) -> "Slot":
        """The same slot with this data key in it."""
        public = X25519PublicKey.from_public_bytes(self.public)
        return replace(self, wrapped=_SUITE.encrypt(data_key, public, _wrap_info(vault, generation, self.number)))


def _wrap_info(vault: str, generation: int, number: int) -> bytes:
    return f"interlock vault data key {vault} {generation} {number}".encode()


def _slot_key(secret: Secret, salt: bytes, work: Work | None) -> bytes:
    if work is None:
        return derive(secret.data, "slot", salt)
    return Scrypt(salt, KEY_BYTES, work.n, work.r, work.p).derive(secret.data)


@dataclass(frozen=True)
class NewSlot:
    """What a slot is to be made of. `work`: for passphrases."""

    secret: Secret
    person: str
    role: Role = "admin"
    work: Work = WORK

    def make(self, vault: str, generation: int, number: int, data_key: bytes, made_s: int, entropy: Entropy) -> Slot:
        """The slot, with this data key in it."""
        private, salt = X25519PrivateKey.from_private_bytes(entropy(32)), entropy(SALT_BYTES)
        work = self.work if self.secret.kind == "passphrase" else None
        public = private.public_key().public_bytes_raw()
        empty = Slot(number, self.secret.kind, self.person, self.role, made_s, work, salt, public, b"", b"")
        kept = encrypt(_slot_key(self.secret, salt, work), salt, empty.place(vault), private.private_bytes_raw())
        return replace(empty, private=kept).wrapping(vault, generation, data_key)


def body(slot: Slot) -> dict[str, Any]:
    """A slot as JSON has it."""
    return {
        "number": slot.number,
        "kind": slot.kind,
        "person": slot.person,
        "role": slot.role,
        "made_s": slot.made_s,
        "scrypt": None if slot.work is None else slot.work._asdict(),
        "salt": slot.salt.hex(),
        "public": slot.public.hex(),
        "private": slot.private.hex(),
        "wrapped": slot.wrapped.hex(),
    }


def parse(values: dict[str, Any]) -> Slot:
    """The slot in a JSON object. Raises ValueError, KeyError or TypeError."""
    kind, work = values["kind"], values["scrypt"]
    if kind not in KINDS or values["role"] not in ROLES or (work is not None) != (kind == "passphrase"):
        raise ValueError
    return Slot(
        number(values["number"], 1, 2**31),
        kind,
        str(values["person"]),
        values["role"],
        number(values["made_s"], 0, 2**40),
        None if work is None else _work(work),
        some_bytes(values["salt"], SALT_BYTES),
        some_bytes(values["public"], 32),
        some_bytes(values["private"], _PRIVATE_BYTES),
        some_bytes(values["wrapped"], _WRAPPED_BYTES),
    )


def _work(values: dict[str, Any]) -> Work:
    work = Work(*(number(values[name], 1, 2**30) for name in Work._fields))
    if work.n & (work.n - 1) or work.n < 2 or 128 * work.n * work.r > _SCRYPT_BYTES_MAX or work.p > _SCRYPT_LANES_MAX:
        raise ValueError
    return work


def number(value: object, least: int, most: int) -> int:
    """A whole number within these. Raises ValueError."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError
    return value


def some_bytes(value: object, size: int) -> bytes:
    """So many bytes, from their hex. Raises ValueError."""
    data = bytes.fromhex(value) if isinstance(value, str) else b""
    if len(data) != size:
        raise ValueError
    return data
