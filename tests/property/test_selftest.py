"""The self-test and the camera machine that lends it the recorder, together: in every reachable state on a clock of a
few milliseconds, and against a recorder with each fault, with a weapon drawn at each instant."""

from collections import deque
from typing import Any, NamedTuple

import pytest

from interlock.core import camera, camera_moves, selftest
from interlock.core.machine import due
from interlock.core.settings import DEFAULT_POLICY
from interlock.core.ticks import PERIOD_MS, is_due, ticks_add

from .laws import key_of

TINY = DEFAULT_POLICY._replace(start_limit_ms=2, hold_ms=1, lease_ms=4, buffer_ms=5)
ASKS = {selftest.BORROW: camera.TEST, selftest.GIVE_BACK: camera.TEST_OVER, selftest.KEEP: camera.TEST_KEPT}
FREE = (camera.STANDBY, camera.UNPROVEN, camera.FAULT)


class Pair(NamedTuple):
    """Both machines; the tally as the test knows it; ms since it began; whether a stop was pulsed for nobody's need."""

    camera: camera.CameraState
    trial: selftest.TrialState
    tally: bool
    age_ms: int


def begin_at(now: int, tally: bool = False, loan_ms: int | None = None) -> Pair:
    return Pair(camera.at_boot(tally, True, now, tally, loan_ms, 2), selftest.TrialState(), tally, 0)


def tell(pair: Pair, event: int, data: int | None, now: int) -> tuple[Pair, int]:
    """The camera machine hears of it; how often the shutter was pressed."""
    before = pair.camera
    after, effects = camera.MACHINE.step(before, event, data, now, TINY)
    pressed = effects.count((camera.PULSE,))
    assert not (pressed and after.stopping and after.weapons), "a stop while a weapon is out"
    assert not (pressed and before.weapons and event in ASKS.values()), "a self-test's press while a weapon is out"
    return pair._replace(camera=after), pressed


def ask(pair: Pair, event: int, data: int | bool, now: int) -> tuple[Pair, int]:
    """The self-test steps; how often the shutter was pressed for it."""
    trial, effects = selftest.MACHINE.step(pair.trial, event, data, now, TINY)
    pair, pressed = pair._replace(trial=trial), 0
    for effect in effects:
        pair, more = tell(pair, ASKS[effect[0]], None, now)
        pressed += more
    return pair, pressed


def turn(pair: Pair, now: int) -> tuple[Pair, int]:
    """A turn of the loop, as `camera_role.py` and `self_test.py` do it."""
    pressed = 0
    while True:
        state, event = due(pair.camera, now)
        if event is None:
            break
        pair, more = tell(pair._replace(camera=state), event, now, now)
        pressed += more
    if pair.trial.mode == selftest.IDLE:
        return pair, pressed
    tally = pair.camera.tally
    if pair.camera.weapons:
        pair, more = ask(pair, selftest.TAKEN, 0, now)
        assert pair.trial.mode == selftest.IDLE, "a weapon ends the test at once"
    elif tally != pair.tally:
        pair, more = ask(pair._replace(tally=tally), selftest.ON if tally else selftest.OFF, pair.camera.awake, now)
    else:
        more = 0
    pressed += more
    trial, event = due(pair.trial, now)
    if event is not None:
        pair, more = ask(pair._replace(trial=trial), event, pair.camera.awake, now)
        pressed += more
    return pair, pressed


def begin(pair: Pair, now: int) -> tuple[Pair, int]:
    return ask(pair._replace(tally=pair.camera.tally, age_ms=0), selftest.BEGIN, pair.camera.tally, now)


def can_begin(pair: Pair) -> bool:
    state = pair.camera
    return pair.trial.mode == selftest.IDLE and not state.weapons and state.mode in FREE


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_moves, "RETRY_MS", 5)
    monkeypatch.setattr(camera_moves, "LOAN_MS", 3)
    monkeypatch.setattr(selftest, "MARGIN_MS", 1)
    monkeypatch.setitem(selftest.MACHINE._actions, "wait longer", selftest._wait(2))
    monkeypatch.setitem(selftest.MACHINE._actions, "record a moment", selftest._wait(1))


LONGEST_MS = 3 * (TINY.start_limit_ms + 1) + 2 + 1 + 1


def choices(pair: Pair) -> list[tuple[int, int | None]]:
    levels = [camera.TALLY_OFF if pair.camera.tally else camera.TALLY_ON]
    levels.append(camera.ASLEEP if pair.camera.awake else camera.AWAKE)
    return [(camera.TRIGGER, 1), (camera.AGAIN, 1), (camera.RETURN, 1), (camera.CANCEL, 1)] + [
        (e, None) for e in levels
    ]


