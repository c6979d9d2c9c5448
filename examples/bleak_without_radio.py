"""bleak without a radio: a lamp that tells its battery's level, and bleak beside it, in one process."""

import asyncio

from bleak import BleakClient, BleakScanner
from bumble import controller, gatt, hci, host, link
from bumble.device import AdvertisingType, Device, DeviceConfiguration
from bumble.transport.common import AsyncPipeSink

from bleak_bumble import backends

LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"


async def device(air: link.LocalLink, name: str, address: str) -> Device:
    """A powered device with a virtual controller on this air."""
    radio = controller.Controller(name, link=air)
    config = DeviceConfiguration(name=name, address=hci.Address(address))
    found = Device(config=config, host=host.Host(radio, AsyncPipeSink(radio)))
    await found.power_on()
    return found


async def main() -> None:
    air = link.LocalLink()
    lamp = await device(air, "lamp", "C0:00:00:00:00:01")
    level = gatt.Characteristic(LEVEL, gatt.Characteristic.Properties.READ, gatt.Characteristic.READABLE, bytes([97]))
    lamp.add_service(gatt.Service("180F", [level]))
    await lamp.start_advertising(AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE, advertising_data=b"\x05\x09lamp")

    here = backends(await device(air, "laptop", "C0:00:00:00:00:02"))
    # From here on it is bleak as everywhere, but for `backend=`.
    found = await BleakScanner.find_device_by_name("lamp", timeout=5, backend=here.scanner)
    assert found is not None
    async with BleakClient(found, backend=here.client) as client:
        print(found.name, "has", (await client.read_gatt_char(LEVEL))[0], "%")


asyncio.run(main())
