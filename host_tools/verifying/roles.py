"""Of which role a unit is by its own records, which can be signed. Neither chain nor checkpoint covers the role that a
file's header or a list of units states: whoever may write there could make a camera a holster, whose recordings would
not count."""

from collections.abc import Iterable

from interlock.core import records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, ROLE_NAMES

from .outcomes import Misnamed

ROLE_OF = dict.fromkeys((records.EVENT, records.ACK, records.WITNESS, records.PROOF, records.USE), ROLE_HOLSTER)
ROLE_OF |= dict.fromkeys((records.HEARD, records.RECORDER, records.ANSWER, records.EXPIRY, records.AIRED), ROLE_CAMERA)
"""The role (`settings.py`) of whoever writes records of a kind, of those kinds that not everybody writes."""

_KIND_AT = slice(1, 2)


def kinds_left(shown: int) -> list[int]:
    """Kinds of record that show a role that is not among these bits."""
    return [kind for kind, role in ROLE_OF.items() if not role & shown]


def role_shown(kinds: Iterable[int]) -> int:
    """Bits of the roles that records of these kinds show; 0: none."""
    shown = 0
    for kind in set(kinds):
        shown |= ROLE_OF.get(kind, 0)
    return shown


def role_in(raws: Iterable[bytes]) -> int:
    """The same from the bytes of records, as stored, sound or not."""
    return role_shown(kind[0] for kind in {raw[_KIND_AT] for raw in raws} if kind)


def role_of(stated: int, shown: int) -> int:
    """What a unit is that is said to be of the role `stated`: what its records show goes before."""
    return shown if shown & ~stated else stated


def of_role(stated: int, shown: int) -> list[Misnamed]:
    """Where records show a role (`shown`, bits) that is not in the one that is `stated`."""
    if role_of(stated, shown) == stated:
        return []
    said, other = ROLE_NAMES.get(stated, f"unit of role {stated}"), ROLE_NAMES[shown & ~stated]
    return [Misnamed(f"it is said to be a {said}, and has records that only a {other} writes")]
