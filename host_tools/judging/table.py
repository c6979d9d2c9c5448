"""The verdict as a table: what is known of a recording beside an event, to what it shows. DESIGN §8, and nothing else.

before         a recording contains the event, proven by the protocol or clear of the clocks' uncertainty
late           a recording starts after the event and before the weapon's return + 10 s; never upgraded
unwitnessed    every relevant journal is here and shows neither
indeterminate  the clocks straddle, a camera's journal is missing or gapped, a tally proves nothing, or a journal is
               altered where it would show more

`decide` is pure and total: the first row whose conditions are met decides. Of several recordings, and of several
cameras, the row that comes first in `BEST` counts. `host_tools/FIGURES.md` shows the table, made from this.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

GRACE_MS = 10_000
"""A recording that starts so long after the weapon's return still counts as late, and no later one."""


class Verdict(StrEnum):
    BEFORE = "before"
    LATE = "late"
    UNWITNESSED = "unwitnessed"
    INDETERMINATE = "indeterminate"


class Seen(StrEnum):
    """What shows the recording."""

    ACK = "ack"
    """An ack whose order to the event the protocol proves: no clock of another unit is needed."""
    JOURNAL = "journal"
    """The camera unit's journal, by clocks that are tied to the weapon's."""
    NOTHING = "nothing"
    """Neither: this camera shows no recording."""
    NOBODY = "nobody"
    """There is no camera at all."""


class Start(StrEnum):
    """Where the start of the recording lies."""

    BEFORE = "at or before"
    AFTER = "after"
    STRADDLES = "straddles"
    UNTIED = "untied"
    """Nothing ties the camera's clock to the weapon's."""
    CONTRADICTED = "contradicted"
    """What the camera answered says both that it had begun and that it had not."""


class End(StrEnum):
    """Where the end of the recording lies."""

    REACHES = "at or after"
    BEFORE = "before"
    STRADDLES = "straddles"
    OPEN = "open"
    """The journal stops, or has a gap, while it recorded, and before the event."""


class Within(StrEnum):
    """Whether the start lies within the use: until the weapon's return + GRACE_MS."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Facts(NamedTuple):
    """What is known of one recording beside one event. `proven`: the unit believed the tally; `covered`: nothing is
    missing in the camera's journal that could be of this use; `sound`: none of the records that place it, of either
    unit, is altered or contradicted. Where nothing is seen, only `covered` says anything."""

    seen: Seen
    start: Start = Start.UNTIED
    end: End = End.OPEN
    within: Within = Within.UNKNOWN
    proven: bool = True
    covered: bool = True
    sound: bool = True


@dataclass(frozen=True)
class Row:
    """`name`: stable, for programs; `when`: field of the facts -> the values that it may have; a field that is not
    there may have any; `says`: the reason in words."""

    name: str
    verdict: Verdict
    says: str
    when: Mapping[str, tuple[object, ...]]

    def is_met(self, facts: Facts) -> bool:
        return all(getattr(facts, field) in values for field, values in self.when.items())


def _row(name: str, verdict: Verdict, says: str, **when: object) -> Row:
    values = {field: value if isinstance(value, tuple) else (value,) for field, value in when.items()}
    return Row(name, verdict, says, MappingProxyType(values))


_B, _L, _U, _I = Verdict.BEFORE, Verdict.LATE, Verdict.UNWITNESSED, Verdict.INDETERMINATE
NOT_COVERED = "the camera unit's journal is missing or gapped"
UNSOUND = "a journal that this rests on is altered or contradicted there: it proves nothing"
CONTRADICTED = "two answers of the camera contradict each other: neither proves anything"

ROWS = (
    _row("no-camera", _U, "no camera", seen=Seen.NOBODY),
    _row("not-covered", _I, NOT_COVERED, seen=Seen.NOTHING, covered=False),
    _row("no-recording", _U, "the journals show no recording", seen=Seen.NOTHING),
    _row("ended-before", _U, "the journals show no recording at the event", end=End.BEFORE),
    _row("too-late", _U, "the journals show no recording at the event", start=Start.AFTER, within=Within.NO),
    # Unwitnessed stays what it is: else to alter the weapon's journal would take it out of the figure.
    _row("unsound", _I, UNSOUND, sound=False),
    _row("contradicted", _I, CONTRADICTED, start=Start.CONTRADICTED),
    _row("untied", _I, "a recording whose clock nothing ties to the weapon's", start=Start.UNTIED),
    _row(
        "unproven-late",
        _I,
        "the tally was on, but proves nothing: never seen off, or it did not follow",
        proven=False,
        start=Start.AFTER,
    ),
    _row(
        "unproven-tally",
        _I,
        "the tally was on, but proves nothing: never seen off, or it did not follow",
        proven=False,
    ),
    _row(
        "before-protocol",
        _B,
        "recording already, acknowledged on the air",
        seen=Seen.ACK,
        start=Start.BEFORE,
        end=End.REACHES,
    ),
    _row(
        "before-clocks",
        _B,
        "recording already, in the camera unit's journal",
        seen=Seen.JOURNAL,
        start=Start.BEFORE,
        end=End.REACHES,
    ),
    _row(
        "end-open",
        _I,
        "the camera unit's journal does not say how long it recorded",
        start=Start.BEFORE,
        end=End.OPEN,
    ),
    _row(
        "end-straddles",
        _I,
        "by the clocks the recording may have ended before the event",
        start=Start.BEFORE,
        end=End.STRADDLES,
    ),
    _row(
        "return-unknown",
        _I,
        "nothing says whether it began in time after the weapon's return",
        start=Start.AFTER,
        within=Within.UNKNOWN,
    ),
    _row("late", _L, "recording after the event", start=Start.AFTER, within=Within.YES),
    _row("straddles", _I, "the clocks straddle the event", start=Start.STRADDLES),
)
"""The first row that is met decides; one always is."""

BEST = (
    *("before-protocol", "before-clocks"),
    # What is not known may have been better than late: late is claimed only where none of these is left open ...
    *("straddles", "end-straddles", "end-open", "unproven-tally", "unsound", "contradicted", "untied"),
    "not-covered",
    "late",
    # ... which these are not: whatever they were, it was no recording before the event.
    *("return-unknown", "unproven-late"),
    *("ended-before", "too-late", "no-recording", "no-camera"),
)
"""Of several recordings or cameras the row that comes first here."""

_ROW = {row.name: row for row in ROWS}
_RANK = {name: rank for rank, name in enumerate(BEST)}


def decide(facts: Facts) -> tuple[str, Verdict]:
    """The row that these facts meet, and what it says. Pure; every combination meets one."""
    row = next(row for row in ROWS if row.is_met(facts))
    return row.name, row.verdict


def says(name: str) -> str:
    """The reason of this row, in words."""
    return _ROW[name].says


def rank(name: str) -> int:
    """The lower, the more it counts beside others."""
    return _RANK[name]


def best(several: Iterable[Facts]) -> tuple[str, Verdict]:
    """What several recordings of several cameras show together; their order says nothing."""
    return min(
        (decide(facts) for facts in several), key=lambda found: rank(found[0]), default=decide(Facts(Seen.NOBODY))
    )
