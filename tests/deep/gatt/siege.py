"""So many writes to one unit, visit after visit, and a look at the unit in between: `besiege` for either fidelity."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from interlock.core import wire

from .attacks import INSIDE, SHARES, Truth, encoded
from .line import Line, TrueHost
from .unit import EXPIRES_S, PERSON, Target

LOOK_EVERY = 2000
"""Writes between two looks at the unit."""
REST_S = 61.0
"""Longest pause after wrong secrets (`core/refusals.py`), and one."""
AIRED = 60
"""PDUs of the first second of a draw, at least: bursts of 20 to 30 ms, then slower, each on three channels."""
Connect = Callable[[random.Random], Awaitable[Line]]


class Siege(NamedTuple):
    """What was done: `writes` frames in `visits`, of which true holders opened `sessions`; `opened` of them were asked
    after by a true technician between the visits; `hours` of virtual time; `kinds` of attack; `memory`: what `weigh`
    said at each look."""

    writes: int
    visits: int
    sessions: int
    hours: float
    kinds: Counter[str]
    memory: list[int]


async def besiege(
    target: Target,
    connect: Connect,
    seed: int,
    writes: int,
    weigh: Callable[[], int],
    *,
    look_every: int = LOOK_EVERY,
    insiders: bool = True,
) -> Siege:
    """Attack until so many frames were written, `insiders` too. AssertionError names the seed and the visit."""
    credentials = target.credentials if insiders else ()
    truth = Truth(credentials, PERSON, [], encoded(target.held.settings))
    made = visits = sessions = looked = 0
    kinds = Counter[str]()
    memory: list[int] = []
    begun_s = target.now_s()
    while made < writes:
        where = f"seed {seed}, {target.role}, visit {visits}"
        chance = random.Random(f"siege {seed} {visits}")
        able = [attack for attack in SHARES if credentials or attack not in INSIDE]
        attack = min(able, key=lambda attack: kinds[attack.__name__] / SHARES[attack])
        if attack in INSIDE:
            await asyncio.sleep(REST_S)
        line = await connect(chance)
        try:
            sessions += await attack(line, chance, truth)
        except AssertionError as error:
            raise AssertionError(f"{where}, {attack.__name__}: {error}") from error
        if line.is_up and chance.random() < 0.7:
            await line.close()
        made += line.writes
        kinds[attack.__name__] += line.writes
        visits += 1
        target.board.check()
        if made >= looked + look_every or made >= writes:
            looked = made
            sessions += await _is_well(target, connect, where)
            await target.settled()
            target.check(where, sessions=sessions)
            memory.append(weigh())
    if target.role == "holster":
        aired = await target.draws()
        assert aired >= AIRED, f"seed {seed}: a draw after {made} writes was aired {aired} times in a second"
    return Siege(made, visits, sessions, (target.now_s() - begun_s) / 3600, kinds, memory)


async def _is_well(target: Target, connect: Connect, where: str) -> int:
    """A true technician is served at once, or, of a boxed unit, it says who it is; how many sessions that were."""
    await asyncio.sleep(REST_S)
    if not target.credentials:
        return 0
    chance = random.Random(where)
    line = await connect(chance)
    host = TrueHost(line)
    nonce = chance.randbytes(16)
    assert await host.open(wire.TECHNICIAN, target.technician_key, PERSON, EXPIRES_S, nonce), f"{where}: shut out"
    answer = await host.ask(wire.STATUS)
    status = None if answer is None else wire.unpack_status(answer[1])
    assert status is not None and status.step == 1, f"{where}: {answer}"
    assert await host.ask(wire.END) == (wire.OK, b""), where
    await line.close()
    return 1
