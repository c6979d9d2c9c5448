"""What the laws of the three machines share: laws as code, which random walks and an exhaustive search both judge.

A world names a machine's events and carries a *ghost*: what an onlooker remembers of the past, as a hashable tuple of
flags and milliseconds (never ticks, so that equal pasts compare equal). `judge` sees every step and raises `Broken`;
`home` says from any state that the machine finds its way back. Not here: the worlds themselves, `laws_holster.py`,
`laws_proof.py` and `laws_camera.py`, and the engines, `engine.py`.
"""

from functools import cache
from typing import Any, NamedTuple

from interlock.core.machine import Machine, State, deadline, due
from interlock.core.settings import Policy
from interlock.core.ticks import ticks_add, ticks_diff

Choice = tuple[int, Any]
Effects = list[tuple[Any, ...]]


class Broken(AssertionError):
    """A law does not hold."""


class Step(NamedTuple):
    before: State
    event: int
    data: Any
    now: int
    after: State
    effects: Effects


def hold(condition: object, law: str) -> None:
    if not condition:
        raise Broken(law)


@cache
def _looked_at(kind: type[State], ignored: tuple[str, ...], capped: tuple[tuple[str, int], ...]) -> list[Any]:
    """(name, whether it is ticks, most that it counts) of each field that is not ignored: found once, keys are made by
    the hundred thousand."""
    ticks, caps = {field for field, _ in kind.TIMERS}, dict(capped)
    return [(name, name in ticks, caps.get(name)) for name in kind.FIELDS if name not in ignored]


def key_of(state: State, now: int, ignored: tuple[str, ...] = (), capped: tuple[tuple[str, int], ...] = ()) -> Any:
    """The state with its ticks as distances from `now`: equal keys behave equally for ever."""
    out: list[Any] = []
    for name, is_ticks, most in _looked_at(state.__class__, ignored, capped):
        value = getattr(state, name)
        if is_ticks and value is not None:
            value = ticks_diff(value, now)
        elif name == "weapons":
            value = tuple([(sender, ticks_diff(until, now)) for sender, until in value])
        elif most is not None:
            value = min(value, most)
        out.append(value)
    return tuple(out)


def let_pass(machine: Machine, state: State, now: int, ms: int, policy: Policy) -> tuple[State, int, Effects]:
    """`ms` go by and every timer is served when it is due: (state, now, effects)."""
    end, effects = ticks_add(now, ms), []
    while (at := deadline(state, now)) is not None and ticks_diff(at, end) <= 0:
        now = at if ticks_diff(at, now) > 0 else now
        state, event = due(state, now)
        state, more = machine.step(state, event, now, now, policy)
        effects += more
    return state, end, effects
