"""A roster as a table in a file: officer, team, unit, from, to. All that is wrong with it is said at once, by line.

It comes out of spreadsheets, so what they do is met: a byte order mark, semicolons, tabs, code page 1252, headings in
other words. What could be read in two ways is not guessed: days are written 2026-05-31, and an hour that a change of
clocks leaves out is refused; one that comes twice is told.
"""

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from interlock.core import wire

from .. import table_file
from ..label import SERIAL
from ..naming import close, serial_of
from ..outcome import ToolError
from ..person import PERSON
from . import rules as roster
from .rules import RosterRow

if TYPE_CHECKING:
    from ..vault.vault import Vault

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "officer": (
        "officer",
        "officer id",
        "collar",
        "collar number",
        "collar no",
        "shoulder number",
        "person",
        "pc",
        "id",
    ),
    "team": ("team", "shift", "group", "section", "relief"),
    "unit": ("unit", "serial", "unit serial", "device", "equipment", "holster", "camera", "bwv"),
    "from": ("from", "start", "begin", "begins", "starts", "on"),
    "to": ("to", "until", "end", "till", "ends", "off"),
}
"""What a column may be called; there may be several of units, such as holster and camera."""

NEEDED = ("officer", "unit", "from", "to")
TEAM_MAX = 40


@dataclass(frozen=True)
class Known:
    """The units of a vault that are not revoked, read once: (number, role, name) by serial. It is `naming.Units`.
    `revoked`: serials of the others."""

    units: Mapping[str, tuple[int, int, str]]
    revoked: Collection[str] = ()

    @classmethod
    def of(cls, vault: "Vault") -> "Known":
        revoked = [serial for serial in vault.serials() if vault.is_revoked(serial)]
        return cls({serial: vault.name(serial) for serial in vault.serials() if serial not in revoked}, revoked)

    @property
    def roles(self) -> dict[str, int]:
        """By serial, as `rules.py` wants them."""
        return {serial: role for serial, (_, role, _) in self.units.items()}

    def serials(self) -> list[str]:
        return sorted(self.units)

    def name(self, serial: str) -> tuple[int, int, str]:
        return self.units[serial]


@dataclass(frozen=True)
class Parsed:
    """`notes`: what was decided and may surprise, by line; `zone`: in which times without an offset were taken."""

    rows: tuple[RosterRow, ...]
    notes: tuple[str, ...]
    zone: str


class _Line(NamedTuple):
    number: int
    row: RosterRow


