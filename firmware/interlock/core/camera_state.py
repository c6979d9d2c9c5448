"""The camera machine's vocabulary: modes, events, effects, its state and what can be read from it. The table is
`camera.py`."""

from . import frames
from .machine import State
from .ticks import PERIOD_MS, ticks_add, ticks_diff

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
TALLY_ON = 3  # data: its pre-event buffer in ms, as the recorder says; None: it does not
TALLY_OFF = 4  # data: ms since the last proof that it was on, or None; -1 - ms: nobody says that it is off
LIMIT = 5
HOLD_OVER = 6
LEASE_OVER = 7
RETRY = 8
AWAKE = 9
ASLEEP = 10
CANCEL = 11  # data: sender; its draw was none
TEST = 12  # a self-test borrows the recorder: press its shutter, and see what the tally does
TEST_OVER = 13  # and wants its recording ended
TEST_KEPT = 14  # and found that somebody else's recording went on there: theirs again
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
    CANCEL: "draw cancelled",
    TEST: "self-test",
    TEST_OVER: "self-test's recording over",
    TEST_KEPT: "recording kept",
}

PULSE = 0  # pulse the shutter
CHANGED = 1  # (CHANGED, mode): journal it, and tell the holsters that are out
ALERT = 2  # (ALERT, code)
EXPIRED = 3  # (EXPIRED, sender): its lease ended without a return

WEAPONS_MAX = 8
NOBODY = 0
SEVERAL = -1  # weapons, or uses of one
RETRY_MS = 10000  # a recorder that failed is tried again this often while a weapon is out
LOAN_MS = 5000  # a self-test's recording that nobody ends is ended after so long


class CameraState(State):
    """`weapons`: ((sender, lease deadline), ...) of weapons known to be out. `tally_at`: tick of its last edge."""

    FIELDS = (
        "mode",
        "tally",
        "seen_off",
        "ours",
        "stopping",
        "testing",
        "restarts",
        "weapons",
        "cause",
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
        self.testing = False  # a self-test has it: no weapon came since
        self.restarts = 0
        self.weapons: tuple[tuple[int, int], ...] = ()
        self.cause = NOBODY  # the only weapon that this recording was for so far, or SEVERAL
        self.tally_at = 0
        self.awake = True
        self.awake_at = 0
        self.buffer_ms = 0  # pre-event buffer that this recording can hold, at most
        self.limit_at: int | None = None
        self.hold_at: int | None = None
        self.lease_at: int | None = None
        self.retry_at: int | None = None


def at_boot(
    tally: bool,
    awake: bool,
    now: int,
    was_believed: bool = False,
    loan_ms: int | None = None,
    late_ms: int = 0,
    is_known: bool = True,
) -> CameraState:
    """The state to begin with. A tally that is on at boot was never seen off, so it proves nothing yet; unless the unit
    restarted in the middle of a recording that it had seen begin (`was_believed`, of the journal). `loan_ms`:
    it restarted in the middle of a self-test, whose recording is ended after so long, unless a weapon comes first;
    `late_ms`: a tally that comes on within that time is still the test's. `is_known`: False of a recorder that was not
    heard yet."""
    state = CameraState()
    state.tally = tally
    state.seen_off = (is_known and not tally) or was_believed
    state.tally_at = now
    state.awake = awake
    state.awake_at = now
    if loan_ms is not None:
        state.testing = True
        state.hold_at = ticks_add(now, loan_ms)
        if tally:
            state.mode = HOLDING
        else:
            state.limit_at = ticks_add(now, min(late_ms, loan_ms))
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


def readiness(state: CameraState) -> int:
    """What a readiness frame says: one of `frames.READY_NAMES`."""
    if state.tally and state.mode != STARTING and not state.stopping:
        return frames.READY_RECORDING if is_believed(state) else frames.READY_UNPROVEN
    if not state.awake:
        return frames.READY_ASLEEP
    if state.mode == STARTING or state.stopping:
        return frames.READY_STARTING
    if state.mode == INTERRUPTED:
        return frames.READY_INTERRUPTED
    return frames.READY_NO_TALLY if state.mode == FAULT else frames.READY_OK


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
