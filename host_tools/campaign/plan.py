"""Which runs a campaign has: a scenario, the values it is varied by, and seeds. `--vary NAME=VALUE,...` means here.

A name is `loss`, `scan_duty` or `profile` of the scenario's head; `policy.NAME`; `recorder.NAME`, of every camera;
`crew.NAME`, of every crew; `UNIT.recorder.NAME`, of one [[unit]]; `UNIT.at_m.x` or `.y`, where it stands when the world
begins. A value is set in the scenario's TOML before that is checked, so the scenario's own rules judge it.
"""

import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..outcome import ToolError

if TYPE_CHECKING:
    from simulator.scenario import Scenario

Value = float | int | bool | str
HEAD = ("loss", "scan_duty", "profile")
_PLACES = ("at_m.x", "at_m.y")
_HOW = (
    "Vary loss, scan_duty, profile, policy.NAME, recorder.NAME, crew.NAME, UNIT.recorder.NAME, UNIT.at_m.x or "
    "UNIT.at_m.y, as in --vary loss=0,0.1,0.3"
)


@dataclass(frozen=True)
class Axis:
    """One thing that is varied, and its values in the order given."""

    name: str
    values: tuple[Value, ...]

    @property
    def is_place(self) -> bool:
        return self.name.endswith(_PLACES)


@dataclass(frozen=True)
class Variation:
    """A scenario with one value of each axis. `number`: its place in the plan, from 0."""

    number: int
    values: Mapping[str, Value]
    scenario: "Scenario"

    @property
    def text(self) -> str:
        return ", ".join(f"{name}={show(value)}" for name, value in self.values.items()) or "as written"

    def x(self, axis: Axis) -> float:
        """Where it stands on `axis` in a picture: the value, which is a number, or of a place the distance."""
        return self.distance_m(axis.name) if axis.is_place else float(self.values[axis.name])

    def distance_m(self, axis: str) -> float:
        """Of the unit that the place `axis` moves from the first other holster unit (else the first other unit), when
        the world begins."""
        from interlock.core.settings import ROLE_HOLSTER

        moved = self.scenario.unit(axis.removesuffix(".at_m.x").removesuffix(".at_m.y"))
        others = [unit for unit in self.scenario.units if unit is not moved]
        others.sort(key=lambda unit: not unit.role & ROLE_HOLSTER)
        return math.dist(moved.at_m, others[0].at_m) if others else 0.0


@dataclass(frozen=True)
class Job:
    """One run to play. All that a worker needs."""

    variation: Variation
    seed: int
    fidelity: str
    keeps_pcap: bool

    @property
    def key(self) -> tuple[int, int]:
        return self.variation.number, self.seed


@dataclass(frozen=True)
class Plan:
    """The campaign. Every variation is played from the same `runs` seeds, `seed` being the first."""

    axes: tuple[Axis, ...]
    variations: tuple[Variation, ...]
    seed: int
    runs: int
    fidelity: str = "vm"
    keeps_pcap: bool = False

    def jobs(self) -> Iterable[Job]:
        """Seed by seed, so that a campaign broken off knows something of every variation."""
        for seed in range(self.seed, self.seed + self.runs):
            for variation in self.variations:
                yield Job(variation, seed, self.fidelity, self.keeps_pcap)

    @property
    def count(self) -> int:
        return self.runs * len(self.variations)


def parse_axes(texts: Iterable[str]) -> tuple[Axis, ...]:
    """The axes in `NAME=VALUE,...` texts. Raises ToolError."""
    axes = tuple(_axis(text) for text in texts)
    for axis in axes:
        if sum(other.name == axis.name for other in axes) > 1:
            raise ToolError(f"{axis.name} is varied twice", f"Write all its values at once: --vary {axis.name}=...,...")
    return axes


def _axis(text: str) -> Axis:
    name, equals, listed = text.partition("=")
    if not equals or not name:
        raise ToolError(f"--vary {text} names no values", f"{_HOW}.")
    values = tuple(_value(name, item.strip()) for item in listed.split(","))
    shown = [show(value) for value in values]
    for value in shown:
        if shown.count(value) > 1:
            raise ToolError(f"--vary {name} has the value {value} twice", "Write each value once.")
    return Axis(name, values)


def _value(name: str, text: str) -> Value:
    """As TOML has it: a number, true or false; any other word is a text."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text if re.fullmatch(r"[A-Za-z]\w*", text) else None
    is_finite = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, int | float | str) and is_finite:
        return value
    raise ToolError(f"--vary {name}: {text!r} is no value", "Write numbers, words, true or false, with commas between.")


def show(value: Value) -> str:
    return json.dumps(value).strip('"')


def apply(path: Path, axes: tuple[Axis, ...]) -> tuple[Variation, ...]:
    """Every combination of the axes' values, set in the scenario `path`; without axes as it is written. Raises
    ToolError."""
    from simulator.scenario import ScenarioError, load, parse

    try:
        written = load(path)
    except ScenarioError as error:
        raise ToolError(str(error), "The scenarios in simulator/scenarios/ show how one is written.") from error
    if not axes:
        return (Variation(0, {}, written),)
    variations = []
    for number, combined in enumerate(itertools.product(*(axis.values for axis in axes))):
        values = {axis.name: value for axis, value in zip(axes, combined, strict=True)}
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, value in values.items():
            _set(table, name, value)
        try:
            scenario = parse(table, path.name)
        except ScenarioError as error:
            given = " ".join(f"--vary {name}={show(value)}" for name, value in values.items())
            raise ToolError(f"with {given}: {error}", f"{_HOW}.") from error
        variations.append(Variation(number, values, scenario))
    return tuple(variations)


def _set(table: dict[str, Any], name: str, value: Value) -> None:
    """In the TOML of a sound scenario."""
    parts = name.split(".")
    units: list[dict[str, Any]] = table.get("unit", [])
    crews: list[dict[str, Any]] = table.get("crew", [])
    known = {unit["id"]: unit for unit in units}
    if name in HEAD:
        table[name] = value
    elif len(parts) == 2 and parts[0] == "policy":
        table.setdefault("policy", {})[parts[1]] = value
    elif len(parts) == 2 and parts[0] == "crew":
        for crew in _some(crews, name, "no [[crew]]"):
            crew[parts[1]] = value
    elif len(parts) == 2 and parts[0] == "recorder":
        cameras = [unit for unit in units if unit["role"] in ("camera", "combined")]
        for camera in _some(cameras + crews, name, "no camera unit with a recorder"):
            camera.setdefault("recorder", {})[parts[1]] = value
    elif len(parts) != 3 or (parts[1] != "recorder" and name.partition(".")[2] not in _PLACES):
        raise ToolError(f"--vary {name}: nothing that can be varied is called so", f"{_HOW}.")
    elif parts[0] not in known:
        raise ToolError(
            f"--vary {name}: the scenario has no [[unit]] {parts[0]!r}",
            f"Write one of {', '.join(known) or 'crew.NAME'}.",
        )
    elif parts[1] == "recorder":
        known[parts[0]].setdefault("recorder", {})[parts[2]] = value
    else:
        known[parts[0]]["at_m"]["xy".index(parts[2])] = value


def _some(found: list[dict[str, Any]], name: str, none: str) -> list[dict[str, Any]]:
    if not found:
        raise ToolError(f"--vary {name}: the scenario has {none}", f"{_HOW}.")
    return found
