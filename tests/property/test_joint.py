"""The real roles of several units in one world, on a channel that may do anything: every state within a stated number
of moves of any state of a plain use keeps the laws of `joint/laws.py`, and ends well when the world turns fair."""

import ast
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from .joint.search import Breach, Found, search, tiny_world, walk
from .joint.story import write
from .joint.worlds import WORLDS, Case

ROOT = Path(__file__).parents[2]
COUNTEREXAMPLES = ROOT / "build" / "counterexamples"
WALK_MOVES = 60
Record = Callable[[str, object], None]
QUICK = ("one officer", "a witness beside", "two weapons, one camera", "one officer, a recorder that runs already")


def told(breach: Breach) -> str:
    """The story of a breach, and where its scenario is."""
    story, path = write(breach, COUNTEREXAMPLES)
    return f"{story}\nPlay it: interlock simulate {path.relative_to(ROOT)}"


def searched(case: Case, depth: int, record_property: Record) -> Found:
    begin = process_time()
    try:
        with tiny_world():
            found = search(case.shape, case.policy, depth)
    except Breach as breach:
        pytest.fail(told(breach), pytrace=False)
    print(
        f"{found.states} states, {found.moves} moves, all within {depth} moves of a plain use; "
        f"{found.fair_steps} fair milliseconds; {process_time() - begin:.0f} s"
    )
    record_property("states", found.states)
    record_property("moves", found.moves)
    return found


def walked(case: Case, walks: int, record_property: Record) -> None:
    try:
        with tiny_world():
            for seed in range(walks):
                walk(case.shape._replace(trouble=4 * (seed & 1)), seed, WALK_MOVES, case.policy)
    except Breach as breach:
        pytest.fail(told(breach), pytrace=False)
    record_property("walks", walks)
    record_property("moves", walks * WALK_MOVES)


def some_and_deep(*slow: str) -> list[Any]:
    """All worlds; those that say least beside the others, and slow ones, are looked at in `make test-deep` only."""
    quick = [name for name in QUICK if name not in slow]
    return [name if name in quick else pytest.param(name, marks=pytest.mark.deep) for name in WORLDS]


@pytest.mark.parametrize("name", some_and_deep("two weapons, one camera"))
def test_every_state_near_a_use_keeps_the_laws_and_ends_well(name: str, record_property: Record) -> None:
    found = searched(WORLDS[name], WORLDS[name].depth, record_property)
    assert found.states > 500 and found.fair_steps > 0


@pytest.mark.deep
@pytest.mark.parametrize("name", WORLDS)
def test_every_state_further_off_keeps_the_laws_and_ends_well(name: str, record_property: Record) -> None:
    assert searched(WORLDS[name], WORLDS[name].deep, record_property).states > 10_000


@pytest.mark.parametrize("name", some_and_deep())
def test_long_ways_with_much_trouble_keep_the_laws_and_end_well(name: str, record_property: Record) -> None:
    walked(WORLDS[name], 50, record_property)


@pytest.mark.deep
@pytest.mark.parametrize("name", WORLDS)
def test_many_more_long_ways_keep_the_laws_and_end_well(name: str, record_property: Record) -> None:
    walked(WORLDS[name], 2_000, record_property)


def test_no_output_of_any_unit_but_lamp_buzzer_and_shutter_is_ever_driven() -> None:
    """Whatever the firmware does, it does to pins that it made outputs, none of which a weapon is wired to: lamp,
    buzzers, and the shutter's, which is also the line of a recorder's UART."""
    outputs, others = [], set[str]()
    for path in sorted((ROOT / "firmware").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and "Pin.OUT" in ast.unparse(node):
                outputs.append((path.name, ast.unparse(node.args[0])))
            # And no other way to one: PWM, a port's own pin modes, a register.
            said = ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""
            assert said not in ("Pin.OPEN_DRAIN", "Pin.ALT", "machine.mem32", "mem32", "Signal.on"), path
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("PWM", "UART", "pwm"):
                others.add(path.name)
    assert outputs == [
        ("recorder_level.py", "line"),
        ("recorder_momentary.py", "shutter"),
        ("signal.py", "led"),
        ("signal.py", "haptic"),
    ]
    assert others == {"signal.py", "recorder_uart.py"}
