"""What a played scenario leaves: the truth of the world, and what each flash holds. Times are virtual microseconds."""

from dataclasses import dataclass, field

from interlock.core.journal import Reading, Record

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
    """One thing that the technician did. `note`: its outcome in a line."""

    do: str
    unit: str
    start_us: int
    end_us: int
    succeeded: bool
    note: str


@dataclass(frozen=True)
class Frame:
    """A payload's first PDU on the air. `event`, `counter`: of a unit frame; None for an ack."""

    source: str
    at_us: int
    event: int | None
    counter: int | None


@dataclass(frozen=True)
class UnitRun:
    """One unit at the end. `boot_zero_us`: virtual time at which the uptime of each of its boots began."""

    unit: Unit
    reading: Reading
    heap_peak: int
    boot_zero_us: dict[int, int]
    alerts_us: list[int]
    recordings: list[Interval]

    def when_us(self, record: Record) -> int:
        """Virtual time at which a record of this unit was made."""
        return self.boot_zero_us[record.boot] + record.uptime_ms * 1000


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
    pdus_us: dict[str, list[int]]
    air: dict[str, int]
    visits: list[Visit] = field(default_factory=list)

    def unit(self, unit_id: str) -> UnitRun:
        return next(unit for unit in self.units if unit.unit.id == unit_id)
