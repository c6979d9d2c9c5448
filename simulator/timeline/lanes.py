"""What a played scenario looks like as lanes: spans of a state and marks at an instant, per unit. No drawing here.

Weapon, air and camera are the world's truth; the units' lanes are what their journals say.
Drawn by `overview.py` and `detail.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from interlock.core import camera, frames, holster, proof, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from ..body_camera import Interval
from ..played import Run, UnitRun
from .notes import Note, Sign, notes

UNITS_MAX = 16
ANNOUNCEMENTS = frames.READINESS + frames.PRESENCE


class Look(StrEnum):
    """A state as it is shown; its value is what people read."""

    HOLSTERED = "holstered"
    DRAWN = "drawn"
    ARMED = "armed"
    OFF = "no power"
    IDLE = "idle"
    CALLING = "calling"
    HEARD = "heard"
    PROVEN = "proven"
    ALERT = "alert"
    STANDBY = "standby"
    BUFFER = "pre-event buffer"
    STARTING = "starting"
    RECORDING = "recording"
    HOLDING = "holding"
    INTERRUPTED = "interrupted"
    UNPROVEN = "unproven"
    FAULT = "fault"
    ASLEEP = "asleep"
    DEAD = "dead"
    SET_UP = "set up"
    PULL = "pull"
    FAILED = "failed"


@dataclass(frozen=True)
class Span:
    """A state that lasted from `start_us` to `end_us`."""

    start_us: int
    end_us: int
    look: Look


@dataclass(frozen=True)
class Lane:
    """One row of the picture. `discharges_us`, `alerts_us` and `notes` are marks; `pdus_us` the unit's PDUs on the air,
    `announced_us` the begins of its readiness and presence frames among them."""

    unit: str
    name: str
    spans: tuple[Span, ...] = ()
    discharges_us: tuple[int, ...] = ()
    alerts_us: tuple[int, ...] = ()
    pdus_us: tuple[int, ...] = ()
    notes: tuple[Note, ...] = ()
    announced_us: tuple[int, ...] = ()


@dataclass(frozen=True)
class WeaponUse:
    """From the first event until the weapon is back (or the end of the run), with its entries of `result.json`."""

    unit: str
    start_us: int
    end_us: int
    events: tuple[Mapping[str, Any], ...]
    alerts: tuple[tuple[int, str], ...]


def lanes(run: Run, only: Iterable[str] | None = None) -> list[Lane]:
    """Lanes of all units, or of `only` those, holsters first, in the scenario's order."""
    wanted = None if only is None else set(only)
    found: list[Lane] = []
    for unit in sorted(run.units, key=lambda u: not u.unit.role & ROLE_HOLSTER):
        if wanted is None or unit.unit.id in wanted:
            found += _unit_lanes(run, unit)
    return found if wanted is not None else found + _visits(run)


def units_shown(run: Run, uses: Iterable[WeaponUse]) -> list[str] | None:
    """None: all. Of a crowd only so many as a page holds: the first weapons used with their own cameras, then others in
    the scenario's order."""
    if len(run.units) <= UNITS_MAX:
        return None
    wanted: dict[str, None] = {}
    for use in uses:
        if len(wanted) < UNITS_MAX - 1:
            wanted |= dict.fromkeys((use.unit, *run.own_cameras(use.unit, use.start_us)))
    wanted |= dict.fromkeys(unit.unit.id for unit in run.units)
    return list(wanted)[:UNITS_MAX]


def weapon_uses(run: Run, uses: Iterable[Mapping[str, Any]]) -> list[WeaponUse]:
    """Entries of `result.json` gathered into uses: what one weapon did between two returns."""
    gathered: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for use in uses:
        at_us = round(use["at_ms"] * 1000)
        returns = (e.at_us for e in run.weapon_events if (e.unit, e.event) == (use["unit"], "holster"))
        end_us = min((us for us in returns if us > at_us), default=run.virtual_us)
        gathered.setdefault((use["unit"], end_us), []).append(use)
    found = []
    for (unit_id, end_us), events in gathered.items():
        start_us = round(events[0]["at_ms"] * 1000)
        alerts = tuple(a for a in _alerts(run.unit(unit_id)) if start_us <= a[0] <= end_us)
        found.append(WeaponUse(unit_id, start_us, end_us, tuple(events), alerts))
    return sorted(found, key=lambda use: use.start_us)


