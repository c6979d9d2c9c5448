"""`interlock power`: how long a unit lives on its cell, and what that costs in latency."""

import importlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from interlock.core.settings import DEFAULT_POLICY, ROLE_NAMES, Policy

from ..console import Console
from ..naming import did_you_mean
from ..outcome import ToolError
from .policy import figure_value
from .running import Json, print_json
from .tables import console, shown, table

ROLES = {name: role for role, name in ROLE_NAMES.items()}
SCAN_DUTIES = "1,0.7,0.5,0.3,0.2,0.1"


def _boards(incomplete: str) -> list[str]:
    from ..power import figures

    return [name for name in figures.boards() if name.startswith(incomplete)]


def _roles(incomplete: str) -> list[str]:
    return [name for name in ROLES if name.startswith(incomplete)]


def power(
    board: Annotated[str, typer.Option(metavar="BOARD", help="Such as esp32_s3, pico_w", autocompletion=_boards)],
    battery: Annotated[float, typer.Option(metavar="MAH", help="Printed capacity of the cell", min=1, max=100000)],
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="holster, camera, combined", autocompletion=_roles)
    ] = "holster",
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of `interlock policy show --json`; else the default policy")
    ] = None,
    scan_duty: Annotated[
        str, typer.Option(metavar="D,D", help="Shares of time that a camera unit might listen, for comparison")
    ] = SCAN_DUTIES,
    build: Annotated[
        str, typer.Option(metavar="BUILD", help="stock: MicroPython as delivered; modem-sleep: what-if")
    ] = "stock",
    shift: Annotated[float, typer.Option(metavar="H", help="Hours of a shift", min=0.1, max=48)] = 10,
    uses: Annotated[float, typer.Option(metavar="N", help="Uses of the weapon a shift", min=0, max=1000)] = 2,
    use_s: Annotated[float, typer.Option(metavar="S", help="Seconds that one lasts", min=1, max=36000)] = 90,
    away: Annotated[
        float, typer.Option(metavar="H", help="Hours a day put away and not in the dock", min=0, max=24)
    ] = 0,
    loss: Annotated[
        float, typer.Option(metavar="P", help="Share of PDUs that are lost, for the latencies", min=0, max=0.9)
    ] = 0,
    played: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Takes uses and records from a run: simulate --out DIR")
    ] = None,
    unit: Annotated[str | None, typer.Option(metavar="ID", help="Whose, in that run")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draws life against latency: .svg or .png (extra: sim)")
    ] = None,
    sources: Annotated[bool, typer.Option("--sources", help="Lists each figure with its source")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Reckon how long a unit lives on its battery, what takes it, and what latency each mode costs.

    Nothing of this was measured: it is arithmetic on data sheets and other people's measurements, each named
    (--sources), with their range. The default is what the firmware does today on MicroPython as it is delivered;
    what-ifs say so. Needs neither radio nor vault; the figures are in the repository's firmware/boards/.

    Examples:

    - `interlock power --board esp32_c3 --battery 1000`
    - `interlock power --board pico_w --battery 2000 --role camera --plot life.svg`
    - `interlock power --board esp32_s3 --battery 1200 --build modem-sleep --away 14 --json`

    Next: `interlock policy set store_after_ms=1800000` lets units sleep sooner when put away.

    Exit codes: 0 done; 2 no such board, no such file.

    JSON: {board, role, build, battery_mah, measured, modes: [{mode, mean_ma, life_h, costs, by_consumer}], shift, day,
    points: [{scan_duty, advertising_ms, mean_ma, life_h, latency_ms}], assumptions, figures, counted}; ranges: {low,
    typ, high}.
    """
    from ..power import figures as data
    from ..power import played as run
    from ..power import reckon, report
    from ..power.duty import Habits

    found = data.load(board)
    roles = _chosen(role, list(ROLES), "role")
    _chosen(build, list(reckon.BUILDS), "build")
    habits = Habits(shift_h=shift, uses=uses, use_s=use_s, away_h=away)
    counted = None
    if played is not None:
        counted = run.counted(played, unit)
        habits = run.as_habits(counted, habits)
    if uses * use_s > shift * 3600:
        raise ToolError("the uses are longer than the shift", "Fewer --uses, shorter --use-s, or a longer --shift.")
    facts = _facts(board)
    if roles == "combined" and not facts.plays_both:
        raise ToolError(
            f"a unit of {board} is holster or camera, not both",
            "It has too few pins: choose another board, or one role.",
        )
    policies = _policy(policy)
    told: dict[str, Any] = report.reckoned(
        found, ROLES[roles], battery, policies, habits, build, bool(facts.wakes), facts.adv_floor_ms,
        _duties(scan_duty), loss,
    )  # fmt: skip
    told["counted"] = None
    if counted is not None:
        told["counted"] = counted._asdict() | {"announced_expected": round(run.expected(counted, policies), 1)}
    if plot is not None:
        from ..power import plot as picture

        picture.draw(told, plot)
    if as_json:
        print_json(told)
        return
    _show(told, sources)
    if plot is not None:
        print(f"Drawn: {plot}")


def _chosen(text: str, known: list[str], what: str) -> str:
    if text not in known:
        raise ToolError(f"there is no {what} '{text}'", f"{did_you_mean(text, known)}Known are: {', '.join(known)}.")
    return text


def _facts(board: str) -> Any:
    """The board's data as the firmware has it."""
    try:
        return importlib.import_module(f"interlock.boards.{board}").BOARD
    except ImportError as error:
        raise ToolError(
            f"the firmware has no board '{board}'", "Figures and firmware are of different versions: take one checkout."
        ) from error


def _policy(path: Path | None) -> Policy:
    """The policy in that file, with the default for what it does not name."""
    if path is None:
        return DEFAULT_POLICY
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told = told.get("policy", told)
        named = dict(told.items())
    except (OSError, ValueError, AttributeError) as error:
        raise ToolError(
            f"{path} is no policy ({type(error).__name__})", "Make one: interlock policy show --json > policy.json"
        ) from error
    return DEFAULT_POLICY._replace(**{name: figure_value(name, value, f"{path}: ") for name, value in named.items()})


def _duties(text: str) -> list[float]:
    try:
        duties = sorted({float(part) for part in text.split(",")}, reverse=True)
    except ValueError:
        duties = []
    if not duties or not all(0.02 <= d <= 1 for d in duties):
        raise ToolError(f"'{text}' are no scan duties", "Name shares from 0.02 to 1, such as 1,0.5,0.2")
    return duties


def _show(told: dict[str, Any], with_sources: bool) -> None:
    from ..power.report import UNMEASURED

    lines = Console(soft_wrap=True, highlight=False)
    lines.print(f"{told['board']}, {told['role']} unit, {told['battery_mah']:g} mAh, build {told['build']}")
    lines.print(f"[bold]{UNMEASURED}[/bold]\n")
    modes = table("mode", "mA", "life", "what", right=("mA",))
    for mode in told["modes"]:
        current, life = (_said(mode["mean_ma"]), _life(mode["life_h"])) if mode["happens"] else ("-", "-")
        modes.add_row(mode["mode"], current, life, mode["what"])
    console().print(modes)
    lines.print("What each costs in latency:")
    for mode in told["modes"]:
        lines.print(f"- {mode['mode']}: {mode['costs']}")
    lines.print()
    takes = table("consumer, worn", "mA", "share", right=("mA", "share"))
    worn = next(mode for mode in told["modes"] if mode["mode"] == "worn")
    for name, value in sorted(worn["by_consumer"].items(), key=lambda item: -item[1]["typ"]):
        takes.add_row(name, _said(value), f"{value['typ'] / worn['mean_ma']['typ']:.1%}")
    console().print(takes)
    shift, day = told["shift"], told["day"]
    lines.print(
        f"A shift takes {shift['mean_ma']['typ']:.4g} mA in the mean: one charge lasts {_life(shift['life_h'])}, that "
        f"is {_said(shift['shifts'])} shifts of {shift['hours']:g} h, or {_said(day['days'])} days off the dock.\n"
    )
    points = table(
        "listens", "advertised each", "mA", "life", "heard after: mean", "99 of 100",
        right=("listens", "advertised each", "mA", "heard after: mean", "99 of 100"),
    )  # fmt: skip
    for point in told["points"]:
        points.add_row(
            f"{point['scan_duty']:.0%}{' (today)' if point['is_today'] else ''}", f"{point['advertising_ms']:g} ms",
            f"{point['mean_ma']['typ']:.4g}", _life(point["life_h"]), f"{point['latency_ms']['mean']:.1f} ms",
            f"{point['latency_ms']['p99']:.0f} ms",
        )  # fmt: skip
    console().print(points)
    if told["counted"] is not None:
        lines.print("Counted in the run: " + ", ".join(f"{k} {v}" for k, v in told["counted"].items()) + "\n")
    lines.print("Assumptions:")
    for text in told["assumptions"]:
        lines.print(f"- {shown(text)}")
    if with_sources:
        listed = table("figure", "value", "unit", "kind", "source", right=("value",))
        for figure in told["figures"]:
            listed.add_row(
                figure["name"], _said(figure["value"]), figure["unit"], figure["kind"], shown(figure["source"])
            )
        console().print(listed)


def _said(value: dict[str, float]) -> str:
    return f"{value['typ']:.3g} ({value['low']:.3g} to {value['high']:.3g})"


def _life(hours: dict[str, float]) -> str:
    """Hours, or days where they are many."""
    if hours["typ"] < 100:
        return f"{_said(hours)} h"
    return f"{_said({name: h / 24 for name, h in hours.items()})} days"
