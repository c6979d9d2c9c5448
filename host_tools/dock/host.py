"""What the dock needs of this computer and its vault: space on the disk, a clock that is right, keys that open units.

What is wrong here is told of the dock itself, and never counts against a unit.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from ..outcome import ToolError
from ..store.store import Store
from ..vault import keys as vault_keys
from ..vault.keys import Keys
from ..vault.vault import Vault
from .board import CLOCK_SLACK_MS, Board, iso
from .lights import HOUR_S, Light

WARN_S = 7 * 24 * HOUR_S  # before the end of a technician's credentials
NEW_ONES = "Have new ones made on the computer with the force's vault: interlock credentials"


def cannot_unlock() -> Keys | None:
    """Where nothing is at hand that opens the vault anew."""
    raise ToolError("the vault was given new keys", "Start the dock anew.")


class Host:
    """`unlock`: the vault's keys as they are now, without asking anybody; `is_clock_kept`: whether somebody keeps this
    computer's clock right, None where the system does not say."""

    def __init__(
        self,
        board: Board,
        vault: Vault,
        store: Store,
        home: Path,
        free_bytes: int,
        unlock: Callable[[], Keys | None] = cannot_unlock,
        is_clock_kept: Callable[[], bool | None] = lambda: None,
    ) -> None:
        self.has_keys = True
        self._board = board
        self._vault = vault
        self._store = store
        self._home = home
        self._free_bytes = free_bytes
        self._unlock = unlock
        self._is_clock_kept = is_clock_kept
        self._clock_ahead_s: float | None = None

    def may_visit(self) -> bool:
        """Whether it makes sense to visit units."""
        return self.has_space() and self.has_keys

    def is_well(self) -> bool:
        """Whether what goes wrong just now is not this host's fault."""
        try:
            return self.has_space() and not self._is_turned() and not self._is_ended()
        except ToolError:
            return False

    # The vault.

    def look_at_vault(self) -> bool:
        """Whether it opens units; it is opened anew where another command gave it new keys meanwhile."""
        board = self._board
        try:
            if self._is_turned():
                self._vault.files.keys = self._unlock()
                board.tell("the vault was given new keys, and opens by them")
            self.has_keys = not self._is_ended()
        except ToolError as error:
            self.has_keys = False
            said = f"the vault cannot be used, so nothing is pulled: {error}"
            board.notice("the vault", Light.RED, said, error.advice)
            return False
        board.withdraw("the vault")
        self._look_at_credentials()
        return self.has_keys

    def _is_turned(self) -> bool:
        keys, locks = self._vault.files.keys, vault_keys.read(self._vault.path)
        return locks is not None and (keys is None or locks != keys.locks)

    def _is_ended(self) -> bool:
        expires_s = self._vault.force().expires_s
        return expires_s is not None and expires_s * 1000 < self._board.utc_ms()

    def _look_at_credentials(self) -> None:
        board, force = self._board, self._vault.force()
        if force.expires_s is None or force.expires_s - board.utc_ms() / 1000 > WARN_S:
            board.withdraw("the credentials")
            return
        at = iso(force.expires_s * 1000)
        if self.has_keys:
            said = f"the credentials of {force.person} end on {at}, and then nothing is pulled any more"
            board.notice("the credentials", Light.YELLOW, said, f"{NEW_ONES} {force.person}.")
        else:
            said = f"the credentials of {force.person} ended on {at} (by this host's clock), so nothing is pulled"
            kept = "Units keep their journals meanwhile, and nothing is lost."
            board.notice("the credentials", Light.RED, said, f"{NEW_ONES} {force.person}. {kept}")

    # The clock.

    def look_at_clock(self) -> None:
        """Whether it jumped, and whether what the store has of other days lets it be believed.

        One computer whose clock was wrong when it pulled must not put this one's in doubt for years: it is in doubt
        when most units were pulled after what it says, and nobody keeps it right."""
        board = self._board
        now_ms = board.utc_ms()
        ahead_s = now_ms / 1000 - board.now_s()
        if self._clock_ahead_s is not None and abs(ahead_s - self._clock_ahead_s) > CLOCK_SLACK_MS / 1000:
            board.tell(f"this host's clock jumped by {ahead_s - self._clock_ahead_s:+.1f} s", None, Light.YELLOW)
        self._clock_ahead_s = ahead_s
        pulled = self._store.last_pulled()
        late = sorted(serial for serial, at_ms in pulled.items() if at_ms > now_ms + CLOCK_SLACK_MS)
        board.is_clock_in_doubt = 2 * len(late) > len(pulled) and not self._is_clock_kept()
        if board.is_clock_in_doubt:
            board.notice(
                "this host's clock",
                Light.RED,
                "this host's clock is behind the newest pull of most units, so no unit's clock is set by it",
                "Set it right, and let NTP keep it so: then it is believed. Units keep their own time meanwhile.",
            )
        else:
            board.withdraw("this host's clock")
        if late and not board.is_clock_in_doubt:
            some = ", ".join(late[:5]) + (" and others" if len(late) > 5 else "")
            said = f"the store has pulls of {some} that are dated in the future: they do not count"
            board.notice("pulls", Light.GREEN, said, "A computer's clock was wrong when it pulled.")
        else:
            board.withdraw("pulls")

    # The disk.

    def has_space(self) -> bool:
        free = shutil.disk_usage(self._home).free
        if free >= self._free_bytes:
            self._board.withdraw("the disk")
            return True
        self._board.notice(
            "the disk",
            Light.RED,
            f"the disk is full ({free >> 20} MiB are left), so nothing is pulled",
            "Free some space: the dock goes on by itself. Units keep their journals, and nothing is lost.",
        )
        return False
