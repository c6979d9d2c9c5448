"""`interlock policy show|set|diff`: what units do, and how long they wait."""

import sys
from typing import Annotated, Any

import typer
from rich.markup import escape

from interlock.core.settings import DEFAULT_POLICY, MAY_BE_NONE, POLICY_LIMITS, Policy

from ..console import Console
from ..context import Context
from ..flows.policy import REACHES, Difference, PolicySet, differences, doubts, set_policy
from ..naming import did_you_mean, serials_of
from ..outcome import ToolError
from ..vault.changes import revoked
from ..vault.vault import Vault
from . import completing
from .rounds import leave, show_failures, show_missing, visiting
from .running import Json, Serials, of, print_json, run
from .tables import console, table

app = typer.Typer(help="The force's policy: what units do, and how long they wait.", no_args_is_help=True)

WORDS = {"true": True, "false": False, "yes": True, "no": False} | {
    word: n for n, word in enumerate(completing.REACHES)
}


@app.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """The force's policy, as new units get it and the others are to hold it. Needs the force's vault, no radio.

    The default satisfies the Assembly's motion: every draw, arm and discharge starts the own camera and those of the
    group. Each figure is explained in JOURNAL.md, 10. What an event reaches: journal (it is written down only), own
    (the own camera starts, too), group (all cameras of the group do).

    Examples:

    - `interlock policy show`

    Next: `interlock policy set hold_ms=60000` changes a figure; `interlock policy diff` says who has it.

    JSON: {version, policy: {name: value}}; times in ms, on_...: 0 journal, 1 own, 2 group.
    """
    vault = of(context).open_vault()
    vault.check_own("policy", "The policy is seen and changed on the computer that has the force's vault.")
    force = vault.force()
    if as_json:
        print_json({"version": force.policy_version, "policy": force.policy._asdict()})
        return
    rows = table("figure", "value", "default", "can be", title=f"Policy, version {force.policy_version}")
    limits = {name: f"{least} to {most}{' or 0' if name in MAY_BE_NONE else ''}" for name, least, most in POLICY_LIMITS}
    for name, value in force.policy._asdict().items():
        default = getattr(DEFAULT_POLICY, name)
        is_reach = name in REACHES
        rows.add_row(
            name, said(name, value), "" if value == default else said(name, default),
            ", ".join(completing.REACHES) if is_reach else limits.get(name, "true, false"),
        )  # fmt: skip
    console().print(rows)


@app.command("set")
def set_figures(
    context: typer.Context,
    figures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="Such as hold_ms=60000, covert=true, on_draw=own",
            autocompletion=completing.figures,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change figures of the policy, of the force and of every unit, and bring them to the units in range.

    Refused, with the figure, if no unit could run with it. The others get it with their next visit: run it again,
    figures or none. Units journal each figure, old and new. Figures that fit together badly are warned of, and set.
    Figures that a unit was given of its own (interlock provision --policy) stay, but for those named here.

    Examples:

    - `interlock policy set hold_ms=60000 on_draw=own`
    - `interlock policy set`: bring it to units that were not reached

    Next: `interlock policy diff` says who has it.

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

    Examples:

    - `interlock policy diff`: all units, without radio
    - `interlock policy diff H1`: ask it

    Next: `interlock policy set`, with those in range that are to have it.

    Exit codes: 0 shown, whatever differs.

    JSON: a list of {serial, name, exceptions: {figure: value}, pending: {figure: [holds, is to have]}, is_known};
    is_known is false where nobody knows what the unit holds.
    """
    vault = of(context).open_vault()
    vault.check_own("policy", "The policy is seen and changed on the computer that has the force's vault.")
    found = run(_diff(of(context), vault, serials))
    if as_json:
        print_json([vars(unit) for unit in found])
        return
    lines = Console(soft_wrap=True, highlight=False)
    left_out = () if serials else revoked(vault.book())
    for unit in found:
        lines.print(f"{unit.serial} ({escape(unit.name)}): {escape(_text(unit))}")
    if left_out:
        lines.print(f"Left out, since they are revoked: {', '.join(left_out)}.")


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
        return completing.REACHES[value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(figure: str) -> tuple[str, Any]:
    """(name, value) of NAME=VALUE."""
    name, _, text = figure.partition("=")
    return name, figure_value(name, int(text) if text.isdecimal() else text)


def figure_value(name: str, value: object, where: str = "") -> Any:
    """The value of this figure, words read. ToolError when there is no such figure, or it cannot be that."""
    if name not in Policy._fields:
        raise ToolError(
            f"{where}no policy has '{name}'",
            f"{did_you_mean(name, Policy._fields)}Known are: {', '.join(Policy._fields)}.",
        )
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
        with visiting(as_json) as report:
            return await set_policy(bench, figures, report)


async def _diff(context: Context, vault: Vault, names: list[str] | None) -> list[Difference]:
    serials = serials_of(vault, names) if names else None
    async with context.bench(vault) as bench:
        return await differences(bench, serials)
