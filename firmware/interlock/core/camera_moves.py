"""The camera machine's guards and actions, by the names that its table (`camera.py`) uses.

Guards are asked `(state, data, now, policy)`, actions change the draft they are given and add effects (`machine.py`).
"""

from .camera_state import (
    ALERT,
    CHANGED,
    EXPIRED,
    LOAN_MS,
    NOBODY,
    PULSE,
    RETRY_MS,
    SEVERAL,
    WEAPONS_MAX,
    CameraState,
)
from .proof import ALERT_INTERRUPTED, ALERT_NOT_RECORDING
from .ticks import earlier, is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect, Guard
    from .settings import Policy


# Guards.


def _tally_proven(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.tally and state.seen_off


def _tally(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.tally


def _stopping(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.stopping


def _more_weapons(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    for sender, _ in state.weapons:
        if sender != data:
            return True
    return False


def _leases_left(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return len([w for w in state.weapons if not is_due(w[1], now)]) > 0


def _weapons(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return len(state.weapons) > 0


def _only_cause(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.cause == data


def _held_for(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.cause == data and state.hold_at is not None


def _first_stop(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return len(state.weapons) > 0 and state.restarts == 0


def _may_stop(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return (state.ours or state.testing) and state.tally


def _borrowed(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.testing


def _lent_recording(state: CameraState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.testing and not state.stopping


# Actions.


def _lease(state: CameraState, now: int) -> None:
    state.lease_at = None
    for _, until in state.weapons:
        state.lease_at = earlier(state.lease_at, until, now)


def _add_weapon(state: CameraState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    kept = [w for w in state.weapons if w[0] != data]
    kept.append((data, ticks_add(now, policy.lease_ms)))
    state.cause = data if state.cause in (NOBODY, data) else SEVERAL
    state.weapons = tuple(kept[-WEAPONS_MAX:])
    state.testing = False  # whatever a self-test began is for the weapon from now on
    _lease(state, now)


def _add_trigger(state: CameraState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    knows = data in [sender for sender, _ in state.weapons]
    _add_weapon(state, data, now, policy, effects)
    if knows:
        state.cause = SEVERAL  # armed or discharged since, or another use whose end went unheard


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
    state.hold_at = None  # of a self-test that was cut off
    _pulse(state, data, now, policy, effects)


def _borrow(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.testing = True
    state.restarts = 0


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
    # `data`: what the recorder itself says of it, where one does.
    most_ms = policy.buffer_ms if data is None else min(data, policy.buffer_ms)
    state.buffer_ms = max(0, min(standby_ms, most_ms))
    state.tally = True
    state.tally_at = now


def _tally_off(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    # `data`: of a recorder that talks: so old is the last proof. Silence is not seen off.
    is_silent = data is not None and data < 0
    ago_ms = -1 - data if data is not None and data < 0 else data or 0
    state.tally = False
    state.seen_off = state.seen_off or not is_silent
    state.tally_at = ticks_add(now, -ago_ms)


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
    state.hold_at = ticks_add(now, LOAN_MS if state.testing else policy.hold_ms)
    state.restarts = 0


def _no_hold(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.hold_at = None
    state.cause = SEVERAL  # what is held is an earlier use's


def _no_more(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.hold_at = now


def _rest(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.ours = False
    state.cause = NOBODY
    state.stopping = False
    state.testing = False
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
    state.testing = False
    state.ours = False


def _changed(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((CHANGED, state.mode))


def _alert(code: int) -> "Action":
    def action(state: CameraState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        effects.append((ALERT, code))

    return action


GUARDS: "dict[str, Guard]" = {
    "tally on, seen off": _tally_proven,
    "tally on": _tally,
    "stopping": _stopping,
    "other weapons out": _more_weapons,
    "weapons out": _weapons,
    "weapons out, first stop": _first_stop,
    "ours": _may_stop,
    "borrowed": _borrowed,
    "borrowed, not stopping": _lent_recording,
    "leases left": _leases_left,
    "for this draw only": _only_cause,
    "held for this draw only": _held_for,
}
ACTIONS: "dict[str, Action]" = {
    "add weapon": _add_weapon,
    "add trigger": _add_trigger,
    "drop weapon": _drop_weapon,
    "drop expired": _drop_expired,
    "start": _start,
    "borrow": _borrow,
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
    "hold no longer": _no_more,
    "rest": _rest,
    "retry later": _retry_later,
    "doubt tally": _doubt,
    "changed": _changed,
    "alert interrupted": _alert(ALERT_INTERRUPTED),
    "alert not recording": _alert(ALERT_NOT_RECORDING),
}
