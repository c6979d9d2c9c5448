"""Proof machine: does the holster unit know that its own camera records? Pure; the closed loop's memory.

It never ends in silence: no *heard* within the limit alerts, no *recording* within the start limit alerts, and a proof
that is not renewed while the weapon is out is lost, which alerts. Witnesses (other cameras) never silence an alert.
"""

from .machine import Machine, Rule, State
from .ticks import ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .machine import Action, Effect
    from .settings import Policy

IDLE = 0
CALLING = 1
HEARD = 2
PROVEN = 3
LOST = 4  # past a limit without proof, or the proof was not renewed
MODE_NAMES = {IDLE: "idle", CALLING: "calling", HEARD: "heard", PROVEN: "proven", LOST: "lost"}
ANY = (IDLE, CALLING, HEARD, PROVEN, LOST)

BEGIN = 0
END = 1
ACK_HEARD = 2
ACK_PROVEN = 3
ACK_REFUSED = 4  # data: reason
HEARD_LIMIT = 5
START_LIMIT = 6
PROOF_LIMIT = 7
EVENT_NAMES = {
    BEGIN: "use begins",
    END: "use ends",
    ACK_HEARD: "heard ack",
    ACK_PROVEN: "recording ack",
    ACK_REFUSED: "not-recording ack",
    HEARD_LIMIT: "heard limit",
    START_LIMIT: "start limit",
    PROOF_LIMIT: "proof limit",
}

ALERT = 0  # (ALERT, code)
CALM = 1  # proof is here: stop the alert

# Alert codes: journalled, and what LED and haptic tell apart. Camera alerts share the numbering.
ALERT_NOT_HEARD = 1
ALERT_NOT_RECORDING = 2
ALERT_PROOF_LOST = 3
ALERT_INTERRUPTED = 4
ALERT_UNPAIRED = 5
ALERT_JOURNAL = 6
ALERT_NAMES = {
    ALERT_NOT_HEARD: "camera not heard",
    ALERT_NOT_RECORDING: "camera not recording",
    ALERT_PROOF_LOST: "recording no longer proven",
    ALERT_INTERRUPTED: "recording stopped by hand",
    ALERT_UNPAIRED: "no camera paired",
    ALERT_JOURNAL: "journal cannot be written",
}


class ProofState(State):
    FIELDS = ("mode", "heard_by", "start_by", "proof_by", "proven_at")
    TIMERS = (("heard_by", HEARD_LIMIT), ("start_by", START_LIMIT), ("proof_by", PROOF_LIMIT))

    def __init__(self) -> None:
        self.mode = IDLE
        self.heard_by: int | None = None
        self.start_by: int | None = None
        self.proof_by: int | None = None
        self.proven_at: int | None = None  # tick of the last recording ack of this use


def _wait(state: ProofState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.heard_by = ticks_add(now, policy.heard_limit_ms)
    state.start_by = ticks_add(now, policy.start_limit_ms)
    state.proof_by = None
    state.proven_at = None


def _heard(state: ProofState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.heard_by = None


def _proven(state: ProofState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.heard_by = None
    state.start_by = None
    state.proof_by = ticks_add(now, policy.proof_limit_ms)
    state.proven_at = now
    effects.append((CALM,))


def _clear(state: ProofState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.heard_by = None
    state.start_by = None
    state.proof_by = None
    state.proven_at = None
    effects.append((CALM,))


def _unproven(state: ProofState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
    state.heard_by = None
    state.start_by = None
    state.proof_by = None
    state.proven_at = None


def _alert(code: int) -> "Action":
    def action(state: ProofState, data: int | None, now: int, policy: "Policy", effects: "list[Effect]") -> None:
        effects.append((ALERT, code))

    return action


_ACTIONS: "dict[str, Action]" = {
    "start limits": _wait,
    "note heard": _heard,
    "note proof": _proven,
    "forget proof": _unproven,
    "clear": _clear,
    "alert not heard": _alert(ALERT_NOT_HEARD),
    "alert not recording": _alert(ALERT_NOT_RECORDING),
    "alert proof lost": _alert(ALERT_PROOF_LOST),
}

RULES = (
    Rule(ANY, BEGIN, None, CALLING, ("start limits",)),
    Rule((CALLING, HEARD, LOST), ACK_PROVEN, None, PROVEN, ("note proof",)),
    Rule((PROVEN,), ACK_PROVEN, None, None, ("note proof",)),
    Rule((CALLING,), ACK_HEARD, None, HEARD, ("note heard",)),
    # A refusal is an answer, not a proof: the start limit still decides, the camera may yet start.
    Rule((CALLING,), ACK_REFUSED, None, HEARD, ("note heard",)),
    Rule((PROVEN,), ACK_REFUSED, None, LOST, ("forget proof", "alert proof lost")),
    Rule((CALLING,), HEARD_LIMIT, None, None, ("alert not heard",)),
    Rule((CALLING, HEARD), START_LIMIT, None, LOST, ("forget proof", "alert not recording")),
    Rule((PROVEN,), PROOF_LIMIT, None, LOST, ("forget proof", "alert proof lost")),
    Rule(ANY, END, None, IDLE, ("clear",)),
)

MACHINE = Machine(RULES, {}, _ACTIONS)
