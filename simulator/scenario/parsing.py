"""From TOML to a Scenario; see the tables of keys for what may be written where."""

import dataclasses
import math
import random
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from interlock.core.settings import DEFAULT_POLICY, RECORDER_NAMES, ROLE_NAMES, Policy, unsound_policy

from ..profiles import CHIPS
from ..wiring import wiring
from .actions import ACTIONS, AIR, TECHNICIAN_ACTIONS, happens_to
from .keys import Fields, Key, ScenarioError, clock_time, place, point
from .lines import Lines
from .model import EPOCH, LAPTOP, Event, Recorder, Scenario, Technician, Unit

ROLES = {name: number for number, name in ROLE_NAMES.items()}
MAX_UNITS = 200
_NEAR_M = (0.4, 0.3)  # from a holster on the belt to the camera on the same officer's chest


def _id(value: str) -> str | None:
    return None if value.isascii() and value.isprintable() and 1 <= len(value) <= 8 else "write 1 to 8 ASCII characters"


def _zone(value: datetime) -> str | None:
    return None if value.tzinfo else "it has no time zone. Write 2026-03-02T06:00:00Z"


def _words(value: list[Any]) -> str | None:
    return None if all(isinstance(item, str) for item in value) else "write strings"


_RECORDER_ABOUT = {
    "buffer_ms": "how much it keeps from before a start",
    "start_delay_ms": "from the shutter to recording",
    "wake_delay_ms": "longer when it was asleep",
    "audio": "whether the buffer has sound",
    "kind": "how the unit speaks to it",
}
RECORDER_KEYS = {
    item.name: Key(
        type(item.default),
        _RECORDER_ABOUT[item.name],
        item.default,
        choices=tuple(RECORDER_NAMES.values()) if item.name == "kind" else (),
    )
    for item in dataclasses.fields(Recorder)
}
POLICY_KEYS = {
    name: Key(type(value), "see interlock.core.settings.Policy", value)
    for name, value in DEFAULT_POLICY._asdict().items()
}
UNIT_KEYS = {
    "id": Key(str, "its serial, 1 to 8 characters", check=_id),
    "role": Key(str, "what it does", choices=tuple(ROLES)),
    "at_m": Key(list, "where it is: [x, y] in metres", check=point),
    "boxed": Key(bool, "it has only its label; the technician sets it up", False),
    "clock_ppm": Key(float, "how much too fast its crystal runs", 0.0, minimum=-200, maximum=200),
    "facing_deg": Key(float, "which way its wearer looks, from the x axis; without it there is no body", None),
}
HOLSTER_KEYS = {"cameras": Key(list, "ids of its own camera units", [], check=_words)}
CAMERA_KEYS = {"recorder": Key(dict, "the body-worn camera", {})}
CREW_KEYS = {
    "count": Key(int, "how many officers, each with holster unit H<n> and camera unit C<n>", minimum=1, maximum=100),
    "around_m": Key(list, "the middle of the place: [x, y] in metres", [0.0, 0.0], check=point),
    "radius_m": Key(float, "how far from it they stand at most", 10.0, minimum=0),
    "clock_ppm": Key(float, "crystals run too fast or slow by up to so much", 0.0, minimum=0, maximum=200),
    "boxed": Key(bool, "they have only their labels", False),
    "bodies": Key(bool, "they have bodies, and look each in some direction", True),
    "recorder": Key(dict, "the body-worn camera of each", {}),
}
TECHNICIAN_KEYS = {
    "name": Key(str, "what its laptop is called", LAPTOP),
    "at_m": Key(list, "where the laptop stands: [x, y] in metres", check=point),
}
SCENARIO_KEYS = {
    "name": Key(str, "what people call it"),
    "about": Key(str, "what it shows", ""),
    "profile": Key(str, "the port of its boards", "esp32", choices=tuple(CHIPS)),
    "duration_s": Key((float), "how long it lasts", minimum=0),
    "loss": Key(float, "share of receptions that fail for no other reason", 0.0, minimum=0, maximum=0.999),
    "scan_duty": Key(float, "share of its scan interval in which a camera unit really listens", 1.0, 0.01, 1),
    "clocks": Key(bool, "whether boards have calendars with a battery, right at the beginning", False),
    "flashed": Key(bool, "whether units run releases from file systems of their own: they can be updated", False),
    "begins": Key(datetime, "UTC at its time 0", EPOCH, check=_zone),
    "secret": Key(str, "labels and keys follow from it"),
}
EVENT_KEYS = {
    "at_s": Key(float, "seconds after the beginning", minimum=0),
    "unit": Key(str, 'a unit\'s id, a pattern such as "H*", "air", or a laptop\'s name'),
    "do": Key(str, "what happens", choices=tuple(ACTIONS)),
    "within_s": Key(float, "it happens at some instant of that length from at_s on", 0.0, minimum=0),
    "every_s": Key(float, "it happens again after so long", 0.0, minimum=0),
    "times": Key(int, "so many times in all", 1, minimum=1),
}


