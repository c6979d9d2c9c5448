"""The report as values. Their names are the names in `--json`, and stay. Times: milliseconds.

Every time of a unit is a `Moment`; its `text` is what people read. What is null is not known, or did not happen.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Moment:
    """`boot`, `uptime_ms`: on the unit's clock; `utc_ms` ± `u_ms`: UTC since 1970, null where this boot's clock was
    never set; then `not_before_ms` and `not_after_ms` bound it, as far as known (a record was past when it was pulled).
    """

    boot: int
    uptime_ms: int
    utc_ms: int | None
    u_ms: int | None
    not_before_ms: int | None
    not_after_ms: int | None
    text: str


@dataclass(frozen=True)
class Annotation:
    """What a person said of an event, and did not withdraw: it stands beside the verdict and changes none. `code`: as
    in `rows.CODES`; `utc_ms`: when it was said, by that computer's clock; `at`: the same in words."""

    code: str
    text: str
    by: str
    utc_ms: int
    at: str


@dataclass(frozen=True)
class Event:
    """A draw, arm or discharge. `after_ms`: since the first event of its use; `verdict`, `reason`: of any camera;
    `camera`: name of the one that shows it, or null; `own_*`: the same for the holster's own cameras; `late_by_ms`
    ± `late_by_u_ms`; `buffer_covers`: the pre-event buffer certainly reaches back to the event (null unless late);
    `witnesses`: other cameras that said by radio that they record; `alerts`: what the officer was told then, or would
    have been: "(muted)" says so; `aired`: false where a test mode or the policy kept it to the journal; `reference`: by
    which interlock annotate knows it; `contradicted`: the store holds another record under its number, too."""

    reference: str
    sequence: int
    event: str
    at: Moment
    after_ms: int
    verdict: str
    reason: str
    camera: str | None
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


@dataclass(frozen=True)
class Mark:
    """A moment on a lane. `kind`: draw, arm, discharge, reholster, out, stow, cancel, alert, heard, recording, refused,
    witness; `label`: in words."""

    at_ms: int
    kind: str
    label: str


@dataclass(frozen=True)
class Bar:
    """A recording on the weapon's clock: it began in `start_low_ms` .. `start_high_ms` and ended in `end_low_ms` ..
    `end_high_ms` (null: the journal does not say). `proven`: its unit believed the tally; `buffer_ms`: how far the
    pre-event buffer reaches back before it."""

    start_low_ms: int
    start_high_ms: int
    end_low_ms: int
    end_high_ms: int | None
    proven: bool
    buffer_ms: int


@dataclass(frozen=True)
class Lane:
    """`kind`: weapon, alerts, own or other (camera)."""

    name: str
    kind: str
    marks: list[Mark]
    bars: list[Bar]


@dataclass(frozen=True)
class Timeline:
    """Milliseconds since the first event of the use, on the weapon's clock."""

    from_ms: int
    to_ms: int
    lanes: list[Lane]


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
    """From the weapon's leaving to its return. `lasted_ms`: null when no return was journalled; `version`: 1 for the
    main line of the unit's journal, higher for another version of it (see its findings); `own_cameras`: names, null
    when it is not known here which they are: the one assigned then, else those paired today. `officer`: to whom the
    weapon was assigned, null: to nobody by name. `coded`: "function test" or "test mode" where it is not counted among
    the others, else null; `cancelled`: the officer said that the draw was none; `crew`: null when no record tells;
    `lone`: no other camera of the group was near, null when that is not known. As the unit says itself, null where it
    does not: `heard_ms`, `recording_ms`: from the first event to the first ack of an own camera (null, too: none came);
    `late_acks`: such acks that came after their limit; `alerts`: how many it gave."""

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


@dataclass(frozen=True)
class Count:
    """Of so many events the cameras show: video before, late, none, or nothing certain. `late_covered`: of the late
    ones, those whose start is in the pre-event buffer; `own_before`: by the holster's own cameras."""

    total: int
    before: int
    late: int
    late_covered: int
    unwitnessed: int
    indeterminate: int
    own_before: int


@dataclass(frozen=True)
class Apart:
    """Uses that are coded, and what happened in them."""

    uses: int
    discharges: int
    arms: int
    draws: int


@dataclass(frozen=True)
class Company:
    """Uses by officers alone, by officers with another camera of the group near, and those of which nobody knows."""

    lone: int
    crewed: int
    unknown: int


@dataclass(frozen=True)
class Headline:
    """`draws`: without those that were cancelled, which are in `cancelled_draws`; what is in `function_tests` and
    `test_mode`, is in none of the others; `company`: of all uses but these and the cancelled ones."""

    discharges: Count
    arms: Count
    draws: Count
    cancelled_draws: Count
    function_tests: Apart
    test_mode: Apart
    company: Company


@dataclass(frozen=True)
class Gap:
    """Records `first` to `last` are not here; `explained`: the unit says that its memory was full."""

    first: int
    last: int
    explained: bool


@dataclass(frozen=True)
class Unit:
    """`journal`: intact, altered, contradictory (intact, but not the only version, or not all that was there once) or
    not pulled; `clock`: set, partly set, not set, or contradictory; `uses`: counted of it in this report; `assigned`:
    whom it was assigned to last, in words, null: to nobody, its paired units count."""

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
class Report:
    """`force`: whose, or null; `since`: what was certainly before it is left out (null: nothing is); `said`: of each
    unit, oldest first; `notes`: what limits the figures of this very report."""

    made_utc_ms: int
    made: str
    force: str | None
    since_utc_ms: int | None
    since: str | None
    headline: Headline
    uses: list[Use]
    units: list[Unit]
    findings: list[Finding]
    sessions: list[Session]
    said: list[Said]
    notes: list[str]

    @property
    def owns_unknown(self) -> bool:
        """Whether of no use it is known here which cameras are the officer's own."""
        return bool(self.uses) and all(use.own_cameras is None for use in self.uses)

    def plain(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)
