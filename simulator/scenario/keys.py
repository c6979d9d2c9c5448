"""The keys of a scenario's tables as data: what is read, what errors advise, and what the published schema says."""

import datetime
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REQUIRED: Any = object()
NUMBERS = (int, float)
CHOICES_MAX = 6
_KINDS = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "an array",
    dict: "a table",
    datetime.datetime: "a moment, as 2026-03-02T06:00:00Z is",
}


class ScenarioError(ValueError):
    """A scenario that cannot be played; the text says where and what to write instead."""


@dataclass(frozen=True)
class Key:
    """One key of a table. `check(value)` gives what is wrong with it, or None."""

    kind: type
    about: str
    default: Any = REQUIRED
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    check: Callable[[Any], str | None] | None = None

    def fault(self, value: Any) -> str | None:
        """What is wrong with a value of the right type, and what to write; None when nothing is."""
        if isinstance(value, float) and not math.isfinite(value):
            return "write a finite number"
        if self.choices and value not in self.choices:
            return f"write {' or '.join(map(repr, _nearest(value, self.choices)))}"
        if self.minimum is not None and value < self.minimum:
            return f"write a number from {self.minimum:g} up"
        if self.maximum is not None and value > self.maximum:
            return f"write a number up to {self.maximum:g}"
        return self.check(value) if self.check else None


def _nearest(value: str, choices: Iterable[str]) -> list[str]:
    """All choices where they are few; of many those that look like it, if any do."""
    known = list(choices)
    return known if len(known) <= CHOICES_MAX else difflib.get_close_matches(value, known, 3, 0.5) or known


def point(value: list[Any]) -> str | None:
    """A place is two numbers."""
    if len(value) == 2 and all(isinstance(x, NUMBERS) and not isinstance(x, bool) for x in value):
        return None
    return "a place is two numbers in metres, as in [1.5, 0]"


def version(value: str) -> str | None:
    """A version is three numbers."""
    parts = value.split(".")
    if len(parts) == 3 and all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        return None
    return "a version is three numbers below 256, as in 0.2.0"


def place(value: list[Any]) -> tuple[float, float]:
    """What `point` let through."""
    return float(value[0]), float(value[1])


def clock_time(text: str) -> float | None:
    """Seconds of `12.5`, `4:30` (minutes) or `8:04:30.5` (hours); None when it is neither."""
    parts = text.split(":")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts[:-1]):
        return None
    try:
        seconds = float(parts[-1])
    except ValueError:
        return None
    # What float() would take beyond digits (signs, "nan", "1e9") is a slip of the pen here.
    if not parts[-1].replace(".", "", 1).isdigit() or (len(parts) > 1 and seconds >= 60):
        return None
    for weight, part in zip((60, 3600), reversed(parts[:-1]), strict=False):
        seconds += weight * int(part)
    return seconds


class Fields:
    """A TOML table whose keys are taken one by one; what nobody takes is a mistake. `where` names it in errors;
    `line_of(key)`: where the file has a key of it ("" for the table itself), "" where that is not known."""

    def __init__(self, table: Mapping[str, Any], where: str, line_of: Callable[[str], str] = lambda key: "") -> None:
        self.where = where
        self._known: list[str] = []
        self._left = dict(table)
        self._line_of = line_of

    def error(self, text: str, key: str = "") -> ScenarioError:
        """An error about this table, or a key of it."""
        return ScenarioError(f"{self._line_of(key)}{self.where}: {text}")

    def take(self, name: str, key: Key) -> Any:
        """The value of `name`, checked. ScenarioError when it is missing or wrong."""
        self._known.append(name)
        if name not in self._left:
            if key.default is not REQUIRED:
                return key.default
            meant = difflib.get_close_matches(name, self._left, 1)
            raise self.error(f"{name} is missing ({key.about})." + (f" Perhaps {meant[0]} means it." if meant else ""))
        value = self._left.pop(name)
        if key.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, key.kind) or (key.kind is int and isinstance(value, bool)):
            raise self.error(f"{name} = {shown(value)} is not {_KINDS[key.kind]} ({key.about}).", name)
        fault = key.fault(value)
        if fault is not None:
            raise self.error(f"{name} = {shown(value)}: {fault}.", name)
        return value

    def all(self, keys: Mapping[str, Key]) -> dict[str, Any]:
        """The values of all `keys`; what else there is, is a mistake."""
        values = {name: self.take(name, key) for name, key in keys.items()}
        self.done()
        return values

    def tables(self, name: str) -> list[Mapping[str, Any]]:
        """The tables of an array of tables; none when there is none."""
        value = self.take(name, Key(list, "an array of tables", []))
        if not all(isinstance(item, dict) for item in value):
            raise self.error(f"write each {name} as its own [[{name}]] table.", name)
        return list(value)

    def done(self) -> None:
        """Nothing may be left."""
        for name in self._left:
            meant = difflib.get_close_matches(name, self._known, 1)
            hint = f"Check the spelling: perhaps {meant[0]}." if meant else "Check the spelling."
            raise self.error(f"nobody knows {name}. {hint}", name)


def shown(value: Any) -> str:
    """A value as TOML has it, near enough."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime.datetime) else repr(value)
