"""`result.json` of a simulated run: the truth of the world beside what the journals prove. Names are stable."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from interlock.core import frames
from interlock.core.settings import ROLE_CAMERA, ROLE_NAMES

from . import journal_file
from .journal_file import Header, Intact, Verdict
from .judging import verdict
from .judging.evidence import Evidence, UnitJournal, gather
from .judging.uses import Event, Use, witnesses_of
from .reporting.coverage import narrowed
from .reporting.crew import crew_of, is_lone
from .reporting.held import Held, from_verdict

if TYPE_CHECKING:
    from simulator.body_camera import Interval
    from simulator.played import Run, UnitRun, WeaponEvent

ANNOUNCEMENTS = frames.READINESS + frames.PRESENCE
EVENTS = {"draw": frames.DRAW, "arm": frames.ARM, "discharge": frames.DISCHARGE}
_MATCH_MS = {"draw": 100, "arm": 100, "discharge": 600}
"""A pick-up that is taken for noisy needs some pulses before it believes one."""


def journal_of(unit: "UnitRun") -> bytes:
    """The journal file of a unit of the simulated world, as its flash was at the end."""
    first, *later = journal_file.runs_of(unit.reading.spans)
    header = Header(unit.unit.role, unit.unit.number, unit.unit.serial, first.first, first.chain, first.epoch)
    return journal_file.join(header, first.raws, later)


def build(run: "Run", wall_s: float, verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    """`verdicts`: what the check of each unit's journal file said, by unit id; one never pulled has none."""
    taken: set[tuple[int, int, int]] = set()
    evidence = gather(
        UnitJournal(u.unit.number, u.unit.role, verdicts[u.unit.id].records, isinstance(verdicts[u.unit.id], Intact))
        for u in run.units
        if u.unit.id in verdicts
    )
    uses = _uses(run, evidence, verdicts, taken)
    return {
        "scenario": run.scenario.name,
        "seed": run.seed,
        "virtual_s": run.virtual_us / 1e6,
        "wall_s": wall_s,
        "vm": run.vm,
        "profile": run.scenario.profile,
        "units": [
            {
                "id": unit.unit.id,
                "role": ROLE_NAMES[unit.unit.role],
                "records": _held(verdicts.get(unit.unit.id)),
                "heap_peak": unit.heap_peak,
                "boots": len(unit.boot_zero_us),
                "alerts_at_ms": [_ms(us) for us in unit.alerts_us],
                "warnings_at_ms": [_ms(us) for us in unit.warnings_us],
                "false_events": _false(unit.unit.number, evidence, taken),
                "announced": sum(f.source == unit.unit.id and f.event in ANNOUNCEMENTS for f in run.frames),
            }
            for unit in run.units
        ],
        "uses": uses,
        "journals": [
            {
                "unit": unit.unit.id,
                "file": f"journals/{unit.unit.id}.ilj" if unit.unit.id in verdicts else None,
                "records": _held(verdicts.get(unit.unit.id)),
                "verdict": _verdict_of(verdicts.get(unit.unit.id)),
            }
            for unit in run.units
        ],
        "technician": [
            {
                "do": visit.do,
                "unit": visit.unit,
                "at_ms": _ms(visit.start_us),
                "until_ms": _ms(visit.end_us),
                "succeeded": visit.succeeded,
                "note": visit.note,
            }
            for visit in run.visits
        ],
        "air": run.air,
    }


def _held(checked: Verdict | None) -> int:
    return 0 if checked is None else len(checked.records)


def _verdict_of(checked: Verdict | None) -> str:
    if checked is None:
        return "missing"
    return "intact" if isinstance(checked, Intact) else "altered"


def _ms(us: float | None) -> float | None:
    return None if us is None else round(us / 1000, 3)


def _false(unit: int, evidence: Evidence, taken: Collection[tuple[int, int, int]]) -> dict[str, int]:
    """Events in this unit's journal that never happened, by kind."""
    told = [
        (event, (unit, event.boot, event.sequence)) for use in evidence.uses if use.unit == unit for event in use.events
    ]
    false = Counter(event.event for event, key in told if key not in taken)
    return {name: false[code] for name, code in EVENTS.items()}


def _uses(
    run: "Run", evidence: Evidence, verdicts: Mapping[str, Verdict], taken: set[tuple[int, int, int]]
) -> list[dict[str, Any]]:
    """`taken`: gets (unit, boot, sequence number) of each event in the journals that really happened."""
    ended_ms = round(run.scenario.begins.timestamp() * 1000) + run.virtual_us // 1000
    ids = {unit.unit.number: unit.unit.id for unit in run.units if unit.unit.id in verdicts}
    held = {number: from_verdict(id, id, verdicts[id], ended_ms) for number, id in ids.items()}
    return [_use(run, evidence, held, event, taken) for event in run.weapon_events if event.event in EVENTS]


