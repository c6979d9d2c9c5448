"""Uses of a weapon as its unit's journal tells them: events, answers, alerts, and how they ended. Facts of one journal;
what others say beside it is joined in `evidence.py`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from interlock.core import frames, holster, records
from interlock.core.layout import Record

from ..clocks.spans import Span

BEGINS = (frames.DRAW, frames.ARM, frames.DISCHARGE, frames.OUT)
ENDS = (frames.REHOLSTER, frames.STOW, frames.CANCEL)
AGO_MOST = records.AGO_NONE - 1
"""So many milliseconds, or more."""
DOUBTED_MS = 3000
"""A unit that doubts a discharge says so sooner (`core/pickup.py`)."""
CARRIED = (records.RESERVE, records.PEERS, records.FLOOR, records.ASSIGNED, records.CONFIG)
"""What a unit repeats at the head of a sector, from the first of these to the last, with nothing between."""


class Coding(StrEnum):
    """Why a use does not count among the others."""

    FUNCTION_TEST = "function test"
    """Announced as one: aired and recorded like any other."""
    TRIED = "test mode"
    """Not aired: somebody tried the sensors."""


class Event(NamedTuple):
    """A weapon event on its unit's clock. `at_ms`: its edge; `aired_ms`: its frame was not on the air before that;
    `counter`: 0 when it was not aired; `sequence`: its record's; `is_older`: its record came too long after it to say
    how long (65 s), so it was then or before, and not before `since_ms`, the edge before it; `number`: discharges of
    the use so far."""

    boot: int
    at_ms: int
    aired_ms: int
    event: int
    flags: int
    counter: int
    sequence: int
    is_older: bool = False
    since_ms: int = 0
    number: int = 0

    @property
    def low_ms(self) -> int:
        """The earliest moment at which it may have been."""
        return self.since_ms if self.is_older else self.at_ms


class Answer(NamedTuple):
    """An ack as the holster unit received it: built after every frame up to `counter` was heard. `sequence`: its
    record's."""

    boot: int
    at_ms: int
    camera: int
    counter: int
    kind: int
    reason: int
    since_ms: int
    buffer_ms: int
    sequence: int


class Testimony(NamedTuple):
    """A group camera's word that it records, as the holster unit received it."""

    boot: int
    at_ms: int
    camera: int
    counter: int
    sequence: int


class Alert(NamedTuple):
    """`muted`: it was journalled, and neither seen nor felt."""

    boot: int
    at_ms: int
    code: int
    muted: bool
    sequence: int


class Sum(NamedTuple):
    """What the unit itself says that a use came to. `heard_ms`, `recording_ms`: from its first event to the first ack
    of its kind, None: there was none; `late`: how often such an ack came after its limit."""

    heard_ms: int | None
    recording_ms: int | None
    late: int
    alerts: int
    witnesses: int


class Assigned(NamedTuple):
    """Whose shift it was: `camera` is the weapon's own then; `officer`: as text, maybe empty."""

    camera: int
    officer: str


class Near(NamedTuple):
    """A unit that `writer` had heard in the minutes before, as its crew record has it: `flags` as in `records.py`."""

    writer: int
    unit: int
    age_4s: int
    flags: int


