"""What of many runs belongs together: each use of the scenario by itself, and every event of a kind.

A use of the scenario is one situation, met once in each run. "Every draw" pools many, in every run the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Line = Mapping[str, Any]
Use = Mapping[str, Any]
USES_MAX = 8
"""A scenario with more uses is shown by kinds of event."""


class Key(NamedTuple):
    """`nth` event of this kind of this unit, from 1; 0 and no unit: all of them."""

    event: str
    unit: str
    nth: int


class Situation(NamedTuple):
    """`runs`: for each run that has any, the uses in it. `from_ms`, `to_ms`: when, in the earliest and latest run."""

    key: Key
    runs: list[list[Use]]
    from_ms: float
    to_ms: float

    @property
    def title(self) -> str:
        if not self.key.unit:
            return f"every {self.key.event}"
        nth = f" {self.key.nth}" if self.key.nth > 1 else ""
        until = "" if self.from_ms == self.to_ms else f" to {self.to_ms / 1000:.1f}"
        return f"{self.key.unit} {self.key.event}{nth} at {self.from_ms / 1000:.1f}{until} s"


def uses(lines: Sequence[Line]) -> list[Situation]:
    """Each use, in the order of time."""
    found: dict[Key, list[list[Use]]] = {}
    for line in lines:
        counts: dict[tuple[str, str], int] = {}
        for use in line["uses"]:
            kind = (use["event"], use["unit"])
            counts[kind] = counts.get(kind, 0) + 1
            found.setdefault(Key(*kind, counts[kind]), []).append([use])
    made = [_situation(key, runs) for key, runs in found.items()]
    return sorted(made, key=lambda situation: (situation.from_ms, situation.key))


def events(lines: Sequence[Line]) -> list[Situation]:
    """Every draw, every arm, every discharge."""
    found: dict[Key, list[list[Use]]] = {}
    for line in lines:
        for event in dict.fromkeys(use["event"] for use in line["uses"]):
            some = [use for use in line["uses"] if use["event"] == event]
            found.setdefault(Key(event, "", 0), []).append(some)
    made = [_situation(key, runs) for key, runs in found.items()]
    return sorted(made, key=lambda situation: (situation.from_ms, situation.key))


def _situation(key: Key, runs: list[list[Use]]) -> Situation:
    at_ms = [use["at_ms"] for run in runs for use in run]
    return Situation(key, runs, min(at_ms), max(at_ms))
