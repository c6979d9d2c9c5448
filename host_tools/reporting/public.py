"""A report for everybody: the same figures, without what identifies persons.

Units get pseudonyms, whose order is a new one in each report and follows from nothing that is published. Serials,
numbers, officers, whoever came to a unit or said something, their words, times of day, how each clock runs, numbers of
records (`public_numbers.py`): all of it is left out. Every text that this module does not know is scrubbed
(`public_text.py`), so that a field that is new to the report does not leak; lists are in the order of pseudonyms
(`public_order.py`). Teams of fewer than TEAM_MIN weapons are put together.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from ..store.rows import CODES
from ..time_words import DAY_MS, utc_text
from . import public_numbers, public_order
from .breakdown import breakdown
from .model import Annotation, Moment, Report, Unit, Use
from .public_text import A_PERSON, Scrubber
from .public_words import word

TEAM_MIN = 5
OTHER_TEAMS = "other teams"
A_SECOND_PERSON = "a second person"
DOUBT = "there is a doubt about it, which the force's own report states"
UNKNOWN_DAY = "on a day that is not known"
WORDS = (
    *("event", "verdict", "own_verdict", "exempt", "row", "state", "by", "kind", "coded", "month", "role", "journal"),
    *("clock", "label"),
)
"""Fields whose values are the report's own vocabulary."""


def public(report: Report, persons: Iterable[str] = ()) -> Report:
    """The public version. `persons`: names that must not be in it, beside those that are in the report."""
    names = _pseudonyms(report)
    by_number = {unit.unit: names[unit.serial] for unit in report.units if unit.unit}
    called = {unit.name: names[unit.serial] for unit in reversed(report.units)} | names
    places = public_numbers.of_records(report)
    scrubber = Scrubber(called, by_number, {*persons, *_persons(report)}, places)
    walk = _Walk(names, called, scrubber, _teams(report), places)
    uses = public_order.uses(walk.use(use) for use in report.uses)
    units = sorted((walk.unit(unit) for unit in report.units), key=lambda unit: public_order.place(unit.serial))
    unlisted = public_order.unlisted(walk.value(report.unlisted))
    return replace(
        report,
        is_public=True,
        breakdown=breakdown(uses, units, unlisted),
        unlisted=unlisted,
        incidents=public_order.incidents(walk.value(report.incidents)),
        uses=uses,
        units=units,
        findings=public_order.findings(walk.value(report.findings)),
        sessions=[],
        said=[],
        notes=walk.value(report.notes),
    )


def _pseudonyms(report: Report) -> dict[str, str]:
    """By serial: of every unit that the report names. What they are ordered by follows from the whole report, which
    nobody has who has the public one only."""
    salt = hashlib.sha256(repr(report).encode(errors="backslashreplace")).digest()
    roles = {unit.serial: unit.role for unit in report.units}
    for serial in [use.serial for use in report.uses] + [more.serial for more in report.unlisted]:
        roles.setdefault(serial, "holster")
    for serial in (serial for incident in report.incidents for serial in incident.serials):
        roles.setdefault(serial, "camera")
    mixed = sorted(roles, key=lambda serial: hashlib.sha256(salt + serial.encode(errors="backslashreplace")).digest())
    counts: dict[str, int] = {}
    names = {}
    for serial in mixed:
        kind = {"holster": "Holster", "camera": "Camera", "combined": "Combined"}.get(roles[serial], "Unit")
        counts[kind] = counts.get(kind, 0) + 1
        names[serial] = f"{kind} {counts[kind]}"
    return names


def _persons(report: Report) -> Iterable[str]:
    for session in report.sessions:
        yield session.person or ""
    for use in report.uses:
        yield use.officer or ""
        for said in (said for event in use.events for said in event.annotations):
            yield said.by
            yield said.confirmed_by or ""


def _teams(report: Report) -> Mapping[str | None, str | None]:
    """What each team is called, None: what is in no team. So many are put together that those together have TEAM_MIN
    weapons, too, where there are so many: else who knows all other figures could reckon theirs."""
    weapons: dict[str | None, set[str]] = {}
    for unit in report.units:
        weapons.setdefault(unit.team, set())
        if unit.role != "camera":
            weapons[unit.team].add(unit.serial)
    for team, serial in [(use.team, use.serial) for use in report.uses] + [
        (more.team, more.serial) for more in report.unlisted
    ]:
        weapons.setdefault(team, set()).add(serial)
    together: set[str | None] = set()
    of_them: set[str] = set()
    for team in sorted(weapons, key=lambda team: (len(weapons[team]), team or "")):
        if not weapons[team] and team is None:
            continue  # cameras only: no figure is of them
        if len(weapons[team]) < TEAM_MIN or 0 < len(of_them) < TEAM_MIN:
            together.add(team)
            of_them |= weapons[team]
    if together == {None} == set(weapons):
        return {None: None}
    return {team: OTHER_TEAMS if team in together else team for team in weapons}


