"""What people call a unit, and which one that is: its serial in any case, or its name where only one has it."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from .outcome import ToolError

EVENT = re.compile(r"(.+):([0-9]{1,10})")
"""A record of a unit, as people write it: its serial or name, and the record's number."""
LISTED = 12  # of more units than that, a list helps nobody


class Units(Protocol):
    """What a vault is here."""

    def serials(self) -> list[str]:
        """All of them."""

    def name(self, serial: str) -> tuple[int, int, str]:
        """(number, role, name)."""


def serial_of(units: Units, text: str) -> str:
    """The serial of the unit that is called so. ToolError when there is none, or more than one."""
    serials = units.serials()
    if text in serials:
        return text
    wanted = text.casefold()
    found = [serial for serial in serials if serial.casefold() == wanted]
    names = {} if found else {serial: units.name(serial)[2] for serial in serials}
    found = found or [serial for serial, name in names.items() if name.casefold() == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise ToolError(f"{len(found)} units are called {text}: {', '.join(found)}", "Give the serial of one of them.")
    alike = [serial for serial in serials if close(text, (serial, names[serial]))]
    raise ToolError(f"{text} is not in the vault", _advice(serials, alike, names))


def called(names: Mapping[str, str], text: str) -> str:
    """The same of units whose names are known by serial; the text itself where no unit is called so. ToolError when
    several are."""
    wanted = text.casefold()
    found = [text] if text in names else [serial for serial in names if serial.casefold() == wanted]
    found = found or [serial for serial, name in names.items() if name.casefold() == wanted]
    if len(found) > 1:
        raise ToolError(f"{len(found)} units are called {text}: {', '.join(found)}", "Give the serial of one of them.")
    return found[0] if found else text


def event_called(names: Mapping[str, str], reference: str) -> str:
    """`unit H1:57` as `H1:57`."""
    unit, _, number = reference.rpartition(":")
    return f"{called(names, unit)}:{number}" if unit else reference


def _advice(serials: list[str], alike: list[str], names: dict[str, str]) -> str:
    meant = f"Do you mean {' or '.join(f'{serial} ({names[serial]})' for serial in alike[:3])}? " if alike else ""
    listed = ", ".join(serials) if serials else "none yet"
    known = f"Known here: {listed}. " if len(serials) <= LISTED else f"{len(serials)} units are known here. "
    return f"{meant}{known}A new one is set up with interlock provision."


def serials_of(units: Units, texts: Iterable[str]) -> list[str]:
    """Serials of the units that are called so, each once, in this order."""
    return list(dict.fromkeys(serial_of(units, text) for text in texts))


def close(text: str, words: Iterable[str]) -> list[str]:
    """Those of these words that `text` may be a slip of, the nearest first."""
    by_fold = {word.casefold(): word for word in words}
    return [by_fold[found] for found in difflib.get_close_matches(text.casefold(), by_fold, n=3, cutoff=0.7)]


def did_you_mean(text: str, words: Iterable[str]) -> str:
    """`Do you mean hold_ms? `, or nothing."""
    found = close(text, words)
    return f"Do you mean {' or '.join(found)}? " if found else ""
