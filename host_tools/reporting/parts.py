"""Parts of a report, and how they are added up. Values only: another process may have made them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from . import model
from .listed import (
    NOTES_MAX,
    SESSIONS_MAX,
    TESTS_MAX,
    Left,
    age_of_incident,
    age_of_note,
    age_of_session,
    apart,
    newest,
    summed,
    without,
)
from .times import in_order

ROLE_ORDER = ("holster", "camera", "combined")
CUT_AFTER = 100_000
"""Things that come together before those that are not listed are let go: a force has millions."""


@dataclass(frozen=True)
class Part:
    """`uses`: as asked for, in order of time; `units`: by role and number; `vouched`: by serial, records that the seal
    and those that signatures vouch for, of units of which that was asked; `unlisted`: coded uses that are left out, as
    `listed.py` says; `left`: notes and sessions likewise; `missed`:
    findings of journals that are not here, and of which others tell."""

    uses: list[model.Use]
    incidents: list[model.Incident]
    units: list[model.Unit]
    findings: list[model.Finding]
    sessions: list[model.Session]
    said: list[model.Said]
    vouched: dict[str, tuple[int, int]]
    unlisted: list[model.Unlisted]
    left: Left
    missed: list[model.Finding]


def added(parts: Iterable[Part]) -> Part:
    """All of them in one, in whatever order they come: uses, incidents and sessions by time, the rest by unit."""
    whole, come = Part([], [], [], [], [], [], {}, [], Left(), []), 0
    for one in parts:
        whole = replace(whole, left=Left(whole.left.notes + one.left.notes, whole.left.sessions + one.left.sessions))
        for name in ("uses", "incidents", "units", "findings", "sessions", "said", "unlisted", "missed"):
            getattr(whole, name).extend(getattr(one, name))
        whole.vouched.update(one.vouched)
        come += len(one.incidents) + len(one.said) + len(one.sessions)
        if come > CUT_AFTER:
            whole, come = _cut(whole), 0
    whole = _cut(whole)
    whole.units.sort(key=lambda unit: (_place(unit.role), unit.unit, unit.serial))
    order = {unit.serial: place for place, unit in enumerate(whole.units)}
    whole.uses.sort(key=lambda use: (*in_order(use.began), use.serial, use.version))
    whole.incidents.sort(key=age_of_incident)
    whole.sessions.sort(key=lambda session: (*in_order(session.at), order[session.serial]))
    whole.findings.sort(key=lambda finding: order.get(finding.serial or "", -1))
    whole.said.sort(key=lambda one: order[one.serial])
    return whole


def _cut(told: Part) -> Part:
    """With what a whole report lists."""
    tests = apart(told.uses, told.incidents)
    kept = {incident.reference for incident in newest(tests, TESTS_MAX, age_of_incident)}
    left = [incident for incident in tests if incident.reference not in kept]
    said, sessions = newest(told.said, NOTES_MAX, age_of_note), newest(told.sessions, SESSIONS_MAX, age_of_session)
    uses, incidents_kept, more = without(told.uses, told.incidents, left)
    notes_left, sessions_left = len(told.said) - len(said), len(told.sessions) - len(sessions)
    return replace(
        told,
        uses=uses,
        incidents=incidents_kept,
        said=said,
        sessions=sessions,
        unlisted=summed([*told.unlisted, *more]),
        left=Left(told.left.notes + notes_left, told.left.sessions + sessions_left),
    )


def _place(role: str) -> int:
    return ROLE_ORDER.index(role) if role in ROLE_ORDER else len(ROLE_ORDER)
