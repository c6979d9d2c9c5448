"""The journal: a ring of hash-chained records on a raw flash area. Contract and bytes: `firmware/JOURNAL.md`.

Guarantees: one record is one program operation; a record is wholly there or not; a record that `append` reported is
never lost; recovery comes up after a power cut at any instant, also in recovery. It is tamper-evident only by its
unkeyed chain so far (seal and signed checkpoints come with a later version).

The flash it needs (`drivers/`, and the simulator's): `size` and `sector_bytes` (ints), `read(offset, buffer)`,
`program(offset, data)` which only clears bits, `erase(offset)` of one sector. Failures raise OSError.
"""

import hashlib
import struct
from binascii import crc32

from . import records

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .needs import Bytes, Flash

ALIGN = 8
HEAD = ">BBIHHHB"  # payload length, type, sequence, boot, uptime ms (high 16, middle 16, low 8 bits)
HEAD_BYTES = 13
TAG_BYTES = 8
CRC_BYTES = 4
OVERHEAD_BYTES = HEAD_BYTES + TAG_BYTES + CRC_BYTES
RECORD_MAX = 96  # the longest record, padded: what a torn write can have touched

SECTOR_MAGIC = b"ILJ\x01"
SECTOR_HEAD = ">4sII32s"  # magic, sector sequence, first record's sequence, chain value before it
SECTOR_HEAD_BYTES = 48  # 44, CRC32 4
BLANK = 0xFF

_LABEL = b"interlock journal 1"


class JournalError(Exception):
    """The flash area cannot hold a journal (too small, or not writable)."""


def chain_start(serial: bytes) -> bytes:
    """The chain value before record 0 of the unit with this serial (8 bytes)."""
    start: bytes = hashlib.sha256(_LABEL + serial).digest()
    return start


def chain_next(chain: bytes, body: bytes) -> bytes:
    """The chain value after a record whose head and payload are `body`."""
    following: bytes = hashlib.sha256(chain + body).digest()
    return following


def padded(length: int) -> int:
    """Bytes that a record of `length` bytes occupies."""
    return (length + ALIGN - 1) // ALIGN * ALIGN


def encode(kind: int, sequence: int, boot: int, uptime_ms: int, payload: bytes, chain: bytes) -> tuple[bytes, bytes]:
    """(record bytes without padding, chain value after it)."""
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
    chain = chain_next(chain, body)
    signed = body + chain[:TAG_BYTES]
    return signed + struct.pack(">I", crc32(signed) & 0xFFFFFFFF), chain


class Record:
    """One decoded record. `raw` is what is stored, without padding."""

    kind: int
    sequence: int
    boot: int

    def __init__(self, raw: bytes) -> None:
        length, self.kind, self.sequence, self.boot, high, middle, low = struct.unpack_from(HEAD, raw, 0)
        self.uptime_ms: int = high << 24 | middle << 8 | low
        self.payload = bytes(raw[HEAD_BYTES : HEAD_BYTES + length])
        self.body = bytes(raw[: HEAD_BYTES + length])
        self.tag = bytes(raw[HEAD_BYTES + length : HEAD_BYTES + length + TAG_BYTES])
        self.raw = bytes(raw)

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


def _is_blank(data: "Bytes", start: int, end: int) -> bool:
    for i in range(start, end):
        if data[i] != BLANK:
            return False
    return True


def read_sector_head(data: "Bytes") -> tuple[int, int, bytes] | None:
    """(sector sequence, first record's sequence, chain value before it) of a sector's bytes, or None: no journal."""
    magic, sequence, first, chain = struct.unpack_from(SECTOR_HEAD, data, 0)
    crc = struct.unpack_from(">I", data, SECTOR_HEAD_BYTES - CRC_BYTES)[0]
    if magic != SECTOR_MAGIC or crc != crc32(bytes(data[: SECTOR_HEAD_BYTES - CRC_BYTES])) & 0xFFFFFFFF:
        return None
    return sequence, first, chain


