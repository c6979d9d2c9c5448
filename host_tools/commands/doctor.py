"""`interlock doctor`: is this computer fit for the work, and if not, what to do?"""

import sys
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.markup import escape

from .. import interrupts
from ..as_json import as_plain
from ..console import Console
from ..context import Context
from ..doctor.examine import examine
from ..doctor.finding import Finding, Fix
from ..doctor.surroundings import Surroundings, this_computer
from ..outcome import Exit, ToolError
from .progress import working
from .running import Json, Yes, end, of, print_json, run

_MARKS = {"ok": "[green]ok     [/]", "warn": "[yellow]warn   [/]", "fail": "[bold red]fail   [/]"}
_SKIPPED = "[dim]skipped[/]"


@dataclass(frozen=True)
class Mended:
    """One fix: what was to be done, and why it was not (None: done)."""

    what: str
    failure: str | None


def doctor(
    context: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended here, asking before each")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Look whether this computer is fit: Bluetooth, clock, disk, vault, store.

    Each line is ok, warn (it may hinder), fail (it does) or skipped, with what to do. Nothing is changed, and no
    passphrase is asked for. On Linux it finds adapters that are off or blocked, a service that does not run, old
    BlueZ, bonds and tables that BlueZ keeps of units that have others by now; on macOS and Windows it tries the radio
    and tells what the system said.

    Examples:

    - `interlock doctor`
    - `interlock doctor --fix`: offers to switch an adapter on, to let BlueZ forget a stale bond, to close the home

    Next: `interlock scan`.

    Exit codes: 0 nothing fails, 1 something does.

    JSON: {platform, is_fit, findings: [{check, outcome, found, advice, fix}], mended: [{what, failure}]}: interlock
    schema doctor.
    """
    around = this_computer()
    findings, mended = run(_doctor(of(context), around, fix, yes, as_json))
    is_fit = all(finding.outcome != "fail" for finding in findings)
    if as_json:
        print_json(
            {
                "platform": around.platform,
                "is_fit": is_fit,
                "findings": [_plain(finding) for finding in findings],
                "mended": [as_plain(done) for done in mended],
            }
        )
    else:
        show(findings, mended)
    if not is_fit:
        end(Exit.FINDINGS)


async def _doctor(
    context: Context, around: Surroundings, fix: bool, yes: bool, quiet: bool
) -> tuple[tuple[Finding, ...], list[Mended]]:
    with working("looking at this computer", quiet=quiet):
        findings = await examine(context, around)
    fixes = [finding.fix for finding in findings if finding.fix is not None] if fix else []
    mended = [done for each in fixes if (done := await _mend(each, yes)) is not None]
    if mended:
        with working("looking again", quiet=quiet):
            findings = await examine(context, around)
    return findings, mended


async def _mend(fix: Fix, yes: bool) -> Mended | None:
    """Do it when it is wanted; None when it is not."""
    if not yes:
        if not sys.stdin.isatty():
            raise ToolError(
                f"--fix asks before each thing that it does, and nobody is there to be asked ({fix.what})",
                "Nothing was changed. In a script, say --yes.",
            )
        with interrupts.asking():
            is_wanted = typer.confirm(f"{fix.what[0].upper()}{fix.what[1:]}", err=True)
        if not is_wanted:
            return None
    try:
        await fix.do()
    except ToolError as error:
        return Mended(fix.what, str(error))
    return Mended(fix.what, None)


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "outcome": finding.outcome,
        "found": finding.found,
        "advice": finding.advice,
        "fix": finding.fix.what if finding.fix is not None else None,
    }


def show(findings: tuple[Finding, ...], mended: list[Mended]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for done in mended:
        console.print(f"done: {done.what}" if done.failure is None else f"not done: {done.failure}", markup=False)
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark = _MARKS.get(finding.outcome, _SKIPPED)
        console.print(f"{mark}  {escape(finding.check):<{width}}  {escape(finding.found)}")
        if finding.advice is not None:
            console.print(f"{'':9}{'':<{width}}  {finding.advice}", markup=False)
    failed = sum(finding.outcome == "fail" for finding in findings)
    console.print("This computer is fit." if not failed else f"{failed} to be mended: see fail above.")
