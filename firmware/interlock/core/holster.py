"""Holster machine: where the weapon is. Pure; `holster_role.py` feeds it and carries out its effects.

It fires on the first edge and confirms later, so debouncing never delays a frame. Sensor fault and low battery are
conditions beside the mode: they never keep a draw from being aired.
"""

from . import frames
from .machine import Machine, Rule, State
from .ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect, Guard
    from .settings import Policy

UNKNOWN = 0  # since boot: settled by level after the settle time, by any edge at once
HOLSTERED = 1
DRAWN = 2
ARMED = 3
DISCHARGED = 4  # at least once, see `discharges`
REHOLSTERED = 5  # seated for the settle time; still reporting it
STOWED = 6  # empty or full holster put away or docked: leaving the holster is no draw, arming still is
MODE_NAMES = {
    UNKNOWN: "unknown",
    HOLSTERED: "holstered",
    DRAWN: "drawn",
    ARMED: "armed",
    DISCHARGED: "discharged",
    REHOLSTERED: "reholstered",
    STOWED: "stowed",
}
ANY = (UNKNOWN, HOLSTERED, DRAWN, ARMED, DISCHARGED, REHOLSTERED, STOWED)
OUT = (DRAWN, ARMED, DISCHARGED)
IN = (UNKNOWN, HOLSTERED, REHOLSTERED)

# Events. The first three are the ones that may air a frame at once; the rest follow.
LEFT = 0
ARM = 1
FIRE = 2
SEATED = 3
SAFE = 4
STOW = 5  # data: True when docked, False when the officer asked by button
UNSTOW = 6
CONDITION = 7  # data: the condition flags as they are now
SETTLED = 8
CONFIRM = 9
REFRACTORY = 10
REPORTED = 11
RENEW = 12
EVENT_NAMES = {
    LEFT: "weapon left",
    ARM: "armed",
    FIRE: "discharge pulse",
    SEATED: "weapon seated",
    SAFE: "made safe",
    STOW: "stow",
    UNSTOW: "unstow",
    CONDITION: "condition changed",
    SETTLED: "settle time over",
    CONFIRM: "confirm time over",
    REFRACTORY: "refractory time over",
    REPORTED: "report time over",
    RENEW: "renewal due",
}
HOT = (LEFT, ARM, FIRE)

# Effects.
AIR = 0  # (AIR, frame event, frame flags): put a frame with a fresh counter on the air, journal it as this event
NOTE = 1  # (NOTE, record event, flags): journal only
USE_BEGINS = 2
USE_ENDS = 3
BEACON = 4  # (BEACON, frame event, flags): air without a record
QUIET = 5

# Record events that are never aired: positions and conditions. They continue the frame events' numbers.
NOTE_HOLSTERED = 16
NOTE_STOWED = 17
NOTE_SAFE = 18
NOTE_CONDITION = 19
NOTE_NAMES = {
    NOTE_HOLSTERED: "holstered",
    NOTE_STOWED: "stowed",
    NOTE_SAFE: "made safe",
    NOTE_CONDITION: "condition",
}
# Flags of records beyond the four that frames carry.
FLAG_UNCONFIRMED = 0x10  # the weapon was never seen out at the confirm time: a spike rather than a draw
FLAG_AT_BOOT = 0x20


class HolsterState(State):
    """Levels last seen, conditions, the discharges of this use, and the timers."""

    FIELDS = (
        "mode",
        "seated",
        "armed",
        "docked",
        "confirmed",
        "discharges",
        "conditions",
        "settle_at",
        "confirm_at",
        "refractory_at",
        "report_at",
        "renew_at",
    )
    TIMERS = (
        ("settle_at", SETTLED),
        ("confirm_at", CONFIRM),
        ("refractory_at", REFRACTORY),
        ("report_at", REPORTED),
        ("renew_at", RENEW),
    )

    def __init__(self) -> None:
        self.mode = UNKNOWN
        self.seated = True
        self.armed = False
        self.docked = False
        self.confirmed = False
        self.discharges = 0
        self.conditions = 0
        self.settle_at: int | None = None
        self.confirm_at: int | None = None
        self.refractory_at: int | None = None
        self.report_at: int | None = None
        self.renew_at: int | None = None


def at_boot(seated: bool, armed: bool, docked: bool, now: int, policy: "Policy") -> HolsterState:
    """The state to begin with: position unknown until the levels have held for the settle time."""
    state = HolsterState()
    state.seated = seated
    state.armed = armed
    state.docked = docked
    if docked:
        state.mode = STOWED
    else:
        state.settle_at = ticks_add(now, policy.settle_ms)
    return state


def flags_of(state: HolsterState) -> int:
    """Frame flags: armed, and the conditions."""
    return state.conditions | (frames.FLAG_ARMED if state.armed else 0)


# Guards.


def _seated(state: HolsterState, data: int | None, now: int) -> bool:
    return state.seated


def _not_seated(state: HolsterState, data: int | None, now: int) -> bool:
    return not state.seated


def _ready(state: HolsterState, data: int | None, now: int) -> bool:
    return state.refractory_at is None or is_due(state.refractory_at, now)