def key(pair: Pair, now: int) -> Any:
    return (
        key_of(pair.camera, now, ("tally_at", "awake_at", "buffer_ms"), (("restarts", 1),)),
        key_of(pair.trial, now, ("pressed_at", "start_ms", "stop_ms", "finding")),
        pair.tally,
        pair.age_ms,
    )


def reachable() -> list[Pair]:
    """Look at every state that can be reached; one of each."""
    start = PERIOD_MS - 3
    queue = deque(
        (begin_at(start, tally, loan), start) for tally, loan in ((False, None), (True, None), (True, 3), (False, 3))
    )
    seen = {key(pair, now): pair for pair, now in queue}
    while queue:
        pair, now = queue.popleft()
        found = []
        passed = turn(pair, ticks_add(now, 1))[0]
        if passed.trial.mode != selftest.IDLE:
            passed = passed._replace(age_ms=pair.age_ms + 1)
            assert passed.age_ms <= LONGEST_MS, f"{selftest.MODE_NAMES[passed.trial.mode]} for ever"
        found.append((passed, ticks_add(now, 1)))
        for event, data in choices(pair):
            found.append((turn(tell(pair, event, data, now)[0], now)[0], now))
        if can_begin(pair):
            found.append((begin(pair, now)[0], now))
        for after, then in found:
            if after.trial.mode == selftest.IDLE:
                after = after._replace(tally=False, age_ms=0)
            if key(after, then) not in seen:
                seen[key(after, then)] = after
                queue.append((after, then))
    return list(seen.values())


def test_no_self_test_stops_a_recording_in_a_use_and_every_one_ends() -> None:
    seen = reachable()
    assert {pair.trial.mode for pair in seen} == set(selftest.ANY)
    assert {pair.camera.mode for pair in seen} == set(camera.ANY)
    assert len(seen) > 500


class Truth:
    """A recorder that toggles `delay_ms` after a press, and the tally that it shows."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.records = fault == "officer's"
        self.delay_ms = 5 if fault == "slow" else 1
        self.toggles_at: int | None = None
        self.presses = 0

    def press(self, count: int, now: int) -> None:
        self.presses += count
        if count and self.toggles_at is None and self.fault != "dead shutter":
            self.toggles_at = ticks_add(now, 0 if self.records else self.delay_ms)

    def tally(self, now: int) -> bool:
        if is_due(self.toggles_at, now):
            self.records, self.toggles_at = not self.records, None
        return {"stuck on": True, "stuck off": False}.get(self.fault, self.records)


FAULTS = {
    "none": selftest.PASSED,
    "dead shutter": selftest.NO_TALLY,
    "stuck off": selftest.NO_TALLY,
    "stuck on": selftest.STUCK_ON,
    "slow": selftest.SLOW,
    "officer's": selftest.RECORDING,
}


def story(fault: str, drawn_ms: int | None) -> tuple[Pair, Truth]:
    """40 ms of a test that begins at 0, and a weapon that is drawn at `drawn_ms` and stays out."""
    truth, now = Truth(fault), PERIOD_MS - 3
    pair = begin_at(now, truth.tally(now))
    pair, pressed = begin(pair, now)
    truth.press(pressed, now)
    for ms in range(40):
        if drawn_ms is not None and ms >= drawn_ms and (ms - drawn_ms) % 2 == 0:
            pair, pressed = tell(pair, camera.TRIGGER if ms == drawn_ms else camera.AGAIN, 1, now)
            truth.press(pressed, now)
        tally = truth.tally(now)
        if tally != pair.camera.tally:
            pair, pressed = tell(pair, camera.TALLY_ON if tally else camera.TALLY_OFF, None, now)
            truth.press(pressed, now)
        pair, pressed = turn(pair, now)
        truth.press(pressed, now)
        now = ticks_add(now, 1)
    return pair, truth


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_and_the_recorder_is_left_as_it_was(fault: str) -> None:
    pair, truth = story(fault, None)
    assert (pair.trial.mode, pair.trial.finding) == (selftest.IDLE, FAULTS[fault])
    assert truth.records == (fault == "officer's")
    assert truth.presses % 2 == 0


@pytest.mark.parametrize("fault", ["none", "slow", "officer's"])
def test_a_weapon_drawn_at_any_instant_is_recorded_where_the_tally_tells_the_truth(fault: str) -> None:
    for drawn_ms in range(24):
        pair, truth = story(fault, drawn_ms)
        assert pair.trial.mode == selftest.IDLE
        assert truth.records and pair.camera.mode == camera.RECORDING, drawn_ms
