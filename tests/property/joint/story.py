"""A breach told twice: to people as a story, to the simulator as a scenario.

A scenario plays the same acts and faults on real boards, a tiny millisecond drawn out to `STRETCH_MS`, with the
search's policy. Single frames cannot be lost there: while nothing arrived in the story, the air is jammed. What no
scenario can say (a copy that comes late, a recorder that ignores a stop) is a comment where it would have happened.
"""

import re
from pathlib import Path
from typing import Any

from interlock.core import frames, proof, records
from interlock.core.settings import DEFAULT_POLICY, POLICY_LIMITS, Policy

from ..laws import Broken
from .acts import ACTS
from .freeze import COUNTERS, MEANING, TICKS_AT
from .search import Breach, tiny_world
from .world import Move, Unit, World

STRETCH_MS = 2000
BEGIN_S = 10.0
_APART_S = 0.05  # between two moves of the same tiny millisecond


class Teller:
    """Plays a breach again, and notes what everybody does."""

    def __init__(self, breach: Breach) -> None:
        self.breach = breach
        self.lines: list[str] = []
        self.times: list[float] = []  # of each move, in the scenario's seconds
        self.heard: set[int] = set()  # tiny milliseconds in which something arrived
        self.on_air: set[int] = set()  # and in which there was something to hear
        self.late: set[int] = set()  # moves in which a frame arrived that was off the air already
        self.stops: set[int] = set()  # and in which a hand stopped a recorder
        self.ignored: list[tuple[float, int]] = []  # pulses that nothing came of: (when, camera)
        self._said: list[str] = []
        self._pulsed: dict[int, float] = {}
        with tiny_world():
            self.world = World(breach.shape, breach.policy)
            self.world.listener = self._note
            for move in breach.moves:
                self._tell(move)

    @property
    def ms(self) -> int:
        """Tiny milliseconds since the beginning."""
        return self.world.outside.now - self._begin

    _begin = TICKS_AT

    def _tell(self, move: Move) -> None:
        world = self.world
        if not self.lines:
            self._begin = world.outside.now
        self._said = []
        live = any(unit.airtime.live() for unit in world.units.values())
        if live:
            self.on_air.add(self.ms)
        if move[0] == "hear":
            self.heard.add(self.ms)
            if not any(move[2] in unit.station.airtime.live() for unit in world.units.values()):  # type: ignore[attr-defined]
                self.late.add(len(self.times))
        if move[0] == "hand" and world.outside.recording[move[1]]:
            self.stops.add(len(self.times))
        if move[0] == "follow":
            self._pulsed.pop(move[1], None)
        what = self.words(move)
        broken = ""
        try:
            world.do(move)
        except Broken as breach:
            broken = f". BROKEN: {breach}"
        since = [t for t in self.times if int((t - BEGIN_S) * 1000 // STRETCH_MS) == self.ms]
        self.times.append(BEGIN_S + self.ms * STRETCH_MS / 1000 + len(since) * _APART_S)
        said = "; ".join(self._said)
        if broken or said or move[0] not in ("serve", "ms"):
            self.lines.append(f"{len(self.lines) + 1:3}. {self.ms:3} ms  {what}{' -> ' + said if said else ''}{broken}")

    def words(self, move: Move) -> str:
        """What happens, in words."""
        kind = move[0]
        if kind in ("time", "ms"):
            return "time passes"
        if kind == "serve":
            return "what is due is served"
        name = self.world.units[move[2] if kind == "act" else move[1]].name
        if kind == "act":
            return ACTS[move[1]].words.format(name)
        if kind == "hear":
            return f"{name} hears {self.frame(move[2])}"
        if kind == "hand":
            return f"an officer {'stops' if self.world.outside.recording[move[1]] else 'starts'} the recorder of {name}"
        told = {"follow": "the recorder of {} follows its shutter", "unplug": "the recorder of {} loses its supply"}
        told |= {
            "plug": "the recorder of {} has its supply again",
            "cut": "{} loses power",
            "boot": "{} has power again",
        }
        return told[kind].format(name)

    def frame(self, frame: bytes) -> str:
        """A frame in words; counters are told from the unit's first."""
        meaning = MEANING[frame]
        names = {number: unit.name for number, unit in self.world.units.items()}
        if meaning[0] == "ack":
            _, to, sender, counter, kind, reason = meaning
            why = f" ({frames.REASON_NAMES[reason]})" if reason else ""
            return (
                f"the ack {frames.ACK_NAMES[kind]}{why} of {names[sender]} to {names[to]}'s frame {counter % COUNTERS}"
            )
        _, sender, event, _, counter, _ = meaning
        return f"the {frames.EVENT_NAMES[event]} of {names[sender]}, frame {counter % COUNTERS}"

    def _note(self, unit: Unit, what: str, data: Any) -> None:
        if what == "aired":
            said = f"{unit.name} airs {self.frame(data)}"
        elif what == "pulsed":
            said = (
                f"{unit.name} presses the shutter to {'stop' if self.world.outside.recording[unit.number] else 'start'}"
            )
            if unit.number in self._pulsed:
                self.ignored.append((self._pulsed[unit.number], unit.number))
            self._pulsed[unit.number] = BEGIN_S + self.ms * STRETCH_MS / 1000
        elif data[0] == records.ALERT:
            said = f"{unit.name} alerts: {proof.ALERT_NAMES[data[1].code]}"
        elif data[0] == records.EXPIRY:
            said = f"{unit.name} gives up a weapon that it hears no more"
        else:
            return
        if said not in self._said:
            self._said.append(said)

    def story(self) -> str:
        """The whole story, with the law and how it ends."""
        head = f"Broken: {self.breach.law}"
        return "\n".join([head, *self.lines, f"In the end {self.world.plight()}."]) + "\n"

    # The scenario.

    def scenario(self) -> str:
        """TOML that `interlock simulate` plays."""
        text = [f"# {line}" for line in self.story().splitlines()]
        end_s = self.times[-1] + 4 * STRETCH_MS / 1000
        text += ['name = "Counterexample"', f"about = '''{self.breach.law}'''"]
        text += [f"duration_s = {end_s:.2f}", 'secret = "a counterexample of the joint search"', "", "events = ["]
        for at_s, line in sorted(self._events(end_s), key=lambda item: item[0]):
            text.append(f"    # {line}" if line.startswith("#") else f"    '{at_s:.2f} {line}',")
        text += ["]", "", "[policy]"]
        figures = stretched(self.breach.policy)._asdict()
        text += [f"{name} = {str(figures[name]).lower()}" for name in figures]
        for unit in self.world.units.values():
            text += ["", "[[unit]]", f'id = "{unit.name}"', f'role = "{"holster" if unit.is_holster else "camera"}"']
            text += [f"at_m = [{0.0 if unit.is_holster else 0.4}, {0.5 * unit.number}]"]
            if unit.is_holster:
                own = [self.world.units[c].name for h, c in self.breach.shape.pairs if h == unit.number]
                text.append(f"cameras = {own}".replace("'", '"'))
            else:
                text.append("recorder = { start_delay_ms = 300 }")
        return "\n".join(text) + "\n"

    def _events(self, end_s: float) -> list[tuple[float, str]]:
        events: list[tuple[float, str]] = []
        booted: dict[int, float] = {}
        pressed: dict[int, float] = {}
        for i, (at_s, move) in reversed(list(enumerate(zip(self.times, self.breach.moves, strict=True)))):
            kind = move[0]
            name = (
                "" if kind in ("time", "ms", "serve") else self.world.units[move[2] if kind == "act" else move[1]].name
            )
            if kind == "act" and ACTS[move[1]].plays:
                events.append((at_s, f"{name} {ACTS[move[1]].plays}"))
            elif kind == "act" and move[1] == "let go":
                pressed[move[2]] = at_s
            elif kind == "act" and move[1] == "press":
                hold_s = max(pressed.pop(move[2], end_s) - at_s, 0.1)
                events.append((at_s, f"{name} press hold_s={hold_s:.2f}"))
            elif kind == "hand":
                events.append((at_s, f"{name} {'officer_stops' if i in self.stops else 'officer_starts'}"))
            elif kind in ("unplug", "plug"):
                events.append((at_s, f"{name} {'camera_dies' if kind == 'unplug' else 'camera_revives'}"))
            elif kind == "boot":
                booted[move[1]] = at_s
            elif kind == "cut":
                off_s = max(booted.pop(move[1], end_s) - at_s, 0.1)
                events.append((at_s, f"{name} battery_change off_s={off_s:.2f}"))
            elif i in self.late:
                events.append((at_s, f"# {self.words(move)}, late: no scenario plays that"))
            elif kind == "act":
                events.append((at_s, f"# {self.words(move)}: no scenario plays that"))
        for at_s, number in self.ignored:
            events.append((at_s, f"{self.world.units[number].name} camera_is_full"))
        for ms in sorted(self.on_air - self.heard):
            events.append((BEGIN_S + ms * STRETCH_MS / 1000, f"air jam for_s={STRETCH_MS / 1000}"))
        return events


def stretched(policy: Policy) -> Policy:
    """The search's policy on the scenario's clock, within what a unit can run with."""
    figures: dict[str, Any] = policy._asdict()
    for name, least, most in POLICY_LIMITS:
        if name.endswith("_ms") and figures[name]:
            figures[name] = max(least, min(most, figures[name] * STRETCH_MS))
    return DEFAULT_POLICY._replace(**figures)


def write(breach: Breach, directory: Path) -> tuple[str, Path]:
    """(the story, the file of the scenario) of a breach."""
    teller = Teller(breach)
    story, scenario = teller.story(), teller.scenario()
    slug = re.sub(r"[^a-z]+", "_", breach.law.split(":")[0].lower()).strip("_")[:60]
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{slug}.toml"
    path.write_text(scenario, encoding="utf-8")
    return story, path
