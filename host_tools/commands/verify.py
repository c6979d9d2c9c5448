"""`interlock verify [FILE]...`: is each journal, in files or in the store, as it was written, and who can tell."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.core.settings import ROLE_NAMES

from ..console import Console
from ..context import Context
from ..label import serial_text
from ..naming import called
from ..outcome import Exit, ToolError
from .progress import Step, working
from .running import Json, of
from .sharing import Cluster, Jobs, guarded, reachable, workers
from .tables import shown, table

# The store's database and the vault's ciphers are imported when they are used: help and completion need neither.
if TYPE_CHECKING:
    from ..auditing.audit import Progress, Report
    from ..auditing.places import InStore, Place
    from ..vault.vault import Vault
    from ..verifying.outcomes import Outcome

NOT_PULLED = "not pulled"
NOTED_JOURNALS = 12  # with more of them nobody reads notes
REMEMBERED = ("name", "heads", "conflicts", "versions")


def verify(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE|SERIAL]...",
            help="Journal files (.ilj), or units in the store, by serial or name [default: all]",
        ),
    ] = None,
    vault: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Vault with the units' keys [default: that of --home, if any]")
    ] = None,
    public_key: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Public key of a unit (.pub), more than once for more")
    ] = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    as_json: Json = False,
) -> None:
    """Check journal files, or journals in the store: of the units named, or all.

    Anybody can see accidental changes. With units' public keys, given or in a vault, signed checkpoints show any change
    of what they cover. With the force's vault the seal shows the very record. Journals of several units show of each
    other what was on the air: give them together. Several reads of one unit, and what the store at --home holds of it,
    must not contradict each other; an older or newer read is no finding. What could not be shown is said, too.

    Examples:

    - `interlock verify`: every journal in the store
    - `interlock verify H1`: that of this unit
    - `interlock verify H1.ilj --public-key H1-1.pub`: what an outsider can check
    - `interlock --store postgresql://force/journals verify --cluster tls://10.0.0.1:8786`: a force's, by a Dask cluster

    Next: `interlock report`. What the words mean: docs/proof.md.

    Exit codes: 0 no findings; 1 findings; 2 usage.

    JSON: a list of {file (null: in the store), serial, unit, role, verdict, records, first, following, torn_writes,
    sealed, signed, findings, notes, not_shown: [text]}. verdict: that of the gravest finding: altered, cloned,
    rolled back, contradicted, misnamed, gap, truncated tail, aired but unrecorded, unknown key; else intact.
    findings, notes: [{outcome, text, and what that outcome has: first, last, offset, following, count, index, ...;
    host_tools/verifying/outcomes.py has them all}]. If altered, with {offset, sequence, reason} of the first place.
    Of the store, too: {name, heads, conflicts, versions, gaps: [{first, last, explained}]}, and verdict may be not
    pulled.
    """
    home = of(context)
    from ..auditing.apart import audit_apart
    from ..auditing.audit import STORED_BYTES, audit
    from ..auditing.keys import Knowledge, read_public_key
    from ..auditing.places import InFile, InStore

    knowledge = Knowledge([read_public_key(path) for path in public_key or ()], _vault(home, vault))
    beside, names = _stored(home, required=not files)
    units = _units(files or [], beside, names)
    places: list[Place] = [InFile(path) for path in files] if files and not units else list((units or beside).values())
    what = f"Checking {len(places)} journal{'s' if len(places) != 1 else ''}"
    size = sum(place.size if isinstance(place, InFile) else STORED_BYTES for place in places)
    if cluster is not None:
        places = [reachable(place) for place in places]
    with working(what, total=1, quiet=as_json) as step, workers(jobs, cluster, size, len(places)) as executor:
        knowing = guarded(knowledge.of, cluster)
        if files and not units:
            reports = audit(places, knowing, beside, executor, _percent(step))
        else:
            stored = [place for place in places if isinstance(place, InStore)]
            reports = audit_apart(stored, knowing, executor, _percent(step))
    if as_json:
        print(json.dumps([describe(report) for report in reports], indent=2))
    else:
        show(reports)
    if any(report.findings for report in reports):
        raise typer.Exit(Exit.FINDINGS)


def _units(named: list[Path], beside: "dict[str, InStore]", names: Mapping[str, str]) -> "dict[str, InStore]":
    """Those of the store, when all that is named are serials or names of its units and no files."""
    if any(name.exists() for name in named):
        return {}
    serials = [called(names, str(name)) for name in named]
    return {serial: beside[serial] for serial in serials} if all(serial in beside for serial in serials) else {}


def _percent(step: Step) -> "Progress":
    return lambda done, total: step(100 * done / total if total else 100, 100)


def _vault(home: Context, path: Path | None) -> "Vault | None":
    if path is not None:
        from ..auditing.keys import find_vault

        return home.open_vault(find_vault(path))
    return home.open_vault() if (home.vault_path / "force.json").exists() else None


def _stored(home: Context, required: bool) -> "tuple[dict[str, InStore], dict[str, str]]":
    """What the store at --home holds, and units' names, by serial. ToolError when it is `required` and unreadable."""
    from ..auditing.places import InStore

    if not required and not home.has_store:
        return {}, {}
    try:
        store = home.open_store(read_only=True)
    except ToolError as error:
        if required:
            raise
        typer.echo(f"Not compared with the store: {error}", err=True)
        return {}, {}
    try:
        rows = store.units()
        return {row.serial: InStore(store.place, row.serial) for row in rows}, {row.serial: row.name for row in rows}
    finally:
        store.close()


