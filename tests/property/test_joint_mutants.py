"""The joint laws have teeth: damage to table or role is caught, and told as a story and as a scenario that plays."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from interlock import answers, camera_role, holster_role
from interlock.core import bucket, camera, camera_moves, frames, holster, holster_moves, proof, receiver, records, watch
from interlock.core.machine import Machine, Rule
from simulator.scenario import load
from simulator.world import play

from . import test_mutants
from .joint.search import Breach, search, tiny_world, walk
from .joint.story import write
from .joint.worlds import WORLDS
from .test_mutants import NETS, WORLDS_OF

PLAIN = ("one officer", "one officer, two troubles")
WALKS = 60
WALK_MOVES = 60


def breach(names: Iterable[str], walks: int = WALKS, deeply: bool = True) -> Breach | None:
    """The first breach in these worlds: on long ways, which are quick, then in searches."""
    try:
        with tiny_world():
            for name in names:
                case = WORLDS[name]
                for seed in range(walks):
                    walk(case.shape._replace(trouble=4 * (seed & 1)), seed, WALK_MOVES, case.policy)
            for name in names if deeply else ():
                case = WORLDS[name]
                search(case.shape, case.policy, case.depth)
    except Breach as found:
        return found
    return None


def patched(module: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(module, name, value)


def rule(machine: Machine, find: Callable[[Rule], bool], **fields: object) -> Callable[[pytest.MonkeyPatch], None]:
    """Change (without fields: drop) the first rule that `find` picks."""

    def damage(patch: pytest.MonkeyPatch) -> None:
        rules = machine.rules
        i = next(i for i, one in enumerate(rules) if find(one))
        changed = (rules[i]._replace(**fields),) if fields else ()
        patch.setattr(machine, "rules", rules[:i] + changed + rules[i + 1 :])

    return damage


def _hasty(state: camera.CameraState, now: int) -> tuple[int, int, int, int]:
    kind, reason, since_ms, buffer_ms = _ANSWER(state, now)
    if state.mode == camera.STARTING:
        return frames.PROVEN, frames.REASON_NONE, 0, 0
    return kind, reason, since_ms, buffer_ms


def _deaf_to_renewals(role: camera_role.CameraRole, heard: receiver.Heard) -> None:
    if heard.event != frames.OUT or not role._knows(heard.sender):
        _HEAR(role, heard)


def _silent_alert(self: answers.Answers, code: int) -> None:
    self._alerts += 1
    self.is_alerting = True


def _unlit_alert(self: answers.Answers, code: int) -> None:
    self.station.record(records.ALERT, records.pack(records.ALERT, code))


def _no_mute_end(state: Any, cause: int, effects: Any) -> None:
    pass


def _keeping_cancel(name: str) -> Callable[..., None]:
    action = holster_moves.ACTIONS[name]

    def keeping(state: Any, *rest: Any) -> None:
        cancel_by = state.cancel_by
        action(state, *rest)
        state.cancel_by = cancel_by

    return keeping


def _nothing(*_: Any) -> None:
    pass


def _always(*_: Any) -> bool:
    return True


def _expect_newest(self: receiver.AckEar, counter: int) -> None:
    _EXPECT(self, counter)
    self._older = {}


def _prepare_once(self: holster_role.HolsterRole) -> bool:
    """What was built at first is taken for what is wanted now, for ever."""
    if not self._plan and not self._ready:
        while _PREPARE(self):
            pass
        self._plan = [dict(self._ready)]
    if self._plan:
        self._ready = self._plan[0]
    self._ready_counter = self.station.counter
    return False


def _testify_always(self: camera_role.CameraRole) -> None:
    _TELL(self)
    self._testify()


_ANSWER = camera.answer
_EXPECT = receiver.AckEar.expect
_PREPARE = holster_role.HolsterRole.prepare
_TELL = camera_role.CameraRole._tell
_HEAR = camera_role.CameraRole.hear
OFFICER = ("one officer",)
BUTTON = ("one officer, the button and the modes",)
WITNESS = ("a witness beside",)
WATCH = ("readiness and presence",)
ROLES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], tuple[str, ...]]] = {
    "an ack without tally": (patched(camera, "answer", _hasty), OFFICER),
    "an ack that is never repeated": (patched(camera_role.CameraRole, "_tell", _nothing), OFFICER),
    "a stop while another weapon is out": (
        rule(camera.MACHINE, lambda r: r.event == camera.RETURN and r.guard == "other weapons out"),
        ("two weapons, one camera",),
    ),
    "a lease that renewals do not renew": (patched(camera_role.CameraRole, "hear", _deaf_to_renewals), OFFICER),
    "a weapon out that is not aired again": (patched(holster_role.HolsterRole, "_beacon", _nothing), OFFICER),
    "an alert that nobody sees": (patched(answers.Answers, "alert", _unlit_alert), OFFICER),
    "an alert that is dropped": (patched(answers.Answers, "alert", _silent_alert), OFFICER),
    "a use of which the answers do not learn": (patched(answers.Answers, "begin", _nothing), OFFICER),
    "an end of which the answers do not learn": (patched(answers.Answers, "end", _nothing), OFFICER),
    "an ack of the last use that proves this one": (patched(receiver.AckEar, "forget", _nothing), OFFICER),
    "an ear for the newest frame only": (
        lambda patch: patch.setattr(receiver.AckEar, "expect", _expect_newest),
        OFFICER,
    ),
    "limits that the loop does not wake for": (patched(answers.Answers, "deadline", _nothing), OFFICER),
    "frames built ahead that grow old": (patched(holster_role.HolsterRole, "prepare", _prepare_once), OFFICER),
    "stale frames without limit": (patched(bucket.Bucket, "take", _always), ("one officer, who then does nothing",)),
    "strangers without limit": (patched(bucket.Bucket, "take", _always), WITNESS),
    "a witness that does not record": (
        lambda patch: patch.setattr(camera_role.CameraRole, "_tell", _testify_always),
        WITNESS,
    ),
    "a cancel after arming": (
        lambda patch: patch.setitem(holster_moves.ACTIONS, "armed: modes end", _keeping_cancel("armed: modes end")),
        BUTTON,
    ),
    "a cancel without end": (
        lambda patch: patch.setitem(holster_moves.GUARDS, "can be cancelled", _always),
        BUTTON,
    ),
    "a mute that outlives an arming": (patched(holster_moves, "_end_mute", _no_mute_end), BUTTON),
    "a test mode that outlives an arming": (patched(holster_moves, "_end_duty", _no_mute_end), BUTTON),
    "a missing camera that warns nobody": (
        rule(watch.MACHINE, lambda r: r.event == watch.MISSED and r.guard == "third time", do=("count", "changed")),
        WATCH,
    ),
    "a missing camera that is not missed": (
        rule(watch.MACHINE, lambda r: r.event == watch.MISSED and r.guard == "third time"),
        WATCH,
    ),
    "a partner that is never found": (rule(watch.MACHINE, lambda r: r.event == watch.FIT), WATCH),
}


@pytest.mark.parametrize("name", ROLES)
def test_a_damaged_role_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    damage, worlds = ROLES[name]
    damage(monkeypatch)
    found = breach(worlds)
    print(f"{name}: {found.law if found else 'SURVIVES'}")
    assert found is not None


def test_a_breach_is_told_as_a_story_and_as_a_scenario_that_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(camera, "answer", _hasty)
        case = WORLDS["one officer"]
        with pytest.raises(Breach) as caught, tiny_world():
            search(case.shape, case.policy, 3, uses=False)
        story, path = write(caught.value, tmp_path)
    print(story)
    assert "the weapon of H1 is drawn -> H1 airs the draw of H1" in story
    assert "C1 hears the draw of H1" in story and "BROKEN: a recording ack is sent only while it records" in story
    scenario = load(path)
    assert next(event.do for event in scenario.events if event.unit == "H1") == "draw"
    run = play(scenario, 1, None, fidelity="fast")
    assert (run.weapon_events[0].unit, run.weapon_events[0].event) == ("H1", "draw")


def test_a_walk_with_much_trouble_is_told_as_a_scenario_that_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cuts, hands, lost supplies and late frames are in it, too."""
    with monkeypatch.context() as patch:
        patch.setattr(answers.Answers, "alert", _unlit_alert)
        found = breach(("one officer, two troubles",))
        assert found is not None
        _, path = write(found, tmp_path)
    acts = {event.do for event in load(path).events}
    print(sorted(acts))
    run = play(load(path), 1, None, fidelity="fast")
    assert len(run.weapon_events) >= len([event for event in load(path).events if event.do == "draw"]) - 1


