"""Every use, judged: the same judgement as everywhere (`verdict.py`), of any camera and of the holster's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA

from ..clocks.exchange import Segment
from ..judging import verdict
from ..judging.evidence import Evidence
from ..judging.pickups import Faulty, faulty, within
from ..judging.uses import Event, Use, witnesses_of
from ..judging.verdict import Judgement, Verdict
from . import model
from .annotated import exemption
from .coverage import known, narrowed, over, unread, utc_of
from .crew import crew_of, is_lone
from .grounds_of import Pen
from .held import Held
from .pairs import agrees
from .reach import Reach
from .teams import NO_TEAMS, Teams, Whose
from .tied import Ties
from .timeline import alert_text, timeline
from .times import moment, month_of

JUDGED = {frames.DRAW: "draw", frames.ARM: "arm", frames.DISCHARGE: "discharge"}
NAMED_MAX = 4
NOT_COVERED = "not-covered"
_WORDS = "which cameras are this holster's own is not known here"
UNKNOWN_OWN = Judgement(Verdict.INDETERMINATE, _WORDS, row="own-unknown", condition=_WORDS)
"""Of no row of the table: the table is not asked."""
_PARTLY = "the weapon's own journal tells of other own cameras than the pairs here: which others it had is not known"
PARTLY_OWN = replace(UNKNOWN_OWN, reason=_PARTLY, condition=_PARTLY)
_STILL_OUT = "no record says when the weapon was back, and nothing that is here shows what was recorded until then"
STILL_OUT = Judgement(Verdict.INDETERMINATE, _STILL_OUT, row=NOT_COVERED, condition=_STILL_OUT)


class Tried(NamedTuple):
    """A use as the report has it, and what it was made of. `shown`: numbers of the cameras that its timeline shows;
    `own`: of its own cameras; `followers`: of those that say that they heard the weapon then, or of which it says so;
    `held`: units by number; `met`: with which clocks of cameras each weapon's clock is tied by what the two said to
    each other."""

    use: model.Use
    told: Use
    evidence: Evidence
    shown: list[int]
    own: list[int]
    followers: set[int]
    held: Mapping[int, Held]
    met: Mapping[Segment, set[Segment]]


class _Asked(NamedTuple):
    """Cameras by whom a use is judged. `own`: None: not known; `is_whole`: there were no other own ones;
    `is_bounded`: those elsewhere were read after the return, as far as they were read after what is known; `everybody`:
    one of those elsewhere among them, where any is wanting: their names are `absent`."""

    own: list[int] | None
    is_whole: bool
    is_bounded: bool
    everybody: list[int]
    absent: list[str]


@dataclass(frozen=True)
class Court:
    """What uses are judged by. `held`: the units by number; `own`: own cameras by holster, None: not known here;
    `said`: what people say of records, by serial and sequence number; `absent`: cameras that may have recorded unheard
    by any of these; `only`: judge the uses of this unit alone, which are of this `version` of its journal, and not over
    before record `begins`."""

    evidence: Evidence
    held: Mapping[int, Held]
    own: Mapping[int, Sequence[int]] | None
    teams: Teams = NO_TEAMS
    said: Mapping[str, Mapping[int, list[model.Annotation]]] = field(default_factory=dict)
    absent: Sequence[Held] = ()
    only: int | None = None
    version: int = 1
    begins: int = 0
    reaches: dict[int, Reach] = field(default_factory=dict, compare=False, repr=False)
    pickups: dict[int, list[Faulty]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def _ties(self) -> Ties:
        return Ties(self.held)

    @cached_property
    def _met(self) -> dict[Segment, set[Segment]]:
        found: dict[Segment, set[Segment]] = {}
        for here, there in self.evidence.bounds:
            found.setdefault(here, set()).add(there)
        return found

    def tried(self) -> Iterator[Tried]:
        for use in self.evidence.uses:
            if self.only is None or (use.unit == self.only and use.events[-1].sequence >= self.begins):
                yield self.judged(use)

    def name(self, unit: int) -> str:
        known = self.held.get(unit)
        return f"unit {unit}" if known is None else known.name

    def cameras(self, use: Use) -> tuple[list[int] | None, list[int]]:
        """(own or None when that is not known, all others). The one that was assigned then, else those that are paired
        today; where the weapon's unit itself tells of others, those that it names. Others: all that are known, and
        those that journals name in this use, though theirs are not here."""
        own: list[int] | None = None
        if use.assigned is not None:
            own = [use.assigned.camera]
        elif self.own is not None and use.is_assigned_known:
            own = list(self.own.get(use.unit, ()))
        if own is not None and not agrees(use, own):
            own = sorted(use.named)
        if own is not None and self.held[use.unit].role & ROLE_CAMERA and use.unit not in own:
            own.append(use.unit)
        known = {number for number, held in self.held.items() if held.role & ROLE_CAMERA}
        told = {answer.camera for answer in use.answers} | {testimony.camera for testimony in use.testimonies}
        told |= {near.unit for near in use.near or () if not near.flags & records.CREW_HOLSTER}
        return own, sorted((known | (told - set(self.held))).difference(own or ()))

    def _is_whole(self, use: Use, own: Sequence[int] | None) -> bool:
        """Whether these are all own cameras that it had then: its unit names those only which it had heard."""
        known = [use.assigned.camera] if use.assigned is not None else (self.own or {}).get(use.unit, ())
        return own is None or agrees(use, known)

    def officers(self) -> dict[str, dict[int, str]]:
        """Whose use each event is of, by serial and sequence number, as far as that is known."""
        found: dict[str, dict[int, str]] = {}
        for use in self.evidence.uses:
            officer = self._whose(use, self._began(use)).officer
            if officer is not None:
                of_unit = found.setdefault(self.held[use.unit].serial, {})
                of_unit.update((event.sequence, officer) for event in use.events)
        return found

    def _began(self, use: Use) -> model.Moment:
        first = use.events[0]
        came_ms = self.held[use.unit].came_ms(first.sequence)
        return moment(self.evidence.clocks[use.unit], use.boot, first.at_ms, came_ms)

    def _whose(self, use: Use, began: model.Moment) -> Whose:
        """By the roster; whom the unit itself was assigned to then goes before."""
        whose = self.teams.at(self.held[use.unit].serial, began)
        if not use.is_assigned_known:
            return Whose(whose.team, None)
        return whose if use.assigned is None else Whose(whose.team, use.assigned.officer or None)

    def judged(self, use: Use) -> Tried:
        own, others = self.cameras(use)
        everybody = [*(own or ()), *others]
        evidence = narrowed(self.evidence, self.held, use, everybody, self.reaches)
        weapon = self.held[use.unit]
        names = {number: held.name for number, held in self.held.items()} | {n: self.name(n) for n in everybody}
        clock = evidence.tying(use.unit) or evidence.clocks[use.unit]
        absent = unread(self.absent, utc_of(clock, weapon, use, known(use)))
        is_bounded = len(absent) == len(unread(self.absent, utc_of(clock, weapon, use, over(weapon, use))))
        pen = Pen(evidence, self.held, use)
        asked = _Asked(
            own,
            self._is_whole(use, own),
            is_bounded,
            everybody + [camera.unit for camera in absent[:1]],
            [camera.name for camera in absent],
        )
        first = use.events[0]
        began = self._began(use)
        whose = self._whose(use, began)
        followers = self._followers(use)
        crew = crew_of(use, followers, own, {number: held.role for number, held in self.held.items()}, self.name)
        drawn, shown = timeline(evidence, use, own or (), others, names)
        judged = model.Use(
            serial=weapon.serial,
            name=weapon.name,
            unit=use.unit,
            version=self.version,
            began=began,
            lasted_ms=None if use.end is None or use.end.is_older else use.end.at_ms - first.at_ms,
            own_cameras=None if own is None else [names[number] for number in own],
            officer=whose.officer,
            coded=use.coding and use.coding.value,
            cancelled=use.is_cancelled,
            crew=crew,
            lone=is_lone(crew),
            heard_ms=use.sum and use.sum.heard_ms,
            recording_ms=use.sum and use.sum.recording_ms,
            late_acks=use.sum and use.sum.late,
            alerts=use.sum and use.sum.alerts,
            events=[self._event(pen, event, asked) for event in use.events if event.event in JUDGED],
            timeline=drawn,
            incident=f"{weapon.serial}:{first.sequence}",
            team=whose.team,
            month=month_of(began),
            offsets=self._ties.offsets(self.evidence, use, dict.fromkeys([*(own or ()), *shown])),
            end=pen.end(),
            pickup_faulty_ms=within(self._faulty(use.unit), use),
        )
        return Tried(judged, use, evidence, shown, own or [], followers, self.held, self._met)

    def _faulty(self, unit: int) -> list[Faulty]:
        if unit not in self.pickups:
            self.pickups[unit] = faulty(self.held[unit].records)
        return self.pickups[unit]

    def _followers(self, use: Use) -> set[int]:
        begin_ms, end_ms = use.events[0].at_ms, use.known_ms if use.end_ms is None else use.end_ms
        here = Segment(use.unit, use.boot)
        heard = {
            there.unit
            for there in self._met.get(here, ())
            if any(begin_ms <= bound.here_ms <= end_ms for bound in self.evidence.bounds[here, there])
        }
        answered = {answer.camera for answer in use.answers} | {testimony.camera for testimony in use.testimonies}
        return heard | answered | {near.writer for near in use.near or () if near.writer != use.unit}

    def _event(self, pen: Pen, event: Event, asked: "_Asked") -> model.Event:
        evidence, use, own = pen.evidence, pen.use, asked.own
        of_any = self._told(
            evidence, verdict.judge(evidence, use, event, asked.everybody), asked.everybody, asked.absent
        )
        of_any = _if_back(of_any, evidence.partly or not asked.is_bounded)
        if self.own is None and of_any.verdict is Verdict.UNWITNESSED:
            of_any = replace(UNKNOWN_OWN, cited=of_any.cited)  # nor is which cameras should have been there
        of_own = UNKNOWN_OWN
        if own is not None:
            of_own = self._told(evidence, verdict.judge(evidence, use, event, own), own)
            of_own = _if_back(of_own, evidence.partly & set(own))
            if not asked.is_whole and of_own.verdict in (Verdict.LATE, Verdict.UNWITNESSED):
                of_own = PARTLY_OWN
        later = [other.at_ms for other in use.events if other.at_ms > event.at_ms and other.event in JUDGED]
        until_ms = min(later, default=float("inf"))
        weapon = self.held[use.unit]
        annotations = list(self.said.get(weapon.serial, {}).get(event.sequence, ()))
        return model.Event(
            reference=f"{weapon.serial}:{event.sequence}",
            sequence=event.sequence,
            event=JUDGED[event.event],
            at=moment(evidence.clocks[use.unit], event.boot, event.at_ms, weapon.came_ms(event.sequence)),
            after_ms=event.at_ms - use.events[0].at_ms,
            verdict=of_any.verdict.value,
            reason=of_any.reason,
            camera=self._serving(of_any),
            in_touch=self._in_touch(use, own, of_any),
            late_by_ms=of_any.late_by_ms,
            late_by_u_ms=of_any.late_by_u_ms,
            buffer_covers=of_any.buffer_covers,
            own_verdict=of_own.verdict.value,
            own_reason=of_own.reason,
            own_camera=self._serving(of_own),
            own_late_by_ms=of_own.late_by_ms,
            own_late_by_u_ms=of_own.late_by_u_ms,
            own_buffer_covers=of_own.buffer_covers,
            witnesses=[self.name(number) for number in sorted(witnesses_of(use, event).difference(own or ()))],
            alerts=[alert_text(alert) for alert in use.alerts if event.at_ms <= alert.at_ms < until_ms],
            aired=event.counter > 0,
            contradicted=any(conflict.sequence == event.sequence for conflict in weapon.conflicts),
            annotations=annotations,
            ground=pen.ground(of_any),
            own_ground=pen.ground(of_own),
            continuity=pen.continuity(event, of_any),
            exempt=exemption(of_any.verdict.value, annotations),
            confirmed=use.is_confirmed(event),
        )

    def _in_touch(self, use: Use, own: Sequence[int] | None, judgement: Judgement) -> bool | None:
        if self._serving(judgement) is None:
            return None
        return judgement.camera in (own or ()) or judgement.camera in self._followers(use)

    def _serving(self, judgement: Judgement) -> str | None:
        shows = judgement.verdict in (Verdict.BEFORE, Verdict.LATE) and judgement.camera is not None
        return self.name(judgement.camera or 0) if shows else None

    def _told(
        self, evidence: Evidence, judgement: Judgement, cameras: Sequence[int], absent: Sequence[str] = ()
    ) -> Judgement:
        """The judgement with the cameras named whose journals are wanting. `absent`: names of those elsewhere."""
        if judgement.row != NOT_COVERED:
            return judgement
        here = [number for number in cameras if number not in evidence.complete]
        wanting = [*(self.name(number) for number in here if not absent or number in self.held), *absent]
        more = f" and {len(wanting) - NAMED_MAX} more" if len(wanting) > NAMED_MAX else ""
        reason = f"no journal that covers the event is here of {', '.join(wanting[:NAMED_MAX])}{more}"
        of = None if judgement.camera is None else self.held.get(judgement.camera)
        condition = reason if of is None else f"{reason}; {of.name}: {judgement.condition}"
        return replace(judgement, reason=reason, condition=condition)


def _if_back(found: Judgement, is_partly: object) -> Judgement:
    """What was not recorded until the use was last heard of may have been recorded late since."""
    if not is_partly or found.verdict is not Verdict.UNWITNESSED:
        return found
    return replace(STILL_OUT, cited=found.cited)
