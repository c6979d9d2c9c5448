"""The laws of the three machines as code, in a form that random walks and an exhaustive search can both judge.

A world names a machine's events and carries a *ghost*: what an onlooker remembers of the past, as a hashable tuple of
flags and milliseconds (never ticks, so that equal pasts compare equal). `judge` sees every step and raises `Broken`;
`home` says from any state that the machine finds its way back. Not here: the engines, see `engine.py`.
"""

from typing import Any, NamedTuple

from interlock.core import camera, frames, holster, proof
from interlock.core.machine import Machine, State, deadline, due
from interlock.core.settings import Policy
from interlock.core.ticks import ticks_add, ticks_diff

Choice = tuple[int, Any]
Effects = list[tuple[Any, ...]]


class Broken(AssertionError):
    """A law does not hold."""


class Step(NamedTuple):
    before: State
    event: int
    data: Any
    now: int
    after: State
    effects: Effects


def hold(condition: object, law: str) -> None:
    if not condition:
        raise Broken(law)


def key_of(state: State, now: int, ignored: tuple[str, ...] = (), capped: tuple[tuple[str, int], ...] = ()) -> Any:
    """The state with its ticks as distances from `now`: equal keys behave equally for ever."""
    ticks = [field for field, _ in state.TIMERS]
    caps = dict(capped)
    out: list[Any] = []
    for name, value in zip(state.FIELDS, state.key(), strict=True):
        if name in ignored:
            continue
        if name in ticks and value is not None:
            value = ticks_diff(value, now)
        elif name == "weapons":
            value = tuple((sender, ticks_diff(until, now)) for sender, until in value)
        elif name in caps:
            value = min(value, caps[name])
        out.append(value)
    return tuple(out)


def let_pass(machine: Machine, state: State, now: int, ms: int, policy: Policy) -> tuple[State, int, Effects]:
    """`ms` go by and every timer is served when it is due: (state, now, effects)."""
    end, effects = ticks_add(now, ms), []
    while (at := deadline(state, now)) is not None and ticks_diff(at, end) <= 0:
        now = at if ticks_diff(at, now) > 0 else now
        state, event = due(state, now)
        state, more = machine.step(state, event, now, now, policy)
        effects += more
    return state, end, effects


class HolsterGhost(NamedTuple):
    """Levels as last told, whether a use is open, and how long discharge pulses still count as bounce."""

    seated: bool
    armed: bool
    in_use: bool
    refractory_ms: int


