"""`interlock verify [FILE]...`: is each journal, in files or in the store, as it was written, and if not, where."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from interlock.core import records
from interlock.core.settings import ROLE_NAMES

from .. import journal_file
from ..context import Context
from ..journal_file import Altered, Intact, Verdict
from ..outcome import Exit, ToolError
from ..store import Store
from ..store_lines import StoredJournal
from .running import of

MAX_BYTES = 64 * 1024 * 1024


def verify(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Journal files (.ilj) [default: the store]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output")] = False,
) -> None:
    """Check journal files, or without any file every journal in the store: 0 all intact, 1 findings.

    A journal in the store that ends before an end that its unit once stated is a finding, as are gaps that the unit
    does not explain and records that contradict each other. Gaps that it explains are shown.

    JSON of files: a list of {file, verdict, unit, serial, role, records, first, lost_before, torn_writes, and if
    altered offset, sequence, reason}. Of the store: a list of {serial, name, unit, role, verdict (intact, altered,
    contradictory, not pulled), records, first, following, heads, conflicts, versions, gaps: [{first, last, explained}],
    findings: [text]}.
    """
    if not files:
        _verify_store(of(context), as_json)
        return
    verdicts = [(path, journal_file.check(read(path))) for path in files]
    if as_json:
        print(json.dumps([describe(path, verdict) for path, verdict in verdicts], indent=2))
    else:
        show(verdicts)
    if any(isinstance(verdict, Altered) for _, verdict in verdicts):
        raise typer.Exit(Exit.FINDINGS)


def _verify_store(context: Context, as_json: bool) -> None:
    store = Store.open(context.store_path, read_only=True)
    try:
        journals = [store.journal(row.serial) for row in store.units()]
    finally:
        store.close()
    facts = [describe_stored(journal) for journal in journals]
    if as_json:
        print(json.dumps(facts, indent=2))
    else:
        show_stored(facts)
    if any(journal.findings for journal in journals):
        raise typer.Exit(Exit.FINDINGS)


def describe_stored(journal: StoredJournal) -> dict[str, Any]:
    """One unit's journal in the store as plain data."""
    return {
        "serial": journal.serial,
        "name": journal.name,
        "unit": journal.header.unit,
        "role": ROLE_NAMES.get(journal.header.role),
        "verdict": journal.state,
        "records": len(journal.records),
        "first": journal.segments[0].first if journal.segments else None,
        "following": journal.segments[-1].last + 1 if journal.segments else None,
        "heads": len(journal.heads),
        "conflicts": len(journal.conflicts),
        "versions": 1 + len(journal.branches),
        "gaps": [gap._asdict() for gap in journal.gaps],
        "findings": list(journal.findings),
    }


def show_stored(facts: list[dict[str, Any]]) -> None:
    console = Console(highlight=False)
    table = Table("unit", "name", "records", "gaps", "heads", "verdict", title="Journals in the store")
    for unit in facts:
        style = {"intact": "green", "not pulled": "yellow"}.get(unit["verdict"], "bold red")
        missing = sum(gap["last"] - gap["first"] + 1 for gap in unit["gaps"])
        gaps = f"{len(unit['gaps'])} ({missing} records)" if unit["gaps"] else "-"
        cells = [unit["serial"], escape(unit["name"]), str(unit["records"]), gaps, str(unit["heads"])]
        table.add_row(*cells, f"[{style}]{unit['verdict']}[/]")
    console.print(table)
    for unit in facts:
        for finding in unit["findings"]:
            console.print(f"[bold red]finding[/] {unit['serial']}: {escape(finding)}.")
        for gap in unit["gaps"]:
            if gap["explained"]:
                console.print(
                    f"{unit['serial']}: records {gap['first']} to {gap['last']} were overwritten before anybody pulled "
                    "them: the unit's memory was full."
                )


def read(path: Path) -> bytes:
    """The file's bytes; ToolError with advice when it cannot be read as a journal file at all."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ToolError(
                f"{path} is larger than any unit's journal ({MAX_BYTES >> 20} MiB)", "Is it a journal file (.ilj)?"
            )
        return path.read_bytes()
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the path and its permissions.") from error


def describe(path: Path, verdict: Verdict) -> dict[str, Any]:
    """One verdict as plain data: stable names for other programs."""
    header = verdict.header
    facts: dict[str, Any] = {
        "file": path.name,
        "verdict": "intact" if isinstance(verdict, Intact) else "altered",
        "unit": header.unit if header else None,
        "serial": serial_text(header.serial) if header else None,
        "role": ROLE_NAMES.get(header.role) if header else None,
        "records": len(verdict.records),
        "first": header.first if header else None,
        "lost_before": header.first if header else None,
        "torn_writes": sum(record.kind == records.TORN for record in verdict.records),
    }
    if isinstance(verdict, Altered):
        facts |= {"offset": verdict.offset, "sequence": verdict.sequence, "reason": verdict.reason}
    return facts


def serial_text(serial: bytes) -> str:
    """A serial as people read it; unprintable bytes as hex."""
    text = serial.rstrip(b"\0 ")
    return text.decode() if text.isascii() and text.decode("ascii").isprintable() else serial.hex()


def show(verdicts: list[tuple[Path, Verdict]]) -> None:
    table = Table(title="Journals")
    for column in ("file", "unit", "records", "verdict", "where"):
        table.add_column(column, justify="right" if column == "records" else "left", overflow="fold")
    for path, verdict in verdicts:
        facts = describe(path, verdict)
        where = ""
        if isinstance(verdict, Altered):
            record = "" if verdict.sequence is None else f" (record {verdict.sequence})"
            where = f"byte {verdict.offset}{record}: {verdict.reason}"
        elif facts["lost_before"]:
            where = f"begins at record {facts['first']}: older ones were overwritten, as the ring does"
        style = "green" if isinstance(verdict, Intact) else "bold red"
        table.add_row(
            path.name, facts["serial"] or "?", str(facts["records"]), f"[{style}]{facts['verdict']}[/]", where
        )
    Console().print(table)
