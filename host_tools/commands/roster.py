"""`interlock roster`: who carries what, and when; `roster_apply.py` brings it to units."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..context import Context, utc_ms
from ..flows.assign import noted
from ..flows.status import partner_name, status
from ..naming import did_you_mean, serial_of
from ..outcome import Exit, ToolError
from ..roster import rules
from ..roster.file import Known, Parsed, parse, zone_of
from ..roster.rules import Duty, RosterRow
from ..table_file import BYTES_MAX, place, read
from .labels_sheet import counted
from .progress import working
from .roster_apply import apply, spares
from .roster_standing import plain, resolved, show_problems
from .running import Json, Yes, confirm, end, of, print_json, run
from .tables import console, table
from .times import at_s, local_text

if TYPE_CHECKING:
    from ..vault.vault import Vault

OFFICERS_SHOWN = 12

app = typer.Typer(
    help="Who carries what, and when: import a roster, and bring it to the units in range.", no_args_is_help=True,
    rich_markup_mode="markdown",
)  # fmt: skip


@app.command(name="import")
def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE.csv", help="The table; - for standard input")],
    tz: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of its times, such as Europe/London [default: this host's]")
    ] = None,
    replaces: Annotated[
        bool, typer.Option("--replace", help="In place of what its teams and officers have in the time that it covers")
    ] = False,
    tries: Annotated[bool, typer.Option("--dry-run", help="Check the file only")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take in a roster: a table with the columns officer, team, unit, from, to; a line for each unit.

    The first line names the columns, in any order. The separator may be a comma, a semicolon or a tab; a team may be
    missing; instead of unit there may be columns holster and camera. Units are named by serial or name, officers as
    units note them: 1 to 8 ASCII characters. Times are written 2026-05-31 06:00, or with an offset. Everything that is
    wrong is said at once, by line, and then nothing is taken in: unknown units, a unit with two officers, a holster
    without a camera, times that no clock shows.

    With --replace, rows of the teams and officers in the file that begin in the time which it covers, and are not in
    it, stand no more: whose they are is told, and you are asked. Other teams, and shifts that began before, stay.

    Examples:

    - `interlock roster import week22.csv`
    - `interlock roster import week22.csv --tz Europe/London --replace`: its next version

    Next: `interlock roster spares` makes the pairs that it needs; `interlock roster apply` brings it to the units.

    JSON: {added, withdrawn, gone: [{serial, officer, team, from_s, to_s}], rows, from_s, to_s, zone, notes}; times in
    seconds since 1970, UTC.
    """
    at = of(context)
    data = sys.stdin.buffer.read(BYTES_MAX) if file == "-" else read(place(file))
    vault = at.open_vault()
    store = at.open_store()
    try:
        held = store.roster()

        def beside(rows: Sequence[RosterRow]) -> list[RosterRow]:
            return sorted(set(held) - set(rules.superseded(rows, held))) if replaces else held

        parsed = parse(data, Known.of(vault), zone_of(tz), beside)
        gone = rules.superseded(parsed.rows, held) if replaces else []
        added, withdrawn = len(set(parsed.rows) - set(held)), len(gone)
        if not tries:
            if gone:
                confirm(_ends_of(gone), "Put the new ones in their place?", yes)
            withdrawn, added = store.replace_roster(gone, parsed.rows, by=at.who(vault), utc_ms=utc_ms())
    finally:
        store.close()
    from_s, to_s = min(row.from_s for row in parsed.rows), max(row.to_s for row in parsed.rows)
    if as_json:
        counts = {"added": added, "withdrawn": withdrawn, "gone": [row._asdict() for row in gone]}
        counts |= {"rows": len(parsed.rows), "from_s": from_s, "to_s": to_s}
        print_json(counts | {"zone": parsed.zone, "notes": list(parsed.notes)})
        return
    _show_import(parsed, (from_s, to_s), added, withdrawn, tries)
    if replaces:
        others = [row for row in beside(parsed.rows) if row not in parsed.rows]
        _show_kept([row for row in others if row.from_s < to_s and from_s < row.to_s])


