"""A part of what is held: some units, and what people said of some events. What a bundle is made of."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from ..auditing.places import Place
from ..reporting.asked import Beside, Holdings, Named
from ..store.lines import StoredJournal
from ..store.rows import AnnotationRow, RosterRow, UnitRow
from .kept_files import SERIAL


@dataclass(frozen=True)
class Chosen:
    """`serials`: of the units; `events`: (serial, number) of those of which annotations are taken along, None: all of
    these units. It implements `asked.Holdings`."""

    whole: Holdings
    serials: frozenset[str]
    events: frozenset[tuple[str, int]] | None = None

    def units(self) -> list[UnitRow]:
        return [row for row in self.whole.units() if row.serial in self.serials]

    def place(self, serial: str) -> Place:
        return self.whole.place(serial)

    def journal(self, serial: str) -> StoredJournal:
        return self.whole.journal(serial)

    def annotations(self) -> list[AnnotationRow]:
        rows = (row for row in self.whole.annotations() if row.serial in self.serials)
        return [row for row in rows if self.events is None or (row.serial, row.sequence) in self.events]

    def roster(self) -> list[RosterRow]:
        return [row for row in self.whole.roster() if row.serial in self.serials]


def known_of_all(whole: Holdings, beside: Beside) -> Beside:
    """What is known where the journals of some units are left out and nothing else is: every unit of the force, and of
    what is held, stays known. One that was left out may have recorded, and so counts as never pulled."""
    held = {row.serial: Named(row.unit, row.role, row.name) for row in whole.units() if _is_named(row)}
    return replace(beside, units={**held, **beside.units})


def _is_named(row: UnitRow) -> bool:
    """Whether its row can be exported: somebody may have changed it."""
    is_fit = type(row.unit) is int and type(row.role) is int and type(row.name) is str
    return is_fit and SERIAL.fullmatch(row.serial) is not None and 0 <= row.unit < 1 << 16 and 0 <= row.role < 1 << 8


def known_of(beside: Beside, serials: Collection[str], people: Collection[str] | None = None) -> Beside:
    """What is known beside the journals of these units, as if there were no others: for a bundle, whose verdicts are
    compared with those of the whole. `people`: whose keys, None: everybody's."""
    return Beside(
        beside.force,
        {serial: named for serial, named in beside.units.items() if serial in serials},
        None if beside.pairs is None else tuple(p for p in beside.pairs if p[0] in serials and p[1] in serials),
        {person: keys for person, keys in beside.people.items() if people is None or person in people},
        {serial: keys for serial, keys in beside.keys.items() if serial in serials},
        is_part=True,
    )
