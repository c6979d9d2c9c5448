"""The holster machine's vocabulary: modes, events, effects, and its state. The table is `holster.py`."""

from . import frames, records
from .machine import State
from .ticks import ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .settings import Policy

UNKNOWN = 0  # since boot: settled by level after the settle time, by any edge at once
HOLSTERED = 1
DRAWN = 2
ARMED = 3
DISCHARGED = 4  # at least once, see `discharges`
REHOLSTERED = 5  # seated for the settle time; still reporting it
STOWED = 6  # empty or full holster put away or docked: leaving the holster is no draw, arming still is
UNAIRED = 7  # out, journalled and not aired: in test mode, or because the policy says so
MODE_NAMES = {
    UNKNOWN: "unknown",
    HOLSTERED: "holstered",
    DRAWN: "drawn",
    ARMED: "armed",
    DISCHARGED: "discharged",
    REHOLSTERED: "reholstered",
    STOWED: "stowed",
    UNAIRED: "unaired",
}
ANY = (UNKNOWN, HOLSTERED, DRAWN, ARMED, DISCHARGED, REHOLSTERED, STOWED, UNAIRED)
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
PRESS = 13  # the button, shortly
ASK_TEST = 14  # data: ms; a technician asks for a mode (`records.MODE_NAMES`)
DUTY_OVER = 15
MUTE_OVER = 16
CANCEL_OVER = 17
PRESS_OVER = 18
ASK_FUNCTION_TEST = 19  # data: ms
ASK_MUTE = 20  # data: ms
ASK_NORMAL = 21
BUTTON_NOISY = 22  # what it asked for was nobody's wish
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
    PRESS: "button",
    ASK_TEST: "test asked",
    DUTY_OVER: "mode's time over",
    MUTE_OVER: "mute's time over",
    CANCEL_OVER: "cancel time over",
    PRESS_OVER: "button time over",
    ASK_FUNCTION_TEST: "function test asked",
    ASK_MUTE: "mute asked",
    ASK_NORMAL: "normal asked",
    BUTTON_NOISY: "button noisy",
}
HOT = (LEFT, ARM, FIRE)

# Effects.
AIR = 0  # (AIR, frame event, frame flags): put a frame with a fresh counter on the air, journal it as this event
NOTE = 1  # (NOTE, record event, flags): journal only
USE_BEGINS = 2
USE_ENDS = 3
BEACON = 4  # (BEACON, frame event, flags): air without a record
QUIET = 5
MODED = 6  # (MODED, mode, cause, ms): a mode began, or the one named ended when ms is 0

PRESS_TWICE_MS = 1500

# Record events that are never aired: positions and conditions. They continue the frame events' numbers.
NOTE_HOLSTERED = 16
NOTE_STOWED = 17
NOTE_SAFE = 18
NOTE_CONDITION = 19
NOTE_UNCONFIRMED = 20  # a discharge of too few pulses, `pickup.py`: `discharges` says which of the use
NOTE_NAMES = {
    NOTE_HOLSTERED: "holstered",
    NOTE_STOWED: "stowed",
    NOTE_SAFE: "made safe",
    NOTE_CONDITION: "condition",
    NOTE_UNCONFIRMED: "discharge not confirmed",
}
# Flags of records beyond the four that frames carry.
FLAG_UNCONFIRMED = 0x10  # the weapon was never seen out at the confirm time: a spike rather than a draw
FLAG_AT_BOOT = 0x20
FLAG_FUNCTION_TEST = 0x40  # announced: a spark test, not a use
FLAG_TEST = 0x80  # in test mode: not aired


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
        "duty",
        "settle_at",
        "confirm_at",
        "refractory_at",
        "report_at",
        "renew_at",
        "duty_until",
        "mute_until",
        "cancel_by",
        "press_by",
    )
    TIMERS = (
        ("settle_at", SETTLED),
        ("confirm_at", CONFIRM),
        ("refractory_at", REFRACTORY),
        ("report_at", REPORTED),
        ("renew_at", RENEW),
        ("duty_until", DUTY_OVER),
        ("mute_until", MUTE_OVER),
        ("cancel_by", CANCEL_OVER),
        ("press_by", PRESS_OVER),
    )

    def __init__(self) -> None:
        self.mode = UNKNOWN
        self.seated = True
        self.armed = False
        self.docked = False
        self.confirmed = False
        self.discharges = 0
        self.conditions = 0
        self.duty = records.MODE_NORMAL  # or function test, or test
        self.settle_at: int | None = None
        self.confirm_at: int | None = None
        self.refractory_at: int | None = None
        self.report_at: int | None = None
        self.renew_at: int | None = None
        self.duty_until: int | None = None
        self.mute_until: int | None = None  # alerts are journalled only
        self.cancel_by: int | None = None  # a bare draw can be cancelled until then
        self.press_by: int | None = None  # the button was pressed once, and may be a second time until then


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
    """Frame flags (armed, conditions), and beside them what only records carry: that a function test was announced."""
    coded = FLAG_FUNCTION_TEST if state.duty == records.MODE_FUNCTION_TEST else 0
    return state.conditions | coded | (frames.FLAG_ARMED if state.armed else 0)
