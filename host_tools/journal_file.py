"""Journal files (`.ilj`): one unit's journal as read out, records verbatim. Format: `firmware/JOURNAL.md`.

Writing, reading and checking. The check sees every accidental change and says where; a forger who recomputes the
unkeyed chain is not caught by it (seal and checkpoints come with a later version).
"""

import struct
from binascii import crc32
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from interlock.core import records
from interlock.core.journal import CRC_BYTES, OVERHEAD_BYTES, TAG_BYTES, Record, chain_next, chain_start, decode

MAGIC = b"ILJF"
VERSION = 1
_HEADER = struct.Struct(">4sBBH8sI32sI")
FOOTER_MAGIC = b"\xfe\x00IF"
_FOOTER = struct.Struct(">4sI32sI")


class Header(NamedTuple):
    """Whose journal it is, and where it begins. `chain`: the chain value before the first record."""

    role: int
    unit: int
    serial: bytes
    first: int
    chain: bytes


@dataclass(frozen=True)
class Intact:
    """Every byte is as it was written: header, records in unbroken sequence and chain, footer."""

    header: Header
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Altered:
    """Something is not as it was written. `offset`: byte in the file where that shows first; `sequence`: of the record
    there, or None in header and footer; `records`: those before it that are sound."""

    offset: int
    sequence: int | None
    reason: str
    header: Header | None
    records: tuple[Record, ...]


Verdict = Intact | Altered


def write(header: Header, journal: Sequence[Record]) -> bytes:
    """The bytes of a journal file."""
    return join(header, [record.raw for record in journal])


def join(header: Header, raws: Sequence[bytes]) -> bytes:
    """The bytes of a journal file with these records, whatever they are: `check` tells what is wrong with them."""
    head = _HEADER.pack(MAGIC, VERSION, *header, 0)[:-CRC_BYTES]
    data = head + struct.pack(">I", crc32(head)) + b"".join(raws)
    chain = header.chain
    for raw in raws:
        chain = chain_next(chain, raw[: len(raw) - TAG_BYTES - CRC_BYTES])
    foot = data + _FOOTER.pack(FOOTER_MAGIC, len(raws), chain, 0)[:-CRC_BYTES]
    return foot + struct.pack(">I", crc32(foot))


def check(data: bytes) -> Verdict:
    """Whether `data`, the bytes of a journal file, is as it was written."""
    if len(data) < _HEADER.size:
        return Altered(len(data), None, "the file ends within its header", None, ())
    magic, version, *fields, crc = _HEADER.unpack_from(data)
    if crc != crc32(data[: _HEADER.size - CRC_BYTES]):
        return Altered(0, None, "the header does not fit its checksum: altered, or no journal file", None, ())
    header = Header(*fields)
    if magic != MAGIC or version != VERSION:
        return Altered(0, None, f"not a journal file of version {VERSION}", None, ())
    if header.first == 0 and header.chain != chain_start(header.serial):
        return Altered(20, None, "the chain does not begin as this unit's does", header, ())
    return _check_records(data, header)


def _check_records(data: bytes, header: Header) -> Verdict:
    offset, sequence, chain = _HEADER.size, header.first, header.chain
    sound: list[Record] = []

    def altered(at: int, reason: str, number: int | None) -> Altered:
        return Altered(at, number, reason, header, tuple(sound))

    while offset < len(data) and data[offset] != FOOTER_MAGIC[0]:
        record = decode(data, offset)
        if record is None:
            length = data[offset]
            if length <= records.PAYLOAD_MAX and offset + OVERHEAD_BYTES + length > len(data):
                return altered(offset, "the file ends within a record", sequence)
            return altered(offset, "the record does not fit its checksum", sequence)
        if record.sequence != sequence:
            return altered(offset, f"record {record.sequence} stands where {sequence} is due", sequence)
        chain = chain_next(chain, record.body)
        if record.tag != chain[:TAG_BYTES]:
            return altered(offset, "the record does not continue the chain", sequence)
        sound.append(record)
        offset += len(record.raw)
        sequence += 1
    if len(data) - offset < _FOOTER.size:
        return altered(offset, "the file ends before its footer: cut short", None)
    magic, count, head, crc = _FOOTER.unpack_from(data, offset)
    if crc != crc32(data[: offset + _FOOTER.size - CRC_BYTES]) or magic != FOOTER_MAGIC:
        return altered(offset, "the footer does not fit its checksum", None)
    if count != len(sound) or head != chain:
        return altered(offset, "the footer counts other records than there are", None)
    if len(data) > offset + _FOOTER.size:
        return altered(offset + _FOOTER.size, "something follows the footer", None)
    return Intact(header, tuple(sound))
