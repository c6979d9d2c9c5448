"""`interlock verify [FILE]...`: is each journal, in files or in the store, as it was written, and who can tell."""

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from interlock.core.settings import ROLE_NAMES

from ..context import Context
from ..label import serial_text
from ..outcome import Exit, ToolError
from ..store import Store
from ..vault import Vault
from ..verifying.audit import Report, audit
from ..verifying.keys import Knowledge, find_vault, read_public_key
from ..verifying.outcomes import Altered, Gap, Outcome
from ..verifying.places import InFile, InStore
from .running import of

NOT_PULLED = "not pulled"
NOTED_JOURNALS = 12  # with more of them nobody reads notes
REMEMBERED = ("name", "heads", "conflicts", "versions")


def verify(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Journal files (.ilj) [default: the store]")
    ] = None,
    vault: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Vault with the units' keys [default: that of --home, if any]")
    ] = None,
    public_key: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Public key of a unit (.pub), more than once for more")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output")] = False,
) -> None:
    """Check journal files, or without any file every journal in the store.

    Anybody can see accidental changes. With units' public keys, given or in a vault, signed checkpoints show any change
    of what they cover. With the force's vault the seal shows the very record. Journals of several units show of each
    other what was on the air: give them together. Several reads of one unit, and what the store at --home holds of it,
    must not contradict each other; an older or newer read is no finding. What could not be shown is said, too.

    Exit codes: 0 no findings; 1 findings; 2 usage.

    JSON: a list of {file (null: in the store), serial, unit, role, verdict, records, first, following, torn_writes,
    sealed, signed, findings, notes, not_shown: [text]}. verdict: that of the gravest finding: altered, cloned, rolled
    back, contradicted, gap, truncated tail, aired but unrecorded, unknown key; else intact. findings, notes: [{outcome,
    text, and what that outcome has: first, last, offset, following, count, index, ...; host_tools/verifying/outcomes.py
    has them all}]. If altered, with {offset, sequence, reason} of the first place. Of the store, too: {name, heads,
    conflicts, versions, gaps: [{first, last, explained}]}, and verdict may be not pulled.
    """
    home = of(context)
    knowledge = Knowledge([read_public_key(path) for path in public_key or ()], _vault(home, vault))
    if files:
        beside = _stored(home, required=False)
        reports = audit([InFile(path) for path in files], knowledge.of, beside, os.cpu_count() or 1)
    else:
        reports = audit(list(_stored(home, required=True).values()), knowledge.of, None, os.cpu_count() or 1)
    if as_json:
        print(json.dumps([describe(report) for report in reports], indent=2))
    else:
        show(reports)
    if any(report.findings for report in reports):
        raise typer.Exit(Exit.FINDINGS)


def _vault(home: Context, path: Path | None) -> Vault | None:
    if path is not None:
        return Vault.open(find_vault(path))
    return home.open_vault() if (home.vault_path / "force.json").exists() else None


def _stored(home: Context, required: bool) -> dict[str, InStore]:
    """What the store at --home holds, by serial. ToolError when it is `required` and cannot be read."""
    if not required and not home.store_path.exists():
        return {}
    try:
        store = Store.open(home.store_path, read_only=True)
    except ToolError as error:
        if required:
            raise
        typer.echo(f"Not compared with the store: {error}", err=True)
        return {}
    try:
        return {row.serial: InStore(home.store_path, row.serial) for row in store.units()}
    finally:
        store.close()


def describe(report: Report) -> dict[str, Any]:
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
    altered = next((outcome for outcome in report.findings if isinstance(outcome, Altered)), None)
    if altered is not None:
        facts |= {"offset": altered.offset, "sequence": altered.first, "reason": altered.reason}
    if report.remembered is not None:
        facts |= {name: getattr(report.remembered, name) for name in REMEMBERED} | {"gaps": _gaps(report)}
        if not report.records and not report.remembered.heads and not report.findings:
            facts["verdict"] = NOT_PULLED
    return facts


def _outcome(outcome: Outcome) -> dict[str, Any]:
    plain = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    return {"outcome": outcome.name} | plain | {"text": outcome.text}


def _gaps(report: Report) -> list[dict[str, Any]]:
    return [
        {"first": outcome.first, "last": outcome.last, "explained": bool(outcome.explained)}
        for outcome in report.outcomes
        if isinstance(outcome, Gap)
    ]


# For people.


def show(reports: list[Report]) -> None:
    console = Console(highlight=False)
    facts = [describe(report) for report in reports]
    table = Table(title="Journals", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    for column in ("journal", "unit", "records", "sealed", "signed", "verdict"):
        is_count = column in ("records", "sealed", "signed")
        table.add_column(column, justify="right" if is_count else "left", overflow="fold")
    for report, fact in zip(reports, facts, strict=True):
        name, unit = escape(_name(report)), escape(fact.get("name") or fact["serial"] or "?")
        counts = [str(fact[count]) for count in ("records", "sealed", "signed")]
        table.add_row(name, unit, *counts, f"[{_style(fact['verdict'])}]{fact['verdict']}[/]")
    console.print(table)
    for report in reports:
        for outcome in report.findings:
            console.print(f"[bold red]finding[/] {escape(_name(report))}: {escape(outcome.text)}.")
    notes = [(report, outcome) for report in reports for outcome in report.notes]
    for report, outcome in notes if len(reports) <= NOTED_JOURNALS else ():
        console.print(f"[cyan]note[/] {escape(_name(report))}: {escape(outcome.text)}.")
    if len(reports) > NOTED_JOURNALS:
        console.print(f"{len(notes)} notes on {len(reports)} journals are left out: --json has them.")
    for text, names in _shared_limits(reports).items():
        whose = "all journals" if len(names) == len(reports) > 1 else ", ".join(names)
        console.print(f"[yellow]not shown[/] of {escape(whose)}: {escape(text)}.")


def _name(report: Report) -> str:
    return report.place.serial if isinstance(report.place, InStore) else report.place.name


def _style(verdict: str) -> str:
    return {"intact": "green", NOT_PULLED: "yellow"}.get(verdict, "bold red")


def _shared_limits(reports: list[Report]) -> dict[str, list[str]]:
    """What could not be shown, with the journals of which it could not."""
    found: dict[str, list[str]] = {}
    for report in reports:
        for text in report.limits:
            found.setdefault(text, []).append(_name(report))
    return found
