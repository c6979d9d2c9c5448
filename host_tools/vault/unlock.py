"""What opens the vault, and where it is looked for: a ticket, a key file, systemd's credential, the system's keyring,
and at last a person.

A key file holds 32 random bytes, for its owner only, and lies outside of the vault; so does what systemd hands to a
service (`LoadCredentialEncrypted=interlock-vault:...`).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .. import durable
from ..outcome import ToolError
from . import keys as vault_keys
from . import slots as vault_slots
from . import ticket as vault_ticket
from .keys import Keys, WrongSecret
from .slots import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

KEY_FILE_BYTES = 32
CREDENTIAL = "interlock-vault"
_SERVICE = "interlock"
_TRIES = 3

Ask = Callable[[str], str]


def unlock(
    path: Path, key_file: Path | None, ask: Ask | None, person: str | None = None, with_ticket: bool = True
) -> Keys | None:
    """The keys of the vault at `path`; None: it is in clear. `ask`: a hidden question, None where nobody is to be
    asked; `person`: whose slots are tried first; `with_ticket`: whether a ticket will do. ToolError when nothing opens
    it."""
    locks = vault_keys.read(path)
    if locks is None:
        return None
    keys = vault_ticket.use(path) if with_ticket else None
    if keys is not None:
        return keys
    if key_file is not None:
        return vault_keys.unlock(path, read_key_file(key_file), person)
    if (handed := _handed()) is not None:
        return vault_keys.unlock(path, handed, person)
    kinds = {slot.kind for slot in locks.slots}
    if "keyring" in kinds:
        try:
            return vault_keys.unlock(path, from_keyring(locks.vault), person)
        except ToolError:
            if "passphrase" not in kinds or ask is None:
                raise
    if "passphrase" in kinds and ask is not None:
        return _by_passphrase(path, ask, person)
    raise ToolError(
        f"the vault at {path} is locked, and nothing here opens it",
        f"It takes a {' or a '.join(sorted(kinds))}: give --key-file FILE (or INTERLOCK_KEY_FILE), run this on a "
        "terminal, or unlock it for some hours: interlock vault unlock.",
    )


def _by_passphrase(path: Path, ask: Ask, person: str | None) -> Keys:
    for left in reversed(range(_TRIES)):
        try:
            again = "" if left == _TRIES - 1 else "That was another one. "
            question = f"{again}Passphrase of the vault at {path}"
            return vault_keys.unlock(path, vault_slots.passphrase(ask(question)), person)
        except WrongSecret:
            if not left:
                raise
    raise AssertionError("the last try either opens it or says why not")


def new_secret(
    vault: Path, key_file: Path | None, ask: Ask | None, option: str = "--key-file FILE", what: str = "vault"
) -> Secret:
    """What a new vault at `vault` is to be opened by: this key file, which is made if there is none, or a passphrase
    that is asked for twice. `option`: how the file is named on the command line; `what`: it is, if no vault."""
    if key_file is not None:
        return read_key_file(key_file) if key_file.exists() else make_key_file(key_file, vault, what)
    if ask is None:
        raise ToolError(
            f"a {what} is never without a lock, and nobody is there to be asked for a passphrase",
            f"Name a key file, which is made if there is none: {option}. Keep it elsewhere than the {what}.",
        )
    wrong = ""
    for left in reversed(range(_TRIES)):
        text = ask(f"{wrong}New passphrase, at least {vault_slots.PASSPHRASE_CHARACTERS_MIN} characters")
        try:
            vault_slots.check_passphrase(text)
            if ask("The same again") != text:
                raise ToolError("the two passphrases differ", "Nothing was changed: run this again.")
        except ToolError as error:
            if not left:
                raise
            wrong = f"No: {error}. "
            continue
        return vault_slots.passphrase(text)
    raise AssertionError("the last try either is one or says why not")


def read_key_file(path: Path, option: str = "--key-file, or INTERLOCK_KEY_FILE") -> Secret:
    """The secret in a key file. `option`: how it was named. ToolError when it is none, or when others may read it."""
    if not path.exists():
        raise ToolError(f"there is no key file at {path}", f"Check {option}.")
    if not path.is_file():
        raise ToolError(f"{path} is a folder, and no key file", "Name the file in it that opens the vault.")
    return _key(path, durable.read(path))


def make_key_file(path: Path, vault: Path, what: str = "vault") -> Secret:
    """A new key file (0600) with 32 random bytes, outside of the vault's folder; `what`: as for `new_secret`."""
    place, inside = path.absolute().resolve(), vault.absolute().resolve()
    if place == inside or inside in place.parents:
        raise ToolError(
            f"{path} would lie {'in' if what == 'vault' else 'beside'} the {what} that it opens",
            "Keep it elsewhere: on another disk, a stick, in a safe.",
        )
    if path.exists():
        raise ToolError(f"{path} exists already", "Name another file, or give it as --key-file.")
    if not path.parent.is_dir():
        raise ToolError(f"there is no folder {path.parent}", "Make it first, or name another place for the key file.")
    data = os.urandom(KEY_FILE_BYTES)
    durable.replace(path, data)
    try:
        durable.check_private(path)
    except ToolError as error:  # what lies there would open nothing
        durable.remove(path)
        raise ToolError(
            f"{path.parent} keeps nothing from others (a stick formatted with FAT knows no owners)",
            "Make the key file on a disk of yours, and keep a copy on the stick. Nothing was changed.",
        ) from error
    return Secret("key file", data)


