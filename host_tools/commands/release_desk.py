"""Where `interlock release` finds the key that signs: the signer, a home of its own with a vault in it.

That vault opens by its own passphrase, or key file, and by no ticket. The vault in daily use, which has units' admin
keys, keeps the public half only (`vault/trusted.py`): its thief can update units, but signs nothing.
"""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..asking import asker, tell
from ..context import Context, make_home, utc_ms
from ..outcome import ToolError
from ..vault import keys as vault_keys
from ..vault import unlock as vault_unlock
from ..vault.keys import WrongSecret
from ..vault.slots import NewSlot, Secret
from .running import confirm

if TYPE_CHECKING:
    from ..vault.releasing import Signer
    from ..vault.vault import Vault

FOLDER = "signer"
OPTION = "--signer-key-file"
_FORCE = "SIGNER"  # of a signer that is made where there is no force's vault


@dataclass(frozen=True)
class Desk:
    """`at`: the everyday home; `folder`: the signer's, None: beside the vault; `key_file`: what opens it, None: its
    passphrase is asked for; `yes`: nothing is asked before a change."""

    at: Context
    folder: Path | None
    key_file: Path | None
    yes: bool

    def signer(self) -> "Signer":
        """The key that signs, unlocked. ToolError."""
        from ..vault import releasing

        vault = self._open(self._home())
        signer = releasing.Signer(vault)
        releasing.publish(vault, signer)
        return signer

    def new_key(self) -> bytes:
        """Make a key; its public half, which the everyday vault, if there is one, trusts from now on."""
        from ..vault import releasing, trusted

        there, everyday = self._home(), self._everyday()
        vault = self._open(there) if there.has_vault else self._make(there, everyday)
        known = releasing.load(vault) is not None
        if known or (everyday is not None and trusted.trusted(everyday) is not None):
            self._confirm("There is a release key.", "Make another one all the same?")
        public = releasing.new_key(vault)[1]
        if everyday is not None:
            trusted.trust(everyday, public)
        else:
            copy = vault.path / "public" / trusted.PUBLIC
            tell(f"no vault here trusts this key; where units are flashed, say: interlock release --trust {copy}")
        return public

    def trust(self, file: Path) -> bytes:
        """Let the everyday vault trust the public half in this file, which is returned."""
        from ..vault import trusted

        public, vault = trusted.read_public(file), self.at.open_vault()
        if trusted.trusted(vault) not in (None, public):
            self._confirm("The vault trusts another release key.", "Trust this one instead?")
        trusted.trust(vault, public)
        return public

    def _home(self) -> Context:
        home = self.at.home / FOLDER if self.folder is None else self.folder
        if home.resolve() == self.at.home.resolve():
            raise ToolError(
                f"{home} is the home of the vault in daily use",
                "Keep the release key elsewhere: leave --signer out, or name a folder of its own.",
            )
        return replace(self.at, home=home, key_file=self.key_file, _keys={})

    def _everyday(self) -> "Vault | None":
        if not self.at.has_vault:
            return None
        vault = self.at.open_vault()
        vault.check_own("authority over what units run")
        return vault

    def _open(self, there: Context) -> "Vault":
        if not there.has_vault:
            raise ToolError(
                f"there is no release key at {there.home}",
                "Make one, once: interlock release --new-key. If it is elsewhere (on a stick): --signer DIR.",
            )
        if self.key_file is not None:
            vault_unlock.read_key_file(self.key_file, OPTION)
        elif vault_keys.read(there.vault_path) is not None and not sys.stdin.isatty():
            raise ToolError(
                f"the release key at {there.home} is locked, and nobody is there to be asked for its passphrase",
                f"Run this on a terminal, or name its key file: {OPTION} FILE.",
            )
        return there.open_vault(with_ticket=False)

    def _make(self, there: Context, everyday: "Vault | None") -> "Vault":
        from ..vault import log
        from ..vault.vault import Vault

        tell(f"the release key gets a vault of its own, at {there.home}")
        secret = vault_unlock.new_secret(there.vault_path, self.key_file, asker(), f"{OPTION} FILE")
        self._check_apart(secret)
        make_home(there.home)
        keys = vault_keys.fresh(NewSlot(secret, self.at.who(None)), utc_ms() // 1000, os.urandom)
        vault = Vault.create(there.vault_path, _FORCE if everyday is None else everyday.force().name, keys=keys)
        vault.files.tell = tell
        log.note(vault.files, self.at.command, utc_ms())
        return vault

    def _check_apart(self, secret: Secret) -> None:
        """ToolError for a secret that opens the everyday vault, too: then one theft would be enough."""
        if not self.at.has_vault or vault_keys.read(self.at.vault_path) is None:
            return
        try:
            vault_keys.unlock(self.at.vault_path, secret)
        except WrongSecret:
            return
        raise ToolError(
            f"this {secret.kind} opens the vault in daily use, too",
            "The release key needs one of its own: take another.",
        )

    def _confirm(self, what: str, question: str) -> None:
        confirm(
            f"{what} Units that hold its public half take no release that another one signs, until they are flashed "
            "again by cable.",
            question,
            self.yes,
        )
