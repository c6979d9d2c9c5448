"""What a unit vouches with, written from `firmware/JOURNAL.md` sections 6 and 7 alone: part of the independent reader.

Seal: an epoch is `era << 24 | n`, a key is 16 bytes, a tag 6. Checkpoints: what their messages say.
"""

import hmac
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

OPEN_KEY = bytes(16)
TAG_BYTES = 6
ERA_BITS = 24
SLOT = struct.Struct(">I16sI")

STATEMENT = struct.Struct(">22s8sII32sHBIQI16s")
STATEMENT_LABEL = b"interlock checkpoint 1"


def tag_of(key: bytes, chain: bytes, body: bytes) -> bytes:
    """Of the record with head and payload `body` behind the chain value `chain`."""
    return hmac.digest(key, chain + body, "sha256")[:TAG_BYTES]


def key_after(key: bytes, steps: int = 1) -> bytes:
    """K(n + steps) from K(n)."""
    for _ in range(steps):
        key = hmac.digest(key, b"interlock seal key", "sha256")[:16]
    return key


def split_epoch(epoch: int) -> tuple[int, int]:
    """(era, n)."""
    return epoch >> ERA_BITS, epoch & (1 << ERA_BITS) - 1


def may_follow(epoch: int, before: int) -> bool:
    """Whether a *seal* record under `before` may announce `epoch`."""
    (era, n), (era_before, _) = split_epoch(epoch), split_epoch(before)
    return epoch == before + 1 if 0 < era == era_before else era > era_before and n == 0


def slots(sector: bytes) -> list[tuple[str, int, bytes]]:
    """Of a sector of keys, each slot: (state, number, secret)."""
    found = []
    for at in range(0, len(sector) // SLOT.size * SLOT.size, SLOT.size):
        raw = sector[at : at + SLOT.size]
        number, secret, crc = SLOT.unpack(raw)
        states = {bytes([0xFF]) * SLOT.size: "unused", bytes(SLOT.size): "destroyed"}
        state = states.get(raw, "key" if zlib.crc32(raw[:-4]) == crc else "torn")
        found.append((state, number, secret))
    return found


def key_in_force(*sectors: bytes) -> tuple[int, bytes] | None:
    """(epoch, key) of the highest number, None when no slot holds a key."""
    return max(((number, key) for s in sectors for state, number, key in slots(s) if state == "key"), default=None)


class Seal:
    """Follows the keys along a journal: what fits the tags, of the keys that the vault gave the unit (16 bytes each).

    With `first_keys` empty, only records under the open key are checked.
    """

    def __init__(self, epoch: int, first_keys: Sequence[bytes]) -> None:
        self.epoch = epoch
        self.first_keys = tuple(first_keys)
        self.key: bytes | None = None

    def enter(self, epoch: int) -> None:
        """Further records are under this epoch's key."""
        is_next = split_epoch(epoch)[0] and epoch == self.epoch + 1
        self.key = key_after(self.key) if is_next and self.key is not None else None
        self.epoch = epoch

    def is_open_though_given(self) -> bool:
        """Whether the open key is in use, and the vault gave the unit another one, then or later."""
        return bool(self.first_keys) and split_epoch(self.epoch)[0] == 0

    def fits(self, tag: bytes, chain: bytes, body: bytes, sequence: int) -> bool:
        """Whether a record's tag is of this epoch, as far as keys are known. The key that fits first stays."""
        era, n = split_epoch(self.epoch)
        if era and not self.first_keys:
            return True
        if self.key is not None:
            return tag_of(self.key, chain, body) == tag
        if n > (sequence if era else 0):
            return False
        candidates = [key_after(key, n) for key in self.first_keys] if era else [OPEN_KEY]
        self.key = next((key for key in candidates if tag_of(key, chain, body) == tag), None)
        return self.key is not None


@dataclass(frozen=True)
class Statement:
    """What a checkpoint's message says (105 bytes)."""

    serial: bytes
    index: int
    following: int
    chain: bytes
    boot: int
    uptime_ms: int
    utc_ms: int
    utc_u_ms: int
    nonce: bytes


def read_statement(message: bytes) -> Statement | None:
    """None when it is not a checkpoint's message."""
    if len(message) != STATEMENT.size or not message.startswith(STATEMENT_LABEL):
        return None
    _, serial, index, following, chain, boot, high, low, utc_ms, utc_u_ms, nonce = STATEMENT.unpack(message)
    return Statement(serial, index, following, chain, boot, high << 32 | low, utc_ms, utc_u_ms, nonce)


def write_statement(s: Statement) -> bytes:
    uptime = s.uptime_ms >> 32, s.uptime_ms & 0xFFFFFFFF
    numbers = (s.boot, *uptime, s.utc_ms, s.utc_u_ms)
    return STATEMENT.pack(STATEMENT_LABEL, s.serial, s.index, s.following, s.chain, *numbers, s.nonce)
