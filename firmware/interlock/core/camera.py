"""Camera machine: make the recorder record while a weapon is out, and say truthfully whether it does. Pure.

Laws: the shutter toggles, so it is pulsed only when the tally says that the pulse does what is meant; nothing but the
tally proves recording; while a weapon is out the recorder is never told to stop; a recording that a person stopped is
restarted once and never fought over.
"""

from . import frames
from .machine import Machine, Rule, State
from .proof import ALERT_INTERRUPTED, ALERT_NOT_RECORDING
from .ticks import PERIOD_MS, earlier, is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect, Guard
    from .settings import Policy

STANDBY = 0
STARTING = 1  # told to start, no tally yet
RECORDING = 2  # tally on, a weapon is out
HOLDING = 3  # tally on, no weapon out any more: until the post-event hold is over
INTERRUPTED = 4  # stopped by hand while a weapon is out
UNPROVEN = 5  # tally on, but never seen off since boot, or it did not follow: no proof
FAULT = 6  # told to start, and no tally within the limit
MODE_NAMES = {
    STANDBY: "standby",
    STARTING: "starting",
    RECORDING: "recording",
    HOLDING: "holding",
    INTERRUPTED: "interrupted",
    UNPROVEN: "unproven",
    FAULT: "fault",
}
ANY = (STANDBY, STARTING, RECORDING, HOLDING, INTERRUPTED, UNPROVEN, FAULT)

TRIGGER = 0  # data: sender; a weapon of the group is out
AGAIN = 1  # data: sender; same, but nothing new happened: lease renewal
RETURN = 2  # data: sender; its weapon is back
TALLY_ON = 3
TALLY_OFF = 4
LIMIT = 5
HOLD_OVER = 6
LEASE_OVER = 7
RETRY = 8
AWAKE = 9
ASLEEP = 10
EVENT_NAMES = {
    TRIGGER: "trigger",
    AGAIN: "renewal",
    RETURN: "weapon back",
    TALLY_ON: "tally on",
    TALLY_OFF: "tally off",
    LIMIT: "limit",
    HOLD_OVER: "hold over",
    LEASE_OVER: "lease over",
    RETRY: "retry due",
    AWAKE: "recorder awake",
    ASLEEP: "recorder asleep",
}

PULSE = 0  # pulse the shutter
CHANGED = 1  # (CHANGED, mode): journal it, and tell the holsters that are out
ALERT = 2  # (ALERT, code)
EXPIRED = 3  # (EXPIRED, sender): its lease ended without a return

WEAPONS_MAX = 8
RETRY_MS = 10000  # a recorder that failed is tried again this often while a weapon is out


class CameraState(State):
    """`weapons`: ((sender, lease deadline), ...) of weapons known to be out. `tally_at`: tick of its last edge."""

    FIELDS = (
        "mode",
        "tally",
        "seen_off",
        "ours",
        "stopping",
        "restarts",
        "weapons",
        "tally_at",
        "awake",
        "awake_at",
        "buffer_ms",
        "limit_at",
        "hold_at",
        "lease_at",
        "retry_at",
    )
    TIMERS = (("limit_at", LIMIT), ("hold_at", HOLD_OVER), ("lease_at", LEASE_OVER), ("retry_at", RETRY))

    def __init__(self) -> None:
        self.mode = STANDBY
        self.tally = False
        self.seen_off = True
        self.ours = False  # we started this recording, so we may stop it
        self.stopping = False  # a stop pulse is on its way
        self.restarts = 0
        self.weapons: tuple[tuple[int, int], ...] = ()
        self.tally_at = 0
        self.awake = True
        self.awake_at = 0
        self.buffer_ms = 0  # pre-event buffer that this recording can hold, at most
        self.limit_at: int | None = None
        self.hold_at: int | None = None
        self.lease_at: int | None = None
        self.retry_at: int | None = None


def at_boot(tally: bool, awake: bool, now: int) -> CameraState:
    """The state to begin with. A tally that is on at boot was never seen off: it proves nothing yet."""
    state = CameraState()
    state.tally = tally
    state.seen_off = not tally
    state.tally_at = now
    state.awake = awake
    state.awake_at = now
    return state


