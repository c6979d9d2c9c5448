"""What a host shows to a unit to be let in. Secrets are in no repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SetUp:
    """The label's credential. `secret`: 16 bytes."""

    secret: bytes = field(repr=False)
    person: str = ""


@dataclass(frozen=True)
class Admin:
    """`key`: 32 bytes; `step`: its number in the unit's ratchet."""

    key: bytes = field(repr=False)
    step: int
    person: str = ""


@dataclass(frozen=True)
class Technician:
    """`key`: `access.technician_key` of this person and expiry; `expires_s`: seconds since 1970, UTC."""

    key: bytes = field(repr=False)
    person: str
    expires_s: int


Credential = SetUp | Admin | Technician


def person_bytes(person: str) -> bytes:
    """A person's id as units hold it: 8 bytes, ASCII, filled with blanks."""
    return person.encode("ascii", "replace")[:8].ljust(8)