def zone_of(name: str | None) -> datetime.tzinfo | None:
    """The time zone of this name; None: this host's own."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ToolError(
            f"{name!r} is no time zone that this host knows",
            "Such as --tz Europe/London or --tz UTC (on Windows the package tzdata has them: pip install tzdata).",
        ) from error


def parse(
    data: bytes,
    units: Known,
    zone: datetime.tzinfo | None = None,
    standing: Callable[[Sequence[RosterRow]], Sequence[RosterRow]] = lambda _: (),
) -> Parsed:
    """The rows of the table in `data`. `standing`: gives the rows beside which these new ones must fit. ToolError that
    tells everything that is wrong, by line; then nothing of it may be used."""
    table = table_file.rows(data, ", ".join(NEEDED))
    columns = table_file.columns(table[0], HEADINGS, NEEDED, several=("unit",))
    errors: list[tuple[int, str]] = []
    notes: list[tuple[int, str]] = []
    lines: list[_Line] = []
    for number, cells in table[1:]:
        lines += _Reader(number, cells, columns, units, zone, errors, notes).rows()
    fresh = _once(lines, notes)
    if fresh:
        errors += _conflicts(fresh, units, standing([line.row for line in fresh]))
    if not errors and not fresh:
        errors.append((table[0][0], "below the headings there is no row"))
    if errors:
        raise table_file.wrong("this roster", errors)
    told = tuple(f"line {number}: {text}" for number, text in sorted(set(notes)))
    return Parsed(tuple(sorted(line.row for line in fresh)), told, zone_text(zone))


def zone_text(zone: datetime.tzinfo | None) -> str:
    """What people call it."""
    if zone is not None:
        return str(zone)
    return datetime.datetime.now().astimezone().tzname() or "this host's own"


# From cells to rows.


@dataclass
class _Reader:
    """One line of the table."""

    number: int
    cells: list[str]
    columns: dict[str, list[int]]
    units: Known
    zone: datetime.tzinfo | None
    errors: list[tuple[int, str]]
    notes: list[tuple[int, str]]

    def rows(self) -> list[_Line]:
        officer = self._officer()
        team = self._cell("team")
        if len(team) > TEAM_MAX or not team.isprintable():
            self._object(f"team {team[:TEAM_MAX]!r} is longer than {TEAM_MAX} characters, or has strange ones")
        serials = self._serials()
        from_s, to_s = self._time("from"), self._time("to")
        if from_s is not None and to_s is not None:
            self._check_span(from_s, to_s)
        if officer is None or from_s is None or to_s is None or from_s >= to_s:
            return []
        return [_Line(self.number, RosterRow(serial, officer, team, from_s, to_s)) for serial in serials]

    def _cell(self, what: str) -> str:
        return next((self.cells[at].strip() for at in self.columns[what] if at < len(self.cells)), "")

    def _object(self, text: str) -> None:
        self.errors.append((self.number, text))

    def _officer(self) -> str | None:
        officer = self._cell("officer")
        if not officer:
            self._object("no officer is named")
            return None
        if not PERSON.fullmatch(officer):
            self._object(f"officer {officer!r}: units note 1 to 8 ASCII characters without blanks, such as PC1234")
            return None
        return officer

    def _serials(self) -> list[str]:
        named = [self.cells[at].strip() for at in self.columns["unit"] if at < len(self.cells)]
        named = [name for name in named if name]
        if not named:
            self._object("no unit is named")
        return [serial for serial in map(self._serial, named) if serial is not None]

    def _serial(self, name: str) -> str | None:
        if name.casefold() in (serial.casefold() for serial in self.units.revoked):
            self._object(f"{name} is revoked")
            return None
        try:
            serial = serial_of(self.units, name)
            if SERIAL.fullmatch(name) and serial.casefold() != name.casefold():
                self.notes.append((self.number, f"{name} is no serial here: {serial} is taken, which is called so"))
            return serial
        except ToolError as error:
            known = self.units
            words = [*known.serials(), *(known.name(serial)[2] for serial in known.serials())]
            like = [word for word in close(name, words) if word.casefold() != name.casefold()]
            self._object(f"{error}{f' (do you mean {like[0]}?)' if like else ''}")
            return None

    def _check_span(self, from_s: int, to_s: int) -> None:
        if from_s >= to_s:
            self._object(f"it ends ({self._cell('to')}) before it begins ({self._cell('from')})")
        elif to_s - from_s > wire.ASSIGN_MAX_S:
            self._object(f"it lasts longer than units are assigned for: {wire.ASSIGN_MAX_S // 86400} days")

    def _time(self, what: str) -> int | None:
        text = self._cell(what)
        if not text:
            self._object(f"no '{what}' is said")
            return None
        try:
            if len(text) <= len("2026-05-31"):
                raise ValueError("a day without a time")
            found = datetime.datetime.fromisoformat(text)
        except ValueError:
            self._object(f"'{what}' is {text!r}: write day and time as 2026-05-31 06:00")
            return None
        if found.tzinfo is not None:
            return int(found.timestamp())
        return self._local(what, found)

    def _local(self, what: str, naive: datetime.datetime) -> int | None:
        """A time by the zone's clocks. Of an hour that comes twice, a shift has both."""
        try:
            earlier, later = (self._utc(naive, fold) for fold in (0, 1))
            is_real = earlier.astimezone(self.zone).replace(tzinfo=None) == naive
        except (OverflowError, OSError, ValueError):
            self._object(f"'{what}' is {self._cell(what)!r}: no such time can be told")
            return None
        if earlier == later:
            return int(earlier.timestamp())
        if not is_real:
            self._object(f"'{what}' is {naive:%Y-%m-%d %H:%M}, which the change of clocks leaves out that day")
            return None
        taken = "first" if what == "from" else "second"
        self.notes.append((self.number, f"{naive:%Y-%m-%d %H:%M} comes twice that night: '{what}' is the {taken}"))
        return int((earlier if what == "from" else later).timestamp())

    def _utc(self, naive: datetime.datetime, fold: int) -> datetime.datetime:
        return naive.replace(tzinfo=self.zone, fold=fold).astimezone(datetime.UTC)


# Rows beside each other.


def _once(lines: Sequence[_Line], notes: list[tuple[int, str]]) -> list[_Line]:
    """The same, each row once."""
    first: dict[RosterRow, int] = {}
    for number, row in lines:
        if row in first:
            notes.append((number, f"says the same as line {first[row]}"))
        first.setdefault(row, number)
    return [_Line(number, row) for row, number in first.items()]


def _conflicts(lines: Sequence[_Line], units: Known, standing: Sequence[RosterRow]) -> list[tuple[int, str]]:
    """What does not resolve, by the last line that takes part in it."""
    numbers = {row: number for number, row in lines}
    found: dict[tuple[RosterRow, ...], tuple[int, str]] = {}
    for problem in roster.problems([*numbers, *standing], units.roles):
        where = sorted({numbers[row] for row in problem.rows if row in numbers})
        if not where or problem.rows in found:  # no line's fault; the same, said of the other officer
            continue
        beside = [f"line {number}" for number in where[:-1]]
        if any(row not in numbers for row in problem.rows):
            beside.append("the roster that stands")
        found[problem.rows] = where[-1], f"{problem.officer} {problem.text}{_beside(beside)}"
    return list(found.values())


def _beside(words: Sequence[str]) -> str:
    return f" (with {', '.join(words)})" if words else ""
