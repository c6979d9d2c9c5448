"""A report on the terminal: the headline, and tables of what is behind it. The page has more."""

from collections.abc import Sequence

from ..console import Console
from ..reporting.attention import attention
from ..reporting.figures import Count, Headline, Quantiles, Row
from ..reporting.model import Event, Finding, Report, Unit, Use
from ..reporting.period import period_text
from ..time_words import duration_text
from .tables import STYLES, counted, shown, table

NAMED_MAX = 8
SHOWN_MAX = 200
"""Lines of one table: a force has thousands, and the page has them."""


def show(made: Report, has_page: bool = True) -> None:
    """The tables for people. `has_page`: a page is written, too."""
    out = Console(highlight=False)  # prose: 80 columns where no terminal says otherwise
    _headline(out, made)
    for title, rows in (("Months, UTC", made.breakdown.months), ("Teams", made.breakdown.teams)):
        if len(rows) > 1 or (rows and rows[0].key != "unknown"):
            _rows(out, title, rows)
    _uses(out, made.uses)
    for event in [event for use in made.uses for event in use.events]:
        for said in event.annotations:
            signed = f", confirmed by {said.confirmed_by}" if said.confirmed_by else ""
            words = f"{event.reference} {said.code}" + (f": {said.text}" if said.text else "")
            words += f" (said by {said.by}, {said.at}; signature: {said.signature}{signed})"
            out.print(f"[cyan]annotation[/] {shown(words)}")
    _units(out, made.units, made.is_public)
    for finding in made.findings:
        whose = f"{shown(finding.name)}: " if finding.name else ""
        out.print(f"[bold red]finding[/] {whose}{shown(finding.text)}.")
    for note in made.notes:
        out.print(f"[yellow]note[/] {shown(note)}")
    if made.sessions:
        where = "in the page" if has_page else "listed in the page, which --out DIR makes"
        out.print(f"{counted(len(made.sessions), 'session')} at units: {where}.")


def _headline(out: Console, made: Report) -> None:
    count, period = made.headline.discharges, period_text(made)
    if count.total:
        of = f"{count.before} of {count.total} discharges {shown(period)}"
        out.print(f"[bold]{of}had video running before them[/]", end="")
        own = (
            f"{count.own_before} by the own camera; by it {count.own_late} late, {count.own_unwitnessed} unwitnessed, "
        )
        own += f"{count.own_indeterminate} indeterminate"
        out.print(f" ({'own cameras not known here' if made.owns_unknown else own}).")
        if count.before_untouched:
            far = f"{count.before_untouched} of the {count.before}"
            out.print(f"[yellow]{far}: only by a camera that did not hear the weapon in that use.[/]")
        if count.unconfirmed:
            out.print(f"[yellow]{unconfirmed_text(count)}[/]")
        if count.before < count.total:
            out.print(f"The others: {_others(count)}.")
        apart = made.headline.without_training
        if apart.total != count.total:
            out.print(f"Without what two persons say was training or a test: {apart.before} of {apart.total}.")
        if made.findings:
            out.print(f"[bold red]There are findings ({shown(_doubtful(made.findings))}): see below.[/]")
    else:
        out.print(f"[bold]No discharge {shown(period)}is in the journals that were pulled.[/]")
    if made.headline.pickup_faulty_uses:
        out.print(f"[bold red]{faulty_text(made.headline)}[/]")
    for name, count in (("Arms", made.headline.arms), ("Draws", made.headline.draws)):
        out.print(f"{name}: {count.before} of {count.total} before, {_others(count)}.")
    _beside(out, made)


def unconfirmed_text(count: Count) -> str:
    """Of discharges, some of which their pick-up did not confirm."""
    was, its, it = ("was", "its", "it") if count.unconfirmed == 1 else ("were", "their", "them")
    without = f"{count.before - count.unconfirmed_before} of {count.total - count.unconfirmed}"
    return f"{count.unconfirmed} of the {count.total} {was} not confirmed by {its} pick-up; without {it}: {without}."


def faulty_text(headline: Headline) -> str:
    """Of uses in which a pick-up was faulty."""
    uses = "one use" if headline.pickup_faulty_uses == 1 else f"{headline.pickup_faulty_uses} uses"
    lasted = duration_text(headline.pickup_faulty_ms)
    return f"In {uses} the pick-up of discharges was faulty, for {lasted}: some may be missing then, or false."


