"""What the dock knows and has done: units, adapters, notices, counts, the last events. Everything that is shown comes
from a `Snapshot` of it."""

import datetime
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..store.store import Store
from ..vault.entries import COMMITTED, REVOKED
from ..vault.keyring import Book
from ..vault.vault import Vault
from .lanes import Lane
from .lights import HOUR_S, QUARANTINE, Known, Light, Setback, Trouble, judge, overdue

EVENTS_MAX = 200
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_FIRST_S = int((datetime.datetime(1000, 1, 1, tzinfo=datetime.UTC) - _EPOCH).total_seconds())
_LAST_S = int((datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC) - _EPOCH).total_seconds())
UNTRUE = "not to be trusted"
PAUSE_S = 30.0  # after a failure; doubled with each further one in a row
PAUSE_MAX_S = HOUR_S
CLOCK_SLACK_MS = 2000  # between two computers
MISSES = 3  # scans that did not hear a unit: until then it may have been the air
IN_RANGE_S = 60.0
IN_RANGE_MAX_S = 180.0  # while nobody listened


@dataclass(frozen=True)
class UnitShown:
    """`age_s`: since its last complete pull; `last_pull`: ISO 8601, UTC; `records`: of its journal, pulled; `officer`:
    None where it is not to be shown."""

    serial: str
    name: str
    role: str
    light: str
    reasons: tuple[str, ...]
    in_range: bool
    doing: str | None
    last_pull: str | None
    age_s: int | None
    records: int | None
    battery_mv: int | None
    clock_off_ms: int | None
    officer: str | None


@dataclass(frozen=True)
class Notice:
    """Something about the dock itself. `light`: yellow or red, or green for what is only said."""

    light: str
    text: str
    advice: str


@dataclass(frozen=True)
class AdapterShown:
    name: str
    links: int
    links_max: int
    trouble: str | None


@dataclass(frozen=True)
class Other:
    """A unit in range that is not of this vault; `state`: boxed, being set up, in service, unknown."""

    serial: str
    state: str


@dataclass(frozen=True)
class Event:
    """`utc`: ISO 8601; `serial`: None: of the dock."""

    utc: str
    serial: str | None
    light: str
    text: str


@dataclass(frozen=True)
class ForwardShown:
    """`to`: the server, without any password; `behind_s`: since when something waits for it, 0: nothing does;
    `trouble`: None: it answers, or was not asked yet."""

    to: str
    behind_s: int
    trouble: str | None


@dataclass(frozen=True)
class Snapshot:
    """All that is shown, at one instant; `light`: the gravest of all."""

    force: str
    person: str
    utc: str
    began: str
    light: str
    lights: dict[str, int]
    notices: tuple[Notice, ...]
    adapters: tuple[AdapterShown, ...]
    forward: ForwardShown | None
    units: tuple[UnitShown, ...]
    overdue: tuple[str, ...]
    others: tuple[Other, ...]
    counts: dict[str, int]
    failures: dict[str, int]
    events: tuple[Event, ...]


