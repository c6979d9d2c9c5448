"""The page of one incident: all units involved on one timeline, and for each event why its verdict is what it is,
record by record. As self-contained as the report's page, which it stands beside."""

from collections.abc import Sequence

from .html_page import environment
from .model import Event, Finding, Incident, Report, Use
from .svg import draw

KINDS = (("draw", "draw", "draws"), ("arm", "arming", "armings"), ("discharge", "discharge", "discharges"))
SAYS = {
    "before": "video was running before it",
    "late": "video began only after it",
    "unwitnessed": "no camera recorded",
    "indeterminate": "whether video was running cannot be decided",
}


class Index:
    """What pages look up of a report, for all its incidents at once: a force has thousands."""

    def __init__(self, report: Report) -> None:
        self.units = {unit.serial: unit for unit in report.units}
        self.uses: dict[str, list[Use]] = {}
        for use in report.uses:
            self.uses.setdefault(use.incident, []).append(use)
        self.findings: dict[str, list[Finding]] = {}
        for finding in report.findings:
            if finding.serial is not None:
                self.findings.setdefault(finding.serial, []).append(finding)


def render(report: Report, incident: Incident, index: Index | None = None, *, alone: bool = False) -> str:
    """The page of this incident of the report. `index`: of the report, where it is there already; `alone`: the page
    stands beside no report's page, but in the evidence itself."""
    index = Index(report) if index is None else index
    uses = index.uses.get(incident.reference, [])
    involved = [index.units[serial] for serial in incident.serials if serial in index.units]
    title = f"Timeline of incident {incident.reference}: all weapons, and what each camera recorded"
    return (
        environment()
        .get_template("incident.html")
        .render(
            report=report,
            incident=incident,
            alone=alone,
            uses=uses,
            sentence=sentence(uses),
            drawing=draw(incident.timeline, title),
            units=involved,
            strangers=[serial for serial in incident.serials if serial not in index.units],
            fitted=[unit for unit in involved if unit.fits],
            findings=[finding for serial in incident.serials for finding in index.findings.get(serial, ())],
            bundle=incident.reference.replace(":", "-") + ".zip",
        )
    )


def sentence(uses: Sequence[Use]) -> str:
    """What happened, and what the cameras have of it: discharges where there are any, else all events."""
    events = [event for use in uses for event in use.events]
    weapons = len({use.serial for use in uses})
    subject = "One weapon" if weapons == 1 else f"{weapons} weapons"
    if not events:
        return f"{subject} left the holster; no draw, arming or discharge is journalled."
    happened = [_number(sum(event.event == kind for event in events), one, more) for kind, one, more in KINDS]
    told = _and([text for text in happened if text])
    judged = [event for event in events if event.event == "discharge"] or events
    what = "discharge" if judged[0].event == "discharge" else "event"
    coded = sorted({use.coded for use in uses if use.coded is not None})
    apart = f" Announced as {_and(coded)}: it counts apart." if coded else ""
    return f"{subject}: {told}. {_shown(judged, what)}{apart}"


def _shown(events: Sequence[Event], what: str) -> str:
    if len(events) == 1:
        return f"Of this {what}: {SAYS[events[0].verdict]}."
    counts = {verdict: sum(event.verdict == verdict for event in events) for verdict in SAYS}
    parts = [f"{verdict} {number}" for verdict, number in counts.items() if number]
    return f"Of {len(events)} {what}s: {', '.join(parts)}."


def _number(number: int, one: str, more: str) -> str:
    return "" if number == 0 else f"1 {one}" if number == 1 else f"{number} {more}"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
