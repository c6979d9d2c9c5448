"""What people say of a unit's records, as the report has it: weighed by `statements/`, beside the verdict always."""

from collections.abc import Mapping

from ..clocks.unit_clock import UnitClock
from ..statements import weigh
from ..time_words import utc_text
from ..vouched import People
from .grounds import Annotation
from .held import Held

GOOD = "good"


def annotations(
    held: Held, clock: UnitClock, people: People, officers: Mapping[int, str], made_ms: int
) -> dict[int, list[Annotation]]:
    """Those that stand, by sequence number, in the order in which they were said. `people`: keys that the force vouches
    for; `officers`: whose use it is, by the sequence numbers of its events; `made_ms`: UTC now."""
    if not held.annotations:
        return {}
    known = _known(held, clock, officers, made_ms)
    found: dict[int, list[Annotation]] = {}
    for said in weigh.weighed(held.annotations, _raws(held), people, known):
        found.setdefault(said.row.sequence, []).append(
            Annotation(
                code=said.row.code,
                text=said.row.text,
                by=said.row.by,
                utc_ms=said.row.utc_ms,
                at=utc_text(said.row.utc_ms),
                signature=said.signature,
                key=said.key,
                confirmed_by=said.confirmed_by,
                confirmed_utc_ms=said.confirmed_utc_ms,
                doubts=list(said.doubts),
            )
        )
    return found


def _known(held: Held, clock: UnitClock, officers: Mapping[int, str], made_ms: int) -> weigh.Known:
    records = {record.sequence: record for record in held.records}

    def happened_ms(sequence: int) -> int | None:
        record = records.get(sequence)
        low_ms = None if record is None else clock.between(record.boot, record.uptime_ms).low_ms
        return None if low_ms is None else round(low_ms)

    return weigh.Known(happened_ms, officers.get, made_ms)


def findings(held: Held, clock: UnitClock, people: People, made_ms: int) -> list[str]:
    """What somebody did to what people said, or left undone, in words. `made_ms`: UTC now."""
    if not held.annotations:
        return []
    return weigh.findings(held.annotations, _raws(held), people, _known(held, clock, {}, made_ms))


def exemption(verdict: str, said: list[Annotation]) -> str | None:
    """The code that stands beside this verdict: of the newest well signed annotation that a second person confirmed,
    else of the newest well signed one; None where video was running before."""
    signed = [one for one in said if one.signature == GOOD]
    if verdict == "before" or not signed:
        return None
    return max(signed, key=lambda one: (one.confirmed_by is not None, one.utc_ms)).code


def _raws(held: Held) -> weigh.RawOf:
    """Every record that this unit ever told under a number."""
    versions: dict[int, tuple[bytes, ...]] = {record.sequence: (record.raw,) for record in held.records}
    versions |= {conflict.sequence: conflict.raws for conflict in held.conflicts}
    for branch in held.branches:
        for record in branch.records:
            versions.setdefault(record.sequence, (record.raw,))
    return versions.get
