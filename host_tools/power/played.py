"""What a simulated run counted of one unit, as habits for the model: its `result.json`."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from interlock.core.settings import Policy

from ..outcome import ToolError
from .duty import RECORDS_PER_USE, Habits


class Counted(NamedTuple):
    """Of one unit in one run. `draws`: of its weapon; of a camera unit those whose recording it made."""

    unit: str
    role: str
    hours: float
    draws: int
    records: int
    announced: int


def counted(folder: Path, unit: str | None) -> Counted:
    """Of `unit`, or of the only unit. ToolError where there is no run, or no such unit."""
    path = folder / "result.json"
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        units = {one["id"]: one for one in result["units"]}
        hours = float(result["virtual_s"]) / 3600
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolError(
            f"{path} is not the result of a run ({type(error).__name__})",
            "Play one: interlock simulate patrol_day --out build/day",
        ) from error
    if unit is None and len(units) == 1:
        unit = next(iter(units))
    if unit is None or unit not in units:
        raise ToolError(
            f"the run has no unit '{unit}'" if unit else f"the run has {len(units)} units",
            f"Name one with --unit: {', '.join(units)}.",
        )
    one = units[unit]
    whose = "recording_unit" if one["role"] == "camera" else "unit"  # a camera's uses are those that it recorded
    draws = sum(use.get(whose) == unit and use["event"] == "draw" for use in result["uses"])
    return Counted(unit, one["role"], hours, draws, int(one["records"]), int(one["announced"]))


def as_habits(found: Counted, habits: Habits) -> Habits:
    """The same habits with as many uses a shift, and records an hour, as the run had."""
    if not found.hours:
        return habits
    others = max(0, found.records - found.draws * RECORDS_PER_USE)
    return habits._replace(uses=found.draws / found.hours * habits.shift_h, records_h=others / found.hours)


def expected(found: Counted, policy: Policy) -> float:
    """How many announcements the model expects in the run's hours: beside `announced`, what it is worth."""
    every_ms = policy.ready_every_ms if found.role == "camera" else policy.present_every_ms
    return found.hours * 3.6e6 / every_ms if every_ms else 0.0
