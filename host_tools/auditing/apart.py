"""The audit of a whole store, group by group: for a force's, whose journals do not fit in memory together.

Journals are compared that speak of each other, and those of one number; what comes of it is what `audit.audit` says of
all at once. Each is read twice: to see of whom it speaks, and to be examined, in any process.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from interlock.core.layout import UNKNOWN

from ..joined import Joined
from ..journal_items import Header
from ..store.lines import serial_bytes
from ..verifying.mentions import mentions
from ..verifying.roles import role_in
from ..workers.sharing import in_order
from .audit import STORED_BYTES, Knowing, Progress, Report, compared
from .examine import Job, examine
from .places import Holding

if TYPE_CHECKING:
    from ..workers.executor import Executor


class Seen(NamedTuple):
    """What one look at a journal shows, before anything in it is checked. `header`: whose it is; `mentions`: numbers of
    the units that any version of it speaks of; `shows`: bits of the roles that records of it are of."""

    header: Header
    mentions: frozenset[int]
    shows: int = 0


def look(place: Holding) -> Seen:
    """ToolError when it cannot be read."""
    stored = place.kept().stored
    number, role, _ = stored.identity
    header = Header(role, number, serial_bytes(place.serial, stored.rows), 0, UNKNOWN)
    return Seen(header, mentions(row.raw for row in stored.rows), role_in(row.raw for row in stored.rows))


def audit_apart(
    places: Sequence[Holding],
    knowing: Knowing,
    executor: "Executor | None" = None,
    progress: Progress = lambda _, __: None,
) -> list[Report]:
    """Reports on `places`, in their order: as of `audit.audit`, with no more than one group's journals in a process."""
    total, through = 2 * STORED_BYTES * len(places), 0

    def done(journals: int) -> None:
        nonlocal through
        through += journals * STORED_BYTES
        progress(through, total)

    seen = in_order(look, places, executor, lambda _: done(1))
    with_others = len({one.header.unit for one in seen}) > 1
    jobs = [Job(place, knowing(one.header), with_others) for place, one in zip(places, seen, strict=True)]
    groups = _groups(places, seen)
    work = [tuple(jobs[place] for place in group) for group in groups]
    found = in_order(_examined, work, executor, lambda several: done(len(several)), len)
    reports: dict[int, Report] = {}
    for group, told in zip(groups, found, strict=True):
        reports.update(zip(group, told, strict=True))
    return [reports[place] for place in range(len(places))]


def _groups(places: Sequence[Holding], seen: Sequence[Seen]) -> list[list[int]]:
    """Which of the places are compared with each other."""
    joined = Joined()
    for place, one in zip(places, seen, strict=True):
        for number in ({one.header.unit} | one.mentions) - {0}:
            joined.join(place.serial, number)
    groups: dict[object, list[int]] = {}
    for number, place in enumerate(places):
        groups.setdefault(joined.root(place.serial), []).append(number)
    return list(groups.values())


def _examined(jobs: tuple[Job, ...]) -> list[Report]:
    return compared([examine(job) for job in jobs])
