"""What a report's verdicts rest on, as values: moments, records cited, continuity, clocks, and what people say. Part of
`model.py`, whose promises hold here, too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """`boot`, `uptime_ms`: on the unit's clock; `utc_ms` ± `u_ms` (95 %): UTC since 1970, null where this boot's clock
    was never set; `not_before_ms` and `not_after_ms` bound it with certainty, as far as known (a record was past when
    it was pulled)."""

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
    in `rows.CODES`; `utc_ms`: when it was said, by that computer's clock; `at`: the same in words. `signature`: good,
    by a key that the force vouches for; stranger, good, by a key that nobody vouches for; forged, it does not fit;
    none. `key`: the first 16 digits of the public key, null: none. `confirmed_by`: the second person, whose own
    signature is good, null: nobody; `doubts`: what speaks against it, in words: the same person, an unknown key."""

    code: str
    text: str
    by: str
    utc_ms: int
    at: str
    signature: str
    key: str | None
    confirmed_by: str | None
    confirmed_utc_ms: int | None
    doubts: list[str]


@dataclass(frozen=True)
class Cited:
    """A record that a verdict rests on. `serial`: of the unit whose journal has it; `says`: what it shows here, in
    words; `at_ms`: on the weapon's clock since the first event of the use, null where nothing ties the clocks."""

    serial: str
    name: str
    sequence: int
    kind: str
    says: str
    at_ms: int | None


@dataclass(frozen=True)
class Ground:
    """Why a verdict is what it is. `row`: of the truth table (`host_tools/FIGURES.md`); `condition`: the same in words,
    as it was met; `cited`: the records, in the order of the argument."""

    row: str
    condition: str
    cited: list[Cited]


@dataclass(frozen=True)
class Continuity:
    """Whether the recording that shows an event went on from it until the weapon was back. `state`: unbroken, broken,
    unknown; `breaks`: from and to, ms since the first event of the use, null: it did not go on; `reason`: in words;
    `cited`: the records."""

    state: str
    breaks: list[tuple[int, int | None]]
    reason: str
    cited: list[Cited]


@dataclass(frozen=True)
class ClockOffset:
    """How far a camera's clock was ahead of the weapon's at the first event: `ms` ± `u_ms` (95 %), certainly within
    `low_ms` .. `high_ms`; `by`: radio, UTC, or both."""

    camera: str
    serial: str
    boot: int
    ms: int
    u_ms: int
    low_ms: int
    high_ms: int
    by: str
