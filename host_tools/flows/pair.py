"""Pair a holster with a camera: one key, brought to both so that at every instant they share one.

    prepared   the key is in the vault; the holster is to hold it, beside an old one if there was one
    holster    the holster holds it; the camera is to change over
    camera     the camera changed over; the holster is to forget the old key
    committed

Each step is an admin's session that may be repeated; the vault takes the next one when the unit confirmed it
(`vault/keyring.py`). Cut anywhere, run again.
"""

from dataclasses import dataclass, replace

from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, ROLE_NAMES

from ..bench import Bench
from ..outcome import ToolError
from ..vault import keyring
from ..vault.entries import PairEntry
from ..vault.fields import KEY_BYTES
from ..vault.vault import Vault
from .reach import admin, bring_up_to_date, patiently

PATIENCE_S = 40.0  # a unit that got settings starts anew


@dataclass(frozen=True)
class Paired:
    """`visits`: units whose settings changed, in order; `already`: none had to."""

    holster: str
    camera: str
    spare: bool
    rekeyed: bool
    visits: tuple[str, ...]

    @property
    def already(self) -> bool:
        return not self.visits


async def pair(bench: Bench, holster: str, camera: str, rekey: bool = False, spare: bool | None = None) -> Paired:
    """Make these two a pair, or finish doing so; `rekey`: give a pair a new key; `spare`: whether it counts only while
    it is assigned, None: as it is, a new one does not wait for that."""
    vault = bench.vault
    vault.check_own("authority to pair units")
    with vault.locked():
        for serial in (holster, camera):
            vault.check_in_service(serial)
        check_roles(vault, holster, camera)
        entry = vault.pair(holster, camera)
        if entry is None:
            entry = PairEntry(holster, camera, "prepared", vault.entropy(KEY_BYTES), None, bool(spare))
            vault.save_pair(entry)
        elif entry.state == "committed" and rekey:
            entry = replace(entry, state="prepared", key=vault.entropy(KEY_BYTES), old_key=entry.key)
            vault.save_pair(entry)
        if spare not in (None, entry.spare):
            entry = replace(entry, spare=bool(spare))
            vault.save_pair(entry)
        visits: list[str] = []
        rekeyed = entry.old_key is not None
        if entry.state == "committed":
            for serial in (holster, camera):
                await _visit(bench, serial, visits)
        while entry.state != "committed":
            # The visit confirms the step, and by that the vault takes the next one.
            await _visit(bench, camera if entry.state == "holster" else holster, visits)
            entry = vault.pair(holster, camera)
            assert entry is not None
        for serial in (camera, holster):  # whoever was left in the middle: of a session, of another change
            if keyring.needs_visit(vault.book(), serial):
                await _visit(bench, serial, visits)
        return Paired(holster, camera, entry.spare, rekeyed, tuple(visits))


def check_roles(vault: Vault, holster: str, camera: str) -> None:
    """ToolError when these two cannot be a pair."""
    if holster == camera:
        raise ToolError(f"{holster} cannot be paired with itself", "Give a holster's serial and a camera's.")
    for serial, needed in ((holster, ROLE_HOLSTER), (camera, ROLE_CAMERA)):
        role = vault.unit(serial).role
        if not role & needed:
            raise ToolError(
                f"{serial} is a {ROLE_NAMES[role]} unit, not a {ROLE_NAMES[needed]}",
                "The holster comes first: interlock pair HOLSTER CAMERA.",
            )
    if vault.pair(camera, holster) is not None:
        raise ToolError(
            f"{camera} and {holster} are a pair the other way round already", "Give them in that order instead."
        )


async def _visit(bench: Bench, serial: str, visits: list[str]) -> None:
    """Let the unit hold what the vault says."""

    async def once() -> None:
        async with admin(bench, serial) as session:
            changed = await bring_up_to_date(session, bench.vault, serial)
        if changed:
            visits.append(serial)
            detail = f"revision {bench.vault.unit(serial).revision}"
            bench.store.custody(serial, bench.person, "paired", detail, bench.utc_ms())

    await patiently(once, PATIENCE_S)