def _use(
    run: "Run",
    evidence: Evidence,
    held: Mapping[int, Held],
    truth: "WeaponEvent",
    taken: set[tuple[int, int, int]],
) -> dict[str, Any]:
    unit = run.unit(truth.unit)
    ids = {u.unit.number: u.unit.id for u in run.units}
    found = _journalled(unit, evidence, truth, taken)
    own = [run.unit(camera).unit.number for camera in run.own_cameras(truth.unit, truth.at_us)]
    if unit.unit.role & ROLE_CAMERA:
        own.append(unit.unit.number)
    recording_us, camera = _serving(run, truth, [ids[number] for number in own])
    facts: dict[str, Any] = {
        "unit": truth.unit,
        "event": truth.event,
        "at_ms": _ms(truth.at_us),
        "frame_at_ms": None,
        "heard_at_ms": None,
        "recording_at_ms": _ms(recording_us),
        "acked_at_ms": None,
        "recording_unit": camera,
        "journalled": found is not None,
        "witnesses": [],
        "cancelled": False,
        "coded": None,
        "lone": None,
        "late_acks": None,
        "confirmed": None,
    }
    if found is None:
        lost = verdict.Judgement(verdict.Verdict.INDETERMINATE, "the weapon's journal has no such event")
        return facts | _judged(lost, lost)
    use, event = found
    sent = (truth.unit, event.event, event.counter)
    frame = next((f for f in run.frames if (f.source, f.event, f.counter) == sent), None)
    answers = [a for a in use.answers if a.counter >= event.counter and a.camera in own]
    proofs = [a for a in answers if a.kind == frames.PROVEN]
    facts["frame_at_ms"] = _ms(frame.at_us) if frame else None
    facts["heard_at_ms"] = _ms(unit.at_us(event.boot, answers[0].at_ms)) if answers else None
    facts["acked_at_ms"] = _ms(unit.at_us(event.boot, proofs[0].at_ms)) if proofs else None
    facts["witnesses"] = sorted(ids[number] for number in witnesses_of(use, event).difference(own))
    facts["cancelled"] = use.is_cancelled
    facts["coded"] = use.coding and use.coding.value
    followers = {answer.camera for answer in use.answers}
    facts["lone"] = is_lone(crew_of(use, followers, own, {u.unit.number: u.unit.role for u in run.units}, str))
    facts["late_acks"] = use.sum and use.sum.late
    facts["confirmed"] = use.is_confirmed(event)
    everybody = [*own, *(number for number in evidence.recordings if number not in own)]
    # Every journal is here to the world's end: which recordings may be of this use is all that is left to ask.
    near = replace(evidence, recordings=narrowed(evidence, held, use, everybody).recordings)
    return facts | _judged(verdict.judge(near, use, event, everybody), verdict.judge(near, use, event, own))


def _judged(of_any: verdict.Judgement, of_own: verdict.Judgement) -> dict[str, Any]:
    return {
        "verdict": of_any.verdict.value,
        "late_by_ms": of_any.late_by_ms,
        "late_by_u_ms": of_any.late_by_u_ms,
        "buffer_covers": of_any.buffer_covers,
        "reason": of_any.reason,
        "own_verdict": of_own.verdict.value,
    }


def _journalled(
    unit: "UnitRun", evidence: Evidence, truth: "WeaponEvent", taken: set[tuple[int, int, int]]
) -> tuple[Use, Event] | None:
    """The weapon unit's own record of what really happened, the nearest in time, if it made one; each serves once."""
    near: list[tuple[float, tuple[int, int, int], Use, Event]] = []
    for use in evidence.uses:
        if use.unit != unit.unit.number:
            continue
        for event in use.events:
            at_us = unit.at_us(event.boot, event.at_ms)
            away_us = abs(at_us - truth.at_us)
            key = (use.unit, event.boot, event.sequence)
            if event.event == EVENTS[truth.event] and away_us < _MATCH_MS[truth.event] * 1000 and key not in taken:
                near.append((away_us, key, use, event))
    if not near:
        return None
    _, key, use, event = min(near, key=lambda found: found[:2])
    taken.add(key)
    return use, event


def _serving(run: "Run", truth: "WeaponEvent", own: list[str]) -> tuple[int | None, str | None]:
    """Start of the real recording that serves the event, and whose: one that was running, the own camera's first; else
    the earliest (of several at one instant the own camera's) that began before the weapon was back for 10 s."""
    returned = [e.at_us for e in run.weapon_events if (e.unit, e.event) == (truth.unit, "holster")]
    until_us = min((us for us in returned if us > truth.at_us), default=run.virtual_us) + verdict.GRACE_MS * 1000

    def running(interval: "Interval") -> bool:
        return interval.start_us <= truth.at_us and (interval.end_us is None or interval.end_us >= truth.at_us)

    def late(interval: "Interval") -> bool:
        return truth.at_us < interval.start_us <= until_us

    everybody = [u.unit.id for u in run.units]
    for wanted, serves in ((own, running), (everybody, running), (everybody, late)):
        found = [(i.start_us, name) for name in wanted for i in run.unit(name).recordings if serves(i)]
        starts = [(start_us, name not in own, name) for start_us, name in found]
        if starts:
            start_us, _, name = min(starts)
            return start_us, name
    return None, None
