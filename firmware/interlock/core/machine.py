"""State machines as data: a table of rules and one pure step.

A machine is a table (first matching rule wins), a State class and its timers. `step` never changes the state it is
given; effects come back as tuples `(EFFECT, ...)` for the role to carry out. Timers are deadlines in the state.
"""

from collections import namedtuple

from .ticks import earlier, is_due

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .settings import Policy

    S = TypeVar("S", bound="State")
    Effect = tuple[int, ...]  # the effect's code, then what the role needs to carry it out
    # The table decides which machine's state and which event's data reach a guard or an action, so no type can.
    Guard = Callable[[Any, Any, int, Policy], bool]
    Action = Callable[[Any, Any, int, Policy, list[Effect]], None]

# states: modes in which the rule holds; event: its code; guard: name of a predicate or None;
# then: the next mode, or None to stay; do: names of actions, in order.
Rule = namedtuple("Rule", ("states", "event", "guard", "then", "do"))


class State:
    """Base of a machine's state. Subclasses name FIELDS (first is `mode`) and TIMERS: (field, event) pairs."""

    FIELDS: tuple[str, ...] = ("mode",)
    TIMERS: tuple[tuple[str, int], ...] = ()
    mode: int

    def key(self) -> "tuple[Any, ...]":
        """All fields as a tuple: equal keys, equal states."""
        return tuple([getattr(self, name) for name in self.FIELDS])

    def copy(self: "S") -> "S":
        other = self.__class__()
        for name in self.FIELDS:
            setattr(other, name, getattr(self, name))
        return other


class Machine:
    """A table bound to its guards and actions; `policy` is what they may read of the configuration.

    Guards are `guard(state, data, now, policy)`; actions are `action(state, data, now, policy, effects)` on a copy that
    they may change.
    """

    def __init__(self, rules: tuple[Rule, ...], guards: "dict[str, Guard]", actions: "dict[str, Action]") -> None:
        self.rules = rules
        self._guards = guards
        self._actions = actions

    def step(self, state: "S", event: int, data: "Any", now: int, policy: "Policy") -> "tuple[S, list[Effect]]":
        """(next state, effects) for one event; `data` is what came with it. No rule: the same state, no effects."""
        for rule in self.rules:
            if rule.event != event or state.mode not in rule.states:
                continue
            if rule.guard is not None and not self._guards[rule.guard](state, data, now, policy):
                continue
            draft = state.copy()
            effects: list[Effect] = []
            if rule.then is not None:
                draft.mode = rule.then
            for name in rule.do:
                self._actions[name](draft, data, now, policy, effects)
            return draft, effects
        return state, []


RULE_HEAD_BYTES = 6  # length, event, modes (a bit each, high byte first), guard, next mode; actions follow
NOTHING = 0xFF  # as guard or next mode: none


class Packed(Machine):
    """The same machine as bytes, which take a tenth of the memory: `host_tools/building/tables.py` packs them for
    units. Guards and actions are tuples, and named by their places."""

    def __init__(self, rules: bytes, guards: "tuple[Guard, ...]", actions: "tuple[Action, ...]") -> None:
        self._packed = rules
        self._held = guards
        self._done = actions

    def step(self, state: "S", event: int, data: "Any", now: int, policy: "Policy") -> "tuple[S, list[Effect]]":
        rules = self._packed
        end = 0
        while end < len(rules):
            at = end
            end += rules[at]
            if rules[at + 1] != event or not (rules[at + 2] << 8 | rules[at + 3]) >> state.mode & 1:
                continue
            guard = rules[at + 4]
            if guard != NOTHING and not self._held[guard](state, data, now, policy):
                continue
            draft = state.copy()
            effects: list[Effect] = []
            if rules[at + 5] != NOTHING:
                draft.mode = rules[at + 5]
            for place in range(at + RULE_HEAD_BYTES, end):
                self._done[rules[place]](draft, data, now, policy, effects)
            return draft, effects
        return state, []


def deadline(state: State, now: int) -> int | None:
    """The earliest timer of the state as a tick, or None."""
    first: int | None = None
    for field, _ in state.TIMERS:
        first = earlier(first, getattr(state, field), now)
    return first


def is_any_due(state: State, now: int) -> bool:
    """Whether a timer of the state is due: what every turn asks, so it allocates nothing."""
    for field, _ in state.TIMERS:
        if is_due(getattr(state, field), now):
            return True
    return False


def due(state: "S", now: int) -> "tuple[S, int | None]":
    """The event of a timer that is due, with the timer taken off: (state, event), or (state, None)."""
    for field, event in state.TIMERS:
        if is_due(getattr(state, field), now):
            taken = state.copy()
            setattr(taken, field, None)
            return taken, event
    return state, None


def table_text(machine: Machine, mode_names: dict[int, str], event_names: dict[int, str]) -> str:
    """The rules as a Markdown table: what the documents show, so that they cannot drift from the code."""
    lines = ["| in | on | if | then | do |", "|---|---|---|---|---|"]
    for rule in machine.rules:
        states = "any" if len(rule.states) == len(mode_names) else ", ".join([mode_names[m] for m in rule.states])
        then = mode_names[rule.then] if rule.then is not None else "-"
        lines.append(
            "| %s | %s | %s | %s | %s |"
            % (states, event_names[rule.event], rule.guard or "-", then, ", ".join(rule.do) or "-")
        )
    return "\n".join(lines) + "\n"
