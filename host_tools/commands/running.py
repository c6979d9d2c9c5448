"""How commands that speak with units run: one event loop, Ctrl-C at any time, the right unit without being told."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console

from .. import interrupts
from ..context import Context
from ..naming import serial_of, serials_of
from ..outcome import ToolError
from . import completing
from .progress import counting

if TYPE_CHECKING:
    from ..bench import Bench, Sighting

T = TypeVar("T")

Serials = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SERIAL", help="Serials of units, as on their labels, or their names", autocompletion=completing.serials
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output")]


def of(context: typer.Context) -> Context:
    """The global options."""
    assert isinstance(context.obj, Context)
    context.obj.command = context.command_path.partition(" ")[2]
    return context.obj


def run(work: Coroutine[Any, Any, T]) -> T:
    """The command's one event loop. Ctrl-C cancels the work where it waits: what was stored stays, what was begun can
    be resumed; `cli.py` says so."""
    return asyncio.run(interrupts.twice(work))


async def the_unit(bench: "Bench", wanted: list[str] | None, command: str, quiet: bool = False) -> list[str]:
    """Serials of the units named, or of the one in range. Several: a menu on a terminal, else ToolError that lists
    them."""
    if wanted:
        return serials_of(bench.vault, wanted)
    own = await own_units(bench, quiet)
    if len(own) == 1:
        return [own[0].serial or ""]
    if not sys.stdin.isatty():
        serials = sorted(sighting.serial or "" for sighting in own)
        raise ToolError(
            f"{len(serials)} units are in range: {', '.join(serials)}", f"Name one: interlock {command} {serials[0]}"
        )
    return [choose(bench, own)]


async def the_units(bench: "Bench", wanted: list[str] | None, quiet: bool = False) -> list[str]:
    """Serials of the units named, or of all own ones in range, sorted."""
    if wanted:
        return serials_of(bench.vault, wanted)
    return sorted(sighting.serial or "" for sighting in await own_units(bench, quiet))


async def own_units(bench: "Bench", quiet: bool = False) -> "list[Sighting]":
    """Own units in range, the nearest first, while people see that they are listened for."""
    from ..flows.scan import SCAN_S, own_heard

    async with counting("Listening for units that invite", SCAN_S, quiet):
        return await own_heard(bench.radio, bench.vault)


def choose(bench: "Bench", own: "list[Sighting]", question: str = "Which unit") -> str:
    """The serial that a person chose, by its number here, serial or name."""
    names = {sighting.serial or "": bench.vault.name(sighting.serial or "")[2] for sighting in own}
    wide = max(len(serial) for serial in names)
    console = Console(stderr=True, highlight=False)
    for number, (serial, sighting) in enumerate(zip(names, own, strict=True), 1):
        line = f"{number:2}  {serial:{wide}}  {sighting.rssi:4} dBm  {names[serial]}"
        console.print(line, markup=False, soft_wrap=True)
    while True:
        answer = ask(f"{question} (its number here, serial or name)", default="1").strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(own):
            return list(names)[int(answer) - 1]
        try:
            if (chosen := serial_of(bench.vault, answer)) in names:
                return chosen
            say = f"{chosen} is not in range."
        except ToolError as error:
            say = f"{error}. {error.advice}"
        console.print(f"{say} Choose one of the list; Ctrl-C ends it.", markup=False, soft_wrap=True)


def ask(question: str, hidden: bool = False, default: str | None = None) -> str:
    """What a person types, on a terminal; `hidden`: unseen. Ctrl-C ends the command here, too."""
    with interrupts.asking():
        return str(typer.prompt(question, default=default, show_default=bool(default), hide_input=hidden, err=True))


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts")]


def confirm(happens: str, question: str, yes: bool) -> None:
    """Ask before what cannot be undone: `happens` tells it. Returns when it is wanted, by `yes` (--yes) or on a
    terminal; ToolError otherwise."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ToolError(
            f"this cannot be undone, and nobody is there to be asked. {happens}",
            "Nothing was changed. In a script, say --yes; on a terminal you are asked.",
        )
    typer.echo(happens, err=True)
    with interrupts.asking():
        is_wanted = typer.confirm(question, err=True)
    if not is_wanted:
        raise ToolError("it was not confirmed", "Nothing was changed.")


def as_plain(result: Any) -> Any:
    """A result as JSON has it: dataclasses and named tuples as objects, bytes in hex."""
    if is_dataclass(result) and not isinstance(result, type):
        return {name: as_plain(value) for name, value in vars(result).items()} | _named(result)
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        return {name: as_plain(value) for name, value in result._asdict().items()}
    if isinstance(result, list | tuple):
        return [as_plain(value) for value in result]
    if isinstance(result, bytes):
        return result.hex()
    return result


def _named(result: Any) -> dict[str, Any]:
    """A result's properties that are part of its JSON."""
    return {"already": result.already} if hasattr(result, "already") else {}


def print_json(result: Any) -> None:
    print(json.dumps(as_plain(result), indent=2))


def end(code: int) -> NoReturn:
    raise typer.Exit(code)
