"""Scenarios: what is in the world and what happens when. TOML in, checked dataclasses out.

Every error names the place and the remedy. The actions are carried out in `world.py`; the library is `scenarios/`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interlock.core.settings import DEFAULT_POLICY, ROLE_NAMES, Policy, unsound_policy

from .profiles import PROFILES

ROLES = {name: number for number, name in ROLE_NAMES.items()}

# action -> arguments it takes, with their types; those with a default are optional.
WEAPON_ACTIONS: Mapping[str, Mapping[str, type]] = {
    "draw": {},
    "arm": {},
    "safe": {},
    "safety_blips": {},
    "discharge": {},
    "holster": {},
    "press_stow": {},
    "seat_contact_sticks": {},
    "seat_contact_mends": {},
}
RECORDER_ACTIONS: Mapping[str, Mapping[str, type]] = {
    "camera_dies": {},
    "camera_revives": {},
    "camera_falls_asleep": {},
    "camera_is_full": {},
    "camera_is_emptied": {},
    "officer_stops": {},
    "officer_starts": {},
    "tally_sticks": {"level": str},
    "tally_mends": {},
}
UNIT_ACTIONS: Mapping[str, Mapping[str, type]] = {
    "dock": {},
    "undock": {},
    "press_service": {},
    "battery_change": {"off_s": float},
    "battery": {"mv": int},
    "move": {"to_m": list},
}
# What the technician does, with a unit, over Bluetooth: one after another, none before its time.
TECHNICIAN_ACTIONS: Mapping[str, Mapping[str, type]] = {
    "provision": {},
    "pair": {"camera": str},
    "status": {},
    "sync": {},
    "pull": {},
}
ACTIONS = {**WEAPON_ACTIONS, **RECORDER_ACTIONS, **UNIT_ACTIONS, **TECHNICIAN_ACTIONS}
EPOCH = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
"""UTC when a world begins, unless its scenario says otherwise."""


class ScenarioError(ValueError):
    """A scenario that cannot be played; the text says where and what to write instead."""


@dataclass(frozen=True)
class Recorder:
    """The body-worn camera on a camera unit."""

    buffer_ms: int = 30_000
    start_delay_ms: int = 900
    wake_delay_ms: int = 3_000
    audio: bool = True


@dataclass(frozen=True)
class Unit:
    """`number` is its place in the group (1 ...); `cameras`: ids of a holster's own cameras. `boxed`: it has only its
    label yet; the technician sets it up and pairs it."""

    id: str
    number: int
    role: int
    at_m: tuple[float, float]
    cameras: tuple[str, ...] = ()
    recorder: Recorder | None = None
    boxed: bool = False

    @property
    def serial(self) -> bytes:
        return self.id.encode().ljust(8)


@dataclass(frozen=True)
class Event:
    """Something that happens to a unit, its weapon or its recorder."""

    at_s: float
    unit: str
    do: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """`technician_m`: where the technician's laptop stands, or None when nobody comes; `begins`: UTC at its time 0."""

    name: str
    about: str
    profile: str
    duration_s: float
    loss: float
    secret: str
    policy: Policy
    units: tuple[Unit, ...]
    events: tuple[Event, ...]
    technician_m: tuple[float, float] | None = None
    begins: datetime = EPOCH

    def unit(self, unit_id: str) -> Unit:
        return next(unit for unit in self.units if unit.id == unit_id)


