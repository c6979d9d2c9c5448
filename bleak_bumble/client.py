"""bleak's client over a shared radio.

Pairing makes a bond in the Bumble device's key store, and asks nobody unless the device's `pairing_config_factory` has
somebody to ask. As with BlueZ the link to a bonded peripheral is encrypted before `connect` returns, and one that has
forgotten the bond cannot be connected to until `unpair`. Unlike BlueZ, nothing pairs by itself: a characteristic that
demands encryption answers with a BleakGATTProtocolError.
"""

import asyncio
import functools
import logging
import struct
from collections.abc import Callable
from typing import Any, ClassVar

from bleak import BleakScanner
from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError
from bleak.uuids import normalize_uuid_16
from bumble import hci
from bumble.device import ConnectionParametersPreferences

from .link import MIN_MTU, Link
from .radio import Radio, to_the_end
from .scanner import BumbleScanner
from .services import discover

logger = logging.getLogger(__name__)

MAX_VALUE_BYTES = 512
"""Core specification 6.0, Vol 3, Part F, 3.2.9."""
_WRITE_HEADER_BYTES = 3
_CCCD = normalize_uuid_16(0x2902)
_NOTIFICATION, _INDICATION, _NEITHER = (struct.pack("<H", bits) for bits in (1, 2, 0))


