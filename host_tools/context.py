"""What all commands share: where this host keeps things, over which radio it speaks, and who uses it.

`cli.py` fills it from the global options; commands take what they need. Nothing here talks to a unit.
"""

import getpass
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .outcome import Exit, ToolError

if TYPE_CHECKING:
    from .bench import Bench
    from .link import Radio
    from .store import Store
    from .vault import Vault

PERSON = re.compile(r"[!-~]{1,8}")


@dataclass
class Context:
    """The global options. `person`: as given with --as, or None."""

    home: Path
    air: str | None = None
    person: str | None = None

    @property
    def vault_path(self) -> Path:
        return self.home / "vault"

    @property
    def store_path(self) -> Path:
        return self.home / "journals.sqlite"

    def open_store(self) -> "Store":
        """The store of pulled journals; made when there is none. ToolError with advice when it cannot be."""
        from .store import Store

        make_home(self.home)
        return Store.open(self.store_path)

    def open_vault(self) -> "Vault":
        """The vault; ToolError with advice when there is none."""
        from .vault import Vault

        return Vault.open(self.vault_path)

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


def check_person(person: str, option: str = "--as ") -> str:
    """The person's id, when it is one: 1 to 8 ASCII characters without blanks. `option`: where it was given."""
    if not PERSON.fullmatch(person):
        raise ToolError(
            f"{person!r} is no person's id: 1 to 8 ASCII characters without blanks",
            f"Give the id that units shall note, such as a collar number: {option}PC1234.",
        )
    return person


def login_person() -> str:
    """The first 8 characters of the login name."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = ""
    short = "".join(character for character in name if PERSON.fullmatch(character))[:8]
    if not short:
        raise ToolError("this login has no name that a unit could note", "Give a person's id: --as PC1234.")
    return short
