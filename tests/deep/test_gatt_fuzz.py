"""Whatever is written to a unit's GATT server: no crash, no restart, no change of keys, no flood, no growth.

The whole firmware stands behind it, radio, loop, desk and journal. The bulk is written in CPython (`gatt/radio.py`), a
share of it in MicroPython's VM over Bumble's ATT (`gatt/air.py`). A failure names seed and visit.
"""

import asyncio
import gc
import os
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.fast.firmware import Firmware
from simulator.fast.loop import FastLoop
from simulator.fast.processor import Processor
from simulator.hardware.board import VirtualBoard
from simulator.hardware.vm import FirmwareError
from simulator.laptop import Laptop

from .gatt.air import AirLine, connected
from .gatt.radio import GattBle, GattBoard, PeerLine
from .gatt.siege import Siege, besiege
from .gatt.unit import ROLES, Target

MTUS = (23, 24, 64, 185, 247, 247)
INVITES_S = 120.0


def quickly(
    role: str,
    port: str,
    seed: int,
    writes: int,
    change: Callable[[Firmware], None] | None = None,
    *,
    insiders: bool = True,
) -> Siege:
    """A siege in CPython; `change`: a damage to the firmware."""

    async def main() -> Siege:
        target = Target(role, port, seed, GattBoard)
        ble: Any = target.board.ble
        assert isinstance(ble, GattBle)

        async def connect(chance: random.Random) -> PeerLine:
            until_s = target.now_s() + INVITES_S
            while not ble.inviting:
                target.board.check()
                assert target.now_s() < until_s, f"seed {seed}: the unit invites nobody any more"
                await asyncio.sleep(0.05)
            return await ble.connect(chance.choice(MTUS), chance)

        def weigh() -> int:
            gc.collect()
            return sys.getallocatedblocks()

        try:
            await target.begin()
            return await besiege(target, connect, seed, writes, weigh, insiders=insiders)
        finally:
            await target.board.power_off()

    Processor.firmware = Firmware()
    if change is not None:
        change(Processor.firmware)
    with seeded_entropy(seed), asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(main())


def over_the_air(role: str, port: str, seed: int, writes: int) -> Siege:
    """A siege of a unit in MicroPython's VM, over Bumble's ATT."""

    async def main() -> Siege:
        target = Target(role, port, seed, VirtualBoard)
        laptop = Laptop("laptop", target.air, seed)
        target.air.place("laptop", 0.5, 0.5)

        async def connect(chance: random.Random) -> AirLine:
            target.board.check()
            return await connected(laptop, chance.choice(MTUS))

        try:
            await target.begin()
            await laptop.power_on()
            return await besiege(target, connect, seed, writes, lambda: target.board.heap_peak, look_every=writes // 4)
        finally:
            laptop.power_off()
            await target.board.power_off()

    with seeded_entropy(seed):
        return run(main())


# Each seed another siege. Together with those over the air: a million writes.
BULK, SHARE = 97_000, 6_000
SIEGES = [(role, port) for port in ("esp32", "rp2", "stm32wb") for role in ROLES] + [("holster", "esp32")]
AIR = [("holster", "esp32"), ("camera", "rp2"), ("boxed", "stm32wb"), ("camera", "esp32"), ("holster", "rp2")]
SEED = int(os.environ.get("INTERLOCK_SEED", "1"))
GROWTH = 1.02
BLOCKS_A_THOUSAND = 20
"""Of CPython's memory, that a thousand writes may leave: what the simulator itself keeps of a unit's past."""


@pytest.mark.parametrize("role", ROLES)
def test_whatever_is_written_changes_no_key_and_floods_no_journal(role: str) -> None:
    siege = quickly(role, "esp32", 1, 1500)
    assert siege.writes >= 1500 and min(siege.kinds.values()) > 10


@pytest.mark.deep
@pytest.mark.parametrize("number", range(len(SIEGES)))
def test_of_a_million_writes_none_changes_a_key_floods_a_journal_or_stops_a_unit(
    number: int, record_property: Callable[[str, object], None]
) -> None:
    siege = quickly(*SIEGES[number], SEED + number, BULK)
    told(siege, record_property)
    grown = siege.memory[-1] - siege.memory[len(siege.memory) // 5]
    assert grown < BLOCKS_A_THOUSAND * siege.writes / 1000, f"{grown} blocks of memory in {siege.writes} writes"


@pytest.mark.deep
@pytest.mark.parametrize("number", range(len(AIR)))
def test_over_a_real_bluetooth_stack_neither(number: int, record_property: Callable[[str, object], None]) -> None:
    siege = over_the_air(*AIR[number], SEED + number, SHARE)
    told(siege, record_property)
    assert siege.memory[-1] <= siege.memory[1] * GROWTH, f"the heap's peak grew: {siege.memory}"


def told(siege: Siege, record_property: Callable[[str, object], None]) -> None:
    print(siege)
    record_property("writes", siege.writes)
    record_property("visits", siege.visits)
    record_property("true sessions", siege.sessions)


# Damages: the siege must notice each.


def no_proof_is_asked(firmware: Firmware) -> None:
    firmware.load("interlock.core.handshake").same = lambda mine, theirs: True


def every_refusal_is_a_record(firmware: Firmware) -> None:
    def count(self: Any, reason: int, now: int) -> None:
        self._write(reason, 1)

    firmware.load("interlock.core.refusals").Refusals.count = count


def no_length_is_looked_at(firmware: Firmware) -> None:
    wire = firmware.load("interlock.core.wire")
    for code, operation in wire.OPERATIONS.items():
        wire.OPERATIONS[code] = operation._replace(least=0, most=wire.MESSAGE_MAX)


def a_message_has_no_end(firmware: Firmware) -> None:
    firmware.load("interlock.core.session").IDLE_MS = firmware.load("interlock.core.session").HELLO_MS = 1 << 28


DAMAGES = {
    no_proof_is_asked: "sessions were opened",
    every_refusal_is_a_record: "refusals in",
    no_length_is_looked_at: "struct.error",
    a_message_has_no_end: "invites nobody",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_unit_is_caught(damage: Callable[[Firmware], None]) -> None:
    with pytest.raises((AssertionError, FirmwareError), match=DAMAGES[damage]):
        quickly("holster", "esp32", 1, 2000, damage, insiders=damage is not every_refusal_is_a_record)