def _handed() -> Secret | None:
    """What systemd hands to the service that this is, if it does."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = None if folder is None else Path(folder) / CREDENTIAL
    if path is None or not path.exists():
        return None
    try:
        return _key(path, path.read_bytes())
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the service's unit file.") from error


def _key(path: Path, data: bytes) -> Secret:
    if len(data) != KEY_FILE_BYTES:
        raise ToolError(
            f"{path} is no key file: it has {len(data)} bytes, not {KEY_FILE_BYTES}",
            "Name the file that opens the vault.",
        )
    return Secret("key file", data)


# The system's keyring.


def from_keyring(vault: str) -> Secret:
    """What the system's keyring has for the vault of this id. ToolError when it has nothing, or there is no keyring."""
    keyring = _keyring()
    from keyring.errors import KeyringError

    try:
        text = keyring.get_password(_SERVICE, vault)
        data = bytes.fromhex(text or "")
    except (KeyringError, ValueError) as error:
        raise _no_keyring(type(error).__name__) from error
    if len(data) != KEY_FILE_BYTES:
        raise ToolError("the system's keyring has no key for this vault", "Open the vault in another way.")
    return Secret("keyring", data)


def into_keyring(vault: str) -> Secret:
    """Put a new random secret for the vault of this id into the system's keyring. ToolError when there is none."""
    keyring = _keyring()
    from keyring.errors import KeyringError

    data = os.urandom(KEY_FILE_BYTES)
    try:
        keyring.set_password(_SERVICE, vault, data.hex())
    except KeyringError as error:
        raise _no_keyring(type(error).__name__) from error
    return Secret("keyring", data)


def _keyring() -> "KeyringBackend":
    """The system's keyring, if it has one that keeps secrets."""
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError as error:
        raise ToolError(
            "the system's keyring needs a package that is not installed",
            "Install it: pip install 'interlock[keyring]'.",
        ) from error
    found = keyring.get_keyring()
    if isinstance(found, fail.Keyring | null.Keyring):
        raise _no_keyring("none runs in this session")
    return found


def _no_keyring(why: str) -> ToolError:
    return ToolError(
        f"the system's keyring cannot be used ({why})",
        "Log in to a desktop session that has one, or use a passphrase or a key file.",
    )