def load(path: Path) -> Scenario:
    """The scenario in a TOML file. Raises ScenarioError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path} is not TOML: {error}") from error
    return parse(table, path.name)


def parse(table: Mapping[str, Any], where: str) -> Scenario:
    """The scenario in a decoded TOML document; `where` names it in errors."""
    top = _Fields(table, where)
    units = tuple(_unit(_Fields(t, f"{where}, unit {i}"), i) for i, t in enumerate(top.tables("unit"), 1))
    if not units:
        raise ScenarioError(f"{where}: there is no unit. Write at least one [[unit]] table.")
    ids = [unit.id for unit in units]
    for unit in units:
        if ids.count(unit.id) > 1:
            raise ScenarioError(f"{where}: two units are called {unit.id!r}. Give each its own id.")
        for camera in unit.cameras:
            if camera not in ids or not units[ids.index(camera)].role & ROLES["camera"]:
                raise ScenarioError(f"{where}: {unit.id} names {camera!r} as its camera; there is no such camera unit.")
    duration_s = top.take("duration_s", float)
    technician_m = None
    if "technician" in table:
        inner = _Fields(top.take("technician", dict), f"{where}, technician")
        technician_m = _point(inner, inner.take("at_m", list))
        inner.done()
    events = tuple(
        _event(_Fields(t, f"{where}, event {i}"), units, duration_s) for i, t in enumerate(top.tables("event"), 1)
    )
    for event in events:
        if event.do in TECHNICIAN_ACTIONS and technician_m is None:
            raise ScenarioError(f"{where}: {event.do} needs a technician. Write a [technician] table with at_m.")
    profile = top.take("profile", str, "esp32")
    if profile not in PROFILES:
        raise ScenarioError(f"{where}: no profile {profile!r}. This simulator has {', '.join(PROFILES)}.")
    loss = top.take("loss", float, 0.0)
    if not 0 <= loss < 1:
        raise ScenarioError(
            f"{where}: loss = {loss} is not a probability. Write a number from 0 up to, not including, 1."
        )
    scenario = Scenario(
        name=top.take("name", str),
        about=top.take("about", str, ""),
        profile=profile,
        duration_s=duration_s,
        loss=loss,
        secret=top.take("secret", str),
        policy=_policy(_Fields(top.take("policy", dict, {}), f"{where}, policy")),
        units=units,
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        technician_m=technician_m,
        begins=_moment(top, top.take("begins", datetime, EPOCH)),
    )
    top.done()
    return scenario


def parse_line(scenario: Scenario, line: str) -> Event:
    """The event in a line such as `H1 draw` or `H1 battery_change off_s=4`, to happen now. Raises ScenarioError."""
    words = line.split(maxsplit=2)
    if len(words) < 2:
        raise ScenarioError("write a unit and what happens to it, as in: H1 draw")
    try:
        args = tomllib.loads("\n".join(words[2].split()) if len(words) > 2 else "")
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"the arguments are not name=value: {error}") from error
    event = _event(_Fields({"at_s": 0, "unit": words[0], "do": words[1], **args}, "line"), scenario.units, 0.0)
    if event.do in TECHNICIAN_ACTIONS:
        raise ScenarioError(f"{event.do} is done by host tools through the door")
    return event


def _unit(fields: "_Fields", number: int) -> Unit:
    unit_id, role = fields.take("id", str), fields.take("role", str)
    if role not in ROLES:
        raise ScenarioError(f"{fields.where}: no role {role!r}. Write {', '.join(ROLES)}.")
    if not unit_id.isascii() or not 1 <= len(unit_id) <= 8:
        raise ScenarioError(f"{fields.where}: id {unit_id!r} must be 1 to 8 ASCII characters.")
    recorder = None
    if ROLES[role] & ROLES["camera"]:
        inner = _Fields(fields.take("recorder", dict, {}), f"{fields.where}, recorder")
        default = Recorder()
        recorder = Recorder(**{name: inner.take(name, type(value), value) for name, value in vars(default).items()})
        inner.done()
    cameras = fields.take("cameras", list, []) if ROLES[role] & ROLES["holster"] else []
    boxed = fields.take("boxed", bool, False)
    unit = Unit(
        unit_id, number, ROLES[role], _point(fields, fields.take("at_m", list)), tuple(cameras), recorder, boxed
    )
    fields.done()
    return unit


def _event(fields: "_Fields", units: tuple[Unit, ...], duration_s: float) -> Event:
    at_s, unit_id, do = fields.take("at_s", float), fields.take("unit", str), fields.take("do", str)
    unit = next((unit for unit in units if unit.id == unit_id), None)
    if unit is None:
        raise ScenarioError(f"{fields.where}: no unit {unit_id!r}. Write one of {', '.join(u.id for u in units)}.")
    if do not in ACTIONS:
        raise ScenarioError(f"{fields.where}: nothing is called {do!r}. Write one of {', '.join(ACTIONS)}.")
    needs = "holster" if do in WEAPON_ACTIONS or do == "pair" else "camera" if do in RECORDER_ACTIONS else None
    if needs and not unit.role & ROLES[needs]:
        raise ScenarioError(f"{fields.where}: {do} happens to a {needs} unit; {unit_id} is a {ROLE_NAMES[unit.role]}.")
    if not 0 <= at_s <= duration_s:
        raise ScenarioError(f"{fields.where}: at_s = {at_s} lies outside the {duration_s} s that this scenario lasts.")
    args = {name: fields.take(name, kind) for name, kind in ACTIONS[do].items()}
    if "to_m" in args:
        args["to_m"] = _point(fields, args["to_m"])
    if "camera" in args and not any(u.id == args["camera"] and u.role & ROLES["camera"] for u in units):
        raise ScenarioError(f"{fields.where}: no camera unit {args['camera']!r}. Write the id of one.")
    if args.get("level", "on") not in ("on", "off"):
        raise ScenarioError(f'{fields.where}: level must be "on" or "off".')
    fields.done()
    return Event(at_s, unit_id, do, args)


def _policy(fields: "_Fields") -> Policy:
    defaults = DEFAULT_POLICY._asdict()
    policy = Policy(**{name: fields.take(name, type(value), value) for name, value in defaults.items()})
    reason = unsound_policy(policy)
    if reason is not None:
        raise ScenarioError(f"{fields.where}: {reason}.")
    fields.done()
    return policy


def _moment(fields: "_Fields", value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ScenarioError(f"{fields.where}: begins = {value} has no time zone. Write 2026-03-02T06:00:00Z.")
    return value


def _point(fields: "_Fields", value: list[Any]) -> tuple[float, float]:
    if len(value) != 2 or not all(isinstance(x, int | float) for x in value):
        raise ScenarioError(f"{fields.where}: a place is two numbers in metres, as in [1.5, 0].")
    return float(value[0]), float(value[1])


class _Fields:
    """A TOML table whose keys are taken one by one; what nobody takes is a mistake."""

    def __init__(self, table: Mapping[str, Any], where: str) -> None:
        self.where = where
        self._left = dict(table)

    def take(self, name: str, kind: type, *default: Any) -> Any:
        if name not in self._left:
            if default:
                return default[0]
            raise ScenarioError(f"{self.where}: {name} is missing ({kind.__name__}).")
        value = self._left.pop(name)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ScenarioError(f"{self.where}: {name} = {value!r} is not of type {kind.__name__}.")
        return value

    def tables(self, name: str) -> list[Mapping[str, Any]]:
        value = self.take(name, list, [])
        if not all(isinstance(item, dict) for item in value):
            raise ScenarioError(f"{self.where}: write each {name} as its own [[{name}]] table.")
        return list(value)

    def done(self) -> None:
        if self._left:
            raise ScenarioError(f"{self.where}: nobody knows {', '.join(self._left)}. Check the spelling.")