def _unit_lanes(run: Run, unit: UnitRun) -> list[Lane]:
    name, role = unit.unit.id, unit.unit.role
    noted = tuple(notes(run, unit))
    marked = [note.at_us for note in noted if note.sign is Sign.STOPPED]
    alerts = tuple(us for us, _ in _alerts(unit) if us not in marked)
    found = []
    if role & ROLE_HOLSTER:
        fired = tuple(e.at_us for e in run.weapon_events if (e.unit, e.event) == (name, "discharge"))
        found += [
            Lane(name, "weapon", _weapon(run, name), discharges_us=fired),
            Lane(name, "holster unit", _unit(run, unit, _Holster), alerts_us=alerts, notes=noted),
        ]
    said = tuple(f.at_us for f in run.frames if f.source == name and f.event in ANNOUNCEMENTS)
    found.append(Lane(name, "air", pdus_us=tuple(run.pdus_us.get(name, ())), announced_us=said))
    if role & ROLE_CAMERA:
        if role & ROLE_HOLSTER:
            alerts, noted = (), ()  # they are on its holster's lane
        found.append(Lane(name, "camera unit", _unit(run, unit, _Camera), alerts_us=alerts, notes=noted))
        found.append(Lane(name, "camera", _body_camera(run, unit)))
    return found


def _visits(run: Run) -> list[Lane]:
    """What the technician did, a lane for each unit."""
    visited = dict.fromkeys(visit.unit for visit in run.visits)
    return [Lane("technician", f"with {unit}", _visits_to(run, unit)) for unit in visited]


def _visits_to(run: Run, unit: str) -> tuple[Span, ...]:
    found = []
    for visit in run.visits:
        if visit.unit == unit:
            look = Look.SET_UP if visit.do in ("provision", "pair") else Look.PULL
            found.append(Span(visit.start_us, visit.end_us, look if visit.succeeded else Look.FAILED))
    return tuple(found)


def _alerts(unit: UnitRun) -> list[tuple[int, str]]:
    return [
        (unit.when_us(record), proof.ALERT_NAMES.get(record.fields().code, "alert"))
        for record in unit.reading.records
        if record.kind == records.ALERT
    ]


def _spans(turns: Iterable[tuple[int, Look]], end_us: int) -> tuple[Span, ...]:
    """Spans between turns (time, new look), which come in order of time; equal neighbours are one span."""
    kept: list[tuple[int, Look]] = []
    for at_us, look in turns:
        if not kept or kept[-1][1] != look:
            kept.append((at_us, look))
    ends = [at_us for at_us, _ in kept[1:]] + [end_us]
    return tuple(Span(us, end, look) for (us, look), end in zip(kept, ends, strict=True) if end > us)


def _weapon(run: Run, name: str) -> tuple[Span, ...]:
    happened = [(e.at_us, e.event) for e in run.weapon_events if e.unit == name]
    happened += [(h.at_us, h.text) for h in run.happenings if h.unit == name and h.text == "safe"]
    turns = [(0, Look.HOLSTERED)]
    rest = Look.HOLSTERED
    for at_us, what in sorted(happened):
        if what in ("draw", "holster"):
            rest = Look.DRAWN if what == "draw" else Look.HOLSTERED
        if what != "discharge":
            turns.append((at_us, Look.ARMED if what == "arm" else rest))
    return _spans(turns, run.virtual_us)