def describe(report: "Report") -> dict[str, Any]:
    """One journal as plain data: stable names for other programs."""
    header = report.header
    facts: dict[str, Any] = {
        "file": report.place.name if report.remembered is None else None,
        "serial": serial_text(header.serial) if header else None,
        "unit": header.unit if header else None,
        "role": ROLE_NAMES.get(header.role) if header else None,
        "verdict": report.verdict,
        "records": report.records,
        "first": header.first if header else None,
        "following": report.following,
        "torn_writes": report.torn_writes,
        "sealed": report.sealed,
        "signed": report.signed,
        "findings": [_outcome(outcome) for outcome in report.findings],
        "notes": [_outcome(outcome) for outcome in report.notes],
        "not_shown": list(report.limits),
    }
    from ..verifying.outcomes import Altered

    altered = next((outcome for outcome in report.findings if isinstance(outcome, Altered)), None)
    if altered is not None:
        facts |= {"offset": altered.offset, "sequence": altered.first, "reason": altered.reason}
    if report.remembered is not None:
        facts |= {name: getattr(report.remembered, name) for name in REMEMBERED} | {"gaps": _gaps(report)}
        if not report.records and not report.remembered.heads and not report.findings:
            facts["verdict"] = NOT_PULLED
    return facts


def _outcome(outcome: "Outcome") -> dict[str, Any]:
    plain = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    return {"outcome": outcome.name} | plain | {"text": outcome.text}


def _gaps(report: "Report") -> list[dict[str, Any]]:
    from ..verifying.outcomes import Gap

    return [
        {"first": outcome.first, "last": outcome.last, "explained": bool(outcome.explained)}
        for outcome in report.outcomes
        if isinstance(outcome, Gap)
    ]


# For people.


def show(reports: "list[Report]") -> None:
    out = Console(highlight=False)  # prose: 80 columns where no terminal says otherwise
    facts = [describe(report) for report in reports]
    counts = ("records", "sealed", "signed")
    rows = table("journal", "unit", *counts, "verdict", right=counts, title="Journals")
    for report, fact in zip(reports, facts, strict=True):
        name, unit = shown(_name(report)), shown(fact.get("name") or fact["serial"] or "?")
        cells = [str(fact[count]) for count in counts]
        rows.add_row(name, unit, *cells, f"[{_style(fact['verdict'])}]{fact['verdict']}[/]")
    out.print(rows)
    for report in reports:
        for outcome in report.findings:
            out.print(f"[bold red]finding[/] {shown(_name(report))}: {shown(outcome.text)}.")
    notes = [(report, outcome) for report in reports for outcome in report.notes]
    for report, outcome in notes if len(reports) <= NOTED_JOURNALS else ():
        out.print(f"[cyan]note[/] {shown(_name(report))}: {shown(outcome.text)}.")
    if len(reports) > NOTED_JOURNALS:
        out.print(f"{len(notes)} notes on {len(reports)} journals are left out: --json has them.")
    for text, names in _shared_limits(reports).items():
        whose = "all journals" if len(names) == len(reports) > 1 else ", ".join(names)
        out.print(f"[yellow]not shown[/] of {shown(whose)}: {shown(text)}.")


def _name(report: "Report") -> str:
    return getattr(report.place, "serial", report.place.name)


def _style(verdict: str) -> str:
    return {"intact": "green", NOT_PULLED: "yellow"}.get(verdict, "bold red")


def _shared_limits(reports: "list[Report]") -> dict[str, list[str]]:
    """What could not be shown, with the journals of which it could not."""
    found: dict[str, list[str]] = {}
    for report in reports:
        for text in report.limits:
            found.setdefault(text, []).append(_name(report))
    return found
