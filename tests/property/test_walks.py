"""Long walks of the machines on the real policy and a real clock that wraps, judged by the laws of `laws.py`."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core import camera, holster, proof
from interlock.core.machine import Machine, deadline, due
from interlock.core.settings import DEFAULT_POLICY
from interlock.core.ticks import PERIOD_MS, ticks_add

from .engine import walk
from .laws_camera import CameraWorld
from .laws_holster import HolsterWorld
from .laws_proof import ProofWorld

WORLDS = {
    "holster": HolsterWorld(DEFAULT_POLICY),
    "proof": ProofWorld(DEFAULT_POLICY),
    "camera": CameraWorld(DEFAULT_POLICY, follow_tally=True),
}
# Waits around the policy's limits matter most: a millisecond before, in and after them.
LIMITS = sorted({value for value in DEFAULT_POLICY if value is not True} | {camera.RETRY_MS})
WAITS = st.one_of(
    st.just(0),
    st.integers(1, 50),
    st.builds(lambda limit, off: max(0, limit + off), st.sampled_from(LIMITS), st.integers(-1, 1)),
    st.integers(0, 700_000),
)
STARTS = st.one_of(st.builds(lambda back: PERIOD_MS - 1 - back, st.integers(0, 40_000)), st.integers(0, PERIOD_MS - 1))
STEPS = st.lists(st.tuples(WAITS, st.integers(0, 99)), min_size=1, max_size=60)


@pytest.mark.parametrize("name", WORLDS)
@given(start=STARTS, boot=st.integers(0, 7), steps=STEPS)
@settings(max_examples=250)
def test_every_walk_keeps_the_laws_and_comes_home(
    name: str, start: int, boot: int, steps: list[tuple[int, int]]
) -> None:
    walk(WORLDS[name], start, boot, steps)


@pytest.mark.deep
@pytest.mark.parametrize("name", WORLDS)
@given(start=STARTS, boot=st.integers(0, 7), steps=STEPS)
@settings(max_examples=10_000)
def test_many_more_walks_keep_the_laws(name: str, start: int, boot: int, steps: list[tuple[int, int]]) -> None:
    walk(WORLDS[name], start, boot, steps)


MACHINES: dict[str, tuple[Machine, Any, list[int]]] = {
    "holster": (holster.MACHINE, holster.at_boot(True, False, False, 0, DEFAULT_POLICY), list(holster.EVENT_NAMES)),
    "proof": (proof.MACHINE, proof.ProofState(), list(proof.EVENT_NAMES)),
    "camera": (camera.MACHINE, camera.at_boot(False, True, 0), list(camera.EVENT_NAMES)),
}


@pytest.mark.parametrize("name", MACHINES)
@given(steps=st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 99), st.integers(1, 12)), max_size=80))
@settings(max_examples=150)
def test_no_order_of_events_however_impossible_raises(name: str, steps: list[tuple[int, int, int]]) -> None:
    """Timers out of the blue, edges twice, more weapons than the table holds."""
    machine, state, events = MACHINES[name]
    now = PERIOD_MS - 50_000
    for wait_ms, number, sender in steps:
        now = ticks_add(now, wait_ms)
        while (served := due(state, now))[1] is not None:
            state, _ = machine.step(served[0], served[1], now, now, DEFAULT_POLICY)
        event = events[number % len(events)]
        timer = event in [timed for _, timed in state.TIMERS]
        data = now if timer else sender
        state, effects = machine.step(state, event, data, now, DEFAULT_POLICY)
        assert state.mode in range(7) and all(isinstance(effect, tuple) for effect in effects)
        deadline(state, now)
        if name == "camera":
            camera.answer(state, now)


def test_the_clock_may_rest_for_days_between_two_uses() -> None:
    """A quarter period of silence, several times round the wrap: ages saturate and nothing else changes."""
    state, now = camera.at_boot(False, True, 5), 5
    for _ in range(40):
        now = ticks_add(now, PERIOD_MS >> 3)
        state = camera.saturate(state, now)
    assert camera.tally_age_ms(state, now) == PERIOD_MS >> 2
    state, _ = camera.MACHINE.step(state, camera.TRIGGER, 1, now, DEFAULT_POLICY)
    state, _ = camera.MACHINE.step(state, camera.TALLY_ON, None, ticks_add(now, 900), DEFAULT_POLICY)
    assert camera.answer(state, ticks_add(now, 900))[2:] == (0, DEFAULT_POLICY.buffer_ms)
