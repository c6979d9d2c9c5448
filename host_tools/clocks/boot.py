"""One boot of one unit, as its journal shows it: how long it lasted, its syncs, and times that were past already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from interlock.core import frames, records
from interlock.core.layout import Record

from .cones import Cones
from .crystal import DRIFT_PPM, USUAL, Rates, carried
from .reading import Reading
from .spans import Bound, Span

BEGAN_MS, ENDS_MS = 1_577_836_800_000, 4_102_444_800_000
"""2020 and 2100: no unit was made before, none will last so long. Any other time is no reading of a clock that was
right."""


class Floor(NamedTuple):
    """At this uptime `utc_ms` was past."""

    at_ms: int
    utc_ms: int
    sequence: int


class Heard(NamedTuple):
    """A partner said at this uptime that it was `utc_ms`, to the slot of `frames.TIME_SLOT_MS`."""

    at_ms: int
    utc_ms: int
    sender: int
    sequence: int


@dataclass
class Boot:
    """`readings`: in order of uptime, those that count; `calendar`: the board's own; `impossible`: syncs to a time at
    which no unit was in service; `others`: UTC less uptime as clocks of other units have it that contradict this one.
    `rates`: what its oscillator may do; `cones`: None without a reading that counts."""

    number: int
    last_ms: int = 0
    readings: list[Reading] = field(default_factory=list)
    calendar: list[Reading] = field(default_factory=list)
    impossible: list[Reading] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    others: Sequence[Bound] = ()
    rates: Rates = USUAL
    is_fast: bool = False
    cones: Cones | None = None

    def settle(self, rates: Rates) -> None:
        """From now on bounds follow from these rates."""
        self.rates = rates
        self.cones = Cones(self.readings, rates) if self.readings else None

    @property
    def contradicts(self) -> bool:
        return self.cones is not None and (self.cones.clash is not None or bool(self.others))

    def span(self, uptime_ms: float) -> Span | None:
        """Certain bounds of UTC at this uptime."""
        if self.cones is None:
            return None
        # Nothing proves which clock was wrong: it is open between them.
        said = [self.cones.ahead(uptime_ms), *(carried(bound, uptime_ms, self.rates) for bound in self.others)]
        return Span(uptime_ms + min(ahead.low for ahead in said), uptime_ms + max(ahead.high for ahead in said))

    def floor_ms(self) -> float | None:
        """A UTC that was past at this boot's uptime 0, at the latest known; None: not known."""
        slow = 1 + self.rates.high_ppm / 1e6
        return max((floor.utc_ms - floor.at_ms * slow for floor in self.floors), default=None)


def boots_of(journal: Sequence[Record]) -> list[Boot]:
    """All boots of a journal, in its order; none is settled yet."""
    boots: dict[int, Boot] = {}
    for record in journal:
        boot = boots.get(record.boot)
        if boot is None:
            boot = boots[record.boot] = Boot(record.boot)
        boot.last_ms = max(boot.last_ms, record.uptime_ms)
        if record.kind in (records.CLOCK, records.FLOOR, records.TIME_HEARD):
            _take(boot, record)
    _weigh_calendars(list(boots.values()))
    return list(boots.values())


def _take(boot: Boot, record: Record) -> None:
    fields, at_ms = record.fields(), record.uptime_ms
    if fields is None:
        return
    if record.kind == records.FLOOR:
        if _is_possible(fields.utc_ms):
            boot.floors.append(Floor(at_ms, fields.utc_ms, record.sequence))
    elif record.kind == records.TIME_HEARD:
        boot.heard.append(Heard(at_ms, fields.slot * frames.TIME_SLOT_MS, fields.sender, record.sequence))
    else:
        by_board = fields.credential == records.BY_BOARD
        reading = Reading(
            at_ms - fields.at_ago_ms, fields.utc_ms, fields.uncertainty_ms, record.sequence, by_board
        )  # fmt: skip
        if _is_possible(reading.utc_ms):
            (boot.calendar if by_board else boot.readings).append(reading)
        else:
            boot.impossible.append(reading)


def _is_possible(utc_ms: int) -> bool:
    return BEGAN_MS <= utc_ms < ENDS_MS


def _weigh_calendars(boots: Sequence[Boot]) -> None:
    last: Reading | None = None
    for boot in boots:
        boot.readings.sort()
        if boot.readings:
            last = max(boot.readings, key=lambda reading: reading.utc_ms)
        elif boot.calendar and last is not None:  # since when it runs by itself, nothing else says
            kept_ms = abs(boot.calendar[0].utc_ms - last.utc_ms)
            boot.readings = [r._replace(u_ms=r.u_ms + round(kept_ms * DRIFT_PPM / 1e6)) for r in boot.calendar]