def answer(state: CameraState, now: int) -> tuple[int, int, int, int]:
    """The truth to ack: (ack kind, reason, recording since ms, pre-event buffer ms)."""
    if state.mode in (RECORDING, HOLDING) and state.tally and is_believed(state):
        return frames.PROVEN, frames.REASON_NONE, tally_age_ms(state, now), state.buffer_ms
    if state.mode == STARTING or state.stopping:
        return frames.HEARD, frames.REASON_STARTING, 0, 0
    if state.mode == INTERRUPTED:
        return frames.REFUSED, frames.REASON_INTERRUPTED, 0, 0
    if state.mode == FAULT:
        return frames.REFUSED, frames.REASON_NO_TALLY if state.awake else frames.REASON_ASLEEP, 0, 0
    if state.mode == UNPROVEN:
        return frames.REFUSED, frames.REASON_UNPROVEN, 0, 0
    return frames.HEARD, frames.REASON_NONE, 0, 0


def is_believed(state: CameraState) -> bool:
    """Whether the tally is proof: seen off since boot, and no stop pulse waits for its effect on it."""
    return state.seen_off and not state.stopping


def tally_age_ms(state: CameraState, now: int) -> int:
    """How long the tally has been as it is."""
    return max(0, ticks_diff(now, state.tally_at))


def saturate(state: CameraState, now: int) -> CameraState:
    """Keep old ticks comparable: what lies further back than a quarter period reads as a quarter period."""
    quarter = PERIOD_MS >> 2
    if ticks_diff(now, state.tally_at) <= quarter and ticks_diff(now, state.awake_at) <= quarter:
        return state
    kept = state.copy()
    kept.tally_at = _not_before(state.tally_at, now, quarter)
    kept.awake_at = _not_before(state.awake_at, now, quarter)
    return kept


def _not_before(ticks: int, now: int, quarter: int) -> int:
    return ticks if ticks_diff(now, ticks) <= quarter else ticks_add(now, -quarter)


# Guards.


def _tally_proven(state: CameraState, data: int | None, now: int) -> bool:
    return state.tally and state.seen_off


def _tally(state: CameraState, data: int | None, now: int) -> bool:
    return state.tally


def _stopping(state: CameraState, data: int | None, now: int) -> bool:
    return state.stopping


def _more_weapons(state: CameraState, data: int | None, now: int) -> bool:
    for sender, _ in state.weapons:
        if sender != data:
            return True
    return False


def _leases_left(state: CameraState, data: int | None, now: int) -> bool:
    return len([w for w in state.weapons if not is_due(w[1], now)]) > 0


def _weapons(state: CameraState, data: int | None, now: int) -> bool:
    return len(state.weapons) > 0


def _first_stop(state: CameraState, data: int | None, now: int) -> bool:
    return len(state.weapons) > 0 and state.restarts == 0


def _may_stop(state: CameraState, data: int | None, now: int) -> bool:
    return state.ours and state.tally


# Actions.


def _lease(state: CameraState, now: int) -> None:
    state.lease_at = None
    for _, until in state.weapons:
        state.lease_at = earlier(state.lease_at, until, now)


