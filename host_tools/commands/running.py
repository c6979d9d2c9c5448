"""How commands that speak with units run: one event loop, Ctrl-C at any time, the right unit without being told."""

import asyncio
import json
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from .. import interrupts
from ..as_json import as_plain
from ..asking import ask
from ..console import Console
from ..context import Context
from ..naming import serial_of, serials_of
from ..outcome import ToolError
from . import completing
from .progress import counting

if TYPE_CHECKING:
    from ..bench import Bench, Sighting

T = TypeVar("T")
AT_ONCE_S = 0.3

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
        try:
            # A serial may be digits alone, and one that was scanned is no line of the menu.
            if (chosen := serial_of(bench.vault, answer)) in names:
                return chosen
            say = f"{chosen} is not in range."
        except ToolError as error:
            if (at_line := numbered(answer, list(names))) is not None:
                return at_line
            say = f"{error}. {error.advice}"
        console.print(f"{say} Choose one of the list; Ctrl-C ends it.", markup=False, soft_wrap=True)


def numbered(answer: str, lines: Sequence[str]) -> str | None:
    """The line of a menu whose number this is, as it is printed there."""
    return next((line for number, line in enumerate(lines, 1) if answer == str(number)), None)


def typed_unseen(question: str) -> Iterator[str]:
    """Lines that a person types, scans or pastes, unseen, until an empty one. The terminal's echo is off from the first
    to the last: between questions one by one, keys that come meanwhile would be shown, and what was pasted be lost."""
    fd, before = _terminal()
    try:
        if before is not None and not _silence(fd, before):
            before = None
        while True:
            if before is None:
                line = ask(question, hidden=True, default="").strip()
            else:
                typer.echo(f"{question}: ", nl=False, err=True)
                line = _line()
                typer.echo(err=True)
            if not line:
                return
            yield line
    finally:
        if before is not None:
            import termios

            # What was pasted behind the empty line is no command for the shell.
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)


def _line() -> str:
    """The next line from the terminal; empty: a person wants no more. An empty one that is there at once is the second
    end of the line before, as scanners and other systems' texts have it."""
    with interrupts.asking():
        while True:
            began_s = time.monotonic()
            line = sys.stdin.readline()
            if line.strip() or not line or time.monotonic() - began_s > AT_ONCE_S:
                return line.strip()


def _terminal() -> tuple[int, list[Any] | None]:
    """(standard input, how its terminal is now); (-1, None) where that cannot be had."""
    try:
        import termios
    except ImportError:  # Windows
        return -1, None
    try:
        fd = sys.stdin.fileno()
        return fd, termios.tcgetattr(fd)
    except (OSError, termios.error):
        return -1, None


def _silence(fd: int, before: list[Any]) -> bool:
    """It echoes no more; False where it has gone meanwhile."""
    import termios

    try:
        termios.tcsetattr(fd, termios.TCSADRAIN, [*before[:3], before[3] & ~termios.ECHO, *before[4:]])
    except termios.error:
        return False
    return True


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


def print_json(result: Any) -> None:
    print(json.dumps(as_plain(result), indent=2))


def end(code: int) -> NoReturn:
    raise typer.Exit(code)
