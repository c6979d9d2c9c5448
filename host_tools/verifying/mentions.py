"""Which other units a journal speaks of: those that it heard, answered, was paired with or assigned to.

Frames are read with a group's keys only, so these are of its own group, or were. From the bytes of each record alone,
sound or not: who is named too often costs time, who is left out could change a verdict.
"""

from collections.abc import Iterable

from interlock.core import records
from interlock.core.layout import HEAD_BYTES

_LENGTH_AT, _KIND_AT = 0, 1
_UNIT_BYTES = 2
# Their payload begins with one unit's number,
_OF_ONE = frozenset(
    (
        records.ACK,
        records.WITNESS,
        records.HEARD,
        records.ANSWER,
        records.EXPIRY,
        records.PARTNER,
        records.MET,
        records.TIME_HEARD,
        records.ASSIGNED,
    )
)
# or it is a list of which each item, of so many bytes, does.
_OF_MANY = {records.PEERS: 6, records.CREW: 4}


def mentions(raws: Iterable[bytes]) -> frozenset[int]:
    """Numbers of the units that these records (their bytes, as stored) speak of."""
    found: set[bytes] = set()
    for raw in raws:
        kind = raw[_KIND_AT] if len(raw) > HEAD_BYTES + _UNIT_BYTES else 0
        if kind in _OF_ONE:
            found.add(raw[HEAD_BYTES : HEAD_BYTES + _UNIT_BYTES])
        elif kind in _OF_MANY:
            end = HEAD_BYTES + raw[_LENGTH_AT]
            found.update(raw[at : at + _UNIT_BYTES] for at in range(HEAD_BYTES, end, _OF_MANY[kind]))
    return frozenset(int.from_bytes(unit) for unit in found) - {0}
