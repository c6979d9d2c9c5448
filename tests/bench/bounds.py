"""`bounds.toml`: between which bounds `make bench-check` holds what was reached; and how wide bounds are made, and why.

In the file each row has either a bound, on its value or on its ratio to the baseline of the same run, or a reason why
it has none. `python -m tests.bench bounds` makes it anew from build/bench/bench.json; what moves is seen in its diff.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from .goals import GOALS, HOSTILE_FRAMES, Goal
from .rows import Row

FILE = Path(__file__).with_name("bounds.toml")


class Bound(NamedTuple):
    """Ends included."""

    low: float
    high: float
    is_ratio: bool = False

    def holds(self, row: Row) -> bool:
        value = row.ratio() if self.is_ratio else row.value
        return value is not None and self.low <= value <= self.high

    def text(self) -> str:
        return f"{self.low:,.6g} to {self.high:,.6g}{' times its baseline' * self.is_ratio}"


class Width(NamedTuple):
    """Bounds of rows whose id matches: so many times what was measured. `free`: no bound."""

    pattern: str
    low: float
    high: float
    why: str
    is_ratio: bool = False
    free: bool = False


EXACT = "a count that nothing disturbs"
CODE = "grows with the code: 5 % at most unnoticed; less is welcome"
VIRTUAL = "virtual time from a seed: another draw of luck with each change of the firmware"
CPU = "CPU time of two things in one run: twice or half, by machine and luck"
LAYOUT = "a count: 2 % for another mixture of records"
WIDTHS = (
    Width("hot_path.*.lines", 0, 1.05, CODE),
    Width("hot_path.*.calls", 0, 1.05, CODE),
    Width("hot_path.*", 1, 1, EXACT),
    Width("trigger.line.floor", 0, 1.25, VIRTUAL, is_ratio=True),
    Width("trigger.frame.*", 0, 1.1, "virtual milliseconds from the port's costs"),
    Width("trigger.*", 0, 1.25, VIRTUAL, is_ratio=True),
    Width("adversary.attacks", HOSTILE_FRAMES, math.inf, "as many as the goal says"),
    Width("adversary.control", 0.5, math.inf, "that the count notices: half of what was found"),
    Width("adversary.*", 1, 1, EXACT),
    Width("receive.*.heap", 0, 1.05, CODE),
    Width("receive.*", 1, 1, EXACT),
    Width("journal.programs", 1, 1, EXACT),
    Width("journal.waits.*", 1, 1, EXACT),
    Width("journal.most_programs", 0, 1, EXACT),
    Width("journal.key.*", 0.98, 1.02, LAYOUT),
    Width("journal.*", 0, 1.02, LAYOUT),
    Width("opening.*", 0, 1.02, LAYOUT),
    Width("power_cut.lost", 1, 1, EXACT),
    Width("power_cut.*", 0.9, math.inf, "as many as there were, but for a tenth that a better layout saves"),
    Width("pull.*", 0.97, math.inf, "virtual time: 3 % at most unnoticed", is_ratio=True),
    Width("dock.*.links", 0, 1.0, EXACT),
    Width("dock.*.pdus", 0, 1.1, VIRTUAL, is_ratio=True),
    Width("dock.*", 0.9, math.inf, VIRTUAL, is_ratio=True),
    Width("verify.memory", 0, 1.5, "memory of a process, by allocator and libraries", is_ratio=True),
    Width("verify.cores", 0.7, math.inf, CPU),
    Width("verify.*", 0.6, math.inf, CPU, is_ratio=True),
    Width("force.verify.rate", 0.6, math.inf, CPU, is_ratio=True),
    Width("force.figures.rate", 0.6, math.inf, CPU, is_ratio=True),
    Width("force.*.bytes", 0, 1.05, "bytes on disk: 5 % at most unnoticed"),
    Width("force.*.gib", 0, 0, "follows from bytes a record", free=True),
    Width("force.*.year", 0, 0, "this machine's speed", free=True),
    Width("force.*.cores", 0.7, math.inf, CPU),
    Width("force.*.cpu", 0.6, math.inf, CPU, is_ratio=True),
    Width("force.*.rate", 0, 0, "this machine's speed, or its disk's", free=True),
    Width("simulation.*", 0.5, math.inf, "CPU time beside virtual time: half, by machine and luck"),
    Width("size.*", 0, 1.05, CODE),
    Width("unit.*.idle", 0, 1, EXACT),
    Width("unit.*", 0, 1.05, CODE),
    Width("heap.*", 0, 1.05, CODE),
    Width("hmac.*", 0.5, 2, CPU, is_ratio=True),
    Width("lms.*.times", 0.5, 2, CPU, is_ratio=True),
    Width("lms.*", 1, 1, EXACT),
    Width("time.daily_frost.*", 0, 0, "not claimed", free=True),
    Width("time.*.certain", 1, 1, "certain is certain"),
    Width("time.*.u", 0, 1.1, "from seeds; 10 % wider at most", is_ratio=True),
    Width("time.*", 0.99, math.inf, "a share, from seeds: 1 % less at most"),
    Width("unlinkable.control.*", 0.5, math.inf, "that the measure notices: half of what it was"),
    Width("unlinkable.followed.*", 0, 1.5, VIRTUAL, is_ratio=True),
    Width("unlinkable.*.everything", 0, 1.1, "no more than by times alone, but for chance", is_ratio=True),
    Width("unlinkable.*", -0.05, 0.05, "nothing, within five sigma: absolute"),
    Width("duty.*.gap", 0, 1.25, VIRTUAL),
    Width("duty.*", 0, 1.25, VIRTUAL),
    Width("power.*", 0.9, 1.5, "arithmetic: 10 % less at most"),
    Width("service.vm.days", 3, math.inf, "as many as a deep run plays in the VM"),
    Width("service.*", 30, math.inf, "the goal: what happens in fewer days is not the question"),
)
ABSOLUTE = ("unlinkable.*.bytes", "unlinkable.*.addresses", "unlinkable.*.beyond", "service.*", "adversary.attacks")
"""Their widths are the bounds themselves, whatever was measured."""
NEVER = "never measured yet"


def width_of(id_: str) -> Width:
    return next(width for width in WIDTHS if fnmatchcase(id_, width.pattern))


def bound_without(id_: str) -> Bound | str:
    """What a row is held to that was never measured."""
    width = width_of(id_)
    if any(fnmatchcase(id_, pattern) for pattern in ABSOLUTE):
        return Bound(width.low, width.high)
    return width.why if width.free else NEVER


def bound_of(row: Row) -> Bound | str:
    """What this row is held to from now on; or why to nothing."""
    width, without = width_of(row.spec.id), bound_without(row.spec.id)
    if without != NEVER:
        return without
    measured = row.ratio() if width.is_ratio else row.value
    if measured is None or not math.isfinite(measured):
        return "nothing finite to compare"
    return Bound(_rounded(width.low * measured, down=True), _rounded(width.high * measured), width.is_ratio)


def clipped(id_: str, bound: Bound) -> Bound:
    """Not beyond the row's goal, where that should be met and is of the same kind; where nothing is left of it, as it
    was: that goal is lost, and `check` tells it."""
    for goal in GOALS:
        if goal.id == id_ and not goal.limit and goal.is_ratio == bound.is_ratio:
            low, high = _ends(goal)
            bound = _both(bound, low, high)
    return bound


def _ends(goal: Goal) -> tuple[float, float]:
    return -math.inf if goal.op in ("<", "<=") else goal.bound, math.inf if goal.op == ">=" else goal.bound


def _both(bound: Bound, low: float, high: float) -> Bound:
    low, high = max(bound.low, low), min(bound.high, high)
    return Bound(low, high, bound.is_ratio) if low <= high else bound


def _rounded(value: float, down: bool = False) -> float:
    """Outward, to four digits; whole numbers stay."""
    if not math.isfinite(value) or value == int(value):
        return value
    step = 10 ** (math.floor(math.log10(abs(value))) - 3)
    return float(f"{(math.floor if down else math.ceil)(value / step) * step:.10g}")


def load(text: str | None = None) -> dict[str, Bound | str]:
    """By id: its bound, or why it has none. ValueError for what is neither."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8") if text is None else text)
    found: dict[str, Bound | str] = dict(table.get("free", {}))
    for id_, told in table.get("bounds", {}).items():
        if id_ in found:
            raise ValueError(f"bounds.toml: {id_} is bound and free")
        is_ratio = isinstance(told, dict)
        low, high = told["ratio"] if is_ratio else told
        if not low <= high:
            raise ValueError(f"bounds.toml: {id_}: {low} is above {high}")
        found[id_] = Bound(low, high, is_ratio)
    return found


