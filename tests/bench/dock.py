"""Rows: the docking station with ten units, beside a pull of one after the other, on the same simulated air in the
same run, in virtual time. BENCH_DOCK_UNITS=20 plays a larger room; every unit's VM runs for as long as the slowest way
takes, so the work grows with their square: two CPU minutes and more.

Real firmware in the VM, real store, plain bleak over Bumble. Each way has a fresh room, since a pulled unit has nothing
new; the dock also sets clocks and checks what came, and begins with listening, as it does in service.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import bleak_bumble
from host_tools.bench import Bench
from host_tools.dock.board import Board
from host_tools.dock.lanes import Lane
from host_tools.dock.loop import Dock, Settings
from host_tools.flows.pull import pull
from host_tools.link import Radio
from host_tools.store.store import Store
from interlock.core.settings import ROLE_NAMES
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.laptop import Laptop
from simulator.radio.tapping import DataPdu
from tests.host.station import inline
from tests.system.dock_room import DockRoom, serials

from .rows import Row, Spec, by_id

UNITS = int(os.environ.get("BENCH_DOCK_UNITS", "10"))
RECORDS = 300
UTC_MS = 1_790_000_000_000
LINKS = 3
ADAPTERS = (1, 2)
RATES = {"units": "units/min", "records": "records/s", "links": "links", "pdus": "data PDUs"}
SPECS = tuple(
    Spec(f"dock.{adapters}.{what}", f"dock, adapters of {LINKS} links: {adapters}", unit, "one by one, 1 link")
    for adapters in ADAPTERS
    for what, unit in RATES.items()
)

Opener = Callable[[], AbstractAsyncContextManager[Radio]]
Work = Callable[[Bench, list[Lane], Path, Opener], Awaitable[tuple[int, int]]]


class Measured(NamedTuple):
    """`seconds`: virtual; `pdus`: of connections, both ways."""

    seconds: float
    records: int
    links: int
    pdus: int


async def _measure(folder: Path, adapters: int, work: Work) -> Measured:
    room = DockRoom(folder, UNITS, RECORDS)
    await room.begin()
    pdus = 0

    def count(_: DataPdu) -> None:
        nonlocal pdus
        pdus += 1

    room.air.data_observers.append(count)
    loop = asyncio.get_running_loop()
    lanes, laptops = [], []
    for number in range(adapters):
        laptop = Laptop(f"laptop {number}", room.air, 1)
        room.air.place(laptop.name, 1.0, 1.0)
        await laptop.power_on()
        laptops.append(laptop)
        lanes.append(Lane(laptop.name, partial(_opened, laptop), LINKS))
    place = folder / "journals.sqlite"
    store = Store.open(place)

    def utc_ms() -> int:
        return UTC_MS + int(loop.time() * 1000)

    began_s = loop.time()
    bench = Bench(lanes[0], room.vault, store, utc_ms, "DOCK1")
    records, links = await work(bench, lanes, place, partial(_opened, laptops[0]))
    took_s = loop.time() - began_s
    store.close()
    for laptop in laptops:
        laptop.power_off()
    await room.end()
    return Measured(took_s, records, links, pdus)


@asynccontextmanager
async def _opened(laptop: Laptop) -> AsyncIterator[Radio]:
    backends = bleak_bumble.backends(laptop.device)
    yield Radio(backends.scanner, backends.client)


async def _one_by_one(bench: Bench, _: list[Lane], __: Path, opener: Opener) -> tuple[int, int]:
    async with opener() as radio:
        bench.radio = radio
        done = await pull(bench, serials(UNITS))
    assert all(unit.failure is None for unit in done)
    return sum(unit.new for unit in done), sum(unit.links for unit in done)


async def _docked(bench: Bench, lanes: list[Lane], place: Path, _: Opener) -> tuple[int, int]:
    clock = asyncio.get_running_loop().time
    board = Board("TEST", "DOCK1", clock, bench.utc_ms, 26 * 3600.0, dict(ROLE_NAMES), lanes=lanes)
    dock = Dock(bench, board, Settings(cable=False), place, place.parent, inline)
    await dock.once()
    assert board.counts["pulls"] == UNITS and not board.failures, board.failures
    return board.counts["records"], sum(lane.made for lane in lanes)


def _played(adapters: int, work: Work) -> Measured:
    with tempfile.TemporaryDirectory() as folder, seeded_entropy(1):
        return run(_measure(Path(folder), adapters, work))


def _rates(one: Measured) -> dict[str, float]:
    return {
        "units": 60 * UNITS / one.seconds,
        "records": one.records / one.seconds,
        "links": one.links,
        "pdus": one.pdus,
    }


def rows() -> list[Row]:
    specs, found = by_id(SPECS), []
    alone = _rates(_played(1, _one_by_one))
    for adapters in ADAPTERS:
        done, note = _rates(_played(adapters, _docked)), f"{UNITS} units of {RECORDS} records"
        found += [specs[f"dock.{adapters}.{what}"].row(done[what], alone[what], note) for what in RATES]
    return found