def _add_weapon(state: CameraState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    kept = [w for w in state.weapons if w[0] != data]
    kept.append((data, ticks_add(now, policy.lease_ms)))
    state.weapons = tuple(kept[-WEAPONS_MAX:])
    _lease(state, now)


def _drop_weapon(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.weapons = tuple([w for w in state.weapons if w[0] != data])
    _lease(state, now)


def _drop_expired(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    for sender, until in state.weapons:
        if is_due(until, now):
            effects.append((EXPIRED, sender))
    state.weapons = tuple([w for w in state.weapons if not is_due(w[1], now)])
    _lease(state, now)


def _pulse(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.limit_at = ticks_add(now, policy.start_limit_ms)
    state.retry_at = None
    effects.append((PULSE,))


def _start(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.ours = policy.stop_after_hold
    state.stopping = False
    _pulse(state, data, now, policy, effects)


def _restart(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.restarts += 1
    _pulse(state, data, now, policy, effects)


def _stop(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.stopping = True
    _pulse(state, data, now, policy, effects)


def _adopt(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    # Whatever records next was not started by us.
    state.ours = False


def _tally_on(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    # The buffer holds at most what passed in standby: since the last recording, since it woke up.
    standby_ms = min(ticks_diff(now, state.tally_at), ticks_diff(now, state.awake_at))
    state.buffer_ms = max(0, min(standby_ms, policy.buffer_ms))
    state.tally = True
    state.tally_at = now


def _tally_off(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.tally = False
    state.seen_off = True
    state.tally_at = now


def _awake(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.awake = True
    state.awake_at = now


def _asleep(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.awake = False


def _no_limit(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.limit_at = None
    state.retry_at = None
    state.stopping = False


def _hold(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.hold_at = ticks_add(now, policy.hold_ms)
    state.restarts = 0


def _no_hold(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.hold_at = None


def _rest(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.ours = False
    state.stopping = False
    state.restarts = 0
    state.limit_at = None
    state.hold_at = None
    state.retry_at = None


def _retry_later(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.stopping = False
    state.retry_at = ticks_add(now, RETRY_MS)


def _doubt(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.seen_off = False
    state.stopping = False
    state.ours = False


def _changed(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((CHANGED, state.mode))


def _alert(code: int) -> "Action":
    def action(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        effects.append((ALERT, code))

    return action


_GUARDS: "dict[str, Guard]" = {
    "tally on, seen off": _tally_proven,
    "tally on": _tally,
    "stopping": _stopping,
    "other weapons out": _more_weapons,
    "weapons out": _weapons,
    "weapons out, first stop": _first_stop,
    "ours": _may_stop,
    "leases left": _leases_left,
}
_ACTIONS: "dict[str, Action]" = {
    "add weapon": _add_weapon,
    "drop weapon": _drop_weapon,
    "drop expired": _drop_expired,
    "start": _start,
    "restart": _restart,
    "stop": _stop,
    "adopt": _adopt,
    "tally on": _tally_on,
    "tally off": _tally_off,
    "awake": _awake,
    "asleep": _asleep,
    "no limit": _no_limit,
    "hold": _hold,
    "no hold": _no_hold,
    "rest": _rest,
    "retry later": _retry_later,
    "doubt tally": _doubt,
    "changed": _changed,
    "alert interrupted": _alert(ALERT_INTERRUPTED),
    "alert not recording": _alert(ALERT_NOT_RECORDING),
}

RULES = (
    # A weapon is out.
    Rule((STANDBY,), TRIGGER, "tally on, seen off", RECORDING, ("add weapon", "adopt", "changed")),
    Rule((STANDBY,), TRIGGER, "tally on", UNPROVEN, ("add weapon", "changed")),
    Rule((STANDBY, FAULT), TRIGGER, None, STARTING, ("add weapon", "start", "changed")),
    Rule((STANDBY,), AGAIN, "tally on, seen off", RECORDING, ("add weapon", "adopt", "changed")),
    Rule((STANDBY,), AGAIN, "tally on", UNPROVEN, ("add weapon", "changed")),
    Rule((STANDBY,), AGAIN, None, STARTING, ("add weapon", "start", "changed")),
    # A stop pulse was just sent: its outcome decides, see "tally off" and "limit" while starting.
    Rule((HOLDING,), TRIGGER, "stopping", STARTING, ("add weapon", "no hold", "changed")),
    Rule((HOLDING,), AGAIN, "stopping", STARTING, ("add weapon", "no hold", "changed")),
    Rule((HOLDING,), TRIGGER, None, RECORDING, ("add weapon", "no hold", "changed")),
    Rule((HOLDING,), AGAIN, None, RECORDING, ("add weapon", "no hold", "changed")),
    Rule(ANY, TRIGGER, None, None, ("add weapon",)),
    Rule(ANY, AGAIN, None, None, ("add weapon",)),
    # The tally decides.
    Rule((STARTING,), TALLY_ON, "weapons out", RECORDING, ("tally on", "no limit", "changed")),
    Rule((STARTING,), TALLY_ON, None, HOLDING, ("tally on", "no limit", "hold", "changed")),
    Rule((STARTING,), TALLY_OFF, None, None, ("tally off", "start")),
    Rule((INTERRUPTED, FAULT), TALLY_ON, "weapons out", RECORDING, ("tally on", "no limit", "changed")),
    Rule((FAULT,), TALLY_ON, None, HOLDING, ("tally on", "no limit", "hold", "changed")),
    Rule(
        (RECORDING,),
        TALLY_OFF,
        "weapons out, first stop",
        INTERRUPTED,
        ("tally off", "restart", "changed", "alert interrupted"),
    ),
    Rule((RECORDING,), TALLY_OFF, None, INTERRUPTED, ("tally off", "adopt", "changed", "alert interrupted")),
    Rule((HOLDING,), TALLY_OFF, None, STANDBY, ("tally off", "rest", "changed")),
    Rule((UNPROVEN,), TALLY_OFF, "weapons out, first stop", STARTING, ("tally off", "start", "changed")),
    Rule((UNPROVEN,), TALLY_OFF, "weapons out", INTERRUPTED, ("tally off", "changed", "alert interrupted")),
    Rule((UNPROVEN,), TALLY_OFF, None, STANDBY, ("tally off", "rest", "changed")),
    Rule((STANDBY,), TALLY_ON, None, None, ("tally on", "changed")),
    Rule((STANDBY,), TALLY_OFF, None, None, ("tally off", "changed")),
    Rule(ANY, TALLY_ON, None, None, ("tally on",)),
    Rule(ANY, TALLY_OFF, None, None, ("tally off",)),
    # The recorder did not follow.
    Rule((STARTING,), LIMIT, "tally on", UNPROVEN, ("doubt tally", "changed", "alert not recording")),
    Rule((STARTING, INTERRUPTED), LIMIT, None, FAULT, ("adopt", "retry later", "changed", "alert not recording")),
    Rule((HOLDING,), LIMIT, None, UNPROVEN, ("doubt tally", "changed")),
    Rule((FAULT,), RETRY, "weapons out", STARTING, ("start", "changed")),
    Rule((FAULT,), RETRY, None, STANDBY, ("rest", "changed")),
    # The weapons are back, or silent for longer than their lease.
    Rule(ANY, RETURN, "other weapons out", None, ("drop weapon",)),
    Rule((RECORDING,), RETURN, None, HOLDING, ("drop weapon", "hold", "changed")),
    Rule((INTERRUPTED, FAULT), RETURN, None, STANDBY, ("drop weapon", "rest", "changed")),
    Rule(ANY, RETURN, None, None, ("drop weapon",)),
    Rule(ANY, LEASE_OVER, "leases left", None, ("drop expired",)),
    Rule((RECORDING,), LEASE_OVER, None, HOLDING, ("drop expired", "hold", "changed")),
    Rule((INTERRUPTED, FAULT), LEASE_OVER, None, STANDBY, ("drop expired", "rest", "changed")),
    Rule(ANY, LEASE_OVER, None, None, ("drop expired",)),
    # Without accessory voltage no recorder records: a tally that is on then lies.
    Rule(
        (RECORDING, HOLDING),
        ASLEEP,
        None,
        UNPROVEN,
        ("asleep", "adopt", "no limit", "no hold", "doubt tally", "changed"),
    ),
    Rule((STANDBY,), ASLEEP, "tally on", None, ("asleep", "doubt tally", "changed")),
    Rule(ANY, AWAKE, None, None, ("awake",)),
    Rule(ANY, ASLEEP, None, None, ("asleep",)),
    # Afterwards: stop what we started; what an officer started goes on.
    Rule((HOLDING,), HOLD_OVER, "ours", None, ("stop", "changed")),
    Rule((HOLDING,), HOLD_OVER, None, STANDBY, ("rest", "changed")),
)

MACHINE = Machine(RULES, _GUARDS, _ACTIONS)
