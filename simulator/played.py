"""What a played scenario leaves: the truth of the world, and what each flash holds. Times are virtual microseconds."""

import math
from array import array
from dataclasses import dataclass, field

from interlock.core.layout import Record
from interlock.core.reading import Reading

from .body_camera import Interval
from .scenario import Scenario, Unit


@dataclass(frozen=True)
class WeaponEvent:
    """What a weapon really did: draw, arm, discharge, holster."""

    unit: str
    event: str
    at_us: int


@dataclass(frozen=True)
class Happening:
    """Anything else that the scenario made happen, for people to read in a timeline."""

    unit: str
    text: str
    at_us: int


@dataclass(frozen=True)
class Visit:
    """One thing that a technician did. `note`: its outcome in a line; `camera`: which unit it was paired with, or
    assigned to until `until_us`."""

    do: str
    unit: str
    start_us: int
    end_us: int
    succeeded: bool
    note: str
    camera: str | None = None
    until_us: int | None = None


@dataclass(frozen=True)
class Frame:
    """A payload's first PDU on the air. `event`, `counter`: of a unit frame; None for an ack."""

    source: str
    at_us: int
    event: int | None
    counter: int | None


@dataclass(frozen=True)
class UnitRun:
    """One unit at the end, under the number that it was set up with. `boot_zero_us`: virtual time at which the uptime
    of each of its boots began; `alerts_us`, `warnings_us`: when it buzzed for long, and shortly; `lights_us`: when
    its light went on; `drifts`: (since
    virtual us, ppm that its clock runs too fast), the first since 0; `seal_keys`: first keys of its journal's eras that
    it was made with."""

    unit: Unit
    reading: Reading
    heap_peak: int
    boot_zero_us: dict[int, int]
    alerts_us: list[int]
    recordings: list[Interval]
    drifts: tuple[tuple[int, float], ...] = ((0, 0.0),)
    seal_keys: tuple[bytes, ...] = ()
    warnings_us: list[int] = field(default_factory=list)
    lights_us: list[int] = field(default_factory=list)

    def when_us(self, record: Record) -> int:
        """Virtual time at which a record of this unit was made."""
        return self.at_us(record.boot, record.uptime_ms)

    def at_us(self, boot: int, uptime_ms: float) -> int:
        """Virtual time at which a boot's uptime came to this, by the unit's own crystal."""
        now_us, left_us = float(self.boot_zero_us[boot]), uptime_ms * 1000
        ends = [since_us for since_us, _ in self.drifts[1:]] + [math.inf]
        for (_, ppm), end_us in zip(self.drifts, ends, strict=True):
            rate = 1 + ppm / 1e6
            if now_us < end_us:
                if now_us + left_us / rate <= end_us:
                    return round(now_us + left_us / rate)
                left_us -= (end_us - now_us) * rate
                now_us = end_us
        raise AssertionError("the last drift has no end")


@dataclass(frozen=True)
class Run:
    """A played scenario. Times are virtual microseconds."""

    scenario: Scenario
    seed: int
    vm: str
    virtual_us: int
    units: list[UnitRun]
    weapon_events: list[WeaponEvent]
    happenings: list[Happening]
    frames: list[Frame]
    pdus_us: "dict[str, array[int]]"
    air: dict[str, int]
    visits: list[Visit] = field(default_factory=list)

    def unit(self, unit_id: str) -> UnitRun:
        return next(unit for unit in self.units if unit.unit.id == unit_id)

    def own_cameras(self, unit_id: str, at_us: int) -> tuple[str, ...]:
        """The camera units that were a holster unit's own at this instant: an assignment that is in force decides, else
        its last pairing."""
        done = [visit for visit in self.visits if visit.unit == unit_id and visit.succeeded and visit.end_us <= at_us]
        for visit in reversed(done):
            in_force = visit.do == "pair" or (visit.do == "assign" and at_us < (visit.until_us or 0))
            if in_force and visit.camera is not None:
                return (visit.camera,)
        return self.unit(unit_id).unit.cameras
