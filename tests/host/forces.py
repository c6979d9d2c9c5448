"""Small forces in a store, for tests of what is made of many journals: `tests/bench/force.py` makes them."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from host_tools.auditing.examine import Known
from host_tools.journal_items import Header
from host_tools.reporting.asked import Asked, Beside, Named
from host_tools.store.store import Store
from tests.bench.force import Group, Unit, pull

SEED = 7


@cache
def group(shard: int = 0, officers: int = 2, days: int = 2) -> Group:
    return Group(shard, officers, days, SEED)


def beside_of(groups: Sequence[Group]) -> Beside:
    """What the force of these groups knows."""
    units = [unit for group in groups for unit in group.units]
    pairs = [pair for group in groups for pair in zip(group.holsters, group.cameras, strict=True)]
    return Beside(
        "Hill",
        {unit.serial: Named(unit.number, unit.role, f"unit {unit.serial}") for unit in units},
        tuple((holster.serial, body.serial) for holster, body in pairs),
    )


def asked(groups: Sequence[Group]) -> Asked:
    return Asked(groups[0].end_ms)


class Keys:
    """Who knows the seals' first keys. It can be pickled."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._keys: Mapping[bytes, bytes] = {u.serial_bytes: u.first_key for group in groups for u in group.units}

    def of(self, header: Header | None) -> Known:
        key = None if header is None else self._keys.get(header.serial)
        return Known() if key is None else Known((key,), in_vault=True)


def stored(folder: Path, groups: Sequence[Group], leave_out: Sequence[str] = ()) -> Path:
    """A store with all that was pulled of these groups."""
    place = folder / "journals.sqlite"
    store = Store.open(place)
    for unit in [unit for group in groups for unit in group.units if unit.serial not in leave_out]:
        keep(store, unit)
    store.close()
    return place


def keep(store: Store, unit: Unit) -> None:
    store.learn_unit(unit.serial, unit.number, unit.role, f"unit {unit.serial}")
    pull(store, unit)
