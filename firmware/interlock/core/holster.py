"""Holster machine: where the weapon is. Pure; `holster_role.py` feeds it and carries out its effects.

It fires on the first edge and confirms later, so debouncing never delays a frame. Sensor fault and low battery are
conditions beside the mode: they never keep a draw from being aired. A line that is noisy gives its edges some tenths of
a second later, once they have held (`drivers/seat.py`, `drivers/doubted.py`, `pickup.py`).
"""

from .holster_moves import ACTIONS, GUARDS
from .holster_state import *  # whoever asks the machine speaks its vocabulary
from .machine import Machine, Rule

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .settings import Policy

RULES = (
    # The weapon leaves. While stowed that is somebody loading or emptying the holster.
    Rule(IN, LEFT, "draw not aired", UNAIRED, ("level out", "begin unaired", "note draw")),
    Rule(IN, LEFT, None, DRAWN, ("level out", "begin use", "cancel allowed", "air draw")),
    # Out again before the seat had settled, and the test mode is over meanwhile.
    Rule((UNAIRED,), LEFT, "draw aired", DRAWN, ("level out", "begin use", "cancel allowed", "air draw")),
    Rule(OUT + (STOWED, UNAIRED), LEFT, None, None, ("level out",)),
    # It is armed or discharged: always aired, from wherever, with the order fault where a step is missing; a policy
    # may keep an arming to the journal, never a discharge.
    Rule((UNAIRED,), ARM, "arming not aired", None, ("level armed", "armed: modes end", "note arm")),
    Rule(
        IN + (STOWED,),
        ARM,
        "arming not aired",
        UNAIRED,
        ("level armed", "armed: modes end", "begin unaired", "note arm"),
    ),
    Rule((DRAWN, DISCHARGED), ARM, None, ARMED, ("level armed", "armed: modes end", "renew later", "air arm")),
    Rule((UNAIRED,), ARM, None, ARMED, ("level armed", "armed: modes end", "begin use", "air arm")),
    Rule(
        IN + (STOWED,),
        ARM,
        None,
        ARMED,
        ("level armed", "armed: modes end", "begin use", "air arm, order fault"),
    ),
    Rule(
        OUT,
        FIRE,
        "not refractory, armed",
        DISCHARGED,
        ("discharged: modes end", "count discharge", "renew later", "air discharge", "settle if seated"),
    ),
    Rule(
        OUT,
        FIRE,
        "not refractory",
        DISCHARGED,
        ("discharged: modes end", "count discharge", "renew later", "air discharge, order fault", "settle if seated"),
    ),
    Rule(
        (UNAIRED,),
        FIRE,
        "not refractory, armed",
        DISCHARGED,
        ("discharged: modes end", "begin use", "count discharge", "air discharge", "settle if seated"),
    ),
    Rule(
        IN + (STOWED, UNAIRED),
        FIRE,
        "not refractory",
        DISCHARGED,
        ("discharged: modes end", "begin use", "count discharge", "air discharge, order fault", "settle if seated"),
    ),
    # The weapon pulses as long as the trigger is held: that is one discharge.
    Rule(ANY, FIRE, None, None, ("goes on",)),
    Rule((ARMED,), SAFE, None, DRAWN, ("level safe", "note safe", "settle if seated")),
    Rule((DISCHARGED, UNAIRED), SAFE, None, None, ("level safe", "note safe", "settle if seated")),
    Rule(IN + (DRAWN, STOWED), SAFE, None, None, ("level safe",)),
    # It comes back: only a seat held for the settle time ends a use.
    Rule(ANY, SEATED, None, None, ("level in",)),
    Rule(OUT, SETTLED, "seated", REHOLSTERED, ("air reholster", "use over: modes end", "end use")),
    Rule((UNAIRED,), SETTLED, "seated", HOLSTERED, ("note reholster",)),
    Rule((UNKNOWN,), SETTLED, "seated", HOLSTERED, ("note holstered",)),
    Rule((UNKNOWN,), SETTLED, "armed", ARMED, ("begin use", "air out")),
    Rule((UNKNOWN,), SETTLED, None, DRAWN, ("begin use", "air out")),
    Rule((STOWED,), SETTLED, "seated, not docked", HOLSTERED, ("note holstered",)),
    Rule((REHOLSTERED,), REPORTED, None, HOLSTERED, ("quiet",)),
    Rule(IN + (STOWED, UNAIRED), REPORTED, None, None, ("quiet",)),
    # Putting away: never while armed or after a discharge.
    Rule(IN, STOW, None, STOWED, ("dock", "no settle", "note stowed")),
    Rule((DRAWN,), STOW, "bare draw", STOWED, ("dock", "air stow", "use over: modes end", "end use")),
    Rule((UNAIRED,), STOW, "bare draw", STOWED, ("dock", "no settle", "note stowed")),
    Rule((STOWED,), STOW, None, None, ("dock",)),
    # An empty holster that is taken on duty is no draw: it stays put away until a weapon is in it.
    Rule((STOWED,), UNSTOW, "seated", UNKNOWN, ("undock", "settle")),
    Rule((STOWED,), UNSTOW, None, None, ("undock",)),
    # The button. A draw that was none is cancelled while the weapon is seated again.
    Rule(
        (DRAWN,), PRESS, "can be cancelled", REHOLSTERED, ("air cancel", "use over: modes end", "end use", "no cancel")
    ),
    Rule((REHOLSTERED,), PRESS, "can be cancelled", None, ("air cancel", "report again")),
    Rule((DRAWN,), PRESS, None, None, ("mute",)),
    Rule((HOLSTERED,), PRESS, "pressed before", None, ("announce test",)),
    Rule((HOLSTERED,), PRESS, None, None, ("remember press",)),
    Rule(ANY, BUTTON_NOISY, None, None, ("no press counts",)),
    # Modes, each for its time.
    Rule((UNAIRED,), ASK_NORMAL, "out in test", DRAWN, ("normal", "begin use", "air still out")),
    Rule(ANY, ASK_NORMAL, None, None, ("normal",)),
    Rule(IN + (STOWED,), ASK_TEST, None, None, ("take test",)),
    Rule(IN + (STOWED,), ASK_FUNCTION_TEST, None, None, ("take function test",)),
    Rule(IN + (STOWED, DRAWN, UNAIRED), ASK_MUTE, None, None, ("take mute",)),
    Rule((UNAIRED,), DUTY_OVER, "out in test", DRAWN, ("mode over", "begin use", "air still out")),
    Rule(ANY, DUTY_OVER, None, None, ("mode over",)),
    Rule(ANY, MUTE_OVER, None, None, ("mute over",)),
    # Time and conditions.
    Rule(OUT, RENEW, None, None, ("renew later", "beacon")),
    Rule(OUT, CONFIRM, "not seated", None, ("confirm",)),
    Rule(ANY, CONDITION, "changed", None, ("take conditions",)),
)

MACHINE = Machine(RULES, GUARDS, ACTIONS)


def airs(state: HolsterState, event: int, now: int, policy: "Policy") -> tuple[int, int] | None:
    """(frame event, flags) that `event` would put on the air from here, or None: what must be built ahead."""
    for effect in MACHINE.step(state, event, None, now, policy)[1]:
        if effect[0] == AIR:
            return effect[1], effect[2]
    return None


def airs_next(state: HolsterState, now: int, policy: "Policy") -> "tuple[tuple[int, int] | None, ...]":
    """What each hot event would air. A function of its own: names that a list like this one takes from around it are
    made anew, in memory, whenever who holds it is entered, and `HolsterRole.prepare` is at every turn."""
    return tuple([airs(state, event, now, policy) for event in HOT])
