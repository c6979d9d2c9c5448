"""The pieces of a journal file (`.ilj`, version 2): packed, parsed, and read in bounded memory. What they amount to is
said by `verifying/`; whole files are written and read by `journal_file.py`. Format: `firmware/JOURNAL.md`.
"""

import struct
from binascii import crc32
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from interlock.core import records
from interlock.core.layout import CRC_BYTES, OVERHEAD_BYTES

MAGIC = b"ILJF"
VERSION = 2
BREAK_MAGIC = b"\xfd\x00IG"
SIGNED_MAGIC = b"\xfc\x00IC"
FOOTER_MAGIC = b"\xfe\x00IF"

_CRC = struct.Struct(">I")
_HEADER = struct.Struct(">4sBBH8sI32sI")
_BREAK = struct.Struct(">4sI32sI")
_SIGNED = struct.Struct(">4sHHHH")
_FOOTER = struct.Struct(">4sI32s")
HEADER_BYTES = _HEADER.size + CRC_BYTES
BREAK_BYTES = _BREAK.size + CRC_BYTES
FOOTER_BYTES = _FOOTER.size + CRC_BYTES
SIGNED_BYTES_MAX = _SIGNED.size + 3 * 0xFFFF + CRC_BYTES
CHAIN_AT, EPOCH_AT = 20, 52  # in the header
KIND_AT, _NUMBER_AT = 1, 2  # in a record
_NUMBER = struct.Struct(">I")
CHUNK_BYTES = 1 << 20


class Header(NamedTuple):
    """Whose journal it is, and where it begins. `chain`: the chain value before the first record, zeros if unknown;
    `epoch`: of the key that seals it."""

    role: int
    unit: int
    serial: bytes
    first: int
    chain: bytes
    epoch: int = 0

    def pack(self) -> bytes:
        """The 60 bytes that a file begins with."""
        return _checked(_HEADER.pack(MAGIC, VERSION, *self))


class Break(NamedTuple):
    """The records before `first`, from the one that was due, are not in the file; chain value and epoch as in a
    header."""

    first: int
    chain: bytes
    epoch: int

    def pack(self) -> bytes:
        return _checked(_BREAK.pack(BREAK_MAGIC, *self))


class Signed(NamedTuple):
    """A checkpoint's message with its signature and the public key that the file's writer knew the unit by (HSS forms
    of RFC 8554). `core/checkpoint.py` unpacks the message."""

    message: bytes
    signature: bytes
    public: bytes

    def pack(self) -> bytes:
        return _checked(_SIGNED.pack(SIGNED_MAGIC, *map(len, self), 0) + b"".join(self))


class Footer(NamedTuple):
    """How many `records` there are; `chain`: behind the last of them, zeros if unknown."""

    records: int
    chain: bytes

    def pack(self, before: bytes) -> bytes:
        """The footer of a file whose bytes `before` it are these."""
        return _checked(_FOOTER.pack(FOOTER_MAGIC, *self), crc32(before))


def _checked(data: bytes, before: int = 0) -> bytes:
    return data + _CRC.pack(crc32(data, before))


class Malformed(Exception):
    """The bytes at `offset` of the file are not what must be there. `sequence`: number of the record that is due there,
    None outside of records."""

    def __init__(self, offset: int, reason: str, sequence: int | None = None) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason
        self.sequence = sequence


class CutShort(Malformed):
    """What is missing is the rest of the file: all that is there is sound."""


