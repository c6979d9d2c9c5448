"""The order of everything in a public report: that of the pseudonyms. A report's own lists are in the order of serials
or numbers, or of the moment; who has the list of a force's units would read the names, or the hours, from that.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from .figures import Unlisted
from .lanes import Lane, Timeline
from .model import Cited, Event, Finding, Incident, Use
from .times import in_order

KINDS = ("Holster", "Combined", "Camera", "Unit")
_PSEUDONYM = re.compile(rf"({'|'.join(KINDS)}) (\d+)")
Place = tuple[int, int, str]


def place(name: str | None) -> Place:
    """What to sort by: the first pseudonym in it; what has none comes last."""
    found = _PSEUDONYM.search(name or "")
    return (len(KINDS), 0, name or "") if found is None else (KINDS.index(found[1]), int(found[2]), "")


def uses(several: Iterable[Use]) -> list[Use]:
    """By day; of one day and weapon as they happened."""
    made = [_use(one) for one in several]
    return sorted(made, key=lambda one: (in_order(one.began), place(one.serial), one.version))


def _use(one: Use) -> Use:
    crew, own = one.crew, one.own_cameras
    return replace(
        one,
        own_cameras=None if own is None else sorted(own, key=place),
        crew=None if crew is None else sorted(crew, key=lambda member: (not member.own, place(member.name))),
        events=[_event(event, one.serial) for event in one.events],
        timeline=_timeline(one.timeline),
    )


def _event(one: Event, weapon: str) -> Event:
    went_on = one.continuity
    return replace(
        one,
        witnesses=sorted(one.witnesses, key=place),
        ground=replace(one.ground, cited=_cited(one.ground.cited, weapon)),
        own_ground=replace(one.own_ground, cited=_cited(one.own_ground.cited, weapon)),
        continuity=None if went_on is None else replace(went_on, cited=_cited(went_on.cited, weapon)),
    )


def _cited(several: list[Cited], weapon: str) -> list[Cited]:
    """The weapon's records where they are in the argument, and in the other places one camera's after the other's."""
    others = iter(sorted((one for one in several if one.serial != weapon), key=lambda one: place(one.serial)))
    return [one if one.serial == weapon else next(others) for one in several]


def incidents(several: Iterable[Incident]) -> list[Incident]:
    made = [_incident(one) for one in several]
    return sorted(made, key=lambda one: (in_order(one.began), place(one.reference)))


def _incident(one: Incident) -> Incident:
    weapons = {reference.rpartition(":")[0] for reference in one.uses}
    return replace(
        one,
        uses=sorted(one.uses, key=lambda reference: (reference != one.reference, place(reference))),
        serials=sorted(one.serials, key=lambda serial: (serial not in weapons, place(serial))),
        timeline=_timeline(one.timeline),
    )


def _timeline(drawn: Timeline) -> Timeline:
    """The weapon on whose clock it is comes first, each weapon with its alerts."""
    weapons: list[list[Lane]] = []
    cameras = []
    for lane in drawn.lanes:
        if lane.kind == "weapon" or (lane.kind == "alerts" and not weapons):
            weapons.append([lane])
        elif lane.kind == "alerts":
            weapons[-1].append(lane)
        else:
            cameras.append(lane)
    others = sorted(weapons[1:], key=lambda lanes: place(lanes[0].name))
    cameras.sort(key=lambda lane: (lane.kind != "own", place(lane.name)))
    return replace(drawn, lanes=[lane for lanes in (*weapons[:1], *others) for lane in lanes] + cameras)


def findings(several: Iterable[Finding]) -> list[Finding]:
    """Those of no single unit first."""
    return sorted(several, key=lambda one: (one.serial is not None, place(one.serial), one.text))


def unlisted(several: Iterable[Unlisted]) -> list[Unlisted]:
    return sorted(several, key=lambda one: (place(one.serial), one.month or "~", one.team or "~", one.coded))
