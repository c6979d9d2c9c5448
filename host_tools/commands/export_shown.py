"""What `interlock export` says when it is done."""

import json
from pathlib import Path
from typing import Any

from ..console import Console
from .tables import counted, shown


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def journal(facts: dict[str, Any], out: Path | None, checkpoints: Path | None, as_json: bool) -> None:
    """One journal. `facts`: as in the JSON."""
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    console = _console()
    if out is not None:
        console.print(f"journal: {out}", markup=False)
    for item in facts["checkpoints"]:
        covers = f"covers records before {item['following']}" if item["following"] is not None else "is no checkpoint"
        console.print(f"{item['message']} {covers}; {item['signature']}, {item['public']}", markup=False)
    if checkpoints is not None:
        console.print(f"{counted(len(facts['checkpoints']), 'checkpoint')}, in {checkpoints}", markup=False)
    if not facts["is_whole"]:
        console.print("[bold red]finding[/] the journal is not whole: interlock verify says where.")
    for one in facts["versions"]:
        where = one["file"] or "not written: --versions DIR does"
        console.print(f"another version, from record {one['differs_from']} on: {where}", markup=False)
    if facts["versions"]:
        console.print(
            f"[bold red]finding[/] {facts['conflicts']} numbers have more than one record: interlock store conflicts "
            "shows them."
        )


def bundle(facts: dict[str, Any], file: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    console = _console()
    for event in facts["events"]:
        camera = f" ({event['camera']})" if event["camera"] else ""
        own = f"; the officer's own camera: {event['own_verdict']}"
        console.print(f"{event['reference']} {event['event']}: {event['verdict']}{camera}{own}", markup=False)
    console.print(f"The evidence of incident {facts['incident']}, of {', '.join(facts['units'])}: {file}", markup=False)
    console.print(f"SHA-256 {facts['sha256']}. Check it as anybody can: python3 -I {file}", markup=False)
    _findings(console, facts["findings"])


def audit(facts: dict[str, Any], folder: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    console = _console()
    held = f"{counted(facts['records'], 'record')} of {counted(facts['units'], 'unit')}"
    console.print(f"{held}, and the report of them: {folder}", markup=False)
    console.print(f"Reckon it again as anybody can: interlock report --recompute {folder}", markup=False)
    if facts["force_says"]:
        console.print(
            f"[yellow]note[/] The force's own report has {facts['force_says']} more findings or other figures, which "
            "do not follow from these files: they are in force_says.json, as claims."
        )
    _findings(console, facts["findings"])


def tables(facts: dict[str, Any], folder: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    held = f"{counted(facts['records'], 'record')} and {counted(facts['events'], 'event')}"
    text = f"{held} in {counted(facts['files'], 'file')}: {folder}"
    _console().print(text, markup=False)


def _findings(console: Console, findings: list[str]) -> None:
    for text in findings:
        console.print(f"[bold red]finding[/] {shown(text)}")
