"""Which units have to be judged together, so that a force's report is many small ones.

A neighbourhood is a group's units, or those of groups that shared one: whoever speaks of whom
(`verifying/mentions.py`), whoever is paired with whom, and all that go by one number. What verdicts rest on is within
it, but for one thing: a camera that is elsewhere may have recorded a use and said so to nobody. Those of
the same force are therefore asked, too, whether their journals reach beyond the use (`absent`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from ..auditing.apart import look as look_at
from ..auditing.places import Holding, Kept
from ..joined import Joined
from ..journal_items import Header
from ..verifying.roles import role_of
from .asked import Beside, Holdings, Named
from .held import Held, read_to_end_ms, unpulled


class Seen(NamedTuple):
    """What one look at a unit's journal shows, before anything in it is checked. `header`: whose it says it is;
    `mentions`: numbers of the units that it speaks of; `shows`: bits of the roles that records of it are of."""

    serial: str
    header: Header
    mentions: frozenset[int]
    shows: int = 0


class Neighbourhood(NamedTuple):
    """`serials`: of journals that are judged together, sorted; `missing`: of units of which nothing was ever pulled."""

    serials: tuple[str, ...]
    missing: tuple[str, ...]


def look(holdings: Holdings, serial: str) -> Seen:
    """One unit's journal, every version of it. ToolError when it cannot be read."""
    return Seen(serial, *look_at(_place(holdings, serial)))


def kept_at(holdings: Holdings, serial: str) -> Kept:
    """All that is kept of a unit."""
    return _place(holdings, serial).kept()


def _place(holdings: Holdings, serial: str) -> Holding:
    place = holdings.place(serial)
    assert isinstance(place, Holding), "a file by itself is no holding"
    return place


def read_ms(holdings: Holdings, serial: str) -> tuple[str, int | None]:
    """When a journal was last read to its end, UTC in ms; None: never, or something is missing in it or wrong with
    it."""
    journal = holdings.journal(serial)
    return serial, read_to_end_ms(journal.heads) if journal.complete else None


def as_shown(beside: Beside, units: Sequence[Seen]) -> Beside:
    """The same, with the roles that units' records show where others are said."""
    known = dict(beside.units)
    for unit in units:
        if unit.serial in known:
            said = known[unit.serial]
            known[unit.serial] = said._replace(role=role_of(said.role, unit.shows))
    return replace(beside, units=known)


def neighbourhoods(units: Sequence[Seen], beside: Beside) -> list[Neighbourhood]:
    """All units, those that were pulled and those that the force knows beside them, each in one of these; by the first
    of its serials. The same for any order of `units`."""
    joined = Joined()
    for unit in units:
        numbers = {unit.header.unit} | ({beside.units[unit.serial].number} if unit.serial in beside.units else set())
        for number in (numbers | unit.mentions) - {0}:
            joined.join(unit.serial, number)
    for serial, known in beside.units.items():
        joined.join(serial, known.number)
    for holster, camera in beside.pairs or ():
        joined.join(holster, camera)
    pulled = {unit.serial for unit in units}
    found: dict[object, tuple[list[str], list[str]]] = {}
    for serial in sorted(pulled | set(beside.units)):
        serials, missing = found.setdefault(joined.root(serial), ([], []))
        (serials if serial in pulled else missing).append(serial)
    return [Neighbourhood(tuple(serials), tuple(missing)) for serials, missing in found.values()]


def outsiders(found: Sequence[Neighbourhood], beside: Beside) -> list[str]:
    """Serials of journals of which it matters elsewhere until when they were read: the force's cameras, where it has
    more than one neighbourhood."""
    pulled = {serial for around in found for serial in around.serials}
    cameras = sorted(serial for serial, known in beside.units.items() if known.role & ROLE_CAMERA)
    return [serial for serial in cameras if serial in pulled] if len(found) > 1 else []


def absent(reads: Mapping[str, int | None], beside: Beside, around: Neighbourhood) -> list[Held]:
    """The force's cameras outside of this neighbourhood: whether each was read beyond a use is all that is asked of
    them. `reads`: of `read_ms`; one that is not among them covers no use."""
    here = {*around.serials, *around.missing}
    found = []
    for serial, known in sorted(beside.units.items()):
        if serial in here or not known.role & ROLE_CAMERA:
            continue
        camera = unpulled(serial, *named(known, serial))
        if reads.get(serial) is not None:
            camera = replace(camera, pulled=True, read_ms=reads[serial])
        found.append(camera)
    return found


def named(known: Named, serial: str) -> tuple[int, int, str]:
    """(number, role, name), as the force knows a unit."""
    return known.number, known.role, known.name or serial


def own_cameras(beside: Beside, numbers: Mapping[str, tuple[int, int]]) -> dict[int, list[int]] | None:
    """Numbers of each holster's own cameras, by the force's pairs; None: not known here. `numbers`: (number, role) of
    units by serial. A spare is nobody's own but while it is assigned, which the weapon's journal says of each use."""
    if beside.pairs is None:
        return None
    own: dict[int, list[int]] = {number: [] for number, role in numbers.values() if role & ROLE_HOLSTER}
    for holster, camera in beside.pairs:
        if holster in numbers and camera in numbers:
            own.setdefault(numbers[holster][0], []).append(numbers[camera][0])
    return own