@dataclass
class Use:
    """From the weapon's leaving to its return. `end_ms`: None when no return was journalled in this boot; `known_ms`:
    the last moment of which this boot's journal knows, `sound_ms`: of which its sound part does; `doubted`: from this
    record on the weapon's journal proves nothing, None: nowhere; `is_cancelled`: the officer said that the draw was
    none; `near`: None when no crew record tells who was; of the weapon's unit and, joined later, of its cameras;
    `assigned`: None when its paired cameras were its own, or, unless `is_assigned_known`, when records are missing that
    may have said so; `named`: those that its unit itself calls its own, as far as it had heard them; `strange`:
    cameras that it had heard and does not call its own; `unconfirmed`: records of discharges that the unit doubts."""

    unit: int
    boot: int
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    testimonies: list[Testimony] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    end_ms: int | None = None
    known_ms: int = 0
    sound_ms: int = 0
    doubted: int | None = None
    is_cancelled: bool = False
    sum: Sum | None = None
    near: list[Near] | None = None
    assigned: Assigned | None = None
    is_assigned_known: bool = True
    named: set[int] = field(default_factory=set)
    strange: set[int] = field(default_factory=set)
    unconfirmed: set[int] = field(default_factory=set)

    @property
    def coding(self) -> Coding | None:
        """None: it counts. What was armed, discharged or found out beyond a test, counts with all that came before."""
        flags = [event.flags for event in self.events if event.event in BEGINS]
        if all(bits & holster.FLAG_FUNCTION_TEST for bits in flags):
            return Coding.FUNCTION_TEST
        return Coding.TRIED if all(bits & holster.FLAG_TEST for bits in flags) else None

    def is_sound(self, sequence: int) -> bool:
        """Whether this record of the weapon's journal may prove anything."""
        return self.doubted is None or sequence < self.doubted

    def is_confirmed(self, event: Event) -> bool | None:
        """Whether the unit's pick-up was sure of this discharge. None: it is none, or nothing sound was written so long
        after it that a doubt would have been."""
        if event.event != frames.DISCHARGE:
            return None
        if event.sequence in self.unconfirmed:
            return False
        return True if self.is_sound(event.sequence) and self.sound_ms - event.at_ms >= DOUBTED_MS else None

    @property
    def end(self) -> Event | None:
        """The event that ended it, or None: no return was journalled in this boot."""
        return next((event for event in self.events if event.event in ENDS), None)

    @property
    def returned(self) -> Span:
        """When the weapon was back, on its unit's clock: certainly out until the first, back from the second on, which
        is infinite where nothing that proves anything says so."""
        end = self.end
        if end is None or self.end_ms is None or not self.is_sound(end.sequence):
            return Span(self.sound_ms, float("inf"))
        return Span(end.low_ms, self.end_ms)

    def add_near(self, writer: int, members: Iterable[records.CrewMember]) -> None:
        self.near = [*(self.near or ()), *(Near(writer, *member) for member in members)]


def uses_of(unit: int, journal: Iterable[Record], doubted: int | None = None) -> list[Use]:
    """Every use in the records of this weapon's unit. `doubted`: from this one on they prove nothing, None: all do."""
    teller = _Teller(unit, doubted)
    for record in journal:
        teller.take(record)
    return teller.uses


