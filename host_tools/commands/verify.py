"""`interlock verify FILE...`: is each journal file as it was written, and if not, where."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from interlock.core import records
from interlock.core.settings import ROLE_NAMES

from .. import journal_file
from ..journal_file import Altered, Intact, Verdict
from ..outcome import Exit, ToolError

MAX_BYTES = 64 * 1024 * 1024


def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Journal files (.ilj)")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output")] = False,
) -> None:
    """Check journal files: 0 all intact, 1 something was altered (it says where)."""
    verdicts = [(path, journal_file.check(read(path))) for path in files]
    if as_json:
        print(json.dumps([describe(path, verdict) for path, verdict in verdicts], indent=2))
    else:
        show(verdicts)
    if any(isinstance(verdict, Altered) for _, verdict in verdicts):
        raise typer.Exit(Exit.FINDINGS)


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