class HolsterWorld:
    name = "holster"
    machine = holster.MACHINE
    event_names = holster.EVENT_NAMES
    choices: tuple[Choice, ...] = (
        (holster.LEFT, None),
        (holster.ARM, None),
        (holster.FIRE, None),
        (holster.SEATED, None),
        (holster.SAFE, None),
        (holster.STOW, True),
        (holster.STOW, False),
        (holster.UNSTOW, True),
        (holster.CONDITION, 0),
        (holster.CONDITION, frames.FLAG_LOW_BATTERY),
    )

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def starts(self, now: int) -> list[tuple[State, HolsterGhost]]:
        out = []
        for seated in (True, False):
            for armed in (True, False):
                for docked in (True, False):
                    state = holster.at_boot(seated, armed, docked, now, self.policy)
                    out.append((state, HolsterGhost(seated, armed, False, 0)))
        return out

    def options(self, state: State) -> tuple[Choice, ...]:
        return self.choices

    def key(self, state: State, now: int) -> Any:
        return key_of(state, now, capped=(("discharges", 1),))

    def age(self, ghost: HolsterGhost, ms: int) -> HolsterGhost:
        return ghost._replace(refractory_ms=max(0, ghost.refractory_ms - ms))

    def judge(self, ghost: HolsterGhost, step: Step) -> HolsterGhost:
        before, event, _, _, after, effects = step
        aired = [effect[1:] for effect in effects if effect[0] == holster.AIR]
        codes = [code for code, _ in aired]
        ghost = self._levels(ghost, event)
        hold((after.seated, after.armed) == (ghost.seated, ghost.armed), "the levels kept are the levels told")
        hold(len(aired) <= 1, "one step airs one frame at most")
        for code, flags in aired:
            hold(bool(flags & frames.FLAG_ARMED) == after.armed, f"frame {code} says truly whether it is armed")
            hold(flags & after.conditions == after.conditions, f"frame {code} carries the conditions")
        if event == holster.LEFT and before.mode in holster.IN:
            hold(codes == [frames.DRAW], "a weapon that leaves airs a draw")
        if event == holster.ARM and before.mode != holster.ARMED:
            hold(codes == [frames.ARM], "arming is aired from wherever")
        if frames.REHOLSTER in codes:
            spike = not (before.confirmed or before.discharges or before.armed)
            hold(bool(aired[0][1] & holster.FLAG_UNCONFIRMED) == spike, "a spike is told from a draw at its end")
        ghost = self._discharge(ghost, step, aired)
        ghost = self._use(ghost, after, codes, effects)
        self._put_away(step)
        self._timers(step)
        return ghost

    def _levels(self, ghost: HolsterGhost, event: int) -> HolsterGhost:
        if event in (holster.LEFT, holster.SEATED):
            ghost = ghost._replace(seated=event == holster.SEATED)
        if event in (holster.ARM, holster.SAFE):
            ghost = ghost._replace(armed=event == holster.ARM)
        return ghost

    def _discharge(self, ghost: HolsterGhost, step: Step, aired: list[Any]) -> HolsterGhost:
        codes = [code for code, _ in aired]
        if step.event != holster.FIRE:
            hold(frames.DISCHARGE not in codes, "only a discharge pulse airs a discharge")
            return ghost
        if ghost.refractory_ms:
            hold(codes == [], "a pulse within the refractory time is the same discharge")
            return ghost
        hold(codes == [frames.DISCHARGE], "every discharge past the refractory time is aired")
        fault = bool(aired[0][1] & frames.FLAG_ORDER_FAULT)
        expected = not step.before.armed or step.before.mode not in holster.OUT
        hold(fault == expected, "a discharge carries the order fault exactly where a step is missing")
        return ghost._replace(refractory_ms=self.policy.refractory_ms)

    def _use(self, ghost: HolsterGhost, after: State, codes: list[int], effects: Effects) -> HolsterGhost:
        for code, *_ in effects:
            if code == holster.USE_BEGINS:
                hold(not ghost.in_use, "a use begins only where none is open")
                hold(codes, "a use begins with a frame")
                ghost = ghost._replace(in_use=True)
            if code == holster.USE_ENDS:
                hold(ghost.in_use, "only an open use ends")
                hold(codes in ([frames.REHOLSTER], [frames.STOW]), "the end of a use is aired")
                ghost = ghost._replace(in_use=False)
            if code == holster.BEACON:
                hold(after.mode in holster.OUT, "only a weapon that is out says so")
        hold(ghost.in_use == (after.mode in holster.OUT), "a use is open exactly while the weapon is out")
        return ghost

    def _put_away(self, step: Step) -> None:
        before, event, data, _, after, effects = step
        if event == holster.STOW:
            bare = before.mode == holster.DRAWN and not before.armed and not before.discharges
            stowed = bare or before.mode in holster.IN or before.mode == holster.STOWED
            hold((after.mode == holster.STOWED) == stowed, "all but an armed or discharged weapon may be put away")
            hold(not (data and stowed) or after.docked, "a docked holster knows that it is docked")
        if event == holster.UNSTOW and before.mode == holster.STOWED:
            hold(after.mode == holster.UNKNOWN, "back on duty the position is settled anew")
        if event == holster.CONDITION:
            hold(after.conditions == data, "conditions are taken in every mode")
            noted = (holster.NOTE, holster.NOTE_CONDITION, holster.flags_of(after)) in effects
            hold(noted == (before.conditions != data), "conditions are noted when they change")

    def _timers(self, step: Step) -> None:
        before, event, _, _, after, effects = step
        out = after.mode in holster.OUT
        if event == holster.SETTLED and before.mode == holster.UNKNOWN and not before.seated:
            found = holster.ARMED if before.armed else holster.DRAWN
            hold(after.mode == found, "a weapon found out at boot is in use")
        if event == holster.CONFIRM and out and not before.seated:
            hold(after.confirmed, "a draw that lasts is confirmed")
        if event == holster.REPORTED:
            hold((holster.QUIET,) in effects, "a report ends in silence")
        hold((after.renew_at is not None) == out, "renewals run exactly while the weapon is out")
        if after.mode == holster.UNKNOWN:
            hold(after.settle_at is not None, "an unknown position will be settled")
        if after.mode == holster.REHOLSTERED:
            hold(after.report_at is not None, "a report has an end")

    def home(self, state: State, now: int) -> None:
        """Made safe, seated and left alone it is back in its place, and nothing goes on."""
        policy = self.policy
        for event in (holster.SAFE, holster.SEATED):
            state, _ = self.machine.step(state, event, None, now, policy)
        wait = policy.settle_ms + policy.report_ms + policy.refractory_ms + policy.confirm_ms
        state, now, _ = let_pass(self.machine, state, now, wait, policy)
        places = (holster.STOWED, holster.HOLSTERED) if state.docked else (holster.HOLSTERED,)
        hold(state.mode in places, f"it came to rest as {holster.MODE_NAMES[state.mode]}")
        hold(deadline(state, now) is None, "nothing is left to do")


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
        (camera.TALLY_ON, None),
        (camera.TALLY_OFF, None),
        (camera.AWAKE, None),
        (camera.ASLEEP, None),
    )

    def __init__(self, policy: Policy, follow_tally: bool = False, ownership: bool = False) -> None:
        self.policy = policy
        self.follow_tally = follow_tally
        self.ownership = ownership

    def starts(self, now: int) -> list[tuple[State, CameraGhost]]:
        age = 0 if self.follow_tally else None
        return [(camera.at_boot(t, True, now), CameraGhost(not t, False, False, 0, age)) for t in (False, True)]

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
        if after.mode in (camera.STANDBY, camera.HOLDING):
            ghost = ghost._replace(stops=0)
        for _ in range(effects.count((camera.PULSE,))):
            ghost = self._pulse(ghost, after)
        hold(after.mode != camera.STARTING or not after.tally or after.stopping, "a tally that is on is not waited for")
        if after.mode == camera.FAULT and before.mode != camera.FAULT:
            hold((camera.ALERT, proof.ALERT_NOT_RECORDING) in effects, "a recorder that does not follow alerts")
        if after.mode != before.mode:
            hold((camera.CHANGED, after.mode) in effects, "every change of mode is told")
        if before.mode == camera.STANDBY and event in (camera.TALLY_ON, camera.TALLY_OFF):
            hold((camera.CHANGED, after.mode) in effects, "a recording that others begin or end is told")
        self._weapons(step)
        self._modes(step)
        self._duty(ghost, step)
        self._answer(ghost, after, now)
        return ghost

    def _pulse(self, ghost: CameraGhost, after: State) -> CameraGhost:
        if after.stopping:
            hold(after.tally, "a stop pulse never while the tally is off")
            hold(not after.weapons, "a stop pulse never while a weapon is out")
            if self.ownership:
                hold(ghost.ours, "only a recording that we started is stopped")
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
        if event == camera.RETURN:
            hold(data not in senders, "a weapon that is back is not out")
        gone = [sender for sender, _ in before.weapons if sender not in senders]
        expired = [effect[1] for effect in effects if effect[0] == camera.EXPIRED]
        hold(gone == expired or (event == camera.RETURN and gone == [data]), "no weapon is forgotten without a word")
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
                ((camera.PULSE,) in effects) == before.ours, "what is ours is stopped after the hold, and nothing else"
            )
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
