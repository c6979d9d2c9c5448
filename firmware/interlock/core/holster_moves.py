"""The holster machine's guards and actions, by the names that its table (`holster.py`) uses.

Guards are asked `(state, data, now, policy)`, actions change the draft they are given and add effects (`machine.py`).
"""

from . import frames, records
from .holster_state import (
    AIR,
    BEACON,
    FLAG_AT_BOOT,
    FLAG_TEST,
    FLAG_UNCONFIRMED,
    MODED,
    NOTE,
    NOTE_CONDITION,
    NOTE_HOLSTERED,
    NOTE_SAFE,
    NOTE_STOWED,
    PRESS_TWICE_MS,
    QUIET,
    USE_BEGINS,
    USE_ENDS,
    HolsterState,
    flags_of,
)
from .settings import REACH_JOURNAL
from .ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect, Guard
    from .settings import Policy


# Guards.


def _seated(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.seated


def _not_seated(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return not state.seated


def _ready(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.refractory_at is None or is_due(state.refractory_at, now)


def _ready_armed(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.armed and _ready(state, data, now, policy)


def _bare_draw(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return not state.armed and state.discharges == 0


def _changed(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return data != state.conditions


def _armed(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.armed


def _draw_silent(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return bool(state.duty == records.MODE_TEST or policy.on_draw == REACH_JOURNAL)


def _draw_aired(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return not _draw_silent(state, data, now, policy)


def _arm_silent(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return bool(policy.on_arm == REACH_JOURNAL)


def _may_cancel(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.seated and state.cancel_by is not None and not is_due(state.cancel_by, now)


def _pressed_before(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.press_by is not None and not is_due(state.press_by, now)


def _draw_counts(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return not state.seated and state.duty == records.MODE_TEST and policy.on_draw != REACH_JOURNAL


def _undocked_seated(state: HolsterState, data: int | None, now: int, policy: "Policy") -> bool:
    return state.seated and not state.docked


# Actions.


def _level_out(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.seated = False
    state.settle_at = None
    state.confirm_at = ticks_add(now, policy.confirm_ms)


def _level_in(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.seated = True
    state.settle_at = ticks_add(now, policy.settle_ms)


def _level_armed(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.armed = True


def _level_safe(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.armed = False


def _settle_if_seated(
    state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]"
) -> None:
    if state.seated:
        state.settle_at = ticks_add(now, policy.settle_ms)


def _settle(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.settle_at = ticks_add(now, policy.settle_ms)


def _no_settle(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.settle_at = None


def _can_cancel(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.cancel_by = ticks_add(now, policy.cancel_ms) if policy.cancel_ms else None


def _no_cancel(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.cancel_by = None


def _remember_press(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.press_by = ticks_add(now, PRESS_TWICE_MS)


def _set_duty(state: HolsterState, mode: int, cause: int, ms: int, now: int, effects: "list[Effect]") -> None:
    state.duty = mode
    state.duty_until = ticks_add(now, ms)
    state.press_by = None
    effects.append((MODED, mode, cause, ms))


def _announce(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    _end_duty(state, records.MODE_BY_BUTTON, effects)
    _set_duty(state, records.MODE_FUNCTION_TEST, records.MODE_BY_BUTTON, policy.test_ms, now, effects)


def _takes_duty(mode: int) -> "Action":
    def action(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        _end_duty(state, records.MODE_BY_SESSION, effects)
        _set_duty(state, mode, records.MODE_BY_SESSION, max(1, min(data or 0, policy.test_ms)), now, effects)

    return action


def _mute(state: HolsterState, ms: int, cause: int, now: int, effects: "list[Effect]") -> None:
    if ms > 0:
        state.mute_until = ticks_add(now, ms)
        effects.append((MODED, records.MODE_MUTE, cause, ms))


def _mute_now(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    _mute(state, policy.mute_ms, records.MODE_BY_BUTTON, now, effects)


def _take_mute(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    _mute(state, min(data or 0, policy.mute_ms), records.MODE_BY_SESSION, now, effects)


def _end_duty(state: HolsterState, cause: int, effects: "list[Effect]") -> None:
    if state.duty != records.MODE_NORMAL:
        effects.append((MODED, state.duty, cause, 0))
        state.duty = records.MODE_NORMAL
        state.duty_until = None


def _end_mute(state: HolsterState, cause: int, effects: "list[Effect]") -> None:
    if state.mute_until is not None:
        effects.append((MODED, records.MODE_MUTE, cause, 0))
        state.mute_until = None


def _duty_over(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    _end_duty(state, records.MODE_TIME_OVER, effects)


def _mute_over(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((MODED, records.MODE_MUTE, records.MODE_TIME_OVER, 0))


def _modes_over(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    _end_duty(state, records.MODE_USE_OVER, effects)
    _end_mute(state, records.MODE_USE_OVER, effects)


def _serious(cause: int) -> "Action":
    """Armed or discharged: no mode of trying or muting outlives it, and no draw can be cancelled any more."""

    def action(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        state.cancel_by = None
        if state.duty == records.MODE_TEST:
            _end_duty(state, cause, effects)
        _end_mute(state, cause, effects)

    return action


def _normal(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    _end_duty(state, records.MODE_BY_SESSION, effects)
    _end_mute(state, records.MODE_BY_SESSION, effects)


def _no_press(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.press_by = None
    if state.duty == records.MODE_FUNCTION_TEST:
        _end_duty(state, records.MODE_BUTTON_NOISY, effects)
    _end_mute(state, records.MODE_BUTTON_NOISY, effects)


def _note_tried(event: int) -> "Action":
    def action(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        extra = FLAG_TEST if state.duty == records.MODE_TEST else 0
        effects.append((NOTE, event, flags_of(state) | extra))

    return action


def _report_again(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.report_at = ticks_add(now, policy.report_ms)
    state.cancel_by = None


def _try(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.discharges = 0
    state.confirmed = False
    state.settle_at = None
    state.report_at = None


def _begin(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.discharges = 0
    state.cancel_by = None
    state.press_by = None
    state.confirmed = False
    state.report_at = None
    state.settle_at = None
    state.renew_at = ticks_add(now, policy.renew_ms)
    effects.append((USE_BEGINS,))


def _end(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.renew_at = None
    state.settle_at = None
    state.confirm_at = None
    state.report_at = ticks_add(now, policy.report_ms)
    effects.append((USE_ENDS,))


def _count(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.discharges = min(state.discharges + 1, 255)
    state.refractory_at = ticks_add(now, policy.refractory_ms)


def _goes_on(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.refractory_at = ticks_add(now, policy.refractory_ms)


def _renew(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.renew_at = ticks_add(now, policy.renew_ms)


def _confirm(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.confirmed = True


def _dock(state: HolsterState, data: bool, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.docked = data


def _undock(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.docked = False


def _conditions(state: HolsterState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.conditions = data
    effects.append((NOTE, NOTE_CONDITION, flags_of(state)))


def _air(event: int, extra: int = 0) -> "Action":
    def action(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        effects.append((AIR, event, flags_of(state) | extra))

    return action


def _air_return(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    extra = 0 if state.confirmed or state.discharges or state.armed else FLAG_UNCONFIRMED
    effects.append((AIR, frames.REHOLSTER, flags_of(state) | extra))


def _beacon(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((BEACON, frames.OUT, flags_of(state)))


def _note(event: int) -> "Action":
    def action(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        effects.append((NOTE, event, flags_of(state)))

    return action


def _quiet(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((QUIET,))


GUARDS: "dict[str, Guard]" = {
    "seated": _seated,
    "not seated": _not_seated,
    "not refractory": _ready,
    "not refractory, armed": _ready_armed,
    "bare draw": _bare_draw,
    "changed": _changed,
    "armed": _armed,
    "seated, not docked": _undocked_seated,
    "draw not aired": _draw_silent,
    "draw aired": _draw_aired,
    "arming not aired": _arm_silent,
    "can be cancelled": _may_cancel,
    "pressed before": _pressed_before,
    "out in test": _draw_counts,
}
ACTIONS: "dict[str, Action]" = {
    "level out": _level_out,
    "level in": _level_in,
    "level armed": _level_armed,
    "level safe": _level_safe,
    "settle if seated": _settle_if_seated,
    "settle": _settle,
    "no settle": _no_settle,
    "begin use": _begin,
    "begin unaired": _try,
    "end use": _end,
    "count discharge": _count,
    "goes on": _goes_on,
    "renew later": _renew,
    "confirm": _confirm,
    "dock": _dock,
    "undock": _undock,
    "take conditions": _conditions,
    "air draw": _air(frames.DRAW),
    "air arm": _air(frames.ARM),
    "air arm, order fault": _air(frames.ARM, frames.FLAG_ORDER_FAULT),
    "air discharge": _air(frames.DISCHARGE),
    "air discharge, order fault": _air(frames.DISCHARGE, frames.FLAG_ORDER_FAULT),
    "air out": _air(frames.OUT, FLAG_AT_BOOT),
    "air still out": _air(frames.OUT),
    "air reholster": _air_return,
    "air stow": _air(frames.STOW),
    "beacon": _beacon,
    "cancel allowed": _can_cancel,
    "no cancel": _no_cancel,
    "remember press": _remember_press,
    "announce test": _announce,
    "take test": _takes_duty(records.MODE_TEST),
    "take function test": _takes_duty(records.MODE_FUNCTION_TEST),
    "mute": _mute_now,
    "take mute": _take_mute,
    "normal": _normal,
    "no press counts": _no_press,
    "armed: modes end": _serious(records.MODE_ARMED),
    "discharged: modes end": _serious(records.MODE_DISCHARGED),
    "use over: modes end": _modes_over,
    "mode over": _duty_over,
    "mute over": _mute_over,
    "note draw": _note_tried(frames.DRAW),
    "note arm": _note_tried(frames.ARM),
    "note reholster": _note_tried(frames.REHOLSTER),
    "air cancel": _air(frames.CANCEL),
    "report again": _report_again,
    "note holstered": _note(NOTE_HOLSTERED),
    "note stowed": _note(NOTE_STOWED),
    "note safe": _note(NOTE_SAFE),
    "quiet": _quiet,
}
