"""`interlock store ...`: what a store holds beside journals, and how it gets to another one."""

import glob
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..asking import tell
from ..context import Context, utc_ms
from ..outcome import Exit, ToolError
from . import completing
from .progress import working
from .running import Json, end, of, print_json
from .tables import console, table

if TYPE_CHECKING:
    from ..store.rows import Skipped

app = typer.Typer(
    help="The store of pulled journals: who did what, what contradicts, and forwarding to a force's server.",
    no_args_is_help=True,
)
SHORT = 8  # characters of a store's name, where people read it


def when(utc_ms: int) -> str:
    """2026-11-27 06:30:05, UTC; what is no time of the calendar as it is."""
    try:
        return datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{utc_ms} ms"


def show_skipped(skipped: "Iterable[Skipped]") -> None:
    """What no store can hold and was left where it is."""
    for row in skipped:
        text = f"{row.rows} rows of {row.table} of {row.serial} are none and were left out: {row.why}."
        console().print(f"[bold red]finding[/] {escape(text)}")


@app.command()
def custody(
    context: typer.Context,
    serial: Annotated[str, typer.Argument(metavar="SERIAL", help="Of the unit", autocompletion=completing.serials)],
    as_json: Json = False,
) -> None:
    """Who did what with a unit and its journal: set up, pulled, forwarded, imported, exported, annotated.

    Each line says by whom, when by that computer's clock, and in which store it was noted first (the first characters
    of its name). Lines are only ever added. Who the person was is what the computer was told (--as, or the login).

    Examples:

    - `interlock store custody H1`
    - `interlock --store postgresql://evidence.example/interlock store custody H1 --json`

    Next: `interlock export H1 --out H1.ilj` takes the journal with it.

    JSON: a list of {serial, who, what, detail, utc_ms, origin}, oldest first.
    """
    from ..store.sound import plain

    store = of(context).open_store(read_only=True)
    try:
        rows = store.custody_of(serial)
        if not rows and serial not in [row.serial for row in store.units()]:
            raise ToolError(f"the store knows no unit {serial}", "interlock verify lists those that it knows.")
    finally:
        store.close()
    if as_json:
        print_json(rows)
        return
    shown = table("when, UTC", "who", "what", "detail", "store", title=f"Custody of {serial}")
    for row in rows:
        cells = (when(row.utc_ms), row.who, row.what, row.detail, row.origin[:SHORT])
        shown.add_row(*(escape(plain(cell)) for cell in cells))
    console().print(shown)


@app.command()
def conflicts(
    context: typer.Context,
    serial: Annotated[
        str | None,
        typer.Argument(metavar="[SERIAL]", help="Of this unit only", autocompletion=completing.serials),
    ] = None,
    as_json: Json = False,
) -> None:
    """Where more than one record of a unit is held under one number.

    A unit never writes two: it was put back to an old state, copied or rewritten, or somebody changed what was pulled.
    All are kept, with who brought each and when. Which one is the unit's own, interlock verify says as far as its seal
    and its signatures tell.

    Examples:

    - `interlock store conflicts`
    - `interlock store conflicts H1 --json`

    Next: `interlock verify`; `interlock export H1 --versions H1` writes each version as a journal file.

    Exit codes: 0 there are none; 1 there are some.

    JSON: a list of {serial, sequence, versions: [{raw, chain, by, utc_ms, origin}]}; raw, chain: hexadecimal.
    """
    from ..store.sound import plain

    store = of(context).open_store(read_only=True)
    try:
        found = store.conflicts(serial)
    finally:
        store.close()
    if as_json:
        print_json(found)
    elif not found:
        console().print("No number of any unit has more than one record.")
    else:
        shown = table("unit", "number", "record", "brought by", "when, UTC", "store", right=("number",))
        for conflict in found:
            for version in conflict.versions:
                cells = (conflict.serial, str(conflict.sequence), version.raw.hex(), plain(version.by))
                shown.add_row(*map(escape, cells), when(version.utc_ms), version.origin[:SHORT])
        console().print(shown)
    if found:
        end(Exit.FINDINGS)


