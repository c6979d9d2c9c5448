"""The journal's bytes, declared once: records, sector headers, the unkeyed chain. Contract: `firmware/JOURNAL.md`.

Nothing here writes; `journal.py` does, `reading.py` reads out. A sector is read as *spans*: records in unbroken
sequence and chain. Where bits rotted there is a hole, and behind it the chain value is unknown until the next sector
states it.
"""

import hashlib
import struct
from binascii import crc32

from . import records
from .patient import read_patiently
from .seal import TAG_BYTES

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    from .needs import Bytes, Flash
    from .seal import OpenSeal

ALIGN = 4
HEAD = ">BBIHHHB"  # payload length, type, sequence, boot, uptime ms (high 16, middle 16, low 8 bits)
HEAD_BYTES = 13
CRC_BYTES = 4
OVERHEAD_BYTES = HEAD_BYTES + TAG_BYTES + CRC_BYTES
RECORD_MAX = 88  # the longest record, padded: what a torn write can have touched

SECTOR_MAGIC = b"ILJ\x02"
SECTOR_HEAD = ">4sII32sI"  # magic, sector sequence, first record's sequence, chain value before it, its epoch
SECTOR_HEAD_BYTES = 52  # 48, CRC32 4
# Programmed over a header before its sector is erased: an erase that is cut must not bring it back.
RETIRED = bytes(12) + b"\xff" * 36 + bytes(CRC_BYTES)
BLANK = 0xFF
NUMBER_MAX = 0xF0000000  # of sectors and first records: no unit lives to see it, and what is added stays below 2^32
_BLANK_HEAD = b"\xff" * SECTOR_HEAD_BYTES
UNKNOWN = bytes(32)  # a chain value that nobody can tell any more

_LABEL = b"interlock journal 2"


def chain_start(serial: bytes) -> bytes:
    """The chain value before record 0 of the unit with this serial (8 bytes)."""
    start: bytes = hashlib.sha256(_LABEL + serial).digest()
    return start


def chain_next(chain: bytes, chained: bytes) -> bytes:
    """The chain value after a record; `chained`: all of it but its CRC32."""
    following: bytes = hashlib.sha256(chain + chained).digest()
    return following


def padded(length: int) -> int:
    """Bytes that a record of `length` bytes occupies."""
    return (length + ALIGN - 1) // ALIGN * ALIGN


def encode(
    kind: int, sequence: int, boot: int, uptime_ms: int, payload: bytes, chain: bytes, seal: "OpenSeal"
) -> tuple[bytes, bytes]:
    """(record bytes without padding, chain value after it). `seal`: whose key makes its tag (`seal.py`)."""
    body = (
        struct.pack(
            HEAD,
            len(payload),
            kind,
            sequence,
            boot,
            (uptime_ms >> 24) & 0xFFFF,
            (uptime_ms >> 8) & 0xFFFF,
            uptime_ms & 0xFF,
        )
        + payload
    )
    chained = body + seal.tag(chain, body)
    return chained + struct.pack(">I", crc32(chained) & 0xFFFFFFFF), chain_next(chain, chained)


def most_records(sector_bytes: int) -> int:
    """Records in a sector, if they were empty."""
    return (sector_bytes - SECTOR_HEAD_BYTES) // padded(OVERHEAD_BYTES)


class Record:
    """One decoded record. `raw` is what is stored, without padding; `chained` all of it but the CRC32."""

    kind: int
    sequence: int
    boot: int

    def __init__(self, raw: bytes) -> None:
        _, self.kind, self.sequence, self.boot, high, middle, low = struct.unpack_from(HEAD, raw, 0)
        self.uptime_ms: int = high << 24 | middle << 8 | low
        self.raw = bytes(raw)

    @property
    def payload(self) -> bytes:
        """What `fields` reads."""
        return self.raw[HEAD_BYTES : len(self.raw) - TAG_BYTES - CRC_BYTES]

    @property
    def body(self) -> bytes:
        """Head and payload."""
        return self.raw[: len(self.raw) - TAG_BYTES - CRC_BYTES]

    @property
    def tag(self) -> bytes:
        """The seal's tag."""
        return self.raw[len(self.raw) - TAG_BYTES - CRC_BYTES : len(self.raw) - CRC_BYTES]

    @property
    def chained(self) -> bytes:
        """What the chain goes over."""
        return self.raw[: len(self.raw) - CRC_BYTES]

    def fields(self) -> "Any":
        """The payload's fields (see `records.unpack`)."""
        return records.unpack(self.kind, self.payload)


