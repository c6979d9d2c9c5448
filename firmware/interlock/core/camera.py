"""Camera machine: make the recorder record while a weapon is out, and say truthfully whether it does. Pure.

Laws: the shutter toggles, so it is pulsed only when the tally says that the pulse does what is meant; nothing but the
tally proves recording; while a weapon is out the recorder is never told to stop; a recording that a person stopped is
restarted once and never fought over. A self-test may have the recorder until a weapon is heard of, and no longer.
"""

from .camera_moves import ACTIONS, GUARDS
from .camera_state import *  # whoever asks the machine speaks its vocabulary
from .machine import Machine, Rule

RULES = (
    # A weapon is out.
    Rule((STANDBY,), TRIGGER, "tally on, seen off", RECORDING, ("add trigger", "adopt", "changed")),
    Rule((STANDBY,), TRIGGER, "tally on", UNPROVEN, ("add trigger", "changed")),
    Rule((STANDBY, FAULT), TRIGGER, None, STARTING, ("add trigger", "start", "changed")),
    Rule((STANDBY,), AGAIN, "tally on, seen off", RECORDING, ("add weapon", "adopt", "changed")),
    Rule((STANDBY,), AGAIN, "tally on", UNPROVEN, ("add weapon", "changed")),
    Rule((STANDBY,), AGAIN, None, STARTING, ("add weapon", "start", "changed")),
    # A stop pulse was just sent: its outcome decides, see "tally off" and "limit" while starting.
    Rule((HOLDING,), TRIGGER, "stopping", STARTING, ("add trigger", "no hold", "changed")),
    Rule((HOLDING,), AGAIN, "stopping", STARTING, ("add weapon", "no hold", "changed")),
    Rule((HOLDING,), TRIGGER, None, RECORDING, ("add trigger", "no hold", "changed")),
    Rule((HOLDING,), AGAIN, None, RECORDING, ("add weapon", "no hold", "changed")),
    Rule(ANY, TRIGGER, None, None, ("add trigger",)),
    Rule(ANY, AGAIN, None, None, ("add weapon",)),
    # The tally decides.
    Rule((STARTING,), TALLY_ON, "weapons out", RECORDING, ("tally on", "no limit", "changed")),
    Rule((STARTING,), TALLY_ON, None, HOLDING, ("tally on", "no limit", "hold", "changed")),
    Rule((STARTING,), TALLY_OFF, "weapons out", None, ("tally off", "start")),
    Rule((STARTING,), TALLY_OFF, None, STANDBY, ("tally off", "rest", "changed")),
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
    Rule((STANDBY,), TALLY_ON, "borrowed", HOLDING, ("tally on", "no limit", "changed")),
    Rule((STANDBY,), TALLY_ON, None, None, ("tally on", "changed")),
    Rule((STANDBY,), TALLY_OFF, None, None, ("tally off", "changed")),
    Rule(ANY, TALLY_ON, None, None, ("tally on",)),
    Rule(ANY, TALLY_OFF, None, None, ("tally off",)),
    # The recorder did not follow.
    Rule((STARTING,), LIMIT, "tally on", UNPROVEN, ("doubt tally", "changed", "alert not recording")),
    Rule((STARTING,), LIMIT, "borrowed", FAULT, ("adopt", "retry later", "changed")),
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
    # A draw that was none: what was recorded for it alone is not held.
    Rule(ANY, CANCEL, "other weapons out", None, ("drop weapon",)),
    Rule((RECORDING,), CANCEL, "for this draw only", HOLDING, ("drop weapon", "hold", "hold no longer", "changed")),
    Rule((HOLDING,), CANCEL, "held for this draw only", None, ("drop weapon", "hold no longer")),
    Rule((RECORDING,), CANCEL, None, HOLDING, ("drop weapon", "hold", "changed")),
    Rule((INTERRUPTED, FAULT), CANCEL, None, STANDBY, ("drop weapon", "rest", "changed")),
    Rule(ANY, CANCEL, None, None, ("drop weapon",)),
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
    # A self-test (`selftest.py`) borrows a recorder that nobody needs. A tally that is on there is doubted by a person.
    Rule(ANY, TEST, "weapons out", None, ()),
    Rule((STANDBY, UNPROVEN), TEST, "tally on", HOLDING, ("borrow", "stop", "changed")),
    Rule((STANDBY, FAULT), TEST, None, STARTING, ("borrow", "start", "changed")),
    Rule((HOLDING,), TEST_OVER, "borrowed, not stopping", None, ("no hold", "stop", "changed")),
    Rule((STANDBY,), LIMIT, None, None, ("rest",)),
    Rule((HOLDING,), TEST_KEPT, "borrowed, not stopping", STANDBY, ("rest", "changed")),
    # Afterwards: stop what we started; what an officer started goes on.
    Rule((HOLDING,), HOLD_OVER, "ours", None, ("stop", "changed")),
    Rule((HOLDING,), HOLD_OVER, None, STANDBY, ("rest", "changed")),
)

MACHINE = Machine(RULES, GUARDS, ACTIONS)
