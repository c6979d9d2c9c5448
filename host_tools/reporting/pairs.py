"""Who a weapon's own cameras are: by the pairs that the force states, and by what the weapon's unit itself says of its
partners whenever it was used. Its records can be signed; a list of pairs is only somebody's word."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from interlock.core import records
from interlock.core.layout import Record

from ..judging.uses import Use


def agrees(use: Use, own: Collection[int]) -> bool:
    """Whether the weapon's unit calls no other camera its own in this use than these, and each of these that it had
    heard."""
    return use.named.issubset({*own, use.unit}) and use.strange.isdisjoint(own)


def unlike(
    uses: Iterable[Use],
    journals: Mapping[int, Sequence[Record]],
    own: Mapping[int, Sequence[int]] | None,
    name_of: Callable[[int], str],
) -> dict[int, str]:
    """By the weapon's number: that the newest use since its last settings speaks against the pairs (`own`), in words.
    What older uses say may have been so then: pairs change. `journals`: records by number."""
    newest: dict[int, Use] = {}
    for use in uses if own is not None else ():
        if use.assigned is None and use.is_assigned_known and use.events[0].sequence > _set_up(journals[use.unit]):
            newest[use.unit] = use
    return {
        unit: _text(use, (own or {}).get(unit, ()), name_of)
        for unit, use in newest.items()
        if not agrees(use, (own or {}).get(unit, ()))
    }


def _set_up(journal: Iterable[Record]) -> float:
    """Number of the record since which its settings are in force; infinite: nothing tells."""
    since, revision = float("inf"), None
    for record in journal:
        fields = record.fields() if record.kind == records.CONFIG else None
        if fields is not None and fields.revision != revision:
            since, revision = record.sequence, fields.revision
    return since


def _text(use: Use, own: Collection[int], name_of: Callable[[int], str]) -> str:
    said = [f"calls {name_of(unit)} its own camera" for unit in sorted(use.named.difference({*own, use.unit}))]
    said += [f"does not call {name_of(unit)} its own camera" for unit in sorted(use.strange.intersection(own))]
    return (
        f"in its use from record {use.events[0].sequence} on it {' and '.join(said)}, and the pairs here say "
        "otherwise: it was not told of a change yet, or they are not what was set up"
    )
