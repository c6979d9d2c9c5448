"""Radios for the tests of the air: an ear that always listens, and boards' radios with a log of what they heard."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bumble import hci

from simulator.bluetooth.ble import IRQ_SCAN_RESULT, Ble
from simulator.clock import now_us
from simulator.radio.air import Air, Pdu, PduType, Propagation

STILL = Propagation(shadowing_db=0, fading_db=0)
"""A path without chance: what is in range arrives."""
FRAME = bytes((30, 0x21)) + bytes(range(29))
"""A full legacy payload: 376 us on air."""


class Ear:
    """A radio that listens to everything; it can also speak."""

    def __init__(self, name: str, air: Air, x_m: float = 0.0) -> None:
        self.name = name
        self.heard: list[tuple[Pdu, int]] = []
        self._air = air
        air.place(name, x_m, 0.0)
        air.add_controller(self)

    def listens_to(self, pdu: Pdu) -> bool:
        return True

    def hears(self, pdu: Pdu, rssi_dbm: int) -> None:
        self.heard.append((pdu, rssi_dbm))

    def say(self, channel: int = 37, data: bytes = FRAME) -> Pdu:
        address = hci.Address("C0:00:00:00:00:01")
        return self._air.transmit(self, channel, PduType.ADV_NONCONN_IND, address, data)


@dataclass(frozen=True)
class Costs:
    """A port for the radio."""

    port: str = "esp32"
    stack: str = "nimble"
    adv_start_us: int = 1500
    adv_floor_us: int = 20_000
    scan_start_us: int = 1500
    att_us: int = 150
    gatts_us: int = 20
    notify_us: int = 80
    notify_pool: int = 12
    mtu: int = 256
    mtu_max: int = 527
    link_octets: int = 251
    max_connections: int = 4


COSTS = {
    "esp32": Costs(),
    "rp2": Costs("rp2", "btstack", notify_pool=0, mtu=1017, mtu_max=1017, link_octets=27, max_connections=1),
}


class Board:
    """A radio in use: `log` holds (time_us, event, data) of each interrupt, `handler` what the firmware makes of it."""

    def __init__(self, name: str, air: Air, x_m: float = 0.0, port: str = "esp32", seed: int = 1) -> None:
        self.log: list[tuple[int, int, tuple[object, ...]]] = []
        self.handler: Callable[[int, tuple[Any, ...]], int] = lambda event, data: 0
        costs = COSTS[port]
        self.ble = Ble(name, air, random.Random(f"{seed}/{name}"), self._irq, costs)
        air.place(name, x_m, 0.0)

    def _irq(self, event: int, data: tuple[object, ...], ticket: int) -> None:
        self.log.append((now_us(asyncio.get_running_loop()), event, data))
        self.ble.answer(ticket, self.handler(event, data))

    @property
    def results(self) -> list[tuple[int, tuple[object, ...]]]:
        """(time_us, data) of each scan result."""
        return [(time_us, data) for time_us, event, data in self.log if event == IRQ_SCAN_RESULT]

    async def start(self) -> "Board":
        await self.ble.power_on()
        await self.ble.call("active", (True,))
        return self

    async def advertise(self, interval_ms: int = 20, data: bytes | None = FRAME, connectable: bool = False) -> None:
        await self.ble.call("gap_advertise", (interval_ms * 1000, data, None, connectable))

    async def silence(self) -> None:
        await self.ble.call("gap_advertise", (None, None, None, True))

    async def scan(self, interval_us: int = 30_000, window_us: int = 30_000, active: bool = False) -> None:
        await self.ble.call("gap_scan", (0, interval_us, window_us, active))
