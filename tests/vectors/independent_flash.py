"""Flash images, read from `firmware/JOURNAL.md` sections 3 and 13 alone: part of the independent reader.

An image is that of the ring: whole sectors, without the areas before it (section 1).
"""

import struct
from dataclasses import dataclass

from .independent import SEAL_RECORD, Break, Record, chain_next, crc_fits, record_at, with_crc

SECTOR_HEADER = struct.Struct(">4sII32sII")
SECTOR_MAGIC = b"ILJ\x02"
ALIGN = 4
RECORD_MAX = 88


@dataclass(frozen=True)
class Sector:
    """One sector that holds records. `place`: which of the ring's; `free`: offset where a next record would go."""

    place: int
    sequence: int
    first: int
    chain: bytes
    epoch: int
    records: tuple[Record, ...]
    traces: int
    free: int

    def holes(self) -> bool:
        return [record.sequence for record in self.records] != list(range(self.first, self.first + len(self.records)))


@dataclass(frozen=True)
class Position:
    """Where a unit goes on. `place`, `free`, `traces`: of the newest sector; `new_sector`: it goes on in another."""

    following: int
    chain: bytes
    boot: int
    place: int
    free: int
    traces: int
    new_sector: bool


@dataclass(frozen=True)
class Reading:
    """A journal as it stands in the ring; `chain` and `epoch` before record `first`."""

    first: int
    chain: bytes
    epoch: int
    items: list[Record | Break]


def write_sector_header(sequence: int, first: int, chain: bytes, epoch: int) -> bytes:
    return with_crc(SECTOR_HEADER.pack(SECTOR_MAGIC, sequence, first, chain, epoch, 0)[:-4])


def padded(record: Record) -> bytes:
    """As it stands in the flash."""
    return record.raw + b"\xff" * (-len(record.raw) % ALIGN)


def records_of(sector: bytes, due: int) -> tuple[list[Record], int]:
    """(valid records from number `due` on, offset behind the last one's padding)."""
    found = []
    offset = end = SECTOR_HEADER.size
    while offset < len(sector):
        record = record_at(sector, offset)
        if record is None or not 0 <= record.sequence - due <= len(sector) // 23:
            offset += ALIGN
        else:
            found.append(record)
            due = record.sequence + 1
            offset = end = offset + len(padded(record))
    return found, end


def read_sector(sector: bytes, place: int = 0) -> Sector | None:
    """None when its header is not valid."""
    if not sector.startswith(SECTOR_MAGIC) or not crc_fits(sector[: SECTOR_HEADER.size]):
        return None
    _, sequence, first, chain, epoch, _ = SECTOR_HEADER.unpack_from(sector)
    if max(sequence, first) > 0xF0000000:
        return None
    records, end = records_of(sector, first)
    traces = 0
    while sector[end:].strip(b"\xff"):
        traces += 1
        end += RECORD_MAX
    return Sector(place, sequence, first, chain, epoch, tuple(records), traces, min(end, len(sector)))


def _sectors(image: bytes, sector_bytes: int) -> tuple[list[bytes], list[Sector]]:
    """(all, those that hold records by their sequence); ValueError when none does."""
    raw = [image[at : at + sector_bytes] for at in range(0, len(image), sector_bytes)]
    held = [sector for place, data in enumerate(raw) if (sector := read_sector(data, place))]
    if not held:
        raise ValueError("no valid sector header")
    return raw, sorted(held, key=lambda sector: sector.sequence)


def read_ring(image: bytes, sector_bytes: int = 4096) -> Reading:
    """Everything that can be read, with a break wherever records are missing or a chain value is known again."""
    _, sectors = _sectors(image, sector_bytes)
    due, epoch = sectors[0].first, sectors[0].epoch
    chain = sectors[0].chain if any(sectors[0].chain) else None
    items: list[Record | Break] = []
    for sector in sectors:
        if sector.first != due or chain is None:
            due, epoch = sector.first, sector.epoch
            chain = sector.chain if any(sector.chain) else None
            items.append(Break(due, chain, epoch))
        for record in sector.records:
            if record.sequence != due:
                items.append(Break(record.sequence, None, epoch))
                chain = None
            items.append(record)
            due = record.sequence + 1
            chain = None if chain is None else chain_next(chain, record)
            if record.kind == SEAL_RECORD:
                epoch = int.from_bytes(record.payload)
    return Reading(sectors[0].first, sectors[0].chain, sectors[0].epoch, items)


def recover(image: bytes, sector_bytes: int = 4096) -> Position:
    """Section 13; ValueError for a first use."""
    raw, sectors = _sectors(image, sector_bytes)
    newest = sectors[-1]
    all_records = [record for sector in sectors for record in sector.records]
    following = newest.records[-1].sequence + 1 if newest.records else newest.first
    chain = bytes(32) if newest.holes() else newest.chain
    for record in () if newest.holes() else newest.records:
        chain = chain_next(chain, record)
    beyond: list[Record] = []
    behind = (newest.place + 1) % len(raw)
    if all(sector.place != behind for sector in sectors):
        beyond, _ = records_of(raw[behind], following)
    for record in beyond:
        chain = chain_next(chain, record) if record.sequence == following and any(chain) else bytes(32)
        following = record.sequence + 1
    boots = [record.boot for record in all_records + beyond]
    return Position(
        following,
        chain,
        (boots[-1] + 1) % 65536 if boots else 1,
        newest.place,
        newest.free,
        newest.traces,
        newest.holes() or bool(beyond) or newest.free == sector_bytes,
    )