class _Sector:
    """One sector as read: its header and records, and where the next record may go."""

    first: int
    chain: bytes

    def __init__(self, data: "Bytes") -> None:
        self.sequence: int | None = None
        self.records: list[Record] = []
        self.torn = 0
        self.free = len(data)
        head = read_sector_head(data)
        if head is None:
            return
        self.sequence, self.first, self.chain = head
        self._walk(data)

    def _walk(self, data: "Bytes") -> None:
        offset = end = SECTOR_HEAD_BYTES
        while offset < len(data):
            record = decode(data, offset)
            if record is None:
                offset += ALIGN
                continue
            self.records.append(record)
            offset = end = offset + padded(len(record.raw))
        # Writes after a torn one go RECORD_MAX further each time, so nothing touched is touched again.
        while end < len(data) and not _is_blank(data, end, len(data)):
            self.torn += 1
            end += RECORD_MAX
        self.free = min(end, len(data))


def read_sector(flash: "Flash", index: int) -> _Sector:
    """The _Sector at `index`."""
    data = bytearray(flash.sector_bytes)
    flash.read(index * flash.sector_bytes, data)
    return _Sector(data)


def read_header(flash: "Flash", index: int) -> tuple[int, int] | None:
    """(sector sequence, first record's sequence) at `index`, or None when the sector holds no journal."""
    data = bytearray(SECTOR_HEAD_BYTES)
    flash.read(index * flash.sector_bytes, data)
    head = read_sector_head(data)
    return None if head is None else head[:2]


