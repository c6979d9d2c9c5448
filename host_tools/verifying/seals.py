"""The keys of a journal's seal, epoch by epoch, from the first keys that the vault gave the unit (`core/seal.py`).

All later keys of an era follow from its first one. Which of the vault's keys began an era is found by trying: a set-up
that was cut and run again begins another era, with another key or the same. The work is bounded, whatever files state.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

from interlock.core.crypto import BLOCK_BYTES
from interlock.core.seal import ERA_SHIFT, KEY_BYTES, NEXT, OPEN_KEY, TAG_BYTES

EVOLUTIONS_MAX = 1 << 20
"""Steps from first keys that one file may cost: enough for millions of records, and a few seconds."""

_COUNT = (1 << ERA_SHIFT) - 1
_PADS = b"\x36", b"\x5c"  # RFC 2104
_INNER, _OUTER = (bytes(byte ^ pad[0] for byte in range(256)) for pad in _PADS)


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> "Hash": ...


begin: Callable[[], Hash] = hashlib.sha256().copy
"""A new SHA-256. Faster than `hashlib.sha256()`, for which OpenSSL looks the algorithm up each time."""

Mac = tuple[Callable[[], Hash], Callable[[], Hash]]
"""HMAC-SHA256 under a seal key, begun: what its inner and outer hash are copied from. Faster than `hmac.digest`, which
begins anew each time."""


def mac_of(key: bytes) -> Mac:
    inner, outer = begin(), begin()
    inner.update(key.translate(_INNER).ljust(BLOCK_BYTES, _PADS[0]))
    outer.update(key.translate(_OUTER).ljust(BLOCK_BYTES, _PADS[1]))
    return inner.copy, outer.copy


def tag_of(mac: Mac, chain: bytes, body: bytes) -> bytes:
    """The 6 bytes that a record with this `body` carries behind the chain value `chain`."""
    inner, outer = mac[0](), mac[1]()
    inner.update(chain + body)
    outer.update(inner.digest())
    return outer.digest()[:TAG_BYTES]


def key_after(mac: Mac) -> bytes:
    """The key of the epoch after that of this Mac: `seal.next_key`, without beginning anew."""
    begin_inner, begin_outer = mac
    inner, outer = begin_inner(), begin_outer()
    inner.update(NEXT)
    outer.update(inner.digest())
    return outer.digest()[:KEY_BYTES]


def mac_after(mac: Mac) -> Mac:
    """That of the epoch after."""
    return mac_of(key_after(mac))


def era_of(epoch: int) -> int:
    return epoch >> ERA_SHIFT


def is_next(epoch: int, before: int) -> bool:
    """Whether `epoch` is the one that follows in the same era, which has keys of its own."""
    return epoch == before + 1 and epoch & _COUNT > 0 and before > _COUNT


def may_follow(epoch: int, before: int) -> bool:
    """Whether a seal record under `before` may announce `epoch`: the next key, or the first one of a later era."""
    if era_of(epoch) == era_of(before):
        return epoch == before + 1 and era_of(before) > 0
    return epoch > before and not epoch & _COUNT


def changes_between(before: int, epoch: int) -> int:
    """How many changes of key, each of them a record, lie at least between two epochs that rise."""
    return epoch - before if era_of(epoch) == era_of(before) else (epoch & _COUNT) + 1


class Keys:
    """The seal keys of one unit. `first_keys`: of its eras, the newest last; none: only the open key can be checked."""

    def __init__(self, first_keys: Sequence[bytes] = ()) -> None:
        self._first_keys = tuple(dict.fromkeys(reversed(first_keys)))
        self._left = EVOLUTIONS_MAX
        self._reached = (0, self._first_keys)  # after so many steps: epochs of a file rise, so it goes on from there

    def __bool__(self) -> bool:
        return bool(self._first_keys)

    def knows(self, era: int) -> bool:
        """Whether there are as many keys as this era must have had: then one of them must fit."""
        return era <= len(self._first_keys)

    def candidates(self, epoch: int, most: int) -> tuple[bytes, ...]:
        """What the key of `epoch` can be; nothing where it is more than `most` changes of key into its era, or where
        the file has cost enough already."""
        steps = epoch & _COUNT
        if not era_of(epoch):
            return () if steps else (OPEN_KEY,)
        done, keys = self._reached if steps >= self._reached[0] else (0, self._first_keys)
        cost = (steps - done) * len(keys)
        if steps > most or cost > self._left:
            return ()
        self._left -= cost
        for _ in range(steps - done):
            keys = tuple([key_after(mac_of(key)) for key in keys])
        self._reached = (steps, keys)
        return keys
