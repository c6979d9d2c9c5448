"""The report as tables for a spreadsheet or a database: CSV as in RFC 4180, UTF-8, each with one line of names first.
Columns are explained in `FIGURES.md`, and keep their names. References join the tables: an event's `use` is the
reference of its use's first event; serials join all with units.csv.

A cell of text that a spreadsheet would take for a formula gets an apostrophe in front.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from .. import durable
from .attention import attention
from .figures import Count, Headline, Quantiles, Row
from .model import Event, Report, Use

Cell = str | int | float | bool | None
Table = tuple[tuple[str, ...], Iterable[tuple[Cell, ...]]]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
KINDS = ("discharges", "arms", "draws")
COUNT = (
    *("total", "before", "late", "late_covered", "late_p50_ms", "late_p90_ms", "late_p99_ms", "late_max_ms"),
    *("unwitnessed", "indeterminate", "own_before", "exempt", "exempt_confirmed", "unbroken", "broken", "unknown_end"),
    *("before_untouched", "own_late", "own_unwitnessed", "own_indeterminate", "unconfirmed", "unconfirmed_before"),
)
TIME = ("utc_ms", "u_ms", "not_before_ms", "not_after_ms", "text")


def write(report: Report, folder: Path) -> list[Path]:
    """All tables into `folder`, which is there. Each is replaced as a whole; ToolError where the disk refuses."""
    written = []
    for name, table in tables(report).items():
        path = folder / name
        durable.replace(path, text(table).encode(errors="backslashreplace"))
        written.append(path)
    return written


def text(table: Table) -> str:
    """The file's text."""
    names, rows = table
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in chain([names], rows):
        writer.writerow([cell(value) for value in row])
    return out.getvalue()


