"""The laws have teeth: each damage to a table is caught by the search, on the way that it reports."""

from collections.abc import Callable

import pytest

from interlock.core import camera, camera_moves, frames, holster, holster_moves, proof
from interlock.core.machine import Machine, Rule

from .engine import search
from .laws import Broken
from .test_search import WORLDS

Damage = Callable[[tuple[Rule, ...]], tuple[Rule, ...]]


def change(find: Callable[[Rule], bool], **fields: object) -> Damage:
    """Change the first rule that `find` picks."""

    def damage(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        at = next(i for i, rule in enumerate(rules) if find(rule))
        return rules[:at] + (rules[at]._replace(**fields),) + rules[at + 1 :]

    return damage


def without(find: Callable[[Rule], bool]) -> Damage:
    return change(find, states=())


def on(event: int, mode: int | None = None, does: str | None = None) -> Callable[[Rule], bool]:
    def find(rule: Rule) -> bool:
        return rule.event == event and (mode is None or mode in rule.states) and (does is None or does in rule.do)

    return find


MUTANTS: dict[str, tuple[str, Damage]] = {
    "a draw that is not aired": ("holster", change(on(holster.LEFT, does="air draw"), do=("level out", "begin use"))),
    "a discharge without refractory time": ("holster", change(on(holster.FIRE), guard="armed")),
    "a discharge that forgets its order fault": (
        "holster",
        change(
            on(holster.FIRE, holster.STOWED), do=("begin use", "count discharge", "air discharge", "settle if seated")
        ),
    ),
    "an end without a seat": ("holster", change(on(holster.SETTLED, holster.DRAWN), guard="not seated")),
    "a stow of an armed weapon": ("holster", change(on(holster.STOW, holster.DRAWN), guard=None)),
    "a weapon out that falls silent": ("holster", without(on(holster.RENEW))),
    "a boot that never settles": ("holster", change(on(holster.SETTLED, holster.UNKNOWN), guard="armed")),
    "a return that is reported for ever": ("holster", without(on(holster.REPORTED, holster.REHOLSTERED))),
    "a safe catch that is not noticed": ("holster", without(on(holster.SAFE, holster.DISCHARGED))),
    "no start limit": ("proof", without(on(proof.START_LIMIT))),
    "a heard that counts as proof": ("proof", change(on(proof.ACK_HEARD), then=proof.PROVEN)),
    "a refusal that is shrugged off": ("proof", without(on(proof.ACK_REFUSED, proof.PROVEN))),
    "a proof that never ages": ("proof", without(on(proof.PROOF_LIMIT))),
    "a silent loss": ("proof", change(on(proof.START_LIMIT), do=("forget proof",))),
    "a proof that outlives its use": ("proof", change(on(proof.END), do=())),
    "a start pulse into a running camera": ("camera", without(on(camera.TRIGGER, camera.STANDBY, "adopt"))),
    "a blind tally that proves": ("camera", change(on(camera.TRIGGER, camera.STANDBY), guard="tally on")),
    "a stop while a weapon is out": ("camera", change(on(camera.RETURN), guard=None, then=camera.HOLDING)),
    "a hold that a new draw does not end": ("camera", without(on(camera.TRIGGER, camera.HOLDING, "no hold"))),
    "a fight over the shutter": ("camera", change(on(camera.TALLY_OFF, camera.RECORDING), guard="weapons out")),
    "a stop by hand without alert": (
        "camera",
        change(on(camera.TALLY_OFF, camera.RECORDING), do=("tally off", "restart", "changed")),
    ),
    "a fault that is not tried again": ("camera", without(on(camera.RETRY))),
    "a lease that never ends": ("camera", without(on(camera.LEASE_OVER, camera.RECORDING, "hold"))),
    "a stop pulse that is believed": ("camera", without(on(camera.LIMIT, camera.HOLDING))),
    "a self-test that begins in a use": (
        "camera",
        change(lambda rule: rule.event == camera.TEST and rule.guard == "weapons out", states=()),
    ),
    "a self-test that nobody ends": ("camera", change(on(camera.TEST_OVER), do=("no hold", "changed"))),
    "a self-test that ends others' recordings": ("camera", change(on(camera.TEST_OVER), guard=None)),
    "a self-test that alerts": ("camera", without(on(camera.LIMIT, camera.STARTING, "adopt"))),
    "a recording found going on that is taken away": ("camera", without(on(camera.TEST_KEPT))),
    "a recording that is told late": (
        "camera",
        change(on(camera.TALLY_ON, camera.STARTING), do=("tally on", "no limit")),
    ),
}


@pytest.fixture(autouse=True)
def short_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_moves, "RETRY_MS", 2)
    monkeypatch.setattr(camera_moves, "LOAN_MS", 2)
    monkeypatch.setattr(holster_moves, "PRESS_TWICE_MS", 1)


def breach(*world_names: str) -> str | None:
    """What the search says of the machine as it is now, in the first of these worlds that breaks a law."""
    for prompt in (True, False):
        for name in world_names:
            try:
                search(WORLDS[name](), prompt)
            except Broken as broken:
                return str(broken)
    return None


def damaged(monkeypatch: pytest.MonkeyPatch, machine: Machine, damage: Damage) -> None:
    monkeypatch.setattr(machine, "rules", damage(machine.rules))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_damaged_table_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world, damage = MUTANTS[name]
    damaged(monkeypatch, WORLDS[world]().machine, damage)
    found = breach(world)
    print(f"{name}: {found}")
    assert found is not None


def test_an_answer_that_ignores_the_stop_pulse_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(state: camera.CameraState, now: int) -> tuple[int, int, int, int]:
        kind = frames.PROVEN if state.tally else frames.HEARD
        return kind, frames.REASON_NONE, camera.tally_age_ms(state, now) if state.tally else 0, 0

    monkeypatch.setattr(camera, "answer", hasty)
    found = breach("camera")
    assert found is not None and "proven only with a tally on that was seen off" in found


# Nets under rules that already catch every tally edge that can come; only a walk of impossible edges meets them.
NETS = {("tally on",), ("tally off",)}
# In which worlds a machine's rules are all of use.
WORLDS_OF = {
    "holster": (
        "holster",
        "holster with a button",
        "holster that keeps draws to its journal",
        "holster that airs discharges only",
    ),
    "proof": ("proof",),
    "camera": ("camera",),
    "watch": ("watch",),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.deep) if name == "holster" else name for name in WORLDS_OF]
)
def test_no_rule_is_idle(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every single rule taken away breaks a law, but for the nets."""
    machine = WORLDS[name]().machine
    rules = machine.rules
    idle = []
    for i in range(len(rules)):
        monkeypatch.setattr(machine, "rules", rules[:i] + rules[i + 1 :])
        if rules[i].do not in NETS and breach(*WORLDS_OF[name]) is None:
            idle.append(rules[i])
    assert idle == []
