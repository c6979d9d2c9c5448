"""`interlock flash PORT --board B --role R`: a board on a cable becomes a unit in its box."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ..context import utc_ms
from ..labels import setup_list
from ..outcome import Exit, ToolError
from .flash_desk import Bench, Wish
from .running import Json, Yes, end, of, print_json
from .setting_up import open_or_create
from .tables import console, table

if TYPE_CHECKING:
    from ..flashing.flow import Flashed

COLOURS = {"passed": "green", "failed": "bold red", "told": "yellow"}


def flash(
    context: typer.Context,
    port: Annotated[
        str, typer.Argument(metavar="PORT", help="The board's serial port, such as /dev/ttyACM0 or COM3; auto finds it")
    ] = "auto",
    board: Annotated[str, typer.Option(metavar="B", help="esp32_s3, pico_w, ...: firmware/boards lists them")] = "",
    role: Annotated[str, typer.Option(metavar="R", help="holster, camera or combined: what it is to be")] = "",
    label: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="Serial of a label in the vault, IL1:..., or @FILE; else a new one is made"),
    ] = None,
    prefix: Annotated[str, typer.Option(help="How a new serial begins, up to 4 characters")] = "IL",
    file: Annotated[
        Path | None, typer.Option(metavar="X.ilu", help="This release file; else this checkout's application is built")
    ] = None,
    source: Annotated[
        bool, typer.Option("--source", help="The application as source, for development: no updates over the air")
    ] = False,
    micropython: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="First install MicroPython from this .bin (esptool) or .uf2 (boot drive)"),
    ] = None,
    relabel: Annotated[
        bool, typer.Option("--relabel", help="Another label for a unit that is not set up; its journal is erased")
    ] = False,
    format_files: Annotated[
        bool, typer.Option("--format-files", help="Make a file system anew that cannot be mounted")
    ] = False,
    count: Annotated[int, typer.Option(min=1, max=500, help="So many boards, one after the other, at this port")] = 1,
    label_on: Annotated[
        str,
        typer.Option(metavar="screen|paper|none", help="Where a new label goes; default the screen, on a terminal"),
    ] = "",
    force: Annotated[
        str | None, typer.Option(metavar="NAME", help="The force's name, 8 characters: makes the vault, if none is")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Flash a board on a cable: application, identity and label; then it tests itself and starts.

    It looks at the board first (which MicroPython, which files by their SHA-256, which label) and writes what differs
    and nothing else. While it works the unit starts nothing; broken off anywhere, run the same command again, and it
    goes on. A label that is there stays. A unit in service keeps its keys and its journal, but you are asked before
    (--yes). The label's secret goes into the vault before it goes into the unit.

    MicroPython 1.29 or newer, laid out for a unit, has to be on the board: firmware/README.md says how it is made, and
    --micropython installs it. **No physical board has been flashed with this yet**: it was tried with MicroPython's
    real prompt, in the simulator; esptool with no chip at all.

    Examples:

    - `interlock flash /dev/ttyACM0 --board esp32_s3 --role holster`
    - `interlock flash auto --board pico_w --role camera --label IL0007`: this label of the vault
    - `interlock flash auto --board esp32_s3 --role camera --micropython micropython.bin`: a new board
    - `interlock flash auto --board esp32_c6 --role holster --count 24`: a box full, then their labels on a sheet

    Next: `interlock labels sheet` prints labels, `interlock provision` sets the unit up.

    Exit codes: 0 flashed, tests passed; 1 a part of the self-test failed; 2 refused; 3 the board does not answer.

    JSON: a list of {port, board, role, serial, new_label, set_up, unique_id, micropython, machine, version, signed,
    changes, bytes, parts: [{name, outcome, detail, advice}]}; outcome: passed, failed, or told, for people to judge.
    """
    from ..flashing import chips, ports

    chips.chip(board or _missing("--board", chips.CHIPS))
    number = setup_list.role_of(role or _missing("--role", setup_list.ROLES))
    wish = Wish(board, number, label, prefix, relabel, format_files, yes, as_json, _where(label_on, as_json))
    if file is not None and source:
        raise ToolError("--file and --source say different things", "Give one of them.")
    if count > 1 and label is not None:
        raise ToolError("--label is of one unit", "With --count each gets a new one.")
    _check_role(board, number)
    at = of(context)
    vault = open_or_create(at, force, "flash PORT")
    vault.check_own("labels")
    bench = Bench(at, vault, wish, file, source, micropython)
    done: list[dict[str, Any]] = []
    failed = False
    for turn in range(1, count + 1):
        if turn > 1:
            bench.await_next(port, turn, count)
        found_port = ports.chosen(port)
        flashed = bench.flash(found_port, utc_ms() // 1000)
        done.append(plain(flashed, found_port, wish, bench))
        failed = failed or not flashed.passed
        if not as_json:
            show(flashed)
            bench.hand_out(flashed)
    if as_json:
        print_json(done)
    elif any(one["new_label"] for one in done):
        serials = " ".join(one["serial"] for one in done if one["new_label"])
        print(f"Next: interlock labels sheet {serials} prints {'its label' if len(done) == 1 else 'their labels'}.")
    if failed:
        end(Exit.FINDINGS)


def _missing(option: str, known: Any) -> str:
    raise ToolError(f"{option} is not said", f"It is one of: {', '.join(known)}.")


def _where(text: str, as_json: bool) -> str:
    if text not in ("", "screen", "paper", "none"):
        raise ToolError(f"{text!r} is no place for a label", "It is screen, paper or none.")
    is_seen = sys.stdin.isatty() and sys.stderr.isatty() and not as_json
    if text == "screen" and not is_seen:
        raise ToolError("nobody sits at this terminal to read a label from it", "Leave --label-on screen out.")
    return text or ("screen" if is_seen else "none")


def _check_role(board: str, role: int) -> None:
    """That a unit of this board can have this role."""
    import importlib

    from interlock.core.settings import ROLE_COMBINED

    if role == ROLE_COMBINED and not importlib.import_module(f"interlock.boards.{board}").BOARD.plays_both:
        raise ToolError(f"a {board} has too few pins to be both", "Say --role holster or --role camera.")


def plain(done: "Flashed", port: str, wish: Wish, bench: Bench) -> dict[str, Any]:
    """As JSON has it; no secret in it."""
    from interlock.core.settings import ROLE_NAMES

    return {
        "port": port,
        "board": wish.board,
        "role": ROLE_NAMES[wish.role],
        "serial": done.serial,
        "new_label": done.is_new,
        "set_up": done.is_set_up,
        "unique_id": done.unique_id,
        "micropython": done.python.said,
        "machine": done.python.machine,
        "version": bench.version,
        "signed": bench.image.is_signed,
        "changes": done.steps,
        "bytes": done.written,
        "parts": [vars(part) for part in done.parts],
    }


def show(done: "Flashed") -> None:
    """One unit, for people."""
    out = console()
    rows = table("part", "outcome", "found", title=escape(done.serial))
    for part in done.parts:
        rows.add_row(part.name, f"[{COLOURS[part.outcome]}]{part.outcome}[/]", escape(part.detail))
    out.print(rows)
    for part in done.parts:
        if part.advice is not None and part.outcome != "passed":
            out.print(f"{part.name}: {part.advice}", markup=False, soft_wrap=True)
    what = "its files were right already" if not done.steps else f"{done.written} bytes written"
    kind = "a new label" if done.is_new else "the label that it had"
    out.print(f"{done.serial} is flashed: {what}, {kind}.", markup=False, soft_wrap=True)
