"""The laws of the proof machine: no use without proof stays without an alert, and no comfort is false."""

from typing import Any, NamedTuple

from interlock.core import proof
from interlock.core.machine import State, deadline
from interlock.core.settings import Policy
from interlock.core.ticks import ticks_diff

from .laws import Choice, Step, hold, key_of


class ProofGhost(NamedTuple):
    """Of this use: open, ever proven, alerted since it was last proven, how long it may still be silent; ever
    answered, and how long that may take."""

    in_use: bool
    proven: bool
    alerted: bool
    left_ms: int
    answered: bool
    answer_ms: int


_NO_USE = ProofGhost(False, False, False, 0, True, 0)


class ProofWorld:
    name = "proof"
    machine = proof.MACHINE
    event_names = proof.EVENT_NAMES
    choices: tuple[Choice, ...] = tuple(
        (event, None) for event in (proof.BEGIN, proof.END, proof.ACK_HEARD, proof.ACK_PROVEN, proof.ACK_REFUSED)
    )

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def starts(self, now: int) -> list[tuple[State, ProofGhost]]:
        return [(proof.ProofState(), _NO_USE)]

    def options(self, state: State) -> tuple[Choice, ...]:
        return self.choices

    def key(self, state: State, now: int) -> Any:
        return key_of(state, now, ignored=("proven_at",)) + (state.proven_at is None,)

    def age(self, ghost: ProofGhost, ms: int) -> ProofGhost:
        if ghost.in_use and not ghost.alerted:
            hold(ms <= ghost.left_ms, "no use passes its limit without proof and without an alert")
        hold(ghost.answered or ms <= ghost.answer_ms, "no answer within the heard limit alerts")
        return ghost._replace(left_ms=max(0, ghost.left_ms - ms), answer_ms=max(0, ghost.answer_ms - ms))

    def judge(self, ghost: ProofGhost, step: Step) -> ProofGhost:
        before, event, _, now, after, effects = step
        alerts = [effect[1] for effect in effects if effect[0] == proof.ALERT]
        policy = self.policy
        if event == proof.BEGIN:
            ghost = ProofGhost(True, False, False, policy.start_limit_ms, False, policy.heard_limit_ms)
        elif event == proof.END:
            hold((proof.CALM,) in effects, "the alert ends with the use")
            ghost = _NO_USE
        elif event == proof.ACK_PROVEN and ghost.in_use:
            hold(after.mode == proof.PROVEN and after.proven_at == now, "a late proof still counts")
            ghost = ProofGhost(True, True, False, policy.proof_limit_ms, True, 0)
        elif event in (proof.ACK_HEARD, proof.ACK_REFUSED):
            ghost = ghost._replace(answered=True)
        if alerts:
            hold(ghost.in_use, "outside a use nothing is owed")
            if alerts == [proof.ALERT_NOT_HEARD]:
                hold(not ghost.answered, "an answer of any kind was heard")
                ghost = ghost._replace(answered=True)
            else:
                hold(not ghost.alerted, "one alert is given once")
                ghost = ghost._replace(alerted=True)
        if after.mode == proof.LOST and before.mode != proof.LOST:
            hold(alerts, "what is lost is alerted at once")
        if before.mode == proof.PROVEN and event == proof.ACK_REFUSED:
            hold(alerts == [proof.ALERT_PROOF_LOST], "a camera that stops alerts at once")
        self._modes(ghost, after, now)
        return ghost

    def _modes(self, ghost: ProofGhost, after: State, now: int) -> None:
        hold((after.mode == proof.IDLE) == (not ghost.in_use), "idle exactly outside a use")
        if after.mode == proof.PROVEN:
            hold(ghost.proven and not ghost.alerted, "proven needs a recording ack of this use")
            hold(
                ticks_diff(now, after.proven_at) <= self.policy.proof_limit_ms, "a proof is never older than its limit"
            )
        else:
            hold(after.proven_at is None, "nothing but a standing proof is cited in a record")
        if after.mode == proof.CALLING:
            hold(after.start_by is not None, "a call has a limit")

    def home(self, state: State, now: int) -> None:
        state, _ = self.machine.step(state, proof.END, None, now, self.policy)
        hold(state.mode == proof.IDLE and deadline(state, now) is None, "nothing is owed after the use")
