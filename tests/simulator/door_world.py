"""A live world with a door, as a process of its own: `python -m tests.simulator.door_world`.

It prints its port, plays until its standard input is closed, then prints what it saw and ends. In it stands one plain
Bumble peripheral, "unit", with a characteristic that can be read, written and that notifies what was written.
"""

import asyncio
import sys

from bumble import gatt, hci
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration
from bumble.transport.common import AsyncPipeSink

from simulator.clock import run
from simulator.door import Door
from simulator.radio.air import Air
from simulator.radio.controller import AirController, QuietHost
from tests.simulator.radio_world import STILL

SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
ECHO = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
ADVERTISEMENT = b"\x02\x01\x06\x05\x09unit"


async def peripheral(air: Air) -> Device:
    """The unit, advertising."""
    radio = AirController("unit", air, hci.Address("00:00:00:00:00:11", hci.Address.PUBLIC_DEVICE_ADDRESS))
    host = QuietHost(radio, AsyncPipeSink(radio))
    device = Device(config=DeviceConfiguration(name="unit", address=hci.Address("C0:00:00:00:00:11")), host=host)
    tasks: set[asyncio.Task[None]] = set()

    def write(connection: Connection, value: bytes) -> None:
        task = asyncio.create_task(device.notify_subscribers(echo, value))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    kinds = gatt.Characteristic.Properties
    echo = gatt.Characteristic(
        ECHO,
        kinds.READ | kinds.WRITE | kinds.NOTIFY,
        gatt.Characteristic.READABLE | gatt.Characteristic.WRITEABLE,
        gatt.CharacteristicValue(read=lambda connection: b"hello", write=write),
    )
    device.add_service(gatt.Service(SERVICE, [echo]))
    await device.power_on()
    await device.start_advertising(
        advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
        advertising_data=ADVERTISEMENT,
        advertising_interval_min=100,
        advertising_interval_max=100,
        auto_restart=True,
    )
    return device


async def play() -> None:
    """The world."""
    air = Air(1, STILL)
    air.place("unit", 3.0, 0.0)
    await peripheral(air)
    door = Door(air, (0.0, 0.0))
    print(await door.open(), flush=True)
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), gone.set)
    await gone.wait()
    await door.close()
    print("radios:", [radio.name for radio in air.controllers], flush=True)


if __name__ == "__main__":
    run(play(), paced=True)
