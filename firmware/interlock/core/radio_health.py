"""Radio health machine: what to do about a Bluetooth stack that refuses, raises or hears nobody. Pure; `radio/
supervisor.py` tells it what happened and carries out what it wants.

Three rungs: the scan is started anew, then the stack, then the unit. Each further try waits twice as long as the one
before, and every unit restart in a row makes the next one wait for one more try, so neither a dead chip nor a quiet
place makes a unit restart every few minutes.
"""

from .machine import Machine, Rule, State
from .ticks import ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect, Guard
    from .settings import Policy

SOUND = 0
QUIET = 1  # nobody is heard
REFUSING = 2  # the stack refuses what it is asked
RAISING = 3  # the event handler raised so often in a row that it hears nothing
DOWN = 4  # the stack could not be started
MODE_NAMES = {SOUND: "sound", QUIET: "quiet", REFUSING: "refusing", RAISING: "raising", DOWN: "down"}
ANY = (SOUND, QUIET, REFUSING, RAISING, DOWN)

HEARD = 0  # somebody, whoever
TAKEN = 1  # the stack took what it was asked
REFUSED = 2
RAISED = 3
SILENT = 4  # QUIET_MS without anybody; comes again and again
STARTED = 5  # the stack is up again
FAILED = 6  # it is not
USED = 7  # a weapon, or a recorder: begins to be
NEXT = 8  # the timer; data: the conditions below, together
EVENT_NAMES = {
    HEARD: "somebody heard",
    TAKEN: "taken",
    REFUSED: "refused",
    RAISED: "handler raised",
    SILENT: "silence",
    STARTED: "stack started",
    FAILED: "stack failed",
    USED: "use begins",
    NEXT: "pause over",
}

IN_USE = 1  # a weapon is out, or a recorder is being started or stopped
LINKED = 2  # a technician is connected, or a recorder
MISSED = 4  # a partner was heard since boot, has not said that it goes, and is missing
HEARING = 8  # frames of our kind are being heard

RESTART_SCAN = 0
RESTART_STACK = 1  # never with a connection: that hangs some ports
DISCONNECT = 2
RESTART_UNIT = 3  # (RESTART_UNIT, how many in a row)

QUIET_MS = 30000  # scans die silently on several chips
REFUSED_MS = 500  # from the first refusal to the first stack restart; doubles with each try
SILENCE_MS = 300000  # from silence to the first stack restart; doubles with each try
PUT_OFF_MAX = 3  # times that a stack restart waits REFUSED_MS more, since frames are heard as they should be
STACK_TRIES = 2  # stack restarts that must have failed before the unit restarts
FORGIVEN_MS = 600000  # a radio that was sound for so long has its unit restarts forgiven
REFUSED_TRIES_MAX = 13  # of REFUSED_MS doubled so often: 68 min between unit restarts at most
SILENCE_TRIES_MAX = 5  # 160 min


class HealthState(State):
    FIELDS = ("mode", "next_at", "put_off", "tries", "restarts")
    TIMERS = (("next_at", NEXT),)

    def __init__(self) -> None:
        self.mode = SOUND
        self.next_at: int | None = None
        self.put_off = 0
        self.tries = 0  # stack restarts since it was sound
        self.restarts = 0  # unit restarts in a row, up to this boot


def at_boot(restarts: int, now: int) -> HealthState:
    """`restarts`: how many boots in a row, up to this one, began because of the radio."""
    state = HealthState()
    state.restarts = restarts
    state.next_at = ticks_add(now, FORGIVEN_MS)
    return state


def _are_tries_over(state: HealthState, data: int, now: int, policy: "Policy") -> bool:
    return state.tries >= STACK_TRIES + state.restarts


def _over_and_idle(state: HealthState, data: int, now: int, policy: "Policy") -> bool:
    return _are_tries_over(state, data, now, policy) and not data & IN_USE


def _over_and_missed(state: HealthState, data: int, now: int, policy: "Policy") -> bool:
    return _are_tries_over(state, data, now, policy) and data == MISSED


