"""`interlock roster apply` and `interlock roster spares`: what the roster says, brought to the units in range."""

from typing import Annotated, Any

import typer

from ..as_json import as_plain
from ..context import Context, utc_ms
from ..flows.shift import Handed, take_up
from ..flows.spares import Spares, make_spares
from ..outcome import Exit
from ..roster import rules
from ..roster.file import Known
from ..roster.rules import Duty
from .progress import working
from .roster_standing import plain, resolved, show_problems
from .rounds import show_failures, visiting
from .running import Json, end, of, print_json, run
from .tables import console, table
from .times import at_s, local_text

AHEAD_MAX = 24 * 60


def apply(
    context: typer.Context,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="As of then instead of now: 18:00, or 2026-05-31T18:00")
    ] = None,
    ahead: Annotated[
        int, typer.Option(min=0, max=AHEAD_MAX, metavar="MINUTES", help="Hand out what begins within so many minutes")
    ] = 0,
    check: Annotated[
        bool, typer.Option("--check", help="Let each camera start and stop its recorder once: its tally has to follow")
    ] = False,
    as_json: Json = False,
) -> None:
    """Assign all pairs that are due and in range, several at a time; a technician's credentials are enough.

    Each pair counts on each other alone until its officer's shift ends. A pair that is in force already is left alone.
    Run it again when more units are docked. Pairs must hold each other's keys: interlock roster spares, once.

    Examples:

    - `interlock roster apply`: at the beginning of a shift
    - `interlock roster apply --ahead 30 --check`: half an hour before, and try each camera's cable

    Next: `interlock roster show --check`.

    Exit codes: 0 all that is due is in force; 1 something on the roster does not resolve, or a camera did not pass its
    check; 3 a pair was not reached, or not assigned.

    With --check, a camera that passed within a day and whose pair is in force already is not tried again.

    JSON: {at_s, handed: [{officer, team, holster, camera, from_s, to_s, outcome, seconds, recorder, detail, failure,
    advice, notes}], problems: [{officer, text, from_s, to_s}]}; outcome: assigned, already, missing, failed.
    """
    here = of(context)
    now_s = at_s(at, utc_ms()) + ahead * 60
    _, duties, problems = resolved(here, now_s)
    handed = run(_apply(here, duties, check, as_json))
    if as_json:
        print_json({"at_s": now_s, "handed": [_plain(each) for each in handed], "problems": list(map(plain, problems))})
    else:
        _show(handed, check)
        show_problems(problems)
        if not handed and not problems:
            print(f"No pair is on the roster for {local_text(now_s)}.")
    if any(each.outcome in ("missing", "failed") for each in handed):
        end(Exit.DEVICE)
    if problems or any(each.recorder not in (None, "passed") for each in handed):
        end(Exit.FINDINGS)


async def _apply(context: Context, duties: list[Duty], check: bool, quiet: bool) -> tuple[Handed, ...]:
    if not duties:
        return ()
    async with context.bench() as bench:
        with working("Handing out", total=len(duties), quiet=quiet) as step:
            done: list[Handed] = []

            def report(handed: Handed) -> None:
                done.append(handed)
                step.say(_line(handed))
                step(len(done))

            return await take_up(bench, duties, report, cable_check=check)


def _line(handed: Handed) -> str:
    duty = handed.duty
    pair = f"{duty.officer}: {duty.holster} and {duty.camera}"
    if handed.outcome == "assigned":
        return f"{pair}, until {local_text(duty.to_s)}"
    return f"{pair} {'as before' if handed.outcome == 'already' else f'not assigned: {handed.failure}'}"


def _plain(handed: Handed) -> dict[str, Any]:
    facts = {name: value for name, value in vars(handed).items() if name != "duty"}
    return handed.duty._asdict() | facts | {"seconds": round(handed.seconds, 3)}


def _show(handed: tuple[Handed, ...], check: bool) -> None:
    if not handed:
        return
    shown = table("officer", "holster", "camera", "until", "outcome", *(["recorder"] if check else []))
    for each in handed:
        duty = each.duty
        cells = [duty.officer, duty.holster, duty.camera, local_text(duty.to_s), each.outcome]
        shown.add_row(*cells, *([each.recorder or ""] if check else []))
    console().print(shown, markup=False)
    for each in handed:
        if each.failure is not None:
            print(f"{each.duty.officer}, {each.duty.holster} and {each.duty.camera}: {each.failure}.\n{each.advice}")
        for note in each.notes:
            print(f"{note}.")
        if each.recorder not in (None, "passed"):
            print(f"{each.duty.camera}, recorder {each.recorder}: {each.detail}")
    force = sum(each.outcome in ("assigned", "already") for each in handed)
    print(f"{force} of {len(handed)} pairs are in force.")


def spares(context: typer.Context, as_json: Json = False) -> None:
    """Make all pairs that the roster needs from now on and that do not exist yet, as spares; with the force's vault.

    A spare pair counts only while it is assigned. Each unit in range is visited once for all its new partners; those
    that are missing take theirs when this, or interlock rotate, runs again with them. A unit is in seven pairs at most:
    what does not fit is said.

    Examples:

    - `interlock roster spares`: after a new roster was imported, with the units docked

    Next: `interlock roster apply`.

    Exit codes: 0 all pairs exist; 1 some cannot be made; 3 a unit was not reached.

    JSON: {pairs: [{holster, camera, state, reason}], visits, failures, missing}; state: made, already, unfinished,
    impossible; the last three as of interlock rotate.
    """
    at = of(context)
    vault = at.open_vault()
    vault.check_own("authority to pair units")
    store = at.open_store()
    try:
        wanted = rules.combinations(store.roster(utc_ms() // 1000), Known.of(vault).roles)
    finally:
        store.close()
    done = run(_spares(at, wanted, as_json))
    brought = done.brought
    if as_json:
        print_json({"pairs": as_plain(done.pairs)} | as_plain(brought))
    else:
        _show_spares(done)
    if brought.failures or any(pair.state == "unfinished" for pair in done.pairs):
        end(Exit.DEVICE)
    if any(pair.state == "impossible" for pair in done.pairs):
        end(Exit.FINDINGS)


async def _spares(context: Context, wanted: list[tuple[str, str]], quiet: bool) -> Spares:
    async with context.bench() as bench:
        with visiting(quiet) as report:
            return await make_spares(bench, wanted, report)


def _show_spares(done: Spares) -> None:
    if not done.pairs:
        print("The roster asks for no pair from now on. interlock roster import FILE.csv brings one.")
        return
    shown = table("holster", "camera", "state")
    for pair in done.pairs:
        shown.add_row(pair.holster, pair.camera, pair.state)
    console().print(shown, markup=False)
    for pair in done.pairs:
        if pair.reason is not None:
            print(f"{pair.holster} and {pair.camera}: {pair.reason}.")
    show_failures(done.brought.failures)
    if any(pair.state == "unfinished" for pair in done.pairs):
        print("Dock the units that are missing, and run interlock roster spares again.")