@dataclass
class Board:
    """`now_s`: a clock that never jumps; `utc_ms`: the host's; `notices`: by what they are about."""

    force: str
    person: str
    now_s: Callable[[], float]
    utc_ms: Callable[[], int]
    overdue_s: float
    role_names: dict[int, str]
    units: dict[str, Known] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    lanes: list[Lane] = field(default_factory=list)
    others: dict[str, tuple[float, str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=EVENTS_MAX))
    forward_to: str | None = None
    forward_behind_s: float | None = None
    forward_trouble: str | None = None
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    is_clock_in_doubt: bool = False

    def __post_init__(self) -> None:
        self.began_ms = self.utc_ms()

    # What is learned.

    def learn(self, vault: Vault, store: Store) -> Book | None:
        """Units as the vault has them now, and when the store says that each was pulled. The force's book, if this is
        its vault."""
        book = vault.book() if vault.person is None else None
        serials = vault.serials()
        if book is not None:
            for serial, entry in book.units.items():
                known = self.units.setdefault(serial, Known(serial, entry.name, entry.role))
                known.name, known.role = entry.name, entry.role
                known.is_revoked, known.in_service = entry.state == REVOKED, entry.state == COMMITTED
        for serial in serials:
            if serial not in self.units:
                _, role, name = vault.name(serial)
                self.units[serial] = Known(serial, name, role)
        self._learn_pulls(store)
        for serial in set(self.units) - set(serials):
            del self.units[serial]
        return book

    def _learn_pulls(self, store: Store) -> None:
        """What is dated in the future counts only where nothing else is known, and this host's own clock is in
        doubt."""
        now_s, now_ms = self.now_s(), self.utc_ms()
        past = store.last_pulled(now_ms + CLOCK_SLACK_MS)
        newest = store.last_pulled() if self.is_clock_in_doubt else {}
        for serial, unit in self.units.items():
            at_ms = past.get(serial)
            if at_ms is not None and (unit.pulled_ms is None or unit.is_dated_ahead or at_ms > unit.pulled_ms):
                unit.is_dated_ahead = False
                unit.pulled_ms, unit.pulled_s = at_ms, now_s - max(0, now_ms - at_ms) / 1000
            elif unit.pulled_ms is None and serial in newest:
                unit.pulled_ms, unit.pulled_s, unit.is_dated_ahead = newest[serial], now_s, True
            elif at_ms is None and unit.is_dated_ahead and not self.is_clock_in_doubt:
                unit.pulled_ms, unit.pulled_s, unit.is_dated_ahead = None, None, False

    def tell(self, text: str, serial: str | None = None, light: Light = Light.GREEN) -> None:
        """Something happened."""
        event = Event(iso(self.utc_ms()), serial, light.word, text)
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def notice(self, about: str, light: Light, text: str, advice: str = "") -> None:
        """Say something of the dock itself, until it is withdrawn."""
        found = Notice(light.word, text, advice)
        if self.notices.get(about) != found:
            self.notices[about] = found
            self.tell(f"{text}. {advice}" if advice else text, None, light)

    def withdraw(self, about: str) -> None:
        """It is not so any more."""
        if self.notices.pop(about, None) is not None:
            self.tell(f"over: {about}")

    def fail(self, unit: Known, kind: str, trouble: Trouble) -> None:
        """A visit of this unit failed: it waits for the next one of this kind, longer each time."""
        failures = 1 + (unit.setbacks[kind].failures if kind in unit.setbacks else 0)
        unit.hostile = unit.hostile or trouble.reason == UNTRUE
        pause_s = PAUSE_MAX_S if failures >= QUARANTINE else PAUSE_S * 2 ** (failures - 1)
        unit.setbacks[kind] = Setback(trouble, failures, self.now_s() + pause_s)
        self.failures[trouble.reason] += 1
        self.tell(f"{trouble.text}. {trouble.advice}", unit.serial, judge(unit, self.now_s(), self.overdue_s)[0])

    # What is shown.

    def in_range(self, unit: Known) -> bool:
        """Whether it was heard lately, or is being visited. While an adapter is kept from listening, silence says
        nothing."""
        if unit.doing is not None or unit.heard_s is None:
            return unit.doing is not None
        return self.now_s() - unit.heard_s <= (IN_RANGE_S if unit.missed >= MISSES else IN_RANGE_MAX_S)

    def light(self) -> Light:
        """The gravest of all."""
        lights = [judge(unit, self.now_s(), self.overdue_s)[0] for unit in self.units.values()]
        lights += [Light[notice.light.upper()] for notice in self.notices.values()]
        return max(lights, default=Light.GREEN)

    def snapshot(self, show_officers: bool = False) -> Snapshot:
        """The board as it is now: units that need somebody first."""
        now_s = self.now_s()
        shown = [self._unit(unit, now_s, show_officers) for unit in self.units.values()]
        shown.sort(key=lambda unit: (-Light[unit.light.upper()], natural(unit.serial)))
        late = overdue(list(self.units.values()), now_s, self.overdue_s)
        lights = Counter(unit.light for unit in shown)
        others = sorted(serial for serial, (at_s, _) in self.others.items() if now_s - at_s <= IN_RANGE_S)
        return Snapshot(
            self.force,
            self.person,
            iso(self.utc_ms()),
            iso(self.began_ms),
            self.light().word,
            {light.word: lights[light.word] for light in reversed(Light)},
            tuple(sorted(self.notices.values(), key=lambda notice: -Light[notice.light.upper()])),
            tuple(_adapter(lane) for lane in self.lanes),
            self._forward(now_s),
            tuple(shown),
            tuple(unit.serial for unit in late),
            tuple(Other(serial, self.others[serial][1]) for serial in others),
            dict(sorted(self.counts.items())),
            dict(sorted(self.failures.items())),
            tuple(reversed(self.events)),
        )

    def _unit(self, unit: Known, now_s: float, show_officers: bool) -> UnitShown:
        light, reasons = judge(unit, now_s, self.overdue_s)
        age_s = unit.age_s(now_s)
        return UnitShown(
            unit.serial,
            unit.name,
            self.role_names.get(unit.role, "?"),
            light.word,
            reasons,
            self.in_range(unit),
            unit.doing,
            None if unit.pulled_ms is None else iso(unit.pulled_ms),
            None if age_s is None else round(age_s),
            unit.following,
            unit.battery_mv,
            unit.clock_off_ms,
            unit.officer if show_officers else None,
        )

    def _forward(self, now_s: float) -> ForwardShown | None:
        if self.forward_to is None:
            return None
        behind_s = 0 if self.forward_behind_s is None else round(now_s - self.forward_behind_s)
        return ForwardShown(self.forward_to, behind_s, self.forward_trouble)


def _adapter(lane: Lane) -> AdapterShown:
    trouble = None if lane.trouble is None else f"{lane.trouble}. {lane.trouble.advice}"
    return AdapterShown(lane.name, lane.busy, lane.links, trouble)


def natural(serial: str) -> tuple[str | int, ...]:
    """A key to sort by: C9 before C10."""
    parts = re.split(r"(\d+)", serial)
    return tuple(int(part) if at % 2 else part for at, part in enumerate(parts))


def iso(utc_ms: int) -> str:
    """2026-05-31T08:00:00Z; what is beyond the calendar, which imported stores may hold, as its last or first day."""
    seconds = min(max(utc_ms // 1000, _FIRST_S), _LAST_S)
    return f"{_EPOCH + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def changed(before: Iterable[UnitShown], after: Iterable[UnitShown]) -> list[UnitShown]:
    """Those whose light or reasons are others than before."""
    known = {unit.serial: (unit.light, unit.reasons) for unit in before}
    return [unit for unit in after if known.get(unit.serial) != (unit.light, unit.reasons)]
