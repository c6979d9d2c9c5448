"""Which units are to be set up as what: a table with a label or serial, a role and a name for each, or a rule by the
beginning of the serial (`H=holster,C=camera`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interlock.core.settings import ROLE_NAMES

from .. import table_file
from ..label import PREFIX, SERIAL, Label
from ..outcome import ToolError
from ..vault.fields import NAME_BYTES
from .layouts import understand
from .reading import check_private

ROLES = {name: role for role, name in ROLE_NAMES.items()}
HEADINGS = {
    "label": ("label", "serial", "unit", "unit serial"),
    "role": ("role", "kind", "type"),
    "name": ("name", "called"),
}


@dataclass(frozen=True)
class Plan:
    """`roles`, `names`: by serial in capitals; `prefixes`: role by how a serial begins; `labels`: those of the
    table."""

    roles: Mapping[str, int]
    names: Mapping[str, str]
    prefixes: Mapping[str, int]
    labels: tuple[Label, ...]

    def role(self, serial: str) -> int | None:
        """What this unit is to be; of several beginnings that fit the longest one says."""
        folded = serial.upper()
        if folded in self.roles:
            return self.roles[folded]
        fits = [prefix for prefix in self.prefixes if folded.startswith(prefix)]
        return self.prefixes[max(fits, key=len)] if fits else None

    def name(self, serial: str) -> str | None:
        """What this unit is to be called."""
        return self.names.get(serial.upper())


NOTHING = Plan({}, {}, {}, ())


def role_of(text: str) -> int:
    """The role of this name. ToolError for what is none."""
    if text not in ROLES:
        raise ToolError(f"{text!r} is no role", f"Roles are {', '.join(ROLES)}.")
    return ROLES[text]


def read(argument: str) -> Plan:
    """`H=holster,C=camera`, or a table's file."""
    if "=" in argument and not table_file.is_file(argument):
        return Plan({}, {}, _prefixes(argument), ())
    path = table_file.place(argument)
    return parse(table_file.read(path), path)


def _prefixes(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in text.split(","):
        prefix, _, role = (word.strip() for word in part.partition("="))
        if not SERIAL.fullmatch(prefix):
            raise ToolError(f"{prefix!r} is no beginning of a serial", "Such as --roles H=holster,C=camera.")
        if found.setdefault(prefix.upper(), role_of(role)) != role_of(role):
            raise ToolError(f"what begins with {prefix} has two roles", "A role is for good: say which it is.")
    return found


def parse(data: bytes, path: Path) -> Plan:
    """The plan in a table. ToolError that tells everything that is wrong with it, by line."""
    table = table_file.rows(data, "label,role,name")
    places = table_file.columns(table[0], HEADINGS, ("label",))
    errors: list[tuple[int, str]] = []
    roles: dict[str, int] = {}
    names: dict[str, str] = {}
    labels: list[Label] = []
    lines: dict[str, int] = {}
    for number, cells in table[1:]:

        def cell(what: str, cells: list[str] = cells) -> str:
            return next((cells[at].strip() for at in places[what] if at < len(cells)), "")

        try:
            label = _label(cell("label"), path)
            serial = (label if isinstance(label, str) else label.serial).upper()
            if lines.setdefault(serial, number) != number:
                raise ToolError(f"{serial} is in line {lines[serial]}, too", "")
            if cell("role"):
                roles[serial] = role_of(cell("role").lower())
            if cell("name"):
                names[serial] = _name(cell("name"))
        except ToolError as error:
            errors.append((number, str(error)))
            continue
        labels += [] if isinstance(label, str) else [label]
    if errors:
        raise table_file.wrong(str(path), errors)
    return Plan(roles, names, {}, tuple(labels))


def _label(text: str, path: Path) -> Label | str:
    """The label in this cell, or the serial."""
    if text.upper().startswith(f"{PREFIX}:"):
        check_private(path)
        return understand(text).label
    if not SERIAL.fullmatch(text):
        raise ToolError(f"{text!r} is neither a label nor a serial", "")
    return text


def _name(text: str) -> str:
    if len(text) > NAME_BYTES or not (text.isascii() and text.isprintable()):
        raise ToolError(f"{text!r} is no unit's name: 1 to {NAME_BYTES} printable ASCII characters", "")
    return text
