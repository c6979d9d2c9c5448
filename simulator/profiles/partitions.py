"""A partition table as ESP-IDF writes it (CSV), read, checked, and packed as a chip reads it. Formats: ESP-IDF, API
guides, Partition Tables; components/partition_table/gen_esp32part.py."""

import hashlib
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

BOARDS = Path(__file__).parents[2] / "firmware" / "boards"
TABLE_AT = 0x8000
"""Where the table itself lies, a sector of 4096 bytes; nothing may lie below its end."""
SECTOR_BYTES = 4096
APP_ALIGN = 0x10000
LABEL_MAX = 16
TABLE_BYTES = 0xC00
TYPES = {"app": 0, "data": 1}
SUBTYPES = {
    0: {"factory": 0x00, "ota_0": 0x10, "ota_1": 0x11},
    1: {"ota": 0x00, "phy": 0x01, "nvs": 0x02, "fat": 0x81, "spiffs": 0x82, "littlefs": 0x83},
}


class Partition(NamedTuple):
    """One row; types and subtypes as numbers, addresses and sizes in bytes."""

    type: int
    subtype: int
    address: int
    size: int
    label: str


@cache
def partitions(board: str) -> tuple[Partition, ...]:
    """The table of that board of the firmware; empty when it has none."""
    path = BOARDS / board / "partitions.csv"
    return parse(path.read_text(encoding="utf-8")) if path.exists() else ()


def parse(text: str) -> tuple[Partition, ...]:
    """The rows in their order. ValueError with the line that cannot be read."""
    found = []
    for line in text.splitlines():
        row = line.split("#")[0].strip()
        if row:
            try:
                label, kind, subtype, address, size = [cell.strip() for cell in row.split(",")][:5]
                of = TYPES[kind]
                subtypes = SUBTYPES[of]
                number = subtypes[subtype] if subtype in subtypes else int(subtype, 0)
                found.append(Partition(of, number, int(address, 0), int(size, 0), label))
            except (ValueError, KeyError) as error:
                raise ValueError(f"no partition: {line!r} ({error})") from error
    return tuple(found)


def faults(table: Sequence[Partition], flash_bytes: int, app_bytes: int = 0) -> list[str]:
    """What a chip would refuse, or what would lie on something else; empty when all is well. `app_bytes`: the image
    that must fit into each application's partition."""
    said = []
    end = TABLE_AT + SECTOR_BYTES
    names = [row.label for row in table]
    said += [f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    for row in sorted(table, key=lambda row: row.address):
        align = APP_ALIGN if row.type == TYPES["app"] else SECTOR_BYTES
        if len(row.label) > LABEL_MAX:
            said.append(f"{row.label} has more than {LABEL_MAX} letters")
        if row.address % align or row.size % SECTOR_BYTES or row.size <= 0:
            said.append(f"{row.label} does not begin at {align:#x} or end with a sector")
        if row.address < end:
            said.append(f"{row.label} begins within what is before it")
        if row.type == TYPES["app"] and row.size < app_bytes:
            said.append(f"{row.label} has {row.size} bytes for an image of {app_bytes}")
        end = max(end, row.address + row.size)
    if end > flash_bytes:
        said.append(f"the flash ends {end - flash_bytes} bytes before the table")
    return said


def pack(table: Sequence[Partition]) -> bytes:
    """The table as it lies at TABLE_AT (0xC00 bytes): 32 bytes a row, the MD5 of the rows, then 0xFF."""
    rows = b"".join(
        struct.pack("<2sBBLL16sL", b"\xaa\x50", row.type, row.subtype, row.address, row.size, row.label.encode(), 0)
        for row in table
    )
    packed = rows + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows, usedforsecurity=False).digest()
    return packed.ljust(TABLE_BYTES, b"\xff")