def _missed(state: HealthState, data: int, now: int, policy: "Policy") -> bool:
    return data == MISSED


def _linked(state: HealthState, data: int, now: int, policy: "Policy") -> bool:
    return data & LINKED != 0


def _heard_well(state: HealthState, data: int, now: int, policy: "Policy") -> bool:
    return data & HEARING != 0 and state.put_off < PUT_OFF_MAX


def _settle(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.tries = 0
    state.next_at = ticks_add(now, FORGIVEN_MS)


def _forgive(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.restarts = 0


def _doubt(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.tries = state.put_off = 0
    state.next_at = ticks_add(now, REFUSED_MS)


def _put_off(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.put_off += 1
    state.next_at = ticks_add(now, REFUSED_MS)


def _wait(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.next_at = ticks_add(now, SILENCE_MS << min(state.tries, SILENCE_TRIES_MAX))


def _climb(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.tries += 1
    state.next_at = ticks_add(now, REFUSED_MS << min(state.tries, REFUSED_TRIES_MAX))


def _climb_slowly(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.tries += 1
    _wait(state, data, now, policy, effects)


def _restart_scan(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((RESTART_SCAN,))


def _restart_stack(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((RESTART_STACK,))


def _disconnect(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((DISCONNECT,))


def _restart_unit(state: HealthState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((RESTART_UNIT, state.restarts + 1))


_GUARDS: "dict[str, Guard]" = {
    "tries over": _are_tries_over,
    "tries over, idle": _over_and_idle,
    "tries over, only missed": _over_and_missed,
    "only missed": _missed,
    "linked": _linked,
    "heard well": _heard_well,
}
_ACTIONS: "dict[str, Action]" = {
    "settle": _settle,
    "forgive": _forgive,
    "doubt": _doubt,
    "put off": _put_off,
    "wait": _wait,
    "climb": _climb,
    "climb slowly": _climb_slowly,
    "restart scan": _restart_scan,
    "restart stack": _restart_stack,
    "disconnect": _disconnect,
    "restart unit": _restart_unit,
}

RULES = (
    Rule((QUIET, RAISING), HEARD, None, SOUND, ("settle",)),
    Rule((REFUSING, DOWN), TAKEN, None, SOUND, ("settle",)),
    Rule((SOUND,), NEXT, None, None, ("forgive",)),
    Rule((SOUND, QUIET), REFUSED, None, REFUSING, ("doubt",)),
    Rule((SOUND, QUIET), RAISED, None, RAISING, ("doubt",)),
    Rule((SOUND,), SILENT, None, QUIET, ("restart scan", "wait")),
    Rule((QUIET,), SILENT, None, None, ("restart scan",)),
    Rule((SOUND, QUIET), FAILED, None, DOWN, ("doubt",)),
    Rule((REFUSING, RAISING), FAILED, None, DOWN, ()),
    Rule((REFUSING, DOWN), USED, None, None, ("doubt",)),  # now it is worth another try
    Rule((DOWN,), STARTED, None, REFUSING, ()),  # it has yet to take something
    # A unit whose radio does nothing at all restarts in a use, too: it cannot do less for it.
    Rule((REFUSING, DOWN), NEXT, "tries over", None, ("climb", "restart unit")),
    Rule((RAISING,), NEXT, "tries over, idle", None, ("climb", "restart unit")),
    Rule((REFUSING, RAISING), NEXT, "heard well", None, ("put off",)),
    Rule((REFUSING, RAISING, DOWN), NEXT, "linked", None, ("climb", "disconnect")),
    Rule((REFUSING, RAISING, DOWN), NEXT, None, None, ("climb", "restart stack")),
    Rule((QUIET,), NEXT, "tries over, only missed", None, ("climb slowly", "restart unit")),
    Rule((QUIET,), NEXT, "only missed", None, ("climb slowly", "restart stack")),
    Rule((QUIET,), NEXT, None, None, ("wait",)),  # a quiet place, or there is something better to do
)
MACHINE = Machine(RULES, _GUARDS, _ACTIONS)
