"""Two engines for the worlds of `laws.py`: every reachable state of a small clock, and one walk on a real clock.

In the search a millisecond passes only when no timer is due. `prompt` serves due timers before anything else; without
it an event may still arrive in the instant in which a timer is due, as edges do on a board.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from interlock.core.machine import deadline, due
from interlock.core.ticks import PERIOD_MS, ticks_add, ticks_diff

from .laws import Broken, Choice, Step

NEAR_WRAP = PERIOD_MS - 3


class Node:
    """A reachable state with the way to it."""

    __slots__ = ("ghost", "how", "now", "parent", "state")

    def __init__(self, state: Any, now: int, ghost: Any, how: str, parent: "Node | None") -> None:
        self.state, self.now, self.ghost, self.how, self.parent = state, now, ghost, how, parent

    def way(self) -> str:
        node: Node | None = self
        steps = []
        while node is not None:
            steps.append(node.how)
            node = node.parent
        return ", ".join(reversed(steps))


def step(world: Any, state: Any, ghost: Any, choice: Choice, now: int) -> tuple[Any, Any]:
    """One judged step: (state, ghost)."""
    event, data = choice
    after, effects = world.machine.step(state, event, data, now, world.policy)
    return after, world.judge(ghost, Step(state, event, data, now, after, effects))


def _serve(world: Any, state: Any, ghost: Any, now: int) -> tuple[Any, Any, str]:
    taken, event = due(state, now)
    after, ghost = step(world, taken, ghost, (event, now), now)
    return after, ghost, world.event_names[event]


def _is_due(state: Any, now: int) -> bool:
    at = deadline(state, now)
    return at is not None and ticks_diff(at, now) <= 0


def _pass(world: Any, node: Node) -> Node:
    """Serve the timer that is due, or let a millisecond pass."""
    if _is_due(node.state, node.now):
        after, ghost, how = _serve(world, node.state, node.ghost, node.now)
        return Node(after, node.now, ghost, how, node)
    return Node(node.state, ticks_add(node.now, 1), world.age(node.ghost, 1), "1 ms", node)


def _choose(world: Any, node: Node, choice: Choice) -> Node:
    how = world.event_names[choice[0]] + ("" if choice[1] is None else f" {choice[1]}")
    try:
        after, ghost = step(world, node.state, node.ghost, choice, node.now)
    except Broken as broken:
        raise Broken(str(broken), how) from None
    return Node(after, node.now, ghost, how, node)


def _next(world: Any, node: Node, prompt: bool) -> list[Callable[[], Node]]:
    ways = [partial(_pass, world, node)]
    if not (prompt and _is_due(node.state, node.now)):
        ways += [partial(_choose, world, node, choice) for choice in world.options(node.state)]
    return ways


def search(world: Any, prompt: bool = True, limit: int = 400_000) -> int:
    """Judge every reachable state; the number of them. Raises Broken with the shortest way to the breach."""
    queue: deque[Node] = deque()
    seen = set()

    def judged(node: Node, what: Callable[[], Node | None]) -> Node | None:
        try:
            return what()
        except Broken as broken:
            last = broken.args[1] if len(broken.args) > 1 else "then"
            raise Broken(f"{world.name}: {broken.args[0]}\n  after: {node.way()}, {last}") from broken

    for state, ghost in world.starts(NEAR_WRAP):
        seen.add((world.key(state, NEAR_WRAP), ghost))
        queue.append(Node(state, NEAR_WRAP, ghost, f"boot {state.key()}", None))
    while queue:
        node = queue.popleft()
        judged(node, partial(world.home, node.state, node.now))
        for way in _next(world, node, prompt):
            child = judged(node, way)
            if child is None:
                continue
            key = (world.key(child.state, child.now), child.ghost)
            if key not in seen:
                assert len(seen) < limit, "the abstract clock is too fine: the states do not end"
                seen.add(key)
                queue.append(child)
    return len(seen)


def walk(world: Any, start: int, boot: int, steps: Iterable[tuple[int, int]]) -> None:
    """Wait and act, (ms, number of the choice) at a time, from the `boot`th start at tick `start`."""
    starts = world.starts(start)
    state, ghost = starts[boot % len(starts)]
    now, said = start, []
    try:
        for wait_ms, number in steps:
            said.append(f"{wait_ms} ms")
            end = ticks_add(now, wait_ms)
            while (at := deadline(state, now)) is not None and ticks_diff(at, end) <= 0:
                passed = max(0, ticks_diff(at, now))
                ghost, now = world.age(ghost, passed), ticks_add(now, passed)
                state, ghost, how = _serve(world, state, ghost, now)
                said.append(how)
            ghost, now = world.age(ghost, ticks_diff(end, now)), end
            options = world.options(state)
            choice = options[number % len(options)]
            said.append(f"{world.event_names[choice[0]]} {choice[1]}")
            state, ghost = step(world, state, ghost, choice, now)
        world.home(state, now)
    except Broken as broken:
        raise Broken(f"{world.name}: {broken}\n  after: {', '.join(said)}") from broken
