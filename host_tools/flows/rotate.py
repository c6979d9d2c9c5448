"""Rotate the group's key, revoke a unit, put another in its place: decided in the vault, brought to units in range.

No unit leaves service for it: every step waits until all units of the group confirmed the one before
(`vault/keyring.py`).
"""

from dataclasses import dataclass

from ..bench import Bench
from ..vault import changes, keyring
from ..vault.changes import Exposure
from ..vault.vault import Vault
from .bring import Brought, Failure, Report, Round, Step, Visit, quietly


@dataclass(frozen=True)
class Rotation:
    """Of the group's key. accept: units learn the next key; speak: they send under it; settled: they forget the one
    before, which is over when nobody is `lagging`: units that have not confirmed the step. `epoch`: of the key that all
    had before the rotation, settled: that all are to have."""

    epoch: int
    step: Step
    lagging: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        return self.step == "settled" and not self.lagging


@dataclass(frozen=True)
class Rotated:
    """`begun`: by this command; the others as of `Brought`."""

    begun: bool
    rotation: Rotation
    visits: tuple[Visit, ...]
    failures: tuple[Failure, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Revoked:
    """`exposures`: what each revoked unit can still do, of those that still can; the others as of `Rotated`."""

    serials: tuple[str, ...]
    exposures: tuple[Exposure, ...]
    rotation: Rotation
    visits: tuple[Visit, ...]
    failures: tuple[Failure, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Replaced:
    """`pairs`: (holster, camera) that were made with the new unit; `unfinished`: those of them that do not work yet."""

    old: str
    new: str
    pairs: tuple[tuple[str, str], ...]
    unfinished: tuple[tuple[str, str], ...]
    revoked: Revoked


def rotation(vault: Vault) -> Rotation:
    """How far it is."""
    book = vault.book()
    change = book.force.group_change
    return Rotation(book.force.epoch, "settled" if change is None else change.step, tuple(keyring.lagging(book)))


async def rotate(
    bench: Bench, serials: list[str] | None = None, leave_behind: bool = False, report: Report = quietly
) -> Rotated:
    """Begin a rotation, or go on with the one that is under way, as far as the units let it. `serials`: units to visit,
    None: those in range; `leave_behind`: do not wait for units that are not among them."""
    vault = bench.vault
    vault.check_own("authority to change keys")
    with vault.locked():
        for serial in serials or ():
            vault.check_in_service(serial)  # nothing is begun for a unit that there is not
        begun = changes.begin_rotation(vault, leave_behind)
        visiting = Round(bench, serials, report)
        brought = await visiting.go()
        while leave_behind and not brought.failures and vault.force().group_change is not None:
            changes.leave_behind(vault)
            brought = await visiting.go()
        return Rotated(begun, rotation(vault), *_parts(brought))


async def revoke(bench: Bench, serial: str | None = None, report: Report = quietly) -> Revoked:
    """Revoke a unit; None: go on with bringing it about for those that are revoked."""
    vault = bench.vault
    vault.check_own("authority to revoke units")
    with vault.locked():
        if serial is not None:
            changes.revoke(vault, serial)
        return await _spread(bench, report)


async def replace(bench: Bench, old: str, new: str, report: Report = quietly) -> Replaced:
    """Revoke `old` and make its pairs with `new`."""
    vault = bench.vault
    vault.check_own("authority to replace units")
    with vault.locked():
        pairs = changes.replace_unit(vault, old, new)
        revoked = await _spread(bench, report)
        ends = [(pair.holster, pair.camera) for pair in pairs]
        book = vault.book()
        unfinished = [pair for pair in ends if book.pairs[pair].state != "committed"]
        return Replaced(old, new, tuple(ends), tuple(unfinished), revoked)


async def _spread(bench: Bench, report: Report) -> Revoked:
    vault = bench.vault
    brought = await Round(bench, None, report).go()
    book = vault.book()
    serials = changes.revoked(book)
    exposures = [changes.exposure(book, serial) for serial in serials]
    left = tuple(exposure for exposure in exposures if not exposure.is_over)
    return Revoked(tuple(serials), left, rotation(vault), *_parts(brought))


def _parts(brought: Brought) -> tuple[tuple[Visit, ...], tuple[Failure, ...], tuple[str, ...]]:
    return brought.visits, brought.failures, brought.missing
