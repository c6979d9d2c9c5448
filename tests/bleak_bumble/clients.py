"""A client connected in either world."""

from collections.abc import Awaitable, Callable

from bleak import BleakClient, BleakScanner

from simulator.clock import run
from tests.bleak_bumble.world import (
    Peripheral,
    World,
)

Story = Callable[[World, Peripheral, BleakClient], Awaitable[None]]


def connected(story: Story, mtu: int = 517) -> None:
    """Tell a story that begins with a connection."""

    async def main() -> None:
        world = await World(mtu).start()
        unit = await world.peripheral()
        device = await BleakScanner.find_device_by_name("unit", backend=world.backends.scanner)
        assert device is not None
        async with BleakClient(device, backend=world.backends.client) as client:
            await story(world, unit, client)

    run(main())


async def drop(unit: Peripheral) -> None:
    """The unit ends the link."""
    await unit.connection.disconnect()
