"""`bench.md`, and the same at the terminal: goals first, then every row in its group."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from .goals import DESIGN, ELSEWHERE, GOALS, Goal
from .modules import GROUPS
from .results import Results
from .rows import Row

MET, MISSED, NOT_MEASURED = "met", "**missed**", "not measured"

PICTURE_OF = {
    "trigger": "latency.png",
    "journal": "journal.png",
    "pull": "pull.png",
    "verify": "verify.png",
    "size": "size.png",
}


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def state(goal: Goal, row: Row | None) -> str:
    if row is None:
        return NOT_MEASURED
    return MET if goal.is_met(row) else MISSED


def baseline(row: Row) -> str:
    if row.baseline is None:
        return row.spec.beside
    return f"{figure(row.baseline)}" + (f" ({row.spec.beside})" if row.spec.beside else "")


def ratio(row: Row) -> str:
    found = row.ratio()
    return "" if found is None else f"{found:.3g}"


def markdown(results: Results) -> str:
    facts = results.machine
    about = f"{facts['processor']}, {facts['cores']} cores, {facts['system']}, CPython {facts['python']}, {facts['vm']}"
    lines = [
        "# Bench",
        "",
        f"Commit {facts['commit']}, measured {facts['measured']} on {about}.",
        "",
        "Counts, and ratios to something measured in the same run; never bare seconds. Where milliseconds, or bytes a "
        "second, of radio and flash are told, they are of virtual time, from a seed. Nothing was measured on a board.",
        "",
        "## Goals",
        "",
        *_goals(results),
        "",
        "![Goals](goals.png)",
    ]
    for group, title in GROUPS.items():
        rows = [row for row in results.rows if row.spec.id.split(".")[0] == group]
        if rows:
            lines += ["", f"## {title}", "", *_rows(rows)]
            lines += ["", f"![{title}]({PICTURE_OF[group]})"] if group in PICTURE_OF else []
    lines += ["", "## Left out", ""]
    lines += [f"- {name}: {why}" for name, why in results.missing.items()] or ["Nothing."]
    spent = ", ".join(f"{name} {minutes:g}" for name, minutes in results.modules.items())
    older = [
        f"{name} ({commit or 'no commit was noted'})"
        for name, commit in results.commits.items()
        if commit != facts["commit"]
    ]
    lines += ["", f"Measured at another commit: {', '.join(older)}."] if older else []
    lines += ["", f"CPU minutes, {sum(results.modules.values()):.1f} in all: {spent}."]
    return "\n".join(lines) + "\n"


def counted(results: Results) -> str:
    """How many goals are met; which figures have goals that were missed or not measured."""
    found = results.by_id()
    states = {goal: state(goal, found.get(goal.id)) for goal in GOALS}
    several = [f"{sum(told == MET for told in states.values())} of {len(GOALS)} goals are met"]
    for what in (MISSED, NOT_MEASURED):
        figures = Counter(goal.figure for goal, told in states.items() if told == what)
        if figures:
            several.append(f"{what}: " + ", ".join(f"{name} {count}" for name, count in figures.items()))
    return "; ".join(several) + "."


def _goals(results: Results) -> Iterable[str]:
    found = results.by_id()
    yield counted(results)
    yield ""
    yield "*Finer* goals are the bench's own, on rows beside those that the goal of a figure was set for."
    yield ""
    yield "| figure | row | goal | reached | |"
    yield "|---|---|---|--:|---|"
    for name in (*DESIGN, *ELSEWHERE):
        for goal in (goal for goal in GOALS if goal.figure == name):
            row = found.get(goal.id)
            value = None if row is None else goal.reached(row)
            reached = "" if value is None else figure(value) + "×" * goal.is_ratio
            text = f"`{goal.id}`" if row is None else f"{row.spec.name} (`{goal.id}`)"
            told = state(goal, row)
            limit = f": {goal.limit}" if told == MISSED and goal.limit else ""
            finer = ", *finer*" * goal.is_finer
            yield f"| {name}{finer} | {text} | {goal.text()} | {reached} | {told}{limit} |"


def _rows(rows: Sequence[Row]) -> Iterable[str]:
    yield "| what | value | unit | baseline | ratio | note |"
    yield "|---|--:|---|--:|--:|---|"
    for row in rows:
        spec = row.spec
        cells = (spec.name, figure(row.value), spec.unit, baseline(row), ratio(row), row.note)
        yield f"| {' | '.join(cells)} |"


def show(results: Results, console: Console) -> None:
    """The rows, and the goals that these answer."""
    out = Table("what", "value", "unit", "baseline", "ratio", "note")
    for column in (1, 3, 4):
        out.columns[column].justify = "right"
    for row in results.rows:
        spec = row.spec
        out.add_row(spec.name, figure(row.value), spec.unit, baseline(row), ratio(row), row.note)
    console.print(out)
    found = results.by_id()
    asked = [goal for goal in GOALS if goal.id in found]
    missed = [goal for goal in asked if not goal.is_met(found[goal.id])]
    for goal in missed:
        value = goal.reached(found[goal.id])
        why = f" ({goal.limit})" if goal.limit else ""
        console.print(f"missed: {goal.figure}: {found[goal.id].spec.name}: {figure(value)}, goal {goal.text()}{why}")
    console.print(f"{len(asked) - len(missed)} of {len(asked)} goals met; {len(GOALS) - len(asked)} not measured now")
    for name, why in results.missing.items():
        console.print(f"left out ({name}): {why}")
