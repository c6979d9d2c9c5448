"""A vault that stays unlocked for some hours: `interlock vault unlock`, until `interlock vault lock`.

The ticket has two halves. A random secret lies in the session's own folder ($XDG_RUNTIME_DIR), which is in memory, for
its owner only, and gone when the session or the computer ends. The vault has the data key, sealed under that secret
with the time at which it ends (`ticket.json`). So a disk that is stolen, or a copy of the vault, holds no open door.

Until it ends, whoever acts as this user can open the vault, as they could read it while a command runs.
"""

import json
import os
import stat
import sys
import time
from pathlib import Path

from .. import durable
from ..outcome import ToolError
from . import keys as vault_keys
from . import sealed
from .fields import Damaged, Fields
from .keys import Keys

FILE = "ticket.json"
_IN_MEMORY = ("tmpfs", "ramfs")
_SECRET_BYTES = 32


def leave(path: Path, keys: Keys, until_s: int) -> None:
    """Leave a ticket for the vault at `path` until this time (seconds since 1970, UTC). ToolError where there is no
    place for one."""
    folder = _folder()
    secret = os.urandom(_SECRET_BYTES)
    boot_s = _boot_s() + until_s - time.time()
    values = {"version": 1, "key": keys.data.hex(), "slot": keys.slot.number, "until_s": until_s, "boot_s": int(boot_s)}
    data = sealed.seal(secret, keys.locks.generation, _place(keys.locks.vault), json.dumps(values).encode())
    durable.make_private(folder)
    end(path)
    durable.replace(path / FILE, data)
    durable.replace(folder / f"{keys.locks.vault}.ticket", secret)


def check_place() -> None:
    """ToolError where there is no place for a ticket: before anybody is asked for a passphrase."""
    _folder()


def end(path: Path) -> bool:
    """End the ticket of the vault at `path`; whether there was one."""
    locks = vault_keys.read(path)
    found = [path / FILE]
    if locks is not None and (runtime := os.environ.get("XDG_RUNTIME_DIR")):
        found.append(Path(runtime) / "interlock" / f"{locks.vault}.ticket")
    there = [file for file in found if file.exists()]
    for file in there:
        durable.remove(file)
    return bool(there)


def use(path: Path) -> Keys | None:
    """The keys of the vault at `path`, if there is a ticket that has not ended. What ended, or does not fit any more
    because the vault got new keys, is as if it were not there."""
    locks, runtime = vault_keys.read(path), os.environ.get("XDG_RUNTIME_DIR")
    if locks is None or not runtime:
        return None
    mine, theirs = Path(runtime) / "interlock" / f"{locks.vault}.ticket", path / FILE
    if not mine.exists() or not theirs.exists():
        return None
    try:
        plain = sealed.parse(durable.read(theirs)).open(durable.read(mine), _place(locks.vault))
        fields = Fields(theirs, plain)
        until_s, boot_s = fields.number("until_s"), fields.number("boot_s")
        if time.time() >= until_s or _boot_s() >= boot_s:
            end(path)
            return None
        return vault_keys.with_data_key(path, fields.number("slot"), fields.key("key"))
    except (sealed.NotOpened, Damaged):
        return None


def _place(vault: str) -> str:
    return f"{vault} ticket"


def _boot_s() -> float:
    """Seconds since the computer started, sleep included: a clock that is set back makes no ticket longer."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


def _folder() -> Path:
    """Where tickets may lie. ToolError says why nowhere."""
    advice = "Unlock the vault at each command instead, by passphrase or --key-file FILE."
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if not runtime:
        raise ToolError("this session has no folder in memory for a ticket ($XDG_RUNTIME_DIR is not set)", advice)
    path = Path(runtime)
    try:
        found = path.stat()
    except OSError as error:
        raise ToolError(f"{path} ($XDG_RUNTIME_DIR) cannot be read: {error.strerror}", advice) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ToolError(f"{path} ($XDG_RUNTIME_DIR) is not for you alone", advice)
    kind = _file_system(path)
    if kind not in _IN_MEMORY:
        raise ToolError(
            f"{path} ($XDG_RUNTIME_DIR) is not in memory but on {kind}: a ticket would stay on the disk", advice
        )
    return path / "interlock"


def _file_system(path: Path) -> str:
    """Which kind of file system this is on, by Linux' own list."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "something unknown"
    for line in lines:
        fields, _, kind = line.partition(" - ")
        if fields.split()[2] == wanted:
            return kind.split()[0]
    return "something unknown"
