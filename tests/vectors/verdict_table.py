"""The truth table of the verdict as `host_tools/FIGURES.md` shows it, made from `host_tools/judging/table.py`."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from host_tools.judging.table import BEST, ROWS, End, Facts, Row, Seen, Start, Within, decide

VALUES: Mapping[str, Sequence[Any]] = {
    "seen": list(Seen),
    "covered": [True, False],
    "start": list(Start),
    "end": list(End),
    "within": list(Within),
    "proven": [True, False],
    "sound": [True, False],
}
HEADS = {
    "seen": "shown by",
    "covered": "journal covers",
    "start": "start to the event",
    "end": "end to the event",
    "within": "start by return + 10 s",
    "proven": "tally proven",
    "sound": "records sound",
}


def combinations() -> list[Facts]:
    """Every one, once."""
    return [Facts(**dict(zip(VALUES, values, strict=True))) for values in itertools.product(*VALUES.values())]


def rows_text() -> str:
    """The rows in their order, with their conditions, and how many combinations each decides."""
    decided = [decide(facts)[0] for facts in combinations()]
    lines = _head(["row", *HEADS.values(), "verdict", "in words", "combinations"])
    for row in ROWS:
        cells = [f"`{row.name}`", *(_condition(row, field) for field in VALUES), f"**{row.verdict}**", row.says]
        lines.append(_line([*cells, str(decided.count(row.name))]))
    return "\n".join(lines) + "\n"


def _condition(row: Row, field: str) -> str:
    return _told(row.when[field]) if field in row.when else ""


def all_text() -> str:
    """Every combination once: equal ones collapsed, so that no order matters any more."""
    lines = _head([*HEADS.values(), "row", "verdict"])
    for cube, (name, verdict) in _collapsed(combinations(), list(VALUES)):
        cells = ["" if len(cube[field]) == len(VALUES[field]) else _told(cube[field]) for field in VALUES]
        lines.append(_line([*cells, f"`{name}`", f"**{verdict}**"]))
    return "\n".join(lines) + "\n"


Cube = dict[str, tuple[Any, ...]]


def _collapsed(several: Sequence[Facts], fields: Sequence[str]) -> list[tuple[Cube, tuple[str, Any]]]:
    """Parts of `several`, field by field, each with what all in it come to. Values that make no difference are one."""
    found = {decide(facts) for facts in several}
    if len(found) == 1:
        return [({field: tuple(VALUES[field]) for field in VALUES}, found.pop())]
    field, *others = fields
    alike: list[tuple[list[Any], list[tuple[Cube, tuple[str, Any]]]]] = []
    for value in VALUES[field]:
        below = _collapsed([facts for facts in several if getattr(facts, field) == value], others)
        same = next((values for values, known in alike if known == below), None)
        if same is None:
            alike.append(([value], below))
        else:
            same.append(value)
    return [(cube | {field: tuple(values)}, result) for values, below in alike for cube, result in below]


def best_text() -> str:
    """Which row counts where several recordings or cameras meet several."""
    verdicts = {row.name: row.verdict for row in ROWS}
    return "\n".join(f"{at}. `{name}`: {verdicts[name]}" for at, name in enumerate(BEST, 1)) + "\n"


def _head(cells: Sequence[str]) -> list[str]:
    return [_line(cells), _line(["---"] * len(cells))]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _told(values: Sequence[Any]) -> str:
    return " or ".join({True: "yes", False: "no"}.get(value, str(value)) for value in values)