def load(path: Path) -> Scenario:
    """The scenario in a TOML file. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path} is not TOML: {error}") from error
    return parse(table, path.name, Lines(text))


def parse(table: Mapping[str, Any], where: str, lines: Lines | None = None) -> Scenario:
    """The scenario in a decoded TOML document; `where` names it in errors, `lines` where it was written."""
    return _Parser(table, where, lines or Lines("")).scenario()


def parse_line(scenario: Scenario, line: str) -> Event:
    """The event in a line such as `H1 draw` or `H1 battery_change off_s=4`, to happen now. Raises ScenarioError."""
    if len(line.split()) < 2:
        known = sorted(do for do in ACTIONS if happens_to(do) != "laptop" and do not in TECHNICIAN_ACTIONS)
        raise ScenarioError(
            f"write a unit and what happens to it, as in: H1 draw\nWhat can happen here: {', '.join(known)}"
        )
    said = f"'{line.strip()}'"
    first = line.split()[0]
    if clock_time(first) is not None and first not in {unit.id for unit in scenario.units}:
        raise ScenarioError(f"{said}: here everything happens now. Leave {first} out.")
    where = Fields(_split(f"0 {line}", said), said)
    event = next(_events(where, scenario.units, scenario.technicians, math.inf))
    if happens_to(event.do) == "laptop" or event.do in TECHNICIAN_ACTIONS:
        raise ScenarioError(f"{event.do} is done by host tools through the door")
    return event


def _split(line: str, where: str) -> dict[str, Any]:
    """The table that a line `TIME UNIT ACTION name=value ...` stands for."""
    words = line.split(maxsplit=3)
    if len(words) < 3:
        raise ScenarioError(f'{where}: write a time, a unit and what happens to it, as in "8:04:30 H1 draw".')
    at_s = clock_time(words[0])
    if at_s is None:
        raise ScenarioError(f"{where}: {words[0]!r} is no time. Write seconds, or 4:30, or 8:04:30.")
    args: dict[str, Any] = {}
    for word in words[3].split() if len(words) > 3 else ():
        try:
            found = tomllib.loads(word)
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(f"{where}: {word!r} is not name=value, such as within_s=0.5 or off_s=4.") from error
        if found.keys() & args.keys():
            raise ScenarioError(f"{where}: {', '.join(found)} is there twice. Write it once.")
        args |= found
    for name in ("at_s", "unit", "do"):
        if name in args:
            raise ScenarioError(f"{where}: {name} is told by its place in the line already. Leave it out.")
    return {"at_s": at_s, "unit": words[1], "do": words[2], **args}


class _Parser:
    def __init__(self, table: Mapping[str, Any], where: str, lines: Lines) -> None:
        self._where = where
        self._lines = lines
        self._top = Fields(table, where, lambda key: lines.key("", 0, key))
        self._table = table

    def scenario(self) -> Scenario:
        top = self._top
        units = self._units()
        technicians = self._technicians(units)
        values = {name: top.take(name, key) for name, key in SCENARIO_KEYS.items()}
        self._check_pins(units, values["profile"])
        self._check_recorders(units, values["profile"])
        events = tuple(self._events(units, technicians, values["duration_s"]))
        policy = self._policy(self._inner("policy", top))
        top.done()
        events = tuple(sorted(events, key=lambda event: event.at_s))
        return Scenario(**values, policy=policy, units=units, events=events, technicians=technicians)

    def _inner(self, name: str, fields: Fields) -> Fields:
        table = fields.take(name, Key(dict, "a table", {}))
        return Fields(table, f"{fields.where}, {name}", lambda key: self._lines.key(name, 0, key))

    def _tables(self, name: str) -> Iterator[Fields]:
        for i, table in enumerate(self._top.tables(name), 1):
            yield Fields(table, f"{self._where}, {name} {i}", _line_of(self._lines, name, i))

    def _units(self) -> tuple[Unit, ...]:
        units: list[Unit] = []
        for fields in self._tables("unit"):
            unit = _unit(fields, len(units) + 1)
            if any(other.id == unit.id for other in units):
                raise fields.error(f"two units are called {unit.id!r}. Give each its own id.", "id")
            units.append(unit)
        for fields in self._tables("crew"):
            for unit in _crew(fields, len(units), str(self._table.get("secret"))):
                if any(other.id == unit.id for other in units):
                    raise fields.error(f"there is a unit {unit.id!r} already. Crews take H1, C1, H2 ... in turn.")
                units.append(unit)
        if not units:
            raise self._top.error("there is no unit. Write at least one [[unit]] table.")
        if len(units) > MAX_UNITS:
            raise self._top.error(f"{len(units)} units are more than a group's {MAX_UNITS}. Leave some out.")
        self._check_cameras(units)
        return tuple(units)

    def _check_cameras(self, units: list[Unit]) -> None:
        known = {unit.id for unit in units if unit.role & ROLES["camera"]}
        for i, unit in enumerate(units, 1):
            for camera in unit.cameras:
                if camera not in known:
                    raise ScenarioError(
                        f"{self._lines.key('unit', i, 'cameras')}{self._where}: {unit.id} names {camera!r} as its "
                        f"camera; there is no such camera unit. Write one of {', '.join(sorted(known)) or 'none'}."
                    )

    def _check_pins(self, units: tuple[Unit, ...], name: str) -> None:
        """A board without pins for both roles plays no unit that has both."""
        both = [unit.id for unit in units if unit.role == ROLES["holster"] | ROLES["camera"]]
        if both and not wiring(name).plays_both:
            able = ", ".join(each for each in CHIPS if wiring(each).plays_both)
            raise self._top.error(f"a board of profile {name} has not the pins for {both[0]}'s two roles. Take {able}.")

    def _check_recorders(self, units: tuple[Unit, ...], name: str) -> None:
        """A GoPro lets only bonded peers command it."""
        gopros = [unit.id for unit in units if unit.recorder and unit.recorder.kind == "gopro"]
        if gopros and CHIPS[name].stack != "nimble":
            able = ", ".join(each for each in CHIPS if CHIPS[each].stack == "nimble")
            raise self._top.error(f"a board of profile {name} cannot bond with {gopros[0]}'s GoPro. Take {able}.")

    def _technicians(self, units: tuple[Unit, ...]) -> tuple[Technician, ...]:
        """`[technician]`, or several as `[[technician]]`."""
        if isinstance(self._table.get("technician"), dict):
            tables = [self._inner("technician", self._top)]
        else:
            tables = list(self._tables("technician"))
        made: list[Technician] = []
        for fields in tables:
            values = fields.all(TECHNICIAN_KEYS)
            if any(values["name"] == other.name for other in made):
                raise fields.error(f"two laptops are called {values['name']!r}. Give each its own name.", "name")
            if any(values["name"] == unit.id for unit in units):
                raise fields.error(f"a unit is called {values['name']!r}, too. Give the laptop another name.", "name")
            made.append(Technician(values["name"], place(values["at_m"])))
        return tuple(made)

    def _events(
        self, units: tuple[Unit, ...], technicians: tuple[Technician, ...], duration_s: float
    ) -> Iterator[Event]:
        for fields in self._tables("event"):
            yield from _events(fields, units, technicians, duration_s)
        for i, line in enumerate(self._top.take("events", Key(list, "lines of events", [], check=_words)), 1):
            where, at = f"{self._where}, events {i}", self._lines.string("events", i)
            fields = Fields(_split(line, at + where), where, lambda key, at=at: at)  # type: ignore[misc]
            yield from _events(fields, units, technicians, duration_s)

    def _policy(self, fields: Fields) -> Policy:
        policy = Policy(**fields.all(POLICY_KEYS))
        reason = unsound_policy(policy)
        if reason is not None:
            raise fields.error(f"{reason}.", next((word for word in reason.split() if word in POLICY_KEYS), ""))
        return policy


def _line_of(lines: Lines, name: str, index: int) -> Callable[[str], str]:
    return lambda key: lines.key(name, index, key)


def _recorder(fields: Fields) -> Recorder:
    inner = Fields(fields.take("recorder", CAMERA_KEYS["recorder"]), f"{fields.where}, recorder")
    return Recorder(**inner.all(RECORDER_KEYS))


def _unit(fields: Fields, number: int) -> Unit:
    values = {name: fields.take(name, key) for name, key in UNIT_KEYS.items()}
    role = values["role"] = ROLES[values["role"]]
    values["at_m"] = place(values["at_m"])
    recorder = _recorder(fields) if role & ROLES["camera"] else None
    cameras = fields.take("cameras", HOLSTER_KEYS["cameras"]) if role & ROLES["holster"] else []
    fields.done()
    return Unit(number=number, cameras=tuple(cameras), recorder=recorder, **values)


def _crew(fields: Fields, before: int, secret: str) -> Iterator[Unit]:
    """Officers spread evenly over a disc, as the scenario's secret decides: every seed finds them there."""
    recorder = _recorder(fields)
    count, middle = fields.take("count", CREW_KEYS["count"]), place(fields.take("around_m", CREW_KEYS["around_m"]))
    names = ("radius_m", "clock_ppm", "boxed", "bodies")
    radius_m, ppm, boxed, bodies = (fields.take(name, CREW_KEYS[name]) for name in names)
    fields.done()
    chance = random.Random(f"crew {secret} {before}")
    for i in range(1, count + 1):
        far_m, angle = radius_m * math.sqrt(chance.random()), chance.uniform(0, 2 * math.pi)
        x_m, y_m = middle[0] + far_m * math.cos(angle), middle[1] + far_m * math.sin(angle)
        at_m = (round(x_m, 2), round(y_m, 2))
        near_m = (round(x_m + _NEAR_M[0], 2), round(y_m + _NEAR_M[1], 2))
        drifts = [round(chance.uniform(-ppm, ppm), 1) for _ in range(2)]
        facing_deg = round(chance.uniform(0, 360), 1) if bodies else None
        number = before + 2 * i - 1
        yield Unit(f"H{i}", number, ROLES["holster"], at_m, (f"C{i}",), None, boxed, drifts[0], facing_deg)
        yield Unit(f"C{i}", number + 1, ROLES["camera"], near_m, (), recorder, boxed, drifts[1], facing_deg)


