"""The report as one self-contained page: no script, no font, no picture from elsewhere. Text comes from
`templates/report.html`; every value is escaped there. Where there are thousands of uses, it shows what needs attention;
the rest is in the tables (`tables_csv.py`) and on the incidents' own pages (`html_incident.py`)."""

from collections.abc import Iterator
from typing import NamedTuple

from . import html_incident
from .attention import attention, rank
from .breakdown import UNKNOWN
from .html_page import environment, incident_path, late_text
from .model import Incident, Report, Row, Said, Unit, Use
from .svg import Drawing, draw
from .svg_months import draw_months

__all__ = ["late_text", "pages", "render"]

SHOWN_MAX = 40
"""Uses that a page shows whole whatever they are, and notes of one unit."""
NEEDING_MAX = 80
"""Uses that need attention, shown whole where there are more than SHOWN_MAX."""
LISTED_MAX = 500
"""Lines of a table."""
SESSIONS_MAX = 200


class Behind(NamedTuple):
    """Units whose journals are not as new as they should be."""

    never: int
    overdue: int


class Told(NamedTuple):
    """An incident as a line of a table."""

    incident: Incident
    uses: list[Use]
    teams: list[str]
    attention: list[str]


def pages(report: Report) -> Iterator[tuple[str, str]]:
    """(path below the report's folder, page): report.html, and one page for each incident."""
    yield "report.html", render(report)
    index = html_incident.Index(report)
    for incident in report.incidents:
        yield incident_path(incident.reference), html_incident.render(report, incident, index)


def render(report: Report) -> str:
    """The page."""
    needing = sorted((use for use in report.uses if attention(use)), key=lambda use: rank(attention(use)))
    shown = report.uses if len(report.uses) <= SHOWN_MAX else needing[:NEEDING_MAX]
    noted = _notes(report)
    return environment().get_template("report.html").render(
        report=report,
        behind=_behind(report.units),
        contents=_contents(report),
        months=draw_months(report.breakdown.months),
        has_teams=_has_teams(report),
        findings=report.findings[:LISTED_MAX],
        units=_in_front(report.units)[:LISTED_MAX],
        weapons=_weapons(report.breakdown.units),
        incidents=_incidents(report)[:LISTED_MAX],
        needing=len(needing),
        shown=[(use, _drawing(use)) for use in shown],
        notes_of=noted[:SHOWN_MAX],
        unnoted=max(len(noted) - SHOWN_MAX, 0),
        sessions=report.sessions[-SESSIONS_MAX:],
        shown_max=SHOWN_MAX,
    )  # fmt: skip


def _has_teams(report: Report) -> bool:
    return any(row.key != UNKNOWN for row in report.breakdown.teams)


def _drawing(use: Use) -> Drawing:
    return draw(use.timeline, f"Timeline of the use of {use.name}: the weapon's events and each camera's recordings")


def _behind(units: list[Unit]) -> Behind:
    overdue = sum(unit.is_overdue for unit in units)
    never = sum(unit.overdue_days is None for unit in units)
    return Behind(never, overdue - never)


def _in_front(units: list[Unit]) -> list[Unit]:
    """Never pulled, overdue longest, of a journal that is not intact, all others as they come."""

    def order(unit: Unit) -> tuple[int, int]:
        if unit.is_overdue:
            return 0 if unit.overdue_days is None else 1, -(unit.overdue_days or 0)
        return 3 if unit.journal == "intact" else 2, 0

    return sorted(units, key=order)


def _weapons(rows: list[Row]) -> list[Row]:
    if len(rows) <= LISTED_MAX:
        return rows

    def missing(row: Row) -> int:
        return row.headline.discharges.total - row.headline.discharges.before

    return sorted(rows, key=missing, reverse=True)[:LISTED_MAX]


def _incidents(report: Report) -> list[Told]:
    """As they come, where all can be listed; else those that need attention first."""
    uses = html_incident.Index(report).uses
    found = []
    for incident in report.incidents:
        of_it = uses.get(incident.reference, [])
        reasons = list(dict.fromkeys(reason for use in of_it for reason in attention(use)))
        teams = sorted({use.team for use in of_it if use.team is not None})
        found.append(Told(incident, of_it, teams, reasons))
    return found if len(found) <= LISTED_MAX else sorted(found, key=lambda told: rank(told.attention))


def _contents(report: Report) -> list[tuple[str, str]]:
    """(place on the page, words) of what is there."""
    every = (
        ("findings", "Findings", report.findings),
        ("limits", "Limits", report.notes),
        ("public", "Left out", report.is_public),
        ("months", "Months", report.breakdown.months),
        ("teams", "Teams", _has_teams(report)),
        ("units", "Units", True),
        ("incidents", "Incidents", report.incidents),
        ("uses", "Uses", True),
        ("noted", "Notes", not report.is_public),
        ("sessions", "Sessions", not report.is_public),
        ("words", "Words", True),
        ("silent", "What figures do not show", True),
    )
    return [(place, words) for place, words, there in every if there]


def _notes(report: Report) -> list[tuple[Unit, list[Said]]]:
    """What each unit noted, of those that noted anything."""
    noted: dict[str, list[Said]] = {}
    for said in report.said:
        noted.setdefault(said.serial, []).append(said)
    return [(unit, noted[unit.serial]) for unit in report.units if unit.serial in noted]
