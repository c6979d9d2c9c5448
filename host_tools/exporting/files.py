"""A folder that is handed to others, and its SHA256SUMS: written so that the same content is the same bytes, and read
as what anybody may have changed. `sha256sum -c SHA256SUMS` checks the same without us.

No name in it leads anywhere else, nothing is followed or executed, and what is read is bounded.
"""

import contextlib
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .. import bounded, durable
from ..outcome import ToolError

SUMS = "SHA256SUMS"
FILES_MAX = 1 << 20
TEXT_BYTES_MAX = 1 << 28
"""Of a JSON file: reports of a force's year have less."""
JOURNAL_BYTES_MAX = 1 << 31
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
DEPTH_MAX = 6
"""Folders that a file of an export may be in."""
_NAME = re.compile(rf"{_PART}(/{_PART}){{0,{DEPTH_MAX}}}")
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({_PART}(?:/{_PART}){{0,{DEPTH_MAX}}})")
_CHUNK_BYTES = 1 << 20


class Unlike(NamedTuple):
    """A file that is not what SHA256SUMS says. `what`: altered, missing, not listed, no plain file; too deep: a folder;
    no part: of an export; untold: a journal that is not read as it is."""

    name: str
    what: str


def is_name(name: str) -> bool:
    """Whether a file of ours may be called so: it stays inside its folder on every system."""
    return _NAME.fullmatch(name) is not None and ".." not in name


def read(folder: Path, name: str, bytes_max: int = TEXT_BYTES_MAX) -> bytes:
    """A file's bytes. ToolError when it is not there, no plain file, or too large."""
    path = _plain(folder, name)
    large = ToolError(f"{path} is far too large for what it should hold", "Take a whole copy of the export.")
    return bounded.read(path, bytes_max, large)


def _plain(folder: Path, name: str) -> Path:
    """Where the file is. ToolError when a name or a link leads elsewhere."""
    if not is_name(name):
        raise ToolError(f"{name!r} is no name of a file of an export", "Take a whole copy of the export.")
    path = folder
    parts = name.split("/")
    for place, part in enumerate(parts, 1):
        path = path / part
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            raise ToolError(f"{path} is not there", "Take a whole copy of the export.") from error
        if not (stat.S_ISREG(mode) if place == len(parts) else stat.S_ISDIR(mode)):
            raise ToolError(f"{path} is no plain file", "Links and devices are never followed: take a whole copy.")
    return path


def write(folder: Path, name: str, data: bytes) -> None:
    """ToolError when it cannot be."""
    assert is_name(name), name
    path = folder / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}", "Free space, or name another place.") from error


@contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A new folder to be filled, for its owner only, which is at `folder` when all is done and its files are on disk,
    and nowhere when they are not. ToolError when there is something already: nothing is overwritten, and nothing old is
    mixed in."""
    try:
        if folder.is_symlink() or (folder.exists() and any(folder.iterdir())):
            raise ToolError(f"there is something in {folder} already", "Name a folder that is new or empty.")
        folder.resolve().parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.resolve().parent))
    except OSError as error:
        raise ToolError(f"{folder} cannot be made: {error.strerror}", "Name another place.") from error
    try:
        yield fresh
        _put_on_disk(fresh)
        if folder.exists():
            folder.rmdir()
        fresh.rename(folder)
    except OSError as error:
        raise ToolError(f"{folder} cannot be made: {error.strerror}", "Name another place.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _sync_folder(folder.resolve().parent)


def _sync_folder(folder: Path) -> None:
    """As far as it can be had: some file systems sync no folders, and one may be written to that may not be read."""
    with contextlib.suppress(OSError):
        durable.sync(folder)


def _put_on_disk(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            _sync_folder(path)
        else:
            durable.sync(path)
    _sync_folder(folder)


def names_in(folder: Path) -> Iterator[tuple[str, bool]]:
    """(name, whether it is a plain file) of all that is in the folder, but for folders; a folder in more of them than a
    name may have is no plain file, and not looked into. No link is followed."""
    for place, _, names in _walk(folder, ""):
        for name, is_plain in names:
            yield f"{place}{name}", is_plain


def _walk(folder: Path, place: str) -> Iterator[tuple[str, Path, list[tuple[str, bool]]]]:
    here: list[tuple[str, bool]] = []
    inside: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False) and place.count("/") < DEPTH_MAX:
                    inside.append(entry)
                else:
                    here.append((entry.name, entry.is_file(follow_symlinks=False)))
    except OSError as error:
        raise ToolError(f"{folder} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    yield place, folder, sorted(here)
    for entry in sorted(inside, key=lambda entry: entry.name):
        yield from _walk(Path(entry.path), f"{place}{entry.name}/")


def write_sums(folder: Path) -> None:
    """SHA256SUMS of all that is in the folder."""
    names = sorted(name for name, _ in names_in(folder) if name != SUMS)
    write(folder, SUMS, sums_of((name, digest(_plain(folder, name))) for name in names))


def sums_of(found: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{value}  {name}\n" for name, value in found).encode("ascii")


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    done = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                done.update(chunk)
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    return done.hexdigest()


def check_sums(folder: Path) -> list[Unlike]:
    """What is not as SHA256SUMS says. ToolError when there is none that can be read."""
    listed: dict[str, str] = {}
    for number, line in enumerate(read(folder, SUMS).decode("ascii", "replace").splitlines(), 1):
        found = _LINE.fullmatch(line)
        if found is None or not is_name(found[2]) or found[2] in listed or number > FILES_MAX:
            raise ToolError(f"line {number} of {SUMS} is none", "Take a whole copy of the export.")
        listed[found[2]] = found[1]
    here = {name: is_plain for name, is_plain in names_in(folder) if name != SUMS}
    unlike = [Unlike(name, "missing") for name in listed if name not in here]
    for name, is_plain in here.items():
        if not is_plain:
            unlike.append(Unlike(name, "too deep" if name.count("/") >= DEPTH_MAX else "no plain file"))
        elif name not in listed:
            unlike.append(Unlike(name, "not listed"))
        elif digest(folder / name) != listed[name]:
            unlike.append(Unlike(name, "altered"))
    return sorted(unlike)
