"""`interlock pull [SERIAL]...`: fetch what is new of units' journals."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ..console import Console
from ..context import Context
from ..flows import pull as flow
from ..flows.checkpoint import Checkpointed
from ..flows.pull import Pulled, Report
from ..outcome import Exit
from .progress import NARROW, watched
from .running import Json, Serials, end, of, print_json, run, the_units
from .tables import console, table

LINE_S = 5.0  # without a terminal, a line of progress this often


def pull(
    context: typer.Context,
    serials: Serials = None,
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint/--no-checkpoint", help="Let the unit sign the journal's end, once a day")
    ] = True,
    as_json: Json = False,
) -> None:
    """Fetch what is new of units' journals into the store, and compare it with what was fetched before.

    Without SERIAL: of all own units in range. Every record is on this host's disk before the unit is told to go on;
    broken off at any point, run it again: nothing is lost and nothing fetched twice. Each pull is itself a record in
    the unit's journal, and in the store's chain of custody.

    A unit with a signing key signs a checkpoint then: it proves to anybody that all records before it were there, as
    they are. Signatures are few, so a unit gives one a day this way (interlock checkpoint gives one at any time).

    Examples:

    - `interlock pull`: all own units in range
    - `interlock pull H1 C1 --no-checkpoint`: these two, and nothing signed

    Next: `interlock verify`, and `interlock report`.

    Exit codes: 0 done; 1 findings (a journal or a signing key was rolled back, rewritten, altered or copied, or records
    are missing); 3 a unit's pull is not complete.

    JSON: a list of {serial, name, new, known, following, bytes, seconds, links, findings: [{serial, kind, text}],
    checkpoint: {outcome, index, following, remaining, advice}, failure, advice}; failure is null when the pull is
    complete; checkpoint.outcome: signed, no_key, too_soon, busy, exhausted, refused, pending.
    """
    done = run(_pull(of(context), serials, checkpoint, as_json))
    if as_json:
        print_json(done)
    else:
        show(done)
    leave(done)


def leave(done: tuple[Pulled, ...]) -> None:
    """End with the exit code that these pulls ask for."""
    if any(unit.failure for unit in done):
        end(Exit.DEVICE)
    if any(unit.findings for unit in done):
        end(Exit.FINDINGS)


async def _pull(context: Context, serials: list[str] | None, checkpoint: bool, quiet: bool) -> tuple[Pulled, ...]:
    async with context.bench() as bench:
        chosen = await the_units(bench, serials, quiet)
        with progress(quiet, chosen) as report:
            return await flow.pull(bench, chosen, report, checkpoint=checkpoint)


@contextmanager
def progress(quiet: bool, serials: Sequence[str] = ()) -> Iterator[Report]:
    """Bars on a terminal, a line now and then elsewhere; standard output stays free. `serials`: whose bars are there
    from the beginning, while their units are looked for."""
    console = watched()
    if quiet:
        yield lambda _: None
    elif console is None:
        yield _Lines()
    else:
        with Progress(*_columns(console), console=console) as bars:
            yield _Bars(bars, serials)


def _columns(console: Console) -> list[TextColumn | BarColumn | TimeRemainingColumn]:
    if console.width < NARROW:
        return [TextColumn("{task.description} {task.fields[count]}")]
    told = TextColumn("{task.fields[count]}{task.fields[rate]}")
    return [TextColumn("{task.description}"), BarColumn(), told, TimeRemainingColumn()]


class _Bars:
    def __init__(self, bars: Progress, serials: Sequence[str]) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {serial: self._add(serial) for serial in serials}

    def _add(self, serial: str) -> TaskID:
        return self._bars.add_task(serial, total=None, count="connecting", rate="")

    def __call__(self, at: flow.Progress) -> None:
        if at.serial not in self._tasks:
            self._tasks[at.serial] = self._add(at.serial)
        count, rate = f"{at.records}/{at.total}", f" records, {_rate(at)}"
        self._bars.update(self._tasks[at.serial], completed=at.records, total=at.total, count=count, rate=rate)


class _Lines:
    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, at: flow.Progress) -> None:
        if time.monotonic() - self._told_s < LINE_S:
            return
        self._told_s = time.monotonic()
        left = "" if at.eta_s is None else f", {at.eta_s:.0f} s left"
        print(f"{at.serial}: {at.records} of {at.total} records, {_rate(at)}{left}", file=sys.stderr, flush=True)


def _rate(at: flow.Progress) -> str:
    return f"{at.bytes / 1024:.0f} KiB" + ("" if at.rate_bytes_s is None else f", {at.rate_bytes_s / 1024:.1f} KiB/s")


def show(done: tuple[Pulled, ...]) -> None:
    rows = table("unit", "name", "new", "bytes", "time", "result", right=("new", "bytes", "time"))
    for unit in done:
        kinds = ", ".join(finding.kind.replace("_", " ") for finding in unit.findings)
        result = f"[bold red]{kinds}[/]" if kinds else "[green]complete[/]"
        result = f"[yellow]not complete[/]{f' ({kinds})' if kinds else ''}" if unit.failure else result
        rows.add_row(unit.serial, escape(unit.name), str(unit.new), str(unit.bytes), f"{unit.seconds:.1f} s", result)
    console().print(rows)
    lines = Console(soft_wrap=True, highlight=False)
    for unit in done:
        for finding in unit.findings:
            lines.print(f"{unit.serial}: {finding.text}.", markup=False)
        if unit.failure:
            safe = f"{unit.new} new records are safe. " if unit.new else ""
            lines.print(f"{unit.serial}: {unit.failure}.\n{safe}{unit.advice}", markup=False)
        if unit.checkpoint is not None and (said := _checkpoint(unit.checkpoint)):
            lines.print(f"{unit.serial}: {said}", markup=False)


def _checkpoint(done: Checkpointed) -> str:
    """How a checkpoint went, in words; nothing where there is nothing to be said."""
    advice = f" {done.advice}" if done.advice else ""
    left = "" if done.remaining is None else f"; {done.remaining} signatures are left"
    match done.outcome:
        case "signed":
            return f"checkpoint {done.index} covers all records before {done.following}{left}.{advice}"
        case "no_key":
            return ""
        case "too_soon":
            return "it signed a checkpoint within the last day already."
        case "busy":
            return f"no checkpoint: it computes a key or a signature.{advice}"
        case "exhausted":
            return f"no checkpoint: its signing key is used up.{advice}"
        case "pending":
            return f"it still computes checkpoint {done.index}: the next pull fetches that{left}."
        case "refused":
            return f"no checkpoint.{advice}"
