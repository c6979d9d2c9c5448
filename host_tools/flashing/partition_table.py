"""A board's partition table as the chip reads it, from the CSV in its folder.

Format: ESP-IDF, API guides, "Partition Tables": at 0x8000, entries of 32 bytes (magic AA 50, type, subtype, offset,
size, label of 16, flags, little-endian), then an entry EB EB with the MD5 of all before it, 0xC00 bytes in all.
"""

import hashlib
import struct
from pathlib import Path
from typing import NamedTuple

from ..outcome import ToolError

TABLE_AT = 0x8000
TABLE_BYTES = 0xC00
_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaa\x50"
_MD5 = b"\xeb\xeb" + b"\xff" * 14
_TYPES = {"app": 0, "data": 1}
_SUBTYPES = {
    ("app", "factory"): 0x00,
    ("app", "ota_0"): 0x10,
    ("app", "ota_1"): 0x11,
    ("data", "ota"): 0x00,
    ("data", "phy"): 0x01,
    ("data", "nvs"): 0x02,
    ("data", "fat"): 0x81,
    ("data", "spiffs"): 0x82,
    ("data", "littlefs"): 0x83,
}
JOURNAL = "journal"


class Row(NamedTuple):
    """Numbers as the table has them."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int


def rows(path: Path) -> list[Row]:
    """Of that CSV. ToolError with the line that is none."""
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Use a checkout that is whole.") from error
    for line in lines:
        cells = [cell.strip() for cell in line.split("#")[0].split(",")]
        if not cells[0]:
            continue
        try:
            label, kind, subtype, offset, size = cells[:5]
            number = _SUBTYPES[kind, subtype] if (kind, subtype) in _SUBTYPES else int(subtype, 0)
            found.append(Row(label, _TYPES[kind], number, int(offset, 0), int(size, 0)))
        except (ValueError, KeyError) as error:
            raise ToolError(f"{path} has a line that is no partition: {line!r}", "Mend it.") from error
    return found


def binary(table: list[Row]) -> bytes:
    """The table's 0xC00 bytes."""
    entries = b"".join(
        _ENTRY.pack(_MAGIC, row.type, row.subtype, row.offset, row.size, row.label.encode("ascii"), 0) for row in table
    )
    whole = entries + _MD5 + hashlib.md5(entries, usedforsecurity=False).digest()
    if len(whole) > TABLE_BYTES:
        raise ToolError(f"a partition table of {len(table)} rows does not fit", "Take some away.")
    return whole.ljust(TABLE_BYTES, b"\xff")
