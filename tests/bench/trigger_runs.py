"""Draws played for `trigger.py`: the product, and two plain ways on the same air. Times are virtual milliseconds after
the edge; infinite where something did not come before the world ended.

The product is the real firmware on virtual boards in the fast fidelity, with every cost of its port. The plain ways are
bare radios: no firmware, nothing computed, nothing authenticated, so they are flattered.
"""

import asyncio
import math
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from interlock.core import frames, records
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_HOLSTER
from simulator.bluetooth.ble import IRQ_SCAN_RESULT, Ble
from simulator.clock import run
from simulator.fast.loop import FastLoop
from simulator.fast.radio import FastBle
from simulator.played import Run
from simulator.profiles import profile
from simulator.radio.air import Air, Propagation
from simulator.scenario import Event, Recorder, Scenario, Unit
from simulator.world import play

EDGE_S = 3.0
TAIL_S = 4.0
START_DELAY_MS = 500
PLACE_M = 15.0  # a crowd stands within so much of its middle
APART_M = 5000.0  # and so far from the next one, which never hears it
PLAIN_MS = 100
CONNECTABLE_MS = 100
CONNECT_MS = 2000
SCAN_US = 30_000
CONNECTION_US = 7_500  # the shortest connection interval that there is
_GATTS_WRITE, _PERIPHERAL_CONNECT, _PERIPHERAL_DISCONNECT, _WRITE_DONE = 3, 7, 8, 17
_FRAME = bytes(20)  # what fits the least MTU
_UUID = bytes.fromhex("f0ff")
_WRITE = 0x08
_NEAR_M = (0.4, 0.3)  # from a holster on the belt to the camera on the same officer's chest


class Cell(NamedTuple):
    """`together` pairs stand in one place and draw within `within_ms`; `places` such places are out of each other's
    range. `duty`: share of its scan interval in which a camera listens."""

    together: int = 1
    within_ms: int = 10
    loss: float = 0.0
    duty: float = 1.0
    port: str = "esp32"
    places: int = 1
    captures: bool = True
    """Whether the stronger of two PDUs can survive; if not, both are lost, as in `simulator.reference`."""


class Draw(NamedTuple):
    """From the edge to the frame's first PDU, to the recorder's line, to *heard*, and to *recording* less the
    recorder's own delay."""

    frame_ms: float
    line_ms: float
    heard_ms: float
    recording_ms: float


