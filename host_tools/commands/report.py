"""`interlock report`: for every draw, arm and discharge in the store, was video running before it?"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from interlock.core.settings import ROLE_HOLSTER

from .. import durable
from ..context import Context, utc_ms
from ..outcome import Exit, ToolError
from ..reporting import report as reporting
from ..reporting.model import Event, Use
from ..reporting.report import Held, Report
from ..store.rows import standing
from .progress import working
from .running import of
from .tables import table

# The store's database, the page's templates and the vault's ciphers are imported when they are used.
if TYPE_CHECKING:
    from ..store.store import Store
    from ..vault.vault import Vault

STYLES = {"before": "green", "late": "yellow", "unwitnessed": "bold red", "indeterminate": "magenta"}
PAGE, FACTS = "report.html", "report.json"


def report(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the page goes [default: HOME/report]")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Leave out what was certainly before this day (YYYY-MM-DD, UTC)")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report's JSON; writes files only where --out is given")
    ] = False,
) -> None:
    """For every draw, arm and discharge that was pulled: was video running before it? Leaves report.html and
    report.json in DIR; the page needs nothing else and can be printed.

    Examples:

    - `interlock report`: of all that was pulled; it says where its page is
    - `interlock report --since 2026-11-01 --out november`

    Next: open the page in a browser; `interlock verify` explains a finding.

    Exit codes: 0 done; 1 findings (a journal is altered, gapped or contradictory, or a clock is).

    JSON: {made_utc_ms, made, force, since_utc_ms, since, headline, uses, units, findings, sessions, notes}; the fields
    of each are in host_tools/reporting/model.py, and keep their names.
    """
    since_ms = None if since is None else _day(since)
    at = of(context)
    # Before the bar: it may ask for a passphrase.
    vault = at.open_vault() if (at.vault_path / "force.json").exists() else None
    with working("Reading the journals", total=1, quiet=as_json) as step:
        made = from_home(at, vault, utc_ms(), since_ms, lambda done, total: step(100 * done / (total or 1), 100))
    folder = out if out is not None else None if as_json else of(context).home / "report"
    if folder is not None:
        write(made, folder)
    if as_json:
        print(json.dumps(made.plain(), indent=2))
    else:
        show(made)
        Console(soft_wrap=True).print(f"\nThe page: {folder}/{PAGE} (figures: {FACTS})", markup=False, highlight=False)
    if made.findings:
        raise typer.Exit(Exit.FINDINGS)


def _day(text: str) -> int:
    try:
        return round(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise ToolError(f"{text!r} is no day", "Give year, month and day: --since 2026-11-24.") from None


Progress = Callable[[float, float], None]


def _untold(_: float, __: float) -> None:
    """Nobody watches."""


def from_home(
    context: Context, vault: "Vault | None", made_ms: int, since_ms: int | None, progress: Progress = _untold
) -> Report:
    """The report of what store and vault of this home hold; either may be missing, both not."""
    if not context.has_store:
        if vault is None:
            raise ToolError(
                f"there is nothing to report on in {context.home}",
                "Pull journals first (interlock pull), or name another place with --home DIR.",
            )
        return from_store(None, vault, made_ms, since_ms)
    store = context.open_store(read_only=True)
    try:
        return from_store(store, vault, made_ms, since_ms, progress)
    finally:
        store.close()


def from_store(
    store: "Store | None",
    vault: "Vault | None",
    made_ms: int,
    since_ms: int | None = None,
    progress: Progress = _untold,
) -> Report:
    """The report of a store; the vault adds names, pairs and units that were never pulled."""
    names = {} if vault is None else {serial: vault.name(serial) for serial in vault.serials()}
    journals: list[Held] = []
    for told in () if store is None else _audited(store, vault, progress):
        number, role, name = names.pop(told.serial, (told.unit, told.role, told.name))
        journals.append(told.named(number, role, name or told.serial))
    journals += [reporting.unpulled(serial, *known) for serial, known in sorted(names.items())]
    has_pairs = vault is not None and vault.person is None
    own = _own(vault, journals) if vault is not None and has_pairs else None
    force = None if vault is None else vault.force().name
    return reporting.build(journals, own, made_ms=made_ms, force=force, since_ms=since_ms)


def _audited(store: "Store", vault: "Vault | None", progress: Progress) -> list[Held]:
    """What the store holds of each unit, judged as interlock verify does."""
    from ..verifying.audit import audit
    from ..verifying.keys import Knowledge
    from ..verifying.outcomes import Altered
    from ..verifying.places import InStore

    places = [InStore(store.place, row.serial) for row in store.units()]
    said = standing(store.annotations())
    found = []
    for place, judged in zip(places, audit(places, Knowledge((), vault).of, progress=progress), strict=True):
        altered = next((outcome.text for outcome in judged.findings if isinstance(outcome, Altered)), None)
        texts = tuple(outcome.text for outcome in judged.findings)
        held = reporting.from_store(store.journal(place.serial))
        held = held.annotated(row for row in said if row.serial == place.serial)
        found.append(held.audited(altered, texts, judged.sealed, judged.signed))
    return found


def _own(vault: "Vault", journals: list[Held]) -> dict[int, list[int]]:
    """Numbers of each holster's own cameras, by the vault's pairs. A spare is nobody's own but while it is assigned,
    which the weapon's journal says of each use."""
    numbers = {held.serial: held.unit for held in journals}
    own: dict[int, list[int]] = {held.unit: [] for held in journals if held.role & ROLE_HOLSTER}
    for pair in vault.pairs():
        if not pair.spare and pair.holster in numbers and pair.camera in numbers:
            own[numbers[pair.holster]].append(numbers[pair.camera])
    return own


