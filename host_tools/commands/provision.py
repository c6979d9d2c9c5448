"""`interlock provision [LABEL]`: set a unit up, or all that are in range."""

import tomllib
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from interlock.core.settings import ANY_RECORDER, RECORDER_NAMES

from ..context import Context
from ..flows import signing as keys
from ..flows.provision import Provisioned
from ..flows.provision import provision as flow
from ..flows.provision_all import blink
from ..label import Label
from ..labels import setup_list
from ..outcome import ToolError
from ..vault.changes import sound
from ..vault.vault import Vault
from .policy import figure_value
from .progress import working
from .provision_all import set_up_all
from .running import Json, of, print_json, run
from .setting_up import (
    asked_label,
    asked_role,
    boxed_one,
    given_label,
    has_labels,
    known_role,
    open_or_create,
    plain,
    read_labels,
    show,
    tell_overruled,
)


class Recorder(StrEnum):
    """`settings.RECORDER_NAMES`."""

    MOMENTARY = "momentary"
    LEVEL = "level"
    UART = "uart"
    GOPRO = "gopro"


class Signing(StrEnum):
    """`flows/signing.py`, CHOICES."""

    H10 = "h10"
    H5 = "h5"
    H5_H5 = "h5/h5"
    NONE = "none"


def provision(
    context: typer.Context,
    label: Annotated[
        str | None,
        typer.Argument(
            metavar="LABEL",
            help="IL1:SERIAL:SECRET, @FILE or a picture that holds it, or - for standard input; the serial alone where "
            "the vault has the label, or the unit was begun",
        ),
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="holster, camera or combined; with --roles of those that it does not name")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call it, 16 characters; else role and number")] = None,
    force: Annotated[
        str | None, typer.Option(help="The force's name, 8 characters: makes the vault at the first unit")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Figures that differ from the force's policy")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="All boxed units in range of which the label is known"),
    ] = False,
    roles: Annotated[
        str | None,
        typer.Option(
            metavar="RULE|FILE.csv",
            help="H=holster,C=camera: by how serials begin; or a table: label (or serial),role,name",
        ),
    ] = None,
    signing: Annotated[
        Signing | None,
        typer.Option(
            help="Its key for checkpoints: h10 signs 1024, takes it minutes to make; h5 signs 32; h5/h5 1024, made in "
            "seconds, the signatures twice as long [default: the key it has, else h10]"
        ),
    ] = None,
    recorder: Annotated[
        Recorder | None,
        typer.Option(
            help="How a camera or combined unit speaks to its recorder: lines with a momentary or a level shutter, "
            "uart, or gopro over Bluetooth (never tried with a real GoPro) [default: the one it has, else momentary]"
        ),
    ] = None,
    recorder_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Of a GoPro: the last characters of its name, such as 1234")
    ] = None,
    waits: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until that key is made, and fetch its public half")
    ] = True,
    blinks: Annotated[
        bool, typer.Option("--blink", help="Let each unit blink before its turn, if its label is in the vault")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set up the unit with this label: keys, role, name, clock. Afterwards its label opens nothing any more.

    The unit must invite (docked, or its button held). Keys are made here and kept in the vault; back it up: a unit
    whose keys are lost cannot be set up again. Broken off at any point, run it again. A role is for good: a unit in
    service is never given another one.

    Without LABEL the boxed unit in range is set up whose label is in the vault (interlock labels add), several give a
    menu; without one it is asked for, unseen. That, @FILE and a picture keep the secret out of the shell's history.

    With --all every boxed unit in range is set up of which a label is at hand. One that fails does not stop the others.

    The key with which it signs checkpoints is made in the unit, and never leaves it. Broken off while that goes on, or
    with --no-wait, the unit goes on by itself in its dock; the next interlock provision or sync fetches the public
    half. It is then in the vault's folder public/, in a file SERIAL-N.pub: publish it, so that anybody can check what
    the unit signed. A unit that has a key keeps it, unless it is nearly used up or --signing names another kind.

    Examples:

    - `interlock provision --role holster --force MET`: the first unit of a force; asks for its label
    - `interlock provision label.jpg --role camera`: its label photographed
    - `interlock provision --all --roles H=holster,C=camera`: a box full
    - `interlock provision C1 --recorder uart`: a camera unit in service gets another kind of recorder

    Next: `interlock pair` for a holster and a camera; `interlock status` says what a unit holds.

    Exit codes: 0 set up; 3 a unit was not reached, or (with --all) some were not set up.

    JSON: {serial, number, role, name, revision, already, clock_uncertainty_ms, signing: {state, params, done, total,
    index, remaining, public}}; signing.state is none, being made, ready or used up. With --all: [{serial, done: that or
    null, failure, advice}].
    """
    at = of(context)
    plan = setup_list.NOTHING if roles is None else setup_list.read(roles)
    chosen = None if role is None else setup_list.role_of(role)
    films = None if recorder is None and recorder_id is None else recorder_of(recorder, recorder_id)
    figures = None if policy is None else read_figures(policy)
    wish = None if signing is None else signing.value
    if everything:
        if name is not None or policy is not None or films is not None:
            raise ToolError(
                "--name, --policy and --recorder are for one unit",
                "With --all, names are a column of --roles FILE.csv, and interlock policy set changes figures for all.",
            )
        labels = [] if label is None else read_labels(label, as_json)
        set_up_all(at, open_or_create(at, force), labels, (plan, chosen), (wish, waits, blinks), as_json)
        return
    found = None if label is None else given_label(at, label, as_json)
    if found is None and not has_labels(at):
        found = asked_label()
    if found is not None and chosen is None and plan.role(found.serial) is None:
        chosen = known_role(at, found.serial) or asked_role()
    vault = open_or_create(at, force)
    wished = None if figures is None else sound(vault.force().policy._replace(**figures), str(policy))
    done = run(_provision(at, vault, found, (plan, chosen, name), (wished, wish, films), (waits, blinks), as_json))
    if as_json:
        print_json(plain(done))
        return
    show(done, vault)
    if wish not in (None, keys.NONE, done.signing.params):
        print(f"The key that it was making has to be ready first: run this again for {wish}.")


async def _provision(
    context: Context,
    vault: Vault,
    label: Label | None,
    who: tuple[setup_list.Plan, int | None, str | None],
    more: tuple[Any, str | None, tuple[int, bytes] | None],
    how: tuple[bool, bool],
    quiet: bool,
) -> Provisioned:
    plan, role, name = who
    waits, blinks = how
    async with context.bench(vault) as bench:
        if label is None:
            label = await boxed_one(bench, quiet)
        tell_overruled(plan, [label.serial], role, quiet)
        role = plan.role(label.serial) or role or known_role(context, label.serial) or asked_role()
        if blinks:
            with working(f"{label.serial}: look which one blinks", quiet=quiet):
                await blink(bench, label)
        with working(f"{label.serial}: setting up", quiet=quiet):
            done = await flow(bench, label, role, name or plan.name(label.serial), *more)
        if waits and done.signing.is_being_made:
            with working(f"{done.serial} makes its key", total=done.signing.total, quiet=quiet) as step:
                signing = await keys.wait(bench, done.serial, lambda made: step(made.done, made.total))
            done = replace(done, signing=signing)
        return done


def recorder_of(kind: str | None, which: str | None) -> tuple[int, bytes]:
    """What settings say of a recorder of this kind."""
    if kind is None:
        raise ToolError("--recorder-id is of a GoPro", "Say --recorder gopro, too.")
    given = (which or "").encode("ascii", "replace")
    if len(given) > len(ANY_RECORDER) or not (which or "").isprintable() or b"?" in given:
        raise ToolError(f"{which!r} is the end of no GoPro's name", "It has some characters such as 1234.")
    numbers = {name: number for number, name in RECORDER_NAMES.items()}
    return numbers[kind], given.ljust(len(ANY_RECORDER), b"\0")


def read_figures(path: Path) -> dict[str, Any]:
    """The figures of a policy that a TOML file holds."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    except ValueError as error:
        raise ToolError(f"{path} is no TOML: {error}", "It has lines such as: buffer_ms = 30000") from error
    return {name: figure_value(name, value, f"{path}: ") for name, value in values.items()}
