"""The laws of the camera machine: pulses do what is meant, answers are true, and it comes to rest."""

from typing import Any, NamedTuple

from interlock.core import camera, camera_moves, frames, proof
from interlock.core.machine import State, deadline
from interlock.core.settings import Policy
from interlock.core.ticks import ticks_diff

from .laws import Choice, Step, hold, key_of, let_pass

_BELIEVING = (camera.STANDBY, camera.RECORDING, camera.HOLDING)


class CameraGhost(NamedTuple):
    """Tally seen off since boot; start pulse since the last edge; this recording began by our pulse; hand stops of
    this use; age of the tally, None where the search does not follow it."""

    seen_off: bool
    pulsed: bool
    ours: bool
    stops: int
    tally_ms: int | None


class CameraWorld:
    """`ownership`: judge also that exactly what the interlock started is stopped by it."""

    name = "camera"
    machine = camera.MACHINE
    event_names = camera.EVENT_NAMES
    choices: tuple[Choice, ...] = (
        (camera.TRIGGER, 1),
        (camera.TRIGGER, 2),
        (camera.AGAIN, 1),
        (camera.RETURN, 1),
        (camera.RETURN, 2),
        (camera.CANCEL, 1),
        (camera.TALLY_ON, None),
        (camera.TALLY_OFF, None),
        (camera.AWAKE, None),
        (camera.ASLEEP, None),
        (camera.TEST, None),
        (camera.TEST_OVER, None),
        (camera.TEST_KEPT, None),
    )

    def __init__(self, policy: Policy, follow_tally: bool = False, ownership: bool = False) -> None:
        self.policy = policy
        self.follow_tally = follow_tally
        self.ownership = ownership

    def starts(self, now: int) -> list[tuple[State, CameraGhost]]:
        age = 0 if self.follow_tally else None
        starts = [(camera.at_boot(t, True, now), CameraGhost(not t, False, False, 0, age)) for t in (False, True)]
        # In the middle of a self-test: that the recording was begun for it is what the journal said.
        broken_off = camera.at_boot(True, True, now, True, camera_moves.LOAN_MS)
        late = camera.at_boot(False, True, now, True, camera_moves.LOAN_MS, camera_moves.LOAN_MS)
        # Or just before its tally: pressed before the boot.
        return [
            *starts,
            (broken_off, CameraGhost(True, False, True, 0, age)),
            (late, CameraGhost(True, True, True, 0, age)),
        ]

    def options(self, state: State) -> tuple[Choice, ...]:
        """A level changes to what it was not; everything else may come at any time."""
        impossible = {
            camera.TALLY_ON if state.tally else camera.TALLY_OFF,
            camera.AWAKE if state.awake else camera.ASLEEP,
        }
        return tuple(choice for choice in self.choices if choice[0] not in impossible)

    def key(self, state: State, now: int) -> Any:
        return key_of(state, now, ("tally_at", "awake_at", "buffer_ms"), (("restarts", 1),))

    def age(self, ghost: CameraGhost, ms: int) -> CameraGhost:
        return ghost if ghost.tally_ms is None else ghost._replace(tally_ms=ghost.tally_ms + ms)

    def judge(self, ghost: CameraGhost, step: Step) -> CameraGhost:
        before, event, _, now, after, effects = step
        if event in (camera.TALLY_ON, camera.TALLY_OFF):
            on = event == camera.TALLY_ON
            age = None if ghost.tally_ms is None else 0
            ghost = ghost._replace(
                seen_off=ghost.seen_off or not on, ours=on and ghost.pulsed, pulsed=False, tally_ms=age
            )
        if event in (camera.AWAKE, camera.ASLEEP):
            hold(after.awake == (event == camera.AWAKE), "whether the recorder is awake is kept")
        if event == camera.TALLY_OFF and before.mode == camera.RECORDING:
            hold((camera.ALERT, proof.ALERT_INTERRUPTED) in effects, "a recording stopped by hand alerts")
            ghost = ghost._replace(stops=min(ghost.stops + 1, 2))
        if after.mode in (camera.STANDBY, camera.HOLDING) or (event == camera.TEST and effects):
            ghost = ghost._replace(stops=0)
        for _ in range(effects.count((camera.PULSE,))):
            ghost = self._pulse(ghost, event, after)
        hold(after.mode != camera.STARTING or not after.tally or after.stopping, "a tally that is on is not waited for")
        if after.mode == camera.FAULT and before.mode != camera.FAULT:
            alerted = (camera.ALERT, proof.ALERT_NOT_RECORDING) in effects
            hold(alerted != before.testing, "a recorder that does not follow alerts, but in a self-test")
        if after.mode != before.mode:
            hold((camera.CHANGED, after.mode) in effects, "every change of mode is told")
        if before.mode == camera.STANDBY and event in (camera.TALLY_ON, camera.TALLY_OFF):
            hold((camera.CHANGED, after.mode) in effects, "a recording that others begin or end is told")
        if event == camera.ASLEEP and before.tally:
            hold(
                not after.seen_off or before.mode not in _BELIEVING, "a tally on a recorder without voltage is doubted"
            )
        if event == camera.TALLY_OFF and before.mode == camera.UNPROVEN and before.weapons and not before.restarts:
            hold((camera.PULSE,) in effects, "a recorder that is seen off again while a weapon is out is started")
        self._weapons(step)
        self._modes(step)
        self._duty(ghost, step)
        self._answer(ghost, after, now)
        self._loan(step)
        return ghost

    def _pulse(self, ghost: CameraGhost, event: int, after: State) -> CameraGhost:
        if after.stopping:
            hold(after.tally, "a stop pulse never while the tally is off")
            hold(not after.weapons, "a stop pulse never while a weapon is out")
            if self.ownership:
                asked = event == camera.TEST  # a person saw that the recorder stands by
                hold(ghost.ours or asked, "only a recording that we started is stopped")
            return ghost
        hold(not after.tally, "a start pulse never while the tally is on")
        hold(ghost.stops < 2, "one restart, never a fight")
        return ghost._replace(pulsed=True)

    def _weapons(self, step: Step) -> None:
        before, event, data, _, after, effects = step
        senders = [sender for sender, _ in after.weapons]
        if event in (camera.TRIGGER, camera.AGAIN):
            hold(data in senders, "a weapon heard of is known to be out")
            hold(after.mode not in (camera.STANDBY, camera.HOLDING), "a weapon out is followed by the recorder")
        returned = event in (camera.RETURN, camera.CANCEL)
        if returned:
            hold(data not in senders, "a weapon that is back is not out")
        gone = [sender for sender, _ in before.weapons if sender not in senders]
        expired = [effect[1] for effect in effects if effect[0] == camera.EXPIRED]
        hold(gone == expired or (returned and gone == [data]), "no weapon is forgotten without a word")
        hold(bool(after.weapons) == (after.lease_at is not None), "a lease for each weapon, none without")
        for _, until in after.weapons:
            hold(ticks_diff(after.lease_at, until) <= 0, "the first lease to end is waited for")

    def _duty(self, ghost: CameraGhost, step: Step) -> None:
        """What would help is not left undone, and what was begun is ended."""
        before, event, _, _, after, effects = step
        if after.mode == camera.STARTING and not after.tally:
            hold(ghost.pulsed, "a start was pulsed since the tally went off")
        if before.mode == camera.RECORDING and event == camera.TALLY_OFF:
            hold(
                ((camera.PULSE,) in effects) == (ghost.stops == 1), "the first stop by hand is answered by one restart"
            )
        if event == camera.HOLD_OVER:
            hold(
                ((camera.PULSE,) in effects) == (before.ours or before.testing),
                "what is ours is stopped after the hold, and nothing else",
            )
        if event == camera.CANCEL and before.mode in (camera.RECORDING, camera.HOLDING) and not after.weapons:
            alone = before.cause == step.data
            at_once = after.hold_at is not None and ticks_diff(after.hold_at, step.now) <= 0
            hold(not alone or at_once or after.stopping, "what was recorded for a cancelled draw alone is not held")
            hold(alone or before.hold_at is None or before.hold_at == after.hold_at, "another use's hold is kept")
        if before.mode == camera.STANDBY and event in (camera.TRIGGER, camera.AGAIN) and before.tally:
            proven = before.seen_off
            hold((after.mode == camera.RECORDING) == proven, "a running recording that was seen to begin is proof")

    def _modes(self, step: Step) -> None:
        after = step.after
        mode, name = after.mode, camera.MODE_NAMES[after.mode]
        if mode in (camera.STANDBY, camera.HOLDING):
            hold(not after.weapons, f"no weapon is out while {name}")
        if mode in (camera.RECORDING, camera.INTERRUPTED):
            hold(after.weapons, f"a weapon is out while {name}")
        if mode in (camera.RECORDING, camera.HOLDING, camera.UNPROVEN):
            hold(after.tally, f"the tally is on while {name}")
        if mode in (camera.INTERRUPTED, camera.FAULT):
            hold(not after.tally, f"the tally is off while {name}")
        if mode == camera.STARTING:
            hold(after.limit_at is not None, "a start has a limit")
        if mode == camera.FAULT:
            hold(after.retry_at is not None, "a fault is tried again")
        if mode == camera.HOLDING:
            hold(after.hold_at is not None or after.limit_at is not None, "a hold has an end")

    def _loan(self, step: Step) -> None:
        before, event, _, now, after, effects = step
        hold(not (after.testing and after.weapons), "no self-test has the recorder while a weapon is out")
        if event == camera.TEST:
            free = not before.weapons and before.mode in (camera.STANDBY, camera.FAULT, camera.UNPROVEN)
            hold(((camera.PULSE,) in effects) == free == (after.testing and free), "a free recorder is lent, no other")
        if event == camera.TEST_OVER:
            was_its = before.testing and before.mode == camera.HOLDING and not before.stopping
            hold(((camera.PULSE,) in effects) == was_its, "a self-test's recording is ended when it wants, no other")
        if event == camera.TEST_KEPT and before.mode == camera.HOLDING and before.testing and not before.stopping:
            hold(after.mode == camera.STANDBY and not after.testing, "what was found going on goes on")
        if before.mode == camera.STANDBY and before.testing and event == camera.TALLY_ON:
            hold(after.mode == camera.HOLDING and after.testing, "what a test that was cut off began is ended")
        if after.mode == camera.STANDBY and after.testing:
            hold(after.limit_at is not None, "a test that was cut off is waited for, and not for ever")
        if after.mode == camera.HOLDING and after.testing and after.hold_at is not None:
            hold(ticks_diff(after.hold_at, now) <= camera_moves.LOAN_MS, "a self-test's recording is ended soon")

    def _answer(self, ghost: CameraGhost, after: State, now: int) -> None:
        kind, reason, since_ms, buffer_ms = camera.answer(after, now)
        if kind == frames.PROVEN:
            hold(after.tally and ghost.seen_off and not after.stopping, "proven only with a tally on that was seen off")
            hold(ghost.tally_ms is None or since_ms == ghost.tally_ms, "recording since as long as the tally is on")
            hold(0 <= buffer_ms <= self.policy.buffer_ms, "no more buffer than the recorder has")
        else:
            hold((since_ms, buffer_ms) == (0, 0), "no claim without proof")
        if kind == frames.REFUSED:
            hold(reason != frames.REASON_NONE, "a refusal has a reason")

    def home(self, state: State, now: int) -> None:
        """All weapons back, a recorder that obeys: it comes to rest, and stops no recording but its own."""
        policy = self.policy
        for sender, _ in state.weapons:
            state, _ = self.machine.step(state, camera.RETURN, sender, now, policy)
        for _ in range(8):
            wait = max(policy.hold_ms, policy.start_limit_ms, camera.RETRY_MS)
            at = deadline(state, now)
            wait = wait if at is None else max(0, ticks_diff(at, now))
            state, now, effects = let_pass(self.machine, state, now, wait, policy)
            if (camera.PULSE,) in effects:
                edge = camera.TALLY_OFF if state.tally else camera.TALLY_ON
                state, _ = self.machine.step(state, edge, None, now, policy)
        resting = (camera.STANDBY, camera.UNPROVEN) if state.tally else (camera.STANDBY,)
        hold(state.mode in resting, f"it came to rest as {camera.MODE_NAMES[state.mode]}")
        hold(deadline(state, now) is None, "nothing is left to do")
