"""What a bundle states of one incident: its uses with verdicts, grounds and offsets, the units with the fits of their
clocks, and what is found of them. A part of the report, chosen so that it can be made anew and compared."""

import json
from dataclasses import asdict
from typing import Any

from ..outcome import Exit, ToolError
from ..reporting.model import Incident, Report, Use
from .plain import wrong


def find(report: Report, reference: str) -> Incident:
    """The incident of this reference, or that an event of this reference is part of. ToolError when there is none."""
    for one in report.incidents:
        if one.reference == reference:
            return one
    for use in report.uses:
        if any(event.reference == reference for event in use.events):
            return next(one for one in report.incidents if one.reference == use.incident)
    near = sorted({use.incident for use in report.uses if use.serial == reference.rpartition(":")[0]})
    known = f": of that unit there are {', '.join(near[:8])}." if near else ", such as H1:57: it lists them."
    raise ToolError(
        f"{reference} is no incident and no event of one in the report",
        f"Name it as interlock report does{known}",
        Exit.USAGE,
    )


def uses_of(report: Report, found: Incident) -> list[Use]:
    return [use for use in report.uses if use.incident == found.reference]


def facts(report: Report, reference: str) -> dict[str, Any]:
    """As `incident.json` has it. ToolError when the report has no such incident."""
    found = find(report, reference)
    told = {
        "reference": found.reference,
        "force": report.force,
        "made_utc_ms": report.made_utc_ms,
        "incident": asdict(found),
        "uses": [asdict(use) for use in uses_of(report, found)],
        "units": [asdict(unit) for unit in report.units],
        "findings": [asdict(one) for one in report.findings],
        "notes": report.notes,
    }
    again: dict[str, Any] = json.loads(json.dumps(told))
    return again


def reference_in(exported: Any) -> str:
    """Of an `incident.json` that was read."""
    reference = exported.get("reference") if isinstance(exported, dict) else None
    if not isinstance(reference, str):
        raise wrong("incident.json", "does not say which incident it is about")
    return reference