def _places(cell: Cell) -> Iterator[tuple[int, tuple[float, float], tuple[float, float], float]]:
    """(number from 1, where the holster is, where its camera, which way the officer looks)."""
    chance = random.Random(f"places {cell.together} {cell.places}")
    for number in range(cell.together * cell.places):
        far_m, angle = PLACE_M * math.sqrt(chance.random()), chance.uniform(0, math.tau)
        x_m = far_m * math.cos(angle) + APART_M * (number // cell.together)
        y_m = far_m * math.sin(angle)
        yield number + 1, (x_m, y_m), (x_m + _NEAR_M[0], y_m + _NEAR_M[1]), chance.uniform(0, 360)


def scenario(cell: Cell, seed: int) -> Scenario:
    """The cell as a scenario: everybody draws once. All boards booted at one instant, so their scans are in step: the
    seed says where in its turn through the three channels the edges find them."""
    at_s = EDGE_S + random.Random(f"edge {seed}").random() * 3 * SCAN_US / 1e6
    units: list[Unit] = []
    recorder = Recorder(start_delay_ms=START_DELAY_MS)
    for number, belt_m, chest_m, facing in _places(cell):
        holster, camera = f"H{number}", f"C{number}"
        units.append(Unit(holster, 2 * number - 1, ROLE_HOLSTER, belt_m, (camera,), facing_deg=facing))
        units.append(Unit(camera, 2 * number, ROLE_CAMERA, chest_m, (), recorder, facing_deg=facing))
    events = [Event(at_s, u.id, "draw", within_s=cell.within_ms / 1000) for u in units if u.role == ROLE_HOLSTER]
    length_s = EDGE_S + cell.within_ms / 1000 + TAIL_S
    return Scenario(
        "Trigger", "", cell.port, length_s, cell.loss, "trigger: keys are made from this", DEFAULT_POLICY,
        tuple(units), tuple(events), scan_duty=cell.duty,
    )  # fmt: skip


def _propagation(cell: Cell) -> Propagation:
    return (
        Propagation() if cell.captures else Propagation(capture_db=80)
    )  # those who are out of range still disturb nobody


def product(cell: Cell, seed: int, fidelity: str = "fast") -> list[Draw]:
    """The real firmware."""
    played = play(scenario(cell, seed), seed, None, None, fidelity, _propagation(cell))
    return [_draw(played, event.unit, event.at_us) for event in played.weapon_events]


def _draw(played: Run, name: str, edge_us: int) -> Draw:
    holster, (camera,) = played.unit(name), played.own_cameras(name, edge_us)
    number = played.unit(camera).unit.number
    counter = min(f.counter for f in played.frames if f.source == name and f.event == frames.DRAW and f.counter)
    heard_us = recording_us = math.inf
    for record in holster.reading.records:
        fields = record.fields() if record.kind == records.ACK else None
        if fields is not None and fields.camera == number and fields.counter >= counter:
            at_us = holster.when_us(record)
            heard_us = min(heard_us, at_us)
            if fields.kind_reason >> 4 == frames.PROVEN:
                recording_us = min(recording_us, at_us)
    starts_us = [i.start_us for i in played.unit(camera).recordings if i.start_us > edge_us]
    return Draw(
        (min(us for us in played.pdus_us[name] if us >= edge_us) - edge_us) / 1000,
        (min(starts_us, default=math.inf) - edge_us) / 1000 - START_DELAY_MS,
        (heard_us - edge_us) / 1000,
        (recording_us - edge_us) / 1000 - START_DELAY_MS,
    )


def _stand(cell: Cell, air: Air) -> None:
    """Loss, and everybody at his place."""
    air.loss = cell.loss
    for number, belt_m, chest_m, facing in _places(cell):
        for name, at_m in ((f"H{number}", belt_m), (f"C{number}", chest_m)):
            air.place(name, *at_m)
            air.wear(name, facing)
        air.scan_duty[f"C{number}"] = cell.duty


def _edges_s(cell: Cell, seed: int) -> list[float]:
    chance = random.Random(f"edges {seed}")
    return [EDGE_S + chance.random() * cell.within_ms / 1000 for _ in range(cell.together * cell.places)]


def plain(cell: Cell, seed: int, interval_ms: int = PLAIN_MS) -> list[float]:
    """Edge to record line where a frame is advertised at one interval for as long as the world lasts and nobody
    answers."""

    async def scene() -> list[float]:
        loop = asyncio.get_running_loop()
        air = Air(seed, _propagation(cell))
        _stand(cell, air)
        chance = random.Random(f"plain {seed}")
        edges_s = _edges_s(cell, seed)
        heard_ms = [math.inf] * len(edges_s)

        def ear(place: int) -> Callable[[int, tuple[Any, ...], int], None]:
            def report(event: int, data: tuple[Any, ...], _: int) -> None:
                if event == IRQ_SCAN_RESULT and data[4] == _frame(place):
                    heard_ms[place] = min(heard_ms[place], (loop.time() - edges_s[place]) * 1000)

            return report

        async def pair(place: int) -> None:
            costs = profile(cell.port)
            sender = FastBle(f"H{place + 1}", air, random.Random(f"{seed}/H{place}"), _nothing, costs)
            camera = FastBle(f"C{place + 1}", air, random.Random(f"{seed}/C{place}"), ear(place), costs)
            for radio in (sender, camera):
                await radio.power_on()
                await radio.call("active", (True,))
            await asyncio.sleep(chance.random() * 3 * SCAN_US / 1e6)  # scans have any phase
            await camera.call("gap_scan", (0, SCAN_US, SCAN_US, False))
            await asyncio.sleep(edges_s[place] - loop.time())
            await sender.call("gap_advertise", (interval_ms * 1000, _frame(place), None, False))
            await asyncio.sleep(TAIL_S)

        await asyncio.gather(*map(pair, range(len(edges_s))))
        return heard_ms

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(scene())


class _Link:
    """One end of a connection: what came last, and who waits for something."""

    def __init__(self, name: str, air: Air, seed: int, port: str) -> None:
        self._waiting: dict[int, asyncio.Future[tuple[Any, ...]]] = {}
        self.ble = Ble(name, air, random.Random(f"{seed}/{name}"), self._irq, profile(port))

    def _irq(self, event: int, data: tuple[Any, ...], ticket: int) -> None:
        self.ble.answer(ticket, 0)
        waiting = self._waiting.pop(event, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(data)

    def next(self, event: int) -> "asyncio.Future[tuple[Any, ...]]":
        """The next event of this kind."""
        self._waiting[event] = asyncio.get_running_loop().create_future()
        return self._waiting[event]


def connected(cell: Cell, seed: int) -> list[tuple[float, float]]:
    """(edge to record line, edge to the write's response) where the camera advertises connectably each 100 ms and the
    holster connects at the edge and writes to a handle that it knows: nothing is discovered, paired or encrypted. A
    connection that fails is tried again. The full radio: HCI, L2CAP, ATT.

    How long an attempt may last hardly matters (130 to 2,000 ms: the same medians and tails). The slowest two in a
    hundred wait for the supervision timeout of a connection that only one side has: NimBLE's is 2.56 s, and
    `gap_connect` cannot ask for another."""

    async def scene() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        air = Air(seed, _propagation(cell))
        _stand(cell, air)
        chance = random.Random(f"connected {seed}")
        edges_s = _edges_s(cell, seed)
        found = [(math.inf, math.inf)] * len(edges_s)

        async def pair(place: int) -> None:
            holster, camera = (_Link(f"{kind}{place + 1}", air, seed, cell.port) for kind in "HC")
            for end in (holster, camera):
                await end.ble.power_on()
                await end.ble.call("active", (True,))
            service = ((_UUID, ((_UUID, _WRITE, ()),)),)
            handles: Any = await camera.ble.call("gatts_register_services", (service,))
            own_address: Any = await camera.ble.call("config_get", ("mac",))
            await asyncio.sleep(chance.random() * CONNECTABLE_MS / 1000)
            await camera.ble.call("gap_advertise", (CONNECTABLE_MS * 1000, b"\x02\x01\x06", None, True))
            await asyncio.sleep(edges_s[place] - loop.time())

            def since_ms() -> float:
                return (loop.time() - edges_s[place]) * 1000

            def written(_: object) -> None:
                found[place] = min(found[place][0], since_ms()), math.inf

            camera.next(_GATTS_WRITE).add_done_callback(written)
            while found[place][1] == math.inf:
                up, gone = holster.next(_PERIPHERAL_CONNECT), holster.next(_PERIPHERAL_DISCONNECT)
                await holster.ble.call("gap_connect", (*own_address, CONNECT_MS, CONNECTION_US, CONNECTION_US))
                await asyncio.wait((up, gone), return_when=asyncio.FIRST_COMPLETED)
                if not up.done():
                    continue
                done = holster.next(_WRITE_DONE)
                await holster.ble.call("gattc_write", (up.result()[0], handles[0][0], _FRAME, 1))
                await asyncio.wait((done, gone), return_when=asyncio.FIRST_COMPLETED)
                if done.done() and done.result()[2] == 0:
                    found[place] = found[place][0], since_ms()
                else:
                    await asyncio.wait((gone,))
                    await camera.ble.call("gap_advertise", (CONNECTABLE_MS * 1000, b"\x02\x01\x06", None, True))

        pairs = [asyncio.ensure_future(pair(place)) for place in range(len(edges_s))]
        await asyncio.wait(pairs, timeout=EDGE_S + cell.within_ms / 1000 + TAIL_S)
        for each in pairs:
            if each.done():
                each.result()
            each.cancel()
        return found

    return run(scene())


def _frame(place: int) -> bytes:
    return bytes((30, 0x21)) + place.to_bytes(29, "big")


def _nothing(event: int, data: tuple[Any, ...], ticket: int) -> None:
    """A sender hears nothing."""
