"""The self-test: its parts, what may be found of each, and the machine that tries a recorder by its shutter and tally.
Pure; `self_test.py` looks at the other parts and carries out what the machine wants.

The machine never presses the shutter itself: it borrows the recorder of the camera machine (`camera.py`), which gives
it to a weapon at once. It presses an even number of times where the tally does not follow, so that a recorder whose
tally lies is left as it was. Every wait has an end, so every test has one.
"""

import struct
from collections import namedtuple

from .machine import Machine, Rule, State
from .records import TEST_BEGUN, TEST_BROKEN_OFF, TEST_DONE, TEST_OF_RECORDER
from .ticks import ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect, Guard
    from .settings import Policy

# Parts, as bits.
SENSORS = 1
BATTERY = 2
FLASH = 4
RADIO = 8
SIGNAL = 16
RECORDER = TEST_OF_RECORDER
ALL = 63
PARTS = (SENSORS, BATTERY, FLASH, RADIO, SIGNAL, RECORDER)
PART_NAMES = {
    SENSORS: "sensors",
    BATTERY: "battery",
    FLASH: "flash",
    RADIO: "radio",
    SIGNAL: "signal",
    RECORDER: "recorder",
}
STANDS_BY = 128  # beside them: a person sees that the recorder stands by, so a tally that is on there lies

# Findings: below 16 of a part that was tried, from 16 on why it was not, from 32 on what is wrong with it.
NOT_ASKED = 0
PASSED = 1
SHOWN = 2  # light and buzz were asked for; only a person can tell
UNDER_WAY = 3
SEEN = 4
ABSENT = 16
RECORDING = 17
IN_USE = 18
NOBODY_HEARD = 19
CONTRADICTS = 32
ARMED_ON = 33
DISCHARGE_ON = 34
BUTTON_ON = 35
CELL_LOW = 36
CELL_UNREAD = 37
NOT_READ_BACK = 38
REFUSES = 39
SLOW = 40
NO_TALLY = 41
STUCK_ON = 42
HALTED = 43
NO_VOLTAGE = 44
NOISY = 45
SAGS = 46
SKIPPED_FROM = 16
FAILED_FROM = 32
FINDING_NAMES = {
    NOT_ASKED: "not asked for",
    PASSED: "passed",
    SHOWN: "shown, for a person to see and feel",
    UNDER_WAY: "under way",
    SEEN: "passed, and the weapon was seen out and in since the unit started",
    ABSENT: "this unit has none",
    RECORDING: "the recorder is recording, or its tally sticks on",
    IN_USE: "a weapon came first",
    NOBODY_HEARD: "nobody was heard lately",
    CONTRADICTS: "the seat contacts agree: a broken wire or a stuck contact",
    ARMED_ON: "the armed line is on with the weapon put away",
    DISCHARGE_ON: "the discharge line stays on",
    BUTTON_ON: "the button is held, or stuck",
    CELL_LOW: "the cell is low",
    CELL_UNREAD: "no cell has such a voltage",
    NOT_READ_BACK: "a record was not read back as it was written",
    REFUSES: "the radio refuses what it is asked",
    SLOW: "the tally came after the limit of a start",
    NO_TALLY: "no tally: the shutter's wire is dead, or the tally's sticks off",
    STUCK_ON: "the tally stays on though the recorder was told to stop",
    HALTED: "the recording ended by itself: by hand, or storage is full",
    NO_VOLTAGE: "no accessory voltage: the recorder is off, asleep or flat",
    NOISY: "a line chatters, or stays as it cannot be",
    SAGS: "the cell gives way as the unit buzzes: it is old, cold, or its contacts are poor",
}

# Phases of a test.
NEVER = 0  # none since the unit started
PHASE_NAMES = {NEVER: "never", TEST_BEGUN: "begun", TEST_DONE: "done", TEST_BROKEN_OFF: "broken off"}

# What a session reports, and the journal keeps behind the credential: phase, parts asked for, a finding of each of
# PARTS; cell mV, ms from the press to the tally on, and off again: 0 where not measured.
REPORT_FORM = ">BB6sHHH"
Report = namedtuple("Report", ("phase", "parts", "findings", "cell_mv", "start_ms", "stop_ms"))

CELL_MIN_MV = 2500
CELL_MAX_MV = 4500
SAG_MAX_MV = 300  # an estimate, of a haptic's 100 mA and a cell of less than 1 ohm with its wires

# Modes of the recorder's part.
IDLE = 0
STARTING = 1  # pressed: the tally is to come on
LATE = 2  # it did not within the limit, and may still
RUNNING = 3  # it is on: recorded for a moment
STOPPING = 4  # pressed again: the tally is to go off
UNDOING = 5  # no tally: pressed a second time, so that a recorder that does record stops
PROBING = 6  # the tally was on of a recorder that stands by: pressed
UNSTICKING = 7  # and stayed on: pressed a second time
RESTARTING = 8  # it went off, so the recorder had been recording: pressed, to go on with that
MODE_NAMES = {
    IDLE: "idle",
    STARTING: "starting",
    LATE: "late",
    RUNNING: "running",
    STOPPING: "stopping",
    UNDOING: "undoing",
    PROBING: "probing",
    UNSTICKING: "unsticking",
    RESTARTING: "restarting",
}
ANY = (IDLE, STARTING, LATE, RUNNING, STOPPING, UNDOING, PROBING, UNSTICKING, RESTARTING)

BEGIN = 0  # data: whether the tally is on
ON = 1  # data: whether the recorder is awake, as of all that follow
OFF = 2
OVER = 3  # the wait
TAKEN = 4  # a weapon is known of
EVENT_NAMES = {BEGIN: "begin", ON: "tally on", OFF: "tally off", OVER: "wait over", TAKEN: "weapon"}

