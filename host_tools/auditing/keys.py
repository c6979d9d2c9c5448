"""What is known of units beside their journals: public keys that were given, and a force's or a technician's vault."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.core import lms

from ..journal_items import Header
from ..label import serial_text
from ..outcome import ToolError
from ..verifying.checkpoints import Voucher
from .examine import Known

if TYPE_CHECKING:
    from ..vault.vault import Vault

_FILE_BYTES_MAX = 4096


def read_public_key(path: Path) -> bytes:
    """A public key (60 bytes: RFC 8554, 6.1) from a file that holds it, or its hex. ToolError with advice otherwise."""
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    if len(data) != lms.PUBLIC_BYTES:
        try:
            data = bytes.fromhex(data.decode("ascii"))
        except ValueError:
            data = b""
    if len(data) != lms.PUBLIC_BYTES or not 1 <= int.from_bytes(data[:4]) <= lms.LEVELS_MAX:
        raise ToolError(
            f"{path} holds no public key of a unit",
            f"That is {lms.PUBLIC_BYTES} bytes, or their hex: vault/public/SERIAL-N.pub, or N.pub of interlock export.",
        )
    return data


def find_vault(path: Path) -> Path:
    """The vault at `path`, which may be its own folder or the home that it is in."""
    return path / "vault" if not (path / "force.json").exists() and (path / "vault").exists() else path


class Knowledge:
    """`given`: public keys that whoever asks vouches for; `vault`: None for none."""

    def __init__(self, given: Sequence[bytes] = (), vault: "Vault | None" = None) -> None:
        self._given = tuple(given)
        self._vault = vault
        self._serials = frozenset(vault.serials()) if vault is not None else frozenset()

    def of(self, header: Header | None) -> Known:
        """What is known of the unit whose journal begins so."""
        signing: dict[bytes, Voucher] = dict.fromkeys(self._given, "given")
        vault = self._vault
        if vault is None:
            return Known(signing_keys=signing)
        serial = "" if header is None else serial_text(header.serial)
        if header is None or serial not in self._serials:
            return Known(signing_keys=signing, in_vault=False)
        for key in vault.signing_keys(serial):
            signing.setdefault(key, "vault")
        number, role, _ = vault.name(serial)
        seal_keys = vault.seal_keys(serial, header.serial)
        if seal_keys is None:
            return Known(signing_keys=signing, in_vault=False)
        return Known(seal_keys, signing, (number, role), True)
