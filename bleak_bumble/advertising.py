"""Advertising reports as bleak shows them: what a device said last, its scan response merged in.

Not a filter and no list of devices: `scanner.py`. AD structures: Core specification supplement, Part A, section 1.
"""

from typing import NamedTuple
from uuid import UUID

from bleak.backends.scanner import AdvertisementData
from bumble import core
from bumble.core import AdvertisingData
from bumble.device import Advertisement

NO_RSSI_DBM = -127
"""What bleak shows where BlueZ has no figure."""
_NOT_AVAILABLE = 127

_NAMES = (AdvertisingData.COMPLETE_LOCAL_NAME, AdvertisingData.SHORTENED_LOCAL_NAME)
_UUID_LISTS = {
    AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    AdvertisingData.INCOMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS: 4,
    AdvertisingData.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS: 4,
    AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
    AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
}
_SERVICE_DATA = {
    AdvertisingData.SERVICE_DATA_16_BIT_UUID: 2,
    AdvertisingData.SERVICE_DATA_32_BIT_UUID: 4,
    AdvertisingData.SERVICE_DATA_128_BIT_UUID: 16,
}


def uuid_text(uuid: core.UUID) -> str:
    """A Bumble UUID as bleak writes it: 128 bits, lower case."""
    return str(UUID(bytes=uuid.to_bytes(force_128=True)[::-1]))


class Said(NamedTuple):
    """The content of one PDU's data."""

    name: str | None
    manufacturer_data: dict[int, bytes]
    service_data: dict[str, bytes]
    service_uuids: list[str]
    tx_power_dbm: int | None


NOTHING = Said(None, {}, {}, [], None)


def read(data: AdvertisingData) -> Said:
    """Sort AD structures; what is too short for its type is left out, as BlueZ does."""
    name: str | None = None
    manufacturer_data: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    service_uuids: list[str] = []
    tx_power_dbm: int | None = None
    for kind, value in data.ad_structures:
        if kind in _NAMES:
            name = value.decode("utf-8", errors="replace")
        elif kind == AdvertisingData.MANUFACTURER_SPECIFIC_DATA and len(value) >= 2:
            manufacturer_data[int.from_bytes(value[:2], "little")] = value[2:]
        elif kind in _UUID_LISTS:
            size = _UUID_LISTS[kind]
            for at in range(0, len(value) - size + 1, size):
                service_uuids.append(uuid_text(core.UUID.from_bytes(value[at : at + size])))
        elif kind in _SERVICE_DATA and len(value) >= _SERVICE_DATA[kind]:
            size = _SERVICE_DATA[kind]
            service_data[uuid_text(core.UUID.from_bytes(value[:size]))] = value[size:]
        elif kind == AdvertisingData.TX_POWER_LEVEL and len(value) == 1:
            tx_power_dbm = int.from_bytes(value, "little", signed=True)
    return Said(name, manufacturer_data, service_data, service_uuids, tx_power_dbm)


class Portrait:
    """What one device says, in its advertising and in its scan response; each later PDU replaces its own half."""

    def __init__(self) -> None:
        self._advertised = NOTHING
        self._responded = NOTHING

    def update(self, advertisement: Advertisement) -> AdvertisementData:
        """Take one report; return both halves as bleak wants them."""
        said = read(advertisement.data)
        if advertisement.is_scan_response:
            self._responded = said
        else:
            self._advertised = said
        first, second = self._advertised, self._responded
        tx_power_dbm = first.tx_power_dbm if second.tx_power_dbm is None else second.tx_power_dbm
        if tx_power_dbm is None and advertisement.tx_power != _NOT_AVAILABLE:
            tx_power_dbm = advertisement.tx_power
        return AdvertisementData(
            local_name=second.name or first.name,
            manufacturer_data={**first.manufacturer_data, **second.manufacturer_data},
            service_data={**first.service_data, **second.service_data},
            service_uuids=list(dict.fromkeys(first.service_uuids + second.service_uuids)),
            tx_power=tx_power_dbm,
            rssi=NO_RSSI_DBM if advertisement.rssi == _NOT_AVAILABLE else advertisement.rssi,
            platform_data=(advertisement,),
        )