class Journal:
    """The journal of the unit with `serial` (8 bytes) on `flash`. Opening it recovers whatever the power left.

    `carry`: a function that gives the [(type, payload), ...] to repeat at the head of each new sector, so that facts
    which must survive an overflow (counters, peers) are always near the end. The last of them is a CONFIG record: where
    one is, the set before it is complete.
    """

    boot: int
    sequence: int
    first: int
    head: bytes

    def __init__(self, flash: "Flash", serial: bytes, carry: "Callable[[], list[tuple[int, bytes]]]") -> None:
        self.sectors = flash.size // flash.sector_bytes
        if self.sectors < 4:
            raise JournalError("the journal needs at least 4 sectors; this area has %d" % self.sectors)
        self._flash = flash
        self._serial = serial
        self._carry = carry
        self._ready = False  # whether the next sector is erased
        self._loss_known: int | None = 0
        self.recent: list[Record] = []  # the newest records, as recovery found them
        self.recovered_torn = 0
        self._recover()

    # Reading.

    def _order(self) -> tuple[list[int], dict[int, tuple[int, int]]]:
        """Indices of the sectors that hold records, oldest first, and {index: header}."""
        headers = {}
        for index in range(self.sectors):
            header = read_header(self._flash, index)
            if header is not None:
                headers[index] = header
        return sorted(headers, key=lambda index: headers[index][0]), headers

    def _recover(self) -> None:
        order, headers = self._order()
        if not order:
            self.boot = 1
            self.sequence = 0
            self.first = 0
            self.head = chain_start(self._serial)
            self._flash.erase(0)
            self._open_sector(0, 0)
            return
        self._index = order[-1]
        self._sector_sequence = headers[self._index][0]
        self.first = headers[order[0]][1]
        newest = read_sector(self._flash, self._index)
        self._offset = newest.free
        self.recovered_torn = newest.torn
        self.sequence, self.head, self.boot = newest.first, newest.chain, 1
        for record in newest.records:
            self.head = chain_next(self.head, record.body)
            self.sequence = record.sequence + 1
        self.recent = newest.records
        # Back to the last complete set of carried facts: cuts may have torn any number of attempts since.
        for index in reversed(order[:-1]):
            if records.CONFIG in [record.kind for record in self.recent]:
                break
            self.recent = read_sector(self._flash, index).records + self.recent
        for record in self.recent:
            loss = record.fields() if record.kind == records.LOSS else None
            if loss is not None:
                self._loss_known = loss.first_kept
        if self.recent:
            self.boot = (self.recent[-1].boot + 1) & 0xFFFF

    # Writing.

    def append(self, kind: int, payload: bytes, uptime_ms: int) -> int:
        """Write one record; when this returns its sequence number, the record survives any power cut.

        Raises OSError when the flash fails."""
        if len(payload) > records.PAYLOAD_MAX:
            raise ValueError("a record's payload has at most %d bytes" % records.PAYLOAD_MAX)
        if self._offset + padded(OVERHEAD_BYTES + len(payload)) > self._flash.sector_bytes:
            self._next_sector(uptime_ms)
        raw, chain = encode(kind, self.sequence, self.boot, uptime_ms, payload, self.head)
        offset = self._index * self._flash.sector_bytes + self._offset
        self._offset += padded(len(raw))
        self._program(offset, raw)
        self.head = chain
        self.sequence += 1
        return self.sequence - 1

    def _program(self, offset: int, raw: bytes) -> None:
        """Program a record. A driver that reports failure after the flash took it all is not believed: writing the same
        sequence number again would make the journal look altered."""
        try:
            self._flash.program(offset, raw)
        except OSError:
            there = bytearray(len(raw))
            self._flash.read(offset, there)
            if bytes(there) != raw:
                raise

    def tidy(self, uptime_ms: int) -> bool:
        """Erase ahead, in a quiet slot: True when there was something to do. Erasing stops a board for 45-300 ms."""
        if self._ready and self._loss_known == self.first:
            return False
        if not self._ready:
            self._erase_next()
        self._report_loss(uptime_ms)
        return True

    def _report_loss(self, uptime_ms: int) -> None:
        """Journal how far the ring has eaten its tail; also what a power cut kept from being reported."""
        if self._loss_known != self.first:
            self._loss_known = self.first
            self.append(records.LOSS, records.pack(records.LOSS, self.first), uptime_ms)

    def _next_sector(self, uptime_ms: int) -> None:
        if not self._ready:
            self._erase_next()
        self._ready = False
        self._open_sector((self._index + 1) % self.sectors, self._sector_sequence + 1)
        for kind, payload in self._carry():
            self.append(kind, payload, uptime_ms)
        if self.first:
            self._loss_known = None  # repeat it in each sector, as the carried facts are
            self._report_loss(uptime_ms)

    def _open_sector(self, index: int, sector_sequence: int) -> None:
        head = struct.pack(SECTOR_HEAD, SECTOR_MAGIC, sector_sequence, self.sequence, self.head)
        self._flash.program(index * self._flash.sector_bytes, head + struct.pack(">I", crc32(head) & 0xFFFFFFFF))
        # Only now: had the program failed, the sector before would still be the one in use.
        self._index = index
        self._sector_sequence = sector_sequence
        self._offset = SECTOR_HEAD_BYTES

    def _erase_next(self) -> None:
        """Retire the oldest sector and erase it. The header goes first: a half-erased sector never looks valid."""
        index = (self._index + 1) % self.sectors
        held = read_header(self._flash, index)
        base = index * self._flash.sector_bytes
        if held is not None:
            self._flash.program(base, bytes(SECTOR_HEAD_BYTES))
        self._flash.erase(base)
        self._ready = True
        if held is None:
            return
        after = read_header(self._flash, (index + 1) % self.sectors)
        self.first = after[1] if after else self.sequence


class Reading:
    """A journal as read out of `flash`, oldest record first: what pulls and files are made from. Changes nothing.

    `first`: sequence of the first record held; `chain`: the chain value before it; `records`: list of Record.
    """

    def __init__(self, flash: "Flash") -> None:
        sectors = []
        for index in range(flash.size // flash.sector_bytes):
            header = read_header(flash, index)
            if header is not None:
                sectors.append((header[0], index))
        if not sectors:
            raise JournalError("no journal on this flash: the unit was never provisioned, or the area is wrong")
        held = [read_sector(flash, index) for _, index in sorted(sectors)]
        self.first, self.chain = held[0].first, held[0].chain
        self.records = [record for sector in held for record in sector.records]
