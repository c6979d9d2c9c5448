"""The bytes that a person signs, and by whose SHA-256 a statement is known. Standard library only.

All numbers big-endian, every text UTF-8 with its length before it, so that no two statements have the same bytes:

    19   "interlock statement"
     1   version, 1
     2 + n   serial of the unit
     8   sequence number of the record
     1 + 32  1, SHA-256 of the record's bytes as the unit stored them; or 0 and nothing, where it was not known
     2 + n   code
     4 + n   text
     2 + n   by, the person
     8   when, UTC in ms since 1970, by that host's clock
     1 + 32  1, digest of the statement that this one withdraws or confirms; or 0 and nothing

The digest of a statement is SHA-256 of these bytes: signature and key are not in them.
"""

import hashlib
import struct
from functools import lru_cache

from .. import ed25519
from ..store.rows import AnnotationRow

TAG = b"interlock statement\x01"
DIGEST_BYTES = 32
LATEST_MS = 253_370_764_800_000  # the year 9999 begins: as in `store/sound.py`


def encode(row: AnnotationRow) -> bytes:
    """The bytes to sign. ValueError where a number or a text does not fit into its field: no such statement was ever
    signed."""
    if type(row.utc_ms) is int and not 0 <= row.utc_ms < LATEST_MS:
        raise ValueError("no statement: it is not of a time of the calendar")
    try:
        parts = (
            TAG,
            _text(">H", row.serial),
            struct.pack(">Q", row.sequence),
            _perhaps(row.record),
            _text(">H", row.code),
            _text(">I", row.text),
            _text(">H", row.by),
            struct.pack(">Q", row.utc_ms),
            _perhaps(row.about),
        )
    except (struct.error, UnicodeError) as error:
        raise ValueError(f"no statement: {error}") from None
    return b"".join(parts)


def digest(row: AnnotationRow) -> bytes:
    """By which the statement is known (32 bytes). ValueError: as of `encode`."""
    return hashlib.sha256(encode(row)).digest()


def record_digest(raw: bytes) -> bytes:
    """By which a statement names its record."""
    return hashlib.sha256(raw).digest()


def is_signed_well(row: AnnotationRow) -> bool:
    """Whether the row's signature is that of its key over what it says."""
    if type(row.key) is not bytes or type(row.signature) is not bytes:
        return False
    try:
        return _verified(row.key, encode(row), row.signature)
    except ValueError:
        return False


@lru_cache(maxsize=16_384)
def _verified(key: bytes, signed: bytes, signature: bytes) -> bool:
    """Two milliseconds each: a report asks for the same one more than once."""
    return ed25519.verify(key, signed, signature)


def _text(length: str, text: str) -> bytes:
    if type(text) is not str:  # SQLite takes anything
        raise ValueError("a text is none")
    data = text.encode()
    return struct.pack(length, len(data)) + data


def _perhaps(known: bytes | None) -> bytes:
    if known is None:
        return b"\0"
    if type(known) is not bytes or len(known) != DIGEST_BYTES:
        raise ValueError("a digest has 32 bytes")
    return b"\1" + known