def _ready_armed(state: HolsterState, data: int | None, now: int) -> bool:
    return state.armed and _ready(state, data, now)


def _bare_draw(state: HolsterState, data: int | None, now: int) -> bool:
    return not state.armed and state.discharges == 0


def _changed(state: HolsterState, data: int | None, now: int) -> bool:
    return data != state.conditions


def _armed(state: HolsterState, data: int | None, now: int) -> bool:
    return state.armed


def _undocked_seated(state: HolsterState, data: int | None, now: int) -> bool:
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


def _begin(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.discharges = 0
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


def _note(event: int, extra: int = 0) -> "Action":
    def action(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        effects.append((NOTE, event, flags_of(state) | extra))

    return action


def _quiet(state: HolsterState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((QUIET,))


_GUARDS: "dict[str, Guard]" = {
    "seated": _seated,
    "not seated": _not_seated,
    "not refractory": _ready,
    "not refractory, armed": _ready_armed,
    "bare draw": _bare_draw,
    "changed": _changed,
    "armed": _armed,
    "seated, not docked": _undocked_seated,
}
_ACTIONS: "dict[str, Action]" = {
    "level out": _level_out,
    "level in": _level_in,
    "level armed": _level_armed,
    "level safe": _level_safe,
    "settle if seated": _settle_if_seated,
    "settle": _settle,
    "no settle": _no_settle,
    "begin use": _begin,
    "end use": _end,
    "count discharge": _count,
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
    "air reholster": _air_return,
    "air stow": _air(frames.STOW),
    "beacon": _beacon,
    "note holstered": _note(NOTE_HOLSTERED),
    "note stowed": _note(NOTE_STOWED),
    "note safe": _note(NOTE_SAFE),
    "quiet": _quiet,
}

RULES = (
    # The weapon leaves. While stowed that is somebody loading or emptying the holster.
    Rule(IN, LEFT, None, DRAWN, ("level out", "begin use", "air draw")),
    Rule(OUT + (STOWED,), LEFT, None, None, ("level out",)),
    # It is armed or discharged: always aired, from wherever, with the order fault where a step is missing.
    Rule((DRAWN, DISCHARGED), ARM, None, ARMED, ("level armed", "renew later", "air arm")),
    Rule(IN + (STOWED,), ARM, None, ARMED, ("level armed", "begin use", "air arm, order fault")),
    Rule(
        OUT,
        FIRE,
        "not refractory, armed",
        DISCHARGED,
        ("count discharge", "renew later", "air discharge", "settle if seated"),
    ),
    Rule(
        OUT,
        FIRE,
        "not refractory",
        DISCHARGED,
        ("count discharge", "renew later", "air discharge, order fault", "settle if seated"),
    ),
    Rule(
        IN + (STOWED,),
        FIRE,
        "not refractory",
        DISCHARGED,
        ("begin use", "count discharge", "air discharge, order fault", "settle if seated"),
    ),
    Rule((ARMED,), SAFE, None, DRAWN, ("level safe", "note safe", "settle if seated")),
    Rule((DISCHARGED,), SAFE, None, None, ("level safe", "note safe", "settle if seated")),
    Rule(IN + (DRAWN, STOWED), SAFE, None, None, ("level safe",)),
    # It comes back: only a seat held for the settle time ends a use.
    Rule(ANY, SEATED, None, None, ("level in",)),
    Rule(OUT, SETTLED, "seated", REHOLSTERED, ("air reholster", "end use")),
    Rule((UNKNOWN,), SETTLED, "seated", HOLSTERED, ("note holstered",)),
    Rule((UNKNOWN,), SETTLED, "armed", ARMED, ("begin use", "air out")),
    Rule((UNKNOWN,), SETTLED, None, DRAWN, ("begin use", "air out")),
    Rule((STOWED,), SETTLED, "seated, not docked", HOLSTERED, ("note holstered",)),
    Rule((REHOLSTERED,), REPORTED, None, HOLSTERED, ("quiet",)),
    Rule(IN + (STOWED,), REPORTED, None, None, ("quiet",)),
    # Putting away: never while armed or after a discharge.
    Rule(IN, STOW, None, STOWED, ("dock", "no settle", "note stowed")),
    Rule((DRAWN,), STOW, "bare draw", STOWED, ("dock", "air stow", "end use")),
    Rule((STOWED,), STOW, None, None, ("dock",)),
    Rule((STOWED,), UNSTOW, None, UNKNOWN, ("undock", "settle")),
    # Time and conditions.
    Rule(OUT, RENEW, None, None, ("renew later", "beacon")),
    Rule(OUT, CONFIRM, "not seated", None, ("confirm",)),
    Rule(ANY, CONDITION, "changed", None, ("take conditions",)),
)

MACHINE = Machine(RULES, _GUARDS, _ACTIONS)


def airs(state: HolsterState, event: int, now: int, policy: "Policy") -> tuple[int, int] | None:
    """(frame event, flags) that `event` would put on the air from here, or None: what must be built ahead."""
    for effect in MACHINE.step(state, event, None, now, policy)[1]:
        if effect[0] == AIR:
            return effect[1], effect[2]
    return None
