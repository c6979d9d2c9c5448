"""`interlock labels sheet`: labels on paper, without a secret left lying about."""

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from ..context import Context
from ..outcome import Exit, ToolError
from . import completing
from .running import Json, of, print_json, run

if TYPE_CHECKING:
    from ..labels.sheet import Cell


def sheet(
    context: typer.Context,
    serials: Annotated[
        list[str] | None,
        typer.Argument(metavar="SERIAL", help="Only these; else all", autocompletion=completing.serials),
    ] = None,
    in_service: Annotated[
        bool, typer.Option("--serials", help="Of units in service instead: the serial only, to be scanned at a counter")
    ] = False,
    paper: Annotated[str, typer.Option(help="a4: 24 labels of 63.5 x 33.9 mm; letter: 14 of 4 x 1 1/3 in")] = "a4",
    skip: Annotated[int, typer.Option(min=0, max=100, help="Places of the first sheet that are used up")] = 0,
    out: Annotated[
        str | None, typer.Option(metavar="-|FILE", help="- for a pipe to a printer; a file only with --serials")
    ] = None,
    clear: Annotated[
        Path | None,
        typer.Option("--in-the-clear", metavar="FILE", help="Write the secrets into this file all the same"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print labels: QR code, serial in large type and in words, and of boxed units the secret.

    Secrets are not written to disk: the page is handed out once, to a browser on this computer, under an address that
    nobody can guess. Open it, print it, close it. What is printed opens the unit until it is set up: a key, that is.

    Examples:

    - `interlock labels sheet`: all labels in the vault
    - `interlock labels sheet IL0001 IL0002 --skip 5`: two of them, on a sheet of which five were used
    - `interlock labels sheet --serials --out serials.html`: for scanning at the counter; no secret in it

    Next: stick them on, and `interlock provision --all`.

    JSON: {serials, sheets, secrets, out}; out: null, -, or the file.
    """
    from ..labels import sheet as sheets

    if paper not in sheets.PAPERS:
        raise ToolError(f"{paper!r} is no paper", f"There is: {', '.join(sheets.PAPERS)}.")
    if out is not None and clear is not None:
        raise ToolError("--out and --in-the-clear say the same thing", "Give one of them.")
    if as_json and out == "-":
        raise ToolError("standard output cannot be both the page and JSON", "Leave --json or --out - out.")
    kind = sheets.PAPERS[paper]
    if skip >= kind.places:
        raise ToolError(f"a sheet has {kind.places} places", "Give --skip a smaller number.")
    cells = _in_service(of(context), serials) if in_service else _boxed(of(context), serials)
    page = sheets.render(cells, kind, skip)
    where = bring(page, out, clear, secret=not in_service)
    count = -(-(len(cells) + skip) // kind.places)
    if as_json:
        told = [cell.serial for cell in cells]
        print_json({"serials": told, "sheets": count, "secrets": not in_service, "out": where})
    elif where != "-":
        print(f"{counted(len(cells), 'label')} on {counted(count, 'sheet')}.", file=sys.stderr)


def _boxed(context: Context, serials: list[str] | None) -> "list[Cell]":
    from ..labels.sheet import of_label

    vault = context.open_vault()
    vault.check_own("labels")
    kept = {label.serial: label for label in vault.labels()}
    unknown = [serial for serial in serials or () if serial not in kept]
    if unknown:
        raise ToolError(
            f"the vault has no label of {', '.join(unknown)}",
            "A unit that is set up has none any more; --serials prints its serial. Labels that are here: interlock "
            "labels list.",
        )
    if not kept:
        raise ToolError(
            "there is no label in the vault",
            "Make some (interlock labels new), take some in (interlock labels add), or print serials only: --serials.",
        )
    return [of_label(kept[serial]) for serial in serials or sorted(kept)]


def _in_service(context: Context, serials: list[str] | None) -> "list[Cell]":
    from ..labels.sheet import of_serial
    from ..naming import serials_of

    vault = context.open_vault()
    wanted = serials_of(vault, serials) if serials else [s for s in vault.serials() if not vault.is_revoked(s)]
    if not wanted:
        raise ToolError("the vault has no unit", "Set one up first: interlock provision.")
    return [of_serial(serial, vault.name(serial)[2]) for serial in wanted]


def bring(page: str, out: str | None, clear: Path | None, secret: bool) -> str | None:
    """The page to where it is wanted; where that is."""
    if out == "-":
        if secret and sys.stdout.isatty():
            raise ToolError(
                "standard output is a terminal, which would keep the secrets in its history",
                "Pipe it to a printer: interlock labels sheet --out - | PRINTER. Or leave --out away.",
            )
        if secret and _is_a_file(sys.stdout):
            raise ToolError(
                "standard output is a file, which would hold the secrets in the clear",
                "Leave --out away: a browser is then handed the page, once. If it must be a file: --in-the-clear FILE",
            )
        sys.stdout.write(page)
        return "-"
    if secret and out is not None:
        raise ToolError(
            f"{out} would hold the secrets in the clear",
            f"Leave --out away: the page is then handed to a browser once. If it must be a file: --in-the-clear {out}",
        )
    file = clear if out is None else Path(out)
    if file is not None:
        _write(file, page, secret)
        return str(file)
    from ..labels.server import hand_out

    if not run(hand_out(page, _tell_address)):
        raise ToolError("nobody opened the page within 10 minutes", "It is gone. Run this again.", Exit.FINDINGS)
    print("The page was handed out. Print it, and close it.", file=sys.stderr)
    return None


def _is_a_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False


def _tell_address(address: str) -> None:
    print(f"Open this once in a browser on this computer, and print it:\n{address}", file=sys.stderr, flush=True)


def _write(path: Path, page: str, secret: bool) -> None:
    """A new file, for its owner alone."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(page)
    except FileExistsError as error:
        raise ToolError(f"{path} is there already", "Name another file, or remove that one.") from error
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}", "Name another file.") from error
    if secret:
        print(
            f"{path} holds secrets that open units which nobody has set up yet, in the clear. Print it, and delete it.",
            file=sys.stderr,
        )


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