def _events(
    fields: Fields, units: tuple[Unit, ...], technicians: tuple[Technician, ...], duration_s: float
) -> Iterator[Event]:
    values = {name: fields.take(name, key) for name, key in EVENT_KEYS.items()}
    at_s, pattern, do = values["at_s"], values["unit"], values["do"]
    args = {name: fields.take(name, key) for name, key in ACTIONS[do].items()}
    fields.done()
    laptops = [technician.name for technician in technicians]
    things = _things(fields, pattern, do, units, laptops)
    if "by" in args:
        args["by"] = args["by"] or (laptops[0] if laptops else "")
        if args["by"] not in laptops:
            names = f"Write one of {', '.join(laptops)}" if laptops else "Write a [technician] table with at_m"
            raise fields.error(f"{do} needs a technician. {names}.", "by")
    if not 0 <= at_s + (values["times"] - 1) * values["every_s"] <= duration_s:
        raise fields.error(
            f"it happens at {at_s:g} s, outside the {duration_s:g} s that this scenario lasts. "
            "Write an earlier time, or a longer duration_s.",
            "at_s",
        )
    if values["times"] > 1 and values["every_s"] <= 0:
        raise fields.error("what happens several times needs every_s.", "times")
    for name in ("to_m", "at_m"):
        if name in args:
            args[name] = place(args[name])
    if "camera" in args and not any(u.id == args["camera"] and u.role & ROLES["camera"] for u in units):
        raise fields.error(f"no camera unit {args['camera']!r}. Write the id of one.", "camera")
    for again in range(values["times"]):
        for thing in things:
            yield Event(at_s + again * values["every_s"], thing, do, args, values["within_s"])


def _things(fields: Fields, pattern: str, do: str, units: tuple[Unit, ...], laptops: list[str]) -> list[str]:
    """The ids of what an action happens to."""
    kind = happens_to(do)
    if kind == "air":
        if pattern != AIR:
            raise fields.error(f'{do} happens to the air. Write "{AIR}" in the place of {pattern!r}.', "unit")
        return [AIR]
    if kind == "laptop":
        if pattern not in laptops:
            raise fields.error(
                f"{do} happens to a laptop. Write {', '.join(laptops) or 'a [technician] table'}.", "unit"
            )
        return [pattern]
    found = [unit for unit in units if fnmatchcase(unit.id, pattern)]
    if not found:
        raise fields.error(f"no unit {pattern!r}. Write one of {', '.join(u.id for u in units)}.", "unit")
    for unit in found:
        if kind in ROLES and not unit.role & ROLES[kind]:
            raise fields.error(f"{do} happens to a {kind} unit; {unit.id} is a {ROLE_NAMES[unit.role]}.", "unit")
    return [unit.id for unit in found]