class _Holster:
    """What the holster unit knew, record by record: does its own camera record?"""

    def __init__(self) -> None:
        self.look = Look.IDLE
        self._lost = False

    def read(self, kind: int, fields: Any) -> None:
        if kind == records.EVENT:
            self._event(fields.event, fields.counter)
        elif self.look is Look.IDLE:
            return
        elif kind == records.ACK and fields.kind_reason >> 4 != frames.PROVEN:
            if self.look is not Look.PROVEN and not self._lost:
                self.look = Look.HEARD
        elif kind == records.PROOF:
            self._lost = fields.mode == proof.LOST
            self.look = Look.ALERT if self._lost else Look.PROVEN
        elif kind == records.ALERT:
            self.look = Look.ALERT

    def _event(self, event: int, counter: int) -> None:
        if event in (frames.REHOLSTER, frames.STOW, frames.CANCEL, holster.NOTE_HOLSTERED, holster.NOTE_STOWED):
            self.look = Look.IDLE
        elif not counter:
            return  # kept to the journal: nobody is called
        elif event in (frames.DRAW, frames.ARM, frames.DISCHARGE, frames.OUT) and self.look is Look.IDLE:
            self.look = Look.CALLING
            self._lost = False


class _Camera:
    """What the camera unit held to be true of its recorder."""

    def __init__(self) -> None:
        self.look = Look.STANDBY

    def read(self, kind: int, fields: Any) -> None:
        if kind == records.RECORDER:
            self.look = Look(camera.MODE_NAMES[fields.mode])


def _unit(run: Run, unit: UnitRun, knowledge: type[_Holster] | type[_Camera]) -> tuple[Span, ...]:
    """A unit's lane from its journal; each boot begins anew, and between power-off and boot there is nothing."""
    turns = [(0, Look.OFF)]
    ends = ("battery change", "loses power")
    changes = [h.at_us for h in run.happenings if h.unit == unit.unit.id and h.text.startswith(ends)]
    turns += [(us, Look.OFF) for us in changes]
    for boot, zero_us in unit.boot_zero_us.items():
        reader = knowledge()
        turns.append((zero_us, reader.look))
        for record in unit.reading.records:
            if record.boot == boot:
                reader.read(record.kind, record.fields())
                turns.append((unit.when_us(record), reader.look))
    return _spans(sorted(turns, key=lambda turn: turn[0]), run.virtual_us)


def _body_camera(run: Run, unit: UnitRun) -> tuple[Span, ...]:
    """The camera's truth. How it began each recording is its delays reckoned back from the start."""
    recorder = unit.unit.recorder
    turns = [(0, Look.STANDBY)]
    for happening in run.happenings:
        if happening.unit == unit.unit.id:
            state = {"camera dies": Look.DEAD, "camera falls asleep": Look.ASLEEP}.get(happening.text)
            if happening.text == "camera wakes" and turns[-1][1] is Look.ASLEEP:
                state = Look.STANDBY
            if happening.text == "camera revives" and turns[-1][1] is Look.DEAD:
                state = Look.STANDBY
            if state and not (state is Look.ASLEEP and turns[-1][1] is Look.DEAD):
                turns.append((happening.at_us, state))
    # A recording wakes a sleeping camera: from then on it stands by.
    woken = []
    for interval in unit.recordings:
        start_us = interval.start_us - (recorder.start_delay_ms * 1000 if recorder else 0)
        before = [look for us, look in turns if us < start_us]
        if recorder and before[-1:] == [Look.ASLEEP]:
            start_us -= recorder.wake_delay_ms * 1000
            turns = sorted([*turns, (start_us, Look.STANDBY)], key=lambda turn: turn[0])
        woken.append((start_us, interval))
    found = list(_spans(turns, run.virtual_us))
    for start_us, interval in woken:
        found += _recording(start_us, interval, run.virtual_us)
    return tuple(found)


def _recording(start_us: int, interval: Interval, end_us: int) -> list[Span]:
    return [
        Span(interval.buffer_start_us, interval.start_us, Look.BUFFER),
        Span(start_us, interval.start_us, Look.STARTING),
        Span(interval.start_us, end_us if interval.end_us is None else interval.end_us, Look.RECORDING),
    ]
