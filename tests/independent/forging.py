"""Journal files with right checksums that nobody's unit wrote, built by the text of JOURNAL.md (4, 6, 15)."""

import hashlib
import hmac
import struct
import zlib
from collections.abc import Iterable, Iterator

OPEN_KEY = bytes(16)
ERA = 1 << 24


def with_crc(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "big")


def link(chain: bytes, record: bytes) -> bytes:
    """The chain value behind a record."""
    return hashlib.sha256(chain + record[:-4]).digest()


def start(serial: bytes) -> bytes:
    return hashlib.sha256(b"interlock journal 2" + serial).digest()


def record(kind: int, sequence: int, payload: bytes, chain: bytes, key: bytes) -> bytes:
    body = struct.pack(">BBIHBI", len(payload), kind, sequence, 1, 0, sequence) + payload
    return with_crc(body + hmac.digest(key, chain + body, "sha256")[:6])


def header(first: int, chain: bytes, epoch: int, serial: bytes, role: int = 1, unit: int = 1) -> bytes:
    return with_crc(struct.pack(">4sBBH8sI32sI", b"ILJF", 2, role, unit, serial, first, chain, epoch))


def gap(first: int, chain: bytes, epoch: int) -> bytes:
    return with_crc(struct.pack(">4sI32sI", b"\xfd\x00IG", first, chain, epoch))


def closed(data: bytes, count: int, chain: bytes) -> bytes:
    """A file with its footer; `data`: header and items."""
    return with_crc(data + struct.pack(">4sI32s", b"\xfe\x00IF", count, chain))


def parts(blob: bytes) -> Iterator[bytes]:
    """The items of a sound file without breaks, footer left out."""
    at = 60
    while blob[at] != 0xFE:
        size = 23 + blob[at] if blob[at] <= 64 else 16 + sum(struct.unpack_from(">HHH", blob, at + 4))
        yield blob[at : at + size]
        at += size


def joined(head: bytes, items: Iterable[bytes]) -> bytes:
    """A file of these items, every chain value, checksum and number of it made to fit. Tags stay as they are."""
    chain, count = head[20:52], 0
    for item in (items := list(items)):
        if item[0] <= 64:
            chain, count = link(chain, item), count + 1
    return closed(head + b"".join(items), count, chain)


def rewritten(blob: bytes, sequence: int, tag: bytes | None = None) -> bytes:
    """The file, one bit of that record's uptime changed (and its tag), and all that anybody can compute made to fit."""
    items = list(parts(blob))
    at = next(i for i, item in enumerate(items) if item[0] <= 64 and int.from_bytes(item[2:6], "big") == sequence)
    changed = bytearray(items[at][:-4])
    changed[12] ^= 1
    if tag is not None:
        changed[-6:] = tag
    items[at] = with_crc(bytes(changed))
    return joined(blob[:60], items)
