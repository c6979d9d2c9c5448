"""The laws of the holster machine: every use is aired, every use ends, and the levels kept are true."""

from typing import Any, NamedTuple

from interlock.core import frames, holster
from interlock.core.machine import State, deadline
from interlock.core.settings import Policy

from .laws import Choice, Effects, Step, hold, key_of, let_pass


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
