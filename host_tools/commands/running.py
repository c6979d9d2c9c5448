"""How commands that speak with units run: one event loop, Ctrl-C at any time, the right unit without being told."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from dataclasses import is_dataclass
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console

from ..bench import Bench
from ..context import Context
from ..flows.scan import own_in_range
from ..outcome import ToolError

T = TypeVar("T")

Serials = Annotated[list[str] | None, typer.Argument(metavar="SERIAL", help="Serials of units, as on their labels")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output")]


def of(context: typer.Context) -> Context:
    """The global options."""
    assert isinstance(context.obj, Context)
    return context.obj


def run(work: Coroutine[Any, Any, T]) -> T:
    """The command's one event loop. Ctrl-C cancels the work where it waits: what was stored stays, what was begun can
    be resumed; `cli.py` says so."""
    return asyncio.run(work)


async def the_unit(bench: Bench, serials: list[str] | None, command: str) -> list[str]:
    """The units named, or the one in range. Several: a menu on a terminal, else ToolError that lists them."""
    if serials:
        return list(dict.fromkeys(serials))
    own = await own_in_range(bench.radio, bench.vault)
    if len(own) == 1:
        return own
    if not sys.stdin.isatty():
        raise ToolError(f"{len(own)} units are in range: {', '.join(own)}", f"Name one: interlock {command} {own[0]}")
    return [_menu(bench, own)]


def _menu(bench: Bench, own: list[str]) -> str:
    console = Console(stderr=True)
    for number, serial in enumerate(own, 1):
        console.print(f"{number}  {serial}  {bench.vault.name(serial)[2]}", markup=False)
    chosen = typer.prompt("Which unit", type=int, default=1, err=True)
    if not 1 <= chosen <= len(own):
        raise ToolError(f"there is no unit number {chosen} in the list", f"Choose 1 to {len(own)}.")
    return str(own[chosen - 1])


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
    if not typer.confirm(question, err=True):
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
