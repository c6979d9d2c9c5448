"""`interlock status [SERIAL]`: what a unit says of itself."""

import datetime
from typing import Any

import typer
from rich.markup import escape

from interlock.core.settings import ROLE_NAMES

from ..cell import CELL, percent
from ..context import Context
from ..flows.signing import SigningKey
from ..flows.status import StatusReport
from ..flows.status import status as flow
from .progress import working
from .running import Json, Serials, of, print_json, run, the_unit
from .tables import console, table


def status(context: typer.Context, serials: Serials = None, as_json: Json = False) -> None:
    """Ask a unit for its state: battery, clock, journal, settings. Proves that it is the unit it claims to be.

    Without SERIAL the one own unit in range is asked.

    Examples:

    - `interlock status`: the one own unit in range
    - `interlock status "holster 1"`: by its name

    Next: `interlock sync` where its clock is off; `interlock pull` where records are not pulled yet.

    JSON: a list of {serial, name, role, number, firmware, battery_mv, battery_percent, boot, uptime_ms, journal_first,
    journal_following, journal_head, unpulled, revision, settings_digest, group_epochs, assigned, assigned_until_s,
    clock_off_ms, clock_uncertainty_ms, flags, is_revoked, signing: {state, params, done, total, index, remaining,
    public}}; null: not measured, or not set. is_revoked: by this vault, whatever the unit thinks. group_epochs: of the
    group's key, that it takes frames under: 2 during a rotation.
    """
    reports = run(_status(of(context), serials, as_json))
    if as_json:
        print_json([plain(report) for report in reports])
    else:
        for report in reports:
            show(report)


async def _status(context: Context, serials: list[str] | None, quiet: bool) -> list[StatusReport]:
    async with context.bench() as bench:
        found = []
        for serial in await the_unit(bench, serials, "status", quiet):
            with working(f"{serial}: asking", quiet=quiet):
                found.append(await flow(bench, serial))
        return found


def plain(report: StatusReport) -> dict[str, Any]:
    """A report with stable names."""
    found = report.status
    return {
        "serial": report.serial,
        "name": report.name,
        "role": ROLE_NAMES.get(found.role, "boxed"),
        "number": found.unit,
        "firmware": f"{found.major}.{found.minor}.{found.patch}",
        "battery_mv": found.battery_mv or None,
        "battery_percent": percent(found.battery_mv) if found.battery_mv else None,
        "boot": found.boot,
        "uptime_ms": found.uptime_ms,
        "journal_first": found.first,
        "journal_following": found.following,
        "journal_head": found.head.hex(),
        "unpulled": report.unpulled,
        "revision": found.revision,
        "settings_digest": found.digest.hex(),
        "group_epochs": found.epochs,
        "assigned": report.assigned,
        "assigned_until_s": found.until_s or None,
        "clock_off_ms": report.clock_off_ms,
        "clock_uncertainty_ms": None if report.clock_off_ms is None else found.utc_u_ms,
        "flags": list(report.flags),
        "is_revoked": report.is_revoked,
        "signing": vars(report.signing),
    }


def show(report: StatusReport) -> None:
    facts = plain(report)
    clock = "not set: interlock sync sets it"
    if report.clock_off_ms is not None:
        clock = f"{report.clock_off_ms:+d} ms against this host (the unit says ± {facts['clock_uncertainty_ms']} ms)"
    rows = table(title=f"{report.serial}  {escape(report.name)}")
    if report.is_revoked:
        rows.add_row("[bold red]revoked[/]", "it counts no more; keep it as evidence, and pull its journal")
    rows.add_row("role", f"{facts['role']} {facts['number']}")
    rows.add_row("firmware", facts["firmware"])
    rows.add_row("battery", "not measured" if facts["battery_mv"] is None else _cell(facts))
    rows.add_row("running for", f"{_duration(facts['uptime_ms'] / 1000)} (boot {facts['boot']})")
    rows.add_row("clock", clock)
    rows.add_row("journal", f"records {facts['journal_first']} to {facts['journal_following'] - 1}")
    rows.add_row("not pulled yet", f"{report.unpulled} records")
    rows.add_row("checkpoints", _signing(report.signing))
    rows.add_row("settings", f"revision {facts['revision']} ({facts['settings_digest']})")
    rows.add_row("assigned", _assigned(report))
    rows.add_row("flags", ", ".join(report.flags) or "none")
    console().print(rows)


def _cell(facts: dict[str, Any]) -> str:
    return f"{facts['battery_mv']} mV, some {facts['battery_percent']} % if it is as {CELL}"


def _assigned(report: StatusReport) -> str:
    if report.assigned is None:
        return "none: the paired ones count"
    until = datetime.datetime.fromtimestamp(report.status.until_s).astimezone()
    return f"{report.assigned}, until {until:%Y-%m-%d %H:%M %Z}"


def _signing(key: SigningKey) -> str:
    if key.is_being_made:
        return f"its key ({key.params}) is being made: {key.done} of {key.total} parts"
    if key.public is None:
        return "no key: interlock provision LABEL --signing h10 lets it make one"
    return f"{key.remaining} left ({key.params}, the next has index {key.index})"


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
