"""What all commands share: where this host keeps things, over which radio it speaks, and who uses it.

`cli.py` fills it from the global options; commands take what they need. Nothing here talks to a unit.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .outcome import Exit, ToolError
from .person import check_person, login_person

if TYPE_CHECKING:
    from .bench import Bench
    from .link import Radio
    from .store.store import Store
    from .vault.keys import Keys
    from .vault.vault import Vault


@dataclass
class Context:
    """The global options. `person`: as given with --as, or None; `store`: as given with --store, or None; `key_file`:
    what unlocks the vault, or None; `command`: which one this is, as the vault's log notes it."""

    home: Path
    air: str | None = None
    person: str | None = None
    store: str | None = None
    key_file: Path | None = None
    command: str = ""
    _keys: "dict[Path, Keys | None]" = field(default_factory=dict, repr=False)

    @property
    def vault_path(self) -> Path:
        return self.home / "vault"

    @property
    def store_place(self) -> Path | str:
        """Where journals are: a URL, or a file."""
        if self.store is None:
            return self.home / "journals.sqlite"
        return self.store if "://" in self.store else Path(self.store)

    @property
    def has_store(self) -> bool:
        """Whether there is one to read; a server is asked only when it is read."""
        return isinstance(self.store_place, str) or self.store_place.exists()

    def open_store(self, read_only: bool = False) -> "Store":
        """The store of pulled journals; made when there is none and it may be written. ToolError with advice when it
        cannot be opened."""
        from .store.store import Store

        if not read_only:
            make_home(self.home)
        return Store.open(self.store_place, read_only)

    @property
    def has_vault(self) -> bool:
        """Whether there is one at --home."""
        return (self.vault_path / "force.json").exists()

    def open_vault(self, path: Path | None = None, with_ticket: bool = True, may_ask: bool = True) -> "Vault":
        """The vault (at `path`; None: at --home), unlocked, and this use of it noted in its log: once a command,
        however often it is opened. `with_ticket`: whether a ticket is enough; `may_ask`: whether a person may be asked
        for a passphrase. ToolError with advice when there is none, or when nothing here opens it."""
        from .asking import asker, tell
        from .vault import keys as vault_keys
        from .vault import unlock as vault_unlock
        from .vault.vault import Vault

        path = self.vault_path if path is None else path
        if not (path / "force.json").exists():
            return Vault.open(path)  # raises what there is to say
        keys, locks = self._keys.get(path), vault_keys.read(path)
        if keys is None or locks is None or locks.key_name != keys.locks.key_name:
            ask = asker() if may_ask else None
            keys = vault_unlock.unlock(path, self.key_file, ask, self.person, with_ticket)
        vault = Vault.open(path, keys=keys)
        vault.files.tell = tell
        if path not in self._keys:
            self._note(vault)
        self._keys[path] = keys
        return vault

    def _note(self, vault: "Vault") -> None:
        """Note this use of the vault. What hinders that is told, and locks nobody out."""
        from .vault import log as vault_log

        if vault.files.keys is None:
            vault.files.tell(
                f"the vault at {vault.path} is not encrypted: whoever copies it has all keys in it. Encrypt it: "
                "interlock vault encrypt"
            )
            return
        try:
            vault_log.note(vault.files, self.command, utc_ms())
        except ToolError as error:
            vault.files.tell(f"this use of the vault could not be noted in its log: {error}")

    def new_keys(self, path: Path, key_file: Path | None, option: str, person: str | None = None) -> "Keys":
        """Keys for a new vault at `path`, opened by this key file, or by a passphrase that is asked for. `option`: how
        the file is named on the command line; `person`: whose vault it is; None: who runs this command."""
        from .asking import asker
        from .vault import keys as vault_keys
        from .vault import unlock as vault_unlock
        from .vault.slots import NewSlot

        secret = vault_unlock.new_secret(path, key_file, asker(), option)
        slot = NewSlot(secret, self.who(None) if person is None else person)
        return vault_keys.fresh(slot, utc_ms() // 1000, os.urandom)

    def create_vault(self, force: str) -> "Vault":
        """A new vault at --home for the force of this name, opened by --key-file or by a passphrase that is asked
        for."""
        from .asking import tell
        from .vault.fields import FORCE_BYTES, check_text
        from .vault.vault import Vault

        check_text(force, FORCE_BYTES, "force's name")
        make_home(self.home)
        keys = self.new_keys(self.vault_path, self.key_file, "--key-file FILE")
        vault = Vault.create(self.vault_path, force, keys=keys)
        vault.files.tell = tell
        self._keys[self.vault_path] = keys
        self._note(vault)
        return vault

    def who(self, vault: "Vault | None") -> str:
        """The person that units note: of a technician's vault, of --as, or of the login."""
        if vault is not None and vault.person is not None:
            if self.person not in (None, vault.person):
                raise ToolError(
                    f"this vault's credentials are those of {vault.person}, not of {self.person}",
                    "Leave --as out, or have credentials made for the other person: interlock credentials.",
                )
            return vault.person
        return check_person(self.person) if self.person is not None else login_person()

    @asynccontextmanager
    async def radio(self) -> "AsyncIterator[Radio]":
        """The operating system's radio, or the virtual air behind --air."""
        from .link import Radio

        if self.air is None:
            yield Radio()
            return
        try:
            import bleak_bumble
        except ImportError as error:
            raise ToolError(
                f"--air needs the virtual radio, which is not installed ({error.name} is missing)",
                "Install it: pip install 'interlock[sim]'.",
            ) from error
        try:
            async with bleak_bumble.open_door(self.air) as found:
                yield Radio(found.scanner, found.client)
        except bleak_bumble.DoorError as error:
            raise ToolError(
                f"the virtual air cannot be used. {error.happened}",
                f"{error.advice} A world with a door: interlock simulate SCENARIO.toml --live.",
                Exit.DEVICE,
            ) from error

    @asynccontextmanager
    async def bench(self, vault: "Vault | None" = None) -> "AsyncIterator[Bench]":
        """Vault (unless given), store and radio joined, for one command's one `asyncio.run`."""
        from .bench import Bench

        vault = self.open_vault() if vault is None else vault
        person = self.who(vault)
        store = self.open_store()
        try:
            async with self.radio() as radio:
                yield Bench(radio, vault, store, utc_ms, person)
        finally:
            store.close()


def default_home() -> Path:
    """Where vault and journals live unless told: INTERLOCK_HOME, or `~/.interlock`."""
    told = os.environ.get("INTERLOCK_HOME")
    return Path(told) if told else Path.home() / ".interlock"


def make_home(home: Path) -> None:
    """The directory, for nobody else to look into."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(
            f"{home} cannot be made: {error.strerror}", "Name another place with --home DIR or INTERLOCK_HOME."
        ) from error


def utc_ms() -> int:
    """UTC by this host's clock."""
    return time.time_ns() // 1_000_000