BORROW = 0  # press the shutter (`camera.TEST`)
GIVE_BACK = 1  # end the recording (`camera.TEST_OVER`)
KEEP = 2  # leave it to whoever began it (`camera.TEST_KEPT`)

MARGIN_MS = 200  # the camera machine's own limit comes first
LATE_MS = 4000  # less than `camera.RETRY_MS`, when a recorder that failed is forgotten
RUN_MS = 1000
MS_MAX = 0xFFFF


class TrialState(State):
    """`finding`: of the recorder, so far."""

    FIELDS = ("mode", "finding", "pressed_at", "start_ms", "stop_ms", "wait_at")
    TIMERS = (("wait_at", OVER),)

    def __init__(self) -> None:
        self.mode = IDLE
        self.finding = NOT_ASKED
        self.pressed_at = 0
        self.start_ms = 0
        self.stop_ms = 0
        self.wait_at: int | None = None


def _tally_on(state: TrialState, data: int, now: int, policy: "Policy") -> bool:
    return bool(data)


def _asleep(state: TrialState, data: int, now: int, policy: "Policy") -> bool:
    return not data


def _press(effect: int) -> "Action":
    def action(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        state.pressed_at = now
        state.wait_at = ticks_add(now, policy.start_limit_ms + MARGIN_MS)
        effects.append((effect,))

    return action


def _wait(ms: int) -> "Action":
    def action(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        state.wait_at = ticks_add(now, ms)

    return action


def _find(finding: int) -> "Action":
    def action(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        state.finding = finding

    return action


def _passed(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    if state.finding == UNDER_WAY:
        state.finding = PASSED


def _started(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.start_ms = max(1, min(ticks_diff(now, state.pressed_at), MS_MAX))


def _stopped(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.stop_ms = max(1, min(ticks_diff(now, state.pressed_at), MS_MAX))


def _keep(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    effects.append((KEEP,))


def _rest(state: TrialState, data: int, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.wait_at = None


_GUARDS: "dict[str, Guard]" = {"tally on": _tally_on, "asleep": _asleep}
_ACTIONS: "dict[str, Action]" = {
    "press": _press(BORROW),
    "press to stop": _press(GIVE_BACK),
    "wait longer": _wait(LATE_MS),
    "record a moment": _wait(RUN_MS),
    "under way": _find(UNDER_WAY),
    "slow": _find(SLOW),
    "no tally": _find(NO_TALLY),
    "no voltage": _find(NO_VOLTAGE),
    "stuck on": _find(STUCK_ON),
    "halted": _find(HALTED),
    "recording": _find(RECORDING),
    "in use": _find(IN_USE),
    "passed": _passed,
    "started": _started,
    "stopped": _stopped,
    "keep": _keep,
    "rest": _rest,
}

RULES = (
    Rule((IDLE,), TAKEN, None, None, ()),
    Rule(ANY, TAKEN, None, IDLE, ("in use", "rest")),
    Rule((IDLE,), BEGIN, "tally on", PROBING, ("under way", "press")),
    Rule((IDLE,), BEGIN, None, STARTING, ("under way", "press")),
    # On and off again, as it should be.
    Rule((STARTING,), ON, None, RUNNING, ("started", "record a moment")),
    Rule((RUNNING,), OVER, None, STOPPING, ("press to stop",)),
    Rule((STOPPING,), OFF, None, IDLE, ("stopped", "passed", "rest")),
    Rule((STOPPING,), OVER, None, IDLE, ("stuck on", "rest")),
    Rule((RUNNING,), OFF, None, IDLE, ("halted", "rest")),
    # No tally within the limit.
    Rule((STARTING,), OVER, None, LATE, ("wait longer",)),
    Rule((LATE,), ON, None, RUNNING, ("started", "slow", "record a moment")),
    Rule((LATE,), OVER, "asleep", IDLE, ("no voltage", "rest")),
    Rule((LATE,), OVER, None, UNDOING, ("no tally", "press")),
    Rule((UNDOING,), ON, None, RUNNING, ("slow", "record a moment")),
    Rule((UNDOING,), OVER, None, IDLE, ("rest",)),
    # A tally that was on of a recorder that is said to stand by.
    Rule((PROBING,), OFF, None, RESTARTING, ("press",)),
    Rule((PROBING,), OVER, None, UNSTICKING, ("stuck on", "press")),
    Rule((UNSTICKING,), OFF, None, IDLE, ("rest",)),
    Rule((UNSTICKING,), OVER, None, IDLE, ("rest",)),
    Rule((RESTARTING,), ON, None, IDLE, ("recording", "keep", "rest")),
    Rule((RESTARTING,), OVER, None, IDLE, ("no tally", "rest")),
)
MACHINE = Machine(RULES, _GUARDS, _ACTIONS)


def longest_ms(start_limit_ms: int) -> int:
    """How long a test takes at most, by the policy's figure."""
    return 3 * (start_limit_ms + MARGIN_MS) + LATE_MS + RUN_MS


def pack(phase: int, parts: int, findings: dict[int, int], cell_mv: int, start_ms: int, stop_ms: int) -> bytes:
    """A report. `findings`: of the parts that were asked for."""
    said = bytes([findings.get(part, NOT_ASKED) for part in PARTS])
    return struct.pack(REPORT_FORM, phase, parts, said, min(cell_mv, MS_MAX), start_ms, stop_ms)


def unpack(body: bytes) -> Report | None:
    """The Report in the body of a reply, or None when it has another size."""
    if len(body) != struct.calcsize(REPORT_FORM):
        return None
    return Report(*struct.unpack(REPORT_FORM, body))
