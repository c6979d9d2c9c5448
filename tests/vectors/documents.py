"""The specifications as data: sections between markers, their tables, layouts and worked examples.

A section begins with `<!-- kind: name -->` and ends with `<!-- end -->`. Used by `tables.py` and the tests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"
PROTOCOL = FIRMWARE / "PROTOCOL.md"
JOURNAL = FIRMWARE / "JOURNAL.md"
FIGURES = FIRMWARE.parent / "host_tools" / "FIGURES.md"
END = "<!-- end -->"


def section(path: Path, marker: str) -> str:
    """The text between the marker and the next end; LookupError when it is not there exactly once."""
    parts = path.read_text(encoding="utf-8").split(f"<!-- {marker} -->\n")
    if len(parts) != 2:
        raise LookupError(f"{path.name} has the marker '{marker}' {len(parts) - 1} times; it must have it once")
    return parts[1].split(END)[0]


def rows(path: Path, marker: str) -> list[list[str]]:
    """The cells of a section's table, without head, rule, and code quotes."""
    lines = [line for line in section(path, marker).splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines[2:]]


def codes(path: Path, marker: str) -> dict[int, str]:
    """{number: name} of a table whose first two columns are these."""
    return {int(number): name for number, name, *_ in rows(path, marker)}


def values(path: Path, marker: str) -> dict[str, bytes]:
    """{name: bytes} of a worked example with lines `name = hex`, in order."""
    found = re.findall(r"^(.+?) += ([0-9a-f]+)$", section(path, marker), re.M)
    return {name: bytes.fromhex(value) for name, value in found}


def dump(path: Path, marker: str) -> bytes:
    """The bytes of a worked example with lines `offset  hex  meaning`; AssertionError when an offset is wrong."""
    data = b""
    for offset, value in re.findall(r"^([0-9a-f]{3})  ([0-9a-fA-F]+) ", section(path, marker), re.M):
        assert int(offset, 16) == len(data), f"{path.name}, {marker}: offset {offset} should be {len(data):03x}"
        data += bytes.fromhex(value)
    return data


@dataclass(frozen=True)
class Layout:
    """Fields in order: (name, kind, bytes), kind `u` or `bytes`."""

    fields: tuple[tuple[str, str, int], ...]

    @property
    def size(self) -> int:
        return sum(length for _, _, length in self.fields)

    def pack(self, entries: Mapping[str, int | bytes]) -> bytes:
        """The bytes; every field must be given with its type and size."""
        assert set(entries) == {name for name, _, _ in self.fields}
        out = b""
        for name, _, length in self.fields:
            value = entries[name]
            out += value if isinstance(value, bytes) else int(value).to_bytes(length, "big")
        assert len(out) == self.size
        return out

    def unpack(self, data: bytes) -> dict[str, int | bytes]:
        assert len(data) == self.size
        out: dict[str, int | bytes] = {}
        at = 0
        for name, kind, length in self.fields:
            part = data[at : at + length]
            out[name] = int.from_bytes(part, "big") if kind == "u" else part
            at += length
        return out


def parse_fields(text: str) -> Layout:
    """A Layout from `name type, name type, ...`; types uN and bytesN."""
    fields = []
    for field in text.split(", "):
        name, kind, size = re.fullmatch(r"(\w+) (u|bytes)(\d+)", field).groups()  # type: ignore[union-attr]
        fields.append((name, kind, int(size) // 8 if kind == "u" else int(size)))
    return Layout(tuple(fields))


def layout(path: Path, name: str) -> Layout:
    """The Layout of a table of offset, field, type; AssertionError when an offset does not follow."""
    table = rows(path, f"layout: {name}")
    found = parse_fields(", ".join(f"{field} {kind}" for _, field, kind, *_ in table))
    at = 0
    for row, (_, _, length) in zip(table, found.fields, strict=True):
        assert int(row[0]) == at, f"{path.name}, {name}: {row[1]} should be at {at}"
        at += length
    return found
