"""Two values of JSON, field by field: where they differ, by path. Members of lists are matched by what names them (an
event's reference, a unit's serial, a month), so that one more or one less is said once."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

DIFFERENCES_MAX = 10_000
_SHOWN = 120  # characters of a value

_Name = Callable[[Any], Any]


class _Absent:
    """Is not there: no value of JSON is."""


ABSENT = _Absent()


class Difference(NamedTuple):
    """`path`: as in `headline.discharges.before` or `units[H1].journal`; `exported`, `recomputed`: the values, ABSENT
    where there is none: what was taken out of an export was not confirmed by it."""

    path: str
    exported: Any
    recomputed: Any

    @property
    def text(self) -> str:
        """headline.discharges.before: 12 in the export, 11 recomputed."""
        return f"{self.path}: {shown(self.exported)} in the export, {shown(self.recomputed)} recomputed"


def claims(public: Any, own: Any) -> list[dict[str, Any]]:
    """Where the force's own figures are others than those that anybody can reckon: `path`; `here`: the public one,
    `force`: its own, null where there is none."""
    return [
        {"path": one.path, "here": _or_null(one.exported), "force": _or_null(one.recomputed)}
        for one in differences(public, own)
    ]


def _or_null(value: Any) -> Any:
    return None if value is ABSENT else value


def shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def differences(exported: Any, recomputed: Any) -> list[Difference]:
    """All of them, in the order of the fields; at most DIFFERENCES_MAX."""
    found = []
    for one in _compared("", exported, recomputed):
        found.append(one)
        if len(found) == DIFFERENCES_MAX:
            break
    return found


def _compared(path: str, one: Any, other: Any) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            place = f"{path}.{name}" if path else name
            yield from _members(place, one.get(name, ABSENT), other.get(name, ABSENT))
    elif isinstance(one, list) and isinstance(other, list):
        yield from _lists(path, one, other)
    elif type(one) is not type(other) or one != other:
        yield Difference(path, one, other)


def _lists(path: str, one: list[Any], other: list[Any]) -> Iterator[Difference]:
    naming = next((naming for naming in _NAMES if _names(naming, one) and _names(naming, other)), None)
    if naming is None:
        for place in range(max(len(one), len(other))):
            a, b = (found[place] if place < len(found) else ABSENT for found in (one, other))
            yield from _members(f"{path}[{place}]", a, b)
        return
    ours, theirs = ({naming(item): item for item in found} for found in (one, other))
    for name in dict.fromkeys((*ours, *theirs)):
        yield from _members(f"{path}[{name}]", ours.get(name, ABSENT), theirs.get(name, ABSENT))
    if list(ours) != list(theirs) and set(ours) == set(theirs):
        yield Difference(f"{path} in order", list(ours), list(theirs))


def _members(path: str, one: Any, other: Any) -> Iterator[Difference]:
    if one is ABSENT or other is ABSENT:
        yield Difference(path, one, other)
    else:
        yield from _compared(path, one, other)


def _field(name: str) -> _Name:
    return lambda item: item[name]


_NAMES: tuple[_Name, ...] = (
    _field("reference"),
    lambda item: item["events"][0]["reference"],
    _field("serial"),
    _field("key"),
    _field("boot"),
)


def _names(naming: _Name, items: list[Any]) -> bool:
    """Whether this names each of the items, and no two alike."""
    try:
        names = [naming(item) for item in items]
        return all(isinstance(name, (str, int)) for name in names) and len(set(names)) == len(names)
    except (TypeError, KeyError, IndexError):
        return False
