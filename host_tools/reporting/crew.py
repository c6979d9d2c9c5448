"""Lone or crewed: who of the group was near when a weapon was used, by what the weapon's unit and its own cameras say.

A holster unit listens when an answer is due only, a camera always: so the crew that the own camera writes down when it
follows a weapon counts as well.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from interlock.core import records
from interlock.core.settings import ROLE_CAMERA

from ..judging.uses import Use
from .model import Member


def crew_of(
    use: Use,
    followers: Iterable[int],
    own: Sequence[int] | None,
    roles: Mapping[int, int],
    name_of: Callable[[int], str],
) -> list[Member] | None:
    """Everybody who was near but the weapon's own unit, own cameras first; None when no journal says who was: without a
    crew record, own cameras alone say nothing of others. `followers`: units that heard it, as either journal says;
    `own`: numbers of its cameras, None when these are known from the unit's own word only; `roles`: of units that are
    known, by number."""
    found: dict[int, int] = {}
    for near in use.near or ():
        if near.writer == use.unit:
            found[near.unit] = found.get(near.unit, 0) | near.flags
        else:
            # Whose own a unit is, and whom it answered, is the weapon's affair here.
            found[near.writer] = found.get(near.writer, 0)
            flags = near.flags & (records.CREW_READY | records.CREW_HOLSTER)
            found[near.unit] = found.get(near.unit, 0) | flags
    for testimony in use.testimonies:
        found[testimony.camera] = found.get(testimony.camera, 0) | records.CREW_WITNESS
    for unit in followers:
        found.setdefault(unit, 0)
    found.pop(use.unit, None)
    if use.near is None and not set(found).difference(own or ()):
        return None
    members = []
    for unit, flags in found.items():
        is_own = bool(flags & records.CREW_OWN) if own is None else unit in own
        role = _role(unit, flags, roles)
        bits = (records.CREW_READY, records.CREW_ACKED, records.CREW_WITNESS)
        members.append(Member(name_of(unit), role, is_own, *(bool(flags & bit) for bit in bits)))
    return sorted(members, key=lambda member: (not member.own, member.role, member.name))


def _role(unit: int, flags: int, roles: Mapping[int, int]) -> str:
    if unit in roles:
        return "camera" if roles[unit] & ROLE_CAMERA else "holster"
    return "holster" if flags & records.CREW_HOLSTER else "camera"


def is_lone(crew: Sequence[Member] | None) -> bool | None:
    """Whether no camera but the officer's own was near; None when nobody knows."""
    return None if crew is None else not any(member.role == "camera" and not member.own for member in crew)
