"""Machines packed into bytes step as their tables do, and break off nowhere that those do not."""

import random

import pytest

from interlock.core import camera, holster, proof, radio_health, selftest, watch
from interlock.core.camera_state import CameraState
from interlock.core.holster_state import HolsterState
from interlock.core.machine import NOTHING, RULE_HEAD_BYTES, Packed
from interlock.core.proof import ProofState
from interlock.core.settings import DEFAULT_POLICY
from interlock.core.watch import WatchState

MACHINES = [
    (holster.MACHINE, HolsterState, holster.EVENT_NAMES),
    (camera.MACHINE, CameraState, camera.EVENT_NAMES),
    (proof.MACHINE, ProofState, proof.EVENT_NAMES),
    (watch.MACHINE, WatchState, watch.EVENT_NAMES),
]


def packed(machine):
    guards, actions, out = list(machine._guards), list(machine._actions), b""
    for rule in machine.rules:
        modes = sum(1 << mode for mode in rule.states)
        do = bytes(actions.index(name) for name in rule.do)
        guard = NOTHING if rule.guard is None else guards.index(rule.guard)
        then = NOTHING if rule.then is None else rule.then
        head = bytes([RULE_HEAD_BYTES + len(do), rule.event, modes >> 8, modes & 255, guard, then])
        out += head + do
    return Packed(out, tuple(machine._guards.values()), tuple(machine._actions.values()))


def outcome(machine, *asked):
    try:
        state, effects = machine.step(*asked)
    except TypeError as error:  # an event whose data does not fit: both refuse it alike
        return str(error)
    return state.key(), effects


@pytest.mark.parametrize("machine, state_type, events", MACHINES, ids=["holster", "camera", "proof", "watch"])
def test_a_packed_table_steps_as_the_table_does(machine, state_type, events):
    twin, chance, moved = packed(machine), random.Random(1), 0
    state, now = state_type(), 1000
    for _ in range(3000):
        event, data = chance.choice(list(events)), chance.choice((None, 0, 1, 3, 600))
        now += chance.choice((0, 1, 300, 5000))
        expected = outcome(machine, state, event, data, now, DEFAULT_POLICY)
        assert outcome(twin, state, event, data, now, DEFAULT_POLICY) == expected
        if not isinstance(expected, str):
            after = machine.step(state, event, data, now, DEFAULT_POLICY)[0]
            moved += after is not state
            state = after
    assert moved > 100


def test_no_machine_has_more_modes_or_events_than_bytes_hold():
    for machine in (radio_health.MACHINE, selftest.MACHINE, *(one for one, _, _ in MACHINES)):
        for rule in machine.rules:
            assert max(rule.states) < 16 and rule.event < NOTHING and (rule.then is None or rule.then < 16)