def _ends_of(gone: Sequence[RosterRow]) -> str:
    """That these will stand no more, and whose they are."""
    officers = sorted({row.officer for row in gone})
    listed = ", ".join(officers[:OFFICERS_SHOWN]) + (" and others" if len(officers) > OFFICERS_SHOWN else "")
    span = f"{local_text(min(row.from_s for row in gone))} to {local_text(max(row.to_s for row in gone))}"
    return f"{counted(len(gone), 'row')} of {counted(len(officers), 'officer')} will stand no more: {listed}; {span}."


def _show_kept(kept: Sequence[RosterRow]) -> None:
    if kept:
        teams = ", ".join(sorted({row.team or "without a team" for row in kept}))
        verb = "stands" if len(kept) == 1 else "stand"
        print(f"{counted(len(kept), 'row')} of others ({teams}) {verb} beside it as before.")


def _show_import(parsed: Parsed, span: tuple[int, int], added: int, withdrawn: int, tries: bool) -> None:
    for note in parsed.notes:
        print(note)
    officers = len({row.officer for row in parsed.rows})
    verb = "would be" if tries else "are"
    told = f"{counted(len(parsed.rows), 'row')} of {counted(officers, 'officer')}"
    print(f"{told}, {local_text(span[0])} to {local_text(span[1])}.")
    print(f"{added} {verb} new, {withdrawn} {verb} withdrawn. Times without an offset were taken in {parsed.zone}.")


Says = dict[str, str | None]
"""Of a holster and a camera, by what they are: the serial of the partner."""

At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="Then instead of now: 06:00, or 2026-05-31T06:00")]


@app.command()
def show(
    context: typer.Context,
    at: At = None,
    check: Annotated[bool, typer.Option("--check", help="Ask the units, too, who counts on whom")] = False,
    as_json: Json = False,
) -> None:
    """Who has what now, by the roster; and what of it does not resolve.

    With --check each unit is asked which partner it counts on. Without it, *handed out* says what this computer told
    the units last.

    Examples:

    - `interlock roster show`
    - `interlock roster show --at 18:00 --json`
    - `interlock roster show --check`: at the dock

    Next: `interlock roster apply`.

    Exit codes: 0; 1 something does not resolve, or a unit says otherwise.

    JSON: {at_s, rows, duties: [{officer, team, holster, camera, from_s, to_s, handed_out, says: {holster, camera} or
    null}], problems: [{officer, text, from_s, to_s}]}; says: the partner of each by its own word, null: none or not
    reached.
    """
    here = of(context)
    now_s = at_s(at, utc_ms())
    rows, duties, problems = resolved(here, now_s)
    says = run(_asked(here, duties, as_json)) if check and duties else [None] * len(duties)
    pairs = zip(_handed_out(here, duties), says, strict=True)
    told: list[dict[str, Any]] = [{"handed_out": is_out, "says": said} for is_out, said in pairs]
    if as_json:
        found = [duty._asdict() | more for duty, more in zip(duties, told, strict=True)]
        print_json({"at_s": now_s, "rows": len(rows), "duties": found, "problems": [plain(each) for each in problems]})
    else:
        _show(now_s, rows, list(zip(duties, told, strict=True)), check)
        show_problems(problems)
    if problems or any(_differs(duty, more["says"]) for duty, more in zip(duties, told, strict=True)):
        end(Exit.FINDINGS)


def _handed_out(context: Context, duties: list[Duty]) -> list[bool]:
    """Of each duty, whether this computer brought it to both units, and nothing else since."""
    store = context.open_store()
    try:
        return [noted(store, duty.holster, duty.camera, duty.officer, duty.to_s) for duty in duties]
    finally:
        store.close()


