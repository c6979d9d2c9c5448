"""What can be said of a journal, as types: each is a fact with its reach, in numbers and in plain words.

`finding`: whether an auditor must look into it (exit code 1). What is no finding is said all the same: how far anybody
vouches for the journal, and what a cut there would not show. No outcome says who did it, or why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

ShownBy = Literal["form", "seal", "signature", "checkpoint", "vault", "store"]


@dataclass(frozen=True)
class Outcome:
    """`name`: stable, for other programs; `text`: for people, a sentence without its full stop."""

    name: ClassVar[str]
    finding: ClassVar[bool] = True

    @property
    def text(self) -> str:
        raise NotImplementedError

    @property
    def is_finding(self) -> bool:
        return self.finding


@dataclass(frozen=True)
class Intact(Outcome):
    """Nothing that could be checked contradicts it. `sealed`: records whose seal fits under a secret key of the
    vault; `signed`: records that a checkpoint under a trusted key covers; `loose`: records that neither chain nor seal
    reaches, of which it is not said."""

    name = "intact"
    finding = False
    records: int
    sealed: int
    signed: int
    loose: int = 0

    @property
    def text(self) -> str:
        by = [f"{self.sealed} by their seals"] if self.sealed else []
        by += [f"{self.signed} by signatures"] if self.signed else []
        if not by:
            return f"none of its {self.records} records is damaged; that nobody wrote them anew only keys can show"
        # A seal's chain goes back to the first record; a signature says nothing of what came after it.
        held_by_any = self.records - self.loose if self.sealed else min(self.signed, self.records - self.loose)
        held = f"its {self.records}" if held_by_any == self.records else f"{held_by_any} of its {self.records}"
        return f"{held} records are as the unit wrote them: {', '.join(by)}"


@dataclass(frozen=True)
class Altered(Outcome):
    """Something is not as the unit wrote it, first within records `first` to `last` (None: not in the records).
    `offset`: byte of the file where that shows, None where nothing does but a range of records."""

    name = "altered"
    first: int | None
    last: int | None
    offset: int | None
    shown_by: ShownBy
    reason: str

    @property
    def text(self) -> str:
        place = "" if self.offset is None else f" (byte {self.offset})"
        if self.first is None:
            return f"altered{place}: {self.reason}"
        where = f"record {self.first}" if self.first == self.last else f"between records {self.first} and {self.last}"
        return f"altered at {where}{place}: {self.reason}".replace("at between", "between")


@dataclass(frozen=True)
class Gap(Outcome):
    """Records `first` to `last` are not here. `explained`: records of the unit that count say why (its ring was full,
    its flash failed); `loose`: so many behind them are held by their numbers alone, and that goes for them, too."""

    name = "gap"
    first: int
    last: int
    explained: Literal["", "ring", "flash"]
    loose: int = 0

    @property
    def is_finding(self) -> bool:
        return not self.explained

    @property
    def text(self) -> str:
        why = {
            "": ", and no record of the unit that is held says why",
            "ring": ": they were overwritten before anybody pulled them, the unit's memory was full",
            "flash": ": the unit's flash failed, as it says itself",
        }[self.explained]
        behind = {0: "", 1: "; the record behind them is held by its number alone: anybody can have changed it"}
        many = f"; {self.loose} records behind them are held by their numbers alone: anybody can have changed them"
        return f"{_records(self.first, self.last)} missing{why}{behind.get(self.loose, many)}"


@dataclass(frozen=True)
class TruncatedTail(Outcome):
    """The journal went on behind record `following` - 1, the last one here. `witness`: who shows it; `shows`: by what,
    as the rest of a sentence. `is_later`: that came to the store after this journal was pulled last, so that it may
    well be there still: no finding before it was pulled again."""

    name = "truncated tail"
    following: int
    witness: str
    shows: str
    is_later: bool = False

    @property
    def is_finding(self) -> bool:
        return not self.is_later

    @property
    def text(self) -> str:
        known = f"the journal ends before record {self.following}, but {self.witness} {self.shows}"
        if self.is_later:
            return f"{known}, which came after this was pulled last: pull it again"
        return (
            f"{known}: its tail was cut off, or this copy is an older or unfinished one, and a newer pull has the rest"
        )


@dataclass(frozen=True)
class UnwitnessedTail(Outcome):
    """Nobody but the unit has seen anything of records `first` and later: that they, or more behind them, were cut off
    would not show."""

    name = "unwitnessed tail"
    finding = False
    first: int
    count: int

    @property
    def text(self) -> str:
        return f"unwitnessed tail of {self.count} records, from {self.first} on: were it cut, nobody could tell"


@dataclass(frozen=True)
class AiredUnrecorded(Outcome):
    """Others heard this unit's frame `counter`, or its answer to theirs (`is_answer`), which it has no record of,
    though it went on: `after` and `before` are numbers of the records between which one is due. `restarted`: the unit
    started anew right behind."""

    name = "aired but unrecorded"
    counter: int
    what: str
    witness: str
    after: int | None
    before: int
    restarted: bool
    is_answer: bool = False

    @property
    def text(self) -> str:
        power = "the unit started anew right after it: power loss" if self.restarted else "power loss possible"
        what = f"{self.what} to frame {self.counter}" if self.is_answer else f"{self.what} (frame {self.counter})"
        return (
            f"{what} was on the air, as {self.witness} heard, and is not recorded before record {self.before}: {power}"
        )


@dataclass(frozen=True)
class RolledBack(Outcome):
    """The unit itself told two stories, which part at record `since` (None: somewhere before): its flash was put back
    to an old image and went on, or it was copied."""

    name = "rolled back"
    since: int | None
    shown_by: str

    @property
    def text(self) -> str:
        where = "" if self.since is None else f" from record {self.since} on"
        return f"the unit told two stories{where} (an old image was put back, or the unit was copied): {self.shown_by}"


@dataclass(frozen=True)
class Cloned(Outcome):
    """Two different messages under the one-time index `index` of key `public` (hex): no unit signs so, unless it is
    there twice."""

    name = "cloned"
    index: int
    public: str
    shown_by: str

    @property
    def text(self) -> str:
        return (
            f"two different checkpoints under index {self.index} of key {self.public[-8:]} ({self.shown_by}): the "
            f"signing key is there twice, so the unit was cloned, or an old image was put back"
        )


@dataclass(frozen=True)
class Contradicted(Outcome):
    """Another testimony does not fit what is here, first within records `first` to `last`, and nothing at hand tells
    which of the two is true: one was altered, or the unit was rolled back."""

    name = "contradicted"
    first: int
    last: int
    witness: str

    @property
    def text(self) -> str:
        where = f"at record {self.first}" if self.first == self.last else f"within records {self.first} to {self.last}"
        return (
            f"contradicted {where} by {self.witness}: one of the two was altered, or the unit was rolled back; the "
            f"vault's keys can tell"
        )


@dataclass(frozen=True)
class Misnamed(Outcome):
    """It is said to be of another role, or to have another number, than its records or those of others show: nothing
    covers what a file or a list says of it. `reason`: what is said, and what shows otherwise; `unit`: its number then,
    None: that is not in doubt."""

    name = "misnamed"
    reason: str
    unit: int | None = None

    @property
    def text(self) -> str:
        return self.reason


@dataclass(frozen=True)
class UnsignedSince(Outcome):
    """No checkpoint covers records `first` and later, `count` in all. `index`: of the last checkpoint, None: there is
    none."""

    name = "unsigned since"
    finding = False
    first: int
    count: int
    index: int | None

    @property
    def text(self) -> str:
        if self.index is None:
            return f"no checkpoint under a key that is vouched for: no signature counts for its {self.count} records"
        return f"unsigned since checkpoint {self.index}: {self.count} records, from {self.first} on"


@dataclass(frozen=True)
class UnknownKey(Outcome):
    """`what` is under a key that nobody here vouches for. `expected`: others were vouched for, so this is a finding."""

    name = "unknown key"
    what: str
    key: str
    expected: bool

    @property
    def is_finding(self) -> bool:
        return self.expected

    @property
    def text(self) -> str:
        if self.expected:
            return f"{self.what} is under {self.key}, which is none of those that are vouched for"
        return f"{self.what} is under {self.key}, which nobody here vouches for: it proves what that key's owner wrote"


@dataclass(frozen=True)
class Witnessed(Outcome):
    """Others heard beginnings of this journal's chain values: `heads` of them, in their journals' records, are where
    they must be, up to record `following` - 1. `error`: probability at most that a changed journal would pass all."""

    name = "witnessed"
    finding = False
    following: int
    heads: int
    by: tuple[str, ...]
    error: float

    @property
    def text(self) -> str:
        heads = f"{self.heads} chain values" if self.heads > 1 else "a chain value"
        return (
            f"{' and '.join(self.by)} heard {heads} of this journal, the last before record {self.following}; another "
            f"journal would have passed with a probability of {self.error:.1g}"
        )


def _records(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"


ORDER: tuple[type[Outcome], ...] = (
    Altered,
    Cloned,
    RolledBack,
    Contradicted,
    Misnamed,
    Gap,
    TruncatedTail,
    AiredUnrecorded,
    UnknownKey,
)
"""Findings, the one that names a journal first."""


def in_order(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Each once; findings first, the gravest before others, and of one kind the one that shows first in the records."""

    def place(outcome: Outcome) -> tuple[int, int]:
        first = getattr(outcome, "first", None)
        return ORDER.index(type(outcome)) if outcome.is_finding else len(ORDER), -1 if first is None else first

    return tuple(sorted(dict.fromkeys(outcomes), key=place))


def verdict_of(outcomes: Iterable[Outcome]) -> str:
    """One word for a journal: the name of its gravest finding, or intact."""
    return next((outcome.name for outcome in in_order(outcomes) if outcome.is_finding), Intact.name)
