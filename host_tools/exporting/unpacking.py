"""A bundle's zip file, written so that the same content is the same bytes, and unpacked as what anybody may have made:
no entry leads out of the folder, none is a link, and what comes out is bounded."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ..outcome import ToolError
from . import files

ENTRIES_MAX = 100_000
UNPACKED_BYTES_MAX = 1 << 32
RATIO_MAX = 300
"""Unpacked by packed bytes: our JSON reaches 30, zeros 1030."""
NO_ZIP = (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, ValueError)
"""What reading a file raises that is none, or is packed as nobody packs: ValueError for a name with a NUL."""
_DATE = (2000, 1, 1, 0, 0, 0)
_CHUNK_BYTES = 1 << 20


def pack(file: Path | IO[bytes], content: Mapping[str, bytes]) -> None:
    """A zip file of these, in the order of their names. OSError when it cannot be written."""
    with zipfile.ZipFile(file, "w") as packed:
        for name in sorted(content):
            assert files.is_name(name), name
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # as on POSIX, wherever it is made
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, content[name], compresslevel=9)


def unpack(path: Path, folder: Path) -> None:
    """ToolError when it is no zip file, or one that no bundle is."""
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
            _check(path, entries)
            for entry in entries:
                target = folder / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as source, target.open("xb") as out:
                    left = entry.file_size
                    while chunk := source.read(min(_CHUNK_BYTES, left + 1)):
                        left -= len(chunk)
                        if left < 0:
                            raise _no_bundle(path, f"{entry.filename} is larger than it says")
                        out.write(chunk)
    except NO_ZIP as error:
        raise _no_bundle(path, str(error)) from error
    except OSError as error:
        raise ToolError(
            f"{path} cannot be unpacked: {error.strerror or error}", "Check the path and the disk."
        ) from error


def _check(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > ENTRIES_MAX:
        raise _no_bundle(path, f"it has {len(entries)} entries")
    names = {entry.filename for entry in entries}
    folded = {name.casefold() for name in names}
    if len(folded) != len(entries):
        raise _no_bundle(path, "two entries have one name")
    total = 0
    for entry in entries:
        total += entry.file_size
        kind = entry.external_attr >> 28
        if not files.is_name(entry.filename) or kind not in (0, 0o10):
            raise _no_bundle(path, f"{entry.filename!r} is no name of a plain file in it")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _no_bundle(path, f"{entry.filename} is packed in another way than a bundle is")
        if total > UNPACKED_BYTES_MAX or entry.file_size > RATIO_MAX * (entry.compress_size + 64):
            raise _no_bundle(path, f"{entry.filename} would be larger than anything in a bundle")


def _no_bundle(path: Path, why: str) -> ToolError:
    return ToolError(f"{path} is no bundle: {why}", "Take a whole copy of it; it is made by interlock export --bundle.")
