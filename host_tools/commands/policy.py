"""`interlock policy show|set|diff`: what units do, and how long they wait."""

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from interlock.core.settings import DEFAULT_POLICY, MAY_BE_NONE, POLICY_LIMITS, REACH_NAMES, Policy

from ..changes import revoked
from ..context import Context
from ..flows.policy import REACHES, Difference, PolicySet, differences, doubts, set_policy
from ..outcome import ToolError
from .rounds import leave, show_failures, show_missing, silent, tell
from .running import Json, Serials, of, print_json, run

app = typer.Typer(help="The force's policy: what units do, and how long they wait.", no_args_is_help=True)

WORDS = {"true": True, "false": False, "yes": True, "no": False, "journal": 0, "own": 1, "group": 2}


@app.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """The force's policy, as new units get it and the others are to hold it. Needs the force's vault, no radio.

    The default satisfies the Assembly's motion: every draw, arm and discharge starts the own camera and those of the
    group. Each figure is explained in JOURNAL.md, 10.

    JSON: {version, policy: {name: value}}; times in ms, on_...: 0 journal only, 1 own camera, 2 all in group.
    """
    vault = of(context).open_vault()
    vault.check_own("policy")
    force = vault.force()
    if as_json:
        print_json({"version": force.policy_version, "policy": force.policy._asdict()})
        return
    table = Table("figure", "value", "default", "limits", title=f"policy, version {force.policy_version}")
    limits = {name: f"{least} to {most}{' or 0' if name in MAY_BE_NONE else ''}" for name, least, most in POLICY_LIMITS}
    for name, value in force.policy._asdict().items():
        default = getattr(DEFAULT_POLICY, name)
        is_reach = name in REACHES
        table.add_row(
            name, said(name, value), "" if value == default else said(name, default),
            "" if is_reach else limits.get(name, "true, false"),
        )  # fmt: skip
    Console().print(table)


@app.command("set")
def set_figures(
    context: typer.Context,
    figures: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Such as hold_ms=60000, covert=true, on_draw=own")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change figures of the policy, of the force and of every unit, and bring them to the units in range.

    Refused, with the figure, if no unit could run with it. The others get it with their next visit: run it again,
    figures or none. Units journal each figure, old and new. Figures that fit together badly are warned of, and set.
    Figures that a unit was given of its own (interlock provision --policy) stay, but for those named here.

    Exit codes: 0 done, or as far as the missing ones allow; 3 a unit that was to be visited was not.

    JSON: {version, was, policy, changed, visits: [{serial, revision, what, step}], failures: [{serial, failure,
    advice}], missing}; was: the policy before.
    """
    wanted = dict(read(figure) for figure in figures or ())
    done = run(_set(of(context), wanted, as_json))
    for doubt in doubts(done.policy) if wanted else ():
        print(f"Warning: {doubt}.", file=sys.stderr)
    if as_json:
        print_json(done)
    else:
        print(f"The policy is version {done.version}{'' if done.changed else ', as before'}.")
        for name, value in done.policy._asdict().items():
            if value != (before := getattr(done.was, name)):
                print(f"{name}: {said(name, before)} -> {said(name, value)}")
        show_failures(done.failures)
        show_missing(done.missing, "interlock policy set")
    leave(done.failures)


@app.command()
def diff(context: typer.Context, serials: Serials = None, as_json: Json = False) -> None:
    """Where units differ from the force's policy: by their own exceptions, or since they were not reached yet.

    Without SERIAL: all units in service, by what each confirmed last; no radio is needed. With SERIAL these units are
    asked whether that is what they hold.

    Exit codes: 0 shown, whatever differs.

    JSON: a list of {serial, name, exceptions: {figure: value}, pending: {figure: [holds, is to have]}, is_known};
    is_known is false where nobody knows what the unit holds.
    """
    found = run(_diff(of(context), serials))
    if as_json:
        print_json([vars(unit) for unit in found])
        return
    console = Console(soft_wrap=True)
    left_out = () if serials else revoked(of(context).open_vault().book())
    for unit in found:
        console.print(f"{unit.serial} ({escape(unit.name)}): {escape(_text(unit))}")
    if left_out:
        console.print(f"Left out, since they are revoked: {', '.join(left_out)}.")


def _text(unit: Difference) -> str:
    if unit.is_none:
        return "as the force's policy."
    parts = [f"{name} = {said(name, value)} of its own" for name, value in unit.exceptions.items()]
    parts += [
        f"{name} is {said(name, holds)} and is to be {said(name, wanted)}"
        for name, (holds, wanted) in unit.pending.items()
    ]
    if not unit.is_known:
        parts.append("what it holds is not known: visit it (interlock policy set)")
    return "; ".join(parts) + "."


def said(name: str, value: int) -> str:
    """A figure as people read it."""
    if name in REACHES:
        return str(REACH_NAMES[value])
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(figure: str) -> tuple[str, Any]:
    """(name, value) of NAME=VALUE."""
    name, _, text = figure.partition("=")
    return name, figure_value(name, int(text) if text.isdecimal() else text)


def figure_value(name: str, value: object, where: str = "") -> Any:
    """The value of this figure, words read. ToolError when there is no such figure, or it cannot be that."""
    if name not in Policy._fields:
        raise ToolError(f"{where}no policy has '{name}'", f"Known are: {', '.join(Policy._fields)}.")
    value = WORDS.get(value, value) if isinstance(value, str) else value
    kind = type(getattr(DEFAULT_POLICY, name))
    if type(value) is not kind or (kind is int and not 0 <= int(value) <= 0xFFFFFFFF):  # type: ignore[call-overload]
        raise ToolError(
            f"{where}'{name}' cannot be {value!r}",
            "Milliseconds as whole numbers; true or false; on_draw, on_arm, on_discharge: journal, own or group.",
        )
    return value


async def _set(context: Context, figures: dict[str, Any], as_json: bool) -> PolicySet:
    async with context.bench() as bench:
        return await set_policy(bench, figures, silent if as_json else tell)


async def _diff(context: Context, serials: list[str] | None) -> list[Difference]:
    async with context.bench() as bench:
        return await differences(bench, list(dict.fromkeys(serials)) if serials else None)
