"""A backup of the vault: one file, sealed under a passphrase or a key file of its own.

    {"interlock_backup": 1, ...}    a line of JSON: of which vault, when made, and the slot that opens it (`slots.py`)
    salt, box                       all files of the vault, under a key that only this backup has (`sealed.py`)
    SHA-256                         of all before: 32 bytes; damage is told apart from a wrong passphrase

Restored, it is a vault of its own: with another id, a new data key, and whoever restores it as the only one who can
open it; so a slot that was removed since does not come back. It knows units as they were. A unit's admin key moves on
with every admin session, and the unit takes the last two: `stale` says which ones a backup can no longer open as admin.
Reading journals (as a technician) and checking them goes on with any backup.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import bounded, durable
from ..outcome import ToolError
from . import entries, people, releasing, trusted
from . import keys as vault_keys
from . import slots as vault_slots
from .entries import AdminKey
from .fields import Damaged
from .files import FOLDERS, LOG, LOG_STATE, aside, made
from .keys import Keys
from .sealed import KEY_BYTES, SALT_BYTES, NotOpened, decrypt, encrypt
from .slots import NewSlot, Secret, Slot
from .vault import Vault

PATIENCE_S = 60.0  # a command that waits for a unit may hold the vault
_BEGINS = b'{"interlock_backup": 1,'
_DIGEST_BYTES = 32
_BYTES_MAX = 256 * 1024 * 1024
_HEADER_BYTES_MAX = 8192
STEPS_TAKEN = 2  # a unit takes its present admin key and the one before: `interlock.core.access`


@dataclass(frozen=True)
class Backup:
    """An opened backup. `made_s`: seconds since 1970, UTC; `digest`: SHA-256, in hex; `files`: by name, in clear."""

    force: str
    made_s: int
    digest: str
    units: tuple[str, ...]
    admin: dict[str, AdminKey]
    files: dict[str, bytes]

    def __repr__(self) -> str:
        return f"Backup({self.force!r}, {self.made_s}, {self.digest!r}, {len(self.units)} units)"


def write(vault: Vault, path: Path, new: NewSlot, made_s: int) -> Backup:
    """Make a backup of this vault at `path`; another command that changes the vault is waited for. ToolError when the
    file is there and no backup, or one of another vault, or cannot be written."""
    of = None if vault.files.keys is None else vault.files.keys.locks.vault
    if path.exists():
        _check_own(path, of)
    with vault.files.locked(PATIENCE_S), vault.files.logging():
        files = {_name(vault, file): vault.files.read(file) for file in vault.files.secrets()}
        files |= {_name(vault, file): file.read_bytes() for file in vault.files.others()}
    data_key, salt, backup_id = os.urandom(KEY_BYTES), os.urandom(SALT_BYTES), os.urandom(16).hex()
    slot = new.make(backup_id, 1, 1, data_key, made_s, os.urandom)
    header = {"interlock_backup": 1, "id": backup_id, "of": of, "made_s": made_s, "slot": vault_slots.body(slot)}
    line = json.dumps(header).encode() + b"\n"
    plain = json.dumps({name: base64.b64encode(data).decode() for name, data in files.items()}).encode()
    data = line + salt + encrypt(data_key, salt, _place(line), plain)
    digest = hashlib.sha256(data)
    durable.replace(path, data + digest.digest())
    return _backup(path, made_s, digest.hexdigest(), files)


def _check_own(path: Path, of: str | None) -> None:
    """ToolError when what is there is no earlier backup of this vault."""
    data = _read(path)
    if not data.startswith(_BEGINS):
        raise ToolError(f"{path} is there and is no backup", "Name another file: nothing was written.")
    try:
        header = json.loads(data[: data.index(b"\n", 0, _HEADER_BYTES_MAX)])
        is_own = header.get("of") in (None, of)
    except (ValueError, AttributeError, RecursionError):
        is_own = False
    if not is_own:
        raise ToolError(
            f"{path} is a backup of another vault, or damaged",
            "Name another file, or move that one away: nothing was written.",
        )


def kind(path: Path) -> vault_slots.Kind:
    """What opens the backup at `path`. ToolError when it is damaged, or none."""
    return _parse(path, _read(path))[1].kind


def read(path: Path, secret: Secret) -> Backup:
    """The backup at `path`, whole and checked file by file. ToolError when it is damaged, or when this does not open
    it."""
    data = _read(path)
    header, slot, line = _parse(path, data)
    box = data[len(line) : -_DIGEST_BYTES]
    try:
        if slot.kind != secret.kind:
            raise NotOpened
        data_key = slot.open(header["id"], 1, secret)
        plain = decrypt(data_key, box[:SALT_BYTES], _place(line), box[SALT_BYTES:])
    except NotOpened:
        raise ToolError(
            f"that does not open the backup at {path}",
            f"It takes the {slot.kind} that was chosen for it when it was made, which is not the vault's own.",
        ) from None
    files = {name: base64.b64decode(text) for name, text in json.loads(plain).items()}
    return _backup(path, header["made_s"], data[-_DIGEST_BYTES:].hex(), files)


def restore(backup: Backup, path: Path, keys: Keys) -> None:
    """Make the vault at `path` anew, under these keys. ToolError when there is one."""
    with made(path, keys) as files:
        last = "force.json"
        for name in sorted(backup.files, key=lambda name: name == last):
            data, to = backup.files[name], files.path / name
            if name == LOG:
                durable.replace(to, data)
            elif to.parent.name == "public":
                files.write_open(to, data)
            else:
                files.write(to, data)


def copy_back(mirror: Path, path: Path, check: Callable[[Path], None]) -> None:
    """Make the vault at `path` out of a mirror, as it is. `check`: looks at the copy, and raises what is wrong with
    it."""
    names = [vault_keys.FILE, "force.json", LOG_STATE, LOG]
    found = [mirror / name for name in names] + [
        file for folder in (*FOLDERS, "public") for file in sorted((mirror / folder).glob("*"))
    ]
    if not (mirror / vault_keys.FILE).exists() or not (mirror / "force.json").exists():
        raise ToolError(f"{mirror} is no mirror of a vault", "Name the folder that interlock vault mirror was given.")
    with aside(path) as beside:
        for file in found:
            if file.is_file() and not file.name.startswith("."):
                to = beside / file.relative_to(mirror)
                durable.make_private(to.parent)
                durable.replace(to, _read(file))
        check(beside)


def stale(backup: Backup, vault: Vault) -> list[str]:
    """Serials of units which, by what this vault knows, no vault restored from that backup opens as admin any more, or
    which it does not know."""
    lost = []
    for serial in vault.serials():
        now, then = vault.unit(serial).admin, backup.admin.get(serial)
        # The unit may have moved on to what it was offered; a backup may know what was offered then.
        reached = now.step + (now.next_key is not None)
        known = 0 if then is None else then.step + (then.next_key is not None)
        if known <= reached - STEPS_TAKEN:
            lost.append(serial)
    return lost


def _backup(path: Path, made_s: int, digest: str, files: dict[str, bytes]) -> Backup:
    """Every file is read as the vault would read it."""
    admin = {}
    force = entries.force_entry(path, files.get("force.json", b""))
    for name, data in files.items():
        folder, _, file = name.rpartition("/")
        if folder == "units":
            if force.kind == "force":
                admin[file.removesuffix(".json")] = entries.unit_entry(path, data).admin
            else:
                (entries.lent_entry if force.kind == "technician" else entries.watched_entry)(path, data)
        elif folder == "pairs":
            entries.pair_entry(path, data)
        elif folder == "labels":
            entries.label_entry(path, data)
        elif folder == "people":
            people.entry(Path(name), data)
        elif folder == trusted.FOLDER:
            releasing.check(Path(name), data)
        elif name not in ("force.json", LOG, LOG_STATE) and folder != "public":
            raise Damaged(path, f"it holds {name}, which is no file of a vault")
    units = tuple(sorted(Path(name).stem for name in files if name.startswith("units/")))
    return Backup(force.name, made_s, digest, units, admin, files)


def _name(vault: Vault, path: Path) -> str:
    return path.relative_to(vault.path).as_posix()


def _place(line: bytes) -> str:
    return f"backup {hashlib.sha256(line).hexdigest()}"


def _read(path: Path) -> bytes:
    large = ToolError(f"{path} is far too large for a backup", "Name the file that interlock vault backup made.")
    return bounded.read(path, _BYTES_MAX, large)


def _parse(path: Path, data: bytes) -> tuple[dict[str, Any], Slot, bytes]:
    """(header, slot, header's line) of a backup that is whole. Anybody could make its digest: nothing is believed."""
    if not data.startswith(_BEGINS):
        raise ToolError(f"{path} is no backup of a vault", "Name the file that interlock vault backup made.")
    if hashlib.sha256(data[:-_DIGEST_BYTES]).digest() != data[-_DIGEST_BYTES:]:
        raise ToolError(
            f"{path} is damaged: its digest does not fit what it holds", "Take another copy of it: nothing was changed."
        )
    try:
        line = data[: data.index(b"\n", 0, _HEADER_BYTES_MAX) + 1]
        header = json.loads(line)
        slot = vault_slots.parse(header["slot"])
        vault_slots.number(header["made_s"], 0, 2**40)
        vault_slots.some_bytes(header["id"], 16)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ToolError(f"{path} is a backup of a kind that this program does not know", "Use a newer one.") from None
    return header, slot, line
