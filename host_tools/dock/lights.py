"""What is known of one unit, and the light that it gets for it: pure rules, no clock, no radio.

Red: somebody has to act, and evidence may be at stake. Yellow: something is due soon or wrong in a small way. Green:
pulled, verified, charged, up to date. The reasons are said in words, the gravest first.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from interlock.core.settings import ROLE_CAMERA
from interlock.core.wire import FLAG_TALLY, STATUS_FLAG_NAMES

PULL, BRING, ASSIGN = "pull", "bring", "assign"  # kinds of visits
HOUR_S = 3600.0
CLOCK_BAD_MS = 1000
FAILING = 2  # in a row, until then it may have been the air
QUARANTINE = 5
SOON = 0.75  # of the overdue time
SIGNATURES_LOW = 16
TALLY = STATUS_FLAG_NAMES[FLAG_TALLY]


class Light(IntEnum):
    """In the order of gravity."""

    GREEN = 0
    YELLOW = 1
    RED = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Trouble:
    """Why a visit failed. `reason`: one word or two, from a small set, for counting."""

    reason: str
    text: str
    advice: str


@dataclass
class Setback:
    """Visits of one kind that failed, `failures` in a row; none before `not_before_s`."""

    trouble: Trouble
    failures: int
    not_before_s: float


@dataclass
class Known:
    """One own unit. Times (`_s`) are of a clock that never jumps; `pulled_ms`: UTC, for people. None: never, unknown.

    `findings`: kind to text, of pulls and of checks of its journal; `pending`: what waits to be brought to it, in
    words; `officer`: who has it now, by the roster; `rostered`: its partner by that, once it was brought; `assigned`:
    its partner by its own word; `setbacks`: by kind of visit; `doing`: what the dock is at with it;
    `heard_by`: the adapter that heard it last; `missed`: how many scans of that one did not hear it since, the first of
    them at `missed_s`; `is_dated_ahead`: `pulled_ms` was in the future when it was learned; `cable_undone`: why the
    last cable check could not be done."""

    serial: str
    name: str
    role: int
    in_service: bool = True
    is_revoked: bool = False
    heard_s: float | None = None
    heard_by: str | None = None
    missed: int = 0
    missed_s: float | None = None
    rssi: int | None = None
    arrived: bool = False
    pulled_s: float | None = None
    pulled_ms: int | None = None
    is_dated_ahead: bool = False
    following: int | None = None
    verified_to: int | None = None
    battery_mv: int | None = None
    flags: tuple[str, ...] = ()
    clock_off_ms: int | None = None
    clock: str | None = None
    clock_set_s: float | None = None
    signatures: int | None = None
    assigned: str | None = None
    rostered: str | None = None
    officer: str | None = None
    pending: tuple[str, ...] = ()
    findings: dict[str, str] = field(default_factory=dict)
    cable: str | None = None
    cable_text: str = ""
    cable_undone: str = ""
    cable_s: float | None = None
    setbacks: dict[str, Setback] = field(default_factory=dict)
    hostile: bool = False
    doing: str | None = None

    @property
    def failures(self) -> int:
        """Pulls that failed, in a row."""
        return self.setbacks[PULL].failures if PULL in self.setbacks else 0

    @property
    def is_quarantined(self) -> bool:
        return self.hostile or self.failures >= QUARANTINE

    def hear(self, now_s: float) -> None:
        """It was heard, by a scan or in a session."""
        self.heard_s, self.missed, self.missed_s = now_s, 0, None

    def miss(self, now_s: float) -> None:
        """A scan that should have heard it did not."""
        self.missed += 1
        self.missed_s = now_s if self.missed_s is None else self.missed_s

    def may(self, kind: str, now_s: float) -> bool:
        """Whether a visit of this kind need not wait for an earlier failure's sake."""
        return kind not in self.setbacks or now_s >= self.setbacks[kind].not_before_s

    def age_s(self, now_s: float) -> float | None:
        """Since the last complete pull."""
        return None if self.pulled_s is None else max(0.0, now_s - self.pulled_s)


