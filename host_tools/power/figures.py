"""What a board draws in each of its modes, read from `firmware/boards/*/power.toml`: every figure with its source.

Currents are milliamperes at the cell, once read: a figure that was taken at another voltage than the cell's (`at_v`) is
converted by power. `whole` figures are the whole board's, the others come on top.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..naming import did_you_mean
from ..outcome import ToolError

KINDS = ("datasheet", "document", "report", "chosen", "estimate")
"""The maker's data sheet, another paper of the maker's, somebody's measurement, our own choice, our own estimate."""
SPREAD = 0.2
"""Where a source names one value only, the range is that value and a fifth of it either way."""
NEEDED = (
    "awake_idle", "awake_run", "radio_on", "receive", "transmit", "deep_sleep", "wake", "flash", "program", "erase",
    "poll",
)  # fmt: skip
SHARED = ("pull_up", "pull_up_asleep", "divider", "regulator", "led", "haptic", "self_discharge", "cell", "usable")
_TO_BASE = {"mA": 1.0, "uA": 1e-3, "ms": 1.0, "us": 1e-3, "V": 1.0, "share": 1.0, "%/month": 1.0}
"""Into mA and ms."""
FOLDER = Path(__file__).parents[2] / "firmware" / "boards"


class Range(NamedTuple):
    """Least, typical, most of one quantity."""

    low: float
    typ: float
    high: float

    def scaled(self, by: float) -> "Range":
        return Range(self.low * by, self.typ * by, self.high * by)


@dataclass(frozen=True)
class Figure:
    """One figure of a board. `value` in mA or ms, else in `unit`."""

    name: str
    unit: str
    value: Range
    kind: str
    source: str
    whole: bool
    at_v: float | None


@dataclass(frozen=True)
class Figures:
    """All of one board. `radio_sleeps`: whether the port as it is delivered switches its radio off between events."""

    board: str
    radio_sleeps: bool
    radio_note: str
    by_name: Mapping[str, Figure]

    def __getitem__(self, name: str) -> Range:
        return self.by_name[name].value

    def has(self, name: str) -> bool:
        return name in self.by_name


def boards(folder: Path = FOLDER) -> list[str]:
    """Names of the boards that there are figures of. ToolError where this installation has none."""
    found = sorted(path.parent.name for path in folder.glob("*/power.toml") if path.parent.name.islower())
    if not found:
        raise ToolError(
            f"there are no figures of boards in {folder}",
            "They are in the repository, firmware/boards/: run the command from its checkout, or name it with --data.",
        )
    return found


def load(board: str, folder: Path = FOLDER) -> Figures:
    """The figures of `board`. ToolError for one that is not known, and for files that are not as they should be."""
    known = boards(folder)
    if board not in known:
        raise ToolError(f"no board is called '{board}'", f"{did_you_mean(board, known)}Known are: {', '.join(known)}.")
    shared = _read(folder / "power.toml")
    own = _read(folder / board / "power.toml")
    cell_v = float(shared.get("figures", {}).get("cell", {}).get("typ", 3.7))
    found: dict[str, Figure] = {}
    for path, said in ((folder / "power.toml", shared), (folder / board / "power.toml", own)):
        for name, entry in said.get("figures", {}).items():
            found[name] = _figure(name, entry, cell_v, path)
    missing = [name for name in NEEDED + SHARED if name not in found]
    if missing:
        raise ToolError(f"the figures of {board} lack {', '.join(missing)}", f"See {folder / board / 'power.toml'}.")
    return Figures(board, bool(own.get("radio_sleeps")), str(own.get("radio_note", "")), found)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ToolError(f"{path} cannot be read: {error}", "Take it from the repository anew.") from error


def _figure(name: str, entry: Mapping[str, Any], cell_v: float, path: Path) -> Figure:
    try:
        unit, typ, kind, source = entry["unit"], float(entry["typ"]), entry["kind"], str(entry["source"])
        low = float(entry.get("min", typ * (1 - SPREAD)))
        high = float(entry.get("max", typ * (1 + SPREAD)))
        scale = _TO_BASE[unit]
    except (KeyError, TypeError, ValueError) as error:
        raise ToolError(f"{path}: the figure '{name}' lacks {error}", "Each has unit, typ, kind and source.") from error
    if kind not in KINDS or not source.strip() or not low <= typ <= high:
        raise ToolError(
            f"{path}: the figure '{name}' is not sound",
            f"min <= typ <= max, a source, and a kind that is one of {', '.join(KINDS)}.",
        )
    at_v = float(entry["at_v"]) if "at_v" in entry else None
    if at_v is not None:
        scale *= at_v / cell_v
    return Figure(name, unit, Range(low, typ, high).scaled(scale), kind, source, bool(entry.get("whole")), at_v)
