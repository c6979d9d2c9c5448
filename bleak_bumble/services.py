"""Discovery of a peripheral's services, as the collection that bleak shows.

Primary services only; included ones are not followed. Nothing is cached from one connection to the next.
"""

from collections.abc import Callable

from bleak.backends.characteristic import BleakGATTCharacteristic, GattCharacteristicsFlags
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bumble import gatt_client

from .advertising import uuid_text


async def discover(
    client: gatt_client.Client, wanted: set[str] | None, max_write_without_response: Callable[[], int]
) -> BleakGATTServiceCollection:
    """Ask the peripheral for all its services, or those `wanted` (128-bit UUIDs), with everything in them.

    The `obj` of what is returned is Bumble's proxy.
    """
    found = BleakGATTServiceCollection()
    for service in await client.discover_services():
        uuid = uuid_text(service.uuid)
        if wanted is not None and uuid not in wanted:
            continue
        shown = BleakGATTService(service, service.handle, uuid)
        found.add_service(shown)
        for characteristic in await client.discover_characteristics((), service):
            await client.discover_descriptors(characteristic)
            _add(found, shown, characteristic, max_write_without_response)
    return found


def _add(
    found: BleakGATTServiceCollection,
    service: BleakGATTService,
    characteristic: gatt_client.CharacteristicProxy[bytes],
    max_write_without_response: Callable[[], int],
) -> None:
    flags = int(characteristic.properties)
    properties = [flag.name.replace("_", "-") for flag in GattCharacteristicsFlags if flags & flag.value]
    shown = BleakGATTCharacteristic(
        characteristic,
        characteristic.handle,
        uuid_text(characteristic.uuid),
        properties,  # type: ignore[arg-type]  # bleak's names are these flags'
        max_write_without_response,
        service,
    )
    found.add_characteristic(shown)
    for descriptor in characteristic.descriptors:
        found.add_descriptor(BleakGATTDescriptor(descriptor, descriptor.handle, uuid_text(descriptor.type), shown))