def judge(unit: Known, now_s: float, overdue_s: float) -> tuple[Light, tuple[str, ...]]:
    """The unit's light, and all reasons for it; of a green one what is well."""
    reasons = [*_red(unit, now_s, overdue_s)]
    light = Light.RED if reasons else Light.GREEN
    yellow = [*_yellow(unit, now_s, overdue_s)]
    if yellow and light is Light.GREEN:
        light = Light.YELLOW
    if light is Light.GREEN:
        return light, ("pulled and verified",)
    return light, (*reasons, *yellow)


def is_overdue(unit: Known, now_s: float, overdue_s: float) -> bool:
    """Whether a unit in service was not pulled for too long."""
    age_s = unit.age_s(now_s)
    return unit.in_service and not unit.is_revoked and (age_s is None or age_s > overdue_s)


def overdue(units: list[Known], now_s: float, overdue_s: float) -> list[Known]:
    """Those that are, the ones that were never pulled first, then those that wait longest."""
    late = [unit for unit in units if is_overdue(unit, now_s, overdue_s)]
    return sorted(late, key=lambda unit: (unit.pulled_s is not None, -(unit.age_s(now_s) or 0.0), unit.serial))


def _red(unit: Known, now_s: float, overdue_s: float) -> list[str]:
    found = list(unit.findings.values())
    if unit.is_revoked:
        found.append("revoked: it counts no more; keep it as evidence")
    setback = unit.setbacks.get(PULL)
    if setback is not None and (unit.is_quarantined or setback.failures >= FAILING):
        said = f"not pulled in {setback.failures} attempts: {setback.trouble.text}"
        found.append(f"quarantined: {said}" if unit.is_quarantined else said)
    if unit.cable == "failed":
        found.append(f"cable check failed: {unit.cable_text}")
    if "sensor fault" in unit.flags:
        found.append("it reports a sensor fault")
    if is_overdue(unit, now_s, overdue_s):
        age_s = unit.age_s(now_s)
        found.append("never pulled" if age_s is None else f"overdue: not pulled for {duration(age_s)}")
    return found


def _yellow(unit: Known, now_s: float, overdue_s: float) -> list[str]:
    found = []
    age_s = unit.age_s(now_s)
    for kind, setback in unit.setbacks.items():
        if not setback.failures:
            continue  # the host was at fault, and says so itself
        if kind != PULL:
            found.append(f"{setback.trouble.reason} failed {setback.failures} times: {setback.trouble.text}")
        elif not unit.is_quarantined and setback.failures < FAILING:
            found.append(f"the last visit failed: {setback.trouble.text}")
    if not unit.in_service and not unit.is_revoked:
        found.append("not wholly set up")
    if age_s is not None and SOON * overdue_s < age_s <= overdue_s:
        found.append(f"overdue soon: not pulled for {duration(age_s)}")
    if unit.clock == "refused":
        found.append("its clock is off, and it lets only the force's vault make it jump")
    elif unit.clock == "kept" and unit.clock_off_ms is None:
        found.append("its clock is not set")
    elif unit.clock == "kept" and abs(unit.clock_off_ms or 0) > CLOCK_BAD_MS:
        found.append(f"its clock is {(unit.clock_off_ms or 0) / 1000:+.1f} s off")
    if unit.cable_undone:
        found.append(f"cable check not done: {unit.cable_undone}")
    if TALLY in unit.flags and unit.role & ROLE_CAMERA:
        found.append("its recorder's tally was on in the dock: it records, or the tally sticks on")
    if "low battery" in unit.flags:
        found.append("low battery" + (f" ({unit.battery_mv} mV)" if unit.battery_mv else ""))
    if unit.signatures is not None and unit.signatures < SIGNATURES_LOW:
        found.append(f"its key has {unit.signatures} signatures left")
    found += [f"waits for {what}" for what in unit.pending]
    if unit.rostered is not None and unit.assigned not in (None, unit.rostered):
        found.append(f"assigned to {unit.assigned} by somebody, by the roster to {unit.rostered}")
    if unit.following is not None and (unit.verified_to or 0) < unit.following and not unit.findings:
        found.append("not verified yet")
    return found


def duration(seconds: float) -> str:
    """38 s, 12 min, 5 h, 3 days."""
    for word, size in (("days", 24 * HOUR_S), ("h", HOUR_S), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