class _Walk:
    """Through values, field by field. `names`: by serial; `called`: by name, too; `teams`: what each is called;
    `places`: of records, as `public_numbers.py` has them."""

    def __init__(
        self,
        names: Mapping[str, str],
        called: Mapping[str, str],
        scrubber: Scrubber,
        teams: Mapping[str | None, str | None],
        places: Mapping[tuple[str, int], int],
    ) -> None:
        self._names, self._called, self._places = names, called, places
        self._text = scrubber.text
        self._ways: dict[type, Callable[[Any], Any]] = {
            **dict.fromkeys((bool, int, float, type(None)), _itself),
            str: scrubber.text,
            list: lambda values: [self.value(value) for value in values],
            tuple: lambda values: tuple(self.value(value) for value in values),
            Moment: day,
            Annotation: _annotation,
        }
        self._rules: dict[str, Callable[[Any], Any]] = {
            "serial": self._serial,
            "serials": lambda serials: [self._serial(serial) for serial in serials],
            "name": self._name,
            "camera": self._name,
            "own_camera": self._name,
            "own_cameras": self._some_names,
            "witnesses": self._some_names,
            "reference": scrubber.reference,
            "incident": scrubber.reference,
            "uses": lambda of: [scrubber.reference(one) for one in of] if isinstance(of, list) else of,
            "officer": lambda _: None,
            "assigned": lambda _: None,
            "team": lambda team: teams[team],
            "fits": lambda _: [],
            "offsets": lambda _: [],
            "last_pull_utc_ms": _day_of,
            "records": public_numbers.roughly,
            **dict.fromkeys(("boots", "boots_without_clock"), public_numbers.roughly),
            "gaps": public_numbers.sizes,
            "alerts": lambda alerts: [self._word(alert) for alert in alerts] if isinstance(alerts, list) else alerts,
            **dict.fromkeys(WORDS, self._word),
        }

    def _word(self, value: str | None) -> str | None:
        """What the report's own vocabulary has is not scrubbed: a unit may be called "before"."""
        return value if value is None or word(value) else self._text(value)

    def value(self, value: Any) -> Any:
        kind = type(value)
        if kind not in self._ways:
            self._ways[kind] = self._fields_of(kind)
        return self._ways[kind](value)

    def _fields_of(self, kind: Any) -> Callable[[Any], Any]:
        """How to go through a dataclass. Where it has a serial, its name is that unit's: names may be there twice."""
        if issubclass(kind, str):
            return lambda text: self._text(str(text))
        names = [field.name for field in fields(kind)]
        rules: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
            (attrgetter("serial"), self._serial)
            if name in ("name", "camera") and "serial" in names
            else (attrgetter(name), self._rules.get(name, self.value))
            for name in names
        ]
        if "sequence" in names:
            rules[names.index("sequence")] = public_numbers.place_of, self._places.__getitem__
        return lambda of: kind(*[rule(got(of)) for got, rule in rules])

    def use(self, use: Use) -> Use:
        made: Use = self.value(use)
        return replace(made, unit=_number(made.serial))

    def unit(self, unit: Unit) -> Unit:
        made: Unit = self.value(unit)
        return replace(made, unit=_number(made.serial))

    def _serial(self, serial: str | None) -> str | None:
        return None if serial is None else self._names.get(serial, "Another unit")

    def _name(self, name: str | None) -> str | None:
        return None if name is None else self._called.get(name) or self._text(name)

    def _some_names(self, names: Collection[str] | None) -> list[str] | None:
        return None if names is None else [self._name(name) or "" for name in names]


def _itself(value: Any) -> Any:
    return value


def _number(pseudonym: str) -> int:
    return int(pseudonym.rpartition(" ")[2])


def _day_of(utc_ms: int | None) -> int | None:
    return None if utc_ms is None else utc_ms // DAY_MS * DAY_MS


def day(at: Moment) -> Moment:
    """The day, in UTC, that it was on; `u_ms` covers it. On the unit's own clock nothing is told."""
    low = _day_of(at.not_before_ms)
    high = None if at.not_after_ms is None else -(-at.not_after_ms // DAY_MS) * DAY_MS
    if at.utc_ms is None or at.u_ms is None:
        return Moment(0, 0, None, None, low, high, UNKNOWN_DAY)
    begin = at.utc_ms // DAY_MS * DAY_MS
    first, last = (at.utc_ms - at.u_ms) // DAY_MS * DAY_MS, -(-(at.utc_ms + at.u_ms) // DAY_MS) * DAY_MS
    return Moment(0, 0, begin, max(begin - first, last - begin), low, high, _date(begin))


def _date(utc_ms: int) -> str:
    return utc_text(utc_ms)[:10]


def _annotation(said: Annotation) -> Annotation:
    confirmed = said.confirmed_by is not None
    return Annotation(
        code=said.code if said.code in CODES else "other",
        text="",
        by=A_PERSON,
        utc_ms=said.utc_ms // DAY_MS * DAY_MS,
        at=_date(said.utc_ms),
        signature=said.signature,
        key=None,
        confirmed_by=A_SECOND_PERSON if confirmed else None,
        confirmed_utc_ms=_day_of(said.confirmed_utc_ms),
        doubts=[DOUBT] * bool(said.doubts),
    )
