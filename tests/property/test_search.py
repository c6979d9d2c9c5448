"""Every reachable state of each machine on a clock of a few milliseconds keeps the laws of `laws.py`."""

import pytest

from interlock.core import camera_moves, holster, holster_moves
from interlock.core.machine import due
from interlock.core.settings import DEFAULT_POLICY, REACH_JOURNAL

from .engine import search
from .laws_camera import CameraWorld
from .laws_holster import MODES, SENSORS, HolsterWorld
from .laws_proof import ProofWorld
from .laws_watch import WatchWorld

# The shortest times that keep every order of deadlines possible.
TINY = DEFAULT_POLICY._replace(
    settle_ms=2,
    confirm_ms=1,
    refractory_ms=2,
    report_ms=2,
    renew_ms=3,
    hold_ms=2,
    lease_ms=3,
    start_limit_ms=2,
    heard_limit_ms=1,
    proof_limit_ms=3,
    buffer_ms=5,
    cancel_ms=0,
)
# The same with a button, which may be pressed twice within a millisecond, and a technician who asks for modes.
BUTTON = TINY._replace(cancel_ms=2, test_ms=2, mute_ms=2, settle_ms=1, report_ms=1, renew_ms=2, refractory_ms=1)
WORLDS = {
    "holster": lambda: HolsterWorld(TINY),
    "holster with a button": lambda: HolsterWorld(BUTTON, SENSORS + MODES),
    "holster that keeps draws to its journal": lambda: HolsterWorld(
        BUTTON._replace(on_draw=REACH_JOURNAL), SENSORS + MODES
    ),
    "holster that airs discharges only": lambda: HolsterWorld(
        TINY._replace(on_draw=REACH_JOURNAL, on_arm=REACH_JOURNAL)
    ),
    "proof": lambda: ProofWorld(TINY),
    "watch": lambda: WatchWorld(TINY),
    "camera": lambda: CameraWorld(TINY),
    "camera that leaves recordings on": lambda: CameraWorld(TINY._replace(stop_after_hold=False)),
    "camera with another order of limits": lambda: CameraWorld(TINY._replace(start_limit_ms=3, hold_ms=1, lease_ms=2)),
    "holster with another order of limits": lambda: HolsterWorld(TINY._replace(settle_ms=1, renew_ms=1, report_ms=3)),
}


@pytest.fixture(autouse=True)
def short_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_moves, "RETRY_MS", 2)
    monkeypatch.setattr(camera_moves, "LOAN_MS", 2)
    monkeypatch.setattr(holster_moves, "PRESS_TWICE_MS", 1)


# Slow with edges first, and what they say then beside the others is little: in `make test-deep` only.
ALIKE = ("holster", "holster that keeps draws to its journal", "holster that airs discharges only")
ALIKE += ("holster with another order of limits",)


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        pytest.param(
            name,
            prompt,
            id=f"{name}-{'timers' if prompt else 'edges'} first",
            marks=pytest.mark.deep if name in ALIKE and not prompt else (),
        )
        for name in WORLDS
        for prompt in (True, False)
    ],
)
def test_every_reachable_state_keeps_the_laws(name: str, prompt: bool) -> None:
    states = search(WORLDS[name](), prompt)
    print(f"{name}: {states} states")
    assert states > 10


# Two breaches that the search found once are in "camera", timers first (a recorder that ignored a stop pulse is not
# recorded for ever), and in "holster", edges first (a discharge in the instant in which the refractory time ends is
# aired).
def test_the_interlock_stops_only_recordings_that_it_started() -> None:
    search(CameraWorld(TINY, ownership=True))


def test_a_holster_stowed_by_button_and_then_docked_may_be_filled_and_emptied_without_a_draw() -> None:
    state = holster.at_boot(True, False, False, 0, TINY)
    for event, data in ((holster.STOW, False), (holster.STOW, True), (holster.LEFT, None), (holster.SEATED, None)):
        state, _ = holster.MACHINE.step(state, event, data, 0, TINY)
    while (served := due(state, TINY.settle_ms))[1] is not None:
        state, _ = holster.MACHINE.step(served[0], served[1], None, TINY.settle_ms, TINY)
    _, effects = holster.MACHINE.step(state, holster.LEFT, None, TINY.settle_ms, TINY)
    assert [effect for effect in effects if effect[0] == holster.AIR] == []
