"""Small secret files that survive a power cut whole: private to their owner, replaced atomically, one writer at a time.

POSIX permissions are checked where there are some; on Windows the user's profile protects them.
"""

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from . import bounded
from .outcome import ToolError

FILE_BYTES_MAX = 64 * 1024
_LOCK = "lock"
_TRY_S = 0.02
_ADVICE = "Check the disk and its permissions."


def make_private(path: Path, advice: str = "Name another place with --home DIR.") -> None:
    """The directory and its parents, for their owner only. OSError as ToolError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent != path:
            sync(path.parent)
    except OSError as error:
        raise ToolError(f"{path} cannot be made: {error.strerror}", advice) from error


def check_private(path: Path) -> None:
    """ToolError when others than the owner may read or change `path`, or when it cannot be looked at."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ToolError(
            f"{path} cannot be read: {error.strerror}", "Check the path (--home DIR) and its owner."
        ) from error
    if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ToolError(
            f"{path} holds keys, and others than you may open it",
            f"Close it first: chmod -R go-rwx {path}. On a stick formatted with FAT (no owners), copy it to a "
            "disk of yours.",
        )


def read(path: Path) -> bytes:
    """The file's bytes, when it is private and not absurdly large."""
    check_private(path)
    large = ToolError(f"{path} is far too large for what it should hold", "Restore it from a copy of the vault.")
    return bounded.read(path, FILE_BYTES_MAX, large, "Check its owner and the disk.")


def replace(path: Path, data: bytes) -> None:
    """Let `path` hold `data`: wholly or, after a cut, what it held before. On disk when this returns."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(
    path: Path, advice: str = "Free space on the disk, or check its permissions.", sync_it: bool = True
) -> Iterator[IO[bytes]]:
    """A new file, for its owner only, that stands at `path` when all is written; when that fails or is broken off,
    what was there stays, and nothing is left beside it. `sync_it`: it is on disk then, too. OSError as ToolError with
    this advice."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)  # of a command that was killed
        handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                if sync_it:
                    os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        if sync_it:
            sync(path.parent)
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror or error}", advice) from error


def remove(*paths: Path) -> None:
    """Take files away, those that are there; durable when this returns."""
    for folder in dict.fromkeys(path.parent for path in paths):
        here = [path for path in paths if path.parent == folder]
        try:
            for path in here:
                path.unlink(missing_ok=True)
            sync(folder)
        except OSError as error:
            raise ToolError(f"{path} cannot be removed: {error.strerror}", "Check its folder's permissions.") from error


def sync(path: Path) -> None:
    """Make a file's bytes durable, or a folder's entries; Windows cannot open folders and needs no such thing."""
    is_folder = path.is_dir()
    if is_folder and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)  # Windows syncs only what may be written
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path, patience_s: float = 0.0, advice: str = _ADVICE) -> Iterator[None]:
    """Be the only command that writes in `folder`, if need be after another one; the operating system lets go when the
    command dies. `advice`: where nothing can be written there."""
    busy = ToolError(
        f"another interlock command is changing {folder}",
        "Wait until it is done (it may be waiting for a unit), then run this one again.",
    )
    with holding(folder / _LOCK, patience_s, busy, advice):
        yield


@contextmanager
def holding(file: Path, patience_s: float, busy: ToolError, advice: str = _ADVICE) -> Iterator[None]:
    """Hold this file's lock, if need be after another command. Raises `busy` when that takes longer."""
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ToolError(f"{file} cannot be written: {error.strerror}", advice) from error
    try:
        until_s = time.monotonic() + patience_s
        while True:
            try:
                _lock(handle)
                break
            except OSError as error:
                if time.monotonic() >= until_s:
                    raise busy from error
                time.sleep(_TRY_S)
        yield
    finally:
        os.close(handle)


def append(path: Path, at: int, data: bytes) -> None:
    """Let the file go on with `data` after its first `at` bytes: on disk when this returns. What a cut leaves is for
    the caller to tell."""
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(at)
            file.seek(at)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}", "Free space on the disk.") from error


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
