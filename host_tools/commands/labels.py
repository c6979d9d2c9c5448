"""`interlock labels`: labels of boxed units, from whoever makes them to the vault; `labels_sheet.py` prints them."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ..label import Label, check_serial
from ..labels.layouts import Scanned, understand
from ..labels.reading import read, split
from ..outcome import Exit, ToolError
from ..table_file import is_file
from ..vault.entries import PREPARED
from .labels_sheet import counted, sheet
from .running import Json, Yes, confirm, end, of, print_json, typed_unseen
from .setting_up import open_or_create

if TYPE_CHECKING:
    from ..vault.vault import Vault

Force = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The force's name, 8 characters: makes the vault, where there is none"),
]

SERIAL_CHARACTERS = 8
DIGITS = 4
COUNT_MAX = 500
BEEP = "\a"

app = typer.Typer(
    help="Make, keep and print the labels with which boxed units are set up.", no_args_is_help=True,
    rich_markup_mode="markdown",
)  # fmt: skip


@app.command()
def new(
    context: typer.Context,
    count: Annotated[int, typer.Option(min=1, max=COUNT_MAX, help="How many")] = 1,
    prefix: Annotated[str, typer.Option(help="How their serials begin, up to 4 characters; a number follows")] = "IL",
    force: Force = None,
    as_json: Json = False,
) -> None:
    """Make serials and set-up secrets for units that are to be flashed, and keep them in the vault.

    The vault is the only place where the secrets are. From there they go into the units when these are flashed, and on
    paper by interlock labels sheet. A unit's label leaves the vault when it is set up: it opens nothing any more.

    Examples:

    - `interlock labels new --count 24`: a sheet full
    - `interlock labels new --count 8 --prefix CAM`: CAM0001 to CAM0008, or the next ones

    Next: `interlock labels sheet` prints them.

    JSON: {serials}.
    """
    vault = open_or_create(of(context), force, "labels new")
    vault.check_own("labels")
    made = fresh(vault, count, prefix)
    if as_json:
        print_json({"serials": [label.serial for label in made]})
        return
    print(f"{counted(len(made), 'label')}: {made[0].serial}{f' to {made[-1].serial}' if len(made) > 1 else ''}.")
    print("They are in the vault. interlock labels sheet prints them.")


def fresh(vault: "Vault", count: int, prefix: str) -> list[Label]:
    """So many labels under the next free serials that begin so, in the vault when this returns."""
    from interlock.core.access import SECRET_BYTES

    if not 1 <= len(prefix) <= SERIAL_CHARACTERS - DIGITS:
        raise ToolError(f"{prefix!r} is no prefix", "It has 1 to 4 letters or digits; a number of 4 digits follows.")
    check_serial(f"{prefix}0001")
    with vault.locked():
        taken = {*vault.serials(), *(label.serial for label in vault.labels())}
        numbers = [int(serial[len(prefix) :]) for serial in taken if _is_numbered(serial, prefix)]
        first = max(numbers, default=0) + 1
        if first + count > 10**DIGITS:
            raise ToolError(f"{prefix} has no {count} numbers left", "Take another prefix: --prefix.")
        made = [Label(f"{prefix}{first + at:0{DIGITS}}", vault.entropy(SECRET_BYTES)) for at in range(count)]
        for label in made:
            vault.keep_label(label)
    return made


def _is_numbered(serial: str, prefix: str) -> bool:
    rest = serial[len(prefix) :]
    return serial.startswith(prefix) and len(rest) == DIGITS and rest.isascii() and rest.isdecimal()


@app.command()
def add(
    context: typer.Context,
    labels: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LABEL", help="@FILE, a picture, or - for standard input; without it, they are asked for"
        ),
    ] = None,
    force: Force = None,
    as_json: Json = False,
) -> None:
    """Take labels of boxed units into the vault: by scanner, pasted, from files or photographs.

    Without LABEL, scan one after the other: a beep for each that was understood, two for one that was not; an empty
    line ends it. What is scanned is not shown. A scanner that is set to another keyboard than this computer is
    understood where the label's check letters allow, and told.

    At the beginning of a force, --force NAME makes its vault.

    Examples:

    - `interlock labels add`: with a scanner
    - `interlock labels add photo.jpg`: all labels in a photograph

    Next: `interlock provision --all` sets up those in range.

    Exit codes: 0 all are in the vault; 1 some were not understood, or contradict another.

    JSON: {added, known, set_up, failures: [{line, failure}]}; serials, but for the last.
    """
    vault = open_or_create(of(context), force, "labels add")
    vault.check_own("labels")
    taker = _Taker(vault, as_json)
    if labels:
        for argument in labels:
            if argument == "-":
                taker.lines(sys.stdin.read())
            else:
                is_named = argument.startswith("@") or is_file(argument)
                taker.take(read, argument, argument if is_named else "a label")
    elif sys.stdin.isatty():
        print("Scan one label after the other; an empty line ends it.", file=sys.stderr)
        for text in typed_unseen("Label (it is not shown)"):
            taker.lines(text)
    else:
        taker.lines(sys.stdin.read())
    if as_json:
        print_json(taker.result())
    else:
        taker.sum_up()
    if taker.failures:
        end(Exit.FINDINGS)


class _Taker:
    """Labels on their way into the vault; `failures`: of those that were not."""

    def __init__(self, vault: "Vault", quiet: bool) -> None:
        self._vault = vault
        self._quiet = quiet
        self._added: list[str] = []
        self._known: list[str] = []
        self._set_up: list[str] = []
        self._count = 0
        self.failures: list[dict[str, str | int]] = []

    def lines(self, text: str) -> None:
        """All that a scanner, or a pipe, sent."""
        for part in split(text):
            self.take(lambda line: [understand(line)], part, "a label")

    def take(self, reader: Callable[[str], list[Scanned]], text: str, what: str) -> None:
        """One or more labels, as `reader` finds them in `text`; `what`: what to call that in an error."""
        self._count += 1
        try:
            for scanned in reader(text):
                self._keep(scanned)
        except ToolError as error:
            self.failures.append({"line": self._count, "failure": str(error)})
            self._say(f"{BEEP}{BEEP}{self._count}, {what}: {error}. {error.advice}")

    def _keep(self, scanned: Scanned) -> None:
        serial, vault = scanned.label.serial, self._vault
        assumed = f" (it came through {scanned.assumed}: that was allowed for)" if scanned.assumed else ""
        if serial in vault and vault.unit(serial).state != PREPARED:
            self._set_up.append(serial)
            self._say(f"{BEEP}{serial} is set up: this label opens nothing any more, and is not kept{assumed}")
            return
        is_known = any(label.serial == serial for label in vault.labels())
        vault.keep_label(scanned.label)
        (self._known if is_known else self._added).append(serial)
        self._say(f"{BEEP}{serial}{' is in the vault already' if is_known else ''}{assumed}")

    def _say(self, line: str) -> None:
        if self._quiet:
            return
        print(line if sys.stderr.isatty() else line.lstrip(BEEP), file=sys.stderr, flush=True)

    def result(self) -> dict[str, object]:
        return {"added": self._added, "known": self._known, "set_up": self._set_up, "failures": self.failures}

    def sum_up(self) -> None:
        print(f"{counted(len(self._added), 'label')} new in the vault, {len(self._known)} known before.")
        if self.failures:
            print(f"{counted(len(self.failures), 'label')} not understood: scan them again, or type them.")


@app.command(name="list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """Serials of the labels in the vault: of units that nobody has set up yet.

    Examples:

    - `interlock labels list`

    Next: `interlock labels sheet` prints them; `interlock provision --all` sets up those in range.

    JSON: {serials}.
    """
    vault = of(context).open_vault()
    vault.check_own("labels")
    serials = [label.serial for label in vault.labels()]
    if as_json:
        print_json({"serials": serials})
    else:
        print("\n".join(serials) if serials else "There is no label in the vault.")


@app.command()
def drop(
    context: typer.Context,
    serials: Annotated[list[str], typer.Argument(metavar="SERIAL", help="Of labels in the vault")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Throw labels out of the vault: of units that are broken, or that nobody will set up.

    What is not on paper then is lost, and such a unit has to be flashed under another label.

    Examples:

    - `interlock labels drop IL0007`

    Next: `interlock labels list` says which are left.

    JSON: {serials}.
    """
    vault = of(context).open_vault()
    vault.check_own("labels")
    known = [label.serial for label in vault.labels()]
    unknown = [serial for serial in serials if serial not in known]
    if unknown:
        raise ToolError(f"the vault has no label of {', '.join(unknown)}", f"It has: {', '.join(known) or 'none'}.")
    confirm(
        f"This will throw away: {', '.join(serials)}. A unit whose label is not on paper cannot be set up then.",
        "Throw away?",
        yes,
    )
    for serial in serials:
        vault.drop_label(serial)
    if as_json:
        print_json({"serials": serials})
    else:
        print(f"Thrown away: {', '.join(serials)}.")


app.command()(sheet)
