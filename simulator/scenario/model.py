"""A scenario as checked data: what `parsing.py` makes of TOML and `world.py` plays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from interlock.core.settings import Policy

EPOCH = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
"""UTC when a world begins, unless its scenario says otherwise."""
LAPTOP = "laptop"
"""The technician's laptop, unless it has its own name."""


@dataclass(frozen=True)
class Recorder:
    """The body-worn camera on a camera unit."""

    buffer_ms: int = 30_000
    start_delay_ms: int = 900
    wake_delay_ms: int = 3_000
    audio: bool = True
    kind: str = "momentary"


@dataclass(frozen=True)
class Unit:
    """`number` is its place in the group (1 ...); `cameras`: ids of a holster's own cameras. `boxed`: it has only its
    label yet; the technician sets it up and pairs it. `clock_ppm`: how much too fast its crystal runs; `facing_deg`:
    which way its wearer looks, from the x axis, None where there is no body."""

    id: str
    number: int
    role: int
    at_m: tuple[float, float]
    cameras: tuple[str, ...] = ()
    recorder: Recorder | None = None
    boxed: bool = False
    clock_ppm: float = 0.0
    facing_deg: float | None = None

    @property
    def serial(self) -> bytes:
        return self.id.encode().ljust(8)


@dataclass(frozen=True)
class Event:
    """Something that happens to a unit, its weapon or its recorder, to the air or to a laptop. `within_s`: it happens
    at some instant of that length from `at_s` on, which the world's seed decides."""

    at_s: float
    unit: str
    do: str
    args: Mapping[str, Any] = field(default_factory=dict)
    within_s: float = 0.0


@dataclass(frozen=True)
class Technician:
    """Who comes with a laptop `name`, and stands there."""

    name: str
    at_m: tuple[float, float]


@dataclass(frozen=True)
class Scenario:
    """`technicians`: none when nobody comes; `begins`: UTC at its time 0; `scan_duty`: which share of its scan interval
    each camera unit's radio really listens; `clocks`: boards have calendars with a battery, which are right at the
    beginning; `flashed`: units run releases from file systems of their own, by the loader, as flashing leaves them."""

    name: str
    about: str
    profile: str
    duration_s: float
    loss: float
    secret: str
    policy: Policy
    units: tuple[Unit, ...]
    events: tuple[Event, ...]
    technicians: tuple[Technician, ...] = ()
    begins: datetime = EPOCH
    scan_duty: float = 1.0
    clocks: bool = False
    flashed: bool = False

    def unit(self, unit_id: str) -> Unit:
        return next(unit for unit in self.units if unit.id == unit_id)
