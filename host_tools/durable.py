"""Small secret files that survive a power cut whole: private to their owner, replaced atomically, one writer at a time.

POSIX permissions are checked where there are some; on Windows the user's profile protects them.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .outcome import ToolError

FILE_BYTES_MAX = 64 * 1024
_LOCK = "lock"


def make_private(path: Path) -> None:
    """The directory and its parents, for their owner only. OSError as ToolError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent != path:
            _sync(path.parent)
    except OSError as error:
        raise ToolError(f"{path} cannot be made: {error.strerror}", "Name another place with --home DIR.") from error


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
            f"{path} holds keys, and others than you may open it", f"Close it first: chmod -R go-rwx {path}"
        )


def read(path: Path) -> bytes:
    """The file's bytes, when it is private and not absurdly large."""
    check_private(path)
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check its owner and the disk.") from error
    if len(data) > FILE_BYTES_MAX:
        raise ToolError(f"{path} is far too large for what it should hold", "Restore it from a copy of the vault.")
    return data


def replace(path: Path, data: bytes) -> None:
    """Let `path` hold `data`: wholly or, after a cut, what it held before. On disk when this returns."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)  # of a command that was killed
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise ToolError(
            f"{path} cannot be written: {error.strerror}", "Free space on the disk, or check its permissions."
        ) from error


def _sync(folder: Path) -> None:
    """Make the folder's entries durable; Windows cannot open folders and needs no such thing."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only command that writes in `folder`; the operating system lets go when the command dies."""
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(handle)
        except OSError as error:
            raise ToolError(
                f"another interlock command is changing {folder}",
                "Wait until it is done (it may be waiting for a unit), then run this one again.",
            ) from error
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
