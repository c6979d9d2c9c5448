"""What the roster says of a moment, and what of it does not resolve."""

from typing import Any

from ..context import Context
from ..roster import rules
from ..roster.file import Known
from ..roster.rules import Duty, Problem, RosterRow


def resolved(context: Context, now_s: int) -> tuple[list[RosterRow], list[Duty], list[Problem]]:
    """(rows that stand then, pairs that follow, what does not resolve)."""
    known = Known.of(context.open_vault())
    store = context.open_store()
    try:
        rows = store.roster(now_s, now_s + 1)
    finally:
        store.close()
    return rows, rules.due(rows, now_s, known.roles), rules.problems(rows, known.roles, now_s)


def plain(problem: Problem) -> dict[str, Any]:
    """As JSON has it."""
    return {name: value for name, value in problem._asdict().items() if name != "rows"}


def show_problems(problems: list[Problem]) -> None:
    for problem in problems:
        print(f"{problem.officer} {problem.text}. Nothing was decided for {problem.officer}.")
