"""The laws of the holster machine: every use is aired, every use ends, and the levels kept are true."""

from typing import Any, NamedTuple

from interlock.core import frames, holster, records
from interlock.core.machine import State, deadline
from interlock.core.settings import REACH_JOURNAL, Policy
from interlock.core.ticks import is_due, ticks_add

from .laws import Choice, Effects, Step, hold, key_of, let_pass


class HolsterGhost(NamedTuple):
    """Levels as last told, whether a use is open, whether it was armed or discharged since the draw, how long
    discharge pulses still count as bounce, and whether a holster that is put away is in its dock."""

    seated: bool
    armed: bool
    in_use: bool
    serious: bool
    refractory_ms: int
    docked: bool


SENSORS: tuple[Choice, ...] = (
    (holster.LEFT, None),
    (holster.ARM, None),
    (holster.FIRE, None),
    (holster.SEATED, None),
    (holster.SAFE, None),
)
SERVICE: tuple[Choice, ...] = (
    (holster.STOW, True),
    (holster.STOW, False),
    (holster.UNSTOW, True),
    (holster.CONDITION, 0),
    (holster.CONDITION, frames.FLAG_LOW_BATTERY),
)
# A button and a technician, and what they may ask for.
MODES: tuple[Choice, ...] = (
    (holster.PRESS, None),
    (holster.ASK_TEST, 2),
    (holster.ASK_FUNCTION_TEST, 2),
    (holster.ASK_MUTE, 2),
    (holster.ASK_NORMAL, None),
    (holster.BUTTON_NOISY, None),
)


