"""The report's figures as values: what is counted, of whom. Part of `model.py`, whose promises hold here, too.

How each is reckoned from the uses is in `host_tools/FIGURES.md`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantiles:
    """Of `count` times in ms: the smallest that is not less than half, 90 %, 99 % of them, and the largest; null where
    there is none."""

    count: int
    p50_ms: int | None
    p90_ms: int | None
    p99_ms: int | None
    max_ms: int | None


@dataclass(frozen=True)
class Count:
    """Of so many events the cameras show: video before, late, none, or nothing certain. `before_untouched`: of those
    before, the ones that only a camera shows which is no own one and did not hear the weapon in that use;
    `late_covered`: of the late ones, those whose start is in the pre-event buffer; `late_by`: by how much they were;
    `own_*`: by the holster's own cameras; `exempt`: of those that are not before, how many somebody gave an exemption
    code, `exempt_confirmed`: and a second person confirmed; of those before, `unbroken`: video ran on until the weapon
    was back, `broken`: it did not, `unknown_end`: nobody knows; `unconfirmed`: discharges that the unit's pick-up did
    not confirm, `unconfirmed_before`: of these before. They are in all other figures."""

    total: int
    before: int
    before_untouched: int
    late: int
    late_covered: int
    late_by: Quantiles
    unwitnessed: int
    indeterminate: int
    own_before: int
    own_late: int
    own_unwitnessed: int
    own_indeterminate: int
    exempt: int
    exempt_confirmed: int
    unbroken: int
    broken: int
    unknown_end: int
    unconfirmed: int
    unconfirmed_before: int


@dataclass(frozen=True)
class Apart:
    """Uses that are coded, and what happened in them."""

    uses: int
    discharges: int
    arms: int
    draws: int


@dataclass(frozen=True)
class Unlisted:
    """So many uses of a weapon in a month that count apart, as `coded` says, and are not listed one by one: there are
    too many. `month`, `team`: as of a use, null where not known; what happened in them as in `Apart`."""

    serial: str
    month: str | None
    team: str | None
    coded: str
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
class AlertCount:
    """How often officers were alerted of this in uses that count; `muted`: of these journalled, and neither seen nor
    felt."""

    name: str
    given: int
    muted: int


@dataclass(frozen=True)
class Headline:
    """`draws`: without those that were cancelled, which are in `cancelled_draws`; what is in `function_tests` and
    `test_mode`, is in none of the others; `company`: of all uses but these and the cancelled ones.
    `without_training`: the discharges again, without those that one person said were training or a test and a second
    one confirmed: the headline itself leaves nothing out for what people say. `pickup_faulty_uses`,
    `pickup_faulty_ms`: uses that count in which a pick-up of discharges was faulty, and for how long of them."""

    discharges: Count
    arms: Count
    draws: Count
    cancelled_draws: Count
    function_tests: Apart
    test_mode: Apart
    company: Company
    without_training: Count
    heard: Quantiles
    """Reaction: from a use's first event to the first ack of an own camera, as the weapon's unit says."""
    recording: Quantiles
    """Reaction: from a use's first event to the first proof that an own camera records, as the weapon's unit says."""
    unanswered: int
    """Uses that count, were aired, and of which the unit says that no own camera answered."""
    alerts: list[AlertCount]
    pickup_faulty_uses: int
    pickup_faulty_ms: int


@dataclass(frozen=True)
class Row:
    """The headline of a part of the uses. `key`: `2026-11`, a unit's serial, a team's name; `unknown` where the month,
    or the team, is not known; `name`: for people; `uses`: how many there are, those that count apart included."""

    key: str
    name: str
    uses: int
    headline: Headline

    @property
    def counted(self) -> int:
        """Of its uses, those that do not count apart."""
        return self.uses - self.headline.function_tests.uses - self.headline.test_mode.uses


@dataclass(frozen=True)
class Breakdown:
    """Each use is in one row of each: by month (UTC) of its beginning, by weapon, by team as the roster had it then."""

    months: list[Row]
    units: list[Row]
    teams: list[Row]
