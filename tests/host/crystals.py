"""Units' lives for tests of time: oscillators with rate, temperature and age, and hosts that read them with errors.

Not the model of `clocks/fit.py`: temperatures here follow shifts and weather, a tuning fork or an AT-cut crystal makes
rates of them, and a link's two legs differ by as much as they like. The truth is kept beside the journal.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from host_tools.clocks.unit_clock import DRIFT_PPM, UnitClock

from .books import Book, holster

HOUR = 3_600_000
DAY = 24 * HOUR
BEGINS = 1_800_000_000_000
STEP_MS = HOUR // 2
SHIFT_H = (8, 18)


@dataclass
class Life:
    """A unit's journal, and the truth of it by boot: UTC at each STEP_MS of uptime. `duty`: uptimes between which
    somebody asks what the time was; empty: at any moment."""

    book: Book = field(default_factory=holster)
    truth: dict[int, list[float]] = field(default_factory=dict)
    duty: list[tuple[int, int]] = field(default_factory=list)

    def utc_ms(self, boot: int, uptime_ms: float) -> float:
        steps = self.truth[boot]
        place = min(int(uptime_ms // STEP_MS), len(steps) - 2)
        within = uptime_ms / STEP_MS - place
        return steps[place] + (steps[place + 1] - steps[place]) * within


class Docked(NamedTuple):
    """A unit with a tuning fork that is docked where each shift begins, and nowhere else: so it is always read in the
    same phase of its temperature (degrees on the belt and in the locker). `often`: on which share of the shifts."""

    belt: float
    locker: float
    often: float = 1.0


class Kind(NamedTuple):
    """What a unit is. `most_ppm`: its crystal is off by up to so much; `fork`: a tuning fork of 32 kHz, else an AT-cut
    crystal of the radio's, None: either; `weather`: degrees out of doors, from and to; `leg`: by which share of u all
    syncs are off, None: anything; `docked`: another life, in which nothing of these but `leg` counts."""

    most_ppm: float = 80.0
    fork: bool | None = None
    weather: tuple[float, float] = (-10, 35)
    leg: float | None = None
    docked: Docked | None = None


ANY = Kind()


def life(chance: random.Random, kind: Kind = ANY) -> Life:
    """One to five boots of an hour to three weeks, read zero to twenty times each, at least once in all."""
    if kind.docked is not None:
        return _docked(chance, kind, kind.docked)
    made, begin_ms = Life(), float(BEGINS)
    ppm = chance.uniform(-kind.most_ppm, kind.most_ppm)
    rate_of, error = _oscillator(chance, kind.fork), _host(chance, kind.leg)
    for number in range(1, chance.randint(1, 5) + 1):
        if number > 1:
            made.book.reboot()
        lasts_ms = round(HOUR * 10 ** chance.uniform(0, 2.7))
        boot_ppm, weather = ppm + chance.gauss(0, 2), chance.uniform(*kind.weather)
        steps = range(lasts_ms // STEP_MS + 2)
        paces = [-(boot_ppm + rate_of(_kelvin(chance, begin_ms + step * STEP_MS, weather))) / 1e6 for step in steps]
        made.truth[number] = list(accumulate((STEP_MS * (1 + pace) for pace in paces), initial=begin_ms))
        often = chance.choice((0, 1, 1, 2, 3, 6, 20)) if number > 1 else chance.choice((1, 2, 4))
        for uptime_ms in sorted(chance.randrange(lasts_ms) for _ in range(often)):
            u_ms = chance.randint(15, 80)
            made.book.clock(uptime_ms, round(made.utc_ms(number, uptime_ms) + error() * (u_ms - 1)), u_ms)
        made.book.alert(lasts_ms, 1)
        begin_ms = made.utc_ms(number, lasts_ms) + chance.uniform(2_000, 2 * DAY)
    return made


def _docked(chance: random.Random, kind: Kind, where: Docked) -> Life:
    """One boot of two to four weeks of shifts on five days in seven, of ten hours, docked just before."""
    made, days, begin_ms = Life(), chance.randint(14, 28), float(BEGINS // DAY * DAY)
    ppm, error = chance.uniform(-20, 20), _host(chance, kind.leg)
    rate_of = _oscillator(chance, True)
    works = [day == 0 or (day % 7 < 5) for day in range(days)]
    paces = []
    for step in range(days * DAY // STEP_MS + 2):
        day, hour = step * STEP_MS // DAY, step * STEP_MS % DAY / HOUR
        is_out = day < days and works[day] and SHIFT_H[0] <= hour < SHIFT_H[1]
        kelvin = (where.belt if is_out else where.locker) + chance.gauss(0, 2)
        paces.append(-max(-DRIFT_PPM, min(DRIFT_PPM, ppm + rate_of(kelvin))) / 1e6)
    made.truth[1] = list(accumulate((STEP_MS * (1 + pace) for pace in paces), initial=begin_ms))
    for day in range(days):
        if not works[day]:
            continue
        if day == 0 or chance.random() < where.often:
            at_ms, u_ms = day * DAY + round(chance.uniform(7.5, 8) * HOUR), chance.randint(15, 80)
            made.book.clock(at_ms, round(made.utc_ms(1, at_ms) + error() * (u_ms - 1)), u_ms)
        made.duty.append((day * DAY + SHIFT_H[0] * HOUR, day * DAY + SHIFT_H[1] * HOUR))
    made.book.alert(days * DAY, 1)
    return made


def _oscillator(chance: random.Random, fork: bool | None) -> Callable[[float], float]:
    """ppm by temperature."""
    if chance.random() < 0.5 if fork is None else fork:
        return lambda kelvin: -0.034 * (kelvin - 25) ** 2
    tilt = chance.uniform(-0.15, 0.15)
    return lambda kelvin: tilt * (kelvin - 25) + 1e-4 * (kelvin - 25) ** 3


def _host(chance: random.Random, leg: float | None) -> Callable[[], float]:
    """Errors of syncs as shares of their u: anywhere, or by a leg that is longer at each visit."""
    if leg is None and chance.random() < 0.5:
        return lambda: chance.uniform(-1, 1)
    share = chance.uniform(-0.9, 0.9) if leg is None else leg
    return lambda: share + chance.uniform(-0.1, 0.1)


def _kelvin(chance: random.Random, utc_ms: float, weather: float) -> float:
    """Degrees (of Celsius) of a unit: on duty by day, near a body and out of doors; in a locker by night."""
    hour = utc_ms % DAY / HOUR
    return (
        0.45 * 30 + 0.55 * weather + chance.gauss(0, 3) if SHIFT_H[0] <= hour < SHIFT_H[1] else 19 + chance.gauss(0, 1)
    )


class Told(NamedTuple):
    """What was said of one moment. `miss_ms`: the truth less what was stated; `certain_ms`: half of what is certain;
    `is_certain`: the truth lies in it."""

    miss_ms: float
    u_ms: int
    certain_ms: float
    is_certain: bool


def told(made: Life, chance: random.Random, moments: int) -> list[Told]:
    """At so many moments of each boot that was ever set, on duty where that is known."""
    clock, found = UnitClock(made.book.records), []
    for boot in clock.boots:
        if boot in clock.unset:
            continue
        last_ms = max(record.uptime_ms for record in made.book.records if record.boot == boot)
        for _ in range(moments):
            uptime_ms = chance.randint(*(chance.choice(made.duty) if made.duty else (0, last_ms)))
            utc, span, true_ms = clock.at(boot, uptime_ms), clock.span(boot, uptime_ms), made.utc_ms(boot, uptime_ms)
            assert utc is not None and span is not None
            found.append(
                Told(true_ms - utc.utc_ms, utc.u_ms, (span.high - span.low) / 2, span.low <= true_ms <= span.high)
            )
    return found
