"""An independent reader of journals, written from `firmware/JOURNAL.md` alone: standard library, nothing of ours.

It shows that the text suffices, and it holds the text to the code (`test_documents.py`). It is not the host tool and
takes no part in the product. Frames have the same in `independent_frames.py`.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass

ILJ_HEADER = struct.Struct(">4sBBH8sI32sI")
ILJ_FOOTER = struct.Struct(">4sI32sI")
FOOTER_MAGIC = b"\xfe\x00IF"

RECORD_HEAD = struct.Struct(">BBIHHHB")
RECORD_OVERHEAD = 25
PAYLOAD_MAX = 64
RECORD_MAX = 96
ALIGN = 8

SECTOR_HEADER = struct.Struct(">4sII32sI")
SECTOR_MAGIC = b"ILJ\x01"


@dataclass(frozen=True)
class Record:
    """One record; `raw` as stored, without padding; `body`: head and payload, what the chain covers."""

    kind: int
    sequence: int
    boot: int
    uptime_ms: int
    payload: bytes
    tag: bytes
    body: bytes
    raw: bytes


def chain_start(serial: bytes) -> bytes:
    return hashlib.sha256(b"interlock journal 1" + serial).digest()


def chain_next(chain: bytes, body: bytes) -> bytes:
    return hashlib.sha256(chain + body).digest()


def record_at(data: bytes, offset: int) -> Record | None:
    """The record that begins at `offset`, or None when its length or its CRC says that none does."""
    if offset >= len(data) or data[offset] > PAYLOAD_MAX:
        return None
    end = offset + RECORD_OVERHEAD + data[offset]
    raw = data[offset:end]
    if len(raw) < end - offset or zlib.crc32(raw[:-4]) != int.from_bytes(raw[-4:], "big"):
        return None
    _, kind, sequence, boot, high, middle, low = RECORD_HEAD.unpack_from(raw)
    uptime_ms = high << 24 | middle << 8 | low
    body, tag = raw[:-12], raw[-12:-4]
    return Record(kind, sequence, boot, uptime_ms, body[RECORD_HEAD.size :], tag, body, raw)


def verify(data: bytes) -> tuple[bool, int | None, str]:
    """(whether the journal file is as it was written, offset of the first bad byte or None, reason)."""
    if len(data) < ILJ_HEADER.size:
        return False, len(data), "header cut short"
    magic, version, _role, _unit, serial, sequence, chain, crc = ILJ_HEADER.unpack_from(data)
    if zlib.crc32(data[:52]) != crc:
        return False, 0, "header checksum"
    if magic != b"ILJF" or version != 1:
        return False, 0, "not a journal file of version 1"
    if sequence == 0 and chain != chain_start(serial):
        return False, 20, "chain start"
    offset, first = ILJ_HEADER.size, sequence
    while offset < len(data) and data[offset] != FOOTER_MAGIC[0]:
        record = record_at(data, offset)
        if record is None:
            return False, offset, "record length or checksum"
        if record.sequence != sequence:
            return False, offset, "sequence"
        chain = chain_next(chain, record.body)
        if record.tag != chain[:8]:
            return False, offset, "chain"
        offset += len(record.raw)
        sequence += 1
    return _verify_footer(data, offset, sequence - first, chain)


def _verify_footer(data: bytes, offset: int, count: int, chain: bytes) -> tuple[bool, int | None, str]:
    end = offset + ILJ_FOOTER.size
    if len(data) < end:
        return False, offset, "footer cut short"
    if ILJ_FOOTER.unpack_from(data, offset) != (FOOTER_MAGIC, count, chain, zlib.crc32(data[: end - 4])):
        return False, offset, "footer"
    if len(data) > end:
        return False, end, "something follows the footer"
    return True, None, "intact"


def write_ilj(role: int, unit: int, serial: bytes, first: int, chain: bytes, records: list[Record]) -> bytes:
    """A journal file of these records."""
    data = ILJ_HEADER.pack(b"ILJF", 1, role, unit, serial, first, chain, 0)[:-4]
    data += struct.pack(">I", zlib.crc32(data))
    for record in records:
        data += record.raw
        chain = chain_next(chain, record.body)
    data += ILJ_FOOTER.pack(FOOTER_MAGIC, len(records), chain, 0)[:-4]
    return data + struct.pack(">I", zlib.crc32(data))


def write_record(
    kind: int, sequence: int, boot: int, uptime_ms: int, payload: bytes, chain: bytes
) -> tuple[Record, bytes]:
    """(the record, the chain value after it)."""
    head = struct.pack(">BBIH", len(payload), kind, sequence, boot) + uptime_ms.to_bytes(5, "big")
    after = chain_next(chain, head + payload)
    signed = head + payload + after[:8]
    record = record_at(signed + struct.pack(">I", zlib.crc32(signed)), 0)
    assert record is not None
    return record, after


def write_sector_header(sequence: int, first: int, chain: bytes) -> bytes:
    head = SECTOR_HEADER.pack(SECTOR_MAGIC, sequence, first, chain, 0)[:-4]
    return head + struct.pack(">I", zlib.crc32(head))


@dataclass(frozen=True)
class Sector:
    """One sector that holds records: its header, what it holds, and where a next record would go."""

    sequence: int
    first: int
    chain: bytes
    records: tuple[Record, ...]
    free: int


def read_sector(data: bytes) -> Sector | None:
    """The sector, or None when its header is not valid."""
    magic, sequence, first, chain, crc = SECTOR_HEADER.unpack_from(data)
    if magic != SECTOR_MAGIC or crc != zlib.crc32(data[:44]):
        return None
    records = []
    offset = end = SECTOR_HEADER.size
    while offset < len(data):
        record = record_at(data, offset)
        if record is None:
            offset += ALIGN
        else:
            records.append(record)
            offset = end = offset + -(-len(record.raw) // ALIGN) * ALIGN
    while end < len(data) and data[end:].strip(b"\xff"):
        end += RECORD_MAX
    return Sector(sequence, first, chain, tuple(records), min(end, len(data)))


def read_flash(image: bytes, sector_bytes: int = 4096) -> tuple[int, bytes, list[Record]]:
    """(first sequence number, chain value before it, records) of a raw journal area; ValueError when it holds none."""
    images = [image[at : at + sector_bytes] for at in range(0, len(image), sector_bytes)]
    sectors = sorted((s for s in map(read_sector, images) if s), key=lambda sector: sector.sequence)
    if not sectors:
        raise ValueError("no valid sector header")
    return sectors[0].first, sectors[0].chain, [record for sector in sectors for record in sector.records]
