"""Watch machine: is my partner there, and fit? One for each partner of a unit. Pure.

A holster unit watches its cameras' readiness, a camera unit its holsters' presence. A partner that is missing or not
fit warns once per change, discreetly, before anything happens; so nobody finds out in a use.
"""

from .machine import Machine, Rule, State

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect, Guard
    from .settings import Policy

UNKNOWN = 0  # since boot or assignment, or it said that it was put away
GOOD = 1
POOR = 2  # heard, but not fit: `detail` says why
MISSING = 3  # MISSES_MAX times not heard
MODE_NAMES = {UNKNOWN: "unknown", GOOD: "good", POOR: "poor", MISSING: "missing"}
ANY = (UNKNOWN, GOOD, POOR, MISSING)

FIT = 0
UNFIT = 1  # data: why, see `frames.READY_NAMES` for cameras, frame flags for holsters
MISSED = 2  # it should have been heard, and was not
AWAY = 3  # it said that it is put away: do not expect it
EVENT_NAMES = {FIT: "heard fit", UNFIT: "heard unfit", MISSED: "missed", AWAY: "put away"}

CHANGED = 0  # (CHANGED, mode, detail): journal it
WARN = 1

MISSES_MAX = 3


class WatchState(State):
    FIELDS = ("mode", "misses", "detail")

    def __init__(self) -> None:
        self.mode = UNKNOWN
        self.misses = 0
        self.detail = 0


def _third(state: WatchState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.misses + 1 >= MISSES_MAX


def _other(state: WatchState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.detail != data


def _count(state: WatchState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.misses = min(state.misses + 1, MISSES_MAX)


def _heard(state: WatchState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.misses = 0


def _take(state: WatchState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.detail = data


def _clear(state: WatchState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.detail = 0


def _changed(state: WatchState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((CHANGED, state.mode, state.detail))


def _warn(state: WatchState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((WARN,))


_GUARDS: "dict[str, Guard]" = {"third time": _third, "for another reason": _other}
_ACTIONS: "dict[str, Action]" = {
    "count": _count,
    "heard": _heard,
    "take reason": _take,
    "no reason": _clear,
    "changed": _changed,
    "warn": _warn,
}

RULES = (
    Rule((UNKNOWN, POOR, MISSING), FIT, None, GOOD, ("heard", "no reason", "changed")),
    Rule((GOOD,), FIT, None, None, ("heard",)),
    Rule((UNKNOWN, GOOD, MISSING), UNFIT, None, POOR, ("heard", "take reason", "changed", "warn")),
    Rule((POOR,), UNFIT, "for another reason", None, ("heard", "take reason", "changed", "warn")),
    Rule((POOR,), UNFIT, None, None, ("heard",)),
    Rule((UNKNOWN, GOOD, POOR), MISSED, "third time", MISSING, ("count", "no reason", "changed", "warn")),
    Rule((UNKNOWN, GOOD, POOR), MISSED, None, None, ("count",)),
    Rule((GOOD, POOR, MISSING), AWAY, None, UNKNOWN, ("heard", "no reason", "changed")),
    Rule((UNKNOWN,), AWAY, None, None, ("heard",)),
)

MACHINE = Machine(RULES, _GUARDS, _ACTIONS)
