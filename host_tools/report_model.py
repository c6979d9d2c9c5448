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
class Event:
    """A draw, arm or discharge. `after_ms`: since the first event of its use; `verdict`, `reason`: of any camera;
    `camera`: name of the one that shows it, or null; `own_*`: the same for the holster's own cameras; `late_by_ms`
    ± `late_by_u_ms`; `buffer_covers`: the pre-event buffer certainly reaches back to the event (null unless late);
    `witnesses`: other cameras that said by radio that they record; `alerts`: what the officer was told then."""

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


@dataclass(frozen=True)
class Mark:
    """A moment on a lane. `kind`: draw, arm, discharge, reholster, out, stow, alert, heard, recording, refused,
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
class Use:
    """From the weapon's leaving to its return. `lasted_ms`: null when no return was journalled; `version`: 1 for the
    main line of the unit's journal, higher for another version of it (see its findings); `own_cameras`: names, null
    when it is not known here which they are."""

    serial: str
    name: str
    unit: int
    version: int
    began: Moment
    lasted_ms: int | None
    own_cameras: list[str] | None
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
class Headline:
    discharges: Count
    arms: Count
    draws: Count


@dataclass(frozen=True)
class Gap:
    """Records `first` to `last` are not here; `explained`: the unit says that its memory was full."""

    first: int
    last: int
    explained: bool


@dataclass(frozen=True)
class Unit:
    """`journal`: intact, altered, contradictory (intact, but not the only version, or not all that was there once) or
    not pulled; `clock`: set, partly set, not set, or contradictory; `uses`: counted of it in this report."""

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
class Finding:
    """Something that an auditor must know. `serial`: null when it concerns no single unit."""

    serial: str | None
    name: str | None
    text: str


@dataclass(frozen=True)
class Report:
    """`force`: whose, or null; `since`: uses and sessions certainly before it are left out (null: none); `notes`: what
    limits the figures of this very report."""

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
    notes: list[str]

    def plain(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)
