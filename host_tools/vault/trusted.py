"""The release key that this vault trusts: its public half, sealed like all else in the vault.

releases/trusted.json       the 60 bytes that `interlock flash` puts into units and `interlock update` judges by
public/release.pub          a copy in clear for others. Nobody here reads it back: who can write one file, and
                            opens no vault, puts no key of his own into units
"""

from pathlib import Path

from interlock.core import lms

from ..outcome import ToolError
from .fields import Fields
from .vault import Vault

FOLDER = "releases"
STEM = "trusted"
PUBLIC = "release.pub"


def parse(path: Path, data: bytes) -> bytes:
    """The public key in the sealed file."""
    return Fields(path, data).key("public", lms.PUBLIC_BYTES)


def trusted(vault: Vault) -> bytes | None:
    """The public half (60 bytes) of the key whose releases units of this force take, or None."""
    path = vault.path / FOLDER / f"{STEM}.json"
    return parse(path, vault.files.read(path)) if path.exists() else None


def trust(vault: Vault, public: bytes) -> bool:
    """Keep this public half, and the copy in clear; whether another key had been put into that copy's place."""
    vault.check_own("authority over what units run", "The force's own vault says whose releases its units take.")
    before, copy = trusted(vault), vault.path / "public" / PUBLIC
    was_changed = before is not None and copy.exists() and copy.read_bytes() != before
    with vault.locked():
        if before != public:
            data = f'{{"version": 1, "public": "{public.hex()}"}}\n'.encode()
            vault.files.write(vault.path / FOLDER / f"{STEM}.json", data)
        if not copy.exists() or copy.read_bytes() != public:
            vault.files.write_open(copy, public)
    return was_changed


def finding(vault: Vault) -> str | None:
    """What is wrong with the copy in clear."""
    public, copy = trusted(vault), vault.path / "public" / PUBLIC
    if not copy.exists() or copy.read_bytes() == public:
        return None
    whose = "not the release key that the vault trusts" if public is not None else "of no release key of this vault"
    return (
        f"{copy} is {whose}: somebody changed it, or restored it. Units and files were not judged by it; whoever took "
        "it from there has another key. Remove it, and write it anew: interlock release --trust FILE"
    )


def read_public(path: Path) -> bytes:
    """A public release key from a file. ToolError."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Name the public key of who signs.") from None
    if len(key) != lms.PUBLIC_BYTES:
        raise ToolError(f"{path} is no release key: {len(key)} bytes, not {lms.PUBLIC_BYTES}", "Name another file.")
    return key
