"""Signatures that a bundle does not have: nothing that a signature does not cover is safe from whoever has the journal.

That a checkpoint was taken is in the journal itself; without its signature, which anybody can take away, it proves
nothing. It may never have been fetched, or the unit lost its power while it signed: so this is said, and is no finding.
"""

from collections.abc import Iterator, Mapping

from interlock.core import checkpoint, records
from interlock.core.layout import decode

from ..auditing.places import Kept
from ..verifying.checkpoints import Judged

_KIND_AT, _TAKEN = slice(1, 2), bytes([records.CHECKPOINT])


def missing(kept: Kept) -> Iterator[str]:
    """Of the checkpoints that a unit's journal says were taken, those whose signatures are not with it, in words."""
    said = (checkpoint.unpack(one.message) for one in kept.signed)
    here = {one.index for one in said if one is not None}
    taken: dict[int, int] = {}
    for row in kept.stored.rows:
        record = decode(row.raw, 0) if row.raw[_KIND_AT] == _TAKEN else None
        fields = None if record is None else record.fields()
        if fields is not None:
            taken[fields.index] = row.sequence
    for index in sorted(taken.keys() - here):
        yield f"checkpoint {index} was taken (record {taken[index]}), and its signature is not here"


def bare(signed: Mapping[str, Judged]) -> list[str]:
    """Serials of the journals of which no signature by a key that is vouched for covers anything."""
    return sorted(serial for serial, judged in signed.items() if not judged.signed_to)