class _Teller:
    def __init__(self, unit: int, doubted: int | None) -> None:
        self.uses: list[Use] = []
        self._unit, self._doubted = unit, doubted
        self._use: Use | None = None
        self._due = 0
        self._is_muted = False
        self._assigned: Assigned | None = None
        self._is_assigned_known = True
        self._edge = (0, 0)  # boot, and a moment of it before which no later edge can have been
        self._is_carrying = False  # what is in force is being repeated, all of it

    def take(self, record: Record) -> None:
        if record.sequence != self._due:
            # Records are missing: the weapon may have been back and out again meanwhile, and be somebody else's now.
            self._use, self._is_muted, self._assigned = None, False, None
            self._is_assigned_known = self._is_carrying = False
        self._due = record.sequence + 1
        self._is_carrying = record.kind == records.RESERVE or (self._is_carrying and record.kind in CARRIED)
        fields = record.fields()
        if self._use is not None and record.boot == self._use.boot:
            self._knows(self._use, record)
        if record.kind == records.BOOT:
            # Who was assigned is written anew behind it.
            self._use, self._is_muted, self._assigned, self._is_assigned_known = None, False, None, True
        elif fields is None:
            return
        elif record.kind == records.EVENT:
            self._event(record, fields)
        elif record.kind == records.MODE and fields.mode == records.MODE_MUTE:
            self._is_muted = fields.seconds > 0
        elif record.kind == records.ASSIGNED:
            officer = fields.officer.decode("ascii", "replace").rstrip(" \0")
            self._assigned, self._is_assigned_known = (
                Assigned(fields.partner, officer) if fields.partner else None,
                True,
            )
        elif record.kind == records.CONFIG and self._is_carrying:
            self._is_assigned_known = True  # nobody is, else that had been repeated as well
        elif self._use is not None:
            self._beside(self._use, record, fields)

    def _event(self, record: Record, fields: Any) -> None:
        if fields.event == holster.NOTE_UNCONFIRMED:
            if self._use is not None:
                self._doubt(self._use, fields.discharges)
            return
        at_ms = record.uptime_ms - _ago(fields.edge_ago_ms)
        is_older = fields.edge_ago_ms == AGO_MOST
        since_ms = self._edge[1] if self._edge[0] == record.boot else 0
        low_ms = since_ms if is_older else at_ms
        self._edge = (record.boot, max(since_ms, low_ms))
        # Where the field cannot hold how long ago, nothing but the edge is known to have been before.
        aired_ms = low_ms if fields.aired_ago_ms == AGO_MOST else record.uptime_ms - _ago(fields.aired_ago_ms)
        said = (fields.event, fields.flags, fields.counter)
        event = Event(record.boot, at_ms, aired_ms, *said, record.sequence, is_older, since_ms, fields.discharges)
        if event.event in BEGINS:
            if self._use is None or self._use.end_ms is not None:
                self._use = Use(self._unit, record.boot, doubted=self._doubted, assigned=self._assigned)
                self._use.is_assigned_known = self._is_assigned_known
                self._knows(self._use, record)
                self.uses.append(self._use)
            self._use.events.append(event)
        elif event.event in ENDS and self._use is not None:
            self._use.events.append(event)
            if self._use.end_ms is None:
                self._use.end_ms = event.at_ms
            # It may come behind the return, too.
            self._use.is_cancelled = self._use.is_cancelled or event.event == frames.CANCEL

    def _doubt(self, use: Use, number: int) -> None:
        """Another one, and even the return, may have been journalled since."""
        of_number = [e.sequence for e in use.events if e.event == frames.DISCHARGE and e.number == number]
        use.unconfirmed.update(of_number[-1:])

    def _knows(self, use: Use, record: Record) -> None:
        use.known_ms = record.uptime_ms
        if use.is_sound(record.sequence):
            use.sound_ms = record.uptime_ms

    def _beside(self, use: Use, record: Record, fields: Any) -> None:
        if record.kind == records.ACK:
            # One to a frame before this use says nothing of it.
            if any(0 < event.counter <= fields.counter for event in use.events):
                kind, reason = fields.kind_reason >> 4, fields.kind_reason & 0xF
                said = (fields.camera, fields.counter, kind, reason, fields.since_ms, fields.buffer_s * 1000)
                use.answers.append(Answer(record.boot, record.uptime_ms, *said, record.sequence))
        elif record.kind == records.WITNESS:
            by = (fields.camera, fields.counter)
            use.testimonies.append(Testimony(record.boot, record.uptime_ms, *by, record.sequence))
        elif record.kind == records.ALERT:
            use.alerts.append(Alert(record.boot, record.uptime_ms, fields.code, self._is_muted, record.sequence))
        elif record.kind == records.USE:
            agos = [None if ms == records.AGO_NONE else ms for ms in (fields.heard_ms, fields.recording_ms)]
            use.sum = Sum(agos[0], agos[1], fields.late, fields.alerts, fields.witnesses)
        elif record.kind == records.CREW:
            use.add_near(self._unit, fields)
            # Whom it calls its own now were so when the use began, unless somebody has changed that since.
            if use.is_sound(record.sequence) and self._assigned == use.assigned:
                use.named |= {member.unit for member in fields if member.flags & records.CREW_OWN}
                others = (member for member in fields if not member.flags & (records.CREW_OWN | records.CREW_HOLSTER))
                use.strange |= {member.unit for member in others}


def _ago(value: int) -> int:
    return 0 if value == records.AGO_NONE else value


def witnesses_of(use: Use, event: Event) -> set[int]:
    """Cameras of the group that testified between this event and the next of its use that was aired."""
    later = [other.at_ms for other in use.events if other.counter > event.counter]
    return {t.camera for t in use.testimonies if event.at_ms <= t.at_ms <= min(later, default=t.at_ms)}
