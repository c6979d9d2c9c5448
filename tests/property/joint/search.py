"""Breadth first through every state of a joint world, to a stated depth; from each, whether all ends well.

"Ends well" plays on with a fair channel (whatever is on the air is heard), powered units and a recorder that obeys.
"""

import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from interlock import answers, camera_role, company, holster_role
from interlock.core import camera_moves, frames, holster_moves, rhythm
from interlock.core.settings import DEFAULT_POLICY, Policy

from ..laws import Broken
from .clear import ClearPair, ClearUnit
from .fair import Fair
from .world import Move, Shape, World

# The shortest times that keep every order of deadlines possible.
TINY = DEFAULT_POLICY._replace(
    settle_ms=1,
    confirm_ms=1,
    refractory_ms=1,
    report_ms=1,
    renew_ms=2,
    hold_ms=2,
    lease_ms=5,
    start_limit_ms=3,
    heard_limit_ms=2,
    proof_limit_ms=3,
    buffer_ms=5,
    cancel_ms=2,
    test_ms=4,
    mute_ms=3,
    ready_every_ms=0,
    present_every_ms=0,
)
# Readiness and presence as well, which none of the other worlds has, since they make time visible everywhere.
WATCHFUL = TINY._replace(ready_every_ms=5, present_every_ms=8)
NEVER_MS = 1_000_000
# Of the roles' time constants those that are not a millisecond in a tiny world.
LONGER = {
    "BATTERY_CHECK_MS": NEVER_MS,
    "NEAR_MS": NEVER_MS,
    "MET_MS": NEVER_MS,
    "STALE_PAUSE_MS": 4,
    "UNDATED_PAUSE_MS": 4,
    "GUEST_REFILL_MS": 12,
    "RETRY_MS": 3,
    "STOW_PRESS_MS": 2,
    "SERVICE_PRESS_MS": 4,
    "PRESS_TWICE_MS": 2,
    "SEEK_MS": 3,
    "ANSWER_MS": 2,
    "WINDOW_MS": 2,
    "AIR_MS": 3,
}
_MODULES: tuple[ModuleType, ...] = (answers, camera_role, company, holster_role, camera_moves, holster_moves, rhythm)


@contextmanager
def tiny_world() -> Iterator[None]:
    """Every time constant of the roles on the tiny clock, and frames in clear."""
    with pytest.MonkeyPatch.context() as patch:
        for module in _MODULES:
            for name, value in vars(module).items():
                if name.endswith("_MS") and type(value) is int:
                    patch.setattr(module, name, LONGER.get(name, 1))
        patch.setattr(camera_role, "GUEST_STARTS", 1)
        patch.setattr(frames, "PairKeys", ClearPair)
        patch.setattr(frames, "UnitKeys", ClearUnit)
        yield


class Found(NamedTuple):
    """What a search went through: states, moves judged, moves deep; `ended`: there was nothing further to find."""

    states: int
    moves: int
    depth: int
    ended: bool
    fair_steps: int


class Breach(Broken):
    """A law that a world broke, with the moves to it from the beginning."""

    def __init__(self, law: str, moves: list[Move], world: World) -> None:
        super().__init__(law)
        self.law, self.moves, self.shape, self.policy = law, moves, world.shape, world.policy


class _Node:
    __slots__ = ("depth", "move", "parent", "saved")

    def __init__(self, parent: "_Node | None", move: Move | None, saved: Any, depth: int) -> None:
        self.parent, self.move, self.saved, self.depth = parent, move, saved, depth

    def way(self) -> list[Move]:
        node: _Node | None = self
        moves: list[Move] = []
        while node is not None and node.move is not None:
            moves.append(node.move)
            node = node.parent
        return moves[::-1]


def search(
    shape: Shape, policy: Policy = TINY, depth: int = 6, limit: int = 10**9, fair: bool = True, uses: bool = True
) -> Found:
    """Judge every state within `depth` moves of any state of a plain use (`uses`), or of rest; the first `limit` of
    them. Raises Breach with the way there."""
    world = World(shape, policy)
    fairness = Fair(world)
    seen: set[int] = set()
    queue: deque[_Node] = deque()
    for node in _roots(world, uses):
        world.load(node.saved)
        seen.add(hash(world.key()))
        queue.append(node)
    moves = reached = 0
    while queue and len(seen) < limit:
        node = queue.popleft()
        reached = max(reached, node.depth)
        if node.depth == depth:
            break
        world.load(node.saved)
        for move in list(world.moves()):
            moves += 1
            fairness.trail.clear()
            try:
                world.do(move)
                key = hash(world.key())
                if key not in seen:
                    seen.add(key)
                    last = node.depth + 1 == depth
                    queue.append(_Node(node, move, None if last else world.save(node.saved), node.depth + 1))
                    if fair:
                        fairness.judge()
                        world.load(node.saved)
            except Broken as broken:
                raise Breach(str(broken), [*node.way(), move, *fairness.trail], world) from broken
            world.undo(node.saved)
        node.saved = None
    return Found(len(seen), moves, reached, not queue, fairness.steps)


def _roots(world: World, uses: bool) -> list[_Node]:
    """Rest, and every state of a plain use of the first weapon."""
    roots = [_Node(None, None, world.save(), 0)]

    def go(move: Move) -> None:
        try:
            world.do(move)
        except Broken as broken:
            raise Breach(str(broken), [*roots[-1].way(), move], world) from broken
        roots.append(_Node(roots[-1], move, world.save(), 0))

    told: set[tuple[int, bytes]] = set()
    for act in ("draw", "arm", "discharge", "safe", "seat") if uses else ():
        go(("act", act, world.shape.holsters[0]))
        # Long enough, after the last one, for hold and stop.
        for _ in range(7 if act == "seat" else 2):
            while (move := _fair_move(world, told)) is not None:
                go(move)
            go(("time",))
    return roots


def _fair_move(world: World, told: set[tuple[int, bytes]]) -> Move | None:
    """What a good channel or a good recorder does next, or None: each frame is heard once by all."""
    for number in world.shape.cameras:
        if world.outside.pressed[number]:
            return ("follow", number)
    for sender, unit in world.units.items():
        for frame in unit.airtime.live():
            for number in world.receivers(sender, frame):
                if (number, frame) not in told:
                    told.add((number, frame))
                    return ("hear", number, frame)
    return None


def walk(shape: Shape, seed: int, length: int, policy: Policy = TINY) -> None:
    """One random way through a joint world, much deeper than a search comes. Raises Breach."""
    world, chance, way = World(shape, policy), random.Random(seed), []
    fairness = Fair(world)
    try:
        for _ in range(length):
            moves = list(world.moves())
            # Time and recorders go on about as often as anything else happens.
            kind = chance.choice(sorted({move[0] for move in moves}))
            way.append(chance.choice([move for move in moves if move[0] == kind]))
            world.do(way[-1])
        fairness.judge()
    except Broken as broken:
        raise Breach(str(broken), way + fairness.trail, world) from broken