@app.command()
def forward(
    context: typer.Context,
    to: Annotated[
        str, typer.Argument(metavar="URL|FILE", help="The store to bring it to: postgresql://..., or a file")
    ],
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Compare all rows and records, not only each unit's last")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring all that is in this store and not in another one there: records, checkpoints, custody, roster, annotations.

    Broken off anywhere and run again, it goes on, and nothing is there twice. Other computers may forward the same
    units at the same time: each record is there once, and with each way by which it came. Here everything stays. A row
    that no store can hold (somebody changed this one) is left out and told, and hinders no other. --thorough finds what
    the other store lost in its middle, too. A file of an older interlock is brought to this one's form first: programs
    that are older cannot use it any more, and a copy stays beside it.

    Examples:

    - `interlock store forward postgresql://evidence.example/interlock`
    - `interlock store forward /media/usb/journals.sqlite`

    Next: `interlock --store postgresql://evidence.example/interlock verify`.

    Exit codes: 0 all of it is there; 1 but for rows that are none; 3 the other store does not answer, or cannot take
    more.

    JSON: {to, records, checkpoints, custody, heads, roster, annotations, serials, skipped}: how many arrived that were
    not there before; serials: of the units of which anything but custody arrived; skipped: {serial, table, rows, why}.
    """
    from ..store.forward import forward_noted
    from ..store.store import Store

    home = of(context)
    if not home.has_store:
        raise ToolError(f"there is no store at {home.store_place}", "Name the home that has one: interlock --home DIR.")
    here = home.open_store()
    try:
        place = Context(home.home, store=to).store_place
        before = _older(place)
        there = Store.open(place)
        for copy in sorted(_older(place) - before):
            tell(f"{place} was of an older interlock, which cannot use it any more; as it was it is in {copy}")
        try:
            with working(f"To {there.shown}", total=1, quiet=as_json) as step:
                done = forward_noted(
                    here,
                    there,
                    home.who(None),
                    utc_ms(),
                    lambda number, units: step(number, units or 1),
                    thorough,
                )
            shown = there.shown
        finally:
            there.close()
    finally:
        here.close()
    if as_json:
        print_json({"to": shown, **vars(done)})
    else:
        counts = {name: count for name, count in vars(done).items() if isinstance(count, int) and count}
        new = ", ".join(f"{name} {count}" for name, count in counts.items()) or "nothing that was not there"
        units = f", of {len(done.serials)} units" if done.serials else ""
        console().print(f"Forwarded to {shown}: {new}{units}.", markup=False)
        show_skipped(done.skipped)
    if done.skipped:
        end(Exit.FINDINGS)


def _older(place: Path | str) -> set[Path]:
    """What stays beside a store's file when it is brought to a newer form."""
    return set(place.parent.glob(f"{glob.escape(place.name)}.schema-*")) if isinstance(place, Path) else set()


@app.command()
def migrate(context: typer.Context, as_json: Json = False) -> None:
    """Bring a store of an older interlock to this one's form. Nothing in it is lost: it is one step, wholly or not.

    A file is also brought there by itself at the next command that writes; a copy of it stays beside it. A server's
    store is changed by this command only, and its administrator makes the copy before: programs that are older cannot
    use it afterwards.

    Examples:

    - `interlock store migrate`: the file in --home
    - `interlock --store postgresql://evidence.example/interlock store migrate`

    Next: `interlock verify`.

    JSON: {store, origin, schema}; origin: the store's own name; schema: the version that it has now.
    """
    from ..store.schema import VERSION
    from ..store.store import Store

    home = of(context)
    if not home.has_store:
        raise ToolError(f"there is no store at {home.store_place}", "Name another place with --store or --home.")
    store = Store.open(home.store_place, migrate=True)
    try:
        told = {"store": store.shown, "origin": store.origin, "schema": VERSION}
    finally:
        store.close()
    if as_json:
        print_json(told)
    else:
        console().print(f"{store.shown} has schema {VERSION}. Its name is {store.origin}.", markup=False)