async def _asked(context: Context, duties: list[Duty], quiet: bool) -> list[Says | None]:
    """Of each duty, whom its units count on by their own word."""
    found: list[Says | None] = []
    async with context.bench() as bench:
        with working("Asking units", total=2 * len(duties), quiet=quiet) as step:
            for duty in duties:
                says: Says = {}
                for what, serial in _ends(duty):
                    try:
                        says[what] = partner_name(bench.vault, (await status(bench, serial)).status.assigned)
                    except ToolError:
                        says[what] = None
                    step(2 * len(found) + len(says))
                found.append(says)
    return found


def _differs(duty: Duty, says: Says | None) -> bool:
    return says is not None and (says["holster"], says["camera"]) != (duty.camera, duty.holster)


def _show(now_s: int, rows: list[RosterRow], told: list[tuple[Duty, dict[str, Any]]], check: bool) -> None:
    if not rows:
        print(f"Nothing is on the roster for {local_text(now_s)}. interlock roster import FILE.csv brings one.")
        return
    columns = ("officer", "team", "holster", "camera", "until", "units say" if check else "handed out")
    shown = table(*columns, title=f"On duty, {local_text(now_s)}")
    for duty, more in told:
        last = "yes" if more["handed_out"] else "no"
        if check:
            says = more["says"]
            named = " and ".join(f"{serial}: {says[what] or 'nobody'}" for what, serial in _ends(duty))
            last = f"not so: {named}" if _differs(duty, says) else "the same"
        shown.add_row(duty.officer, duty.team, duty.holster, duty.camera, local_text(duty.to_s), last)
    console().print(shown, markup=False)


def _ends(duty: Duty) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("holster", duty.holster), ("camera", duty.camera)


@app.command()
def withdraw(
    context: typer.Context,
    officer: Annotated[str | None, typer.Option(help="Only of this officer")] = None,
    unit: Annotated[str | None, typer.Option(metavar="SERIAL", help="Only of this unit")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Only what lasts beyond then")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only what begins before then")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let rows of the roster stand no more: of an officer, of a unit, of a time, or all.

    The store keeps that they stood, and who withdrew them. Units are told nothing: interlock assign HOLSTER --clear.

    Examples:

    - `interlock roster withdraw --officer PC1234 --from 2026-06-01T00:00`
    - `interlock roster withdraw --unit H7 --yes`

    Next: `interlock roster show`; what is in force on units stays so until it ends, or `interlock assign H7 --clear`.

    JSON: {withdrawn}.
    """
    at, now_ms = of(context), utc_ms()
    span = [None if text is None else at_s(text, now_ms) for text in (from_, to)]
    vault = at.open_vault()
    store = at.open_store()
    try:
        held = store.roster(*span)
        serial = None if unit is None else _rostered(vault, held, unit)
        rows = [row for row in held if officer in (None, row.officer) and serial in (None, row.serial)]
        if not rows:
            raise _no_rows(held, officer, serial)
        confirm(f"{counted(len(rows), 'row')} of the roster will stand no more.", "Withdraw them?", yes)
        done = store.withdraw_roster(rows, by=at.who(vault), utc_ms=now_ms)
    finally:
        store.close()
    if as_json:
        print_json({"withdrawn": done})
    else:
        print(f"{counted(done, 'row')} withdrawn.")


def _rostered(vault: "Vault", held: Sequence[RosterRow], unit: str) -> str:
    """The serial of the unit that is called so, on the roster or in the vault. ToolError when there is none."""
    return next((row.serial for row in held if row.serial.casefold() == unit.casefold()), None) or serial_of(
        vault, unit
    )


def _no_rows(held: Sequence[RosterRow], officer: str | None, serial: str | None) -> ToolError:
    """That there is nothing to withdraw."""
    asked = " and ".join(part for part in (officer, serial) if part is not None)
    meant = "" if officer is None else did_you_mean(officer, {row.officer for row in held} - {officer})
    return ToolError(
        f"no row{f' of {asked}' if asked else ''} stands on the roster for that time",
        f"{meant}Nothing was changed. interlock roster show says what stands now, with --at TIME what stands then.",
    )


app.command()(apply)
app.command()(spares)
