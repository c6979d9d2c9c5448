"""Every use, judged: the same judgement as everywhere (`verdict.py`), of any camera and of the holster's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interlock.core import frames
from interlock.core.settings import ROLE_CAMERA

from ..judging import verdict
from ..judging.evidence import Evidence
from ..judging.uses import Event, Use, witnesses_of
from ..judging.verdict import Judgement, Verdict
from . import model
from .crew import crew_of, is_lone
from .held import Held, narrowed
from .timeline import alert_text, timeline
from .times import moment, utc_text

JUDGED = {frames.DRAW: "draw", frames.ARM: "arm", frames.DISCHARGE: "discharge"}
NAMED_MAX = 4
UNKNOWN_OWN = Judgement(Verdict.INDETERMINATE, "which cameras are this holster's own is not known here")


@dataclass(frozen=True)
class Court:
    """What uses are judged by. `held`: the units by number; `own`: own cameras by holster, None: not known here."""

    evidence: Evidence
    held: Mapping[int, Held]
    own: Mapping[int, Sequence[int]] | None

    def name(self, unit: int) -> str:
        known = self.held.get(unit)
        return f"unit {unit}" if known is None else known.name

    def cameras(self, use: Use) -> tuple[list[int] | None, list[int]]:
        """(own or None when that is not known, all others). The one that was assigned then, else those that are paired
        today."""
        own: list[int] | None = None
        if use.assigned is not None:
            own = [use.assigned.camera]
        elif self.own is not None:
            own = list(self.own.get(use.unit, ()))
        if own is not None and self.held[use.unit].role & ROLE_CAMERA and use.unit not in own:
            own.append(use.unit)
        others = sorted(
            number for number, held in self.held.items() if held.role & ROLE_CAMERA and number not in (own or ())
        )
        return own, others

    def judged(self, use: Use, version: int) -> model.Use:
        """`version`: 1 for the main line of the journal."""
        own, others = self.cameras(use)
        everybody = [*(own or ()), *others]
        evidence = narrowed(self.evidence, self.held, use, everybody)
        weapon = self.held[use.unit]
        names = {number: held.name for number, held in self.held.items()} | {n: self.name(n) for n in everybody}
        clock = self.evidence.clocks[use.unit]
        first = use.events[0]
        crew = crew_of(use, own, {number: held.role for number, held in self.held.items()}, self.name)
        return model.Use(
            serial=weapon.serial,
            name=weapon.name,
            unit=use.unit,
            version=version,
            began=moment(clock, use.boot, first.at_ms, weapon.came_ms(first.sequence)),
            lasted_ms=None if use.end_ms is None else use.end_ms - first.at_ms,
            own_cameras=None if own is None else [names[number] for number in own],
            officer=(use.assigned.officer or None) if use.assigned else None,
            coded=use.coding and use.coding.value,
            cancelled=use.is_cancelled,
            crew=crew,
            lone=is_lone(crew),
            heard_ms=use.sum and use.sum.heard_ms,
            recording_ms=use.sum and use.sum.recording_ms,
            late_acks=use.sum and use.sum.late,
            alerts=use.sum and use.sum.alerts,
            events=[self._event(evidence, use, event, own, everybody) for event in use.events if event.event in JUDGED],
            timeline=timeline(evidence, use, own or (), others, names),
        )

    def _event(
        self, evidence: Evidence, use: Use, event: Event, own: list[int] | None, everybody: list[int]
    ) -> model.Event:
        of_any = self._told(evidence, verdict.judge(evidence, use, event, everybody), everybody)
        of_own = UNKNOWN_OWN
        if own is not None:
            of_own = self._told(evidence, verdict.judge(evidence, use, event, own), own)
        later = [other.at_ms for other in use.events if other.at_ms > event.at_ms and other.event in JUDGED]
        until_ms = min(later, default=float("inf"))
        weapon = self.held[use.unit]
        return model.Event(
            reference=f"{weapon.serial}:{event.sequence}",
            sequence=event.sequence,
            event=JUDGED[event.event],
            at=moment(evidence.clocks[use.unit], event.boot, event.at_ms, weapon.came_ms(event.sequence)),
            after_ms=event.at_ms - use.events[0].at_ms,
            verdict=of_any.verdict.value,
            reason=of_any.reason,
            camera=self._serving(of_any),
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
            annotations=[
                model.Annotation(said.code, said.text, said.by, said.utc_ms, utc_text(said.utc_ms))
                for said in weapon.annotations
                if said.sequence == event.sequence
            ],
        )

    def _serving(self, judgement: Judgement) -> str | None:
        shows = judgement.verdict in (Verdict.BEFORE, Verdict.LATE) and judgement.camera is not None
        return self.name(judgement.camera or 0) if shows else None

    def _told(self, evidence: Evidence, judgement: Judgement, cameras: Sequence[int]) -> Judgement:
        """The judgement with the cameras named whose journals are wanting."""
        if judgement.reason != verdict.NOT_COVERED:
            return judgement
        wanting = [self.name(number) for number in cameras if number not in evidence.complete]
        more = f" and {len(wanting) - NAMED_MAX} more" if len(wanting) > NAMED_MAX else ""
        reason = f"no journal that covers the event is here of {', '.join(wanting[:NAMED_MAX])}{more}"
        return Judgement(judgement.verdict, reason, camera=judgement.camera)


def count(events: Sequence[model.Event]) -> model.Count:
    """The figures over these events."""
    verdicts = [event.verdict for event in events]
    return model.Count(
        total=len(events),
        before=verdicts.count(Verdict.BEFORE),
        late=verdicts.count(Verdict.LATE),
        late_covered=sum(event.verdict == Verdict.LATE and event.buffer_covers is True for event in events),
        unwitnessed=verdicts.count(Verdict.UNWITNESSED),
        indeterminate=verdicts.count(Verdict.INDETERMINATE),
        own_before=sum(event.own_verdict == Verdict.BEFORE for event in events),
    )
