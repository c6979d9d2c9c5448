"""What a report lists one by one, where a force's year has more than anybody reads or a computer holds: of uses that
count apart, of what units noted and of sessions the newest ones. The others are counted, and a note says how many.
Whatever counts in the headline is listed always.

What is left out follows from units and times alone: it is the same however the work was shared out.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from . import model
from .figures import Unlisted
from .times import in_order

TESTS_OF_UNIT, TESTS_MAX = 100, 2000
"""Incidents in which every use counts apart: of one weapon, and in all."""
NOTES_OF_UNIT, NOTES_MAX = 1000, 100_000
SESSIONS_OF_UNIT, SESSIONS_MAX = 400, 50_000

Item = TypeVar("Item")


class Left(NamedTuple):
    """How many of units' notes and of sessions are not listed."""

    notes: int = 0
    sessions: int = 0


def newest(items: Sequence[Item], most: int, age: Callable[[Item], Any]) -> list[Item]:
    """The `most` newest, in the order given. `age`: what to sort by, oldest first; of no two items the same."""
    if len(items) <= most:
        return list(items)
    kept = set(sorted(range(len(items)), key=lambda place: age(items[place]))[-most:])
    return [item for place, item in enumerate(items) if place in kept]


def age_of_note(said: model.Said) -> tuple[Any, ...]:
    return (*in_order(said.at), said.serial, said.at.boot, said.at.uptime_ms, said.about, said.text)


def age_of_session(session: model.Session) -> tuple[Any, ...]:
    return (*in_order(session.at), session.serial, session.at.boot, session.at.uptime_ms)


def age_of_incident(incident: model.Incident) -> tuple[Any, ...]:
    return (*in_order(incident.began), incident.reference)


def apart(uses: Iterable[model.Use], incidents: Sequence[model.Incident]) -> list[model.Incident]:
    """Those in which every use counts apart."""
    counting = {use.incident for use in uses if use.coded is None}
    return [incident for incident in incidents if incident.reference not in counting]


def without(
    uses: Iterable[model.Use], incidents: Iterable[model.Incident], left: Iterable[model.Incident]
) -> tuple[list[model.Use], list[model.Incident], list[Unlisted]]:
    """The uses and incidents but these, and what these come to."""
    gone = {incident.reference for incident in left}
    counted = [unlisted(use) for use in uses if use.incident in gone]
    return (
        [use for use in uses if use.incident not in gone],
        [incident for incident in incidents if incident.reference not in gone],
        summed(counted),
    )


def unlisted(use: model.Use) -> Unlisted:
    assert use.coded is not None, "what counts in the headline is listed"
    kinds = [event.event for event in use.events]
    figures = (1, kinds.count("discharge"), kinds.count("arm"), kinds.count("draw"))
    return Unlisted(use.serial, use.month, use.team, use.coded, *figures)


def summed(counted: Iterable[Unlisted]) -> list[Unlisted]:
    """One of each unit, month, team and coding, in that order; where a month or a team is not known, that comes
    last."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for one in counted:
        sums = found.setdefault((one.serial, one.month, one.team, one.coded), [0, 0, 0, 0])
        for place, figure in enumerate((one.uses, one.discharges, one.arms, one.draws)):
            sums[place] += figure
    order = sorted(found, key=lambda key: [(part is None, part or "") for part in key])
    return [Unlisted(*key, *found[key]) for key in order]
