"""A release file as a file system that only reads: what `import` loads the application from, without unpacking it.

A user file system of MicroPython (docs: "Working with filesystems"; extmod/vfs.c calls these methods). Every member's
bytes are hashed before they are given out, so a rotten one ends the import and never runs.
"""

import hashlib
import io

import deflate

from . import container

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_DIRECTORY = 0x4000
_FILE = 0x8000
_ENOENT = 2
_EROFS = 30
_PIECE = 256


class Mounted:
    """The release file at `path`, to be mounted. `manifest`: its Manifest. ContainerError, OSError."""

    def __init__(self, path: str) -> None:
        self._path = path
        with open(path, "rb") as file:
            self.manifest, first = container.read_manifest(file)
        self._members = container.members_at(self.manifest, first)

    def mount(self, readonly: bool, mkfs: bool) -> None:
        """Nothing is to be done."""

    def umount(self) -> None:
        """Nor here."""

    def stat(self, path: str) -> "tuple[int, ...]":
        path = path.strip("/")
        found = self._members.get(path)
        if found:
            return (_FILE, 0, 0, 0, 0, 0, found[1].plain, 0, 0, 0)
        if path and not [name for name in self._members if name.startswith(path + "/")]:
            raise OSError(_ENOENT)
        return (_DIRECTORY, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def ilistdir(self, path: str) -> "Iterator[tuple[str, int, int]]":
        path = path.strip("/")
        below = path + "/" if path else ""
        seen = set()
        for name in self._members:
            if name.startswith(below):
                entry, *rest = name[len(below) :].split("/")
                if entry not in seen:
                    seen.add(entry)
                    yield entry, _DIRECTORY if rest else _FILE, 0

    def open(self, path: str, mode: str) -> "Any":
        if "w" in mode or "a" in mode or "+" in mode:
            raise OSError(_EROFS)
        found = self._members.get(path.strip("/"))
        if not found:
            raise OSError(_ENOENT)
        offset, member = found
        file = open(self._path, "rb")
        file.seek(offset)
        digest = hashlib.sha256()
        left = member.stored
        while left > 0:
            piece = file.read(min(left, _PIECE))
            if not piece:
                break
            digest.update(piece)
            left -= len(piece)
        if digest.digest() != member.sha256:
            file.close()
            raise container.ContainerError("%s is not what was released" % member.name)
        file.seek(offset)
        if member.how == container.DEFLATED:
            return deflate.DeflateIO(file, deflate.RAW, container.WINDOW_BITS, True)
        # A compiled file tells where it ends; for source nothing but the end does.
        if path.endswith(".mpy"):
            return file
        with file:
            return io.BytesIO(file.read(member.stored))
