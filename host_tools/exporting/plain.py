"""Rows (NamedTuples of numbers, texts and bytes) as JSON and back, checked: files come from anybody.

Bytes are hexadecimal digits. JSON is written with sorted keys and a line a member, so that the same values are the same
bytes and people can read them.
"""

import json
from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..outcome import ToolError
from ..store.unfit import LATEST_S, NUMBER_MAX

T = TypeVar("T", bound=tuple[Any, ...])

DEPTH_MAX = 40
_ADVICE = "Take a whole copy of the export, or make it anew: interlock export --audit DIR."


def written(value: Any) -> bytes:
    """The bytes of a JSON file."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def read(data: bytes, name: str) -> Any:
    """What a JSON file says. `name`: of the file. ToolError when it is none."""
    try:
        found = json.loads(data.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"{name} is no JSON of an export: {error}", _ADVICE) from error
    level = [found]
    for _ in range(DEPTH_MAX):
        level = [item for one in level if isinstance(one, (dict, list)) for item in _items(one)]
        if not level:
            return found
    raise wrong(name, "is nested deeper than anything in an export")


def _items(one: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return one.values() if isinstance(one, dict) else one


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """One that says each thing once: of two that bear one name, readers see the one and programs take the other."""
    found = dict(members)
    if len(found) != len(members):
        seen: set[str] = set()
        twice = next(name for name, _ in members if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{twice!r} is there twice")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def of_row(row: Any) -> dict[str, Any]:
    """A NamedTuple's fields by name."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row._asdict().items()}


def to_row(kind: type[T], found: Any, where: str, has_calendar: bool = True) -> T:
    """The row of this kind that `of_row` wrote. What has a default may be missing: an older program wrote it. ToolError
    when it is no such row. `where`: file and place, for people; `has_calendar`: times must be of the calendar."""
    if not isinstance(found, dict):
        raise wrong(where, "is no object")
    hints = get_type_hints(kind)
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    defaults: dict[str, Any] = kind._field_defaults  # type: ignore[attr-defined]
    unknown = sorted(set(found) - set(fields))
    if unknown:
        raise wrong(where, f"has {unknown[0]!r}, which this program does not know")
    values = []
    for name in fields:
        if name not in found:
            if name not in defaults:
                raise wrong(where, f"has no {name}")
            values.append(defaults[name])
        else:
            values.append(value_of(hints[name], found[name], f"{where}, {name}"))
            if has_calendar:
                _check_time(name, values[-1], where)
    return kind(*values)


def _check_time(name: str, value: Any, where: str) -> None:
    """Times are of the calendar, so that they can be shown."""
    if isinstance(value, int) and name.endswith(("_ms", "_s")):
        latest = LATEST_S * 1000 if name.endswith("_ms") else LATEST_S
        if not 0 <= value < latest:
            raise wrong(f"{where}, {name}", "is no time of the calendar")


def of_row_as_is(row: Any) -> dict[str, Any]:
    """The same, whatever the values are: a database that somebody changed may hold anything. One that is not of its
    field's kind is {"odd": its own kind, "value": as text}."""
    hints = get_type_hints(type(row))
    found = of_row(row)
    for name, value in row._asdict().items():
        if not _fits(hints[name], value):
            found[name] = {"odd": type(value).__name__, "value": value.hex() if type(value) is bytes else str(value)}
    return found


def to_row_as_is(kind: type[T], found: Any, where: str) -> T:
    """What `of_row_as_is` wrote. ToolError when it is no such row."""
    odd = {name: value for name, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}
    hints = get_type_hints(kind)
    instead = {name: _stand_in(hints.get(name)) for name in odd}
    row = to_row(kind, {**found, **instead} if odd else found, where, has_calendar=False)
    values = {name: _odd_value(value, f"{where}, {name}") for name, value in odd.items()}
    return row._replace(**values)  # type: ignore[attr-defined, no-any-return]


def to_rows_as_is(kind: type[T], found: Any, where: str) -> list[T]:
    return [to_row_as_is(kind, one, f"{where} {number}") for number, one in enumerate(list_of(found, where))]


def _fits(kind: Any, value: Any) -> bool:
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return type(value) in kinds and (type(value) is not int or abs(value) < NUMBER_MAX)


def _stand_in(kind: Any) -> Any:
    """A value that such a field may have."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return None if type(None) in kinds else 0 if int in kinds else ""


def _odd_value(found: dict[str, Any], where: str) -> Any:
    kind, value = found.get("odd"), found.get("value")
    makers: dict[Any, Callable[[str], Any]] = {
        "bytes": bytes.fromhex,
        "str": str,
        "int": int,
        "float": float,
        "NoneType": lambda _: None,
    }
    if set(found) == {"odd", "value"} and kind in makers and isinstance(value, str):
        try:
            return makers[kind](value)
        except ValueError:
            pass
    raise wrong(where, "is not what must be there")


def to_rows(kind: type[T], found: Any, where: str) -> list[T]:
    return [to_row(kind, one, f"{where} {number}") for number, one in enumerate(list_of(found, where))]


def list_of(found: Any, where: str) -> list[Any]:
    if not isinstance(found, list):
        raise wrong(where, "is no list")
    return found


def value_of(kind: Any, found: Any, where: str) -> Any:
    """A number, text, truth or bytes, as the type hint `kind` has it."""
    kinds: Iterable[Any] = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    for one in kinds:
        if one is type(None) and found is None:
            return None
        if one is bool and isinstance(found, bool):
            return found
        if one is int and type(found) is int and abs(found) < NUMBER_MAX:
            return found
        if one is str and isinstance(found, str):
            return found
        if one is bytes and isinstance(found, str):
            try:
                return bytes.fromhex(found)
            except ValueError:
                break
    raise wrong(where, "is not what must be there")


def wrong(where: str, what: str) -> ToolError:
    return ToolError(f"{where} {what}", _ADVICE)
