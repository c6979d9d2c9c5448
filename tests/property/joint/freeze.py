"""States of real objects: kept, brought back, and compared.

A role is an ordinary object, so its state is whatever hangs on it. A `Cell` is a handful of objects that change
together; it is saved as plain values and loaded again into the same objects. Its key is what decides its future: ticks
as distances from now, counters by their order alone, neither of which is told apart by type but by its range (below).
"""

import marshal
from collections.abc import Iterable
from typing import Any

from interlock.core.bucket import Bucket
from interlock.core.machine import State

TICKS_AT = 100_000_000  # every tick of a search lies near here
COUNTERS = 1_000_000  # the frames of unit n are counted from n times this on
COUNTERS_END = 16_000_000
FAR_MS = 60  # no deadline of a tiny clock lies further ahead than this, but for those that never come
PAST_MS = -10  # nothing asks how old anything is beyond this

# What changes no decision: ages that are only told, what is rebuilt from the rest whenever it is needed, and what was
# journalled already.
_TOLD = "tally_at awake_at buffer_ms proven_at edge_at sequence met_ms _near"
_REBUILT = "_ready _ready_for _ready_counter _following"
_JOURNALLED = "_journalled _answered _testified _begin_counter _begin_at _heard_ms _recording_ms _acks _late _alerts"
# The one is a double without a state; the other decides nothing until a line is faulty, which takes longer than any
# search.
_LINES = "pickup lines"
IGNORED = frozenset(f"{_TOLD} {_REBUILT} {_JOURNALLED} {_LINES} _acked _witnesses".split())

MEANING: dict[bytes, tuple[Any, ...]] = {}
"""What the bytes of frames and identifiers stand for, where they carry ticks or counters."""


class _Saved:
    """A saved object that is not fixed: it is made anew when it is loaded."""

    __slots__ = ("cls", "content")

    def __init__(self, cls: type, content: dict[str, Any]) -> None:
        self.cls, self.content = cls, content


def _is_ours(value: Any) -> bool:
    """Whether a value is a changeable object of the firmware, as against plain values, states and functions."""
    return type(value).__module__.startswith("interlock") and hasattr(value, "__dict__") and not callable(value)


class Cell:
    """Objects that are saved and loaded together. `fixed`: objects of all cells: kept by reference inside others."""

    def __init__(self, objects: list[Any], fixed: set[int]) -> None:
        self.objects = objects
        self._fixed = fixed
        fixed.update(id(thing) for thing in objects)
        self._names: list[list[str]] = [[] for _ in objects]

    def learn(self) -> None:
        """The objects are made: which of their attributes matter stays as it is now."""
        for names, thing in zip(self._names, self.objects, strict=True):
            names[:] = [name for name in thing.__dict__ if name not in IGNORED and not self._is_constant(thing, name)]

    def _is_constant(self, thing: Any, name: str) -> bool:
        value = getattr(thing, name)
        return id(value) in self._fixed or not (
            type(value) in _PLAIN or isinstance(value, (State, tuple, list, dict, set)) or _is_ours(value)
        )

    def save(self) -> list[dict[str, Any]]:
        return [self._save(thing.__dict__) for thing in self.objects]

    def load(self, saved: list[dict[str, Any]]) -> None:
        for thing, content in zip(self.objects, saved, strict=True):
            thing.__dict__ = self._load(content)

    def _save(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return {key: self._save(item) if type(item) not in _PLAIN else item for key, item in value.items()}
        if kind is list:
            return [self._save(item) for item in value]
        if kind is set:
            return set(value)
        if kind in _PLAIN or isinstance(value, (State, tuple)) or id(value) in self._fixed or not _is_ours(value):
            return value
        return _Saved(kind, self._save(value.__dict__))

    def _load(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return {key: self._load(item) if type(item) not in _PLAIN else item for key, item in value.items()}
        if kind is list:
            return [self._load(item) for item in value]
        if kind is set:
            return set(value)
        if kind is _Saved:
            thing = value.cls.__new__(value.cls)
            thing.__dict__ = self._load(value.content)
            return thing
        return value

    def flat(self, now: int) -> list[Any]:
        """What decides this cell's future, in a row; counters are still plain."""
        out: list[Any] = []
        for names, thing in zip(self._names, self.objects, strict=True):
            content = thing.__dict__
            self._flatten([content.get(name) for name in names] if content else (), now, out)
        return out

    def _flatten(self, values: Iterable[Any], now: int, out: list[Any]) -> None:
        for value in values:
            kind = type(value)
            if kind is int:
                if value < COUNTERS_END:
                    out.append(value)
                else:
                    off = value - now
                    # A float, so that a distance is never taken for a number.
                    out.append(0.5 + (PAST_MS if off < PAST_MS else FAR_MS if off > FAR_MS else off))
            elif kind is bool or kind is str or value is None:
                out.append(value)
            elif kind is bytes:
                meaning = MEANING.get(value)
                if meaning is None:
                    out.append(value)
                else:
                    self._flatten(meaning, now, out)
            elif kind is dict:
                out.append("{")
                self._flatten(value.keys(), now, out)
                self._flatten(value.values(), now, out)
            elif kind is set or kind is frozenset:
                self._flatten(("{", *sorted(value, key=repr)), now, out)
            elif isinstance(value, State):
                self._flatten([getattr(value, name) for name in value.FIELDS if name not in IGNORED], now, out)
            elif id(value) in self._fixed:
                continue
            elif isinstance(value, (tuple, list)):
                out.append("(")
                self._flatten(value, now, out)
                out.append(")")
            elif type(value) is Bucket:
                full = value._tokens >= value._most
                self._flatten((value._tokens, None if full else value._since), now, out)
            elif _is_ours(value):
                self._flatten([item for name, item in value.__dict__.items() if name not in IGNORED], now, out)


_PLAIN = frozenset((int, bool, str, bytes, float, type(None), tuple, frozenset))


def key_of(flats: list[list[Any]]) -> bytes:
    """Equal for states with equal futures. Only the order of a unit's counters matters, so ranks stand for them."""
    row: list[Any] = []
    for flat in flats:
        row += flat
        row.append("|")
    where = [i for i, item in enumerate(row) if type(item) is int and item >= COUNTERS]
    ranks: dict[int, int] = {}
    before = rank = 0
    for counter in sorted({row[i] for i in where}):
        unit = counter // COUNTERS
        rank = rank + 1 if unit == before else 0
        before = unit
        ranks[counter] = COUNTERS * unit + rank
    for i in where:
        row[i] = ranks[row[i]]
    return marshal.dumps(row, 2)
