"""A report on the terminal: the headline, and tables of what is behind it. The page has more."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from ..reporting.attention import attention
from ..reporting.figures import Count, Quantiles, Row
from ..reporting.model import Event, Report, Unit, Use
from .tables import table

STYLES = {"before": "green", "late": "yellow", "unwitnessed": "bold red", "indeterminate": "magenta"}
SHOWN_MAX = 200
"""Lines of one table: a force has thousands, and the page has them."""


def show(made: Report) -> None:
    """The tables for people."""
    out = Console(highlight=False)  # prose: 80 columns where no terminal says otherwise
    _headline(out, made)
    for title, rows in (("Months, UTC", made.breakdown.months), ("Teams", made.breakdown.teams)):
        if len(rows) > 1 or (rows and rows[0].key != "unknown"):
            _rows(out, title, rows)
    _uses(out, made.uses)
    for event in [event for use in made.uses for event in use.events]:
        for said in event.annotations:
            signed = f", confirmed by {said.confirmed_by}" if said.confirmed_by else ""
            words = f"{event.reference} {said.code}: {said.text} (said by {said.by}, {said.at}; "
            words += f"signature: {said.signature}{signed})"
            out.print(f"[cyan]annotation[/] {escape(words)}", soft_wrap=True)
    _units(out, made.units)
    for finding in made.findings:
        out.print(f"[bold red]finding[/] {escape(finding.name or '')}: {escape(finding.text)}.")
    for note in made.notes:
        out.print(f"[yellow]note[/] {escape(note)}")
    out.print(f"{len(made.sessions)} sessions at units are in the page.")


def _headline(out: Console, made: Report) -> None:
    count = made.headline.discharges
    if count.total:
        out.print(f"[bold]{count.before} of {count.total} discharges had video running before them[/]", end="")
        own = f"{count.own_before} by the own camera"
        out.print(f" ({'own cameras not known here' if made.owns_unknown else own}).")
        out.print(f"The others: {_others(count)}.")
        apart = made.headline.without_training
        if apart.total != count.total:
            out.print(f"Without what two persons say was training or a test: {apart.before} of {apart.total}.")
        doubtful = sorted({finding.name or "" for finding in made.findings})
        if doubtful:
            out.print(f"[bold red]There are findings ({escape(', '.join(doubtful))}): see below.[/]")
    else:
        out.print("[bold]No discharge is in the journals that were pulled.[/]")
    for name, count in (("Arms", made.headline.arms), ("Draws", made.headline.draws)):
        out.print(f"{name}: {count.before} of {count.total} before, {_others(count)}.")
    _beside(out, made)


def _others(count: Count) -> str:
    """What is not before."""
    covered = f" ({count.late_covered} covered by the buffer{_by(count.late_by)})" if count.late else ""
    confirmed = f", {count.exempt_confirmed} of them confirmed" if count.exempt_confirmed else ""
    exempt = f"; an exemption code for {count.exempt}{confirmed}" if count.exempt else ""
    words = f"{count.late} late{covered}, {count.unwitnessed} unwitnessed, {count.indeterminate} indeterminate"
    return words + exempt


def _by(late: Quantiles) -> str:
    return f"; half by {late.p50_ms} ms or less, all by {late.max_ms} ms" if late.count else ""


def _beside(out: Console, made: Report) -> None:
    headline = made.headline
    company = headline.company
    if company.lone + company.crewed:
        out.print(f"Lone officers: {company.lone} of {company.lone + company.crewed} uses of which it is known.")
    for what, times in (("heard it", headline.heard), ("recorded", headline.recording)):
        if times.count:
            half = f"{times.p50_ms} ms (half of {times.count} uses)"
            out.print(f"The own camera {what} within {half}, {times.p99_ms} ms (99 %).")
    if headline.unanswered:
        out.print(f"No own camera answered in {headline.unanswered} uses.")
    if headline.alerts:
        told = [
            f"{escape(alert.name)} {alert.given}" + (f" ({alert.muted} muted)" if alert.muted else "")
            for alert in headline.alerts
        ]
        out.print(f"Alerts to officers: {', '.join(told)}.")
    apart = [
        (headline.cancelled_draws.total, "cancelled draws"),
        (headline.function_tests.uses, "function tests"),
        (headline.test_mode.uses, "tried in test mode"),
    ]
    if any(number for number, _ in apart):
        out.print(f"Listed, not counted: {', '.join(f'{words} {number}' for number, words in apart if number)}.")


def _rows(out: Console, title: str, rows: Sequence[Row]) -> None:
    figures = ("uses", "discharges", "before", "late", "unwitnessed", "indeterminate", "draws", "lone")
    shown = table("", *figures, right=figures, title=title)
    for row in rows[:SHOWN_MAX]:
        count, headline = row.headline.discharges, row.headline
        cells = (row.uses, count.total, count.before, count.late, count.unwitnessed, count.indeterminate)
        more = (headline.draws.total, headline.company.lone)
        shown.add_row(escape(row.name), *(str(cell) for cell in (*cells, *more)))
    out.print(shown)


def _uses(out: Console, uses: Sequence[Use]) -> None:
    shown = [use for use in uses if use.events]
    if not shown:
        return
    told = shown if len(shown) <= SHOWN_MAX else [use for use in shown if attention(use)][:SHOWN_MAX]
    lines = table("unit", "event", "at", "any camera", "own camera", title="Uses")
    for use in told:
        for number, event in enumerate(use.events):
            lines.add_row(*_row(use, event, first=number == 0))
    out.print(lines)
    if len(told) < len(shown):
        out.print(f"{len(told)} uses that need attention, of {len(shown)}; the files have all.")


def _units(out: Console, units: Sequence[Unit]) -> None:
    """Overdue ones in front, where not all can be shown."""
    columns = ("unit", "role", "journal", "records", "last pull, UTC", "clock")
    lines = table(*columns, right=("records",), title="Units")
    told = units
    if len(units) > SHOWN_MAX:
        told = sorted(units, key=lambda unit: (unit.journal == "intact", not unit.is_overdue))[:SHOWN_MAX]
    for unit in told:
        style = "green" if unit.journal == "intact" else "bold red"
        missing = f"\n{unit.lost_records} missing" if unit.gaps else ""
        cells = [escape(unit.name), unit.role, f"[{style}]{unit.journal}[/]", f"{unit.records}{missing}"]
        overdue = f"\n{unit.overdue_days} days ago" if unit.overdue_days is not None else ""
        pulled = f"[bold red]{unit.last_pull[:16]}{overdue}[/]" if unit.is_overdue else unit.last_pull[:16]
        lines.add_row(*cells, pulled, unit.clock)
    out.print(lines)
    if len(told) < len(units):
        out.print(f"{len(told)} of {len(units)} units; the files have all.")


def _row(use: Use, event: Event, first: bool) -> list[str]:
    from ..reporting.html import late_text

    marks = [f"version {use.version}"] if use.version > 1 else []
    marks += [mark for mark in (use.coded, "cancelled" if use.cancelled else None) if mark]
    at = event.at.text.replace(" UTC ", " ").replace(" (", "\n(") if first else f"{event.after_ms / 1000:+.3f} s"
    exempt = [f"exempt: {event.exempt}"] if event.exempt else []
    return [
        "\n".join([escape(use.name), *marks]) if first else "",
        "\n".join([event.event, escape(event.reference), *(["contradicted"] if event.contradicted else []), *exempt]),
        at,
        _verdict(event.verdict, late_text(event), event.buffer_covers),
        _verdict(event.own_verdict, late_text(event, own=True), event.own_buffer_covers),
    ]


def _verdict(verdict: str, late: str, covered: bool | None) -> str:
    more = f" {late}" + ("\nbuffer covers" if covered else "") if late else ""
    return f"[{STYLES[verdict]}]{verdict}[/]{more}"