class Source:
    """A file that is read in chunks: `data` is what is in memory, from the file's byte `base` on; `is_end`: nothing
    follows it. Memory is that of a chunk and of the largest item. Bytes that are not what must be there: Malformed."""

    def __init__(self, stream: BinaryIO, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.data = b""
        self.base = 0
        self.is_end = False
        self._stream = stream
        self._chunk_bytes = max(chunk_bytes, SIGNED_BYTES_MAX)
        self._crc = 0

    def more(self, at: int) -> None:
        """Drop what is before `at` in `data`, and read on."""
        self._crc = crc32(memoryview(self.data)[:at], self._crc)
        fresh = self._stream.read(self._chunk_bytes)
        self.is_end = not fresh
        self.data = self.data[at:] + fresh
        self.base += at

    def _item(self, at: int, size: int, what: str) -> bytes:
        """`size` bytes from `at` on."""
        found = self.data[at : at + size]
        if len(found) < size:
            raise self.ended(at, f"the file ends within {what}")
        return found

    def ended(self, at: int, reason: str, sequence: int | None = None) -> Malformed:
        """What is wrong where the file ends too early: it was cut short, unless the end of one is there."""
        has_end = self.data[-FOOTER_BYTES:].startswith(FOOTER_MAGIC) and len(self.data) - at > FOOTER_BYTES
        return (Malformed if has_end else CutShort)(self.base + at, reason, sequence)

    def header(self) -> Header:
        """The file's header, from its first bytes."""
        while len(self.data) < HEADER_BYTES and not self.is_end:
            self.more(0)
        if len(self.data) < HEADER_BYTES:
            raise CutShort(len(self.data), "the file ends within its header")
        head = self.data[:HEADER_BYTES]
        magic, version, *fields = _HEADER.unpack_from(head)
        if magic == MAGIC and version != VERSION:
            raise Malformed(0, f"a journal file of version {version}; this program reads version {VERSION}")
        if magic != MAGIC or not _is_whole(head):
            raise Malformed(0, "the header does not fit its checksum: altered, or no journal file")
        return Header(*fields)

    def break_(self, at: int) -> Break:
        item = self._item(at, BREAK_BYTES, "a break")
        if item[:4] != BREAK_MAGIC or not _is_whole(item):
            raise Malformed(self.base + at, "a break does not fit its checksum")
        return Break(*_BREAK.unpack_from(item)[1:])

    def signed(self, at: int) -> tuple[Signed, int]:
        """A checkpoint, and the bytes that it takes."""
        magic, *sizes, zero = _SIGNED.unpack(self._item(at, _SIGNED.size, "a checkpoint"))
        size = _SIGNED.size + sum(sizes) + CRC_BYTES
        if magic != SIGNED_MAGIC or zero:
            raise Malformed(self.base + at, "a checkpoint's head is none")
        item = self._item(at, size, "a checkpoint")
        if not _is_whole(item):
            raise Malformed(self.base + at, "a checkpoint does not fit its checksum")
        parts = []
        offset = _SIGNED.size
        for length in sizes:
            parts.append(item[offset : offset + length])
            offset += length
        return Signed(*parts), size

    def footer(self, at: int) -> Footer:
        """The footer, which must be the last thing in the file."""
        item = self._item(at, FOOTER_BYTES, "its footer")
        crc = crc32(memoryview(self.data)[: at + _FOOTER.size], self._crc)
        if item[:4] != FOOTER_MAGIC or _CRC.unpack_from(item, _FOOTER.size)[0] != crc:
            raise Malformed(self.base + at, "the footer does not fit its checksum")
        found = Footer(*_FOOTER.unpack_from(item)[1:])
        self.more(at + FOOTER_BYTES)
        if self.data:
            raise Malformed(self.base, "something follows the footer")
        return found


def _is_whole(item: bytes) -> bool:
    return bool(_CRC.unpack_from(item, len(item) - CRC_BYTES)[0] == crc32(memoryview(item)[:-CRC_BYTES]))


def number_in(raw: bytes) -> int | None:
    """The number of the record whose bytes these are, and nothing else; None: they are no record, or damaged."""
    size = len(raw)
    if size < OVERHEAD_BYTES or size != OVERHEAD_BYTES + raw[0] or raw[0] > records.PAYLOAD_MAX:
        return None
    if _CRC.unpack_from(raw, size - CRC_BYTES)[0] != crc32(raw[:-CRC_BYTES]):
        return None
    number: int = _NUMBER.unpack_from(raw, _NUMBER_AT)[0]
    return number


def raws_of(source: Source, end: int) -> Iterator[bytes]:
    """The records before byte `end` of a file that is sound up to there, verbatim, one by one."""
    source.header()
    at = HEADER_BYTES
    while source.base + at < end:
        if len(source.data) - at < SIGNED_BYTES_MAX and not source.is_end:
            source.more(at)
            at = 0
            continue
        begins = source.data[at]
        if begins <= records.PAYLOAD_MAX:
            size = OVERHEAD_BYTES + begins
            yield source.data[at : at + size]
        elif begins == BREAK_MAGIC[0]:
            size = BREAK_BYTES
        elif begins == SIGNED_MAGIC[0]:
            size = source.signed(at)[1]
        else:
            return
        at += size
