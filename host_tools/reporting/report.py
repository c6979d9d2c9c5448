"""The report: for every draw, arm and discharge, was video running before it? From journals alone.

`part` (`part.py`) judges what one neighbourhood's journals tell, `whole` adds parts up; both are pure, and their values
are in `model.py`, whose names are those of `--json`. `html.py` makes the page, `commands/report.py` the table on the
terminal.
"""

from collections.abc import Iterable, Mapping, Sequence

from ..time_words import utc_text
from ..vouched import Vouched
from . import model
from .asked import OVERDUE_DAYS, Asked, Beside
from .breakdown import breakdown, headline
from .held import Held, from_store, from_verdict, unpulled
from .model import Report
from .notes import notes
from .part import part
from .parts import Part, added
from .teams import NO_TEAMS, Teams

__all__ = ["Held", "Part", "Report", "Teams", "build", "from_store", "from_verdict", "part", "unpulled", "whole"]


def build(
    journals: Sequence[Held],
    own: Mapping[int, Sequence[int]] | None,
    *,
    made_ms: int,
    force: str | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    overdue_days: int = OVERDUE_DAYS,
    teams: Teams = NO_TEAMS,
    people: Mapping[str, tuple[Vouched, ...]] | None = None,
) -> Report:
    """Of journals that are at hand: arguments as of `part`; times in ms since 1970,
    UTC."""
    asked = Asked(made_ms, since_ms, until_ms, overdue_days)
    beside = Beside(force, pairs=None if own is None else (), people=people or {})
    return whole([part(journals, own, asked, teams, people)], beside, asked)


def whole(parts: Iterable[Part], beside: Beside, asked: Asked) -> Report:
    """The parts added up: the same in whatever order they come, and however units that never met share them. `beside`:
    whose the report is."""
    told = added(parts)
    return Report(
        made_utc_ms=asked.made_ms,
        made=utc_text(asked.made_ms),
        force=beside.force,
        since_utc_ms=asked.since_ms,
        since=None if asked.since_ms is None else utc_text(asked.since_ms),
        until_utc_ms=asked.until_ms,
        until=None if asked.until_ms is None else utc_text(asked.until_ms),
        is_public=False,
        overdue_after_days=asked.overdue_days,
        headline=headline(told.uses, told.unlisted),
        breakdown=breakdown(told.uses, told.units, told.unlisted),
        incidents=told.incidents,
        uses=told.uses,
        units=told.units,
        findings=_findings(told, beside),
        sessions=told.sessions,
        said=told.said,
        notes=notes(told, beside, asked),
        unlisted=told.unlisted,
    )


def _findings(told: Part, beside: Beside) -> list[model.Finding]:
    """By unit. That others' journals are not here is none where they were left out on purpose."""
    order = {unit.serial: place for place, unit in enumerate(told.units)}
    of_units = [*told.findings, *([] if beside.is_part else told.missed)]
    return [*sorted(of_units, key=lambda finding: order.get(finding.serial or "", -1)), *_doubles(told.units)]


def _doubles(units: Sequence[model.Unit]) -> list[model.Finding]:
    """Units that share a number, which no sound vault gives out twice."""
    first: dict[int, model.Unit] = {}
    found = []
    for unit in sorted(units, key=lambda unit: (unit.journal == "not pulled", unit.serial)):
        other = first.setdefault(unit.unit, unit)
        if other is not unit and unit.journal != "not pulled":
            text = f"another unit has number {unit.unit}, too: {other.serial}"
            found.append(model.Finding(unit.serial, unit.name, text))
    return found