def judge(rows: Sequence[Row], wanted: Iterable[str], bounds: Mapping[str, Bound | str]) -> list[str]:
    """What does not hold, a line each. `wanted`: ids of all rows that had to come."""
    said = []
    for row in rows:
        bound = bounds.get(row.spec.id)
        if bound is None:
            said.append(f"{row.spec.id}: no bound in bounds.toml, nor a reason for none")
        elif isinstance(bound, Bound) and not bound.holds(row):
            value = row.ratio() if bound.is_ratio else row.value
            shown = "nothing" if value is None else f"{value:,.6g}"
            said.append(f"{row.spec.id}: {shown} is out of {bound.text()} ({row.spec.name})")
    came = {row.spec.id for row in rows}
    said += [f"{id_}: bound, but no row came" for id_ in sorted(set(wanted) - came)]
    return said


def written(ids: Iterable[str], rows: Sequence[Row], before: Mapping[str, Bound | str]) -> str:
    """`bounds.toml` for rows of these ids, in their order: with bounds of those that came; of others, as they were
    `before`."""
    new = {row.spec.id: bound_of(row) for row in rows}
    told = {id_: new.get(id_) or before.get(id_) or bound_without(id_) for id_ in ids}
    told = {id_: clipped(id_, bound) if isinstance(bound, Bound) else bound for id_, bound in told.items()}
    lines = [
        "# Between which bounds `make bench-check` holds each row. Made by `python -m tests.bench bounds` from what",
        "# was measured, by the widths of bounds.py, which say why, and not beyond a goal that is met. A list bounds",
        "# the value, a ratio that to the baseline of the same run; ends included. Whoever changes a figure on purpose",
        "# makes this file anew.",
        "",
        "[bounds]",
    ]
    lines += [f'"{id_}" = {_toml(bound)}' for id_, bound in told.items() if isinstance(bound, Bound)]
    lines += ["", "[free]"] + [f'"{id_}" = "{why}"' for id_, why in told.items() if isinstance(why, str)]
    return "\n".join(lines) + "\n"


def _toml(bound: Bound) -> str:
    ends = f"[{bound.low!r}, {bound.high!r}]"
    return f"{{ ratio = {ends} }}" if bound.is_ratio else ends