def write(made: Report, folder: Path) -> None:
    """The page and its figures, for their owner only: they say who did what when."""
    from ..reporting import html as report_html

    durable.make_private(folder)
    durable.replace(folder / FACTS, (json.dumps(made.plain(), indent=2) + "\n").encode())
    durable.replace(folder / PAGE, report_html.render(made).encode())


def show(made: Report) -> None:
    """The tables for people."""
    out = Console(highlight=False)  # prose: 80 columns where no terminal says otherwise
    _headline(out, made)
    uses = table("unit", "event", "at", "any camera", "own camera", title="Uses")
    for use in made.uses:
        for number, event in enumerate(use.events):
            uses.add_row(*_row(use, event, first=number == 0))
    if any(use.events for use in made.uses):
        out.print(uses)
    for event in [event for use in made.uses for event in use.events]:
        for said in event.annotations:
            words = escape(f"{event.reference} {said.code}: {said.text} (said by {said.by}, {said.at})")
            out.print(f"[cyan]annotation[/] {words}", soft_wrap=True)
    columns = ("unit", "role", "journal", "records", "last pull, UTC", "clock")
    units = table(*columns, right=("records",), title="Units")
    for unit in made.units:
        style = "green" if unit.journal == "intact" else "bold red"
        missing = f"\n{unit.lost_records} missing" if unit.gaps else ""
        cells = [escape(unit.name), unit.role, f"[{style}]{unit.journal}[/]", f"{unit.records}{missing}"]
        units.add_row(*cells, unit.last_pull[:16], unit.clock)
    out.print(units)
    for finding in made.findings:
        out.print(f"[bold red]finding[/] {escape(finding.name or '')}: {escape(finding.text)}.")
    for note in made.notes:
        out.print(f"[yellow]note[/] {escape(note)}")
    out.print(f"{len(made.sessions)} sessions at units are in the page.")


def _headline(console: Console, made: Report) -> None:
    count = made.headline.discharges
    if count.total:
        console.print(f"[bold]{count.before} of {count.total} discharges had video running before them[/]", end="")
        own = f"{count.own_before} by the own camera"
        console.print(f" ({'own cameras not known here' if made.owns_unknown else own}).")
        doubtful = sorted({finding.name or "" for finding in made.findings})
        if doubtful:
            console.print(f"[bold red]There are findings ({escape(', '.join(doubtful))}): see below.[/]")
    else:
        console.print("[bold]No discharge is in the journals that were pulled.[/]")
    for name, count in (("Arms", made.headline.arms), ("Draws", made.headline.draws)):
        covered = f" ({count.late_covered} covered by the buffer)" if count.late else ""
        console.print(
            f"{name}: {count.before} of {count.total} before, {count.late} late{covered}, "
            f"{count.unwitnessed} unwitnessed, {count.indeterminate} indeterminate."
        )
    company = made.headline.company
    if company.lone + company.crewed:
        console.print(f"Lone officers: {company.lone} of {company.lone + company.crewed} uses of which it is known.")
    apart = [
        (made.headline.cancelled_draws.total, "cancelled draws"),
        (made.headline.function_tests.uses, "function tests"),
        (made.headline.test_mode.uses, "tried in test mode"),
    ]
    if any(number for number, _ in apart):
        console.print(f"Listed, not counted: {', '.join(f'{words} {number}' for number, words in apart if number)}.")


def _row(use: Use, event: Event, first: bool) -> list[str]:
    from ..reporting.html import late_text

    marks = [f"version {use.version}"] if use.version > 1 else []
    marks += [mark for mark in (use.coded, "cancelled" if use.cancelled else None) if mark]
    at = event.at.text.replace(" UTC ", " ").replace(" (", "\n(") if first else f"{event.after_ms / 1000:+.3f} s"
    return [
        "\n".join([escape(use.name), *marks]) if first else "",
        "\n".join([event.event, escape(event.reference), *(["contradicted"] if event.contradicted else [])]),
        at,
        _verdict(event.verdict, late_text(event), event.buffer_covers),
        _verdict(event.own_verdict, late_text(event, own=True), event.own_buffer_covers),
    ]


def _verdict(verdict: str, late: str, covered: bool | None) -> str:
    more = f" {late}" + ("\nbuffer covers" if covered else "") if late else ""
    return f"[{STYLES[verdict]}]{verdict}[/]{more}"