def decode(data: "Bytes", offset: int) -> Record | None:
    """The Record that begins at `offset` of `data` (bytes-like), or None when no valid one does."""
    if offset + OVERHEAD_BYTES > len(data) or data[offset] > records.PAYLOAD_MAX:
        return None
    end = offset + OVERHEAD_BYTES + data[offset]
    if end > len(data):
        return None
    raw = bytes(data[offset:end])
    if struct.unpack(">I", raw[-CRC_BYTES:])[0] != crc32(raw[:-CRC_BYTES]) & 0xFFFFFFFF:
        return None
    return Record(raw)


class SectorHead:
    """A sector's header: its number in the ring's life, its first record's sequence, chain value before and epoch."""

    number: int
    first: int
    chain: bytes
    epoch: int

    def __init__(self, number: int, first: int, chain: bytes, epoch: int) -> None:
        self.number, self.first, self.chain, self.epoch = number, first, chain, epoch

    def encode(self) -> bytes:
        """The header as stored (52 bytes)."""
        data = struct.pack(SECTOR_HEAD, SECTOR_MAGIC, self.number, self.first, self.chain, self.epoch)
        return data + struct.pack(">I", crc32(data) & 0xFFFFFFFF)


def decode_head(data: "Bytes") -> SectorHead | None:
    """The header in a sector's first bytes, or None: no journal."""
    magic, number, first, chain, epoch = struct.unpack_from(SECTOR_HEAD, data, 0)
    crc = struct.unpack_from(">I", data, SECTOR_HEAD_BYTES - CRC_BYTES)[0]
    if magic != SECTOR_MAGIC or crc != crc32(bytes(data[: SECTOR_HEAD_BYTES - CRC_BYTES])) & 0xFFFFFFFF:
        return None
    return SectorHead(number, first, chain, epoch) if number <= NUMBER_MAX and first <= NUMBER_MAX else None


def is_due(record: Record, due: int, sector_bytes: int) -> bool:
    """Whether this can be the record `due`, or one behind a hole in the same sector. An older one can only be left over
    from before an erase that a power cut tore; a much newer one belongs to no such sector."""
    return 0 <= record.sequence - due <= sector_bytes // OVERHEAD_BYTES


def is_blank(data: "Bytes", start: int, end: int) -> bool:
    """Whether nothing was programmed there."""
    for i in range(start, end):
        if data[i] != BLANK:
            return False
    return True


class Span:
    """Records in unbroken sequence. `first`: sequence of the first; `chain`: value before it, or UNKNOWN; `epoch`: its
    seal's, as far as it is known."""

    def __init__(self, first: int, chain: bytes, epoch: int) -> None:
        self.first, self.chain, self.epoch = first, chain, epoch
        self.records: list[Record] = []


