"""Whose keys a force stands for, and from when until when. Standard library only."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Vouched(NamedTuple):
    """A person's public key (32 bytes, Ed25519): what it signed and dated in `from_ms` .. `until_ms` (UTC, ms since
    1970) is that person's word. `until_ms`: None: to this day; not after `from_ms`: of it nothing is, for whoever has a
    stolen key dates as they like. `known_ms`: when the force learned of the key: from then on the person can sign, and
    is expected to."""

    key: bytes
    from_ms: int = 0
    until_ms: int | None = None
    known_ms: int = 0

    @property
    def is_void(self) -> bool:
        """Whether nothing counts that it ever signed."""
        return self.until_ms is not None and self.until_ms <= self.from_ms

    def holds(self, utc_ms: int) -> bool:
        return self.from_ms <= utc_ms and (self.until_ms is None or utc_ms < self.until_ms)


People = Mapping[str, Sequence[Vouched]]
"""By person."""


def holders(people: People, key: bytes) -> list[str]:
    """For whom the force vouches, or vouched once, with this key: sorted."""
    return sorted(person for person, keys in people.items() if any(vouched.key == key for vouched in keys))


def term(people: People, person: str, key: bytes) -> Vouched | None:
    """How the force vouches that this key is this person's; None: it does not."""
    return next((vouched for vouched in people.get(person, ()) if vouched.key == key), None)


def signs(people: People, person: str, utc_ms: int) -> bool:
    """Whether this person had a key then that the force knew of: what they said is expected to be signed."""
    return any(vouched.holds(utc_ms) and vouched.known_ms <= utc_ms for vouched in people.get(person, ()))
