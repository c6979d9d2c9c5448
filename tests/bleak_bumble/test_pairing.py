"""Pairing by bleak's own calls, with a board in MicroPython whose values need encryption."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError, BleakGATTProtocolError

from bleak_bumble import Backends, backends
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import profile
from simulator.radio.air import Air
from tests.simulator.pairing_world import FOREVER, PAIRED, SECURITY, SERVE, keeper, told

ENCRYPTED = "00001236-0000-1000-8000-00805f9b34fb"
Story = Callable[[VirtualBoard, BLEDevice, Backends], Coroutine[Any, Any, None]]


def play(directory: Path, story: Story, port: str = "esp32") -> VirtualBoard:
    """The board after `story`."""
    config = "" if port == "rp2" else "ble.config(bond=True)"
    path = keeper(directory, "unit", config, SERVE, FOREVER)

    async def main() -> VirtualBoard:
        air = Air(1)
        board, laptop = VirtualBoard("unit", profile(port), air, 1, path), Laptop("laptop", air, 1)
        await board.power_on()
        made = backends(await laptop.power_on())
        found = await BleakScanner.find_device_by_filter(lambda *_: True, backend=made.scanner)
        assert found is not None
        await story(board, found, made)
        board.check()
        await board.power_off()
        return board

    with seeded_entropy(1):
        return run(main())


def test_a_pairing_opens_what_needs_encryption(tmp_path: Path) -> None:
    async def story(board: VirtualBoard, found: BLEDevice, made: Backends) -> None:
        async with BleakClient(found, backend=made.client) as client:
            with pytest.raises(BleakGATTProtocolError):
                await client.read_gatt_char(ENCRYPTED)
            await client.pair()
            assert await client.read_gatt_char(ENCRYPTED) == b"encrypted"

    assert told(play(tmp_path, story), SECURITY) == [PAIRED]


def test_a_bonded_peripheral_is_encrypted_with_on_connecting(tmp_path: Path) -> None:
    async def story(board: VirtualBoard, found: BLEDevice, made: Backends) -> None:
        async with BleakClient(found, backend=made.client, pair=True) as client:
            assert await client.read_gatt_char(ENCRYPTED) == b"encrypted"
        await asyncio.sleep(1)
        async with BleakClient(found, backend=made.client) as client:
            assert await client.read_gatt_char(ENCRYPTED) == b"encrypted"

    assert told(play(tmp_path, story), SECURITY) == [PAIRED, PAIRED]


def test_a_peripheral_that_forgot_the_bond_is_reached_again_after_unpair(tmp_path: Path) -> None:
    async def story(board: VirtualBoard, found: BLEDevice, made: Backends) -> None:
        client = BleakClient(found, backend=made.client)
        await client.connect()
        await client.pair()
        await board.power_off()
        (tmp_path / "unit.secrets").unlink()
        await asyncio.sleep(5)
        await board.power_on()
        with pytest.raises(BleakError, match="unpair"):
            await client.connect()
        assert not client.is_connected
        await client.unpair()
        await client.connect()
        await client.pair()
        assert await client.read_gatt_char(ENCRYPTED) == b"encrypted"
        await client.unpair()
        assert not client.is_connected

    play(tmp_path, story)


def test_a_peripheral_without_pairing_costs_the_link(tmp_path: Path) -> None:
    async def story(board: VirtualBoard, found: BLEDevice, made: Backends) -> None:
        client = BleakClient(found, backend=made.client)
        await client.connect()
        begun = asyncio.get_running_loop().time()
        with pytest.raises(BleakError, match="did not answer"):
            await client.pair()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(30, abs=1)
        await asyncio.sleep(1)
        assert not client.is_connected

    play(tmp_path, story, "rp2")