class Sector:
    """One sector as read. `head`: None when it has no valid one, and no spans then, but what is found of `records`;
    `torn`: writes that a power cut tore; `free`: where the next record may go, from the sector's beginning."""

    def __init__(self, data: "Bytes") -> None:
        self.head = decode_head(data)
        self.records: list[Record] = []
        self.torn = 0
        self.free = self.size = len(data)
        self.is_blank = self.head is None and is_blank(data, 0, len(data))
        if not self.is_blank:
            self._walk(data)

    def _walk(self, data: "Bytes") -> None:
        offset = end = SECTOR_HEAD_BYTES
        due = None if self.head is None else self.head.first
        while offset < len(data):
            record = decode(data, offset)
            if record is None or (due is not None and not is_due(record, due, len(data))):
                offset += ALIGN
                continue
            self.records.append(record)
            due = record.sequence + 1
            offset = end = offset + padded(len(record.raw))
        # Writes after a torn one go RECORD_MAX further each time, so nothing touched is touched again.
        while end < len(data) and not is_blank(data, end, len(data)):
            self.torn += 1
            end += RECORD_MAX
        self.free = min(end, len(data))

    def spans(self) -> list[Span]:
        """Its records by their unbroken runs, oldest first; none without a header."""
        head = self.head
        if head is None:
            return []
        spans = [Span(head.first, head.chain, head.epoch)]
        due, epoch = head.first, head.epoch
        for record in self.records:
            if record.sequence != due:
                spans.append(Span(record.sequence, UNKNOWN, epoch))
            spans[-1].records.append(record)
            if record.kind == records.SEAL:
                begins = record.fields()
                epoch = begins.epoch if begins is not None else epoch
            due = record.sequence + 1
        return [span for span in spans if span.records] or spans[:1]

    def missing(self, following: int | None = None) -> tuple[int, int]:
        """(sequence of the first record that is not there any more, how many), (0, 0) for none. `following`: with which
        the next sector begins, where there is one."""
        head = self.head
        if head is None:
            return 0, 0
        due, first, count = head.first, 0, 0
        for record in self.records:
            if record.sequence != due:
                first = first if count else due
                count += record.sequence - due
            due = record.sequence + 1
        if following is not None and due < following <= due + (self.size // OVERHEAD_BYTES):
            first = first if count else due
            count += following - due
        return first, count


def read_sector(flash: "Flash", index: int) -> Sector:
    """The Sector at `index`."""
    data = bytearray(flash.sector_bytes)
    flash.read(index * flash.sector_bytes, data)
    return Sector(data)


def read_head(flash: "Flash", index: int) -> SectorHead | None:
    """The header of the sector at `index`, or None when it holds no journal. OSError when it cannot be read."""
    data = bytearray(SECTOR_HEAD_BYTES)
    flash.read(index * flash.sector_bytes, data)
    return decode_head(data)


def find_head(flash: "Flash", index: int) -> SectorHead | None:
    """The same, read patiently. One that cannot be read is none: what looks for a sector goes past it."""
    data = bytearray(SECTOR_HEAD_BYTES)
    return decode_head(data) if read_patiently(flash, index * flash.sector_bytes, data) else None


def following(flash: "Flash", index: int, number: int) -> tuple[int, SectorHead] | None:
    """(index, header) of the sector written next after the one at `index`, whose number that is, or None."""
    found = None
    sectors = flash.size // flash.sector_bytes
    for step in range(1, sectors):
        at = (index + step) % sectors
        head = find_head(flash, at)
        if head is not None and head.number > number and (found is None or head.number < found[1].number):
            found = at, head
            if head.number == number + 1:
                break
    return found


class Ring:
    """What all sectors' headers say. `heads`: {index: (number, sequence of the first record)}; `order`: these indices,
    oldest first; `headless`: sectors that were written and have no valid header; `unreadable`: those that cannot even
    be read."""

    def __init__(self, flash: "Flash") -> None:
        self.heads: dict[int, tuple[int, int]] = {}
        self.headless: list[int] = []
        self.unreadable: list[int] = []
        data = bytearray(SECTOR_HEAD_BYTES)
        for index in range(flash.size // flash.sector_bytes):
            if not read_patiently(flash, index * flash.sector_bytes, data):
                self.unreadable.append(index)
                continue
            head = decode_head(data)
            if head is not None:
                self.heads[index] = (head.number, head.first)
            elif data != _BLANK_HEAD:
                self.headless.append(index)
        # Of one number, if it is there twice, the one that begins later is later: MicroPython's sort is not stable.
        self.order = sorted(self.heads, key=self.heads.__getitem__)


def first_record(flash: "Flash", index: int) -> Record | None:
    """The record right behind the header's place of that sector, whatever the header says, or None."""
    data = bytearray(RECORD_MAX)
    offset = index * flash.sector_bytes + SECTOR_HEAD_BYTES
    return decode(data, 0) if read_patiently(flash, offset, data) else None
