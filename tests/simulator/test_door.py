"""The door of a live world: a real process, a real socket, plain bleak."""

import asyncio
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bleak import BleakClient, BleakScanner
from bumble import hci

from bleak_bumble import open_door
from simulator.clock import run
from simulator.door import Door
from simulator.radio.air import Air
from simulator.radio.controller import AirController
from tests.simulator.door_world import ECHO, peripheral
from tests.simulator.radio_world import STILL

HCI_RESET = bytes.fromhex("01030c00")
RESET_DONE = bytes.fromhex("040e0401030c00")


class Live:
    """The world's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulator.door_world"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        self.port = int(line)
        self.address = f"tcp:127.0.0.1:{self.port}"

    def end(self) -> tuple[str, str]:
        """Close the world: what it printed and logged."""
        output, log = self._process.communicate("end\n", timeout=60)
        assert self._process.returncode == 0, log
        return output, log


@pytest.fixture
def live() -> Iterator[Live]:
    world = Live()
    yield world
    world.end()


def test_plain_bleak_reaches_a_unit_of_a_live_world_through_a_socket(live: Live) -> None:
    async def main() -> list[bytes]:
        echoes: asyncio.Queue[bytes] = asyncio.Queue()
        async with open_door(live.address) as backends, asyncio.timeout(60):
            unit = await BleakScanner.find_device_by_name("unit", timeout=30, backend=backends.scanner)
            assert unit is not None
            async with BleakClient(unit, backend=backends.client) as client:
                assert await client.read_gatt_char(ECHO) == b"hello"
                await client.start_notify(ECHO, lambda _, data: echoes.put_nowait(bytes(data)))
                await client.write_gatt_char(ECHO, b"one", response=True)
                await client.write_gatt_char(ECHO, b"two", response=True)
                return [await echoes.get(), await echoes.get()]

    assert asyncio.run(main()) == [b"one", b"two"]


def test_each_visitor_is_a_radio_of_its_own_that_leaves_with_its_connection() -> None:
    live = Live()

    async def main() -> None:
        async with open_door(live.address) as one, open_door(live.address) as other, asyncio.timeout(60):
            found = await asyncio.gather(
                *(BleakScanner.find_device_by_name("unit", timeout=30, backend=b.scanner) for b in (one, other))
            )
            assert all(found)

    asyncio.run(main())
    output, _ = live.end()
    assert "radios: ['unit']" in output


def test_bytes_that_are_no_hci_cost_only_the_connection_that_sent_them() -> None:
    live = Live()

    async def rejected(content: bytes) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(content)
        try:
            return await asyncio.wait_for(reader.read(), 30) == b""
        except ConnectionResetError:
            return True
        finally:
            writer.close()

    async def main() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        assert await rejected(b"GET / HTTP/1.1\r\n\r\n")
        # A command that breaks off within its parameters: LE Set Scan Parameters with one byte.
        assert await rejected(bytes.fromhex("010b200100"))
        writer.write(HCI_RESET)
        assert await asyncio.wait_for(reader.readexactly(len(RESET_DONE)), 30) == RESET_DONE
        writer.close()

    asyncio.run(main())
    _, log = live.end()
    assert log.count("connection closed: ") == 2
    assert "Traceback" not in log


def test_a_visitor_that_goes_without_a_word_is_missed_by_whom_it_was_connected_to() -> None:
    async def main() -> None:
        air = Air(1, STILL)
        unit = await peripheral(air)
        door = Door(air)
        port = await door.open()
        async with open_door(f"tcp:127.0.0.1:{port}") as backends, asyncio.timeout(60):
            client = BleakClient(unit.random_address.to_string(False), backend=backends.client)
            await client.connect()
            assert len(unit.connections) == 1
        async with asyncio.timeout(60):
            while unit.connections:
                await asyncio.sleep(0.1)
        await door.close()

    run(main(), paced=True)


def test_no_sequence_of_commands_hurts_the_world() -> None:
    async def main() -> None:
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
        air = Air(1, STILL)
        await peripheral(air)
        door = Door(air)
        port = await door.open()
        quiet_reader, quiet_writer = await asyncio.open_connection("127.0.0.1", port)
        chance = random.Random(1)
        op_codes = sorted(hci.HCI_Command.command_classes)
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(20):
                content = chance.randbytes(chance.choice((0, 1, 2, 3, 8, 15, 25, 40)))
                writer.write(b"\x01" + struct.pack("<HB", chance.choice(op_codes), len(content)) + content)
            await asyncio.sleep(0.02)
            writer.transport.abort()
        quiet_writer.write(HCI_RESET)
        assert await asyncio.wait_for(quiet_reader.readexactly(len(RESET_DONE)), 30) == RESET_DONE
        quiet_writer.close()
        await door.close()
        assert [radio.name for radio in air.controllers] == ["unit"]
        assert errors == []

    run(main(), paced=True)


def test_the_names_of_radios_that_left_are_used_again() -> None:
    async def main() -> None:
        air = Air(1)
        door = Door(air, (4.0, 0.0))
        port = await door.open()

        def names() -> list[str]:
            return [radio.name for radio in air.controllers]

        async def come() -> asyncio.StreamWriter:
            writer = (await asyncio.open_connection("127.0.0.1", port))[1]
            writer.write(HCI_RESET)
            return writer

        async def until(wanted: list[str]) -> None:
            async with asyncio.timeout(60):
                while names() != wanted:
                    await asyncio.sleep(0.01)

        first = await come()
        await until(["laptop 1"])
        second = await come()
        await until(["laptop 1", "laptop 2"])
        assert air.mean_rssi_dbm("laptop 1", "somebody at 0, 0") < air.mean_rssi_dbm("somebody at 0, 0", "another")
        first.close()
        await until(["laptop 2"])
        third = await come()
        await until(["laptop 2", "laptop 1"])
        await door.close()
        assert names() == []
        for writer in (second, third):
            writer.close()
        with pytest.raises(OSError):
            await come()

    run(main(), paced=True)


def test_a_port_that_is_taken_is_an_error() -> None:
    async def main() -> None:
        air = Air(1)
        door = Door(air)
        with pytest.raises(OSError):
            await Door(air, port=await door.open()).open()
        await door.close()

    run(main(), paced=True)


def test_what_linux_would_wait_for_in_vain_is_not_offered() -> None:
    """Its kernel waits for the enhanced event of a connection wherever a controller has one of these."""
    told = hci.LeFeatureMask(AirController.le_features)
    mask = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    assert not told & mask
    assert told & hci.LeFeatureMask.LE_ENCRYPTION
