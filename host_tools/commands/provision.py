"""`interlock provision LABEL`: set a unit up."""

import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from interlock.core.settings import ROLE_NAMES

from .. import label as labels
from ..changes import sound
from ..context import Context
from ..flows import signing as keys
from ..flows.provision import Provisioned
from ..flows.provision import provision as flow
from ..outcome import ToolError
from ..vault import Vault
from .policy import figure_value
from .running import Json, as_plain, of, print_json, run

ROLES = {name: role for role, name in ROLE_NAMES.items()}
LINE_S = 10.0  # without a terminal, a line of progress this often


class Signing(StrEnum):
    """`flows/signing.py`, CHOICES."""

    H10 = "h10"
    H5 = "h5"
    H5_H5 = "h5/h5"
    NONE = "none"


def provision(
    context: typer.Context,
    label: Annotated[
        str | None, typer.Argument(metavar="LABEL", help="IL1:SERIAL:SECRET, @FILE that holds it, or - for stdin")
    ] = None,
    role: Annotated[str | None, typer.Option(help="holster, camera or combined")] = None,
    name: Annotated[str | None, typer.Option(help="What people call it, 16 characters; else role and number")] = None,
    force: Annotated[
        str | None, typer.Option(help="The force's name, 8 characters: makes the vault at the first unit")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Figures that differ from the force's policy")
    ] = None,
    signing: Annotated[
        Signing | None,
        typer.Option(
            help="Its key for checkpoints: h10 signs 1024, takes it minutes to make; h5 signs 32; h5/h5 1024, made in "
            "seconds, the signatures twice as long [default: the key it has, else h10]"
        ),
    ] = None,
    waits: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until that key is made, and fetch its public half")
    ] = True,
    as_json: Json = False,
) -> None:
    """Set up the unit with this label: keys, role, name, clock. Afterwards its label opens nothing any more.

    The unit must invite (docked, or its button held). Keys are made here and kept in the vault; back it up: a unit
    whose keys are lost cannot be set up again. Broken off at any point, run it again.

    The key with which it signs checkpoints is made in the unit, and never leaves it. Broken off while that goes on, or
    with --no-wait, the unit goes on by itself in its dock; the next interlock provision or sync fetches the public
    half. It is then in the vault's folder public/, in a file SERIAL-N.pub: publish it, so that anybody can check what
    the unit signed. A unit that has a key keeps it, unless it is nearly used up or --signing names another kind.

    Without LABEL it is asked for, unseen; that and @FILE keep the secret out of the shell's history.

    JSON: {serial, number, role, name, revision, already, clock_uncertainty_ms, signing: {state, params, done, total,
    index, remaining, public}}; signing.state is none, being made, ready or used up.
    """
    at = of(context)
    found = labels.read(label if label is not None else _ask("Label (it is not shown)", hidden=True))
    chosen = _role(role)
    figures = None if policy is None else read_figures(policy)
    vault = open_or_create(at, force)
    wish = None if signing is None else signing.value
    wished = None if figures is None else sound(vault.force().policy._replace(**figures), str(policy))
    if as_json:
        done = run(_provision(at, vault, (found, chosen, name, wished, wish), waits, _ignore))
        print_json(as_plain(done) | {"role": ROLE_NAMES[done.role]})
        return
    with _progress() as report:
        done = run(_provision(at, vault, (found, chosen, name, wished, wish), waits, report))
    show(done, vault)
    if wish not in (None, keys.NONE, done.signing.params):
        print(f"The key that it was making has to be ready first: run this again for {wish}.")


async def _provision(
    context: Context, vault: Vault, wishes: tuple[Any, ...], waits: bool, report: Callable[[keys.Making], None]
) -> Provisioned:
    async with context.bench(vault) as bench:
        done = await flow(bench, *wishes)
        if waits and done.signing.is_being_made:
            done = replace(done, signing=await keys.wait(bench, done.serial, report))
        return done


def show(done: Provisioned, vault: Vault) -> None:
    print(
        f"{done.serial} {'was set up already' if done.already else 'is set up'}: {done.name}, "
        f"{ROLE_NAMES[done.role]} number {done.number}. Its clock is right within {done.clock_uncertainty_ms} ms."
    )
    key = done.signing
    if key.is_being_made:
        print(
            f"It goes on making its signing key in its dock ({key.done} of {key.total} parts are made): interlock sync "
            f"{done.serial} fetches the public half later."
        )
    elif key.public is not None:
        newest = f"{done.serial}-{len(vault.signing_keys(done.serial))}.pub"
        print(
            f"Its signing key ({key.params}) has {key.remaining} signatures left. The public half, for everybody, is "
            f"{vault.path / 'public' / newest}."
        )


def _ignore(_: keys.Making) -> None:
    """Nobody watches."""


@contextmanager
def _progress() -> Iterator[Callable[[keys.Making], None]]:
    """A bar on a terminal, a line now and then elsewhere; standard output stays free."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        task = bars.add_task("signing key", visible=False)
        yield lambda at: bars.update(task, completed=at.done, total=at.total, visible=True)


class _Lines:
    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, at: keys.Making) -> None:
        if time.monotonic() - self._told_s < LINE_S:
            return
        self._told_s = time.monotonic()
        left = "" if at.eta_s is None else f", {at.eta_s:.0f} s left"
        print(f"{at.serial} makes its key: {at.done} of {at.total} parts{left}", file=sys.stderr, flush=True)


def open_or_create(context: Context, force: str | None) -> Vault:
    """The vault; a new one when there is none and the force's name is known."""
    from ..context import make_home

    if (context.vault_path / "force.json").exists():
        vault = Vault.open(context.vault_path)
        known = vault.force().name
        if force not in (None, known):
            raise ToolError(
                f"the vault at {context.vault_path} is that of {known}, not of {force}",
                "Leave --force out, or name another vault with --home DIR.",
            )
        return vault
    if force is None and not sys.stdin.isatty():
        raise ToolError(
            f"there is no vault at {context.vault_path} yet",
            "Name the force once, and the vault is made: interlock provision LABEL --force NAME.",
        )
    name = force if force is not None else _ask("There is no vault yet. The force's name (up to 8 characters)")
    make_home(context.home)
    return Vault.create(context.vault_path, name)


def read_figures(path: Path) -> dict[str, Any]:
    """The figures of a policy that a TOML file holds."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    except ValueError as error:
        raise ToolError(f"{path} is no TOML: {error}", "It has lines such as: buffer_ms = 30000") from error
    return {name: figure_value(name, value, f"{path}: ") for name, value in values.items()}


def _role(role: str | None) -> int:
    if role is None:
        if not sys.stdin.isatty():
            raise ToolError("the unit's role is not said", "Add --role holster, --role camera or --role combined.")
        role = _ask("Role (holster, camera, combined)")
    if role not in ROLES:
        raise ToolError(f"{role!r} is no role", f"Roles are {', '.join(ROLES)}.")
    return ROLES[role]


def _ask(what: str, hidden: bool = False) -> str:
    if not sys.stdin.isatty():
        raise ToolError(
            "no label was given", "Give IL1:SERIAL:SECRET, @FILE that holds it, or - and the label on standard input."
        )
    return str(typer.prompt(what, hide_input=hidden, err=True))
