"""The laws of the watch machine: a partner is what it said last, missed after three silences, told once a change."""

from typing import Any, NamedTuple

from interlock.core import watch
from interlock.core.machine import State
from interlock.core.settings import Policy

from .laws import Choice, Step, hold, key_of


class WatchGhost(NamedTuple):
    """Silences since the last word, at most as many as count."""

    misses: int


class WatchWorld:
    name = "watch"
    machine = watch.MACHINE
    event_names = watch.EVENT_NAMES
    choices: tuple[Choice, ...] = (
        (watch.FIT, 0),
        (watch.UNFIT, 1),
        (watch.UNFIT, 2),
        (watch.MISSED, 0),
        (watch.AWAY, 0),
    )

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def starts(self, now: int) -> list[tuple[State, WatchGhost]]:
        return [(watch.WatchState(), WatchGhost(0))]

    def options(self, state: State) -> tuple[Choice, ...]:
        return self.choices

    def key(self, state: State, now: int) -> Any:
        return key_of(state, now)

    def age(self, ghost: WatchGhost, ms: int) -> WatchGhost:
        return ghost

    def judge(self, ghost: WatchGhost, step: Step) -> WatchGhost:
        before, event, data, _, after, effects = step
        misses = min(ghost.misses + 1, watch.MISSES_MAX) if event == watch.MISSED else 0
        wanted = {watch.FIT: (watch.GOOD, 0), watch.UNFIT: (watch.POOR, data), watch.AWAY: (watch.UNKNOWN, 0)}
        mode, detail = wanted.get(event, (before.mode, before.detail))
        if misses == watch.MISSES_MAX:
            mode, detail = watch.MISSING, 0
        hold((after.mode, after.detail) == (mode, detail), "a partner is what it said last, or missing when silent")
        changed = (mode, detail) != (before.mode, before.detail)
        told = [(watch.CHANGED, mode, detail)] if changed else []
        warned = [(watch.WARN,)] if changed and mode in (watch.POOR, watch.MISSING) else []
        hold(effects == told + warned, "each change is journalled once, and a bad one warns once")
        return WatchGhost(misses)

    def home(self, state: State, now: int) -> None:
        state, _ = self.machine.step(state, watch.FIT, 0, now, self.policy)
        hold(state.mode == watch.GOOD, "who is heard fit is there")
