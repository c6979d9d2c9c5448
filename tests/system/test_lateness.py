"""How late a weapon's first PDU can be: edges in the middle of whatever else a unit does, at many instants of it.

What is measured is virtual time by each port's profile (`simulator/profiles`), so costs are estimates; bytecode's own
time is not in it. The bounds stated here are those of `firmware/PROTOCOL.md`, 7.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simulator.world
from host_tools.flows.pull import pull_unit
from interlock.core import frames, settings
from interlock.core.signer import Signer
from simulator.clock import now_us
from simulator.entropy import seeded_entropy
from simulator.factory import Area, make
from simulator.fast import FastBoard, interpreter, run_fast
from simulator.played import Frame
from simulator.profiles import PROFILES, SECTOR_BYTES, profile
from simulator.radio.air import Pdu
from simulator.scenario import parse
from simulator.world import World

from .locker import SERIAL, Room
from .locker import play as play_in_dock

H10 = 1
REST_S = 9.0
SAMPLES = 12

Does = Callable[[str, tuple[Any, ...]], bool]


def program(op: str, args: tuple[Any, ...]) -> bool:
    return op in ("flash.program", "flash.cached_write")


def erase(op: str, args: tuple[Any, ...]) -> bool:
    return op == "flash.erase"


def address(op: str, args: tuple[Any, ...]) -> bool:
    return op == "ble.config_set" and args[0][0] == "addr_mode"


def announcement(op: str, args: tuple[Any, ...]) -> bool:
    return op == "ble.gap_advertise" and args[0] is not None


def listening(op: str, args: tuple[Any, ...]) -> bool:
    return op == "ble.gap_scan" and args[0] is not None


class Meddler:
    """Lets H1's weapon be drawn (or, with `in_use`, armed in a use) at an instant after H1 does what `does` knows."""

    def __init__(self, does: Does | None, within_us: int, in_use: bool, samples: int) -> None:
        self.late_us: list[int] = []
        self.world: World
        self._does = does
        self._within_us = within_us
        self._in_use = in_use
        self._samples = samples
        self._chance = random.Random(f"{does} {within_us}")
        self._waiting: asyncio.Future[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._event = frames.ARM if in_use else frames.DRAW

    def called(self, name: str, op: str, args: tuple[Any, ...]) -> None:
        """A board asks the world for something."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell())
        if name == "H1" and self._waiting and not self._waiting.done() and self._does and self._does(op, args):
            self._waiting.set_result(None)

    async def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(REST_S)
        while len(self.late_us) < self._samples:
            self._waiting = loop.create_future()
            if self._in_use:
                self._weapon("draw")
            if self._does:
                while not await self._comes(5 if self._does in (program, erase) else 200):
                    self._weapon("holster" if self._in_use else "draw")  # uses make records, and records erases
                    await asyncio.sleep(1)
                    self._weapon("draw" if self._in_use else "holster")
            await asyncio.sleep(self._chance.uniform(0, self._within_us) / 1e6)
            at_us = now_us(loop)
            self._weapon("arm" if self._in_use else "draw")
            await asyncio.sleep(1)
            self._weapon("holster")
            await asyncio.sleep(REST_S)
            aired = [frame.at_us for frame in self.world._frames if self._is_it(frame) and frame.at_us > at_us]
            self.late_us.append(aired[0] - at_us)

    async def _comes(self, within_s: float) -> bool:
        assert self._waiting is not None
        await asyncio.wait([self._waiting], timeout=within_s)
        return self._waiting.done()

    def _is_it(self, frame: Frame) -> bool:
        return (frame.source, frame.event) == ("H1", self._event)

    def _weapon(self, action: str) -> None:
        self.world._hands.do(action, "H1", {})


Fill = Callable[[Area], None]


def full(area: Area) -> None:
    """No sector of the journal is blank: each must be erased before it is used."""
    for offset in range(settings.SECTORS * SECTOR_BYTES, area.size, SECTOR_BYTES):
        area.program(offset, bytes(SECTOR_BYTES))


def signing(area: Area) -> None:
    """The unit makes a signing key, for hours."""
    Signer(area, settings.SIGNER_FIRST).generate(H10, bytes(32))


def lateness_us(
    port: str, does: Does | None, within_us: int, in_use: bool = False, fill: Fill | None = None, samples: int = SAMPLES
) -> list[int]:
    """Of the first PDU, for each edge."""
    meddler = Meddler(does, within_us, in_use, samples)

    class Board(FastBoard):
        async def call(self, op: str, args: tuple[Any, ...]) -> object:
            meddler.called(self.name, op, args)
            return await super().call(op, args)

    table = {
        "name": "late",
        "secret": "late",
        "duration_s": 4000,
        "profile": port,
        "policy": {"hold_ms": 1000},
        "unit": [
            {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"]},
            {"id": "C1", "role": "camera", "at_m": [0.4, 0.3]},
        ],
        "event": [],
    }
    scenario = parse(table, "late")

    def make_filled(area: Area, *of: Any) -> None:
        make(area, *of)
        if fill:
            whole = Area(area._image, area._offset, profile(port).journal_bytes)
            fill(whole)

    with seeded_entropy(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator.world, "make", make_filled)
        meddler.world = World(scenario, 1, None, None, Board)
        run_fast(meddler.world.play(interpreter()), scenario)
    return meddler.late_us


# Activity: (what H1 does, instants after it in us, whether its weapon is out by then, what its flash holds).
ACTIVITIES: dict[str, tuple[Does | None, int, bool, Fill | None]] = {
    "nothing": (None, 1_000_000, False, None),
    "a journal record": (program, 6_000, True, None),
    "an erase": (erase, 60_000, False, full),
    "an announcement": (announcement, 10_000, False, None),
    "a change of address": (address, 8_000, False, None),
    "listening for a partner": (listening, 200_000, False, None),
    "making a signing key": (None, 300_000, False, signing),
}
# Milliseconds: what the unit does, and a turn of the loop around it. On stm32wb each record costs a sector's erase, and
# any of it may come with a record.
BOUND_MS = {
    "esp32": dict(zip(ACTIVITIES, (2.5, 9, 57, 10, 6, 6, 10), strict=True)),
    "rp2": dict(zip(ACTIVITIES, (4.5, 14, 62, 20, 12, 12, 15), strict=True)),
    "stm32wb": dict(zip(ACTIVITIES, (4.0, 80, 0, 80, 80, 80, 80), strict=True)),
}
del BOUND_MS["stm32wb"]["an erase"]  # its flash has no erase of its own
MOVES = ("a journal record", "an erase", "an announcement", "making a signing key")
"""Where it shows that the edges fell into it."""


SLOW = ("an erase", "making a signing key")
CASES = [
    pytest.param(port, activity, SAMPLES, marks=[] if port == "esp32" and activity not in SLOW else pytest.mark.deep)
    for port in PROFILES
    for activity in BOUND_MS[port]
] + [("esp32", "an erase", 4)]


@pytest.mark.parametrize(("port", "activity", "samples"), CASES)
def test_a_draw_in_the_midst_of_anything_is_on_the_air_within_its_bound(port: str, activity: str, samples: int) -> None:
    late_us = lateness_us(port, *ACTIVITIES[activity], samples=samples)
    print(f"{port}, {activity}: {max(late_us) / 1000:.1f} ms at most, {min(late_us) / 1000:.1f} at least")
    assert len(late_us) == samples and max(late_us) / 1000 <= BOUND_MS[port][activity]
    assert max(late_us) > min(late_us) or activity not in MOVES


# While connected, BTstack airs nothing: the link must end first.
SESSION_BOUND_MS = {"esp32": 40, "rp2": 150}
PULLS = 10


@pytest.mark.deep
@pytest.mark.parametrize("port", SESSION_BOUND_MS)
def test_an_edge_at_any_instant_of_a_session_is_on_the_air_within_its_bound(
    tmp_path: Path, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_us: list[int] = []
    aired_us: list[int] = []

    def hear(pdu: Pdu) -> None:
        if pdu.source == SERIAL and frames.is_ours(pdu.data):
            aired_us.append(pdu.time_us)

    async def story(room: Room) -> None:
        await room.provision()
        room.air.observers.append(hear)
        begun, before_call = asyncio.Event(), room.board.radio_faults.before_call

        def called(op: str, args: tuple[object, ...]) -> None:
            if op == "gatts_notify":  # the first word of a session
                begun.set()
            before_call(op, args)

        monkeypatch.setattr(room.board.radio_faults, "before_call", called)
        chance, loop = random.Random(port), asyncio.get_running_loop()
        for _ in range(PULLS):
            pulling = asyncio.ensure_future(pull_unit(room.bench, SERIAL))
            begun.clear()
            await asyncio.wait_for(begun.wait(), 60)
            await asyncio.sleep(chance.uniform(0, 1.5))  # proofs at first, then the stream
            at_us = now_us(loop)
            room.drive("armed", True)
            await asyncio.sleep(0.5)
            late_us.append(next(us for us in aired_us if us > at_us) - at_us)
            await pulling
            room.drive("armed", False)
            await asyncio.sleep(8)

    play_in_dock(tmp_path, story, records=3000, port=port)
    print(f"{port}, a session: {max(late_us) / 1000:.1f} ms at most, {min(late_us) / 1000:.1f} at least")
    assert len(late_us) == PULLS and max(late_us) / 1000 <= SESSION_BOUND_MS[port]