class BumbleClient(BaseBleakClient):
    """See `bleak.BleakClient`.

    The disconnected callback comes once for each connection that `connect` had returned, whatever ended it.
    Arguments of other platforms are taken and not used; a name that bleak does not know is a TypeError, not ignored.
    """

    _radio: ClassVar[Radio]
    _scanner: ClassVar[type[BumbleScanner]]
    _mtu: ClassVar[int]
    _preferences: ClassVar[ConnectionParametersPreferences]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        services: set[str] | None = None,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        bluez: object = None,
        winrt: object = None,
        adapter: object = None,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._wanted_services = services
        self._target: hci.Address | None = None
        self._name: str | None = None
        if isinstance(address_or_ble_device, BLEDevice):
            self._take(address_or_ble_device)
        self._link: Link | None = None
        self._is_connecting = False
        self._callbacks: dict[int, NotifyCallback] = {}

    def _take(self, device: BLEDevice) -> None:
        if not isinstance(device.details, hci.Address):
            raise BleakError(f"{device} was found by another backend: scan with the one that connects.")
        self._target, self._name = device.details, device.name

    @property
    def name(self) -> str:
        """The advertised name, else the address with dashes."""
        return self._name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """ATT MTU in bytes, as negotiated (BlueZ always says 23)."""
        return self._link.mtu if self._link is not None else MIN_MTU

    @property
    def is_connected(self) -> bool:
        """Whether requests can be made."""
        return self._link is not None and self._link.is_up

    def _max_write_without_response(self) -> int:
        return self.mtu_size - _WRITE_HEADER_BYTES

    # The link.

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Find the device if only its address is known, connect, exchange the MTU, discover the services.

        Finding and connecting may each take the timeout. TimeoutError when connecting took longer; the radio is free
        again then. BleakDeviceNotFoundError when an address is not heard.
        """
        if self.is_connected or self._is_connecting:
            raise BleakError("Client is already connected")
        timeout = kwargs.get("timeout", self._timeout)
        self._is_connecting = True
        try:
            target = self._target or await self._find(timeout)
            async with asyncio.timeout(timeout):
                while not await self._establish(target, pair):
                    logger.debug("%s: not established, trying again", self.address)
        finally:
            self._is_connecting = False

    async def _find(self, timeout: float) -> hci.Address:
        device = await BleakScanner.find_device_by_address(self.address, timeout=timeout, backend=self._scanner)
        if device is None:
            raise BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")
        self._take(device)
        assert self._target is not None
        return self._target

    async def _establish(self, target: hci.Address, pair: bool) -> bool:
        """Connect once. False where the peer missed the first packets, which BlueZ and bleak answer by a retry."""
        link = Link(self._radio, await self._radio.connect(target, self._preferences))
        try:
            if pair or await self._radio.has_bond(link.peer):
                await link.secure()
            await link.prepare(self._mtu)
            services = await link.run(discover(link.client, self._wanted_services, self._max_write_without_response))
        except BaseException as error:
            await to_the_end(link.close())
            missed = link.ended.result() == hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
            if missed and isinstance(error, BleakError):
                return False
            raise
        self._link, self.services, self._callbacks = link, services, {}
        link.ended.add_done_callback(lambda _: self._finish(link))
        return True

    def _finish(self, link: Link) -> None:
        """Once for each link: whatever ended it."""
        if self._link is not link:
            return
        self._link = self.services = None
        self._callbacks = {}
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """End the link; nothing when there is none. TimeoutError when the controller does not confirm in 10 s."""
        link = self._link
        if link is not None:
            try:
                await link.close()
            finally:
                if not link.is_up:
                    self._finish(link)

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Make a bond and encrypt; where there is a bond, encrypt. Arguments of other platforms are not used."""
        await self._connected().secure()

    async def unpair(self) -> None:
        """Forget the bond, and disconnect."""
        peer = self._link.peer if self._link is not None else self._target
        if peer is not None:
            await self._radio.forget_bond(peer)
        await self.disconnect()

    # Values.

    def _connected(self) -> Link:
        if self._link is None:
            raise BleakError("Not connected")
        return self._link

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read it from the device; a long value whole."""
        link = self._connected()
        return bytearray(await link.run(link.client.read_value(characteristic.handle)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        """Read it from the device."""
        link = self._connected()
        return bytearray(await link.run(link.client.read_value(descriptor.handle)))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        """With response: up to 512 bytes, a long write where the MTU is smaller. Without: at most MTU - 3 bytes."""
        link = self._connected()
        value = bytes(data)
        if response:
            await self._write(link, characteristic.handle, value)
            return
        limit = link.mtu - _WRITE_HEADER_BYTES
        if len(value) > limit:
            raise BleakError(f"A write without response takes at most {limit} bytes on this link, not {len(value)}.")
        await link.write_command(characteristic.handle, value)

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write it with response."""
        await self._write(self._connected(), descriptor.handle, bytes(data))

    async def _write(self, link: Link, handle: int, value: bytes) -> None:
        if len(value) > MAX_VALUE_BYTES:
            raise BleakError(f"A value has at most {MAX_VALUE_BYTES} bytes, not {len(value)}.")
        await link.run(link.client.write_value(handle, value, with_response=True))

    # Notifications and indications. Bumble's own subscribe discovers the descriptors again each time.

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        """Subscribe; notifications are preferred where both are offered. BleakError if it runs already."""
        link = self._connected()
        handle = characteristic.handle
        is_notifying = "notify" in characteristic.properties
        if not is_notifying and "indicate" not in characteristic.properties:
            raise BleakError(f"{characteristic} offers neither notifications nor indications.")
        if handle in self._callbacks:
            raise BleakError(f"Notifications of {characteristic} are already started.")
        cccd = self._cccd(characteristic)
        # Before the write: the first value may come with its answer.
        self._callbacks[handle] = callback
        subscribers = link.client.notification_subscribers if is_notifying else link.client.indication_subscribers
        subscribers[handle] = {functools.partial(self._on_value, handle, callback)}
        try:
            bits = _NOTIFICATION if is_notifying else _INDICATION
            await link.run(link.client.write_value(cccd, bits, with_response=True))
        except BaseException:
            self._callbacks.pop(handle, None)
            subscribers.pop(handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe; the callback is not called any more from now on. BleakError if it was not started."""
        link = self._connected()
        handle = characteristic.handle
        if self._callbacks.pop(handle, None) is None:
            raise BleakError(f"Notifications of {characteristic} were not started.")
        await link.run(link.client.write_value(self._cccd(characteristic), _NEITHER, with_response=True))
        link.client.notification_subscribers.pop(handle, None)
        link.client.indication_subscribers.pop(handle, None)

    def _cccd(self, characteristic: BleakGATTCharacteristic) -> int:
        descriptor = characteristic.get_descriptor(_CCCD)
        if descriptor is None:
            raise BleakError(f"{characteristic} has no client characteristic configuration descriptor.")
        return descriptor.handle

    def _on_value(self, handle: int, callback: NotifyCallback, value: bytes) -> None:
        # Not within Bumble's packet handling: an exception in a user's callback must not cost the confirmation.
        asyncio.get_running_loop().call_soon(self._hand_over, handle, callback, bytearray(value))

    def _hand_over(self, handle: int, callback: NotifyCallback, value: bytearray) -> None:
        if self._callbacks.get(handle) is callback:
            callback(value)


def client_class(
    radio: Radio, scanner: type[BumbleScanner], mtu: int, preferences: ConnectionParametersPreferences
) -> type[BumbleClient]:
    """The client bound to one radio."""
    attributes = {
        "__module__": __name__,
        "_radio": radio,
        "_scanner": scanner,
        "_mtu": mtu,
        "_preferences": preferences,
    }
    return type("BleakClientBumble", (BumbleClient,), attributes)