# Each machine with the worlds in which its rules matter.
MACHINES: dict[str, tuple[Machine, tuple[str, ...]]] = {
    "holster": (holster.MACHINE, (*BUTTON, *OFFICER, "draws in the journal only", *WATCH)),
    "camera": (
        camera.MACHINE,
        ("one officer, two troubles", "two weapons, one camera", "one officer, a recorder that runs already", *BUTTON),
    ),
    "proof": (proof.MACHINE, ("one officer, two troubles", "one officer, a recorder that runs already")),
}


def sweep(name: str, patch: pytest.MonkeyPatch, walks: int) -> list[Rule]:
    """Take each rule away in turn; those that no long way misses. Each of them must break a law of its machine alone:
    a flag in a record, a doubt that the role shares, an alert of which nothing in the world depends."""
    machine, worlds = MACHINES[name]
    rules = machine.rules
    missed = []
    for i in range(len(rules)):
        patch.setattr(machine, "rules", rules[:i] + rules[i + 1 :])
        if breach(worlds, walks, deeply=False) is None:
            missed.append(rules[i])
            assert rules[i].do in NETS or test_mutants.breach(*WORLDS_OF[name]) is not None
    print(
        f"{name}: of {len(rules)} rules taken away {len(rules) - len(missed)} break a joint law, all others one alone:"
    )
    for rule_ in missed:
        print(f"  {rule_}")
    return missed


def test_every_rule_of_the_proof_taken_away_breaks_a_joint_law(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweep("proof", monkeypatch, WALKS) == []


@pytest.mark.deep
@pytest.mark.parametrize("name, jointly", [("holster", 18), ("camera", 26)])
def test_every_rule_taken_away_breaks_a_joint_law_or_one_alone(
    name: str, jointly: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an officer asks for (button, modes, stowing) and what only records tell is judged alone."""
    monkeypatch.setattr(camera_moves, "RETRY_MS", 2)
    monkeypatch.setattr(holster_moves, "PRESS_TWICE_MS", 1)
    assert len(MACHINES[name][0].rules) - len(sweep(name, monkeypatch, 120)) >= jointly
