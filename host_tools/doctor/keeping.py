"""Where journals and keys are kept: room, permissions, the vault's locks, the store's soundness."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from ..context import Context
from ..outcome import ToolError
from ..vault import keys as vault_keys
from .finding import Finding, Fix, fail, ok, skipped, warn

FEW_BYTES = 1 << 30
TOO_FEW_BYTES = 64 << 20
WAL_BYTES_MAX = 256 << 20
QUICK_BYTES = 2 << 30  # a larger file is checked without its indexes, which takes minutes less


def home(path: Path) -> Iterator[Finding]:
    """The folder of vault and store, and the disk it is on."""
    place = next(each for each in (path, *path.absolute().parents) if each.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:.1f} GB free for {path}"
    if free < TOO_FEW_BYTES:
        yield fail("disk", text, "Free some space before the next pull: a journal that cannot be stored is not pulled.")
    elif free < FEW_BYTES:
        yield warn("disk", text, "Free some space soon.")
    else:
        yield ok("disk", text)
    if place != path:
        writable = os.access(place, os.W_OK)
        if writable:
            yield ok("home", f"{path} is not there yet; the first command that needs it makes it")
        else:
            yield fail("home", f"{path} is not there, and {place} is not yours to write", "Name another: --home DIR.")
    else:
        yield _home(path)


def _home(path: Path) -> Finding:
    found = path.stat()
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return fail("home", f"{path} may not be written by this account", "Was it made with sudo? chown it to you.")
    if os.name == "posix" and found.st_mode & 0o077:
        fix = Fix(f"let only its owner look into {path}", partial(_close, path))
        return warn("home", f"{path} can be looked into by others", f"chmod 700 {path}, or --fix.", fix)
    return ok("home", f"{path} is its owner's alone")


async def _close(path: Path) -> None:
    try:
        path.chmod(stat.S_IRWXU)
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}", f"Its owner can: chmod 700 {path}.") from error


def vault(context: Context) -> Finding:
    """Whether there is one, and how it is locked. It is not opened: nobody is asked for anything."""
    path = context.vault_path
    if not context.has_vault:
        return skipped("vault", f"there is none at {path}: interlock provision makes it, or a technician's is brought")
    try:
        locks = vault_keys.read(path)
    except ToolError as error:
        return fail("vault", str(error), error.advice)
    if locks is None:
        return fail(
            "vault",
            f"the vault at {path} is not encrypted: whoever copies it has all keys in it",
            "Encrypt it: interlock vault encrypt.",
        )
    if locks.is_moving:
        return warn(
            "vault", f"the vault at {path} is on its way to a new key", "Any command that opens it finishes that."
        )
    kinds = ", ".join(f"{slot.kind} of {slot.person}" for slot in locks.slots)
    if len(locks.slots) == 1:
        return warn(
            "vault",
            f"encrypted; only one thing opens it ({kinds})",
            "Give it a second one, and keep that elsewhere: interlock vault add-key. A lost key is a lost vault.",
        )
    return ok("vault", f"encrypted; opened by {kinds}")


def store(context: Context) -> Iterator[Finding]:
    """Whether the journals can be read, and are sound."""
    if not context.has_store:
        yield skipped("store", f"there is none at {context.store_place}: the first pull makes it")
        return
    try:
        context.open_store(read_only=True).close()
    except ToolError as error:
        yield fail("store", str(error), error.advice)
        return
    place = context.store_place
    if isinstance(place, str):
        yield ok("store", f"{place.rpartition('@')[2]} answers, with this program's schema")
        return
    yield _sound(place)
    log = place.with_name(place.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > WAL_BYTES_MAX:
        yield warn(
            "write-ahead log",
            f"{log} has grown to {size / 1e6:.0f} MB: a program keeps the store open and reads for ever",
            "End it; the next command that writes shortens the log.",
        )


def _sound(path: Path) -> Finding:
    size = path.stat().st_size
    check = "integrity_check" if size <= QUICK_BYTES else "quick_check"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            said = [row[0] for row in connection.execute(f"PRAGMA {check}(3)")]
    except sqlite3.Error as error:
        said = [str(error)]
    if said != ["ok"]:
        return fail(
            "store",
            f"{path} is damaged: {'; '.join(said)}",
            "Keep the file as it is, and copy it elsewhere. Then pull the units again into another --home; what is "
            "gone from the units can come from a force's store (interlock import).",
        )
    return ok("store", f"{path} is sound ({size / 1e6:.1f} MB)")
