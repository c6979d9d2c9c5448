"""The report: for every draw, arm and discharge, was video running before it? From journals alone.

`build` is pure: journals in, values out (`model.py`, whose names are those of `--json`). `html.py` makes
the page, `commands/report.py` the table on the terminal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from interlock.core.settings import ROLE_HOLSTER

from ..clocks.unit_clock import UnitClock
from ..judging.evidence import Evidence, gather
from ..judging.uses import Coding
from . import model
from . import units as report_units
from .held import Held, from_store, from_verdict, unpulled
from .model import Report
from .times import in_order, is_before, utc_text
from .uses import Court, count

__all__ = ["Held", "Report", "build", "from_store", "from_verdict", "unpulled"]


def build(
    journals: Sequence[Held],
    own: Mapping[int, Sequence[int]] | None,
    *,
    made_ms: int,
    force: str | None = None,
    since_ms: int | None = None,
) -> Report:
    """`journals`: all units that are known, also those of which nothing was pulled; `own`: numbers of each holster's
    own cameras by its number, or None when that is not known; `made_ms`: UTC now; `since_ms`: leave out uses and
    sessions that were certainly before. Times in ms since 1970, UTC."""
    held: dict[int, Held] = {}
    doubles: list[Held] = []  # of those that share a number, which no sound vault gives out twice
    for journal in sorted(journals, key=lambda j: (not j.pulled, j.serial)):
        if journal.unit in held and journal.pulled:
            doubles.append(journal)
        held.setdefault(journal.unit, journal)
    judged = _all_uses(held, doubles, own)
    uses = [use for use in judged if not is_before(use.began, since_ms)]
    uses.sort(key=lambda use: (*in_order(use.began), use.serial, use.version))
    clocks = {journal.serial: UnitClock(journal.records) for journal in journals}
    ordered = sorted(journals, key=lambda journal: (journal.role, journal.unit, journal.serial))
    sessions = [s for j in ordered for s in report_units.sessions(j, clocks[j.serial], since_ms)]
    sessions.sort(key=lambda session: in_order(session.at))
    names = {journal.unit: journal.name for journal in held.values()}

    def name_of(unit: int) -> str:
        return names.get(unit, f"unit {unit}")

    return Report(
        made_utc_ms=made_ms,
        made=utc_text(made_ms),
        force=force,
        since_utc_ms=since_ms,
        since=None if since_ms is None else utc_text(since_ms),
        headline=_headline(uses),
        uses=uses,
        units=[
            report_units.unit(j, clocks[j.serial], sum(use.serial == j.serial for use in uses), name_of)
            for j in ordered
        ],
        findings=[
            *(f for j in ordered for f in report_units.findings(j, clocks[j.serial])),
            *(
                model.Finding(j.serial, j.name, f"another unit has number {j.unit}, too: {held[j.unit].serial}")
                for j in doubles
            ),
        ],
        sessions=sessions,
        said=[said for j in ordered for said in report_units.said(j, clocks[j.serial], since_ms, name_of)],
        notes=report_units.notes(ordered, own is not None, sum(use.version > 1 for use in uses)),
    )  # fmt: skip


def _headline(uses: Sequence[model.Use]) -> model.Headline:
    """Uses that are coded count apart, and so do draws that were none; whatever was armed or discharged counts."""
    counted = [use for use in uses if use.coded is None]
    meant = [use for use in counted if not use.cancelled]

    def of(found: Sequence[model.Use], kind: str) -> model.Count:
        return count([event for use in found for event in use.events if event.event == kind])

    return model.Headline(
        discharges=of(counted, "discharge"),
        arms=of(counted, "arm"),
        draws=of(meant, "draw"),
        cancelled_draws=of([use for use in counted if use.cancelled], "draw"),
        function_tests=_apart(uses, Coding.FUNCTION_TEST),
        test_mode=_apart(uses, Coding.TRIED),
        company=model.Company(
            lone=sum(use.lone is True for use in meant),
            crewed=sum(use.lone is False for use in meant),
            unknown=sum(use.lone is None for use in meant),
        ),
    )


def _apart(uses: Sequence[model.Use], coding: Coding) -> model.Apart:
    found = [use for use in uses if use.coded == coding]
    kinds = [event.event for use in found for event in use.events]
    return model.Apart(len(found), kinds.count("discharge"), kinds.count("arm"), kinds.count("draw"))


def _all_uses(
    held: Mapping[int, Held], doubles: Sequence[Held], own: Mapping[int, Sequence[int]] | None
) -> list[model.Use]:
    """Uses of the main lines, then those that only other versions of a journal tell: nothing is left out because it
    contradicts something else."""
    evidence = _gathered(held)
    court = Court(evidence, held, own)
    found = [court.judged(use, 1) for use in evidence.uses]
    for journal in (*held.values(), *doubles):
        if journal.role & ROLE_HOLSTER:
            main = [] if held[journal.unit] is journal else [(1, 0, journal)]
            beside = [
                (version, branch.begins, replace(journal, records=branch.records))
                for version, branch in enumerate(journal.branches, 2)
            ]
            for version, begins, told in main + beside:
                found += _uses_of(told, version, begins, held, own)
    return found


def _uses_of(
    told: Held, version: int, begins: int, held: Mapping[int, Held], own: Mapping[int, Sequence[int]] | None
) -> list[model.Use]:
    """Uses of this version of a unit's journal that are not over before record `begins`."""
    instead = {**held, told.unit: told}
    evidence = _gathered(instead)
    court = Court(evidence, instead, own)
    uses = [use for use in evidence.uses if use.unit == told.unit and use.events[-1].sequence >= begins]
    return [court.judged(use, version) for use in uses]


def _gathered(held: Mapping[int, Held]) -> Evidence:
    return gather(journal.journal() for journal in held.values() if journal.pulled)
