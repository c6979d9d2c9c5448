"""What a row must be for both databases to hold it and every reader to show it. SQLite takes anything in any column,
and a store may have been in others' hands: so rows are looked at when they are made and when they come from elsewhere.
"""

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from ..outcome import ToolError
from .unfit import LATEST_S, NUMBER_MAX

TEXT_MAX = 10_000  # characters
BYTES_MAX = 65_536
SMALL_MAX = 2**31 - 1
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")  # or 16 digits, of a unit whose serial is no text
_ORIGIN = re.compile(r"[0-9a-f]{32}")
# NUL, which PostgreSQL cannot hold; what steers a terminal; halves of characters, which are no UTF-8.
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_Rule = tuple[str, Callable[[Any], bool], str]


def fault(table: Table, row: Mapping[str, Any]) -> str | None:
    """Why this cannot be a row of `table`, naming the first column that is wrong; None: it can."""
    for name, is_sound, what in _rules(table):
        if not is_sound(row[name]):
            return f"{name} is {what}"
    return None


def check(table: Table, row: Mapping[str, Any]) -> None:
    """ToolError when no store could hold this row, which is to be made here."""
    wrong = fault(table, row)
    if wrong is not None:
        raise ToolError(
            f"{table.name} of {plain(str(row['serial']))} cannot be stored: {wrong}",
            "Nothing of this was stored. Give another text or number; if you gave none, report this with the command.",
        )


def is_serial(value: object) -> bool:
    return type(value) is str and _SERIAL.fullmatch(value) is not None


def plain(text: str) -> str:
    """The text with whatever is none written out, as `\\x00`: for remarks that are better kept so than lost, and for
    names of files."""
    try:
        text = os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        pass  # half a character that stands for no byte
    return _NO_TEXT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


@cache
def _rules(table: Table) -> list[_Rule]:
    return [_or_none(*_rule(column)) if column.nullable else _rule(column) for column in table.c]


def _or_none(name: str, is_sound: Callable[[Any], bool], what: str) -> _Rule:
    return name, lambda value: value is None or is_sound(value), what


def _rule(column: Column[Any]) -> _Rule:
    name, kind = column.name, column.type
    if name == "serial":
        return name, is_serial, "no serial of a unit"
    if name == "origin":
        return name, lambda value: type(value) is str and _ORIGIN.fullmatch(value) is not None, "no name of a store"
    if isinstance(kind, String):
        return name, _is_text, f"no text of at most {TEXT_MAX} characters, or one with characters that cannot be shown"
    if isinstance(kind, LargeBinary):
        least, most = (0, BYTES_MAX) if kind.length is None else (kind.length, kind.length)
        told = f"not {most} bytes" if least else f"not at most {most} bytes"
        return name, lambda value: type(value) is bytes and least <= len(value) <= most, told
    if name.endswith(("_ms", "_s")):
        latest = LATEST_S * 1000 if name.endswith("_ms") else LATEST_S
        return name, lambda value: type(value) is int and 0 <= value < latest, "no time of the calendar"
    highest = NUMBER_MAX if isinstance(kind, BigInteger) else SMALL_MAX
    return name, lambda value: type(value) is int and -1 <= value <= highest, f"no number of at most {highest}"


def _is_text(value: object) -> bool:
    return type(value) is str and len(value) <= TEXT_MAX and _NO_TEXT.search(value) is None
