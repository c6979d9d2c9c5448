"""What we rely on in bleak, against the installed release: the faces it gives, and how it treats a backend.

`bleak_bumble` is such a backend; `host_tools` is bleak's user.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

import bleak
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic, GattCharacteristicsFlags
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from simulator.clock import run

ADDRESS = "C0:00:00:00:00:02"
SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
CCCD = "00002902-0000-1000-8000-00805f9b34fb"


class Scanner(BaseBleakScanner):
    """A backend that hears one device each second."""

    running = 0
    made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(args[0], args[1])
        type(self).made_with = args, kwargs
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        Scanner.running += 1
        self.seen_devices = {}
        self._task = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        while True:
            await asyncio.sleep(1)
            data = AdvertisementData("unit", {}, {}, [SERVICE], None, -60, ())
            self.call_detection_callbacks(self.create_or_update_device("k", ADDRESS, "unit", "details", data), data)

    async def stop(self) -> None:
        Scanner.running -= 1
        assert self._task is not None
        self._task.cancel()


class Client(BaseBleakClient):
    """A backend with one service, which logs what bleak asks of it."""

    made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=kwargs["disconnected_callback"], timeout=kwargs["timeout"]
        )
        type(self).made_with = (address_or_ble_device,), kwargs
        self.log: list[tuple[Any, ...]] = []
        self.notify: Callable[[bytearray], None] = lambda data: None

    @property
    def mtu_size(self) -> int:
        return 185

    @property
    def is_connected(self) -> bool:
        return self.services is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        self.log.append(("connect", pair, kwargs))
        self.services = BleakGATTServiceCollection()
        service = BleakGATTService(None, 1, SERVICE)
        self.services.add_service(service)
        for handle, properties in ((3, ["write", "write-without-response"]), (6, ["write-without-response", "notify"])):
            uuid = SERVICE.replace("6e400001", f"6e40000{handle}")
            characteristic = BleakGATTCharacteristic(None, handle, uuid, properties, lambda: 182, service)  # type: ignore[arg-type]
            self.services.add_characteristic(characteristic)
            self.services.add_descriptor(BleakGATTDescriptor(None, handle + 1, CCCD, characteristic))

    async def disconnect(self) -> None:
        self.log.append(("disconnect",))
        self.services = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    async def unpair(self) -> None:
        raise NotImplementedError

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        self.log.append(("read", characteristic.handle, use_cached, kwargs))
        return bytearray(b"value")

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        self.log.append(("read descriptor", descriptor.handle))
        return bytearray(b"value")

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        self.log.append(("write", characteristic.handle, data, response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        self.log.append(("write descriptor", descriptor.handle))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: Callable[[bytearray], None], **kwargs: Any
    ) -> None:
        self.notify = callback

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self.log.append(("stop", characteristic.handle))


def connected(story: Callable[[BleakClient, Client], Awaitable[None]]) -> None:
    async def main() -> None:
        async with BleakClient(ADDRESS, backend=Client) as client:
            backend = client._backend
            assert isinstance(backend, Client)
            await story(client, backend)

    run(main())


def test_bleak_is_of_the_line_that_is_pinned() -> None:
    assert version("bleak").startswith("3.")


def test_scanner_and_client_take_a_backend_class() -> None:
    for face in (bleak.BleakScanner, bleak.BleakClient):
        assert "backend" in inspect.signature(face.__init__).parameters


def test_backends_are_abstract_and_this_is_all_that_they_must_have() -> None:
    assert BaseBleakScanner.__abstractmethods__ == {"start", "stop"}
    values = {f"{verb}_gatt_{what}" for verb in ("read", "write") for what in ("char", "descriptor")}
    rest = {"mtu_size", "is_connected", "connect", "disconnect", "pair", "unpair", "start_notify", "stop_notify"}
    assert BaseBleakClient.__abstractmethods__ == values | rest


def test_the_scanner_backend_is_made_with_these_arguments_and_typos_go_on_to_it() -> None:
    BleakScanner(backend=Scanner, service_uids=[SERVICE])
    args, kwargs = Scanner.made_with
    assert args == (None, None, "active")
    assert kwargs == {"bluez": {}, "cb": {}, "service_uids": [SERVICE]}


def test_the_client_backend_is_made_with_these_arguments_and_typos_go_on_to_it() -> None:
    BleakClient(ADDRESS, services=["180f"], backend=Client, disconnect_callback=print)
    args, kwargs = Client.made_with
    assert args == (ADDRESS,)
    assert kwargs == {
        "disconnected_callback": None,
        "services": {"0000180f-0000-1000-8000-00805f9b34fb"},
        "timeout": 30,
        "bluez": {},
        "winrt": {},
        "disconnect_callback": print,
    }


def test_a_search_ends_its_scan_when_it_has_found_and_when_it_has_not() -> None:
    async def main() -> None:
        found = await BleakScanner.find_device_by_address(ADDRESS.lower(), backend=Scanner)
        assert found is not None and found.details == "details" and Scanner.running == 0
        assert await BleakScanner.find_device_by_name("unit", backend=Scanner) is not None
        assert await BleakScanner.find_device_by_name("other", timeout=3, backend=Scanner) is None
        assert Scanner.running == 0

    run(main())


def test_discover_gives_devices_with_what_they_advertised_last() -> None:
    found = run(BleakScanner.discover(3.5, return_adv=True, backend=Scanner))
    ((address, (device, data)),) = found.items()
    assert (address, device.name, data.rssi) == (ADDRESS, "unit", -60)


def test_a_device_is_one_object_whose_name_follows() -> None:
    scanner = Scanner(None, None)
    data = AdvertisementData(None, {}, {}, [], None, -60, ())
    device = scanner.create_or_update_device("k", ADDRESS, None, None, data)
    assert scanner.create_or_update_device("k", ADDRESS, "unit", None, data) is device
    assert device.name == "unit"


def test_the_filter_of_services_is_any_of_them_in_lower_case() -> None:
    scanner = Scanner(None, [SERVICE.upper(), CCCD])
    assert scanner.is_allowed_uuid([SERVICE])
    assert not scanner.is_allowed_uuid([SERVICE.upper()]) and not scanner.is_allowed_uuid([])
    assert Scanner(None, []).is_allowed_uuid([])


def test_a_client_connects_with_its_block_and_disconnects_at_its_end() -> None:
    backends: list[Client] = []

    async def story(client: BleakClient, backend: Client) -> None:
        backends.append(backend)
        assert client.is_connected and backend.log == [("connect", False, {})]

    connected(story)
    assert backends[0].log[-1] == ("disconnect",)


def test_the_disconnected_callback_gets_the_client() -> None:
    async def main() -> None:
        calls: list[BleakClient] = []
        async with BleakClient(ADDRESS, calls.append, backend=Client) as client:
            pass
        assert calls == [client]

    run(main())


def test_without_services_there_is_a_bleak_error() -> None:
    client = BleakClient(ADDRESS, backend=Client)
    with pytest.raises(BleakError):
        _ = client.services
    for ask in (client.read_gatt_char(SERVICE), client.start_notify(SERVICE, lambda sender, data: None)):
        with pytest.raises(BleakError):
            run(ask)


def test_characteristics_are_found_by_handle_and_by_uuid() -> None:
    async def story(client: BleakClient, backend: Client) -> None:
        uuid = SERVICE.replace("6e400001", "6e400003")
        await client.read_gatt_char(uuid)
        await client.read_gatt_char(3)
        assert [entry[1] for entry in backend.log[1:]] == [3, 3]
        with pytest.raises(BleakCharacteristicNotFoundError):
            await client.read_gatt_char(CCCD)

    connected(story)


def test_a_write_is_with_response_unless_told_or_not_offered() -> None:
    async def story(client: BleakClient, backend: Client) -> None:
        await client.write_gatt_char(3, b"a")
        await client.write_gatt_char(3, b"b", response=False)
        await client.write_gatt_char(6, b"c")
        assert backend.log[1:] == [("write", 3, b"a", True), ("write", 3, b"b", False), ("write", 6, b"c", False)]

    connected(story)


def test_the_size_of_a_write_is_asked_of_the_backend_each_time() -> None:
    async def story(client: BleakClient, backend: Client) -> None:
        characteristic = client.services.get_characteristic(3)
        assert characteristic is not None and characteristic.max_write_without_response_size == 182
        assert client.mtu_size == 185

    connected(story)


def test_subscriptions_are_not_written_as_descriptors() -> None:
    async def story(client: BleakClient, backend: Client) -> None:
        with pytest.raises(ValueError):
            await client.write_gatt_descriptor(7, b"\x01\x00")

    connected(story)


def test_callbacks_of_notifications_are_functions_called_at_once_or_coroutines_made_tasks() -> None:
    async def story(client: BleakClient, backend: Client) -> None:
        got: list[tuple[int, bytes]] = []

        async def later(sender: BleakGATTCharacteristic, data: bytearray) -> None:
            got.append((sender.handle, bytes(data)))

        await client.start_notify(6, lambda sender, data: got.append((sender.handle, bytes(data))))
        backend.notify(bytearray(b"x"))
        assert got == [(6, b"x")]
        await client.start_notify(6, later)
        backend.notify(bytearray(b"y"))
        await asyncio.sleep(1)
        assert got == [(6, b"x"), (6, b"y")]

    connected(story)


def test_errors_are_what_their_users_take_them_for() -> None:
    error = BleakGATTProtocolError(8)
    assert error.code is BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION
    assert BleakDeviceNotFoundError(ADDRESS, "text").identifier == ADDRESS
    off = BleakBluetoothNotAvailableError("text", BleakBluetoothNotAvailableReason.POWERED_OFF)
    assert off.reason is BleakBluetoothNotAvailableReason.POWERED_OFF
    assert all(isinstance(it, BleakError) for it in (error, off))
    assert asyncio.TimeoutError is TimeoutError


def test_properties_are_called_as_the_flags_with_dashes() -> None:
    names = [flag.name.replace("_", "-") for flag in GattCharacteristicsFlags if flag.value < 0x40]
    assert names == ["broadcast", "read", "write-without-response", "write", "notify", "indicate"]
