"""A timeline as values: lanes of marks and bars on one clock. Part of `model.py`, whose promises hold here, too.
`timeline.py` makes one of a use, `incidents.py` one of several; `svg.py` draws them."""

from dataclasses import dataclass


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
