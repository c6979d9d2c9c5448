"""The report as values. Their names are the names in `--json`, and stay. Times: milliseconds.

Every time of a unit is a `Moment`; its `text` is what people read. What is null is not known, or did not happen.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from .figures import AlertCount, Apart, Breakdown, Company, Count, Headline, Quantiles, Row, Unlisted
from .grounds import Annotation, Cited, ClockOffset, Continuity, Ground, Moment
from .lanes import Bar, Lane, Mark, Timeline

__all__ = [
    "AlertCount",
    "Annotation",
    "Apart",
    "Bar",
    "Breakdown",
    "Cited",
    "ClockFit",
    "ClockOffset",
    "Company",
    "Continuity",
    "Count",
    "Event",
    "Finding",
    "Gap",
    "Ground",
    "Headline",
    "Incident",
    "Lane",
    "Mark",
    "Member",
    "Moment",
    "Quantiles",
    "Report",
    "Row",
    "Said",
    "Session",
    "Timeline",
    "Unit",
    "Unlisted",
    "Use",
]


@dataclass(frozen=True)
class Event:
    """A draw, arm or discharge. `after_ms`: since the first event of its use; `verdict`, `reason`: of any camera;
    `camera`: name of the one that shows it, or null; `in_touch`: whether that one is an own camera, or heard the weapon
    in this use, by its own word or the weapon's, null: none shows it; `own_*`: the same for the holster's own cameras;
    `late_by_ms` ± `late_by_u_ms`; `buffer_covers`: the pre-event buffer certainly reaches back to the event (null
    unless late); `witnesses`: other cameras that said by radio that they record; `alerts`: what the officer was told
    then, or would have been: "(muted)" says so; `aired`: false where a test mode or the policy kept it to the journal;
    `reference`: by which interlock annotate knows it; `contradicted`: the store holds another record under its number,
    too; `ground`, `own_ground`: why, record by record; `continuity`: of the recording that shows it, null unless
    before; `exempt`: the code of an annotation with a good signature, null: none, or it is before; `confirmed`: of a
    discharge, whether its pick-up was sure of it: false where the unit doubts it, null where that is not known."""

    reference: str
    sequence: int
    event: str
    at: Moment
    after_ms: int
    verdict: str
    reason: str
    camera: str | None
    in_touch: bool | None
    late_by_ms: int | None
    late_by_u_ms: int | None
    buffer_covers: bool | None
    own_verdict: str
    own_reason: str
    own_camera: str | None
    own_late_by_ms: int | None
    own_late_by_u_ms: int | None
    own_buffer_covers: bool | None
    witnesses: list[str]
    alerts: list[str]
    aired: bool
    contradicted: bool
    annotations: list[Annotation]
    ground: Ground
    own_ground: Ground
    continuity: Continuity | None
    exempt: str | None
    confirmed: bool | None


@dataclass(frozen=True)
class Member:
    """Who of the group was near: heard in the five minutes before the use's end, or before its begin by an own camera.
    `role`: holster or camera; `own`: the weapon's own camera; `ready`: its last readiness said so; `acked`,
    `witnessed`: in this use."""

    name: str
    role: str
    own: bool
    ready: bool
    acked: bool
    witnessed: bool


@dataclass(frozen=True)
class Use:
    """From the weapon's leaving to its return. `lasted_ms`: null when no return was journalled, or so late
    that nobody knows when it was; `version`: 1 for the
    main line of the unit's journal, higher for another version of it (see its findings); `own_cameras`: names, null
    when it is not known here which they are: the one assigned then, else those paired today. `officer`: to whom the
    weapon was assigned, null: to nobody by name. `coded`: "function test" or "test mode" where it is not counted among
    the others, else null; `cancelled`: the officer said that the draw was none; `crew`: null when no record tells;
    `lone`: no other camera of the group was near, null when that is not known. As the unit says itself, null where it
    does not: `heard_ms`, `recording_ms`: from the first event to the first ack of an own camera (null, too: none came);
    `late_acks`: such acks that came after their limit; `alerts`: how many it gave. `incident`: reference of the
    incident that it is part of; `team`: as the roster had the weapon then, null: in none, or that is not certain;
    `month`: 2026-11, of its beginning in UTC, null when its bounds leave more than one open; `offsets`: of each camera
    whose clock is tied to the weapon's; `end`: which record ended it, `row` then returned, or open; `pickup_faulty_ms`:
    for how long of it the unit says that its pick-up of discharges is faulty: some may be missing then, or false."""

    serial: str
    name: str
    unit: int
    version: int
    began: Moment
    lasted_ms: int | None
    own_cameras: list[str] | None
    officer: str | None
    coded: str | None
    cancelled: bool
    crew: list[Member] | None
    lone: bool | None
    heard_ms: int | None
    recording_ms: int | None
    late_acks: int | None
    alerts: int | None
    events: list[Event]
    timeline: Timeline
    incident: str
    team: str | None
    month: str | None
    offsets: list[ClockOffset]
    end: Ground
    pickup_faulty_ms: int


@dataclass(frozen=True)
class Gap:
    """Records `first` to `last` are not here; `explained`: the unit says that its memory was full."""

    first: int
    last: int
    explained: bool


@dataclass(frozen=True)
class ClockFit:
    """A boot's clock, fitted over its syncs. `drift_ppm` ± `drift_u_ppm` (95 %), positive: it runs fast; null: one sync
    says nothing of it; `residual_ms`: the largest distance of a sync from the fit; `u_ms`: of UTC at the boot's last
    record (95 %)."""

    boot: int
    syncs: int
    drift_ppm: float | None
    drift_u_ppm: float | None
    residual_ms: float
    u_ms: int


@dataclass(frozen=True)
class Unit:
    """`journal`: intact, altered, contradictory (intact, but not the only version, or not all that was there once) or
    not pulled; `clock`: set, partly set, not set, or contradictory: its syncs leave it open what the time was; `uses`:
    counted of it in this report; `assigned`: whom it was assigned to last, in words, null: to nobody, its paired units
    count; `team`: of its newest shift in the roster, null: in none; `overdue_days`: whole days since the last pull,
    null: never pulled; `is_overdue`: never, or more than the report's limit; `fits`: its clock, boot by boot;
    `pickup_faulty_ms`: for how long in all, as it says, its pick-up of discharges was faulty."""

    serial: str
    name: str
    unit: int
    role: str
    journal: str
    records: int
    last_pull_utc_ms: int | None
    last_pull: str
    boots: int
    boots_without_clock: int
    clock: str
    gaps: list[Gap]
    lost_records: int
    conflicts: int
    uses: int
    assigned: str | None
    team: str | None
    overdue_days: int | None
    is_overdue: bool
    fits: list[ClockFit]
    pickup_faulty_ms: int


@dataclass(frozen=True)
class Session:
    """Somebody at a unit. `credential`: set-up, admin or technician; `ended`: why, null when its end is not
    journalled; `lasted_ms`; `did`: what was asked and granted; `pulled_to`: sequence number behind the last record
    streamed, or null; `refused`: wrong secrets counted together, 0 in a session that was granted."""

    serial: str
    name: str
    at: Moment
    person: str | None
    credential: str | None
    ended: str | None
    lasted_ms: int | None
    did: list[str]
    pulled_to: int | None
    refused: int


@dataclass(frozen=True)
class Said:
    """What a unit wrote of itself or a partner beside any use. `about`: partner, mode, radio, assignment, policy,
    clock, self-test, or alert: a recording that was stopped by hand."""

    serial: str
    name: str
    at: Moment
    about: str
    text: str


@dataclass(frozen=True)
class Finding:
    """Something that an auditor must know. `serial`: null when it concerns no single unit."""

    serial: str | None
    name: str | None
    text: str


@dataclass(frozen=True)
class Incident:
    """Uses that belong together: they overlap in time and share a camera that followed them, or the units heard each
    other. `reference`: of its first event; `uses`: references of the first event of each; `serials`: of all units
    involved, weapons first; `timeline`: of all of them on the first weapon's clock."""

    reference: str
    began: Moment
    lasted_ms: int | None
    uses: list[str]
    serials: list[str]
    timeline: Timeline


@dataclass(frozen=True)
class Report:
    """`force`: whose, or null; `since`, `until`: what was certainly before, or after, is left out (null: nothing is);
    `is_public`: what identifies persons was left out; `overdue_after_days`: from when on a unit counts as overdue;
    `said`: of each unit, oldest first; `notes`: what limits the figures of this very report; `unlisted`: uses that
    count apart and are not among `uses`, where there are too many: they are in the figures."""

    made_utc_ms: int
    made: str
    force: str | None
    since_utc_ms: int | None
    since: str | None
    until_utc_ms: int | None
    until: str | None
    is_public: bool
    overdue_after_days: int
    headline: Headline
    breakdown: Breakdown
    incidents: list[Incident]
    uses: list[Use]
    units: list[Unit]
    findings: list[Finding]
    sessions: list[Session]
    said: list[Said]
    notes: list[str]
    unlisted: list[Unlisted] = field(default_factory=list)

    @property
    def owns_unknown(self) -> bool:
        """Whether of no use it is known here which cameras are the officer's own."""
        return bool(self.uses) and all(use.own_cameras is None for use in self.uses)

    def plain(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)