def _doubtful(findings: Sequence[Finding]) -> str:
    """Whose they are: the first few."""
    names = sorted({finding.name for finding in findings if finding.name})
    told = ", ".join(names[:NAMED_MAX]) + (f" and {len(names) - NAMED_MAX} more units" if names[NAMED_MAX:] else "")
    if all(finding.name for finding in findings):
        return told
    return f"{told}, and others" if told else "of no single unit"


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
            spread = f"{times.p50_ms} ms (half of {times.count} uses), {times.p99_ms} ms (99 %)"
            out.print(f"The own camera {what} within {spread if times.count > 1 else f'{times.max_ms} ms (one use)'}.")
    if headline.unanswered:
        out.print(f"No own camera answered in {counted(headline.unanswered, 'use')}.")
    if headline.alerts:
        told = [
            f"{shown(alert.name)} {alert.given}" + (f" ({alert.muted} muted)" if alert.muted else "")
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
    # As many as 80 columns hold; the page and the files have all.
    figures = ("uses", "discharges", "before", "late", "unwitnessed", "indeterminate")
    lines = table("", *figures, right=figures, title=title)
    for row in rows[:SHOWN_MAX]:
        count = row.headline.discharges
        uses = str(row.uses) if row.counted == row.uses else f"{row.counted} of {row.uses}"
        cells = (count.total, count.before, count.late, count.unwitnessed, count.indeterminate)
        lines.add_row(shown(row.name), uses, *map(str, cells))
    out.print(lines)
    if any(row.counted != row.uses for row in rows[:SHOWN_MAX]):
        out.print("Uses: those that count, of all; function tests and tries in test mode count apart.")


def _uses(out: Console, uses: Sequence[Use]) -> None:
    every = [use for use in uses if use.events]
    if not every:
        return
    told = every if len(every) <= SHOWN_MAX else [use for use in every if attention(use)][:SHOWN_MAX]
    if not told:
        out.print(f"None of {counted(len(every), 'use')} needs attention; the files have all.")
        return
    lines = table("unit", "event", "at", "any camera", "own camera", title="Uses")
    for use in told:
        for number, event in enumerate(use.events):
            lines.add_row(*_row(use, event, first=number == 0))
    out.print(lines)
    if len(told) < len(every):
        out.print(f"{len(told)} uses that need attention, of {len(every)}; the files have all.")


def _units(out: Console, units: Sequence[Unit], is_public: bool) -> None:
    """Overdue ones in front, where not all can be shown."""
    columns = ("unit", "role", "journal", "records", "last pull, UTC", "clock")
    lines = table(*columns, right=("records",), title="Units")
    told = units
    if len(units) > SHOWN_MAX:
        told = sorted(units, key=lambda unit: (unit.journal == "intact", not unit.is_overdue))[:SHOWN_MAX]
    for unit in told:
        style = "green" if unit.journal == "intact" else "bold red"
        missing = f"\n{unit.lost_records} missing" if unit.gaps else ""
        cells = [shown(unit.name), unit.role, f"[{style}]{unit.journal}[/]", f"{unit.records}{missing}"]
        overdue = f"\n{unit.overdue_days} days ago" if unit.overdue_days is not None else ""
        pulled = f"[bold red]{unit.last_pull[:16]}{overdue}[/]" if unit.is_overdue else unit.last_pull[:16]
        without = f"{unit.boots_without_clock} of {unit.boots}"
        starts = f"\n{without} starts without" if unit.clock == "partly set" and not is_public else ""
        lines.add_row(*cells, pulled, unit.clock + starts)
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
        "\n".join([shown(use.name), *marks]) if first else "",
        "\n".join([event.event, shown(event.reference), *(["contradicted"] if event.contradicted else []), *exempt]),
        at,
        _verdict(event.verdict, late_text(event), event.buffer_covers),
        _verdict(event.own_verdict, late_text(event, own=True), event.own_buffer_covers),
    ]


def _verdict(verdict: str, late: str, covered: bool | None) -> str:
    more = f" {late}" + ("\nbuffer covers" if covered else "") if late else ""
    return f"[{STYLES[verdict]}]{verdict}[/]{more}"
