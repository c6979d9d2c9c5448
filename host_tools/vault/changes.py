"""What the force decides of its units in service, written into the vault: revocation, replacement, policy, rotation.

Each is on disk when its function returns, and brought to units by `flows/bring.py`.
"""

from dataclasses import dataclass, replace

from interlock.core.settings import ROLE_NAMES, Policy, Settings, unsound_policy

from ..outcome import ToolError
from . import keyring
from .entries import COMMITTED, REVOKED, PairEntry
from .fields import KEY_BYTES
from .keyring import Book
from .vault import Vault


@dataclass(frozen=True)
class Exposure:
    """What a revoked unit can still do, until the units named were reached. `partners`: they still take it for their
    own; `forgeable`: (whom it can pass for, to whom); `group`: units that take its frames as those of a stranger of
    the group."""

    serial: str
    partners: tuple[str, ...]
    forgeable: tuple[tuple[str, str], ...]
    group: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        return not (self.partners or self.forgeable or self.group)


# Rotation.


def begin_rotation(vault: Vault, leave_behind: bool) -> bool:
    """Begin a rotation of the group's key; False, and nothing changed, while one is under way, or while a unit has not
    confirmed the end of the one before (unless it is left behind)."""
    book = vault.book()
    if not book.members():
        raise ToolError("the vault has no unit in service", "Set units up first: interlock provision.")
    if book.force.group_change is not None or (keyring.lagging(book) and not leave_behind):
        return False
    vault.save_force(keyring.begin(book.force, vault.entropy))
    return True


def leave_behind(vault: Vault) -> None:
    """Let the rotation go a step on without those that have not confirmed the one before."""
    vault.save_force(keyring.next_group_step(vault.force()))


# Revocation.


def revoke(vault: Vault, serial: str) -> bool:
    """Take a unit out of all that units hold, and let every key change that it knows; whether that is news."""
    entry = vault.unit(serial)
    is_news = entry.state != REVOKED
    if is_news:
        if not keyring.perhaps(entry):  # set up by an older program, or cut short: it may know what it was to hold
            entry = replace(entry, given=keyring.settings_for(vault.book(), serial, entry.revision))
        vault.save_unit(replace(entry, state=REVOKED))
    vault.go_on()
    return is_news


def revoked(book: Book) -> list[str]:
    """Serials of revoked units, sorted."""
    return sorted(serial for serial, unit in book.units.items() if unit.state == REVOKED)


def exposure(book: Book, serial: str) -> Exposure:
    """What this revoked unit can still do."""
    known = keyring.burnt(replace(book, units={serial: book.units[serial]}, pairs={}))
    number = book.units[serial].number
    members = {other: keyring.perhaps(book.units[other]) for other in book.members()}
    names = {book.units[other].number: other for other in members}
    paired = {end for pair in book.pairs for end in pair if serial in pair}
    own = {
        other
        for other, held in members.items()
        if any(_lists(settings, number) for settings in held) or (not held and other in paired)
    }
    forgeable = {
        (names[partner.unit], other)
        for other, held in members.items()
        for settings in held
        for partner in settings.partners
        if partner.unit_key in known and partner.unit in names
    }
    group = {
        other
        for other, held in members.items()
        if not held or any({settings.group_key, settings.group_other} & known for settings in held)
    }
    return Exposure(serial, tuple(sorted(own)), tuple(sorted(forgeable)), tuple(sorted(group)))


def _lists(settings: Settings, number: int) -> bool:
    return any(partner.unit == number for partner in settings.partners)


def replace_unit(vault: Vault, old: str, new: str) -> list[PairEntry]:
    """Revoke `old`, and make the pairs that it had with `new`; those pairs. ToolError, and nothing changed, when `new`
    cannot take its place."""
    wanted = replacement(vault, old, new)
    # The revocation last: until it is there, running this again begins anew; after it, all is decided.
    for pair in wanted:
        if vault.pair(pair.holster, pair.camera) is None:
            vault.save(pair)
    revoke(vault, old)
    return wanted


def replacement(vault: Vault, old: str, new: str) -> list[PairEntry]:
    """The pairs that `new` is to have in the place of `old`; nothing is written. ToolError when it cannot take it."""
    gone, comes = vault.unit(old), vault.unit(new)
    if old == new or comes.state != COMMITTED:
        what = "is revoked" if comes.state == REVOKED else "is not wholly set up"
        raise ToolError(
            f"{new} cannot replace {old}: it {'is that unit' if old == new else what}",
            "Set the new unit up first: interlock provision LABEL.",
        )
    if gone.role != comes.role:
        raise ToolError(
            f"{old} is a {ROLE_NAMES[gone.role]} unit, {new} a {ROLE_NAMES[comes.role]} unit",
            "A unit is replaced by one of its role.",
        )
    book = vault.book().having(replace(gone, state=REVOKED))
    wanted = []
    for pair in book.pairs.values():
        ends = [new if serial == old else serial for serial in (pair.holster, pair.camera)]
        others = {pair.holster, pair.camera} - {old}
        if len(others) == 2 or book.units[others.pop()].state == REVOKED:
            continue
        known = vault.pair(*ends)
        if known is None:
            known = PairEntry(ends[0], ends[1], "prepared", vault.entropy(KEY_BYTES), None, pair.spare)
            book = vault.check_pair(book, known)
        wanted.append(known)
    return wanted


# Policy.


def set_policy(vault: Vault, figures: dict[str, int]) -> bool:
    """Give the force's policy, and that of every unit, these figures; whether that changed anything. ToolError, and
    nothing changed, when a unit could not run with them."""
    force = vault.force()
    units = [entry for entry in vault.book().units.values() if entry.state != REVOKED]
    policy = sound(force.policy._replace(**figures), "the force's policy")
    wanted = [(entry, sound(entry.policy._replace(**figures), entry.serial)) for entry in units]
    changed = [replace(entry, policy=wish) for entry, wish in wanted if wish != entry.policy]
    for entry in changed:
        vault.save_unit(entry)
    if policy != force.policy:  # last: until then, the same command begins anew
        vault.save_force(replace(force, policy=policy, policy_version=force.policy_version + 1))
    return bool(changed) or policy != force.policy


def sound(policy: Policy, whose: str) -> Policy:
    """The policy; ToolError that names the figure when no unit can run with it."""
    reason = unsound_policy(policy)
    if reason is not None:
        raise ToolError(f"{whose}: {reason}", "No unit could run with it. Nothing was changed.")
    return policy