def cell(value: Cell) -> str:
    """true and false for what is so or not, nothing for null, numbers as they are."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return str(value)


def tables(report: Report) -> dict[str, Table]:
    """By file name."""
    return {
        "headline.csv": (("figures", *COUNT), _headline(report.headline)),
        "apart.csv": (("what", "uses", "discharges", "arms", "draws"), _apart(report.headline)),
        "reactions.csv": (("what", "count", "p50_ms", "p90_ms", "p99_ms", "max_ms"), _reactions(report.headline)),
        "alerts.csv": (
            ("alert", "given", "muted"),
            ((alert.name, alert.given, alert.muted) for alert in report.headline.alerts),
        ),
        "months.csv": _breakdown("month", report.breakdown.months),
        "teams.csv": _breakdown("team", report.breakdown.teams),
        "weapons.csv": _breakdown("serial", report.breakdown.units),
        "incidents.csv": _incidents(report),
        "uses.csv": _uses(report),
        "events.csv": _events(report),
        "annotations.csv": _annotations(report),
        "units.csv": _units(report),
        "findings.csv": (
            ("serial", "name", "text"),
            ((finding.serial, finding.name, finding.text) for finding in report.findings),
        ),
    }


def _count(count: Count) -> tuple[Cell, ...]:
    return (
        *(count.total, count.before, count.late, count.late_covered, *_spread(count.late_by)),
        *(count.unwitnessed, count.indeterminate, count.own_before, count.exempt, count.exempt_confirmed),
        *(count.unbroken, count.broken, count.unknown_end),
        *(count.before_untouched, count.own_late, count.own_unwitnessed, count.own_indeterminate),
        *(count.unconfirmed, count.unconfirmed_before),
    )


def _spread(of: Quantiles) -> tuple[Cell, ...]:
    return of.p50_ms, of.p90_ms, of.p99_ms, of.max_ms


def _headline(headline: Headline) -> Iterator[tuple[Cell, ...]]:
    for name in (*KINDS, "cancelled_draws", "without_training"):
        yield name, *_count(getattr(headline, name))


def _apart(headline: Headline) -> Iterator[tuple[Cell, ...]]:
    for name in ("function_tests", "test_mode"):
        apart = getattr(headline, name)
        yield name, apart.uses, apart.discharges, apart.arms, apart.draws


def _reactions(headline: Headline) -> Iterator[tuple[Cell, ...]]:
    for name in ("heard", "recording"):
        of = getattr(headline, name)
        yield name, of.count, *_spread(of)
    yield "unanswered", headline.unanswered, None, None, None, None


def _breakdown(key: str, rows: list[Row]) -> Table:
    names = [f"{kind}_{name}" for kind in KINDS for name in COUNT]
    company = ("lone", "crewed", "company_unknown")

    def lines() -> Iterator[tuple[Cell, ...]]:
        for row in rows:
            head = row.headline
            figures = chain.from_iterable(_count(getattr(head, kind)) for kind in KINDS)
            yield row.key, row.name, row.uses, *figures, head.company.lone, head.company.crewed, head.company.unknown

    return (key, "name", "uses", *names, *company), lines()


def _reference(use: Use) -> str:
    """Of its first event that is judged; where there is none, of its incident."""
    return use.events[0].reference if use.events else use.incident


def _incidents(report: Report) -> Table:
    names = ("incident", *(f"began_{name}" for name in TIME), "lasted_ms", "uses", "serials")
    return names, (
        (
            incident.reference,
            *(getattr(incident.began, name) for name in TIME),
            incident.lasted_ms,
            " ".join(incident.uses),
            "; ".join(incident.serials),
        )
        for incident in report.incidents
    )


def _uses(report: Report) -> Table:
    plain = (
        *("serial", "name", "version", "lasted_ms", "officer", "team", "month", "coded", "cancelled", "lone"),
        *("heard_ms", "recording_ms", "late_acks", "alerts", "incident", "pickup_faulty_ms"),
    )
    names = ("use", *(f"began_{name}" for name in TIME), *plain, "own_cameras", "crew", "attention")
    return names, (
        (
            _reference(use),
            *(getattr(use.began, name) for name in TIME),
            *(getattr(use, name) for name in plain),
            None if use.own_cameras is None else "; ".join(use.own_cameras),
            None if use.crew is None else "; ".join(member.name for member in use.crew),
            "; ".join(attention(use)),
        )
        for use in report.uses
    )


_EVENT = (
    *("reference", "sequence", "event", "after_ms", "verdict", "reason", "camera", "late_by_ms", "late_by_u_ms"),
    *("buffer_covers", "own_verdict", "own_reason", "own_camera", "own_late_by_ms", "own_late_by_u_ms"),
    *("own_buffer_covers", "aired", "contradicted", "exempt", "in_touch", "confirmed"),
)


def _events(report: Report) -> Table:
    names = (
        *("use", "incident", "serial", "version", "coded", "cancelled", "team", "month", *_EVENT),
        *("row", "condition", "own_row", "own_condition", "continuity", "broken_ms", "witnesses", "alerts"),
        *(f"at_{name}" for name in TIME),
    )
    return names, (_event(use, event) for use in report.uses for event in use.events)


def _event(use: Use, event: Event) -> tuple[Cell, ...]:
    went_on = event.continuity
    breaks = [] if went_on is None else went_on.breaks
    return (
        *(_reference(use), use.incident, use.serial, use.version, use.coded, use.cancelled, use.team, use.month),
        *(getattr(event, name) for name in _EVENT),
        *(event.ground.row, event.ground.condition, event.own_ground.row, event.own_ground.condition),
        None if went_on is None else went_on.state,
        "; ".join(f"{begin}..{'' if end is None else end}" for begin, end in breaks),
        "; ".join(event.witnesses),
        "; ".join(event.alerts),
        *(getattr(event.at, name) for name in TIME),
    )


def _annotations(report: Report) -> Table:
    plain = ("code", "text", "by", "utc_ms", "at", "signature", "key", "confirmed_by", "confirmed_utc_ms")
    return ("event", *plain, "doubts"), (
        (event.reference, *(getattr(said, name) for name in plain), "; ".join(said.doubts))
        for use in report.uses
        for event in use.events
        for said in event.annotations
    )


def _units(report: Report) -> Table:
    plain = (
        *("serial", "name", "unit", "role", "team", "assigned", "journal", "records", "last_pull_utc_ms", "last_pull"),
        *("overdue_days", "is_overdue", "boots", "boots_without_clock", "clock", "lost_records", "conflicts", "uses"),
        "pickup_faulty_ms",
    )
    return (*plain, "gaps"), (
        (*(getattr(unit, name) for name in plain), "; ".join(f"{gap.first}..{gap.last}" for gap in unit.gaps))
        for unit in report.units
    )
