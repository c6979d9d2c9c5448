"""The board's file system, as far as updates need it. Calls raise OSError where the file system does."""

import hashlib
import os

from interlock_loader import container
from interlock_loader.container import ContainerError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

KEY_PATH = "/release.pub"
PIECE_BYTES = 512  # read in one go
NO_VERSION = (0, 0, 0)


class Files:
    """`system`: what has `open` and what the module `os` has, or None for the board's own. What is written is there
    after a power cut once its file was closed."""

    def __init__(self, system: "Any" = None) -> None:
        self._os = system or os
        self._open = system.open if system else open

    def read(self, path: str) -> "Any":
        """The file, open for reading."""
        return self._open(path, "rb")

    def append(self, path: str) -> "Any":
        """The file, open for writing at its end; it and its folder are made where they are not there."""
        try:
            self._os.mkdir(path[: path.rindex("/")])
        except OSError:
            pass  # it is there; if not, the file cannot be opened either
        return self._open(path, "ab")

    def size(self, path: str) -> int:
        """Bytes in the file; 0 where there is none."""
        try:
            found: int = self._os.stat(path)[6]
        except OSError:
            return 0
        return found

    def free(self) -> int:
        """Bytes that are free."""
        found = self._os.statvfs("/")
        free: int = found[0] * found[3]
        return free

    def remove(self, path: str) -> None:
        """No file of this name, whether there was one or not."""
        try:
            self._os.stat(path)
        except OSError:
            return
        self._os.remove(path)

    def rename(self, old: str, new: str) -> None:
        """At once, whatever the power does: the file has either name; one that had the new one goes."""
        self._os.rename(old, new)

    def version(self, path: str) -> "tuple[int, ...]":
        """The version of the release in this file; NO_VERSION when there is none. Not whether it is sound."""
        try:
            with self.read(path) as file:
                container.head_sizes(file.read(container.HEAD_BYTES))
                fixed = file.read(container.FIXED_BYTES)
        except (ContainerError, OSError):
            return NO_VERSION
        return tuple(fixed[:3]) if len(fixed) == container.FIXED_BYTES else NO_VERSION

    def head_digest(self, path: str) -> bytes | None:
        """The SHA-256 of the head of the release in this file; None when it has no whole one."""
        try:
            with self.read(path) as file:
                first = file.read(container.HEAD_BYTES)
                left = sum(container.head_sizes(first))
                found = hashlib.sha256(first)
                while left:
                    piece = file.read(min(left, PIECE_BYTES))
                    if not piece:
                        return None
                    found.update(piece)
                    left -= len(piece)
        except (ContainerError, OSError):
            return None
        digest: bytes = found.digest()
        return digest
