"""Numbers of a public report that would tell a unit again in the next one, since they only grow: those of records are
counted anew from 1, in the order of the journal, of what this report names; how many there are is told roughly.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .model import Cited, Event, Gap, Report

Place = tuple[str, int]
"""Serial and sequence number."""


def of_records(report: Report) -> Mapping[Place, int]:
    """What the number of each record becomes that the report names."""
    found: dict[str, set[int]] = {}
    for serial, sequence in _named(report):
        found.setdefault(serial, set()).add(sequence)
    return {
        (serial, sequence): place
        for serial, sequences in found.items()
        for place, sequence in enumerate(sorted(sequences), 1)
    }


def _named(report: Report) -> Iterator[Place]:
    for incident in report.incidents:
        yield from _split([incident.reference, *incident.uses])
    for use in report.uses:
        yield from _split([use.incident])
        yield from _cited(use.end.cited)
        for event in use.events:
            yield from _split([event.reference])
            yield from _cited(event.ground.cited)
            yield from _cited(event.own_ground.cited)
            yield from _cited([] if event.continuity is None else event.continuity.cited)


def _split(references: Iterable[str]) -> Iterator[Place]:
    for reference in references:
        serial, _, sequence = reference.rpartition(":")
        if sequence.isdecimal():
            yield serial, int(sequence)


def _cited(several: Iterable[Cited]) -> Iterator[Place]:
    for one in several:
        yield one.serial, one.sequence


def place_of(of: Event | Cited) -> Place:
    serial = of.serial if isinstance(of, Cited) else of.reference.rpartition(":")[0]
    return serial, of.sequence


def roughly(number: Any) -> int:
    """Its first digit, and noughts."""
    step = 10 ** (len(str(number)) - 1)
    return int(number // step * step)


def sizes(gaps: Iterable[Gap]) -> list[Gap]:
    """How many records each gap has, and not where it is."""
    return sorted((Gap(1, gap.last - gap.first + 1, gap.explained) for gap in gaps), key=lambda gap: gap.last)