class HolsterWorld:
    name = "holster"
    machine = holster.MACHINE
    event_names = holster.EVENT_NAMES

    def __init__(self, policy: Policy, choices: tuple[Choice, ...] = SENSORS + SERVICE) -> None:
        self.policy = policy
        self.choices = choices

    def starts(self, now: int) -> list[tuple[State, HolsterGhost]]:
        out = []
        for seated in (True, False):
            for armed in (True, False):
                for docked in (True, False):
                    state = holster.at_boot(seated, armed, docked, now, self.policy)
                    out.append((state, HolsterGhost(seated, armed, False, False, 0, docked)))
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
        silent = before.duty == records.MODE_TEST or self.policy.on_draw == REACH_JOURNAL
        if event == holster.LEFT and before.mode == holster.UNAIRED:
            hold(codes == ([] if silent else [frames.DRAW]), "out again behind the test mode is a draw")
        if event == holster.LEFT and before.mode in holster.IN:
            hold(codes == ([] if silent else [frames.DRAW]), "a weapon that leaves airs a draw, but in test mode")
            noted = [effect[1] for effect in effects if effect[0] == holster.NOTE]
            hold(not silent or noted == [frames.DRAW], "what is not aired is journalled")
        kept = self.policy.on_arm == REACH_JOURNAL and before.mode not in holster.OUT
        if event == holster.ARM and before.mode != holster.ARMED:
            noted = [effect[1] for effect in effects if effect[0] == holster.NOTE]
            hold(kept or codes == [frames.ARM], "arming is aired from wherever, in whatever mode")
            hold(not kept or (codes, noted) == ([], [frames.ARM]), "what policy keeps to the journal is journalled")
        if frames.REHOLSTER in codes:
            spike = not (before.confirmed or before.discharges or before.armed)
            hold(bool(aired[0][1] & holster.FLAG_UNCONFIRMED) == spike, "a spike is told from a draw at its end")
        ghost = self._discharge(ghost, step, aired)
        ghost = self._use(ghost, after, codes, effects)
        ghost = self._modes(ghost, step, codes)
        self._asked(step)
        self._button(step, codes)
        ghost = self._put_away(ghost, step)
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
            return ghost._replace(refractory_ms=self.policy.refractory_ms)  # of the last of its pulses
        hold(codes == [frames.DISCHARGE], "every discharge past the refractory time is aired")
        fault = bool(aired[0][1] & frames.FLAG_ORDER_FAULT)
        expected = not step.before.armed or step.before.mode not in (*holster.OUT, holster.UNAIRED)
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
                hold(codes in ([frames.REHOLSTER], [frames.STOW], [frames.CANCEL]), "the end of a use is aired")
                ghost = ghost._replace(in_use=False)
            if code == holster.BEACON:
                hold(after.mode in holster.OUT, "only a weapon that is out says so")
        hold(ghost.in_use == (after.mode in holster.OUT), "a use is open exactly while the weapon is out")
        return ghost

    def _modes(self, ghost: HolsterGhost, step: Step, codes: list[int]) -> HolsterGhost:
        before, event, _, _, after, effects = step
        if holster.USE_BEGINS in [effect[0] for effect in effects]:
            ghost = ghost._replace(serious=False)
        if frames.CANCEL in codes:
            hold(event == holster.PRESS and before.seated, "only a person cancels, with the weapon seated")
            hold(not ghost.serious, "no draw is cancelled after arm or discharge")
        if {frames.ARM, frames.DISCHARGE} & set(codes):
            ghost = ghost._replace(serious=True)
            hold(after.duty != records.MODE_TEST, "test mode ends at arm or discharge")
            hold(after.mute_until is None, "muting ends at arm or discharge")
            hold(after.cancel_by is None, "nothing is left to be cancelled")
        hold(after.duty == records.MODE_NORMAL or after.duty_until is not None, "each mode has an end")
        told = [effect for effect in effects if effect[0] == holster.MODED]
        hold((before.duty != after.duty) <= bool(told), "each change of mode is told")
        # A timer that is served was taken off already.
        hold(event == holster.MUTE_OVER or (before.mute_until != after.mute_until) <= bool(told), "muting is told")
        if event in (holster.DUTY_OVER, holster.ASK_NORMAL) and before.mode == holster.UNAIRED and not before.seated:
            counts = before.duty == records.MODE_TEST and self.policy.on_draw != REACH_JOURNAL
            hold((codes == [frames.OUT]) == counts, "a weapon that is out when test mode ends is aired")
        return ghost

    def _asked(self, step: Step) -> None:
        before, event, _, _, after, effects = step
        put_away = before.mode in (*holster.IN, holster.STOWED)
        asked = {holster.ASK_TEST: records.MODE_TEST, holster.ASK_FUNCTION_TEST: records.MODE_FUNCTION_TEST}
        if event in asked and put_away:
            hold(after.duty == asked[event], "a mode that is asked for while the weapon is in its place is taken")
        if event == holster.ASK_MUTE and (put_away or before.mode in (holster.DRAWN, holster.UNAIRED)):
            hold(after.mute_until is not None or not self.policy.mute_ms, "who asks for silence gets it, unless armed")
        if event == holster.ASK_NORMAL:
            hold((after.duty, after.mute_until) == (records.MODE_NORMAL, None), "normal ends all modes")
        if event == holster.BUTTON_NOISY:
            kept = before.duty if before.duty == records.MODE_TEST else records.MODE_NORMAL
            hold((after.duty, after.mute_until) == (kept, None), "a noisy button announces and mutes nothing")
            hold(all(effect[0] == holster.MODED for effect in effects), "nor does it air anything")
        if event == holster.MUTE_OVER:
            told = (holster.MODED, records.MODE_MUTE, records.MODE_TIME_OVER, 0)
            hold(told in effects, "the end of a mute is told")

    def _button(self, step: Step, codes: list[int]) -> None:
        before, event, _, now, after, _ = step
        if event != holster.PRESS:
            return
        may_cancel = before.seated and before.cancel_by is not None and not is_due(before.cancel_by, now)
        if before.mode in (holster.DRAWN, holster.REHOLSTERED) and may_cancel:
            hold(codes == [frames.CANCEL], "a bare draw is cancelled by a press in time")
        elif before.mode == holster.DRAWN and self.policy.mute_ms:
            hold(after.mute_until == ticks_add(now, self.policy.mute_ms), "a press with the weapon out mutes")
        elif before.mode == holster.HOLSTERED:
            twice = before.press_by is not None and not is_due(before.press_by, now)
            hold((after.duty == records.MODE_FUNCTION_TEST) >= twice, "two presses announce a function test")
            hold(twice or after.press_by is not None, "a first press is remembered")

    def _put_away(self, ghost: HolsterGhost, step: Step) -> HolsterGhost:
        before, event, data, _, after, effects = step
        if event == holster.STOW:
            taken_out = before.mode in (holster.DRAWN, holster.UNAIRED)
            bare = taken_out and not before.armed and not before.discharges
            stowed = bare or before.mode in holster.IN or before.mode == holster.STOWED
            hold((after.mode == holster.STOWED) == stowed, "all but an armed or discharged weapon may be put away")
            hold(not (data and stowed) or after.docked, "a docked holster knows that it is docked")
        if event == holster.UNSTOW and before.mode == holster.STOWED:
            expected = holster.UNKNOWN if before.seated else holster.STOWED
            hold(after.mode == expected, "back on duty the position is settled anew, but that of an empty holster")
        if event == holster.SETTLED and before.mode == holster.STOWED and before.seated:
            expected = holster.STOWED if ghost.docked else holster.HOLSTERED
            hold(after.mode == expected, "a weapon put into a holster out of its dock may be drawn from it")
        if event == holster.CONDITION:
            hold(after.conditions == data, "conditions are taken in every mode")
            noted = (holster.NOTE, holster.NOTE_CONDITION, holster.flags_of(after)) in effects
            hold(noted == (before.conditions != data), "conditions are noted when they change")
        told = {holster.STOW: data, holster.UNSTOW: False}.get(event, ghost.docked)
        return ghost._replace(docked=told and after.mode == holster.STOWED)

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
        wait = policy.settle_ms + policy.report_ms + policy.refractory_ms + policy.confirm_ms + policy.cancel_ms
        wait += policy.test_ms + policy.mute_ms + holster.PRESS_TWICE_MS
        state, now, _ = let_pass(self.machine, state, now, wait, policy)
        places = (holster.STOWED, holster.HOLSTERED) if state.docked else (holster.HOLSTERED,)
        hold(state.mode in places, f"it came to rest as {holster.MODE_NAMES[state.mode]}")
        hold(deadline(state, now) is None, "nothing is left to do")
